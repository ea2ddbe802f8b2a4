"""When a statement was at each desk on its way, as the desks' own agencies signed it, and how its sender comes to know.

Invariant: each node signs for its own desks alone, when it hands on and, at the end, when it takes. What it signed goes back
by the way that the statement came, hop by hop, many at once, as the service statement ``service.stops``: so nobody needs a
line to the sender, and a relay passes on what it can't forge. A word counts as proven once the key of its agency is
believed here; until then it is shown as said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, partners, signing_key
from tansiq.errors import BadInput, Error, NotFound, NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.hops import hops_of
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.service import announce
from tansiq.exchange.standing import read_docket
from tansiq.protocol.docket import Docket
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Statement, parse_statement
from tansiq.protocol.stops import Stop, make_stop, parse_stop

__all__ = ["KIND", "KnownStop", "known_stops", "sign_stop", "take_stops", "tell_stops"]

KIND: Final = "service.stops"
_AT_ONCE: Final = 256
_CHUNK: Final = 500
_ADD: Final = (
    "INSERT INTO channels_stop (statement, post, place, channel, taken_ms, handed_ms, encoded, proven, told, learned_ms) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (statement, post) DO UPDATE SET taken_ms = excluded.taken_ms, "
    "handed_ms = excluded.handed_ms, encoded = excluded.encoded, proven = excluded.proven, told = excluded.told "
    "WHERE excluded.proven AND NOT channels_stop.proven"
)
"""A proven word takes the place of one that was only said, and no other does."""
_UNTOLD: Final = "SELECT statement, post, encoded FROM channels_stop WHERE told = %s ORDER BY learned_ms LIMIT %s"


@dataclass(frozen=True, slots=True)
class KnownStop:
    """A desk on the way of ``statement``: when it took it and handed it on (UTC milliseconds); ``proven`` by its agency."""

    statement: bytes
    post: str
    taken_ms: int
    handed_ms: int | None
    proven: bool


def _rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _chunks(things: Sequence[bytes]) -> Iterator[tuple[list[bytes], str]]:
    for at in range(0, len(things), _CHUNK):
        chunk = list(things[at : at + _CHUNK])
        yield chunk, ", ".join(["%s"] * len(chunk))


def _add(stop: Stop, docket: Docket, *, proven: bool, told: bool, now_ms: int) -> None:
    place = docket.route.index(stop.post)
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            (
                stop.statement, stop.post, place, docket.channel, stop.taken_ms, stop.handed_ms, stop.encoded, proven, told,
                now_ms,
            ),
        )  # fmt: skip


def sign_stop(
    statement: Statement,
    docket: Docket,
    post: str,
    *,
    taken_ms: int,
    context: Context,
    handed_ms: int | None = None,
    to: str = "",
) -> None:
    """Signs and keeps that a desk of ours had a statement, in the caller's transaction; the clock tells it (`tell_stops`).

    Not where the sender's node is our neighbour: then its receipt says it.
    """
    if hops_of(docket)[:2] == [statement.agency, context.agency] and not to:
        return
    stop = Stop(
        statement=statement.id, digest=statement.digest, post=post, taken_ms=taken_ms, handed_ms=handed_ms, to=to
    )
    made = make_stop(stop, signer=context.signer)
    _add(made, docket, proven=True, told=False, now_ms=context.clock())


def known_stops(statements: Sequence[bytes]) -> dict[bytes, list[KnownStop]]:
    """What is known here of the ways of ``statements``, in the order of their routes."""
    found: dict[bytes, list[KnownStop]] = {}
    for chunk, marks in _chunks(statements):
        for statement, post, taken_ms, handed_ms, proven in _rows(
            "SELECT statement, post, taken_ms, handed_ms, proven FROM channels_stop "
            f"WHERE statement IN ({marks}) ORDER BY place",
            chunk,
        ):
            one = KnownStop(bytes(statement), post, taken_ms, handed_ms, bool(proven))
            found.setdefault(one.statement, []).append(one)
    return found


def _brought_by(statements: Sequence[bytes]) -> dict[bytes, str]:
    """The node that first brought each of ``statements``; what is ours is not among them."""
    found: dict[bytes, str] = {}
    for chunk, marks in _chunks(statements):
        for statement, peer in _rows(
            f"SELECT statement, peer FROM exchange_received WHERE statement IN ({marks}) ORDER BY at_ms, peer", chunk
        ):
            found.setdefault(bytes(statement), peer)
    return found


def tell_stops(*, context: Context) -> int:
    """Tells every node that brought us something what is known of its further way; returns how many stops were told.

    For the clock's sweep; one commit for each node. What can't be told now waits.
    """
    untold = [(bytes(row[0]), row[1], bytes(row[2])) for row in _rows(_UNTOLD, (False, 8 * _AT_ONCE))]
    brought = _brought_by(sorted({statement for statement, _, _ in untold}))
    by_peer: dict[str, list[tuple[bytes, str, bytes]]] = {}
    for one in untold:
        by_peer.setdefault(brought.get(one[0], ""), []).append(one)
    told = 0
    for peer, stops in by_peer.items():
        for at in range(0, len(stops), _AT_ONCE):
            told += _tell(peer, stops[at : at + _AT_ONCE], context)
    return told


def _tell(peer: str, stops: Sequence[tuple[bytes, str, bytes]], context: Context) -> int:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE channels_stop SET told = %s WHERE statement = %s AND post = %s",
                    [(True, statement, post) for statement, post, _ in stops],
                )
            if peer:
                announce(peer, Part(KIND, {0: [encoded for _, _, encoded in stops]}), context=context)
    except Error:  # that node can't be spoken to now: it is told when it can be
        return 0
    return len(stops) if peer else 0


def _believed() -> set[str]:
    """Ourselves, and whoever's words were compared or for whom a partner vouches."""
    return {one.agency for one in partners() if one.is_self or one.confirmed_ms or one.introduced_by}


