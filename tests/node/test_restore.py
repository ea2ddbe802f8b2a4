"""A node that restored an old backup has everything again, nothing twice, and its peer sees nothing forged."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from support import postgres
from support.dying import dies_at
from support.node import SECRET, Node, Nodes, carry, deliver
from support.notes import NOTE, effects, notes, send_notes, value
from tansiq.cases.contents import open_statements
from tansiq.errors import BadInput, Conflict, Error, NotFound, NotProven, Refused, Unavailable
from tansiq.exchange import own_again
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import erase, tombstones
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.queries import Counts, counts, gaps
from tansiq.exchange.recovery import next_question, recover, take_answer
from tansiq.exchange.release import next_batch
from tansiq.exchange.restoring import restoring_peers, serve_restore
from tansiq.journal.queries import RelationState, relation_states
from tansiq.node.backup import BackedUp, backup
from tansiq.node.fsck import fsck
from tansiq.node.mirror import mirror_keys
from tansiq.node.opening import open_node
from tansiq.node.restore import Restored, restore
from tansiq.protocol.envelope import Lane
from tansiq.protocol.heads import Direction

pytestmark = pytest.mark.storage
__all__ = ["notes"]
BASE = 6
"""Notes each way before the backup."""


def serve(answerer: Node, asker: Node, question: bytes) -> bytes:
    """What the answerer's door does with a question; ``asker`` is bound afterwards."""
    context = answerer.use()
    answer = serve_restore(asker.agency, question, context=context)
    asker.use()
    return answer


def ask(asker: Node, answerer: Node) -> None:
    """Lets ``asker`` get back from ``answerer`` what it lost; ``asker`` stays bound."""
    recover(answerer.agency, lambda question: serve(answerer, asker, question), context=asker.use())


