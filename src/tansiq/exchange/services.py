"""Sending and relaying: what a capability says, or passes on, waits in the outbox, in one commit.

Invariant: the content keys and the wraps are in the key store before the main commit, so whatever is committed can be
opened; a crash between leaves orphans in the key store, which `keystore` sweeps. Nothing is sent to a partner whose
words were not compared, and nothing that no parcel could carry. What is relayed stays its originator's, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.directory.queries import documents_of, partners
from tansiq.errors import BadInput, NotFound, Refused, TooMuch
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Composed, Draft, Reader, compose_many, sealed_to, wraps_to_bytes
from tansiq.exchange.files import note_sent
from tansiq.exchange.holding import Going, anything_closed, hold, partners_of
from tansiq.exchange.kinds import note_said
from tansiq.faults import reach
from tansiq.keystore.store import Contents, Kept
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import Docket, agency_of, parse_docket
from tansiq.protocol.envelope import Handover, Lane, parse_entry
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.limits import MAX_HANDOVERS, MAX_WRAPS
from tansiq.protocol.manifest import PART_KIND as FILE
from tansiq.protocol.statement import Statement, parse_statement
from tansiq.protocol.wraps import SUITE_OWN, ContentKeys, Wrap, parse_wrap, seal_own

__all__ = ["relay", "relay_many", "send", "send_many"]

_maker = IdMaker()


MAX_ITEM_BYTES = 12 * 1024 * 1024
"""What one statement may weigh with all that travels beside it: a parcel carries at least one. Larger things travel as
files.
"""


def _check_peers(peers: set[str]) -> None:
    known = {partner.agency: partner for partner in partners()}
    for peer in sorted(peers):
        if peer not in known:
            raise NotFound("directory.unknown-agency", agency=peer)
        if not known[peer].confirmed_ms:
            raise Refused("directory.unconfirmed", agency=peer)


def _check_size(contents: Sequence[bytes | None], wraps: Sequence[Wrap]) -> None:
    if len(wraps) > MAX_WRAPS:
        raise TooMuch("protocol.too-many-wraps", limit=MAX_WRAPS)
    size = sum(len(content or b"") for content in contents) + sum(len(wrap.encoded) for wrap in wraps)
    if size > MAX_ITEM_BYTES:
        raise TooMuch("exchange.statement-too-heavy", limit=MAX_ITEM_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queued:
    """What is put into the outbox for one peer."""

    peer: str
    lane: int
    statement: bytes
    docket: Docket
    handovers: tuple[Handover, ...]
    held: bool


_INTO_OUTBOX = (
    "INSERT INTO exchange_outbox (peer, lane, statement, handovers, held, channel, partners, matter, kind, since_ms) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _queue(queued: Sequence[_Queued], *, agency: str, now_ms: int) -> None:
    """Puts statements into the outbox, in the caller's transaction; those of a suspended channel wait there."""
    partners = [partners_of(one.docket, agency) for one in queued]
    waits = [False] * len(queued)
    if anything_closed():
        waits = hold(
            [
                Going(one.statement, one.peer, theirs, one.docket.channel, one.docket.matter, one.docket.kind, now_ms)
                for one, theirs in zip(queued, partners, strict=True)
            ]
        )
    rows = [
        (
            one.peer, one.lane, one.statement, _passed(one.handovers), one.held or wait, one.docket.channel, theirs,
            one.docket.matter, one.docket.kind, now_ms,
        )
        for one, theirs, wait in zip(queued, partners, waits, strict=True)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_INTO_OUTBOX, rows)


def _passed(handovers: Sequence[Handover]) -> bytes:
    return encode([[hop.post, hop.taken_ms, hop.handed_ms] for hop in handovers])


