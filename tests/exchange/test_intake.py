"""What arrives is kept once and proven, or refused whole; whatever the peer's lies, nothing is half-done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from peer import Lies, SimulatedPeer, altered, seeded
from support.room import Room
from tansiq.errors import BadInput, Error, NotProven, Refused, TooMuch
from tansiq.exchange.intake import require_confirmed
from tansiq.exchange.queries import gaps
from tansiq.journal.queries import state_of
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.envelope import Lane, make_batch_head
from tansiq.protocol.heads import Direction, exchange_leaf
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_EPOCH
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Parcel
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def refused(room: Room, parcel: Parcel) -> str:
    """The code with which a parcel is refused; nothing has changed then."""
    before = room.state()
    with pytest.raises(Error) as caught:
        room.hear(parcel)
    assert room.state() == before, "something was left of what was refused"
    return caught.value.code


# ---------------------------------------------------------------------------------------------------- honest


def test_an_honest_exchange_is_receipted_journalled_witnessed_and_in_effect_in_order(
    room: Room, ma: SimulatedPeer
) -> None:
    room.tell(ma, "uno", "dos", "tres")
    room.tell(ma, "cuatro")
    assert len(ma.receipts) == 4
    room.work()
    assert room.words() == ["uno", "dos", "tres", "cuatro"]
    ma.take(room.hear(ma.parcel_with()))
    journal = state_of("ma.dgst")
    assert journal is not None
    assert (journal.size, journal.mirrored) == (4, 4)
    room.hear(ma.parcel_with())
    journal = state_of("ma.dgst")
    assert journal is not None
    assert journal.cosigned
    assert ma.relation().witnessed == 4
    assert [leaf_hash(leaf) for leaf in leaves_of(room)] == ma.relation().mirror


def leaves_of(room: Room) -> list[bytes]:
    rows = room.rows("SELECT entry, at_ms FROM exchange_received ORDER BY leaf")
    return [exchange_leaf(Direction.RECEIVED, at_ms, hashlib.sha256(entry).digest()) for entry, at_ms in rows]


def test_the_same_batch_again_gets_the_same_receipts_and_changes_nothing(room: Room, ma: SimulatedPeer) -> None:
    room.hear(ma.parcel_with(room.said(ma, "uno"), room.said(ma, "dos")))  # the answer is lost
    room.work()
    kept = room.rows("SELECT * FROM exchange_received ORDER BY number")
    room.node.context.clock.advance(hours=3)  # type: ignore[attr-defined]
    answers = [room.hear(ma.again()) for _ in range(3)]
    assert {answer.receipts for answer in answers} == {answers[0].receipts}
    assert room.rows("SELECT * FROM exchange_received ORDER BY number") == kept
    assert room.work() == 0
    assert room.words() == ["uno", "dos"]
    ma.take(answers[0])
    assert len(ma.receipts) == 2


def test_a_batch_that_is_partly_known_brings_only_what_is_new(room: Room, ma: SimulatedPeer) -> None:
    """As after a restore: the same entries, signed in other batches."""
    first = ma.parcel_with(room.said(ma, "uno"))
    second = ma.parcel_with(room.said(ma, "dos"))
    room.hear(first)
    items = (*first.items, *second.items)
    both = make_batch_head(
        sender=ma.agency,
        receiver=room.agency,
        epoch=1,
        time_ms=ma.clock(),
        entries=[item.entry for item in items],
        signer=ma.node_key,
    )
    answer = room.hear(replace(second, batch=both.encoded, items=items))
    assert answer.receipts[0].indices == (0, 1)
    room.work()
    assert room.words() == ["uno", "dos"]


def test_lanes_and_gaps(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "bulky", lane=Lane.BULK)
    room.tell(ma, "urgent", lane=Lane.URGENT)
    assert gaps("ma.dgst") == []
    ma.lies.skip_numbers = 2
    room.tell(ma, "after a gap", lane=Lane.BULK)
    assert gaps("ma.dgst") == [(1, int(Lane.BULK), 2)]
    room.work()
    assert room.words() == ["urgent", "bulky", "after a gap"]


# ---------------------------------------------------------------------------------------------------- refused whole


def test_a_number_used_twice_for_something_else_is_refused(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    ma.lies.number_twice = True
    assert refused(room, ma.parcel_with(room.said(ma, "otro"))) == "exchange.number-used-twice"


def test_a_number_used_twice_in_one_batch_is_refused(room: Room, ma: SimulatedPeer) -> None:
    item = ma.parcel_with(room.said(ma, "uno")).items[0]
    head = make_batch_head(
        sender=ma.agency,
        receiver=room.agency,
        epoch=1,
        time_ms=ma.clock(),
        entries=[item.entry] * 2,
        signer=ma.node_key,
    )
    parcel = replace(ma.parcel_with(), batch=head.encoded, items=(item, item))
    assert refused(room, parcel) == "exchange.number-used-twice"


def take_back(peer: SimulatedPeer, count: int) -> None:
    """Lets the peer forget its last batch, as if it had never been."""
    relation = peer.relation()
    del relation.leaves[len(relation.leaves) - count :]
    relation.pending.popitem()
    relation.numbers[Lane.NORMAL] -= count


LIES_THAT_REFUSE_ALL = {
    "sign_wrongly": "protocol.wrong-signature",
    "reorder": "protocol.other-batch",
    "readdress": "exchange.not-for-us",
    "roll_back": "journal.rolled-back",
    "fork": "journal.forked",
    "hide_leaves": "journal.forked",
    "witness_another_root": "protocol.wrong-signature",
}


@pytest.mark.parametrize(("lie", "code"), LIES_THAT_REFUSE_ALL.items(), ids=LIES_THAT_REFUSE_ALL)
def test_a_lie_about_the_whole_is_refused_whole(room: Room, ma: SimulatedPeer, lie: str, code: str) -> None:
    room.tell(ma, "uno", "dos")
    room.tell(ma, "tres")
    setattr(ma.lies, lie, True)
    if lie == "roll_back":
        ma.lies.roll_back = 3
    parcel = ma.parcel_with(room.said(ma, "cuatro"), room.said(ma, "cinco"))
    assert refused(room, parcel) == code
    ma.lies = Lies()
    take_back(ma, 2)
    room.tell(ma, "cuatro", "cinco")
    room.work()
    assert room.words() == ["uno", "dos", "tres", "cuatro", "cinco"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda parcel: replace(parcel, receiver="fr.dgsi"), "exchange.not-for-us"),
        (lambda parcel: replace(parcel, items=parcel.items[:1]), "protocol.other-batch"),
        (lambda parcel: replace(parcel, items=(*parcel.items, parcel.items[0])), "protocol.other-batch"),
        (lambda parcel: replace(parcel, batch=altered(parcel.batch, payload=lambda head: head | {6: 1})), "protocol.wrong-signature"),
        (lambda parcel: replace(parcel, epoch=MAX_EPOCH + 1), "exchange.epoch-too-large"),
    ],
    ids=["for somebody else", "an item less", "an item more", "head altered", "an absurd epoch"],
)  # fmt: skip
def test_an_altered_parcel_is_refused_whole(
    room: Room, ma: SimulatedPeer, change: Callable[[Parcel], Parcel], code: str
) -> None:
    parcel = ma.parcel_with(room.said(ma, "uno"), room.said(ma, "dos"))
    assert refused(room, change(parcel)) == code


def test_items_without_a_signed_head_are_refused(room: Room, ma: SimulatedPeer) -> None:
    fields = decode(ma.parcel_with(room.said(ma, "uno")).to_bytes())
    fields[8] = b""
    with pytest.raises(BadInput, match="items-without-batch"):
        room.door._parcel("ma.dgst", encode(fields))


def test_a_batch_for_another_node_is_refused_although_its_signature_holds(room: Room, ma: SimulatedPeer) -> None:
    fr = SimulatedPeer("fr.dgsi", clock=ma.clock)
    ma.meet(fr.directory)
    made = ma.say(docket=ma.docket(to=["fr.dgsi/desk"]))
    stolen = ma.parcel_with(made, to="fr.dgsi")
    parcel = replace(ma.parcel_with(), batch=stolen.batch, items=stolen.items)
    assert refused(room, parcel) == "exchange.not-for-us"


def test_an_old_epoch_is_refused_and_a_new_one_goes_on(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "before")
    old = ma.parcel_with(room.said(ma, "lost with the backup"))
    take_back(ma, 1)
    ma.relation().epoch = 2
    ma.relation().numbers = dict.fromkeys(Lane, 1)
    room.tell(ma, "after")
    assert refused(room, old) == "exchange.old-epoch"
    room.work()
    assert room.words() == ["before", "after"]


def test_a_journal_that_grows_under_an_epoch_that_was_ended_is_refused(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    ma.relation().epoch = 2
    room.tell(ma, "dos")
    ma.relation().epoch = 1
    parcel = replace(ma.parcel_with(room.said(ma, "tres")), epoch=2)
    assert refused(room, parcel) == "journal.forked"


def test_an_older_head_that_is_true_is_accepted_for_parcels_overtake_one_another(room: Room, ma: SimulatedPeer) -> None:
    early = ma.parcel_with(room.said(ma, "early"), lane=Lane.BULK)
    late = ma.parcel_with(room.said(ma, "late"), lane=Lane.URGENT)
    room.hear(late)
    room.hear(early)
    room.work()
    assert sorted(room.words()) == ["early", "late"]
    journal = state_of("ma.dgst")
    assert journal is not None
    assert journal.mirrored == 2


def test_an_older_witness_that_a_later_one_overtook_is_accepted(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    older = ma.parcel_with()
    room.tell(ma, "dos")
    ma.take(room.hear(ma.parcel_with()))
    room.hear(ma.parcel_with())
    room.hear(replace(ma.parcel_with(), witness=older.witness))
    journal = state_of("ma.dgst")
    assert journal is not None
    assert journal.cosigned


def test_a_witness_of_a_size_that_we_never_had_is_refused(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    ma.relation().mirror.append(seeded("a leaf that never was"))
    parcel = ma.parcel_with()
    assert refused(room, parcel) == "journal.other-witness"


def test_garbage_is_refused_with_a_code(room: Room, ma: SimulatedPeer) -> None:
    whole = ma.parcel_with(room.said(ma, "uno")).to_bytes()
    before = room.state()
    for garbage in (b"", b"\x00", b"{}", whole[:-1], whole[1:], whole + b"\x00", b"\x81" * 4000, seeded("noise", 5000)):
        with pytest.raises((BadInput, TooMuch)):
            room.door._parcel("ma.dgst", garbage)
    assert room.state() == before


# ---------------------------------------------------------------------------------------------------- kept, but set aside


def wrong_key(room: Room, peer: SimulatedPeer) -> object:
    return peer.say(docket=peer.docket(to=[room.node.post()]), signer=SigningKey(seeded("a thief")))


def other_agency(room: Room, peer: SimulatedPeer) -> object:
    return peer.say(docket=peer.docket(to=[room.node.post()]), agency=room.agency)


def unknown_agency(room: Room, peer: SimulatedPeer) -> object:
    return peer.say(docket=peer.docket(to=[room.node.post()]), agency="fr.dgsi")


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (wrong_key, "exchange.unknown-key"),
        (other_agency, "exchange.unknown-key"),
        (unknown_agency, "directory.unknown-agency"),
    ],
    ids=["key that nobody certified", "our own word, forged", "word of an agency that we do not know"],
)
def test_a_forged_statement_is_receipted_journalled_set_aside_and_its_sender_told(
    room: Room, ma: SimulatedPeer, forge: Callable[[Room, SimulatedPeer], object], code: str
) -> None:
    parcel = ma.parcel_with(room.said(ma, "before"), forge(room, ma), room.said(ma, "after"))  # type: ignore[arg-type]
    answer = room.hear(parcel)
    assert [fault.code for fault in answer.faults] == [code]
    ma.take(answer)
    assert len(ma.receipts) == 3
    assert [fault.code for fault in ma.reported] == [code]
    journal = state_of("ma.dgst")
    assert journal is not None
    assert journal.size == 3
    room.work()
    assert room.words() == ["before", "after"]
    assert room.faults() == [code]


@pytest.mark.parametrize(
    ("lie", "code"), [("other_contents", "protocol.other-docket"), ("drop_wraps", "protocol.other-wraps")]
)
def test_contents_that_are_not_what_was_signed_are_set_aside(
    room: Room, ma: SimulatedPeer, lie: str, code: str
) -> None:
    setattr(ma.lies, lie, True)
    answer = room.tell(ma, "uno")
    assert [fault.code for fault in answer.faults] == [code]
    assert room.faults() == [code]
    assert len(ma.receipts) == 1


def test_faults_are_told_again_when_the_first_answer_was_lost(room: Room, ma: SimulatedPeer) -> None:
    ma.lies.drop_wraps = True
    lost = room.hear(ma.parcel_with(room.said(ma, "uno")))
    again = room.hear(ma.again())
    assert again.faults == lost.faults != ()


def test_one_identifier_for_two_statements_is_set_aside_also_within_one_batch(room: Room, ma: SimulatedPeer) -> None:
    first = room.said(ma, "uno")
    docket = ma.docket(to=[room.node.post()])
    second, third = (
        ma.say(docket=docket, parts=[Part("note", {0: word})], statement_id=first.statement.id)
        for word in ("dos", "tres")
    )
    room.hear(ma.parcel_with(first, second))
    room.hear(ma.parcel_with(third))
    room.work()
    assert room.words() == ["uno"]
    assert room.faults() == ["exchange.id-used-twice"] * 2


def test_a_statement_that_comes_twice_under_two_numbers_is_in_effect_once(room: Room, ma: SimulatedPeer) -> None:
    made = room.said(ma, "uno")
    room.hear(ma.parcel_with(made))
    room.hear(ma.parcel_with(made, made))
    room.work()
    room.hear(ma.parcel_with(made))
    room.work()
    assert room.words() == ["uno"]
    assert room.counts(ma).received == 4


def test_our_own_statement_that_comes_back_is_kept_and_has_no_effect(room: Room, ma: SimulatedPeer) -> None:
    own = room.say(ma, "ours")
    parcel = room.push(ma)
    item = parcel.items[0]
    assert item.statement == own.encoded
    before = room.words()
    made = ma.received[0].statement
    assert made is not None
    assert room.work() == 0
    assert room.words() == before == []


# ---------------------------------------------------------------------------------------------------- who may speak


def test_a_stranger_and_an_unconfirmed_partner_are_refused_both_ways(room: Room) -> None:
    fr = room.befriend(SimulatedPeer("fr.dgsi", clock=room.context.clock), confirm=False)
    with pytest.raises(Refused, match="unconfirmed"):
        require_confirmed("fr.dgsi")
    with pytest.raises(Error, match="unknown-agency"):
        require_confirmed("pt.pj")
    before = room.state()
    with pytest.raises(Refused, match="unconfirmed"):
        room.say(fr, "too early")
    assert room.state() == before


def test_a_revoked_node_key_is_believed_no_longer_from_when_it_was_revoked(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "before the theft")
    now_ms = room.context.clock()
    thief = SimulatedPeer("ma.dgst", clock=ma.clock)
    thief._relations, thief._known, thief._said = ma._relations, ma._known, ma._said
    ma.rotate_node_key()
    ma.revoke(thief.node_key.public, from_ms=now_ms + 60_000)
    room.learn(ma.directory)
    room.tell(ma, "by the new key")
    room.hear(thief.parcel_with(room.said(thief, "by the old key, in time")))
    room.node.context.clock.advance(minutes=1)  # type: ignore[attr-defined]
    before = room.state()
    with pytest.raises(NotProven, match="key-not-believed"):
        room.hear(thief.parcel_with(room.said(thief, "by the thief")))
    backdated = ma.say(docket=ma.docket(to=[room.node.post()]), signer=thief.node_key)
    assert room.state() == before
    take_back(ma, 1)
    ma.take(room.hear(ma.parcel_with(backdated)))
    assert [fault.code for fault in ma.reported] == ["exchange.key-not-believed"]
    room.work()
    assert room.words() == ["before the theft", "by the new key", "by the old key, in time"]


def test_what_was_signed_before_a_key_ended_in_good_order_is_believed_a_year_later(
    room: Room, ma: SimulatedPeer
) -> None:
    """A courier's file takes its time."""
    made = room.said(ma, "a year ago")
    old = ma.node_key
    ma.rotate_node_key()
    until_ms = ma.clock() + 1_000
    keys = [
        replace(key, until_ms=until_ms) if key.key.identifier == old.identifier else key for key in ma.directory.keys
    ]
    ma.publish(keys=tuple(keys))
    room.learn(ma.directory)
    room.node.context.clock.advance(days=365)  # type: ignore[attr-defined]
    answer = room.hear(ma.parcel_with(made))
    assert answer.faults == ()
    room.work()
    assert room.words() == ["a year ago"]
