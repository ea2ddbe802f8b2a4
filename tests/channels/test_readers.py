"""The table of readers is true: of everything that crosses any hop, by every channel and both ways, every key of every node
and of every person is tried, and opens what the table gives its owner, and nothing else. A node's administrator is whoever
has the machine and what opens its key store.
"""

from __future__ import annotations

import pytest

from support.keys import BODY, DOCKET, crossed, kept_by
from support.matters import an_answer, an_item
from support.node import Nodes
from support.ways import ES, HEADS, LIAISON, MA, OFFICE, World
from tansiq.channels.houserules import HouseRules, set_house_rules
from tansiq.enquiries.rows import enquiry_rows, replies_of

pytestmark = pytest.mark.storage

ES_BUREAU, HUB, MA_BUREAU = "es.ncb/bureau", "int.hub/centre", "ma.ncb/bureau"
Hops = dict[tuple[str, str], dict[str, str]]

ES_HEAD, MA_HEAD = "ES-1001", "MA-1001"
ES_HEAD_OWN = {ES_HEAD: BODY, "ES-4002+ES-4003": BODY}
MA_HEAD_OWN = {MA_HEAD: BODY, "MA-2201+MA-2202": BODY}
LIAISON_OWN = {"ES-6100": BODY, "ES-4002+ES-4003": BODY}

# channel → of the request and of its answer: what opens on each hop, and what each node's administrator can read
TABLE: dict[str, list[tuple[Hops, dict[str, str]]]] = {
    "interpol": [
        (
            {
                ("es.cgi", "es.ncb"): {
                    ES_BUREAU: BODY, HUB: DOCKET, MA_BUREAU: DOCKET, MA: BODY, "copy of es.cgi": BODY,
                },
                ("es.ncb", "int.hub"): {HUB: DOCKET, MA_BUREAU: DOCKET, MA: BODY},
                ("int.hub", "ma.ncb"): {MA_BUREAU: DOCKET, MA: BODY},
                ("ma.ncb", "ma.dgst"): {MA: BODY},
                ("es.cgi", "es.rabat"): {OFFICE: DOCKET, "copy of es.cgi": BODY},
            },
            {"es.cgi": BODY, "es.ncb": BODY, "int.hub": DOCKET, "ma.ncb": DOCKET, "ma.dgst": BODY, "es.rabat": DOCKET},
        ),
        (
            {
                ("ma.dgst", "ma.ncb"): {
                    MA_BUREAU: BODY, HUB: DOCKET, ES_BUREAU: DOCKET, ES: BODY, "copy of ma.dgst": BODY,
                },
                ("ma.ncb", "int.hub"): {HUB: DOCKET, ES_BUREAU: DOCKET, ES: BODY},
                ("int.hub", "es.ncb"): {ES_BUREAU: DOCKET, ES: BODY},
                ("es.ncb", "es.cgi"): {ES: BODY},
                ("es.cgi", "es.rabat"): {OFFICE: DOCKET},
            },
            {"es.cgi": BODY, "es.ncb": DOCKET, "int.hub": DOCKET, "ma.ncb": BODY, "ma.dgst": BODY, "es.rabat": DOCKET},
        ),
    ],
    "embassy": [
        (
            {
                ("es.cgi", "es.rabat"): {OFFICE: BODY, MA: BODY, "copy of es.cgi": BODY},
                ("es.rabat", "ma.dgst"): {MA: BODY},
            },
            {"es.cgi": BODY, "es.rabat": BODY, "ma.dgst": BODY},
        ),
        (
            {
                ("ma.dgst", "es.rabat"): {OFFICE: BODY, ES: BODY, "copy of ma.dgst": BODY},
                ("es.rabat", "es.cgi"): {ES: BODY},
            },
            {"es.cgi": BODY, "es.rabat": BODY, "ma.dgst": BODY},
        ),
    ],
    "liaison": [
        (
            {
                ("es.cgi", "ma.dgst"): {MA: BODY, **LIAISON_OWN, "copy of es.cgi": DOCKET},
                ("es.cgi", "es.rabat"): {OFFICE: DOCKET, **LIAISON_OWN, "copy of es.cgi": DOCKET},
            },
            {"es.cgi": DOCKET, "es.rabat": DOCKET, "ma.dgst": BODY},
        ),
        (
            {
                ("ma.dgst", "es.cgi"): {LIAISON: DOCKET, **LIAISON_OWN, "copy of ma.dgst": BODY},
                ("es.cgi", "es.rabat"): {OFFICE: DOCKET},
            },
            {"es.cgi": DOCKET, "es.rabat": DOCKET, "ma.dgst": BODY},
        ),
    ],
    "direct": [
        (
            {("es.cgi", "ma.dgst"): {HEADS[1]: DOCKET, **MA_HEAD_OWN, **ES_HEAD_OWN, "copy of es.cgi": DOCKET}},
            {"es.cgi": DOCKET, "ma.dgst": DOCKET},
        ),
        (
            {("ma.dgst", "es.cgi"): {HEADS[0]: DOCKET, **MA_HEAD_OWN, **ES_HEAD_OWN, "copy of ma.dgst": DOCKET}},
            {"es.cgi": DOCKET, "ma.dgst": DOCKET},
        ),
    ],
}  # fmt: skip


