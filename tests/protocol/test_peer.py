"""The simulated peer: two of them exchange everything the protocol has, and each of its lies is noticed."""

from __future__ import annotations

import itertools

import pytest

from peer import Dishonest, Lies, SimulatedPeer, introduce
from tansiq.errors import Error
from tansiq.protocol.envelope import Handover, Lane, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, verify_receipt
from tansiq.protocol.parcel import parse_parcel
from tansiq.protocol.parts import Part
from tansiq.protocol.wraps import open_own, parse_wrap


@pytest.fixture
def pair() -> tuple[SimulatedPeer, SimulatedPeer]:
    es, ma = introduce(SimulatedPeer("es.cgi"), SimulatedPeer("ma.dgst"))
    return es, ma


Pair = tuple[SimulatedPeer, SimulatedPeer]


def test_an_exchange_both_ways_leaves_both_with_receipts_witnesses_and_mirrors(pair: Pair) -> None:
    es, ma = pair
    parcel = es.parcel_with(es.say(parts=[Part("note", {0: "¿Lo conocen?"})], officer="4711"), es.say())
    for _ in range(3):
        parcel = ma.take(parcel)
        parcel = es.take(parcel)
    answer = es.take(ma.parcel_with(ma.say(parts=[Part("note", {0: "نعم"})])))
    ma.take(answer)
    es.take(ma.parcel_with())
    assert [len(peer.received) for peer in pair] == [1, 2]
    assert [len(peer.receipts) for peer in pair] == [2, 1]
    assert not any(received.fault for peer in pair for received in peer.received)
    assert ma.received[0].parts[0] == Part("note", {0: "¿Lo conocen?"})
    for one, other in itertools.permutations(pair):
        assert one.relation().mirror == other.relation().leaves
        assert one.relation().witnessed == len(one.relation().leaves) == 3
        assert not one.relation().pending


def test_receipts_are_those_of_rfc_9942(pair: Pair) -> None:
    es, ma = pair
    es.take(ma.take(es.parcel_with(*(es.say() for _ in range(5)))))
    times = {entry: time_ms for entry, _, time_ms in ma.relation().seen.values()}
    assert len(es.receipts) == len(times) == 5
    for (entry, time_ms), (digest, encoded) in zip(times.items(), es.receipts.items(), strict=True):
        assert parse_entry(entry).number in range(1, 6)
        leaf = exchange_leaf(Direction.RECEIVED, time_ms, digest)
        verify_receipt(encoded, leaf=leaf, root=es.receipt_roots[digest], key=ma.node_key.public)


def test_a_retry_is_in_effect_once(pair: Pair) -> None:
    es, ma = pair
    lost = ma.take(es.parcel_with(es.say()))
    es.take(ma.take(es.again()))
    es.take(lost)  # the answer that was lost arrives after all
    assert len(ma.received) == 1
    assert len(es.receipts) == 1
    assert len(es.relation().leaves) == 1


def test_lanes_count_apart_and_numbers_have_no_gap(pair: Pair) -> None:
    es, ma = pair
    for lane in (Lane.BULK, Lane.URGENT, Lane.BULK):
        ma.take(es.parcel_with(es.say(), es.say(), lane=lane))
    numbers = [(one.entry.lane, one.entry.number) for one in ma.received]
    assert numbers == [
        (Lane.BULK, 1),
        (Lane.BULK, 2),
        (Lane.URGENT, 1),
        (Lane.URGENT, 2),
        (Lane.BULK, 3),
        (Lane.BULK, 4),
    ]
    es.lies.skip_numbers = 2
    ma.take(es.parcel_with(es.say(), lane=Lane.BULK))
    assert ma.received[-1].entry.number == 7


def test_a_peer_that_can_not_be_called_is_pulled_from(pair: Pair) -> None:
    es, ma = pair
    ma.hold(*(ma.say() for _ in range(3)))
    answer = ma.take(es.parcel_with(want=2))
    assert len(answer.items) == 2
    ma.take(es.take(answer))
    assert len(es.received) == len(ma.receipts) == 2
    assert len(ma.relation().outbox) == 1


