"""What the sides of a notice say about it: the steps that all of them share.

Invariant: the law is asked first and nothing is stored when it says no; whether it may be said is judged by the words that are
here; what is said, its item, the notice's state and the leaf in the access journal are one commit with the post room's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tansiq.cases.items import Whence, plain_item
from tansiq.cases.queries import items_of_statements
from tansiq.cases.services import add_items
from tansiq.channels.officers import ActingOfficer
from tansiq.errors import Conflict, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.kinds import CANCELLATION, EXTENSION, MOVES, PUBLICATION, UPDATE, Side, codes_of, speaker_of
from tansiq.notices.rows import NoticeRow, WordRow, add_words, notice_rows, words_of
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.notice import Extension, Notice, NoticeAnswer, Publication
from tansiq.policy.notice_course import Kind, Move, NoticeWord, in_order, permits, public_heads
from tansiq.policy.plain import Record
from tansiq.protocol.ids import id_text
from tansiq.protocol.statement import Statement

__all__ = [
    "SHARES",
    "day_of",
    "disclosed",
    "follows_for",
    "handling_of",
    "held",
    "keep_item",
    "known_words",
    "note_said",
    "require_permitted",
    "require_room",
]

_TO_ALL: Final = frozenset({UPDATE, PUBLICATION, EXTENSION, CANCELLATION})
SHARES: Final[Mapping[Side, int]] = {Side.SOURCE: 256, Side.HUB: 256, Side.MEMBER: 64}
"""How much one notice holds of what its source, the hub and each member say about it."""


def day_of(ms: int) -> dt.date:
    """The day of a moment, UTC."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).date()


def held(matter: bytes, *, sides: Sequence[Side]) -> tuple[NoticeRow, list[WordRow]]:
    """A notice of which this node is one of ``sides``, held until the transaction ends, and what was said. Raises NotFound."""
    rows = notice_rows("matter = %s", (matter,), lock=True)
    if not rows or rows[0].side not in sides or not rows[0].known:
        raise NotFound("notices.unknown", notice=id_text(matter))
    return rows[0], words_of([matter])[matter]


def known_words(words: Iterable[WordRow]) -> list[NoticeWord]:
    """The words as the course is judged by."""
    return [one for word in words if (one := word.word) is not None]


def require_room(kind: str, words: Sequence[WordRow], *, side: Side, agency: str = "") -> None:
    """Raises Conflict ('notices.too-many-words') where a speaker has said all that one notice holds of it: the source, the hub, and of the
    members each (``agency``) have a share, so none silences another. What ends a notice passes beyond it, once.
    """
    said = [word for word in words if word.side is side and agency in {"", word.agency}]
    ends = MOVES.get(kind) is Move.CANCEL and all(MOVES.get(word.kind) is not Move.CANCEL for word in said)
    if len(said) >= SHARES[side] + ends:
        raise Conflict("notices.too-many-words", most=SHARES[side])


def require_permitted(
    kind: str, row: NoticeRow, words: Sequence[WordRow], *, side: Side, said_ms: int, version: bytes = b""
) -> None:
    """Raises Conflict unless our side may say it now, and has room for it."""
    require_room(kind, words, side=side)
    allowed = permits(
        MOVES[kind],
        speaker_of(side),
        known_words(words),
        first=row.first,
        kind=row.kind,
        said_ms=said_ms,
        until_ms=row.until_ms if row.kind is Kind.DIFFUSION else None,
        version=version,
    )
    if not allowed:
        code = "notices.ended" if row.has_ended else "notices.not-now"
        raise Conflict(code, notice=id_text(row.matter), state=row.state)


def follows_for(kind: str, row: NoticeRow, words: Sequence[WordRow], *, version: bytes = b"") -> tuple[bytes, ...]:
    """What a statement of this kind names as following: the notice, what it is about, and what its speaker knew last."""
    known = known_words(words)
    if kind in _TO_ALL:
        heads = public_heads(known, row.kind)
    else:
        followed = {one for word in known for one in word.follows}
        heads = tuple(word.id for word in in_order(known) if word.id not in followed)
    return tuple(dict.fromkeys(one for one in (row.first, version, *heads) if one))


def _until(body: Record, kind: Kind) -> int | None:
    if isinstance(body, Publication | Extension):
        return body.until_ms
    return body.until_ms if isinstance(body, Notice) and kind is Kind.DIFFUSION else None


def note_said(word: WordRow, body: Record, row: NoticeRow) -> WordRow:
    """Writes a word down, said here or received, with what its body amounts to; in the caller's transaction."""
    follows = tuple(one for one in word.follows if one != row.first)
    made = replace(word, code=codes_of(body), until_ms=_until(body, row.kind), follows=follows)
    add_words([made])
    return made


def handling_of(row: NoticeRow) -> tuple[str, ...]:
    """The handling codes of a notice: what is said about it is handled so too."""
    statement = row.version or row.pending or row.first
    return next((item.handling for item in items_of_statements([statement]).get(statement, ()) if not item.place), ())


def keep_item(
    statement: Statement,
    kind: str,
    body: Record,
    *,
    matter: bytes,
    received_ms: int,
    context: Context,
    purpose: str = "",
) -> list[Any]:
    """The item that a body is: what it says of whom, under which conditions; in the caller's transaction. What has no basis in
    law of its own was given for the notice's ``purpose``.
    """
    law = body.law if isinstance(body, Notice | NoticeAnswer) else None
    whence = Whence(
        case=matter,
        statement=statement.id,
        sender=statement.agency,
        received_ms=received_ms,
        purpose=(law or LawBasis()).purpose or purpose,
    )
    subjects = body.subjects if isinstance(body, Notice) else ()
    conditions = body.conditions if isinstance(body, Notice | NoticeAnswer) else None
    item = plain_item(whence, kind, subjects=subjects, conditions=conditions)
    add_items([item], context=context)
    return [item]


def disclosed(
    matter: bytes, body: Record, recipients: Sequence[str], *, officer: ActingOfficer, context: Context, row: NoticeRow
) -> None:
    """The leaf that the law wants of a transfer: who, to whom, for what purpose (Directive (EU) 2016/680, Article 25)."""
    law = (body.law if isinstance(body, Notice | NoticeAnswer) else None) or LawBasis()
    access = Access(
        operation=Operation.DISCLOSURE,
        officer=officer.number,
        thing=matter,
        purpose=law.purpose or "",
        justification=" ".join(code for code in (row.colour, law.legal_basis, law.offence) if code),
        recipients=tuple(recipients),
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)