def both_ways(one: Node, other: Node, count: int) -> None:
    """``count`` notes each way, on all lanes, following one another across them, delivered, receipted and handled."""
    for lane in Lane:
        said = send_notes(one, other, count // 3, lane=lane)
        send_notes(other, one, count // 3, lane=lane, follows=lambda number, said=said: [said[number].id])
    carry(one, other)


def state(node: Node, peer: Node) -> RelationState:
    node.use()
    return next(one for one in relation_states() if one.peer == peer.agency)


def count(node: Node, peer: Node) -> Counts:
    node.use()
    return counts(peer.agency)


def clean(*nodes: Node) -> None:
    for node in nodes:
        node.use()
        report = fsck(node.context)
        assert report.clean, [finding.text() for finding in report.findings]


def readable(node: Node) -> set[bytes]:
    """The notes that a node can read."""
    context = node.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM exchange_statement")
        ids = [bytes(row[0]) for row in cursor.fetchall()]
    return {thing for thing, stored in open_statements(ids, keys=context.keys).items() if stored.part(NOTE) is not None}


def played(node: Nodes) -> list[Node]:
    es, ma = node("es.cgi"), node("ma.dgst")
    both_ways(es, ma, BASE)
    return [es, ma]


class Story:
    """Madrid and Rabat; Madrid's backup and the copy of its key store."""

    def __init__(self, node: Nodes, folder: Path) -> None:
        self.es, self.ma = node.played(played)
        self.folder = folder
        self.clock = node.clock

    def backup(self) -> BackedUp:
        self.es.use()
        made = backup(self.es.home, self.folder / "backup", context=self.es.context)
        self.clock.advance(hours=1)
        return made

    def mirror(self) -> None:
        self.clock.advance(hours=1)
        self.es.use()
        mirror_keys(self.es.home, self.folder / "keys", context=self.es.context)
        self.clock.advance(hours=1)

    def restore(self, *, with_keys: bool = True) -> Restored:
        keys = self.folder / "keys" if with_keys else None
        done = restore(self.es.home, self.folder / "backup", keys=keys, secret=SECRET, replace=True)
        self.es.reopen()
        return done

    def settle(self) -> None:
        ask(self.es, self.ma)
        carry(self.es, self.ma)


@pytest.fixture
def story(node: Nodes, notes: None, tmp_path: Path) -> Story:
    return Story(node, tmp_path)


# ------------------------------------------------------------------------------------- everything is there again


@pytest.mark.parametrize("with_keys", [True, False], ids=["copy of the key store", "key store in place"])
def test_hundreds_of_statements_after_the_backup_are_there_again(story: Story, with_keys: bool) -> None:
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 210 if with_keys else 30)
    story.mirror()
    before = {node.agency: sorted(effects(node)) for node in (es, ma)}
    sent, received, size = count(es, ma), count(ma, es), state(es, ma).size
    assert len(before["es.cgi"]) == BASE + (210 if with_keys else 30)

    done = story.restore(with_keys=with_keys)
    assert (done.agency, done.peers, done.tombstones, done.lost) == ("es.cgi", ("ma.dgst",), 0, 0)
    assert restoring_peers() == {"ma.dgst"}
    assert len(effects(es)) == BASE
    clean(es)
    story.settle()

    assert restoring_peers() == set()
    assert {node.agency: sorted(effects(node)) for node in (es, ma)} == before, "nothing lost, nothing in effect twice"
    now = count(es, ma)
    assert (now.sent, now.received, now.pending, now.waiting) == (sent.sent + 1, sent.received, 0, 0), (
        "and the announcement"
    )
    assert count(ma, es).received == received.received + 1
    for node, peer in ((es, ma), (ma, es)):
        assert state(node, peer).cosigned
        assert state(node, peer).size == size + 1
    assert state(es, ma).epoch == 2
    assert readable(es) == readable(ma)
    clean(es, ma)
    both_ways(es, ma, 9)
    clean(es, ma)


def test_the_home_is_made_anew_on_an_empty_machine(story: Story, tmp_path: Path) -> None:
    if story.es.home.on_postgresql:
        pytest.skip("on PostgreSQL the operator writes the addresses of the databases first")
    made = story.backup()
    story.mirror()
    done = restore(tmp_path / "new", tmp_path / "backup", keys=tmp_path / "keys", secret=SECRET)
    assert done.rows == made.rows > 2 * BASE, (
        "every row of the backup, a note's sending and a note's receipt among them"
    )
    home = replace(story.es.home, path=tmp_path / "new")
    assert (home.path / "node.toml").exists()
    assert home.path.stat().st_mode & 0o777 == 0o700
    context = open_node(home, secret=SECRET, clock=story.clock)
    assert context.agency == "es.cgi"
    assert fsck(context).clean


def test_a_backup_moves_between_sqlite_and_postgresql(story: Story, tmp_path: Path) -> None:
    es, ma = story.es, story.ma
    both_ways(es, ma, 9)
    story.backup()
    story.mirror()
    before = sorted(effects(es))
    names: list[str] = []
    home = replace(es.home, path=tmp_path / "moved", database="", keys_database="")
    if not es.home.on_postgresql:
        names = [postgres.create_database() for _ in range(2)]
        home = replace(home, database=postgres.address_of(names[0]), keys_database=postgres.address_of(names[1]))
    restore(home, tmp_path / "backup", keys=tmp_path / "keys", secret=SECRET)
    moved = replace(es, home=home)
    moved.reopen()
    assert connection.vendor != ("sqlite" if names else "postgresql")
    ask(moved, ma)
    both_ways(moved, ma, 9)
    assert set(before) < set(effects(moved))
    clean(moved, ma)
    es.use()
    for name in names:
        postgres.drop_database(name)


def test_what_had_arrived_is_not_sent_again_and_what_had_not_is(story: Story) -> None:
    es, ma = story.es, story.ma
    released = send_notes(es, ma, 4, lane=Lane.BULK)
    first = next_batch(
        "ma.dgst", (Lane.BULK,), context=es.context
    )  # released, but the parcel comes only after the backup
    waiting = send_notes(es, ma, 4)
    story.backup()
    stays = send_notes(es, ma, 4, lane=Lane.BULK)
    assert first is not None
    assert [row.statement for row in first.items] == [one.encoded for one in released]
    es.use()
    with connection.cursor() as cursor:  # of the last four nothing leaves before the disk is lost
        cursor.execute("UPDATE exchange_outbox SET held = %s WHERE peer = 'ma.dgst' AND lane = 2", (True,))
    carry(es, ma)
    story.mirror()
    story.restore()
    assert value("SELECT COUNT(*) FROM exchange_outbox WHERE lane = 1") == 4
    assert value("SELECT COUNT(*) FROM exchange_pending") == 1
    ask(es, ma)
    assert value("SELECT COUNT(*) FROM exchange_outbox WHERE lane = 1") == 0
    assert value("SELECT COUNT(*) FROM exchange_pending") == 0
    carry(es, ma)
    done = effects(ma)
    assert len(done) == len(set(done))
    assert {one.id for one in (*released, *waiting)} < set(done)
    assert not {one.id for one in stays} & set(done), (
        "what was said after the backup and reached nobody is gone, and nobody counts on it"
    )
    clean(es, ma)


def test_a_number_that_can_no_longer_come_is_waited_for_no_longer(story: Story) -> None:
    es, ma = story.es, story.ma
    story.backup()
    send_notes(es, ma, 3)
    assert (
        next_batch("ma.dgst", (Lane.NORMAL,), context=es.context) is not None
    )  # into a courier's bag that never arrives
    lost = value("SELECT MAX(number) FROM exchange_sent WHERE lane = 1")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exchange_pending")
    send_notes(es, ma, 3)
    carry(es, ma)
    ma.use()
    assert [gap[1:] for gap in gaps("es.cgi")] == [(1, lost - 2)]
    story.mirror()
    story.restore()
    story.settle()
    ma.use()
    assert gaps("es.cgi") == []
    clean(es, ma)


def test_a_parcel_of_the_old_epoch_is_taken_no_more(story: Story) -> None:
    es, ma = story.es, story.ma
    story.backup()
    send_notes(es, ma, 1)
    old = make_parcel("ma.dgst", context=es.context, batch=next_batch("ma.dgst", (Lane.NORMAL,), context=es.context))
    story.mirror()
    story.restore()
    question = None
    for _ in range(3):  # the directories, our journal: from then on the peer knows
        question = next_question("ma.dgst", context=es.use())
        assert question is not None
        take_answer("ma.dgst", serve(ma, es, question), context=es.context)
    with pytest.raises(Refused, match=r"exchange\.old-epoch"):
        deliver(old, ma)
    es.use()
    story.settle()
    clean(es, ma)


def test_nothing_is_sent_or_taken_before_the_peer_answered(story: Story) -> None:
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 3)
    story.mirror()
    story.restore()
    send_notes(es, ma, 2)
    send_notes(ma, es, 2)
    parcel = make_parcel("es.cgi", context=ma.use(), batch=next_batch("es.cgi", (Lane.NORMAL,), context=ma.context))
    with pytest.raises(Unavailable, match=r"exchange\.restoring"):
        deliver(parcel, es)
    ask(es, ma)
    first = next_batch("ma.dgst", (Lane.URGENT,), context=es.use())
    assert first is not None
    carry(es, ma)
    ma.use()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MIN(statement) FROM exchange_received WHERE epoch = 2 AND lane = 0 AND number = 1",
        )
        announced = bytes(cursor.fetchone()[0])
    opened = open_statements([announced], keys=ma.context.keys)[announced]
    assert opened.docket is not None
    assert opened.docket.kind == "service.epoch"
    clean(es, ma)


