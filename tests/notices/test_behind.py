"""Services behind a bureau: known to all by their bureau's word and the hub's, so that two write by INTERPOL without having met."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.bureaux import HUB, Board
from support.matters import an_enquiry
from support.node import PASSPHRASE, Node, Nodes, carry
from support.ways import _RULES as EVERY_WAY
from tansiq.channels.houserules import HouseRules, set_house_rules
from tansiq.channels.profile import channel_rules, set_channel_rules
from tansiq.channels.ways import find
from tansiq.directory.queries import partners
from tansiq.enquiries.queries import list_enquiries
from tansiq.enquiries.services import send_enquiry
from tansiq.errors import NotFound, Refused
from tansiq.exchange.queries import quarantined
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.notices.members import _say, dismiss, make_known, members, no_longer_known, services_known
from tansiq.policy.channel_reading import parse_rules

pytestmark = pytest.mark.storage

DESK = (NewPost("desk", "desk", {"en": "Desk"}, ("ar", "es", "fr", "en")),)
ES, MA = "es.svc/desk", "ma.svc/desk"
Carry = Callable[[], None]


@pytest.fixture
def services(board: Board, node: Nodes) -> tuple[Node, Node]:
    """A service of each state, that has met its own bureau and nobody else."""
    es = node.new("es.svc", posts=DESK, officers=(NewOfficer("ES-6001", ("desk",), PASSPHRASE),))
    ma = node.new("ma.svc", posts=DESK, officers=(NewOfficer("MA-6001", ("desk",), PASSPHRASE),))
    node.meet(board.es, es)
    node.meet(board.ma, ma)
    return es, ma


@pytest.fixture
def every(board: Board, services: tuple[Node, Node]) -> Iterator[Carry]:
    """Carries everything to and fro, each node with its own word on hub and bureau."""
    pairs = ((board.es, services[0]), (board.ma, services[1]))
    before = channel_rules()
    set_channel_rules(parse_rules(EVERY_WAY))
    set_house_rules(HouseRules(hub=HUB))  # making the services opened their homes, which name none

    def bring() -> None:
        for _ in range(4):
            set_house_rules(HouseRules(hub=HUB))
            board.carry()
            for bureau, service in pairs:
                set_house_rules(HouseRules(hub=HUB, bureau=f"{bureau.agency}/bureau"))
                carry(bureau, service)

    yield bring
    set_channel_rules(before)
    set_house_rules(HouseRules(hub=HUB))


def known(node: Node) -> dict[str, str]:
    """Whom a node knows, and by whose word."""
    node.use()
    return {one.agency: one.introduced_by for one in partners() if not one.is_self}


def test_two_services_that_never_met_write_to_one_another(
    board: Board, services: tuple[Node, Node], every: Carry
) -> None:
    es, ma = services
    board.es.use()
    make_known("es.svc", officer=board.es.officer(), context=board.es.context)
    board.ma.use()
    make_known("ma.svc", officer=board.ma.officer(), context=board.ma.context)
    every()
    assert known(board.hub)["es.svc"] == "es.ncb"
    assert known(board.ma)["es.svc"] == "int.hub"
    assert known(es)["ma.svc"] == "es.ncb", "the bureau brings its services what the hub brought it"
    board.hub.use()
    assert [one.agency for one in members()] == ["es.ncb", "ma.ncb"], "a service is no member"
    assert [one.agency for one in services_known()] == ["es.svc", "ma.svc"]

    context = es.use()
    set_house_rules(HouseRules(hub=HUB, bureau="es.ncb/bureau"))
    way = find("interpol", ES, MA, context=context, now_ms=context.clock())
    assert way.route == (ES, "es.ncb/bureau", HUB, "ma.ncb/bureau", MA)
    send_enquiry(
        an_enquiry(officer="ES-6001"), context=context, officer=es.officer(), from_post=ES, to_post=MA, channel="interpol"
    )  # fmt: skip
    every()
    for one in (board.hub, board.es, board.ma, ma):
        one.use()
        assert [row.code for row in quarantined()] == [], one.agency
    (came,) = list_enquiries(context=ma.use(), posts=[MA], direction="in", state="", limit=5)
    assert came["their_post"] == ES


def test_a_bureau_vouches_for_its_own_state_alone_and_takes_it_back(
    board: Board, services: tuple[Node, Node], every: Carry, node: Nodes
) -> None:
    officer, context = board.es.officer(), board.es.use()
    with pytest.raises(NotFound):
        make_known("fr.svc", officer=officer, context=context)
    with pytest.raises(Refused, match="unconfirmed"):
        make_known("ma.ncb", officer=officer, context=context)
    with pytest.raises(Refused, match="not-a-service"):
        make_known("int.hub", officer=officer, context=context)
    make_known("es.svc", officer=officer, context=context)
    every()
    assert known(board.ma)["es.svc"] == "int.hub"
    board.es.use()
    no_longer_known("es.svc", officer=officer, context=board.es.context)
    every()
    assert known(board.ma).get("es.svc", "") == ""
    board.hub.use()
    assert services_known() == []


def test_with_a_bureau_go_the_services_behind_it(board: Board, services: tuple[Node, Node], every: Carry) -> None:
    board.ma.use()
    make_known("ma.svc", officer=board.ma.officer(), context=board.ma.context)
    every()
    assert known(board.es)["ma.svc"] == "int.hub"
    board.hub.use()
    dismiss("ma.ncb", officer=board.hub.officer("IX-0002"), context=board.hub.context)
    every()
    assert known(board.es).get("ma.svc", "") == ""


def test_a_bureau_that_speaks_for_another_state_is_not_believed(
    board: Board, services: tuple[Node, Node], every: Carry
) -> None:
    board.ma.use()
    make_known("ma.svc", officer=board.ma.officer(), context=board.ma.context)
    every()
    context = board.es.use()
    _say(["ma.svc"], to=["int.hub"], context=context)
    _say([], ended=["ma.svc"], to=["int.hub"], context=context)
    every()
    assert known(board.hub)["ma.svc"] == "ma.ncb", "its own bureau vouches for it, and no other takes that over"
    board.hub.use()
    assert [one.agency for one in services_known()] == ["ma.svc"]
    dismiss("es.ncb", officer=board.hub.officer("IX-0002"), context=board.hub.context)
    context = board.es.use()
    _say(["ma.svc"], to=["int.hub"], context=context)
    every()
    board.hub.use()
    assert [row.code for row in quarantined()] == ["notices.not-the-carrier"], "who is no member vouches for nobody"