def _proven(stop: Stop, believed: set[str], now_ms: int) -> bool:
    """Whether the stop's agency signed it; False: its key is not known here, or not believed. Raises NotProven for a false
    signature.
    """
    if stop.agency not in believed:
        return False
    try:
        directory = current_directory(stop.agency)
        signature = stop.signature
        assert signature is not None  # noqa: S101 (it was parsed)
        key = signing_key(directory, signature.signer, signed_ms=max(stop.taken_ms, stop.handed_ms or 0), now_ms=now_ms)
    except (NotFound, NotProven):
        return False
    signature.verify(key)
    return True


def _docket_of(statement: bytes, context: Context) -> tuple[Statement, Docket] | None:
    """A statement that we sent or passed on, with its docket; None when it is not here, or no longer."""
    rows = _rows("SELECT encoded, docket FROM exchange_statement WHERE id = %s", (statement,))
    try:
        key = context.keys.contents(statement)[0] if rows else None
    except NotFound:
        return None
    if key is None:
        return None
    known = parse_statement(bytes(rows[0][0]))
    return known, read_docket(known, bytes(rows[0][1]), key)


def _require_theirs(stop: Stop, known: Statement, docket: Docket, peer: str, agency: str) -> None:
    """Raises NotProven unless the stop is of a desk that lies behind us on the way, and ``peer`` is where it goes on."""
    hops = hops_of(docket)
    here = hops.index(agency) if agency in hops else len(hops)
    if stop.digest != known.digest or stop.post not in docket.route:
        raise NotProven("channels.stop-of-another", post=stop.post)
    if stop.agency not in hops[here + 1 :] or hops[here + 1 : here + 2] != [peer]:
        raise NotProven("channels.stop-of-another", post=stop.post)


def take_stops(arrived: Sequence[Arrived], context: Context) -> None:
    """What the next node knows of the further way of what we gave it. In the dispatch's transaction.

    Raises BadInput, and NotProven for a stop of a desk that is not behind us, or that its agency did not sign.
    """
    now_ms, believed = context.clock(), _believed()
    for one in arrived:
        if one.statement.agency != one.peer:
            raise NotProven("protocol.other-identity", agency=one.statement.agency)
        part = one.part(KIND)
        stops = part.content.get(0) if part is not None else None
        if type(stops) is not list or len(stops) > _AT_ONCE or {*map(type, stops)} - {bytes}:
            raise BadInput("protocol.wrong-field", what=KIND, field=0)
        for stop in map(parse_stop, stops):
            found = _docket_of(stop.statement, context)
            if found is None:
                continue
            known, docket = found
            _require_theirs(stop, known, docket, one.peer, context.agency)
            proven = _proven(stop, believed, now_ms)
            _add(stop, docket, proven=proven, told=known.agency == context.agency, now_ms=now_ms)