def their_backup(story: Story) -> None:
    story.ma.use()
    backup(story.ma.home, story.folder / "theirs", context=story.ma.context)


@pytest.mark.parametrize("theirs_is_older", [False, True])
def test_both_restored_at_once(story: Story, theirs_is_older: bool) -> None:
    es, ma = story.es, story.ma
    for make in (their_backup, Story.backup) if theirs_is_older else (Story.backup, their_backup):
        make(story)
        both_ways(es, ma, 9)
    story.mirror()
    done = {node.agency: sorted(effects(node)) for node in (es, ma)}
    ma.use()
    mirror_keys(ma.home, story.folder / "their-keys", context=ma.context)
    story.restore()
    restore(ma.home, story.folder / "theirs", keys=story.folder / "their-keys", secret=SECRET, replace=True)
    ma.reopen()
    ask(es, ma)
    with pytest.raises(Unavailable, match=r"exchange\.restoring"):
        carry(es, ma)
    ask(ma, es)
    carry(es, ma)
    for node in (es, ma):
        node.use()
        assert restoring_peers() == set()
        assert BASE < len(effects(node)) < len(done[node.agency]), (
            "what only one of them had is back, what both lost is not"
        )
        assert set(effects(node)) < set(done[node.agency])
    clean(es, ma)
    both_ways(es, ma, 3)
    clean(es, ma)


