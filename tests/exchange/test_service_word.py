"""What a node says of itself counts from itself alone, in its form, and takes effect for good: keys, epochs, backups."""

from __future__ import annotations

import pytest

from peer import SimulatedPeer
from support.node import Nodes, carry
from support.room import Room
from tansiq.directory.queries import current_directory
from tansiq.errors import Error
from tansiq.exchange.kept import Coverage
from tansiq.exchange.lanes import received_lanes
from tansiq.exchange.queries import gaps, quarantined
from tansiq.exchange.service import announce, tell_directory
from tansiq.node.rotation import rotate_node_keys
from tansiq.protocol.directory import Directory, Use
from tansiq.protocol.envelope import Lane
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.parts import Part
from tansiq.protocol.wraps import seal_wrap

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def tells(room: Room, peer: SimulatedPeer, part: Part, *, by: SimulatedPeer | None = None) -> None:
    """``peer`` tells our node something, by a relay if one is given, and it is dispatched."""
    carrier, node = by or peer, f"{room.agency}/node"
    made = peer.say(docket=peer.docket(to=[node], kind=part.kind, channel="service"), parts=[part])
    (key,) = room.context.directory.current(Use.NODE_OPENS, room.agency, room.context.clock())
    wrap = seal_wrap(made.keys, reader=PublicSealingKey(key.public), statement_digest=made.statement.digest)
    wraps = {made.statement.digest: [wrap]}
    carrier.take(room.hear(carrier.parcel_with(made, to=room.agency, lane=Lane.URGENT, wraps=wraps)))
    room.work()


def document(directory: Directory) -> Part:
    return Part("service.directory", {0: directory.encoded})


# ------------------------------------------------------------------------------------------------ keys


def test_a_new_key_is_believed_from_the_moment_its_document_is_taken(room: Room, ma: SimulatedPeer) -> None:
    old = ma.node_key
    following = ma.rotate_node_key()
    new, ma.node_key = ma.node_key, old
    tells(room, ma, document(following))
    assert room.faults() == []
    ma.node_key = new
    room.tell(ma, "by the new key")
    room.work()
    assert room.words() == ["by the new key"]


def test_a_revocation_that_came_by_itself_stops_the_thief(room: Room, ma: SimulatedPeer) -> None:
    stolen = ma.node_key
    ma.rotate_node_key()
    new = ma.node_key
    following = ma.revoke(stolen.public, from_ms=room.context.clock() + 1)
    ma.node_key = stolen
    tells(room, ma, document(following))
    assert room.faults() == []
    room.node.context.clock.advance(ms=1)  # type: ignore[attr-defined]
    before, numbers, leaves = room.state(), dict(ma.relation().numbers), list(ma.relation().leaves)
    with pytest.raises(Error, match="key-not-believed"):
        room.hear(ma.parcel_with(room.said(ma, "by the thief")))
    assert room.state() == before
    ma.node_key, ma.relation().numbers, ma.relation().leaves = new, numbers, leaves
    ma.relation().pending.clear()
    room.tell(ma, "by its owner")
    room.work()
    assert room.words() == ["by its owner"]


def test_a_document_may_come_by_another_for_its_own_identity_signed_it(room: Room, ma: SimulatedPeer) -> None:
    fr = room.peer("fr.dgsi")
    old = fr.node_key
    following = fr.rotate_node_key()
    fr.node_key = old
    tells(room, fr, document(following), by=ma)
    assert room.faults() == []
    assert current_directory("fr.dgsi").number == 2


