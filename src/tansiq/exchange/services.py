"""Sending: what a capability says becomes a statement and waits in the outbox, in one commit.

Invariant: the content keys and the wraps are in the key store before the main commit, so whatever is committed can be opened;
a crash between leaves orphans in the key store, which `keystore` sweeps. Nothing is sent to a partner whose words were not compared.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from tansiq.directory.queries import partners
from tansiq.errors import NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Composed, Draft, compose, wraps_to_bytes
from tansiq.faults import reach
from tansiq.keystore.store import Contents, Kept
from tansiq.protocol.cbor import encode
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.statement import Statement

__all__ = ["relay", "send", "send_many"]

_maker = IdMaker()


def _check_peers(composed: Sequence[Composed], own: str) -> None:
    known = {partner.agency: partner for partner in partners()}
    for peer in {peer for one in composed for peer in one.wraps} - {own}:
        if peer not in known:
            raise NotFound("directory.unknown-agency", agency=peer)
        if not known[peer].confirmed_ms:
            raise Refused("directory.unconfirmed", agency=peer)


def _store(composed: Sequence[Composed], *, context: Context, now_ms: int) -> None:
    context.keys.put_contents(
        [
            Contents(one.made.statement.id, one.draft.case or one.draft.docket.matter, (one.made.keys.docket, *one.made.keys.parts))
            for one in composed
        ]
    )
    context.keys.keep_wraps(
        [
            Kept(one.made.statement.id, peer, now_ms, wraps_to_bytes(wraps))
            for one in composed
            for peer, wraps in one.wraps.items()
            if peer != context.agency
        ]
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
        cursor.executemany("INSERT INTO exchange_handled (statement) VALUES (%s)", [(one.made.statement.id,) for one in composed])
        cursor.executemany(
            "INSERT INTO exchange_outbox (peer, lane, statement, handovers, held, since_ms) VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (
                    peer, int(one.draft.lane), one.made.statement.id,
                    encode([[hop.post, hop.taken_ms, hop.handed_ms] for hop in one.draft.handovers]), one.draft.held, now_ms,
                )
                for one in composed
                for peer in one.wraps
                if peer != context.agency
            ],
        )  # fmt: skip


def send_many(drafts: Sequence[Draft], *, context: Context) -> list[Statement]:
    """Says all ``drafts`` in one commit (or in the caller's transaction); returns the statements.

    Raises NotFound (no such partner), Refused (its words were not compared) and TooMuch (a part is too large).
    """
    now_ms = context.clock()
    composed = [compose(draft, context=context, now_ms=now_ms, make_id=_maker.make) for draft in drafts]
    _check_peers(composed, context.agency)
    with transaction.atomic():
        _store(composed, context=context, now_ms=now_ms)
        reach("send.before-commit")
    reach("send.after-commit")
    return [one.made.statement for one in composed]


def send(draft: Draft, *, context: Context) -> Statement:
    """Says one draft; see `send_many`."""
    return send_many([draft], context=context)[0]
