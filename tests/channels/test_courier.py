"""What is carried by hand: the same bytes under the same numbers, receipts back the same way, nothing twice, nothing lost."""

from __future__ import annotations

import pytest

from support.hand import frames, joined, made, taken
from support.node import Clock, carry, deliver
from support.notes_said import Notes, matter_of, rows
from tansiq.channels.passing import by_hand
from tansiq.channels.queries import waiting
from tansiq.directory.queries import current_directory
from tansiq.directory.services import take_directory
from tansiq.errors import Error, NotProven
from tansiq.exchange import parcels
from tansiq.exchange.carried import courier_files
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.peers import peer_state
from tansiq.exchange.queries import counts, gaps, witness_debt
from tansiq.exchange.release import next_batch
from tansiq.exchange.service import node_key
from tansiq.node.fsck import fsck
from tansiq.node.rotation import revoke_key, rotate_node_keys
from tansiq.protocol.courier import HEADER_SIZE, Frame, Heading, Sort, make_header, seal_frame
from tansiq.protocol.envelope import Lane

pytestmark = pytest.mark.storage
LANES = tuple(Lane)


def both(notes: Notes) -> None:
    """A file there and a file back."""
    taken(notes.ma, made(notes.es, "ma.dgst"))
    taken(notes.es, made(notes.ma, "es.cgi"))


def test_a_file_brings_what_waits_and_the_receipts_come_back_the_same_way(notes: Notes) -> None:
    for number in range(5):
        notes.say(str(number), matter="a")
    notes.say("urgent", lane=Lane.URGENT)
    took = taken(notes.ma, made(notes.es, "ma.dgst"))
    assert (took[0].sort, took[-1].sort, took[-1].last) == (Sort.HEADING, Sort.END, True)
    assert sum(one.new for one in took) == 6
    assert notes.heard() == ["urgent", "0", "1", "2", "3", "4"]
    notes.es.use()
    assert counts("ma.dgst").pending == 6
    back = taken(notes.es, made(notes.ma, "es.cgi"))
    assert sum(one.receipts for one in back) == 6
    assert (counts("ma.dgst").pending, counts("ma.dgst").receipts) == (0, 6)
    assert rows("SELECT COUNT(*) FROM exchange_reported") == [(0,)]


def test_the_same_file_twice_changes_nothing(notes: Notes) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    assert sum(one.new for one in taken(notes.ma, file)) == 1
    assert sum(one.new for one in taken(notes.ma, file)) == 0
    assert notes.heard() == ["uno"]
    assert len(courier_files()) == 1


def test_it_is_the_very_batch_that_the_network_brings(notes: Notes) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    batch = next_batch("ma.dgst", LANES, context=notes.es.context)
    assert batch is not None
    parcel = make_parcel("ma.dgst", context=notes.es.context, batch=batch)
    deliver(parcel, notes.ma)
    assert sum(one.new for one in taken(notes.ma, file)) == 0
    assert notes.heard() == ["uno"]
    notes.carry()
    assert notes.heard() == ["uno"]


def test_files_may_arrive_in_any_order(notes: Notes) -> None:
    notes.say("1", matter="a")
    first = made(notes.es, "ma.dgst")
    notes.say("2", matter="a")
    second = made(notes.es, "ma.dgst")
    only_second = joined(second, list(frames(second)))
    taken(notes.ma, only_second)
    assert notes.heard() == ["1", "2"]  # the first had no receipt yet, so the second file holds it too
    taken(notes.ma, first)
    assert notes.heard() == ["1", "2"]


