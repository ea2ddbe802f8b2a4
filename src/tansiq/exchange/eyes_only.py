"""What is sealed to an officer's own key: opened while its owner is there, and kept nowhere else.

Invariant: this node holds the docket's key of such a statement and no other; what opens its body are the wraps that came
with it, which open for the owner's own key, or for all custodians behind it together. Wraps for further keys lie beside them,
under our own name, so that a peer which restores gets back what it had and nothing else. What is opened here is handed to the
caller and written nowhere: not to the key store, not to an index. Until the owner comes, the body waits as *unopened* and
the docket works.

    is_closed(statements)            which of them are for somebody's own eyes
    open_with(statement, keys)       the statement, opened with these keys; nothing is stored
    entrust(statement, keys, to=…)   whoever can open it lets another key open it too (a successor's)
    owners_of(statement, agency)     to whose own keys of an agency it is sealed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.db import connection

from tansiq.directory.queries import documents_of
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import wraps_to_bytes
from tansiq.exchange.erasure import tombstones
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.opening import prove_parts
from tansiq.keystore.store import Kept
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.directory import Use
from tansiq.protocol.docket import parse_docket
from tansiq.protocol.keys import PublicSealingKey, SealingKey
from tansiq.protocol.statement import PartProof, Statement, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import SUITE_HYBRID, ContentKeys, Wrap, open_wrap, parse_wrap, seal_wrap

__all__ = ["entrust", "is_closed", "open_with", "owners_of"]

_ROWS: Final = "SELECT encoded, docket, proofs, parts FROM exchange_statement WHERE id = %s"
_PEERS: Final = (
    "SELECT peer, at_ms FROM exchange_received WHERE statement = %s UNION ALL "
    "SELECT peer, 0 FROM exchange_sent WHERE statement = %s UNION ALL SELECT peer, 0 FROM exchange_outbox WHERE statement = %s"
)


def is_closed(statements: Sequence[bytes], *, context: Context) -> set[bytes]:
    """Those of ``statements`` of which this node can open the docket alone, though they have a body that was not erased."""
    found = set()
    for one in statements:
        try:
            keys = context.keys.contents(one)
        except NotFound:
            continue
        if len(keys) == 1 and keys[0] is not None:
            found.add(one)
    return found


class _Stored(NamedTuple):
    """A statement as it lies here; ``parts`` are the ciphertexts that are here."""

    statement: Statement
    docket: bytes
    parts: list[bytes | None]
    proofs: Sequence[PartProof]


def _stored(statement: bytes) -> _Stored:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, (statement,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("exchange.unknown-statement", statement=statement.hex())
    encoded, docket, proofs, parts = (bytes(value) for value in row)
    return _Stored(parse_statement(encoded), docket, decode(parts), parse_part_proofs(decode(proofs)))


def _hops(statement: bytes) -> dict[str, int]:
    """The peers from whom it came or to whom it went, and when it came (0: it is ours)."""
    with connection.cursor() as cursor:
        cursor.execute(_PEERS, (statement, statement, statement))
        found: dict[str, int] = {}
        for peer, at_ms in cursor.fetchall():
            found[peer] = min(found.get(peer, at_ms), at_ms)
    return found


def _wraps(statement: bytes, peers: Sequence[str], context: Context) -> list[Wrap]:
    kept = [one for peer in peers for one in context.keys.wraps([statement], peer).values()]
    return [parse_wrap(encoded) for wraps in kept for encoded in decode(wraps)]


def _proven(stored: _Stored, keys: ContentKeys) -> bool:
    """Whether they open the docket and all that is here of the body: whoever knows a statement can make a wrap of it."""
    known = stored.statement
    try:
        reveal(
            stored.docket,
            key=keys.docket,
            statement_id=known.id,
            place=DOCKET_PLACE,
            commitment=known.docket_commitment,
        )
        prove_parts(known, keys, parts=stored.parts, proofs=stored.proofs)
    except Error:
        return False
    return True


def _body_keys(stored: _Stored, wraps: Sequence[Wrap], keys: Sequence[SealingKey]) -> ContentKeys:
    """The keys of the body, proven; a nested wrap opens when all its custodians' keys are among ``keys``. Raises NotFound."""
    statement = stored.statement
    by_reader = {key.identifier: key for key in keys}
    waiting = list(wraps)
    while waiting:
        wrap = waiting.pop()
        key = by_reader.get(wrap.reader)
        if key is None or wrap.suite != SUITE_HYBRID:
            continue
        try:
            opened = open_wrap(wrap, reader=key, statement_digest=statement.digest)
        except Error:  # made for another statement, or altered: another wrap may hold
            continue
        if isinstance(opened, Wrap):
            waiting.append(opened)
        elif len(opened.parts) == statement.parts_count and _proven(stored, opened):
            return opened
    raise NotFound("exchange.not-your-eyes", statement=statement.id.hex())


def owners_of(statement: bytes, agency: str, *, context: Context) -> list[str]:
    """The officers (service numbers) of ``agency`` to whose own keys a statement is sealed, as far as its wraps are here."""
    readers = {wrap.reader for wrap in _wraps(statement, sorted(_hops(statement)), context)}
    found = [
        key.owner
        for document in documents_of(agency)
        for key in document.keys
        if key.use == Use.OFFICER_OPENS and key.key.identifier in readers
    ]
    return list(dict.fromkeys(found))


def open_with(statement: bytes, keys: Sequence[SealingKey], *, context: Context) -> Arrived:
    """A statement, sent or received, opened with an officer's own ``keys``; ``parts`` and ``act`` of what comes back say
    what stands in it, and ``peer`` is '' for one of ours. Nothing is stored.

    Raises NotFound ('exchange.unknown-statement', 'exchange.wraps-erased', 'exchange.not-your-eyes': none of the keys opens
    it), NotProven (altered) and BadInput.
    """
    stored = _stored(statement)
    known = stored.statement
    hops = _hops(statement)
    wraps = _wraps(statement, [*sorted(hops), context.agency], context)
    if not wraps or tombstones([statement]):
        raise NotFound("exchange.wraps-erased")
    opened = _body_keys(stored, wraps, keys)
    content, _ = reveal(
        stored.docket, key=opened.docket, statement_id=known.id, place=DOCKET_PLACE, commitment=known.docket_commitment
    )
    ours = known.agency == context.agency
    return Arrived(
        statement=known,
        docket=parse_docket(content),
        peer="" if ours else min(hops, key=lambda peer: hops[peer] or known.time_ms, default=""),
        at_ms=known.time_ms if ours else min((at_ms for at_ms in hops.values() if at_ms), default=known.time_ms),
        reader="",
        ciphertexts=stored.parts,
        proofs=stored.proofs,
        part_keys=opened.parts,
    )


def entrust(statement: bytes, keys: Sequence[SealingKey], *, to: PublicSealingKey, context: Context) -> None:
    """Lets the key ``to`` open what ``keys`` open, from now on; the peer is told nothing and the entries stay as they are.

    Raises as `open_with`.
    """
    stored = _stored(statement)
    wraps = _wraps(statement, [*sorted(_hops(statement)), context.agency], context)
    if not wraps or tombstones([statement]):
        raise NotFound("exchange.wraps-erased")
    sealed = seal_wrap(_body_keys(stored, wraps, keys), reader=to, statement_digest=stored.statement.digest)
    context.keys.keep_wraps([Kept(statement, context.agency, context.clock(), wraps_to_bytes([sealed]))])