def test_after_a_rotation_both_nodes_go_on(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    context = es.use()
    following = rotate_node_keys(context.keys, identity=es.identity, now_ms=context.clock() + 60_000)
    assert tell_directory(context=context) == 1
    carry(es, ma)
    ma.use()
    assert current_directory("es.cgi").encoded == following.encoded
    context.clock.advance(minutes=2)  # type: ignore[attr-defined]
    es.use()
    fresh = es.reopen()
    assert fresh.signer.identifier != context.signer.identifier
    announce("ma.dgst", document(fresh.directory), context=fresh)
    carry(es, ma)
    for one in (es, ma):
        one.use()
        assert quarantined() == []


# ------------------------------------------------------------------------------------------------ epochs and backups


def test_numbers_that_a_restored_peer_lost_are_waited_for_no_longer(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    ma.lies.skip_numbers = 3
    room.tell(ma, "cinco")
    ma.lies.skip_numbers = 0
    assert gaps("ma.dgst") == [(1, int(Lane.NORMAL), 2)]
    tells(room, ma, Part("service.epoch", {3: [[1, int(Lane.NORMAL), 5, [[2, 4]]]]}))
    assert room.faults() == []
    assert gaps("ma.dgst") == []
    assert (1, int(Lane.NORMAL), 6) in received_lanes("ma.dgst")


def test_lost_numbers_that_are_not_next_close_no_gap(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    ma.lies.skip_numbers = 3
    room.tell(ma, "cinco")
    ma.lies.skip_numbers = 0
    tells(room, ma, Part("service.epoch", {3: [[1, int(Lane.NORMAL), 5, [[3, 4]]], [2, 0, 9, [[2, 9]]]]}))
    assert gaps("ma.dgst") == [(1, int(Lane.NORMAL), 2)]


def covering(number: int) -> Coverage:
    """A backup that has what was received on the normal lane up to a number."""
    return Coverage(epoch=1, received=((1, int(Lane.NORMAL), number),), size=number, time_ms=1, sent=())


def test_what_a_peers_backup_covers_loses_the_wraps_that_its_restore_would_have_needed(
    room: Room, ma: SimulatedPeer
) -> None:
    said = [room.say(ma, word).id for word in ("uno", "dos", "tres")]
    waiting = room.say(ma, "not delivered", lane=Lane.BULK).id
    for _ in range(2):
        room.push(ma)
    late = room.say(ma, "no receipt yet").id
    room.parcel(ma)
    tells(room, ma, Part("service.backup", covering(2).to_content()))
    assert room.faults() == []
    assert set(room.context.keys.wraps([*said, waiting, late], "ma.dgst")) == {said[2], waiting, late}


MALFORMED = [
    Part("service.directory", {}),
    Part("service.directory", {0: "text"}),
    Part("service.backup", {}),
    Part("service.backup", {0: 1, 1: [[1, 1]], 2: 0, 3: 0, 4: []}),
    Part("service.backup", {0: 1, 1: [[1, 1, -5]], 2: 0, 3: 0, 4: []}),
    Part("service.backup", {0: 1, 1: [[1, 1, 9]], 2: 0, 3: 0, 4: "none"}),
    Part("service.epoch", {3: [[1, 1, 5]]}),
    Part("service.epoch", {3: "all"}),
    Part("service.epoch", {3: [[1, 1, 5, [[2]]]]}),
    Part("service.epoch", {3: [[1, 1, 5, [["a", "b"]]]]}),
    Part("service.epoch", {3: [[1, 1, 5, [[2, 1 << 63]]]]}),
    Part("service.epoch", {3: [[1 << 40, 1, 5, [[1, 2]]]]}),
    Part("service.epoch", {3: [[1, 1 << 20, 5, [[1, 2]]]]}),
]


@pytest.mark.parametrize("part", MALFORMED, ids=[f"{part.kind} {at}" for at, part in enumerate(MALFORMED)])
def test_what_has_not_its_form_is_set_aside_and_changes_nothing(room: Room, ma: SimulatedPeer, part: Part) -> None:
    said = room.say(ma, "uno").id
    room.push(ma)
    room.tell(ma, "dos")
    lanes = received_lanes("ma.dgst")
    tells(room, ma, part)
    assert room.faults() == ["protocol.wrong-field"]
    assert set(room.context.keys.wraps([said], "ma.dgst")) == {said}
    assert [lane for lane in received_lanes("ma.dgst") if lane[1] != Lane.URGENT] == lanes


@pytest.mark.parametrize(
    "part", [Part("service.backup", covering(9).to_content()), Part("service.epoch", {3: [[1, 1, 9, [[1, 9]]]]})]
)
def test_what_concerns_a_relation_counts_only_from_its_own_peer(room: Room, ma: SimulatedPeer, part: Part) -> None:
    fr = room.peer("fr.dgsi")
    said = {}
    for peer in (ma, fr):
        said[peer.agency] = room.say(peer, "uno").id
        room.push(peer)
    tells(room, fr, part, by=ma)
    assert room.faults() == ["protocol.other-identity"]
    for agency, thing in said.items():
        assert set(room.context.keys.wraps([thing], agency)) == {thing}
    assert received_lanes("ma.dgst") == [(1, int(Lane.URGENT), 2)]
    assert received_lanes("fr.dgsi") == []