def test_what_is_held_goes_by_courier_only_where_somebody_chose_it(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("chosen", matter="a")
    notes.say("waits", matter="b")
    notes.say("free", channel="direct")
    by_hand(matter_of("a"), officer=notes.es.officer("ES-4017"), context=notes.es.context)
    taken(notes.ma, made(notes.es, "ma.dgst"))
    assert sorted(notes.heard()) == ["chosen", "free"]
    notes.es.use()
    assert [row.matter for row in waiting()] == [matter_of("b")]
    assert rows("SELECT how FROM channels_wait ORDER BY how") == [("",), ("courier",)]


def test_what_went_by_courier_does_not_go_by_the_network_while_its_channel_is_suspended(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("1", matter="a")
    by_hand(matter_of("a"), officer=notes.es.officer("ES-4017"), context=notes.es.context)
    lost = made(notes.es, "ma.dgst")
    assert lost
    notes.say("other way", channel="direct")
    notes.carry()
    assert notes.heard() == ["other way"]
    assert [number for *_, number in gaps("es.cgi")] == [1]  # on its way by hand: that it is missing is seen
    notes.set_state("open")
    notes.carry()
    assert notes.heard() == ["other way", "1"]
    assert gaps("es.cgi") == []
    taken(notes.ma, lost)
    assert notes.heard() == ["other way", "1"]


def test_a_lost_file_is_made_again(notes: Notes) -> None:
    notes.say("uno")
    made(notes.es, "ma.dgst")
    taken(notes.ma, made(notes.es, "ma.dgst"))
    assert notes.heard() == ["uno"]


def test_receipts_that_were_lost_on_the_way_go_again_until_the_file_with_them_was_heard_of(notes: Notes) -> None:
    notes.say("uno")
    taken(notes.ma, made(notes.es, "ma.dgst"))
    made(notes.ma, "es.cgi")  # lost
    taken(notes.es, made(notes.ma, "es.cgi"))
    assert counts("ma.dgst").pending == 0
    notes.ma.use()
    assert rows("SELECT COUNT(*) FROM exchange_owed") == [(1,)]
    taken(notes.ma, made(notes.es, "ma.dgst"))
    assert rows("SELECT COUNT(*) FROM exchange_owed") == [(0,)]
    assert [one.heard_ms is not None for one in courier_files("es.cgi") if one.direction == 1].count(True) == 1


def test_a_file_tells_a_journal_of_any_length_and_its_receipts_come_after_that(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many statements in one file as a parcel may carry leaves: the receipts for them lie beyond the first news."""
    monkeypatch.setattr(parcels, "MAX_LEAVES", 4)
    for number in range(11):
        notes.say(str(number))
    taken(notes.ma, made(notes.es, "ma.dgst"))
    assert len(notes.heard()) == 11
    lost = made(notes.ma, "es.cgi")
    assert lost
    assert rows("SELECT COUNT(*) FROM exchange_owed WHERE file IS NULL") == [(0,)]
    file = made(notes.ma, "es.cgi")
    back = taken(notes.es, file)
    assert [one.receipts for one in back if one.sort == Sort.PARCEL] == [0, 0, 11]
    assert (counts("ma.dgst").pending, counts("ma.dgst").receipts) == (0, 11)
    assert sum(one.receipts for one in taken(notes.es, file)) == 11, "the same file again harms nothing"
    for _ in range(2):
        both(notes)
    for node, peer in ((notes.es, "ma.dgst"), (notes.ma, "es.cgi")):
        node.use()
        size, witnessed, _ = witness_debt(peer)
        assert size == witnessed == 11
        assert fsck(node.context).clean


def test_a_file_of_a_year_ago_from_keys_that_have_ended_since(notes: Notes, clock: Clock) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    for _ in range(2):
        clock.advance(days=180)
        documents = []
        for node in (notes.es, notes.ma):
            context = node.use()
            documents.append(rotate_node_keys(context.keys, identity=node.identity, now_ms=context.clock()).encoded)
        clock.advance(days=10)
        for node, document in zip((notes.ma, notes.es), documents, strict=True):
            node.reopen()
            take_directory(document, now_ms=clock.now_ms)
    assert sum(one.new for one in taken(notes.ma, file)) == 1
    assert notes.heard() == ["uno"]
    assert peer_state("es.cgi").skew_ms == 0
    taken(notes.es, made(notes.ma, "es.cgi"))
    assert (counts("ma.dgst").pending, counts("ma.dgst").receipts) == (0, 1)


def test_an_old_file_first(notes: Notes, clock: Clock) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    clock.advance(days=300)
    taken(notes.ma, file)
    assert notes.heard() == ["uno"]
    assert peer_state("es.cgi").heard_ms == 0
    back = made(notes.ma, "es.cgi")
    clock.advance(days=60)
    taken(notes.es, back)
    assert counts("ma.dgst").pending == 0


def test_both_sides_stay_sound(notes: Notes) -> None:
    notes.say("uno", matter="a")
    notes.say("back", node=notes.ma, matter="b")
    both(notes)
    notes.say("dos", matter="a")
    notes.set_state("suspended")
    notes.say("tres", matter="a")
    by_hand(matter_of("a"), officer=notes.es.officer("ES-4017"), context=notes.es.context)
    both(notes)
    notes.set_state("open")
    carry(notes.es, notes.ma)
    assert notes.heard() == ["uno", "dos", "tres"]
    assert notes.heard(notes.es) == ["back"]
    for node in (notes.es, notes.ma):
        context = node.use()
        assert fsck(context).findings == ()


# ---------------------------------------------------------------------------------------------------- hostile files


@pytest.fixture
def file(notes: Notes) -> bytes:
    notes.say("uno")
    notes.say("urgent", lane=Lane.URGENT)
    return made(notes.es, "ma.dgst")


def refused(notes: Notes, file: bytes) -> str:
    """The code with which Rabat refuses a file."""
    with pytest.raises(Error) as found:
        taken(notes.ma, file)
    return found.value.code


def test_a_file_for_somebody_else_is_not_ours(notes: Notes, file: bytes) -> None:
    with pytest.raises(Error) as found:
        taken(notes.es, file)
    assert found.value.code == "courier.other-node"


def test_what_is_no_courier_file(notes: Notes, file: bytes) -> None:
    assert refused(notes, b"%PDF-1.7" + file[8:]) == "courier.no-courier-file"
    suite = file[:17] + b"\x09" + file[18:]
    assert refused(notes, suite) == "protocol.unknown-suite"


@pytest.mark.parametrize("place", [0, 1, 2, -1])
def test_a_frame_that_was_altered(notes: Notes, file: bytes, place: int) -> None:
    sealed = list(frames(file))
    sealed[place] = sealed[place][:-1] + bytes([sealed[place][-1] ^ 1])
    assert refused(notes, joined(file, sealed)) == "courier.not-opened"


def test_a_frame_that_is_left_out_moved_or_from_another_file(notes: Notes, file: bytes) -> None:
    sealed = list(frames(file))
    assert refused(notes, joined(file, [sealed[0], *sealed[2:]])) == "courier.not-opened"
    assert refused(notes, joined(file, [sealed[0], sealed[2], sealed[1], *sealed[3:]])) == "courier.not-opened"
    other = list(frames(made(notes.es, "ma.dgst")))
    assert refused(notes, joined(file, [sealed[0], other[1], *sealed[2:]])) == "courier.not-opened"


def test_a_file_that_is_cut_off_has_done_what_it_says_and_a_whole_one_does_the_rest(notes: Notes, file: bytes) -> None:
    sealed = list(frames(file))
    took = taken(notes.ma, joined(file, sealed[:2]))
    assert not took[-1].last
    assert notes.heard() == ["urgent"]
    assert [one.whole for one in courier_files()] == [False]
    taken(notes.ma, file)
    assert notes.heard() == ["urgent", "uno"]
    assert [one.whole for one in courier_files()] == [True]


def test_a_thief_with_a_revoked_key_brings_nothing(notes: Notes, file: bytes) -> None:
    context = notes.es.use()
    identity, now_ms = notes.es.identity, context.clock()
    newest = revoke_key(
        context.signer.identifier, identity=identity, reason="stolen", from_ms=now_ms, now_ms=now_ms
    ).encoded
    notes.ma.use()
    take_directory(newest, now_ms=notes.ma.context.clock())
    assert refused(notes, file) == "exchange.key-not-believed"
    assert notes.heard() == []


def test_a_file_in_the_name_of_another(notes: Notes) -> None:
    """Rabat's node seals a file to itself and signs it as if Madrid had: the key tells."""
    context = notes.ma.use()
    key = node_key("ma.dgst", now_ms=context.clock())
    header = make_header(bytes(16), key)
    heading = Heading(current_directory("es.cgi").encoded, ())
    frame = Frame(
        sender="es.cgi", receiver="ma.dgst", file=bytes(16), number=0, made_ms=context.clock(), sort=Sort.HEADING,
        content=heading.to_bytes(),
    )  # fmt: skip
    with pytest.raises(NotProven):
        taken(notes.ma, header.to_bytes() + seal_frame(frame, reader=key, signer=context.signer))


def test_nothing_in_a_file_can_be_read_without_the_key(notes: Notes, file: bytes) -> None:
    for word in (b"es.cgi", b"ma.dgst", b"counter-terrorism", b"heading", b"parcel"):
        assert word not in file
    assert len(file) > HEADER_SIZE
