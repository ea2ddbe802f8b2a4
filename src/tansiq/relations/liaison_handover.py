"""Handing over: when an accreditation has ended, its cases go to the successor, and with them every word that was said.

Invariant: what was sealed to the former officer's own key is opened by that officer, or, when the officer can't be asked, by the two
custodians one after the other: the first takes off the outer wrap and cannot read, the second seals what is inside to the successor's
own key and to the successor's recovery readers. This node never keeps a key of a body on the way. A handover is done only when
nothing of the cases is left that the successor could not open; what comes later is handed over in the same way. Each who takes
part signs it, and is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.sql import for_update, insert
from tansiq.channels.accreditations import AccreditationRow, Direction, accreditation_row, state_at
from tansiq.channels.officers import ActingOfficer, post_in_role
from tansiq.directory.queries import own_directory
from tansiq.errors import Conflict, Error, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, sealed_to, wraps_to_bytes
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.readers import officer_readers
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Kept
from tansiq.policy.accreditation_course import State
from tansiq.protocol.cbor import decode
from tansiq.protocol.docket import Docket
from tansiq.protocol.ids import IdMaker, id_text
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import parse_statement
from tansiq.protocol.wraps import SUITE_HYBRID, ContentKeys, Wrap, open_wrap, parse_wrap
from tansiq.relations.accrediting import ANSWERS_FOR
from tansiq.relations.liaison import CHANNEL, ChannelRow, channels_where, line_of, words_on
from tansiq.relations.officers import KeyOfficer

__all__ = [
    "HANDOVER", "HandoverRow", "begin_handing_over", "finish_handing_over", "hand_over_oneself", "handover_row", "handovers",
    "left_to_hand_over", "order_handover",
]  # fmt: skip

HANDOVER: Final = "liaison.handover"
_STANDS: Final = frozenset({"in-force", "coming"})
_maker = IdMaker()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRow:
    """A handover; the columns of `models.LiaisonHandover`."""

    id: bytes
    former: bytes
    successor: bytes
    ordered_by: str
    ordered_ms: int
    first_by: str = ""
    first_ms: int | None = None
    second_by: str = ""
    done_ms: int | None = None
    words: int = 0
    statement: bytes | None = None
    second: bytes | None = None


_COLUMNS: Final = tuple(one.name for one in fields(HandoverRow))


def _as_read(row: Sequence[Any]) -> dict[str, Any]:
    named = zip(_COLUMNS, row, strict=True)
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in named}


def handovers(where: str = "1 = 1", values: Sequence[Any] = (), *, lock: bool = False) -> list[HandoverRow]:
    """The handovers for which ``where`` (SQL with ``values``) holds, the last ordered first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM relations_liaison_handover WHERE {where} ORDER BY ordered_ms DESC, id"
            f"{for_update() if lock else ''}",
            list(values),
        )
        rows = cursor.fetchall()
    return [HandoverRow(**_as_read(row)) for row in rows]


def handover_row(identifier: bytes, *, lock: bool = False) -> HandoverRow:
    """One handover. Raises NotFound."""
    for row in handovers("id = %s", (identifier,), lock=lock):
        return row
    raise NotFound("relations.unknown-handover", handover=id_text(identifier))


# ---------------------------------------------------------------------------------------------------- what is handed over


def _pairs(row: HandoverRow) -> list[tuple[ChannelRow, ChannelRow]]:
    """The channels of the former, each with that of the successor in the same case."""
    after = {one.case_ref: one for one in channels_where("accreditation = %s", (row.successor,))}
    before = channels_where("accreditation = %s", (row.former,))
    return [(one, after[one.case_ref]) for one in before if one.case_ref in after]


def _closed_words(row: HandoverRow) -> list[tuple[bytes, str]]:
    """The messages in those cases that open for an officer's own key alone, those of earlier predecessors too, each with the
    partner.
    """
    found = []
    for former, _ in _pairs(row):
        matters = [one.matter for one in line_of(former)]
        found += [(word.statement, former.partner) for word in words_on(matters) if word.closed]
    return found


def _successor_keys(row: AccreditationRow, context: Context) -> set[bytes]:
    return {
        reader.key.identifier
        for reader in officer_readers(context.agency, row.officer, peer=context.agency, now_ms=context.clock())
        if not reader.custodians
    }


def left_to_hand_over(row: HandoverRow, *, context: Context) -> list[tuple[bytes, str]]:
    """The messages (with their partner) that the successor could not open yet."""
    words = _closed_words(row)
    theirs = _successor_keys(accreditation_row(row.successor), context)
    kept = context.keys.wraps([statement for statement, _ in words], context.agency)
    return [
        (statement, partner)
        for statement, partner in words
        if not any(parse_wrap(one).reader in theirs for one in decode(kept.get(statement, b"\x80")))
    ]


# ---------------------------------------------------------------------------------------------------- the steps


