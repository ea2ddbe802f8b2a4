"""A real post room, in this process, that talks with simulated agencies (`peer`).

    room = Room(node("es.cgi", met=False))          # the fixture `room` does it
    ma = room.befriend(SimulatedPeer("ma.dgst"))
    answer = room.hear(ma.parcel_with(room.said(ma, "hola")))     # what the door answers
    room.work(); room.words() == ["hola"]            # what took effect, in order

Invariant: what a handler does is a row of a table without constraints (`test_effect`), written in the dispatch's transaction, so that
what is rolled back has no effect and what is done twice shows twice. Parcels go through the door's own function, byte for byte.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from django.db import connection

from peer import SimulatedPeer
from support.node import Node
from tansiq.directory.queries import current_directory
from tansiq.directory.services import confirm_partner, take_directory
from tansiq.errors import Refused
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.door import Door
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.intake import Intake, take
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.queries import Counts, counts, quarantined
from tansiq.exchange.release import next_batch
from tansiq.exchange.services import send
from tansiq.protocol.directory import Directory, Use, fingerprint
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parcel import Parcel, parse_parcel
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made, Statement
from tansiq.protocol.words import fingerprint_words

__all__ = ["NOTE", "Room", "ticking"]

NOTE = "note"
BAD = "a bad word"
LANES = tuple(Lane)


def ticking(start: int) -> Any:
    """A clock that goes on by a millisecond whenever it is read."""
    ticks = itertools.count(start)
    return lambda: next(ticks)


def _handle(arrived: Sequence[Arrived], context: Context) -> None:
    """Writes each word into the table; refuses a bad one."""
    for one in arrived:
        word = str(one.parts[0].content[0])
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO test_effect (word, statement) VALUES (%s, %s)", (word, one.statement.id.hex()))
        if word == BAD:
            raise Refused("exchange.handler-failed", error="a bad word")


class Room:
    """The node's side of a conversation with simulated peers; bound as long as no other node is used."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.context = node.use()
        self.door = Door(self.context, run_directory=str(node.home.run))
        self._made: dict[str, int] = {}
        serial = "BIGSERIAL PRIMARY KEY" if connection.vendor == "postgresql" else "INTEGER PRIMARY KEY AUTOINCREMENT"
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE test_effect (id {serial}, word TEXT NOT NULL, statement VARCHAR(32) NOT NULL)"
            )
        kinds.register(NOTE, _handle)

    @property
    def agency(self) -> str:
        return self.node.agency

    # ------------------------------------------------------------------------------------------------ acquaintance

    def peer(self, agency: str = "ma.dgst", **options: Any) -> SimulatedPeer:
        """A new simulated agency that this room knows and whose words it compared."""
        return self.befriend(SimulatedPeer(agency, clock=ticking(self.context.clock()), **options))

    def befriend(self, peer: SimulatedPeer, *, confirm: bool = True) -> SimulatedPeer:
        """Introduces both sides to one another."""
        self.learn(peer.directory)
        if confirm:
            words = list(fingerprint_words(fingerprint(peer.directory.identity), "es"))
            now_ms = self.context.clock()
            confirm_partner(peer.agency, words=words, language="es", officer="TEST", now_ms=now_ms)
        peer.meet(self.context.directory)
        return peer

    def learn(self, directory: Directory) -> Directory:
        """Takes a directory document."""
        return take_directory(directory.encoded, now_ms=self.context.clock())

    # ------------------------------------------------------------------------------------------------ the peer speaks

    def said(self, peer: SimulatedPeer, word: str, *, kind: str = NOTE, **docket: Any) -> Made:
        """A statement of ``peer`` to our first post that says ``word``."""
        to = docket.pop("to", [self.node.post()])
        return peer.say(docket=peer.docket(to=to, kind=kind, **docket), parts=[Part("note", {0: word})])

    def hear(self, parcel: Parcel) -> Parcel:
        """What the door answers to a parcel. Raises what it refuses with."""
        return parse_parcel(self.door._parcel(parcel.sender, parcel.to_bytes()))

    def tell(self, peer: SimulatedPeer, *words: str, **options: Any) -> Parcel:
        """``peer`` says words in one batch and takes the answer; returns it."""
        answer = self.hear(peer.parcel_with(*(self.said(peer, word) for word in words), to=self.agency, **options))
        peer.take(answer)
        return answer

    # ------------------------------------------------------------------------------------------------ we speak

    def draft(
        self, peer: SimulatedPeer, word: str, *, lane: Lane = Lane.NORMAL, held: bool = False, **docket: Any
    ) -> Draft:
        """A draft to the peer's first post that says ``word``."""
        post = next(iter(peer.posts))
        values: dict[str, Any] = {
            "kind": NOTE,
            "channel": "embassy",
            "matter": bytes(16),
            "sender": self.node.post(),
            "route": (self.node.post(), post),
            "addressees": (post,),
        }
        key = current_directory(peer.agency).current(Use.POST_OPENS, post, self.context.clock())[0]
        reader = Reader(peer.agency, key.key)  # type: ignore[arg-type]
        parts = [Part("note", {0: word})]
        return Draft(docket=Docket(**values | docket), parts=parts, readers=[reader], lane=lane, held=held)

    def say(self, peer: SimulatedPeer, word: str, **options: Any) -> Statement:
        """Says ``word`` to the peer; it waits in the outbox."""
        return send(self.draft(peer, word, **options), context=self.context)

    def parcel(self, peer: SimulatedPeer, *, lanes: tuple[Lane, ...] = LANES, limit: int = 128) -> Parcel:
        """The next parcel to the peer."""
        batch = next_batch(peer.agency, lanes, context=self.context, limit=limit)
        return parse_parcel(make_parcel(peer.agency, context=self.context, batch=batch).to_bytes())

    def take(self, peer: SimulatedPeer, answer: Parcel) -> Intake:
        """Takes what the peer answered."""
        return take(answer, peer=peer.agency, context=self.context)

    def push(self, peer: SimulatedPeer) -> Parcel:
        """One parcel to the peer and its answer back; returns the parcel."""
        parcel = self.parcel(peer)
        self.take(peer, peer.take(parcel))
        return parcel

    # ------------------------------------------------------------------------------------------------ what came of it

    def work(self) -> int:
        """Dispatches until nothing is ready; returns how many were looked at."""
        count = 0
        while done := dispatch_once(context=self.context):
            count += done
        return count

    def words(self) -> list[str]:
        """What took effect, in order."""
        return [row[0] for row in self.rows("SELECT word FROM test_effect ORDER BY id")]

    def counts(self, peer: SimulatedPeer) -> Counts:
        return counts(peer.agency)

    def faults(self) -> list[str]:
        """Why statements are set aside."""
        return [one.code for one in quarantined()]

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query on the main database."""
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [
                tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in cursor.fetchall()
            ]

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the exchange, the journals and the directory: what must not change when something is refused.

        But for the proofs of a number used twice, which are kept of what was refused.
        """
        names = connection.introspection.table_names()
        watched = {name for name in names if name.startswith(("exchange_", "journal_", "directory_", "test_"))}
        return {
            name: sorted(self.rows(f"SELECT * FROM {name}"), key=repr) for name in watched - {"exchange_used_twice"}
        }
