"""Who may do what with an item: the one decision that every exit asks.

Invariant: what is not allowed is refused. The originator's own posts may always use what they gave; for everybody
else every condition must hold, and each further condition only narrows. A permission of the originator turns
'ask first' into 'yes' and lifts nothing else: not the expiry, the readers, the clearance, the purpose, nor the
question of ill-treatment. Which use asks first is data (``handling.toml``).

Regulation (EU) 2016/794, Article 19; Directive (EU) 2023/977, Article 6(1)(h); Convention against Torture, Article 15.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Final

from tansiq.errors import BadInput, Refused
from tansiq.policy.answer import IncomingCheck
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.law import incoming_faults
from tansiq.texts import text

__all__ = ["Decision", "Held", "Permission", "Reader", "Use", "check_use", "decide", "parse_table"]


class Use(StrEnum):
    """What a reader wants to do: read it, copy it into a case, forward it to another agency, export it, print it,
    lay it before a court, show it to a program.
    """

    VIEW = "view"
    COPY = "copy"
    FORWARD = "forward"
    EXPORT = "export"
    PRINT = "print"
    COURT = "court"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The originator's consent to one use, until a moment (None: without end), to one recipient (of a forward)."""

    use: Use
    target: str = ""
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An item as a node holds it.

    ``originator`` is the agency whose information it is, ``origin_posts`` its posts that gave it; ``addressees`` the
    posts it was sent to or handed down to here; ``purpose`` that for which it was given; ``incoming`` the answer to
    the question of ill-treatment, where it came from elsewhere.
    """

    originator: str
    origin_posts: frozenset[str]
    addressees: frozenset[str]
    purpose: str
    conditions: Conditions
    permissions: tuple[Permission, ...] = ()
    incoming: IncomingCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who wants it: agency, service number, posts, clearance (a code of the classification), and the purpose stated."""

    agency: str
    officer: str
    posts: frozenset[str]
    clearance: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, with the reasons as codes; a refusal names everything that stands against it."""

    allowed: bool
    reasons: tuple[str, ...]

    def sentences(self, language: str) -> tuple[str, ...]:
        """The reasons as a person reads them."""
        return tuple(text(reason, language) for reason in self.reasons)


def parse_table(source: str) -> dict[str, frozenset[Use]]:
    """The uses that need no asking, by handling code, from TOML. Raises BadInput('policy.handling-table', entry)."""
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadInput("policy.handling-table", entry="TOML") from error
    out: dict[str, frozenset[Use]] = {}
    for code in code_list("handling"):
        row = data.pop(code, None)
        if not isinstance(row, dict) or set(row) != set(Use) or not set(row.values()) <= {"yes", "ask"}:
            raise BadInput("policy.handling-table", entry=code)
        out[code] = frozenset(use for use in Use if row[use] == "yes")
    if data:
        raise BadInput("policy.handling-table", entry="?")
    return out


@functools.cache
def _table() -> dict[str, frozenset[Use]]:
    return parse_table(resources.files("tansiq.policy").joinpath("handling.toml").read_text(encoding="utf-8"))


_NOTHING: Final[frozenset[Use]] = frozenset()


def _asks(use: Use, codes: tuple[str, ...]) -> bool:
    """Whether the use wants the originator's permission: one code is enough, and no code at all."""
    return not codes or any(use not in _table().get(code, _NOTHING) for code in codes)


def _cleared(classification: str | None, clearance: str) -> bool:
    """Whether the clearance reaches the classification; what is unknown on either side does not."""
    ladder = code_list("classification")
    if classification is None or classification not in ladder or clearance not in ladder:
        return False
    return ladder.rank(clearance) >= ladder.rank(classification)


def _permitted(item: Held, use: Use, target: str, at_ms: int) -> bool:
    return any(
        one.use == use and one.target == target and (one.until_ms is None or at_ms < one.until_ms)
        for one in item.permissions
    )


def _against(use: Use, item: Held, reader: Reader, at_ms: int, target: str) -> Iterator[str]:
    """Everything that stands against the use, in a fixed order."""
    conditions = item.conditions
    if not item.addressees & reader.posts:
        yield "policy.use.not-addressed"
    if conditions.recipients and not {reader.officer, *reader.posts} & set(conditions.recipients):
        yield "policy.use.not-named"
    if not _cleared(conditions.classification, reader.clearance):
        yield "policy.use.not-cleared"
    if conditions.expires_at_ms is not None and at_ms >= conditions.expires_at_ms:
        yield "policy.use.expired"
    if not reader.purpose or reader.purpose not in {item.purpose, *conditions.other_purposes}:
        yield "policy.use.other-purpose"
    if use is Use.FORWARD and not target:
        yield "policy.use.no-target"
    if _asks(use, conditions.codes) and not _permitted(item, use, target, at_ms):
        yield "policy.use.ask-originator"
    if use is not Use.VIEW and item.originator != reader.agency:
        yield from (fault.code for fault in incoming_faults(item.incoming, in_court=use is Use.COURT))


def decide(use: Use, item: Held, reader: Reader, *, at_ms: int, target: str = "") -> Decision:
    """Whether ``reader`` may make this ``use`` of ``item`` at the moment ``at_ms`` (milliseconds, UTC).

    ``target`` is the agency to which it would be forwarded. The originator is the agency *and* a post that gave it:
    colleagues elsewhere in that agency are readers like others, save for the question of ill-treatment.
    """
    if reader.agency == item.originator and item.origin_posts & reader.posts:
        return Decision(allowed=True, reasons=("policy.use.originator",))
    against = tuple(_against(use, item, reader, at_ms, target))
    if against:
        return Decision(allowed=False, reasons=against)
    asked = _asks(use, item.conditions.codes)
    return Decision(allowed=True, reasons=("policy.use.consented" if asked else "policy.use.within-conditions",))


def check_use(use: Use, item: Held, reader: Reader, *, at_ms: int, target: str = "") -> None:
    """Raises Refused('policy.use', use, count, reasons) unless `decide` allows it."""
    decision = decide(use, item, reader, at_ms=at_ms, target=target)
    if not decision.allowed:
        raise Refused("policy.use", use=use.value, count=len(decision.reasons), reasons=", ".join(decision.reasons))