def _deciding(officer: ActingOfficer) -> str:
    post = post_in_role(officer.posts, ANSWERS_FOR, own_directory())
    if not post:
        raise Refused("relations.not-answering", officer=officer.number)
    return post


def order_handover(former: bytes, successor: bytes, *, context: Context, officer: ActingOfficer) -> bytes:
    """Orders that the cases of one accreditation of ours go to another one's officer; returns the handover's id.

    Raises NotFound, Refused (nobody who answers for it), Conflict (another host, the former's has not ended, the successor's
    does not stand, no case in common, or it was ordered before).
    """
    post, now_ms = _deciding(officer), context.clock()
    one, other = accreditation_row(former), accreditation_row(successor)
    if (
        one.direction != Direction.OURS
        or other.direction != Direction.OURS
        or one.host != other.host
        or one.id == other.id
    ):
        raise Conflict("relations.no-succession")
    if state_at(one, now_ms) not in {"expired", State.WITHDRAWN, State.SUSPENDED}:
        raise Conflict("relations.not-ended")
    if state_at(other, now_ms) not in _STANDS:
        raise Conflict("relations.successor-not-accredited", state=state_at(other, now_ms))
    row = HandoverRow(
        id=_maker.make(now_ms), former=former, successor=successor, ordered_by=officer.number, ordered_ms=now_ms
    )
    if not _pairs(row):
        raise Conflict("relations.no-common-case")
    with transaction.atomic():
        if handovers("former = %s AND successor = %s", (former, successor), lock=True):
            raise Conflict("relations.handover-known")
        with connection.cursor() as cursor:
            cursor.execute(insert("relations_liaison_handover", _COLUMNS), [getattr(row, name) for name in _COLUMNS])
        _log(row, officer.number, "order", context, ordered_by=officer.number)
        if not left_to_hand_over(row, context=context):
            _done(row, by="", statement=_sign(row, officer, post, (), context), context=context, words=0)
    return row.id


def hand_over_oneself(identifier: bytes, *, context: Context, officer: KeyOfficer) -> int:
    """The former officer, who can be asked, hands over with the own key; returns how many messages.

    Raises NotFound (no such handover of this officer's), Refused (no open key).
    """
    row = handover_row(identifier)
    former = accreditation_row(row.former)
    if former.officer != officer.number:
        raise NotFound("relations.unknown-handover", handover=id_text(identifier))
    if not officer.reading:
        raise Refused("relations.key-closed")
    with transaction.atomic():
        row = handover_row(identifier, lock=True)
        left = left_to_hand_over(row, context=context)
        for statement, _ in left:
            arrived = open_with(statement, officer.reading, context=context)
            docket_key = context.keys.contents(statement)[0]
            _entrust(row, statement, ContentKeys(docket_key or b"", tuple(arrived.part_keys)), context)
        signed = _sign(row, officer, _a_post(officer), [one for one, _ in left], context)
        _done(row, by=officer.number, statement=signed, context=context, words=len(left))
        _log(row, officer.number, "owner", context, ordered_by=row.ordered_by)
    return len(left)


def begin_handing_over(identifier: bytes, *, context: Context, officer: KeyOfficer) -> int:
    """The first custodian takes off the outer wraps; returns of how many messages. Nothing can be read by that alone.

    Raises NotFound, and Refused ('relations.not-first-custodian': no wrap opens for this officer's recovery key).
    """
    with transaction.atomic():
        row = handover_row(identifier, lock=True)
        left = left_to_hand_over(row, context=context)
        inner: list[Kept] = []
        for statement, partner in left:
            wrap = _taken_off(statement, partner, officer.recovery, context)
            if wrap is not None:
                inner.append(Kept(statement, context.agency, context.clock(), wraps_to_bytes([wrap])))
        if left and len(inner) < len(left):
            raise Refused("relations.not-first-custodian", officer=officer.number)
        context.keys.keep_wraps(inner)
        signed = _sign(row, officer, _a_post(officer), [one for one, _ in left], context)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE relations_liaison_handover SET first_by = %s, first_ms = %s, statement = %s WHERE id = %s",
                (officer.number, context.clock(), signed, row.id),
            )
        _log(row, officer.number, "first custodian", context, ordered_by=row.ordered_by)
    return len(inner)


def finish_handing_over(identifier: bytes, *, context: Context, officer: KeyOfficer) -> int:
    """The second custodian seals what is inside to the successor; returns how many messages. Then the handover is done.

    Raises NotFound, Conflict ('relations.first-custodian-missing'), Refused ('relations.not-second-custodian',
    'relations.same-custodian').
    """
    with transaction.atomic():
        row = handover_row(identifier, lock=True)
        if not row.first_by:
            raise Conflict("relations.first-custodian-missing")
        if row.first_by == officer.number:
            raise Refused("relations.same-custodian", officer=officer.number)
        left = left_to_hand_over(row, context=context)
        for statement, _ in left:
            _entrust(row, statement, _inside(statement, officer, context), context)
        if still := left_to_hand_over(row, context=context):
            raise Conflict("relations.words-left", count=len(still))
        signed = _sign(row, officer, _a_post(officer), [one for one, _ in left], context)
        _done(row, by=officer.number, statement=signed, context=context, words=len(left))
        _log(row, officer.number, "second custodian", context, ordered_by=row.ordered_by)
    return len(left)


