"""How a node stands, in numbers: each partner's line, what waits, the age of backups, room on the disk.

Invariant: agencies and numbers; no officer, no matter, no text. Every query is bounded: what could be a million is counted up to
`MOST` by an index, so that asking costs the same on a busy node as on an idle one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection, connections

from tansiq.directory.queries import own_directory, partners
from tansiq.exchange.peers import PeerState, peer_states
from tansiq.exchange.restoring import restoring_peers
from tansiq.journal.queries import relation_states
from tansiq.keystore.router import ALIAS
from tansiq.node.certificate import expires_ms
from tansiq.node.checks import DAY_MS
from tansiq.node.home import Home
from tansiq.node.marks import BACKUP, MIRROR, read_mark
from tansiq.protocol.envelope import Lane, parse_entry

__all__ = ["MOST", "Line", "Measures", "measure"]

MOST: Final = 10_000
"""Nothing is counted beyond this."""


@dataclass(frozen=True, slots=True)
class Line:
    """One partner: envelopes that wait to be released (at most `MOST`), batches that were released and have no receipt, since when
    the oldest of both waits, when the partner was heard last (UTC ms, 0: never), its clock's lead, failures in a row, what of its
    was set aside, how many entries of our journal it has not witnessed, whether it owes us what a restored backup lacked.
    """

    peer: str
    waiting: int
    pending: int
    oldest_ms: int
    heard_ms: int
    skew_ms: int
    failures: int
    set_aside: int
    unwitnessed: int
    restoring: bool


@dataclass(frozen=True, slots=True)
class Measures:
    """All of a node's numbers at ``now_ms`` (UTC milliseconds); 0 for a time means never, or none."""

    agency: str
    now_ms: int
    lines: tuple[Line, ...]
    queued: int
    backup_ms: int
    mirror_ms: int
    certificate_ms: int
    disk_free: int
    database_bytes: int
    keys_bytes: int
    sessions: int

    @property
    def certificate_days(self) -> int:
        """Whole days until the newest certificate ends; negative once it has."""
        return (self.certificate_ms - self.now_ms) // DAY_MS


def _value(sql: str, *values: str | int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return int(row[0] or 0) if row else 0


def _up_to_most(table: str, where: str = "", *values: str | int) -> int:
    return _value(f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} {where} LIMIT {MOST}) AS first", *values)


def _oldest_pending(peer: str, lane: int) -> int:
    """When the oldest envelope without a receipt was released: it says so itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, first FROM exchange_pending WHERE peer = %s AND lane = %s ORDER BY first LIMIT 1",
            (peer, lane),
        )
        row = cursor.fetchone()
        if row is None:
            return 0
        cursor.execute(
            "SELECT entry FROM exchange_sent WHERE peer = %s AND epoch = %s AND lane = %s AND number = %s",
            (peer, row[0], lane, row[1]),
        )
        sent = cursor.fetchone()
    return parse_entry(bytes(sent[0])).released_ms if sent else 0


def _oldest(peer: str) -> int:
    """Since when the oldest of what waits for ``peer`` or its receipt waits; 0 when nothing does."""
    found = []
    for lane in Lane:
        found.append(_oldest_pending(peer, int(lane)))
        found.append(
            _value(
                "SELECT since_ms FROM exchange_outbox WHERE peer = %s AND lane = %s ORDER BY id LIMIT 1",
                peer,
                int(lane),
            )
        )
    return min((ms for ms in found if ms), default=0)


def _set_aside() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT peer, COUNT(*) FROM (SELECT peer FROM exchange_quarantine LIMIT {MOST}) AS first GROUP BY peer"
        )
        return dict(cursor.fetchall())


def _lines() -> Iterator[Line]:
    states = {state.peer: state for state in peer_states()}
    journals = {state.peer: state for state in relation_states()}
    aside, restoring = _set_aside(), restoring_peers()
    for partner in partners():
        if partner.is_self or not partner.confirmed_ms:
            continue
        peer = partner.agency
        state = states.get(peer, PeerState(peer, 1, 1, 0, 0, 0, "", 0, 0))
        journal = journals.get(peer)
        yield Line(
            peer=peer,
            waiting=_up_to_most("exchange_outbox", "WHERE peer = %s", peer),
            pending=_up_to_most("exchange_pending", "WHERE peer = %s", peer),
            oldest_ms=_oldest(peer),
            heard_ms=state.heard_ms,
            skew_ms=state.skew_ms,
            failures=state.failures,
            set_aside=aside.get(peer, 0),
            unwitnessed=max(journal.size - journal.witnessed, 0) if journal else 0,
            restoring=peer in restoring,
        )


def _size(alias: str, file: Path) -> int:
    """How much a database takes, in bytes, its log of changes included."""
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    parts = (file, file.with_name(file.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _sessions(now_ms: int) -> int:
    """How many sessions have not ended; one that nobody has used for a while ends at its next use."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM keystore_session WHERE ends_ms > %s LIMIT {MOST}) AS first", (now_ms,)
        )
        return int(cursor.fetchone()[0])


def measure(home: Home, *, now_ms: int) -> Measures:
    """The numbers of the node that is bound, at ``now_ms`` (UTC milliseconds). Raises what the database raises."""
    directory = own_directory()
    backup, mirror = read_mark(home, BACKUP), read_mark(home, MIRROR)
    return Measures(
        agency=directory.agency,
        now_ms=now_ms,
        lines=tuple(_lines()),
        queued=_up_to_most("exchange_queue"),
        backup_ms=backup.time_ms if backup else 0,
        mirror_ms=mirror.time_ms if mirror else 0,
        certificate_ms=max(map(expires_ms, directory.tls), default=0),
        disk_free=shutil.disk_usage(home.data).free,
        database_bytes=_size("default", home.main_database),
        keys_bytes=_size(ALIAS, home.key_database),
        sessions=_sessions(now_ms),
    )
