"""Starts a real node for the crash tests: ``python launcher.py HOME``, told what to do by environment variables.

    TEST_KILL      POINT:N   kill -9 the whole process group at the N-th visit of a fault point
    TEST_VISITS    FILE      every point that is visited, and the one that killed, is written there
    TEST_SPEAK     FILE      as long as this file exists, statements are sent (see `Speaker`)
    TEST_PAUSE     SECONDS   how long the speaker rests at most between two bursts (0.12)
    TEST_LARGE     BYTES     one statement in `LARGE_EVERY` has up to so many (else all have up to `SMALL`)
    TEST_CLOCK_MS  N         the node's clock is N milliseconds ahead
    TEST_READ_ONLY 1         the databases refuse to be written

Invariant: production code reads none of these; this file is the only switch, and nothing installs it but the tests. Effects are
rows of tables of the tests (`TABLES`) without any constraint that would hide a doubling.
"""

from __future__ import annotations

import logging
import mmap
import os
import random
import secrets
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.signals import connection_created

from tansiq import faults
from tansiq.directory.queries import sealing_key_of
from tansiq.errors import Conflict, Refused
from tansiq.exchange.context import Context, system_clock
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.erasure import erase
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.quarantine import retry
from tansiq.exchange.services import relay, send_many
from tansiq.exchange.wake import wake
from tansiq.node import processes
from tansiq.node.home import Home, load_home
from tansiq.node.opening import open_node
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part

__all__ = ["CHAINS", "ECHO_EVERY", "REFUSE_EVERY", "TABLES", "make_tables"]

CHAINS = 10
"""Statement number k follows number k - CHAINS, on whatever lane that went."""
ECHO_EVERY = 7
"""Every so many statements its handler answers, in the same commit."""
REFUSE_EVERY = 11
"""Every so many statements its handler refuses until it is allowed, so that the statement is set aside and tried again."""

SMALL, LARGE_EVERY = 2_000, 20

STEP, ECHO = "test.step", "test.echo"
TABLES = {
    "test_said": "number BIGINT PRIMARY KEY, statement {blob} NOT NULL",
    "test_effect": "id {serial}, kind VARCHAR(32) NOT NULL, number BIGINT NOT NULL, statement {blob} NOT NULL",
    "test_allowed": "statement {blob} PRIMARY KEY",
    "test_relayed": "statement {blob} PRIMARY KEY",
}
_POINTS = sorted(faults.POINTS)
_MOST_UNDER_WAY = 500
_SELDOM = 0.1
"""When so many statements wait, more are said but seldom: a slow machine is not to have more to do than a quick one."""


def make_tables() -> None:
    """Makes the tests' own tables in the database that is bound."""
    postgres = connection.vendor == "postgresql"
    words = {
        "blob": "BYTEA" if postgres else "BLOB",
        "serial": "BIGSERIAL PRIMARY KEY" if postgres else "INTEGER PRIMARY KEY AUTOINCREMENT",
    }
    with connection.cursor() as cursor:
        for name, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns.format(**words)})")


# ---------------------------------------------------------------------------------------------------- fault points


class Faults:
    """Counts the visits of all processes of the node in shared memory, and kills at the chosen one."""

    def __init__(self, kill: str, visits: str) -> None:
        self._point, _, number = kill.partition(":")
        self._number = int(number or 0)
        self._counts = mmap.mmap(-1, 8 * len(_POINTS))
        self._file = os.open(visits, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, point: str) -> None:
        at = 8 * _POINTS.index(point)
        count = struct.unpack_from("Q", self._counts, at)[0] + 1
        struct.pack_into("Q", self._counts, at, count)
        if count == 1:
            os.write(self._file, f"visited {point}\n".encode())
        if point == self._point and count >= self._number:
            os.write(self._file, f"killed {point}\n".encode())
            os.killpg(0, signal.SIGKILL)


# ---------------------------------------------------------------------------------------------------- effects


