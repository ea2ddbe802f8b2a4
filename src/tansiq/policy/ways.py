"""The ways of the four channels: which desks a matter passes, who of them reads its body, and who its docket alone.

Invariant: the table stands in ``ways.toml`` and nowhere else; who seals, who opens and what is shown before sending follow
from it. A desk that it does not name for the body gets the docket at most, and a desk that is only copied always does. The
state of a service is what stands before the point of its identifier.

>>> route = ("es.cgi/desk", "es.ncb/bureau", "int.hub/centre", "ma.ncb/bureau", "ma.dgst/desk")
>>> [seat.step for seat in seats("interpol", route) if seat.reads_body]
['sender', 'sender.bureau', 'addressee']
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final

from tansiq.errors import BadInput

__all__ = ["Seat", "WayRule", "body_readers", "seats", "state_of", "way_rule"]

_NO_ROLES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class WayRule:
    """One channel's row of the table; the words are those of ``ways.toml``."""

    route: tuple[str, ...]
    body: frozenset[str]
    copies: tuple[str, ...]
    own_key: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seat:
    """A desk that has something of a matter. ``step`` is its place in the table; ``reads_body``: else the docket alone;
    ``own_key``: the body opens for its officer's own key, not for the desk's.
    """

    post: str
    step: str
    reads_body: bool
    own_key: bool = False


@functools.cache
def _table() -> Mapping[str, WayRule]:
    text = resources.files("tansiq.policy").joinpath("ways.toml").read_text(encoding="utf-8")
    return {
        channel: WayRule(
            route=tuple(row["route"]),
            body=frozenset(row["body"]),
            copies=tuple(row["copies"]),
            own_key=frozenset(row["own_key"]),
        )
        for channel, row in tomllib.loads(text).items()
    }


def way_rule(channel: str) -> WayRule:
    """The row of ``channel``. Raises BadInput('policy.no-way'): it is none of the four."""
    found = _table().get(channel)
    if found is None:
        raise BadInput("policy.no-way", channel=channel)
    return found


def state_of(post: str) -> str:
    """The state to which a desk or an agency belongs ('int': an organisation).

    >>> state_of("ma.dgst/head")
    'ma'
    """
    return post.partition(".")[0]


def _between(channel: str, route: Sequence[str]) -> list[str]:
    """The steps of the desks between sender and addressee. Raises BadInput."""
    steps = way_rule(channel).route[1:-1]
    middle = route[1:-1]
    if channel != "interpol":
        found = list(steps[: len(middle)])
    else:
        states = {state_of(route[0]): "sender.bureau", state_of(route[-1]): "addressee.bureau"}
        found = [states.get(state_of(post), "hub") for post in middle]
    if len(found) < len(middle) or found != [step for step in steps if step in found]:
        raise BadInput("policy.wrong-route", channel=channel)
    return found


def seats(
    channel: str, route: Sequence[str], copies: Sequence[str] = (), *, roles: Mapping[str, str] = _NO_ROLES
) -> tuple[Seat, ...]:
    """Everybody who has something of a matter that passes ``route``: the desks on it in their order, then ``copies``.

    ``roles`` are those of the desks, as their directories list them; they decide who reads with a key of one's own.
    Raises BadInput ('policy.no-way', 'policy.wrong-route': fewer than two desks, one twice, or steps that the channel has not).
    """
    return _seats(channel, tuple(route), tuple(copies), tuple(roles.items()))


@functools.lru_cache(maxsize=4096)
def _seats(
    channel: str, route: tuple[str, ...], copies: tuple[str, ...], known: tuple[tuple[str, str], ...]
) -> tuple[Seat, ...]:
    rule, roles = way_rule(channel), dict(known)
    if len(route) < 2 or len(set(route)) < len(route):
        raise BadInput("policy.wrong-route", channel=channel)
    steps = ["sender", *_between(channel, route), "addressee"]
    on_route = [
        Seat(post, step, step in rule.body, own_key=step in rule.body and roles.get(post, "") in rule.own_key)
        for post, step in zip(route, steps, strict=True)
    ]
    return (*on_route, *(Seat(post, "copy", reads_body=False) for post in copies if post not in route))


def body_readers(channel: str, route: Sequence[str], addressees: Sequence[str]) -> frozenset[str]:
    """The desks that read the body of what passes ``route`` for ``addressees``; of what goes by none of the four channels,
    all on it.
    """
    try:
        reading = [seat.post for seat in seats(channel, route) if seat.reads_body]
    except BadInput:
        reading = list(route)
    return frozenset((*reading, *addressees))