def test_a_second_restore_of_the_same_backup(story: Story) -> None:
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 12)
    story.mirror()
    for epoch in (2, 3):
        before = sorted(effects(ma))
        story.restore()
        story.settle()
        assert state(es, ma).epoch == epoch
        assert sorted(effects(ma)) == before
        both_ways(es, ma, 3)
        story.mirror()
        clean(es, ma)


def test_our_own_later_directory_comes_back(story: Story, node: Nodes) -> None:
    from tansiq.node.creation import NewOfficer, add_officer

    es, ma = story.es, story.ma
    story.backup()
    es.use()
    later = add_officer(
        NewOfficer("ES-9001", ("head",), "an invented passphrase"), identity=es.identity, now_ms=story.clock()
    )
    node.meet(es, ma)
    story.mirror()
    story.restore()
    assert es.context.directory.number == 1
    story.settle()
    assert es.context.directory.encoded == later.encoded


# ------------------------------------------------------------------------------------- what was erased stays erased


def test_an_erasure_outlives_every_backup(story: Story) -> None:
    es, ma = story.es, story.ma
    gone = effects(es)[:2]
    story.backup()
    both_ways(es, ma, 6)
    gone += effects(es)[-2:]
    for thing in gone:
        erase(thing, context=es.context, reason="test")
    story.mirror()
    done = story.restore()
    assert done.tombstones == 2
    story.settle()
    assert tombstones(gone) == set(gone)
    assert not readable(es) & set(gone)
    assert es.context.keys.has_contents(gone) == set()
    assert es.context.keys.wraps(gone, "ma.dgst") == {}
    assert len(set(effects(es))) == len(effects(es))
    clean(es, ma)


def test_what_is_younger_than_the_copy_of_the_key_store_gets_its_keys_from_the_peer(story: Story) -> None:
    es, ma = story.es, story.ma
    story.mirror()
    both_ways(es, ma, 6)
    story.backup()
    both_ways(es, ma, 6)
    before = readable(es)
    done = story.restore()
    assert done.lost == 6, "of acts in the access journal only this node had the keys"
    story.settle()
    assert readable(es) == before
    clean(es, ma)


def test_what_nobody_can_return_is_said_to_be_lost(story: Story) -> None:
    es, ma = story.es, story.ma
    story.mirror()
    both_ways(es, ma, 6)
    story.backup()
    ma.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM exchange_statement")
        ma.context.keys.drop_wraps([bytes(row[0]) for row in cursor.fetchall()])
    story.restore()
    story.settle()
    assert value("SELECT COUNT(*) FROM exchange_tombstone WHERE reason = 'lost'") == 6 + 12
    clean(es, ma)


def test_a_peer_that_dropped_its_wraps_returns_what_the_key_store_can_read(story: Story) -> None:
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 6)
    story.mirror()
    before = sorted(effects(es))
    ma.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM exchange_statement")
        ma.context.keys.drop_wraps([bytes(row[0]) for row in cursor.fetchall()])
    es.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM exchange_statement")
        es.context.keys.drop_wraps([bytes(row[0]) for row in cursor.fetchall()])
    story.mirror()
    story.restore()
    story.settle()
    assert sorted(effects(es)) == before
    clean(es, ma)


