"""A notice to 195 members: signed once, encrypted once, 195 wraps; each member verifies and reads it, and nobody else can."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from support.bureaux import Board
from support.node import carry
from support.noticed import a_notice
from support.world import World
from tansiq.exchange import drafts
from tansiq.exchange.queries import counts
from tansiq.notices.asking import ask_publication
from tansiq.notices.kinds import NOTICE, PUBLICATION
from tansiq.notices.legal import publish
from tansiq.notices.rows import notice_rows
from tansiq.policy.notice import Notice
from tansiq.protocol.cbor import decode
from tansiq.protocol.wraps import SUITE_HYBRID, parse_wrap

pytestmark = pytest.mark.storage

MEMBERS = 195


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a statement was signed, a part or docket encrypted, and keys sealed to somebody."""
    found: Counter[str] = Counter()

    def counting(name: str, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            found[name] += 1
            return function(*args, **kwargs)

        return call

    for name in ("conceal", "sign_concealed", "seal_wrap"):
        monkeypatch.setattr(drafts, name, counting(name, getattr(drafts, name)))
    return found


def test_one_signature_one_encryption_and_a_wrap_for_each(board: Board, counted: Counter[str]) -> None:
    board.es.use()
    source = board.es.context.directory
    world = World(board.hub)
    world.populate(MEMBERS, besides=[source])
    denied, *admitted = world.members
    world.deliver()
    counted.clear()

    notice = a_notice()
    matter = ask_publication(notice, context=board.es.use(), officer=board.es.officer(), denied=[denied.agency])
    # The notice, and the request that the hub alone reads: each is signed once; a docket, a body and the officer's act encrypted.
    assert (counted["sign_concealed"], counted["conceal"]) == (2, 6)
    carry(board.hub, board.es)

    counted.clear()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    # The hub signs and encrypts its own word alone; the notice goes on as it came.
    assert (counted["sign_concealed"], counted["conceal"]) == (1, 3)
    to = MEMBERS - 1 + 1  # all but the one denied, and Rabat's bureau
    assert counted["seal_wrap"] == to + (to + 1), "the notice to each, and the hub's word to each and to the source"

    (row,) = notice_rows("matter = %s", (matter,))
    with connection.cursor() as cursor:
        cursor.execute("SELECT peer, COUNT(*) FROM exchange_outbox WHERE statement = %s GROUP BY peer", (row.version,))
        waiting = dict(cursor.fetchall())
        cursor.execute("SELECT encoded FROM exchange_statement WHERE id = %s", (row.version,))
        said = bytes(cursor.fetchone()[0])
    assert len(waiting) == to
    for peer in admitted:
        (wraps,) = board.hub.context.keys.wraps([row.version], peer.agency).values()
        (wrap,) = map(parse_wrap, decode(wraps))
        assert (wrap.suite, wrap.reader) == (SUITE_HYBRID, next(iter(peer.posts.values())).identifier)
    assert board.hub.context.keys.wraps([row.version], denied.agency) == {}

    assert world.deliver() == MEMBERS - 1, "both words of it fit into one parcel for each"
    for peer in admitted:
        found = {one.docket.kind: one for one in peer.received if one.docket is not None}
        assert {one.fault for one in peer.received} == {""}
        first, bound = found[NOTICE], found[PUBLICATION]
        assert first.statement is not None and first.statement.encoded == said
        assert first.parts[0] is not None and Notice.from_plain(first.parts[0].content) == notice
        assert bound.docket is not None and bound.docket.answers == row.version
        assert counts(peer.agency).pending == 0, "its receipt is here"
    assert [one for one in denied.received if one.docket is not None and one.docket.kind != "service.members"] == []