def exchanged(node: Nodes, channel: str) -> tuple[World, list[bytes]]:
    """A world in which an enquiry went and was answered, and its two statements."""
    world = World.of(node)
    matter = world.ask(channel)
    world.carry()
    number = MA_HEAD if channel == "direct" else "MA-2210"
    world.answer(matter, an_answer(number), items=[an_item()], number=number)
    world.carry()
    assert world.faults() == {}
    world["es.cgi"].use()
    (row,) = enquiry_rows("matter = %s", (matter,))
    return world, [row.request, *(word.statement for word in replies_of([matter]))]


@pytest.mark.parametrize("channel", TABLE)
def test_every_key_opens_what_the_table_gives_its_owner_and_nothing_else(node: Nodes, channel: str) -> None:
    world, statements = exchanged(node, channel)
    assert len(statements) == 2
    for statement, (hops, administrators) in zip(statements, TABLE[channel], strict=True):
        assert crossed(world, statement) == hops
        assert kept_by(world, statement) == administrators


def test_the_sender_and_the_addressee_stand_in_every_row_and_a_third_nowhere() -> None:
    """The table above is judged too: nobody reads a body but whom the design names."""
    may_read = {
        "interpol": {ES, MA, ES_BUREAU, MA_BUREAU},
        "embassy": {ES, MA, OFFICE},
        "liaison": {MA, *LIAISON_OWN},
        "direct": {*ES_HEAD_OWN, *MA_HEAD_OWN},
    }
    for channel, rows in TABLE.items():
        for hops, _ in rows:
            bodies = {who for opened in hops.values() for who, what in opened.items() if what == BODY}
            assert {who for who in bodies if not who.startswith("copy of")} <= may_read[channel]


def test_of_what_heads_say_the_desks_that_their_service_rules_get_the_docket(node: Nodes) -> None:
    world = World.of(node)
    set_house_rules(HouseRules(direct_copies=(OFFICE,)))
    matter = world.ask("direct")
    world.carry()
    set_house_rules(HouseRules())
    world["es.cgi"].use()
    (row,) = enquiry_rows("matter = %s", (matter,))
    assert crossed(world, row.request)["es.cgi", "es.rabat"] == {
        OFFICE: DOCKET, **ES_HEAD_OWN, "copy of es.cgi": DOCKET,
    }  # fmt: skip
    assert world.rows("es.rabat", "SELECT post, step, reads_body, channel FROM channels_passage") == [
        (OFFICE, "copy", False, "direct")
    ]
