"""A node that asks for what it lost keeps nothing that nobody signed, and is put off by nothing that a peer makes up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from peer import SimulatedPeer
from support.node import SECRET, Node, Nodes, carry
from support.notes import effects, notes, send_notes
from support.room import Room
from tansiq.errors import BadInput, Error, NotProven
from tansiq.exchange import recovery, restoring
from tansiq.exchange.recovery import begin_recovery, next_question, recover, take_answer
from tansiq.exchange.restore_wire import Directories, JournalPage, Question, Topic
from tansiq.exchange.restoring import restoring_peers, serve_restore
from tansiq.journal.mirror import mirrored_size
from tansiq.journal.queries import state_of
from tansiq.node.backup import backup
from tansiq.node.fsck import fsck
from tansiq.node.restore import restore
from tansiq.protocol.heads import journal_name, make_head
from tansiq.protocol.limits import MAX_LEAVES
from tansiq.protocol.merkle import root_of

pytestmark = pytest.mark.storage
__all__ = ["notes"]
STEP = 4


@pytest.fixture
def lost(node: Nodes, notes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Node, Node]:
    """Madrid, restored from a backup that lacks a dozen notes each way, and Rabat; pages carry few leaves."""
    for module in (recovery, restoring):
        monkeypatch.setattr(module, "MAX_LEAVES", STEP)
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 2)
    carry(es, ma)
    backup(es.home, tmp_path / "backup", context=es.context)
    send_notes(es, ma, 6)
    send_notes(ma, es, 7)
    carry(es, ma)
    restore(es.home, tmp_path / "backup", secret=SECRET, replace=True)
    es.reopen()
    return es, ma


class Asking:
    """Madrid asks and Rabat answers, and what was asked is noted."""

    def __init__(self, es: Node, ma: Node) -> None:
        self.es, self.ma = es, ma
        self.asked: list[tuple[Topic, int]] = []

    def answer(self, question: bytes) -> bytes:
        self.asked.append(((read := Question.parse(question)).topic, read.first))
        answer = serve_restore("es.cgi", question, context=self.ma.use())
        self.es.use()
        return answer

    def until(self, topic: Topic, first: int) -> bytes:
        """Goes on until Madrid asks for ``topic`` from ``first`` on; the honest answer to that."""
        while question := next_question("ma.dgst", context=self.es.use()):
            answer = self.answer(question)
            if self.asked[-1] == (topic, first):
                return answer
            self.take(answer)
        raise AssertionError("it was never asked")

    def take(self, answer: bytes) -> None:
        take_answer("ma.dgst", answer, context=self.es.context)

    def finish(self) -> None:
        recover("ma.dgst", self.answer, context=self.es.use())
        assert restoring_peers() == set()
        carry(self.es, self.ma)
        for one in (self.es, self.ma):
            one.use()
            assert fsck(one.context).clean
            assert len(effects(one)) == (7 if one is self.es else 8)
            state = state_of("ma.dgst" if one is self.es else "es.cgi")
            assert state is not None
            assert state.cosigned


@pytest.fixture
def asking(lost: tuple[Node, Node]) -> Asking:
    return Asking(*lost)


def kept() -> tuple[int, int]:
    """How many bytes of leaves are gathered, and how much of the peer's journal is mirrored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT LENGTH(leaves) FROM exchange_restore WHERE peer = 'ma.dgst'")
        return cursor.fetchone()[0], mirrored_size("ma.dgst")


def test_journals_of_many_pages_come_back(asking: Asking) -> None:
    asking.finish()
    assert [one for one in asking.asked if one[0] in (Topic.ASKERS_JOURNAL, Topic.ANSWERERS_JOURNAL)] == [
        *((Topic.ASKERS_JOURNAL, first) for first in (2, 6, 10, 14)),
        *((Topic.ANSWERERS_JOURNAL, first) for first in (2, 6, 10, 14)),
    ]


def changed(answer: bytes, topic: Topic, **values: object) -> bytes:
    return replace(JournalPage.parse(answer, topic), **values).to_bytes()  # type: ignore[arg-type]


