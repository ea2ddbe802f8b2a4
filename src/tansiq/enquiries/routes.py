"""What can be proven of an enquiry's way: when the partner received it, and which desk had it from when to when.

Invariant: a time of receipt is the one that the addressee agency's signed receipt states, or, where a relay brought it there,
that agency's own signed word (`channels.stops`); never our own guess. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.cases.sql import chunks, marks
from tansiq.channels.stops import known_stops
from tansiq.protocol.cbor import decode
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.envelope import Handover, parse_entry
from tansiq.protocol.merkle import leaf_hash

__all__ = ["Stop", "handovers_of", "received_at", "stops"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A desk on the way: when it took it and when it handed it on (UTC milliseconds; None: not, or not known here)."""

    post: str
    taken_ms: int | None
    handed_ms: int | None


def received_at(statements: Sequence[bytes], partner: str) -> dict[bytes, int]:
    """When ``partner`` received those of our ``statements`` for which its receipt is here (UTC milliseconds of its
    clock).
    """
    found: dict[bytes, int] = {}
    for chunk in chunks(statements):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT s.statement, s.entry, b.leaves, r.proof FROM exchange_sent s "
                "JOIN exchange_receipt r ON r.batch = s.batch "
                f"JOIN exchange_batch b ON b.digest = s.batch WHERE s.peer = %s AND s.statement IN ({marks(chunk)})",
                [partner, *chunk],
            )
            rows = cursor.fetchall()
        for statement, entry, leaves, proof in rows:
            leaf, times = leaf_hash(bytes(entry)), decode(bytes(proof))[1]
            place = next(place for place in range(len(times)) if bytes(leaves)[32 * place : 32 * place + 32] == leaf)
            known = found.get(bytes(statement))
            found[bytes(statement)] = times[place] if known is None else min(known, times[place])
    for statement, passed in known_stops([one for one in statements if one not in found]).items():
        for stop in passed:
            if stop.proven and stop.handed_ms is None and agency_of(stop.post) == partner:
                found[statement] = stop.taken_ms
    return found


def _named(statements: Sequence[bytes]) -> Iterator[tuple[bytes, tuple[Handover, ...]]]:
    """The handovers that entries name, and those of what still waits."""
    chosen, values = f"statement IN ({marks(statements)})", list(statements)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT statement, handovers FROM exchange_outbox WHERE {chosen}", values)
        for statement, handovers in cursor.fetchall():
            yield bytes(statement), tuple(Handover(*hop) for hop in decode(bytes(handovers)))
        for table in ("exchange_sent", "exchange_received"):
            cursor.execute(f"SELECT statement, entry FROM {table} WHERE {chosen}", values)
            for statement, entry in cursor.fetchall():
                yield bytes(statement), parse_entry(bytes(entry)).handovers


def handovers_of(statements: Sequence[bytes]) -> dict[bytes, tuple[Handover, ...]]:
    """The desks that signed for having handed on each statement: as the entries here name them, and as the desks behind us
    told it themselves.
    """
    if not statements:
        return {}
    found: dict[bytes, dict[str, Handover]] = {}
    for statement, handovers in _named(statements):
        found.setdefault(statement, {}).update({hop.post: hop for hop in handovers})
    for statement, passed in known_stops(statements).items():
        told = {one.post: Handover(one.post, one.taken_ms, one.handed_ms) for one in passed if one.handed_ms}
        found.setdefault(statement, {}).update(told)
    return {statement: tuple(hops.values()) for statement, hops in found.items()}


def stops(docket: Docket, handovers: Sequence[Handover], *, said_ms: int, received_ms: int | None) -> list[Stop]:
    """The route with its times: the sender hands on when it says it, the desks of the receiving agency take it on
    receipt.
    """
    signed = {hop.post: hop for hop in handovers}
    receiving = {agency_of(post) for post in docket.addressees}
    out = []
    for post in docket.route:
        if post == docket.sender:
            out.append(Stop(post, None, said_ms))
        elif post in signed:
            out.append(Stop(post, signed[post].taken_ms, signed[post].handed_ms))
        elif agency_of(post) in receiving:
            out.append(Stop(post, received_ms, None if post in docket.addressees else received_ms))
        else:
            out.append(Stop(post, None, None))
    return out
