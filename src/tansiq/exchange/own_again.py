"""What our own statements had brought about here, after a restore: the capability of their kind makes its rows again.

Invariant: an own statement that came back stands in the queue, waiting for itself, so that no dispatch takes it; it is settled once, after
all that it follows. A kind without a registered function has nothing to make again: the statement itself is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction

from tansiq.errors import Conflict
from tansiq.exchange.context import Context
from tansiq.exchange.files import note_own_again
from tansiq.exchange.kinds import Arrived, note_said
from tansiq.exchange.standing import read_docket
from tansiq.protocol.cbor import decode
from tansiq.protocol.statement import parse_part_proofs, parse_statement

__all__ = ["register_recovered", "settle_own"]

Recovered = Callable[[Arrived, Context], None]
"""Makes a capability's rows again for one of our own statements; ``peer`` and ``reader`` of what it gets are our agency."""
_MOST = 256
_recovered: dict[str, Recovered] = {}
_log = logging.getLogger("tansiq.restore")


def register_recovered(kind: str, make_again: Recovered) -> None:
    """Registers what a capability does with its own statement after a restore. Raises Conflict when there is another."""
    if _recovered.get(kind, make_again) is not make_again:
        raise Conflict("exchange.kind-taken", kind=kind)
    _recovered[kind] = make_again


@dataclass(frozen=True, slots=True)
class _Parked:
    row: int
    thing: bytes
    at_ms: int


def _parked(agency: str) -> list[_Parked]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT q.id, q.statement, q.at_ms FROM exchange_queue q JOIN exchange_statement s ON s.id = q.statement "
            "WHERE q.waits_for = q.statement AND s.agency = %s ORDER BY q.at_ms, q.id LIMIT %s",
            (agency, _MOST),
        )
        return [_Parked(row[0], bytes(row[1]), row[2]) for row in cursor.fetchall()]


def _read(parked: _Parked, context: Context) -> Arrived:
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded, docket, proofs, parts FROM exchange_statement WHERE id = %s", (parked.thing,))
        encoded, docket, proofs, parts = (bytes(column) for column in cursor.fetchone())
    statement = parse_statement(encoded)
    keys = context.keys.contents(parked.thing)
    ciphertexts = decode(parts)
    return Arrived(
        statement=statement,
        docket=read_docket(statement, docket, keys[0] or b""),
        peer=context.agency,
        at_ms=parked.at_ms,
        reader=context.agency,
        ciphertexts=[part if key is not None else None for part, key in zip(ciphertexts, keys[1:], strict=False)],
        proofs=parse_part_proofs(decode(proofs)),
        part_keys=[key or b"" for key in keys[1:]],
    )


def _may_run(arrived: Arrived) -> bool:
    before = arrived.docket.follows
    if not before:
        return True
    marks = ", ".join(["%s"] * len(before))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM exchange_handled WHERE statement IN ({marks})", list(before))
        return bool(cursor.fetchone()[0] == len(set(before)))


def _settle(parked: _Parked, context: Context) -> bool:
    with transaction.atomic():
        try:
            arrived = _read(parked, context)
            if not _may_run(arrived):
                return False
            with transaction.atomic():
                note_own_again(arrived, context=context)
            make_again = _recovered.get(arrived.docket.kind)
            if make_again is not None:
                with transaction.atomic():
                    make_again(arrived, context)
            with transaction.atomic():
                note_said([(arrived.statement, arrived.docket)], context)
        except DatabaseError:
            raise
        except Exception:
            # The statement is here and readable; what a capability could not make again must not hold up the rest.
            _log.exception("an own statement could not be put to effect again")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO exchange_handled (statement) VALUES (%s) ON CONFLICT DO NOTHING", (parked.thing,)
            )
            cursor.execute("DELETE FROM exchange_queue WHERE id = %s", (parked.row,))
            cursor.execute("UPDATE exchange_queue SET waits_for = NULL WHERE waits_for = %s", (parked.thing,))
    return True


def settle_own(*, context: Context) -> int:
    """Puts our own returned statements to effect again, as far as what they follow is handled; returns how many."""
    return sum(_settle(parked, context) for parked in _parked(context.agency))