def _store(composed: Sequence[Composed], *, context: Context, now_ms: int) -> None:
    context.keys.put_contents(
        [
            Contents(
                one.made.statement.id,
                one.draft.case or one.draft.docket.matter,
                (one.kept_keys.docket, *one.kept_keys.parts),
            )
            for one in composed
        ],
        [
            Kept(one.made.statement.id, peer, now_ms, wraps_to_bytes(wraps))
            for one in composed
            for peer, wraps in one.wraps.items()
            if peer != context.agency
        ],
    )
    reach("send.keys-kept")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_statement (id, agency, digest, encoded, docket, proofs, parts, stored_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    one.made.statement.id, one.made.statement.agency, one.made.statement.digest, one.made.statement.encoded, one.made.docket,
                    encode([proof.to_plain() for proof in one.made.proofs]), encode(list(one.made.parts)), now_ms,
                )
                for one in composed
            ],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO exchange_handled (statement) VALUES (%s)", [(one.made.statement.id,) for one in composed]
        )
        _queue(
            [
                _Queued(
                    peer=peer, lane=int(one.draft.lane), statement=one.made.statement.id, docket=one.draft.docket,
                    handovers=one.draft.handovers, held=one.draft.held,
                )
                for one in composed
                for peer in one.wraps
                if peer != context.agency
            ],
            agency=context.agency,
            now_ms=now_ms,
        )  # fmt: skip
    note_said(((one.made.statement, one.draft.docket) for one in composed), context)
    for one in composed:
        if any(part.kind == FILE for part in one.draft.parts):
            peers = [peer for peer in one.wraps if peer != context.agency]
            note_sent(one.made.statement.id, one.draft.parts, peers, now_ms=now_ms)


def send_many(drafts: Sequence[Draft], *, context: Context) -> list[Statement]:
    """Says all ``drafts`` in one commit (or in the caller's transaction); returns the statements.

    Raises NotFound (no such partner, a file that is not whole here), Refused (its words were not compared) and TooMuch (a part, or the whole, is too
    large, or there are too many readers).
    """
    now_ms = context.clock()
    composed = compose_many(drafts, context=context, now_ms=now_ms, make_id=_maker.make)
    _check_peers({peer for one in composed for peer in one.wraps} - {context.agency})
    for one in composed:
        for wraps in one.wraps.values():
            _check_size((one.made.docket, *one.made.parts), wraps)
    with transaction.atomic():
        _store(composed, context=context, now_ms=now_ms)
        reach("send.before-commit")
    reach("send.after-commit")
    return [one.made.statement for one in composed]


def send(draft: Draft, *, context: Context) -> Statement:
    """Says one draft; see `send_many`."""
    return send_many([draft], context=context)[0]


@dataclass(frozen=True, slots=True)
class _Held:
    """A statement that is here, how it came, and what of it can be opened."""

    statement: Statement
    contents: tuple[bytes | None, ...]
    lane: Lane
    handovers: tuple[Handover, ...]
    received: tuple[Wrap, ...]
    keys: ContentKeys
    docket: Docket


def _held(statement_id: bytes, context: Context) -> _Held:
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded, docket, parts FROM exchange_statement WHERE id = %s", (statement_id,))
        row = cursor.fetchone()
        if row is None:
            raise NotFound("exchange.unknown-statement", statement=statement_id.hex())
        cursor.execute(
            "SELECT peer, entry FROM exchange_received WHERE statement = %s ORDER BY at_ms, peer, epoch, lane, number",
            (statement_id,),
        )
        hops = [(peer, parse_entry(bytes(entry))) for peer, entry in cursor.fetchall()]
    statement, docket = parse_statement(bytes(row[0])), bytes(row[1])
    first, *parts = context.keys.contents(statement_id)
    if first is None or None in parts:
        raise Refused("exchange.relay-erased", statement=statement_id.hex())
    keys = ContentKeys(first, tuple(key for key in parts if key is not None))
    content, _ = reveal(
        docket, key=first, statement_id=statement_id, place=DOCKET_PLACE, commitment=statement.docket_commitment
    )
    received = [
        parse_wrap(wrap)
        for peer in dict.fromkeys(peer for peer, _ in hops)
        for kept in context.keys.wraps([statement_id], peer).values()
        for wrap in decode(kept)
    ]
    lane, handovers = (hops[0][1].lane, hops[0][1].handovers) if hops else (Lane.NORMAL, ())
    return _Held(
        statement, (docket, *decode(bytes(row[2]))), lane, handovers, tuple(received), keys, parse_docket(content)
    )


def _keys_of(agencies: Iterable[str]) -> set[bytes]:
    """The identifiers of all keys that these agencies ever published, as far as they are known here."""
    return {key.key.identifier for one in agencies for document in documents_of(one) for key in document.keys}


