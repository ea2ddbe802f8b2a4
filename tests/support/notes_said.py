"""Madrid and Rabat say notes to one another by any channel: what the tests of channels and couriers speak with.

    notes = Notes(node("es.cgi"), node("ma.dgst"))
    notes.say("uno", channel="embassy")              # Madrid says it; it waits in the outbox
    notes.carry()                                    # over the network, to and fro, and dispatched
    notes.heard() == ["uno"]                         # what took effect in Rabat, in order

Invariant: what a handler does is a row of a table without constraints (`test_effect`), so what is done twice shows twice. A note of a
chain follows the one before in its matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import connection

from support.node import Node, carry
from tansiq.channels.passing import on_moved
from tansiq.channels.states import decide
from tansiq.directory.queries import sealing_key_of
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.services import send
from tansiq.policy.channel_word import StateWord
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Statement

__all__ = ["NOTE", "Notes", "matter_of", "rows"]

NOTE = "note"
HEADS = {"es.cgi": "ES-1001", "ma.dgst": "MA-1001"}


def rows(sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query on the bound node's main database."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in cursor.fetchall()]


def matter_of(name: str) -> bytes:
    """The reference of a matter that a test calls by a name."""
    return hashlib.sha256(name.encode()).digest()[:16]


def _handle(arrived: Sequence[Arrived], context: Context) -> None:
    with connection.cursor() as cursor:
        for one in arrived:
            word = str(one.parts[0].content[0])
            cursor.execute("INSERT INTO test_effect (word, matter) VALUES (%s, %s)", (word, one.docket.matter.hex()))


class Notes:
    """Two nodes; `es` speaks and `ma` hears unless a test says otherwise."""

    def __init__(self, es: Node, ma: Node) -> None:
        self.es, self.ma = es, ma
        self._last: dict[tuple[str, bytes], bytes] = {}
        kinds.register(NOTE, _handle)
        on_moved(NOTE, lambda *_: None)
        for one in (ma, es):
            one.use()
            serial = (
                "BIGSERIAL PRIMARY KEY" if connection.vendor == "postgresql" else "INTEGER PRIMARY KEY AUTOINCREMENT"
            )
            with connection.cursor() as cursor:
                cursor.execute(
                    f"CREATE TABLE test_effect (id {serial}, word VARCHAR(200) NOT NULL, matter VARCHAR(32) NOT NULL)"
                )

    def other(self, node: Node) -> Node:
        """The partner of ``node``."""
        return self.ma if node is self.es else self.es

    def draft(
        self,
        word: str,
        *,
        node: Node | None = None,
        channel: str = "embassy",
        matter: str = "",
        lane: Lane = Lane.NORMAL,
    ) -> Draft:
        """A note of ``node`` to its partner's first desk; with a ``matter`` it follows the last of that matter."""
        speaker = node or self.es
        hearer, reference = self.other(speaker), matter_of(matter or word)
        before = self._last.get((speaker.agency, reference)) if matter else None
        docket = Docket(
            kind=NOTE, channel=channel, matter=reference, sender=speaker.post(), route=(speaker.post(), hearer.post()),
            addressees=(hearer.post(),), follows=(before,) if before else (),
        )  # fmt: skip
        key = sealing_key_of(hearer.post(), speaker.context.clock())[1]
        return Draft(docket=docket, parts=[Part(NOTE, {0: word})], readers=[Reader(hearer.agency, key)], lane=lane)

    def say(self, word: str, *, node: Node | None = None, **draft: Any) -> Statement:
        """Says a note; ``node`` stays bound."""
        speaker = node or self.es
        speaker.use()
        made = self.draft(word, node=speaker, **draft)
        said = send(made, context=speaker.context)
        self._last[speaker.agency, made.docket.matter] = said.id
        return said

    def follow(self, node: Node, matter: str, last: bytes) -> None:
        """The next note of ``matter`` follows ``last`` (b'': nothing)."""
        self._last.pop((node.agency, matter_of(matter)), None)
        if last:
            self._last[node.agency, matter_of(matter)] = last

    def set_state(
        self, state: str, *, node: Node | None = None, channel: str = "embassy", announce: bool = False, **word: Any
    ) -> bytes:
        """The head of ``node`` decides how a channel with the partner stands; the decision."""
        speaker = node or self.es
        context = speaker.use()
        reason = word.pop("reason", "state.settled" if state == "open" else "state.political")
        words = word.pop("words", "")
        made = StateWord(
            channel=channel, state=state, reason=reason, from_ms=word.pop("from_ms", context.clock()),
            words=Text("es", words) if words else None, **word,
        )  # fmt: skip
        officer = speaker.officer(HEADS[speaker.agency])
        return decide(self.other(speaker).agency, made, announce=announce, officer=officer, context=context)[0]

    def carry(self) -> None:
        """Everything that may leave goes over the network and takes effect; Madrid stays bound."""
        carry(self.es, self.ma)

    def heard(self, node: Node | None = None) -> list[str]:
        """What took effect at ``node`` (Rabat), in order; it stays bound."""
        (node or self.ma).use()
        return [row[0] for row in rows("SELECT word FROM test_effect ORDER BY id")]