# ---------------------------------------------------------------------------------------------------- wraps


def _digest(statement: bytes) -> tuple[bytes, int]:
    """The digest of a stored statement and how many parts it has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded FROM exchange_statement WHERE id = %s", (statement,))
        parsed = parse_statement(bytes(cursor.fetchone()[0]))
    return parsed.digest, parsed.parts_count


def _kept_wraps(statement: bytes, peers: Sequence[str], context: Context) -> list[Wrap]:
    return [
        parse_wrap(one)
        for peer in peers
        for kept in context.keys.wraps([statement], peer).values()
        for one in decode(kept)
    ]


def _taken_off(statement: bytes, partner: str, keys: Sequence[SealingKey], context: Context) -> Wrap | None:
    """The inner wrap of a nested one whose outer layer is for one of ``keys``; None when there is none."""
    digest, _ = _digest(statement)
    by_reader = {key.identifier: key for key in keys}
    for wrap in _kept_wraps(statement, (partner, context.agency), context):
        if wrap.reader in by_reader and wrap.suite == SUITE_HYBRID:
            try:
                opened = open_wrap(wrap, reader=by_reader[wrap.reader], statement_digest=digest)
            except Error:
                continue
            if isinstance(opened, Wrap):
                return opened
    return None


def _inside(statement: bytes, officer: KeyOfficer, context: Context) -> ContentKeys:
    """The keys in an inner wrap that the first custodian laid open. Raises Refused."""
    digest, parts = _digest(statement)
    by_reader = {key.identifier: key for key in officer.recovery}
    for wrap in _kept_wraps(statement, (context.agency,), context):
        if wrap.reader in by_reader and wrap.suite == SUITE_HYBRID:
            opened = open_wrap(wrap, reader=by_reader[wrap.reader], statement_digest=digest)
            if isinstance(opened, ContentKeys) and len(opened.parts) == parts:
                return opened
    raise Refused("relations.not-second-custodian", officer=officer.number)


def _entrust(row: HandoverRow, statement: bytes, keys: ContentKeys, context: Context) -> None:
    """Seals the keys of a message to the successor and to the successor's recovery readers."""
    digest, _ = _digest(statement)
    successor = accreditation_row(row.successor)
    readers = officer_readers(context.agency, successor.officer, peer=context.agency, now_ms=context.clock())
    wraps = [sealed_to(reader, keys, statement_digest=digest) for reader in readers]
    context.keys.keep_wraps([Kept(statement, context.agency, context.clock(), wraps_to_bytes(wraps))])


def _a_post(officer: KeyOfficer) -> str:
    if not officer.posts:
        raise Refused("relations.not-answering", officer=officer.number)
    return officer.posts[0]


def _sign(row: HandoverRow, officer: ActingOfficer, post: str, statements: Sequence[bytes], context: Context) -> bytes:
    """The officer's signed word on what was handed over, kept here; returns the statement's id."""
    content = {
        "former": row.former.hex(),
        "successor": row.successor.hex(),
        "words": len(statements),
        "digest": hashlib.sha256(b"".join(sorted(statements))).hexdigest(),
    }
    docket = Docket(kind=HANDOVER, channel=CHANNEL, matter=row.id, sender=post, route=(post,), addressees=(post,))
    draft = Draft(
        docket=docket, parts=[Part(HANDOVER, dict(content))], readers=(), act=officer.acting(HANDOVER, post=post)
    )
    return send(draft, context=context).id


def _done(row: HandoverRow, *, by: str, statement: bytes, context: Context, words: int) -> None:
    """The successor's channels go on where the former's ended."""
    with connection.cursor() as cursor:
        for former, successor in _pairs(row):
            cursor.execute(
                "UPDATE relations_liaison_channel SET before = %s WHERE matter = %s", (former.matter, successor.matter)
            )
        cursor.execute(
            "UPDATE relations_liaison_handover SET done_ms = %s, second_by = %s, second = %s, words = words + %s WHERE id = %s",
            (context.clock(), by, statement, words, row.id),
        )


def _log(row: HandoverRow, officer: str, why: str, context: Context, *, ordered_by: str) -> None:
    access = Access(
        operation=Operation.DISCLOSURE,
        officer=officer,
        thing=row.id,
        purpose="",
        justification=f"{HANDOVER}: {why}",
        ordered_by=ordered_by,
        recipients=(accreditation_row(row.successor).post,),
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)
