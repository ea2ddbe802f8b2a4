"""Which capability handles which kind of statement: capabilities register, this room only asks.

Invariant: one handler per kind; a kind without a handler is quarantined, not dropped, and handled after the upgrade
that brings one. What only passes here, for none of its addressees is ours, is no kind's business: one handler passes it on,
whatever it says, so that a relay need not know every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tansiq.errors import Conflict
from tansiq.exchange.context import Context
from tansiq.protocol.acts import PART_KIND as ACT
from tansiq.protocol.acts import Act, act_of
from tansiq.protocol.concealment import reveal
from tansiq.protocol.docket import ALL_MEMBERS, Docket, agency_of
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import PartProof, Statement

__all__ = ["Arrived", "Handler", "Listener", "follow_handled", "follow_said", "handler_of", "kinds", "note_handled", "note_said", "passes",
           "register", "register_passing"]  # fmt: skip


@dataclass(frozen=True)
class Arrived:
    """A received statement whose docket was opened here.

    ``at_ms`` is when this agency received it (deadlines run from then), ``reader`` the post whose key opened it,
    ``part_keys`` the keys of the parts (empty: only the docket is readable here, the body stays closed).
    """

    statement: Statement
    docket: Docket
    peer: str
    at_ms: int
    reader: str
    ciphertexts: Sequence[bytes | None] = field(repr=False)
    proofs: Sequence[PartProof] = field(repr=False)
    part_keys: Sequence[bytes] = field(repr=False)

    @property
    def body_open(self) -> bool:
        """Whether the body can be read here."""
        return bool(self.part_keys)

    @cached_property
    def contents(self) -> tuple[bytes, ...]:
        """What the keys open of the body, checked against the commitments: so they are proven. Raises NotProven."""
        return tuple(
            reveal(
                ciphertext, key=key, statement_id=self.statement.id, place=place, commitment=self.proofs[place].commitment
            )[0]
            for place, (ciphertext, key) in enumerate(zip(self.ciphertexts, self.part_keys, strict=False))
            if ciphertext is not None
        )  # fmt: skip

    def prove(self) -> None:
        """Opens the body with the keys that came, so that they are proven to be its own. Raises NotProven."""
        self.contents  # noqa: B018 (kept for whoever reads it)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts, opened and checked against their commitments. Raises NotProven or BadInput."""
        return tuple(parse_part(content) for content in self.contents)

    def part(self, kind: str) -> Part | None:
        """The first part of this kind."""
        return next((part for part in self.parts if part.kind == kind), None)

    def act(self) -> tuple[Act, list[bytes]] | None:
        """The officer's act inside and the commitments of the other parts, which it must name."""
        for place, part in enumerate(self.parts):
            if part.kind == ACT:
                return act_of(part), [proof.commitment for at, proof in enumerate(self.proofs) if at != place]
        return None


Handler = Callable[[Sequence[Arrived], Context], None]
"""Takes statements of its kind, in order, inside the dispatch's transaction; raises an error of the tree to quarantine
them.
"""

Listener = Callable[[Sequence[tuple[Statement, Docket]], Context], None]
"""Is shown what this agency says, with its dockets, inside the transaction that says it."""

_handlers: dict[str, Handler] = {}
_passing: list[Handler] = []
_followers: list[Handler] = []
_listeners: list[Listener] = []


def register(kind: str, handler: Handler) -> None:
    """Registers the handler of ``kind``. Raises Conflict when there is another one."""
    if _handlers.get(kind, handler) is not handler:
        raise Conflict("exchange.kind-taken", kind=kind)
    _handlers[kind] = handler


def register_passing(handler: Handler) -> None:
    """Registers the handler of whatever only passes here. Raises Conflict when there is another one."""
    if _passing and _passing != [handler]:
        raise Conflict("exchange.kind-taken", kind="*")
    _passing[:] = [handler]


def follow_handled(follower: Handler) -> None:
    """Lets a room look at all that was handled, in the same transaction; registering again changes nothing."""
    if follower not in _followers:
        _followers.append(follower)


def note_handled(arrived: Sequence[Arrived], context: Context) -> None:
    """Shows the followers what was handled."""
    for follower in _followers:
        follower(arrived, context)


def follow_said(listener: Listener) -> None:
    """Lets a room look at all that this agency says, in the same transaction; registering again changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def note_said(said: Iterable[tuple[Statement, Docket]], context: Context) -> None:
    """Shows the listeners what was said."""
    if _listeners:
        told = list(said)
        for listener in _listeners:
            listener(told, context)


def passes(docket: Docket, agency: str) -> bool:
    """Whether a statement with this docket is for nobody of ``agency``, so that it only passes there."""
    return not any(post == ALL_MEMBERS or agency_of(post) == agency for post in docket.addressees)


def handler_of(kind: str, *, passing: bool = False) -> Handler | None:
    """The handler of ``kind``, or of what only passes, if a capability registered one."""
    if passing:
        return _passing[0] if _passing else None
    return _handlers.get(kind)


def kinds() -> tuple[str, ...]:
    """All kinds that this node handles."""
    return tuple(sorted(_handlers))
