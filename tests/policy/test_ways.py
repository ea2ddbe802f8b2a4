"""The table of the ways: who passes a matter on, who reads it, who sees its docket alone, cell by cell."""

from __future__ import annotations

import pytest

from tansiq.errors import Error
from tansiq.policy.codes import code_list
from tansiq.policy.ways import Seat, seats, state_of, way_rule

ES, MA = "es.cgi/desk", "ma.dgst/desk"
OFFICE, BUREAU, HUB, THEIRS = "es.rabat/office", "es.ncb/bureau", "int.hub/centre", "ma.ncb/bureau"
LIAISON = "es.cgi/liaison-tangier"
INTERPOL = (ES, BUREAU, HUB, THEIRS, MA)

# channel, route, copies, roles → (desk, step, reads the body, with a key of one's own)
TABLE: list[tuple[str, tuple[str, ...], tuple[str, ...], dict[str, str], list[tuple[str, str, bool, bool]]]] = [
    ("interpol", INTERPOL, (OFFICE,), {}, [
        (ES, "sender", True, False), (BUREAU, "sender.bureau", True, False), (HUB, "hub", False, False),
        (THEIRS, "addressee.bureau", False, False), (MA, "addressee", True, False), (OFFICE, "copy", False, False)]),
    ("interpol", INTERPOL[::-1], (), {}, [
        (MA, "sender", True, False), (THEIRS, "sender.bureau", True, False), (HUB, "hub", False, False),
        (BUREAU, "addressee.bureau", False, False), (ES, "addressee", True, False)]),
    ("interpol", (BUREAU, HUB, THEIRS), (), {}, [
        (BUREAU, "sender", True, False), (HUB, "hub", False, False), (THEIRS, "addressee", True, False)]),
    ("embassy", (ES, OFFICE, MA), (), {}, [
        (ES, "sender", True, False), (OFFICE, "office", True, False), (MA, "addressee", True, False)]),
    ("embassy", (MA, OFFICE, ES), (), {}, [
        (MA, "sender", True, False), (OFFICE, "office", True, False), (ES, "addressee", True, False)]),
    ("embassy", (OFFICE, MA), (), {}, [(OFFICE, "sender", True, False), (MA, "addressee", True, False)]),
    ("liaison", (ES, LIAISON, MA), (OFFICE,), {LIAISON: "liaison"}, [
        (ES, "sender", True, False), (LIAISON, "liaison", True, True), (MA, "addressee", True, False),
        (OFFICE, "copy", False, False)]),
    ("liaison", (MA, LIAISON), (), {LIAISON: "liaison"}, [
        (MA, "sender", True, False), (LIAISON, "addressee", True, True)]),
    ("direct", ("es.cgi/head", "ma.dgst/head"), ("es.cgi/office",), {"es.cgi/head": "head", "ma.dgst/head": "head"}, [
        ("es.cgi/head", "sender", True, True), ("ma.dgst/head", "addressee", True, True),
        ("es.cgi/office", "copy", False, False)]),
]  # fmt: skip


@pytest.mark.parametrize(("channel", "route", "copies", "roles", "expected"), TABLE)
def test_the_table_says_who_has_what(
    channel: str,
    route: tuple[str, ...],
    copies: tuple[str, ...],
    roles: dict[str, str],
    expected: list[tuple[str, str, bool, bool]],
) -> None:
    assert seats(channel, route, copies, roles=roles) == tuple(Seat(*one) for one in expected)


@pytest.mark.parametrize(
    ("channel", "route"),
    [
        ("direct", ("es.cgi/head", OFFICE, "ma.dgst/head")),
        ("embassy", (ES, OFFICE, "ma.madrid/office", MA)),
        ("interpol", (ES, HUB, BUREAU, THEIRS, MA)),
        ("interpol", (ES, BUREAU, THEIRS, HUB, MA)),
        ("interpol", (ES, BUREAU, "es.other/bureau", HUB, THEIRS, MA)),
        ("embassy", (ES,)),
        ("embassy", (ES, OFFICE, ES)),
        ("post", (ES, MA)),
    ],
)
def test_a_route_that_the_channel_has_not_is_refused(channel: str, route: tuple[str, ...]) -> None:
    with pytest.raises(Error, match=r"policy\.(wrong-route|no-way)"):
        seats(channel, route)


def test_a_desk_on_the_route_is_no_copy_besides() -> None:
    assert [seat.step for seat in seats("embassy", (ES, OFFICE, MA), (OFFICE,))] == ["sender", "office", "addressee"]


def test_every_channel_has_its_row_and_reads_what_it_addresses() -> None:
    for channel in code_list("channels"):
        rule = way_rule(channel)
        assert {"sender", "addressee"} <= rule.body <= set(rule.route)
    assert way_rule("direct").route == ("sender", "addressee"), "nobody between"


def test_the_state_of_a_service() -> None:
    assert [state_of(one) for one in (ES, "ma.ncb", HUB)] == ["es", "ma", "int"]
