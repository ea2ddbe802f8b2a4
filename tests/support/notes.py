"""A kind of statement for tests of the node's upkeep: a note with some bytes, whose only effect is a leaf in the
access journal.

Invariant: handled once, a note leaves one leaf; so what is in effect can be counted, and what would be in effect
twice is seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence

import pytest
from django.db import connection

from support.node import Node
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import send_many
from tansiq.journal.access import Access, Operation, log_access, read_access
from tansiq.protocol.cbor import Plain
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Statement

__all__ = ["NOTE", "effects", "notes", "send_notes", "value"]

NOTE = "test.note"


def _handle(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        assert one.part(NOTE) is not None, "the note's body is closed"
    log_access(
        [
            Access(
                operation=Operation.COLLECTION,
                officer="node",
                thing=one.statement.id,
                purpose="test",
                time_ms=one.at_ms,
            )
            for one in arrived
        ],
        keys=context.keys,
    )


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Notes are handled in this test."""
    monkeypatch.setitem(kinds._handlers, NOTE, _handle)
    yield


def send_notes(
    sender: Node,
    receiver: Node,
    count: int,
    *,
    lane: Lane = Lane.NORMAL,
    follows: Callable[[int], Sequence[bytes]] = lambda _: (),
    size: int = 64,
) -> list[Statement]:
    """Sends ``count`` notes in one commit; ``sender`` stays bound."""
    context = sender.use()
    reader = post_reader(receiver.post(), peer=receiver.agency, now_ms=context.clock())
    drafts = []
    for number in range(count):
        docket = Docket(
            kind=NOTE,
            channel="direct",
            matter=secrets.token_bytes(16),
            sender=sender.post(),
            route=(sender.post(), receiver.post()),
            addressees=(receiver.post(),),
            follows=tuple(follows(number)),
        )
        content: dict[Plain, Plain] = {0: secrets.token_bytes(size)}
        drafts.append(Draft(docket=docket, parts=[Part(NOTE, content)], readers=[reader], lane=lane))
    return send_many(drafts, context=context)


def effects(node: Node) -> list[bytes]:
    """The notes that are in effect at a node, in the order in which they were handled."""
    context = node.use()
    return [logged["thing"] for _, logged in read_access(context.keys, limit=1_000_000) if logged is not None]  # type: ignore[misc]


def value(sql: str, *values: bytes | int | str) -> int:
    """A number from the bound database."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return int(row[0] or 0)