@pytest.mark.parametrize("first", [2, 6])
@pytest.mark.parametrize(
    "values",
    [
        {"size": 2**40},
        {"size": 14},
        {"root": bytes(32)},
        {"head": b""},
        {"witness": b""},
        {"leaves": bytes(32 * 14)},
        {"size": 0},
        {"size": 2**40, "root": bytes(32), "head": b"", "witness": b"", "leaves": bytes(32 * MAX_LEAVES)},
    ],
    ids=["size", "one less", "root", "head", "witness", "more leaves", "no size", "nothing signed"],
)
def test_no_page_of_our_journal_is_kept_that_we_did_not_sign(
    asking: Asking, first: int, values: dict[str, object]
) -> None:
    answer = asking.until(Topic.ASKERS_JOURNAL, first)
    before = kept()
    with pytest.raises(Error):
        asking.take(changed(answer, Topic.ASKERS_JOURNAL, **values))
    assert kept()[0] <= before[0]
    assert kept()[1] == before[1]
    asking.finish()


def test_leaves_that_are_not_ours_are_asked_for_anew(asking: Asking) -> None:
    """Nothing proves a single page; that all of them are wrong is seen at the last, and must not be for ever."""
    answer = asking.until(Topic.ASKERS_JOURNAL, 6)
    asking.take(changed(answer, Topic.ASKERS_JOURNAL, leaves=bytes(32 * STEP)))
    last = asking.until(Topic.ASKERS_JOURNAL, 14)
    with pytest.raises(NotProven, match="restore-other-journal"):
        asking.take(last)
    assert kept()[0] == 0
    asking.finish()


@pytest.mark.parametrize("first", [2, 6])
@pytest.mark.parametrize(
    "values",
    [{"size": 2**40}, {"root": bytes(32)}, {"head": b""}, {"leaves": bytes(32 * STEP)}, {"leaves": b""}],
    ids=["size", "root", "head", "leaves", "no leaves"],
)
def test_no_page_of_the_peers_journal_is_kept_that_it_did_not_sign(
    asking: Asking, first: int, values: dict[str, object]
) -> None:
    answer = asking.until(Topic.ANSWERERS_JOURNAL, first)
    before = kept()
    with pytest.raises(Error):
        asking.take(changed(answer, Topic.ANSWERERS_JOURNAL, **values))
    assert kept() == before == (0, first)
    asking.finish()


@pytest.fixture
def ma(room: Room) -> Iterator[SimulatedPeer]:
    """A peer of which a node that has just been restored asks for its own journal."""
    peer = room.peer("ma.dgst")
    now_ms = room.context.clock()
    begin_recovery(agency=room.agency, backup_ms=now_ms, mirror_ms=now_ms, now_ms=now_ms)
    next_question("ma.dgst", context=room.context)
    directories = Directories(peer.directory.encoded, room.context.directory.encoded)
    take_answer("ma.dgst", directories.to_bytes(), context=room.context)
    yield peer


def test_a_peer_that_gives_leaves_without_end_fills_nothing(room: Room, ma: SimulatedPeer) -> None:
    for number in range(2):
        page = JournalPage(
            topic=Topic.ASKERS_JOURNAL,
            first=MAX_LEAVES * number,
            leaves=bytes(32 * MAX_LEAVES),
            size=2**40,
            root=bytes(32),
            head=b"",
            epoch=2,
        )
        with pytest.raises((BadInput, NotProven)):
            take_answer("ma.dgst", page.to_bytes(), context=room.context)
    assert kept() == (0, 0)


def test_the_peers_own_signature_says_nothing_of_our_journal(room: Room, ma: SimulatedPeer) -> None:
    leaves = [bytes(32)] * 2
    head = make_head(
        signer_agency="ma.dgst", journal=journal_name(room.agency, "ma.dgst"), time_ms=ma.clock(), epoch=1, size=3,
        root=root_of([*leaves, bytes(32)]), signer=ma.node_key,
    )  # fmt: skip
    page = JournalPage(
        topic=Topic.ASKERS_JOURNAL, first=0, leaves=b"".join(leaves), size=3, root=root_of([*leaves, bytes(32)]),
        head=head, witness=head, epoch=2,
    )  # fmt: skip
    with pytest.raises(NotProven, match="restore-other-journal"):
        take_answer("ma.dgst", page.to_bytes(), context=room.context)
    assert kept() == (0, 0)