def _wraps_for(held: _Held, to: str, readers: Sequence[Reader], *, onward: bool, context: Context) -> list[Wrap]:
    """The wraps that came for keys of ``to``, and a new one for each of ``readers``.

    ``onward``: of those that came, all that are for none of the desks behind us, for ``to`` is not the last.
    """
    if onward:
        passed = {agency_of(hop.post) for hop in held.handovers}
        behind = _keys_of({context.agency, held.statement.agency, *passed} - {to})
        wraps = [wrap for wrap in held.received if wrap.suite != SUITE_OWN and wrap.reader not in behind]
    else:
        # What came for ourselves, and the originator's own copy, is nobody else's: then no directory need be asked.
        others = [one for one in held.received if one.suite != SUITE_OWN and one.reader not in context.opening]
        theirs = _keys_of({to}) if others else set()
        wraps = [wrap for wrap in others if wrap.reader in theirs]
    for reader in readers:
        if reader.peer != to:
            raise BadInput("exchange.relay-other-reader", agency=to)
        if not reader.docket_only and len(held.keys.parts) < held.statement.parts_count:
            raise Refused("exchange.relay-docket-only", statement=held.statement.id.hex())
        wraps.append(sealed_to(reader, held.keys, statement_digest=held.statement.digest))
    if not wraps:
        raise BadInput("exchange.relay-no-reader", agency=to)
    if held.statement.agency == context.agency:  # said here, handed on later: with our own copy, as what leaves at once
        wraps.append(seal_own(held.keys, secret=context.own, statement_digest=held.statement.digest))
    return wraps


def relay(
    statement_id: bytes,
    *,
    to: str,
    readers: Sequence[Reader],
    context: Context,
    handovers: Sequence[Handover] = (),
    lane: Lane | None = None,
    held: bool = False,
    onward: bool = False,
) -> None:
    """Passes on a statement that is here to the partner ``to``, with wraps for further ``readers`` of that partner; see
    `relay_many`.
    """
    relay_many(
        statement_id, to={to: readers}, context=context, handovers=handovers, lane=lane, held=held, onward=onward
    )


def relay_many(
    statement_id: bytes,
    *,
    to: Mapping[str, Sequence[Reader]],
    context: Context,
    handovers: Sequence[Handover] = (),
    lane: Lane | None = None,
    held: bool = False,
    onward: bool = False,
) -> None:
    """Passes on a statement that is here to the partners ``to``, with wraps for further readers of each of them.

    It is read once, and the statement, its docket and its parts go on as they are: a partner costs its wraps and a row. The
    entries are ours. The desks that it passed so far are named before our ``handovers``; ``lane`` is that on which it came
    unless another is named. Wraps that its originator sealed to keys of a partner go with it; with ``onward`` those for the
    desks behind it too. One commit, or the caller's transaction.

    Raises NotFound (no such statement or partner, or its keys are not here), Refused (a partner is not confirmed, the
    docket does not cover it, part of it was erased, or only the docket can be read here and a reader wants more),
    BadInput (a reader of another partner, nobody who could read it) and TooMuch.
    """
    now_ms = context.clock()
    _check_peers(set(to))
    found = _held(statement_id, context)
    passed = (*found.handovers, *handovers)
    if len(passed) > MAX_HANDOVERS:
        raise TooMuch("exchange.too-many-handovers", limit=MAX_HANDOVERS)
    wraps = {}
    for peer, readers in to.items():
        if not found.docket.covers_agency(peer):
            raise Refused("exchange.relay-not-addressed", agency=peer)
        wraps[peer] = _wraps_for(found, peer, readers, onward=onward, context=context)
        _check_size(found.contents, wraps[peer])
    with transaction.atomic():
        context.keys.keep_wraps(
            [Kept(statement_id, peer, now_ms, wraps_to_bytes(sealed)) for peer, sealed in wraps.items()]
        )
        reach("relay.wraps-kept")
        _queue(
            [
                _Queued(
                    peer=peer, lane=int(found.lane if lane is None else lane), statement=statement_id, docket=found.docket,
                    handovers=passed, held=held,
                )
                for peer in wraps
            ],
            agency=context.agency,
            now_ms=now_ms,
        )  # fmt: skip
        reach("relay.before-commit")
    reach("relay.after-commit")
