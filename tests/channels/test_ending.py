"""What only passed ends: its keys when their time is over, its contents with them; the register of what passed stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db import connection

from support.matters import an_answer, an_item
from support.node import Nodes
from support.ways import ES, World
from tansiq.channels.ending import PASSED_MS, READ_MS, ends_at, sweep_passed
from tansiq.channels.passages import passage_of, passages
from tansiq.enquiries.rows import enquiry_rows
from tansiq.errors import NotFound
from tansiq.exchange.dispatch import dispatch_once
from tansiq.node.fsck import fsck
from tansiq.policy.ways import Seat
from tansiq.protocol.cbor import decode
from tansiq.protocol.envelope import Lane

pytestmark = pytest.mark.storage

DAY = 86_400_000
RELAYS = ("es.ncb", "int.hub", "ma.ncb")


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


def exchanged(world: World, channel: str) -> list[bytes]:
    """An enquiry, and its answer."""
    matter = world.ask(channel)
    world.carry()
    said = world.answer(matter, an_answer("MA-2210"), items=[an_item()], number="MA-2210")
    world.carry()
    world["es.cgi"].use()
    (row,) = enquiry_rows("matter = %s", (matter,))
    return [row.request, said]


def opens(world: World, agency: str, statement: bytes) -> bool:
    """Whether a node has anything with which it could open a statement."""
    keys = world[agency].use().keys
    return bool(keys.has_contents([statement])) or any(keys.wraps([statement], peer) for peer in ("", *world.nodes))


def ciphertexts(world: World, agency: str, statement: bytes) -> int:
    ((parts,),) = world.rows(agency, "SELECT parts FROM exchange_statement WHERE id = %s", (statement,))
    return sum(part is not None for part in decode(parts))


def sound(world: World, agency: str) -> bool:
    return fsck(world[agency].use()).clean


def pass_days(world: World, days: int) -> None:
    world.clock.advance(ms=days * DAY)


def test_the_longest_that_one_of_our_desks_may_keep_it_counts() -> None:
    relay, reader = Seat("a.b/c", "hub", reads_body=False), Seat("a.b/d", "sender.bureau", reads_body=True)
    copied = Seat("a.b/e", "copy", reads_body=False)
    assert ends_at([relay], taken_ms=5) == 5 + PASSED_MS
    assert ends_at([relay, reader], taken_ms=5) == ends_at([copied, relay], taken_ms=5) == 5 + READ_MS


def test_the_hub_forgets_what_it_handed_on_and_its_register_stays(world: World) -> None:
    said = exchanged(world, "interpol")
    pass_days(world, 27)
    assert sweep_passed(context=world["int.hub"].use()) == 0
    assert all(opens(world, "int.hub", one) for one in said)
    pass_days(world, 2)
    assert sweep_passed(context=world["int.hub"].use()) == 2
    assert not any(opens(world, "int.hub", one) for one in said)
    assert [ciphertexts(world, "int.hub", one) for one in said] == [0, 0]
    assert sweep_passed(context=world["int.hub"].use()) == 0
    assert {row.statement for row in passages(["int.hub/centre"])} == set(said)
    assert {row.ends_ms for row in passages(["int.hub/centre"])} == {None}
    assert sound(world, "int.hub")
    assert all(opens(world, agency, one) for agency in ("es.cgi", "ma.dgst") for one in said)


def test_a_bureau_keeps_for_half_a_year_what_its_own_side_said_and_the_two_ends_as_long_as_their_case(
    world: World,
) -> None:
    asked, answered = exchanged(world, "interpol")
    pass_days(world, 29)
    assert {agency: sweep_passed(context=world[agency].use()) for agency in RELAYS} == {
        "es.ncb": 1,
        "int.hub": 2,
        "ma.ncb": 1,
    }
    assert [opens(world, "es.ncb", one) for one in (asked, answered)] == [True, False]
    assert [opens(world, "ma.ncb", one) for one in (asked, answered)] == [False, True]
    pass_days(world, 154)
    assert {agency: sweep_passed(context=world[agency].use()) for agency in world.nodes} == {
        "es.cgi": 0, "es.ncb": 1, "es.rabat": 2, "int.hub": 0, "ma.ncb": 1, "ma.dgst": 0,
    }  # fmt: skip
    for one in (asked, answered):
        assert {agency for agency in world.nodes if opens(world, agency, one)} == {"es.cgi", "ma.dgst"}


@pytest.mark.parametrize("channel", ["embassy", "liaison"])
def test_an_office_forgets_too(world: World, channel: str) -> None:
    said = exchanged(world, channel)
    assert [opens(world, "es.rabat", one) for one in said] == [True, True]
    pass_days(world, 183)
    assert sweep_passed(context=world["es.rabat"].use()) == 2
    assert [opens(world, "es.rabat", one) for one in said] == [False, False]
    assert sound(world, "es.rabat")


def test_bureaux_and_offices_of_the_same_node_end_nothing(node: Nodes) -> None:
    world = World.of(node, at_home=True)
    said = exchanged(world, "interpol")
    pass_days(world, 400)
    assert sweep_passed(context=world["es.cgi"].use()) == sweep_passed(context=world["ma.dgst"].use()) == 0
    assert all(opens(world, "es.cgi", one) for one in said)


def test_nothing_ends_before_it_went_on(world: World) -> None:
    world.ask("interpol")
    for sender, receiver in pairwise(("es.cgi", "es.ncb", "int.hub")):
        while world.hop(world[sender], world[receiver], tuple(Lane)):
            pass
        while dispatch_once(context=world[receiver].use()):
            pass
    pass_days(world, 29)
    assert sweep_passed(context=world["int.hub"].use()) == 0
    world.carry()
    assert sweep_passed(context=world["int.hub"].use()) == 1


def test_what_has_no_receipt_yet_keeps_nothing_else_here_any_longer(world: World) -> None:
    asked, answered = exchanged(world, "interpol")
    pass_days(world, 29)
    hub = world["int.hub"].use()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_pending (batch, peer, lane, epoch, first, count, by_hand) "
            "SELECT batch, peer, lane, epoch, number, 1, %s FROM exchange_sent WHERE statement = %s",
            (False, asked),
        )
    assert sweep_passed(context=hub, limit=1) == 1
    assert [opens(world, "int.hub", one) for one in (asked, answered)] == [True, False]
    assert sweep_passed(context=hub, limit=1) == 0


def test_the_register_page_by_page(world: World) -> None:
    said = []
    for channel in ("interpol", "embassy", "interpol", "interpol"):
        world.clock.advance(ms=1000)
        said.append(world.ask(channel))
        world.carry()
    world["int.hub"].use()
    found, last = [], None
    while rows := passages(["int.hub/centre"], limit=2, before=last):
        found += [row.matter for row in rows]
        last = (rows[-1].taken_ms, rows[-1].statement)
    assert found == [said[3], said[2], said[0]]
    assert passages(["int.hub/centre"], channel="embassy") == passages(["int.hub/other"]) == passages([]) == []


def test_a_desk_is_shown_what_passed_it_and_no_other(world: World) -> None:
    world.ask("interpol")
    world.carry()
    world["es.ncb"].use()
    (row,) = passages(["es.ncb/bureau"])
    assert (row.sender, row.step, row.reads_body, row.onward) == (ES, "sender.bureau", True, "int.hub")
    assert passage_of(row.statement, ["es.ncb/bureau"]) == row
    with pytest.raises(NotFound) as refused:
        passage_of(row.statement, ["int.hub/centre"])
    assert refused.value.code == "channels.never-passed"
