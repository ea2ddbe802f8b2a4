"""Service statements: a newer directory reaches every partner by itself; nobody but the identity key can change one."""

from __future__ import annotations

import pytest

from peer import SimulatedPeer, self_made_directory
from support.node import Nodes, carry
from support.room import Room
from tansiq.directory.queries import current_directory
from tansiq.exchange.service import tell_directory
from tansiq.node.rotation import rotate_post_key
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def announce(room: Room, peer: SimulatedPeer, document: bytes, *, about: str = "") -> None:
    """The peer sends a directory document as its node would."""
    node, ours = f"{about or peer.agency}/node", f"{room.agency}/node"
    docket = peer.docket(to=[ours], kind="service.directory", channel="service", sender=node, route=(node, ours))
    made = peer.say(docket=docket, parts=[Part("service.directory", {0: document})])
    key = next(key for key in room.context.directory.keys if key.use == "node.seal")
    wraps = {made.statement.digest: peer.wraps(made, room.agency, [key.key])}  # type: ignore[list-item]
    peer.take(room.hear(peer.parcel_with(made, wraps=wraps)))
    room.work()


def test_a_partner_is_told_once_of_every_document_that_it_lacks(room: Room, ma: SimulatedPeer) -> None:
    room.befriend(SimulatedPeer("fr.dgsi", clock=ma.clock), confirm=False)
    assert tell_directory(context=room.context) == 1
    assert tell_directory(context=room.context) == 0
    now_ms = room.context.clock()
    rotate_post_key(room.context.keys, room.node.post(), identity=room.node.identity, now_ms=now_ms)
    assert tell_directory(context=room.context) == 1
    assert tell_directory(context=room.context) == 0
    room.push(ma)
    assert [one.docket.kind for one in ma.received if one.docket] == []
    assert len(ma.received) == 2
    assert {one.entry.lane for one in ma.received} == {0}


def test_two_nodes_have_one_anothers_newest_document_by_themselves(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    context = es.use()
    newest = rotate_post_key(context.keys, es.post(), identity=es.identity, now_ms=context.clock())
    assert tell_directory(context=context) == 1
    carry(es, ma)
    ma.use()
    assert current_directory("es.cgi").encoded == newest.encoded
    assert current_directory("es.cgi").number == 2


def test_a_partners_newer_document_is_taken(room: Room, ma: SimulatedPeer) -> None:
    announce(room, ma, ma.publish(names={"en": "renamed"}).encoded)
    assert current_directory("ma.dgst").names == {"en": "renamed"}
    assert room.faults() == []


def test_the_same_document_again_and_an_older_one_change_nothing(room: Room, ma: SimulatedPeer) -> None:
    first = ma.directory.encoded
    newer = ma.publish(names={"en": "renamed"}).encoded
    for document in (newer, newer, first):
        announce(room, ma, document)
    assert current_directory("ma.dgst").encoded == newer
    assert room.faults() == []


@pytest.mark.parametrize("claim_identity", [True, False])
def test_a_stolen_online_key_certifies_nothing(room: Room, ma: SimulatedPeer, *, claim_identity: bool) -> None:
    """The thief holds the node's signing key, so that the statement holds; the document in it does not."""
    forged = self_made_directory(ma, signer=ma.node_key, claim_identity=claim_identity)
    before = current_directory("ma.dgst").encoded
    announce(room, ma, forged)
    assert current_directory("ma.dgst").encoded == before
    assert room.faults() == ["protocol.wrong-signature" if claim_identity else "protocol.other-identity"]
    assert [row[0] for row in room.rows("SELECT number FROM directory_document WHERE agency = 'ma.dgst'")] == [1]


def test_nobody_announces_the_directory_of_somebody_else(room: Room, ma: SimulatedPeer) -> None:
    """Not even a true one: an agency is met in person, not by hearsay."""
    fr = SimulatedPeer("fr.dgsi", clock=ma.clock)
    announce(room, ma, fr.directory.encoded)
    assert room.faults() == ["protocol.other-identity"]
    assert room.rows("SELECT * FROM directory_partner WHERE agency = 'fr.dgsi'") == []


@pytest.mark.parametrize("document", [b"", b"garbage", b"\xd2\x84"])
def test_a_document_that_is_none_is_set_aside(room: Room, ma: SimulatedPeer, document: bytes) -> None:
    announce(room, ma, document)
    assert len(room.faults()) == 1


def test_a_partner_to_whom_nothing_can_be_sealed_does_not_keep_the_others_from_being_told(
    room: Room, ma: SimulatedPeer
) -> None:
    keyless = SimulatedPeer("be.sgrs", clock=ma.clock)
    keyless.publish(keys=tuple(key for key in keyless.directory.keys if key.use != "node.seal"))
    room.befriend(keyless)
    assert tell_directory(context=room.context) == 1
    assert room.counts(ma).waiting == 1
    assert room.counts(keyless).waiting == 0