def _record(cursor: object, kind: str, number: int, statement: bytes) -> None:
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO test_effect (kind, number, statement) VALUES (%s, %s, %s)", (kind, number, statement)
    )


def _allowed(digest: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM test_allowed WHERE statement = %s", (digest,))
        return cursor.fetchone() is not None


def _number(one: Arrived) -> int:
    return int(one.parts[0].content[0])


def _take_steps(arrived: Sequence[Arrived], context: Context) -> None:
    """Records each step; answers some in the same commit; refuses some until they are allowed."""
    for one in arrived:
        number = _number(one)
        if number % REFUSE_EVERY == 0 and not _allowed(one.statement.digest):
            raise Refused("exchange.handler-failed", error="not yet")
        with connection.cursor() as cursor:
            _record(cursor, STEP, number, one.statement.id)
        if number % ECHO_EVERY == 0:
            send_many([_draft(context, one.peer, ECHO, number, follows=(one.statement.id,))], context=context)


def _take_echoes(arrived: Sequence[Arrived], context: Context) -> None:
    with connection.cursor() as cursor:
        for one in arrived:
            _record(cursor, ECHO, _number(one), one.statement.id)


# ---------------------------------------------------------------------------------------------------- traffic


def _draft(
    context: Context, peer: str, kind: str, number: int, *, follows: tuple[bytes, ...] = (), lane: Lane = Lane.NORMAL
) -> Draft:
    desk, theirs = f"{context.agency}/desk", f"{peer}/desk"
    docket = Docket(
        kind=kind,
        channel="embassy",
        matter=secrets.token_bytes(16),
        sender=desk,
        route=(desk, theirs),
        addressees=(theirs,),
        follows=follows,
    )
    key = sealing_key_of(theirs, context.clock())[1]
    large = int(os.environ.get("TEST_LARGE", SMALL)) if number % LARGE_EVERY == 0 else SMALL
    parts = [Part("test", {0: number, 1: os.urandom(random.randrange(large))})]
    return Draft(docket=docket, parts=parts, readers=[Reader(peer, key)], lane=lane)


class Speaker:
    """Sends numbered statements in bursts, relays, erases and retries some, as long as its file exists.

    What it has passed it remembers, so that a burst costs no more the longer it has spoken.

    What was committed is written to ``<file>.<agency>`` afterwards: the promise that the test holds the node to.
    """

    def __init__(self, home: Home, context: Context, file: Path) -> None:
        self._home = home
        self._context = context
        self._file = file
        self._peer = "ma.dgst" if context.agency == "es.cgi" else "es.cgi"
        self._random = random.Random(os.urandom(8))
        self._longest = float(os.environ.get("TEST_PAUSE", "0.12"))
        self._erased = self._relayed = 0
        self._promised = os.open(f"{file}.{context.agency}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def run(self) -> None:
        """Speaks until the file is gone; whatever the database refuses is tried again."""
        while True:
            try:
                if self._file.exists():
                    if self._random.random() < _SELDOM or self._under_way() < _MOST_UNDER_WAY:
                        self._speak()
                    self._random.choice((self._erase, self._relay, self._retry))()
                else:
                    self._retry()
            except Exception:
                logging.exception("the speaker failed")
                time.sleep(0.5)
            time.sleep(self._random.uniform(self._longest / 6, self._longest))

    def _speak(self) -> None:
        count = self._random.randint(1, CHAINS)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT COALESCE(MAX(number), 0) FROM test_said")
            first = cursor.fetchone()[0] + 1
            cursor.execute("SELECT number, statement FROM test_said WHERE number >= %s", (first - CHAINS,))
            before = {number: bytes(statement) for number, statement in cursor.fetchall()}
            drafts = [
                _draft(
                    self._context,
                    self._peer,
                    STEP,
                    number,
                    follows=(before[number - CHAINS],) if number > CHAINS else (),
                    lane=self._random.choice(tuple(Lane)),
                )
                for number in range(first, first + count)
            ]
            said = send_many(drafts, context=self._context)
            cursor.executemany(
                "INSERT INTO test_said (number, statement) VALUES (%s, %s)",
                [(number, statement.id) for number, statement in enumerate(said, first)],
            )
        os.write(self._promised, f"{first + count - 1}\n".encode())
        wake(str(self._home.run))

    def _under_way(self) -> int:
        """How much waits here, for the other side or to be handled."""
        tables = ("exchange_outbox", "exchange_pending", "exchange_queue")
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + " + ".join(f"(SELECT COUNT(*) FROM {table})" for table in tables))
            return int(cursor.fetchone()[0])

    def _one(self, sql: str, *values: int) -> tuple[int, bytes] | None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            row = cursor.fetchone()
        return (row[0], bytes(row[1])) if row else None

    def _erase(self) -> None:
        """Erases the oldest statement of ours that is not, once we have its receipt."""
        said = self._one(
            "SELECT t.number, t.statement FROM test_said t WHERE t.number > %s AND NOT EXISTS "
            "(SELECT 1 FROM exchange_tombstone e WHERE e.thing = t.statement) ORDER BY t.number LIMIT 1",
            self._erased,
        )
        if said is not None:
            try:
                erase(said[1], context=self._context, reason="test")
            except Conflict as error:
                if error.code != "exchange.erase-undelivered":
                    raise
            else:
                self._erased = said[0]

    def _relay(self) -> None:
        """Passes the oldest received statement that was not back to the peer, whose desk stands on its route."""
        heard = self._one(
            "SELECT e.id, e.statement FROM test_effect e WHERE e.id > %s AND NOT EXISTS "
            "(SELECT 1 FROM test_relayed r WHERE r.statement = e.statement) ORDER BY e.id LIMIT 1",
            self._relayed,
        )
        if heard is None:
            return
        key = sealing_key_of(f"{self._peer}/desk", self._context.clock())[1]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO test_relayed (statement) VALUES (%s)", (heard[1],))
            relay(heard[1], to=self._peer, readers=[Reader(self._peer, key, docket_only=True)], context=self._context)
        self._relayed = heard[0]
        wake(str(self._home.run))

    def _retry(self) -> None:
        """Allows what the handler refused, and tries it again."""
        refused = self._one(
            "SELECT 0, statement FROM exchange_quarantine WHERE code = 'exchange.handler-failed' LIMIT 1"
        )
        if refused is not None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO test_allowed (statement) VALUES (%s) ON CONFLICT DO NOTHING", (refused[1],))
            retry(refused[1], context=self._context)


# ---------------------------------------------------------------------------------------------------- the node


def _worker_that_speaks(file: Path, worker: Callable[[Home, Context], None]) -> Callable[[Home, Context], None]:
    def run(home: Home, context: Context) -> None:
        threading.Thread(target=Speaker(home, context, file).run, daemon=True).start()
        worker(home, context)

    return run


def _read_only(sender: object, *, connection: object, **_: object) -> None:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("PRAGMA query_only=ON")


def main() -> int:
    """Runs the node of the home that is named, until it is told to end or is killed."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    home = load_home(sys.argv[1])
    environment = os.environ
    offset = int(environment.get("TEST_CLOCK_MS", "0"))
    clock = (lambda: system_clock() + offset) if offset else system_clock
    if visits := environment.get("TEST_VISITS"):
        faults.install(Faults(environment.get("TEST_KILL", ""), visits))
    if environment.get("TEST_READ_ONLY"):
        connection_created.connect(_read_only)
    processes.open_node = partial(open_node, clock=clock)  # type: ignore[attr-defined]
    if file := environment.get("TEST_SPEAK"):
        processes.run_worker = _worker_that_speaks(Path(file), processes.run_worker)  # type: ignore[assignment]
    register(STEP, _take_steps)
    register(ECHO, _take_echoes)
    return processes.run_node(home)


if __name__ == "__main__":
    sys.exit(main())