# ------------------------------------------------------------------------------------- what own statements brought about


@pytest.fixture
def made_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What a capability was asked to make again, of its own notes."""
    made: list[bytes] = []

    def make(arrived: Arrived, context: Context) -> None:
        assert arrived.statement.agency == arrived.peer == arrived.reader == context.agency
        assert arrived.part(NOTE) is not None
        made.append(arrived.statement.id)

    monkeypatch.setitem(own_again._recovered, NOTE, make)
    yield made


def test_own_statements_are_put_to_effect_again_after_what_they_follow(story: Story, made_again: list[bytes]) -> None:
    es, ma = story.es, story.ma
    story.backup()
    asked = send_notes(ma, es, 3)
    carry(es, ma)
    answered = send_notes(es, ma, 3, follows=lambda number: [asked[number].id])
    carry(es, ma)
    story.mirror()
    story.restore()
    ask(es, ma)
    assert made_again == [], "what they answer is not handled yet"
    carry(es, ma)
    own_again.settle_own(context=es.use())
    assert made_again == [one.id for one in answered]
    assert own_again.settle_own(context=es.context) == 0
    clean(es, ma)


def test_a_capability_that_fails_holds_up_nothing(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    es, ma = story.es, story.ma
    story.backup()
    send_notes(es, ma, 2)
    carry(es, ma)
    story.mirror()
    story.restore()

    def fail(_arrived: Arrived, _context: Context) -> None:
        raise ValueError

    monkeypatch.setitem(own_again._recovered, NOTE, fail)
    story.settle()
    assert value("SELECT COUNT(*) FROM exchange_queue") == 0
    clean(es, ma)


# ------------------------------------------------------------------------------------- dying, and what is refused


@pytest.mark.parametrize("point", ["restore.loaded", "restore.before-commit", "restore.after-commit"])
def test_a_restore_that_dies_is_given_again(story: Story, point: str) -> None:
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 6)
    story.mirror()
    before = sorted(effects(es))
    assert dies_at(point, story.restore)
    es.reopen()
    if point == "restore.after-commit":
        assert restoring_peers() == {"es.cgi", "ma.dgst"}, "the node knows what it has to do first"
        ask(es, ma)
    else:
        assert sorted(effects(es)) == before, "what stood there stands"
        clean(es)
        story.restore()
    story.settle()
    assert sorted(effects(es)) == before
    clean(es, ma)


@pytest.mark.parametrize("pages", [1, 4, 7])
def test_asking_goes_on_where_it_ended(story: Story, pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tansiq.exchange.restoring.MOST_ITEMS", 4)
    es, ma = story.es, story.ma
    story.backup()
    for _ in range(4):
        both_ways(es, ma, 6)
    story.mirror()
    before = sorted(effects(es))
    story.restore()
    for _ in range(pages):
        question = next_question("ma.dgst", context=es.reopen())
        assert question is not None
        answer = serve(ma, es, question)
        take_answer("ma.dgst", answer, context=es.context)
    es.reopen()
    story.settle()
    assert sorted(effects(es)) == before
    clean(es, ma)


def refused(work: Callable[[], object], error: type[Error], code: str) -> None:
    with pytest.raises(error) as told:
        work()
    assert told.value.code == code


def test_what_must_not_be_restored_is_refused(story: Story, node: Nodes, tmp_path: Path) -> None:
    es = story.es
    story.backup()
    story.mirror()
    source, keys = tmp_path / "backup", tmp_path / "keys"
    before = sorted(effects(es))

    def given(**changed: object) -> Callable[[], object]:
        arguments = {"keys": keys, "secret": SECRET, "replace": True} | changed
        return lambda: restore(es.home, arguments.pop("source", source), **arguments)  # type: ignore[arg-type]

    refused(given(replace=False), Conflict, "node.not-empty")
    refused(given(source=tmp_path / "nothing"), NotFound, "node.no-such-file")
    refused(given(source=keys), BadInput, "node.not-a-dump")
    refused(given(keys=source), BadInput, "node.not-a-dump")
    refused(given(secret=b"another secret"), Refused, "keystore.wrong-unlock")
    (tmp_path / "short").write_bytes(source.read_bytes()[:-50])
    refused(given(source=tmp_path / "short"), BadInput, "node.dump-cut-off")
    other = node("ma.dgst")
    mirror_keys(other.home, tmp_path / "other-keys", context=other.use())
    refused(given(keys=tmp_path / "other-keys"), Conflict, "node.dump-of-other-agency")
    refused(lambda: restore(other.home, source, secret=SECRET, replace=True), Conflict, "node.dump-of-other-agency")
    twin = node("es.cgi")
    with connection.cursor():
        own = twin.use()
    own.keys.drop_secret(own.own.identifier)
    own.keys.put_secret(identifier=b"i" * 32, use="own", owner="es.cgi", private=b"o" * 32)
    twin.reopen()
    backup(twin.home, tmp_path / "twin", context=twin.context)
    refused(given(source=tmp_path / "twin"), NotProven, "node.dump-of-other-node")
    with socket.socket(socket.AF_UNIX) as door:
        es.home.run.mkdir(exist_ok=True)
        door.bind(str(es.home.socket))
        door.listen()
        refused(given(), Conflict, "node.running")
    es.home.socket.unlink()
    es.reopen()
    assert sorted(effects(es)) == before
    clean(es)


def test_a_restore_that_fails_leaves_the_place_as_it_was(story: Story, node: Nodes, tmp_path: Path) -> None:
    if story.es.home.on_postgresql:
        pytest.skip("on PostgreSQL the operator writes the addresses of the databases first")
    story.backup()
    story.mirror()
    source = tmp_path / "backup"
    other = node("ma.dgst")
    mirror_keys(other.home, tmp_path / "other-keys", context=other.use())
    new = tmp_path / "folder" / "new"
    for keys, error in (
        (tmp_path / "other-keys", Conflict),
        (source, BadInput),
        (tmp_path / "none", NotFound),
        (None, NotFound),
    ):
        with pytest.raises(error):
            restore(new, source, keys=keys, secret=SECRET)
        assert not new.parent.exists()
    new.mkdir(parents=True)
    with pytest.raises(Conflict):
        restore(new, source, keys=tmp_path / "other-keys", secret=SECRET)
    assert list(new.iterdir()) == [], "an empty folder that was there stays, and stays empty"
    (new / "letters").mkdir()
    refused(lambda: restore(new, source, keys=tmp_path / "keys", secret=SECRET), Conflict, "node.home-exists")
    assert [one.name for one in new.iterdir()] == ["letters"]
    refused(lambda: restore(source, source, keys=tmp_path / "keys", secret=SECRET), Conflict, "node.home-not-a-folder")
    (new / "letters").rmdir()
    assert dies_at("restore.loaded", lambda: restore(new, source, keys=tmp_path / "keys", secret=SECRET))
    assert {one.name for one in new.iterdir()} == {"data", "run", "restoring"}
    assert restore(new, source, keys=tmp_path / "keys", secret=SECRET).agency == "es.cgi", "given again, it goes on"
    clean(story.es)


# ------------------------------------------------------------------------------------- a peer that lies


def lie(answer: bytes, change: Callable[[dict[int, object]], None]) -> bytes:
    from tansiq.protocol.cbor import decode, encode

    page = decode(answer)
    change(page)
    return encode(page)


def flipped(data: bytes, at: int = -1) -> bytes:
    out = bytearray(data)
    out[at] ^= 1
    return bytes(out)


def in_item(page: dict[int, object], place: int, change: Callable[[object], object]) -> None:
    """Changes one field of the first item of the first batch."""
    page[2][0][1][0][place] = change(page[2][0][1][0][place])  # type: ignore[index]


LIES: dict[str, tuple[int, Callable[[dict[int, object]], None]]] = {
    "another's directory": (0, lambda page: page.update({2: page[3]})),
    "an altered directory of ours": (0, lambda page: page.update({3: flipped(page[3])})),  # type: ignore[arg-type]
    "an altered leaf": (1, lambda page: page.update({3: flipped(page[3])})),  # type: ignore[arg-type]
    "a leaf too few": (1, lambda page: page.update({3: page[3][:-32], 4: page[4] - 1})),  # type: ignore[index, operator]
    "a root that nobody signed": (1, lambda page: page.update({5: [flipped(page[5][0]), *page[5][1:]]})),  # type: ignore[index]
    "a witness instead of our signature": (1, lambda page: page.update({5: [page[5][0], page[5][2], page[5][2]]})),  # type: ignore[index]
    "other leaves of its own journal": (2, lambda page: page.update({3: flipped(page[3])})),  # type: ignore[arg-type]
    "an altered entry of ours": (3, lambda page: in_item(page, 0, flipped)),  # type: ignore[arg-type]
    "an altered statement of ours": (3, lambda page: in_item(page, 1, flipped)),  # type: ignore[arg-type]
    "an altered docket of ours": (3, lambda page: in_item(page, 2, flipped)),  # type: ignore[arg-type]
    "an entry of ours left out": (3, lambda page: page[2][0][1].pop()),  # type: ignore[index]
    "a receipt at another place": (3, lambda page: page[2][0].__setitem__(2, [at + 1 for at in page[2][0][2]])),  # type: ignore[index]
    "a receipt at another time": (3, lambda page: page[2][0].__setitem__(3, [at + 1 for at in page[2][0][3]])),  # type: ignore[index]
    "an altered head of its journal": (3, lambda page: page.update({5: [page[5][0], flipped(page[5][1])]})),  # type: ignore[index]
    "an altered entry of its": (4, lambda page: in_item(page, 0, flipped)),  # type: ignore[arg-type]
    "an entry of its that never came": (4, lambda page: page[2][0].__setitem__(2, [0 for _ in page[2][0][2]])),  # type: ignore[index]
    "more, for ever": (4, lambda page: page.update({2: [], 3: True})),
    "no answer at all": (4, lambda page: page.clear()),
    "an answer to another question": (4, lambda page: page.update({1: 3})),
}


@pytest.mark.parametrize("what", LIES)
def test_a_peer_that_lies_changes_nothing(story: Story, what: str) -> None:
    step, change = LIES[what]
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 6)
    story.mirror()
    before = sorted(effects(es))
    story.restore()
    for at in range(step + 1):
        question = next_question("ma.dgst", context=es.use())
        assert question is not None
        answer = serve(ma, es, question)
        if at == step:
            with pytest.raises((NotProven, BadInput, Conflict)):
                take_answer("ma.dgst", lie(answer, change), context=es.context)
        else:
            take_answer("ma.dgst", answer, context=es.context)
    assert restoring_peers() == {"ma.dgst"}
    story.settle()
    assert sorted(effects(es)) == before
    clean(es, ma)


def test_an_altered_statement_of_the_peer_is_set_aside_as_it_would_have_been(story: Story) -> None:
    es, ma = story.es, story.ma
    story.backup()
    both_ways(es, ma, 3)
    story.mirror()
    story.restore()
    for _ in range(5):
        question = next_question("ma.dgst", context=es.use())
        assert question is not None
        answer = serve(ma, es, question)
        if b"\x01\x04" in answer[:6]:
            answer = lie(answer, lambda page: in_item(page, 2, flipped))  # type: ignore[arg-type]
        take_answer("ma.dgst", answer, context=es.context)
    assert value("SELECT COUNT(*) FROM exchange_quarantine") == 1
    assert value("SELECT COUNT(*) FROM exchange_lane WHERE direction = %s", int(Direction.SENT)) == 3
    story.settle()
    clean(es, ma)