def test_a_relay_passes_on_a_statement_that_stays_its_originators() -> None:
    es, hub, ma = introduce(SimulatedPeer("es.cgi"), SimulatedPeer("int.hub"), SimulatedPeer("ma.dgst"))
    made = es.say(docket=es.docket(to=["int.hub/desk", "ma.dgst/desk"]))
    hub.know(es.directory)
    hub.take(es.parcel_with(made, to="int.hub"))
    passed = hub.received[0]
    assert passed.statement is not None
    handover = Handover("int.hub/desk", hub.clock(), hub.clock())
    wraps = {made.statement.digest: es.wraps(made, "ma.dgst")}
    ma.take(hub.parcel_with(made, to="ma.dgst", wraps=wraps, handovers=[handover]))
    received = ma.received[0]
    assert received.fault == ""
    assert received.statement is not None
    assert (received.statement.agency, received.entry.sender) == ("es.cgi", "int.hub")
    assert received.entry.handovers == (handover,)


def test_the_word_of_an_agency_that_nobody_introduced_is_taken_and_not_believed() -> None:
    es, hub, ma = SimulatedPeer("es.cgi"), SimulatedPeer("int.hub"), SimulatedPeer("ma.dgst")
    introduce(es, hub)
    introduce(hub, ma)
    made = es.say()
    hub.take(es.parcel_with(made))
    answer = ma.take(hub.parcel_with(made, to="ma.dgst", wraps={made.statement.digest: []}))
    assert [fault.code for fault in answer.faults] == ["stranger"]
    assert len(answer.receipts[0].indices) == 1


def test_a_sender_opens_its_own_copy(pair: Pair) -> None:
    es, _ = pair
    made = es.say()
    item = es.parcel_with(made).items[0]
    own = parse_wrap(item.wraps[-1])
    secrets = {es.own.identifier: es.own}
    assert open_own(own, secrets_by_id=secrets, statement_digest=made.statement.digest) == made.keys


def test_two_runs_say_the_same_things() -> None:
    once, twice = (SimulatedPeer("es.cgi", addresses=["https://es.example"]) for _ in range(2))
    assert once.directory.encoded == twice.directory.encoded
    assert once.say().statement.id == twice.say().statement.id
    assert not once.directory.pulls
    assert SimulatedPeer("ma.dgst").identity.identifier != once.identity.identifier


def test_garbage_is_answered_on_demand(pair: Pair) -> None:
    es, ma = pair
    data = es.parcel_with(es.say()).to_bytes()
    assert parse_parcel(ma.answer(data)).receipts
    ma.lies.garbage = b"\x00garbage"
    assert ma.answer(data) == b"\x00garbage"
    assert ma.answer(b"whatever") == b"\x00garbage"


def test_the_door_tells_strangers_others_and_the_past_apart(pair: Pair) -> None:
    es, ma = pair
    fr = SimulatedPeer("fr.dgsi")
    fr.meet(ma.directory)
    with pytest.raises(Dishonest, match="stranger"):
        ma.take(fr.parcel_with())
    fr.meet(es.directory)
    with pytest.raises(Dishonest, match="not-for-us"):
        ma.take(fr.parcel_with(to="es.cgi"))
    es.relation().epoch = 2
    ma.take(es.parcel_with(es.say()))
    es.relation().epoch = 1
    with pytest.raises(Dishonest, match="old-epoch"):
        ma.take(es.parcel_with())


NOTICED_BY_THE_RECEIVER = {
    "sign_wrongly", "reorder", "readdress", "number_twice", "other_contents", "drop_wraps", "fork", "hide_leaves",
    "witness_another_root",
}  # fmt: skip


@pytest.mark.parametrize("lie", sorted(NOTICED_BY_THE_RECEIVER))
def test_every_lie_of_a_sender_is_noticed(lie: str, pair: Pair) -> None:
    es, ma = pair
    es.take(ma.take(es.parcel_with(es.say(), es.say())))
    setattr(es.lies, lie, True)
    parcel = es.parcel_with(es.say(), es.say())
    noticed = ""
    try:
        answer = ma.take(parcel)
    except Error as error:
        noticed = error.code
    except Dishonest as error:
        noticed = error.what
    else:
        noticed = answer.faults[0].code if answer.faults else ""
    assert noticed, f"nobody noticed {lie}"


def test_the_table_of_lies_is_whole() -> None:
    told = {"roll_back", "skip_numbers", "withhold_receipts", "receipts_for_another", "garbage"}
    assert set(Lies.__slots__) == NOTICED_BY_THE_RECEIVER | told
