"""The docket: codes, numbers and references; whom it covers; nothing else gets in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from peer import seeded
from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.docket import (
    ALL_MEMBERS,
    Docket,
    agency_of,
    check_agency,
    check_code,
    check_post,
    parse_docket,
)
from tansiq.protocol.limits import MAX_DOCKET_BYTES

SMALL = Docket(
    kind="enquiry",
    channel="embassy",
    matter=seeded("matter", 16),
    sender="es.cgi/counter-terrorism",
    route=("es.cgi/counter-terrorism", "es.mir/embassy-rabat", "ma.dgst/counter-terrorism"),
    addressees=("ma.dgst/counter-terrorism",),
)
FULL = replace(
    SMALL,
    field="terrorism",
    case=seeded("case", 16),
    answers=seeded("answers", 16),
    follows=(seeded("one", 16), seeded("two", 16)),
    deadline_class="24h",
    classification="restricted",
    handling=("H1", "H3+"),
    languages=("es", "fr"),
)


COPIED = replace(FULL, copies=("es.rabat/office", "es.cgi/head"))


@pytest.mark.parametrize("docket", [SMALL, FULL, COPIED], ids=["small", "full", "with copies"])
def test_a_docket_travels_as_its_bytes(docket: Docket) -> None:
    assert parse_docket(docket.to_bytes()) == docket


def test_what_is_empty_is_not_sent() -> None:
    assert set(decode(SMALL.to_bytes())) == {0, 1, 2, 4, 12, 13, 14}
    assert set(decode(FULL.to_bytes())) == set(range(15))
    assert len(SMALL.to_bytes()) < 200


@pytest.mark.parametrize(
    ("post", "covered"),
    [
        ("es.cgi/counter-terrorism", True),
        ("es.mir/embassy-rabat", True),
        ("ma.dgst/counter-terrorism", True),
        ("ma.dgst/head", False),
        ("fr.dgsi/counter-terrorism", False),
    ],
)
def test_a_docket_covers_its_route_and_its_addressees(post: str, covered: bool) -> None:
    assert SMALL.covers(post) is covered
    assert replace(SMALL, route=()).covers(post) is (post == "ma.dgst/counter-terrorism")
    assert replace(SMALL, addressees=()).covers(post) is covered
    assert replace(SMALL, addressees=(ALL_MEMBERS,)).covers(post)


def test_a_docket_covers_the_agencies_of_its_posts() -> None:
    assert [SMALL.covers_agency(agency) for agency in ("es.cgi", "es.mir", "ma.dgst", "fr.dgsi")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert replace(SMALL, addressees=(ALL_MEMBERS,)).covers_agency("fr.dgsi")


def test_a_docket_covers_who_gets_a_copy_of_it() -> None:
    assert COPIED.covers("es.rabat/office")
    assert COPIED.covers_agency("es.rabat")
    assert not FULL.covers("es.rabat/office")
    with pytest.raises(BadInput, match=r"protocol\.not-a-post"):
        parse_docket(encode(decode(COPIED.to_bytes()) | {15: ["nobody"]}))
    with pytest.raises(BadInput):
        parse_docket(encode(decode(COPIED.to_bytes()) | {15: ["es.rabat/office"] * 17}))


def test_agency_of_a_post() -> None:
    assert agency_of("ma.dgst/counter-terrorism") == "ma.dgst"


FREE_TEXT = ["", " ", "two words", "Larbi Ben Sellam", "a/b", "a\n", "ص", "-a", "a-", "a" * 65, "<b>"]


@pytest.mark.parametrize("text", FREE_TEXT)
def test_free_text_is_no_code(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_code(text)
    assert caught.value.code == "protocol.not-a-code"


@pytest.mark.parametrize("code", ["a", "1", "terrorism", "24h", "H1+", "fr-MA", "protocol.other-docket", "a" * 64])
def test_codes(code: str) -> None:
    assert check_code(code) == code


@pytest.mark.parametrize(
    "post", ["ma.dgst", "ma.dgst/", "/desk", "ma/desk", "MA.dgst/desk", "ma.dgst/desk/x", "ma.dgst/desk\n", "mar1.d/x"]
)
def test_what_is_no_post(post: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_post(post)
    assert caught.value.code == "protocol.not-a-post"


@pytest.mark.parametrize("agency", ["", "ma", "ma.", "ma.dgst/desk", "ma.DGST", "ma.dgst\n", "m.dgst", "ma.dgst:x"])
def test_what_is_no_agency(agency: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_agency(agency)
    assert caught.value.code == "protocol.not-an-agency"
    assert check_agency("int.hub") == "int.hub"


KIND, CHANNEL, FIELD, MATTER, CASE, FOLLOWS, HANDLING, SENDER, ROUTE, ADDRESSEES = 1, 2, 3, 4, 5, 7, 10, 12, 13, 14
WRONG: list[tuple[int, Any, str]] = [
    (KIND, "a person's name", "protocol.not-a-code"),
    (CHANNEL, 4, "protocol.wrong-field"),
    (FIELD, "free text", "protocol.not-a-code"),
    (FIELD, "", "protocol.not-a-code"),
    (MATTER, seeded("short", 15), "protocol.wrong-field"),
    (CASE, b"", "protocol.wrong-field"),
    (FOLLOWS, [seeded("x", 15)], "protocol.wrong-field"),
    (FOLLOWS, [bytes(16)] * 65, "protocol.wrong-field"),
    (HANDLING, ["only for you"], "protocol.not-a-code"),
    (HANDLING, [1], "protocol.wrong-field"),
    (HANDLING, ["H1"] * 33, "protocol.wrong-field"),
    (SENDER, "Captain of the desk", "protocol.not-a-post"),
    (ROUTE, ["es.cgi/desk", 1], "protocol.wrong-field"),
    (ROUTE, ["*"], "protocol.not-a-post"),
    (ROUTE, ["es.cgi/desk"] * 17, "protocol.wrong-field"),
    (ADDRESSEES, ["**"], "protocol.not-a-post"),
    (ADDRESSEES, "es.cgi/desk", "protocol.wrong-field"),
    (0, 0, "protocol.wrong-field"),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG)
def test_a_field_that_is_none_is_refused(field: int, value: Any, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_docket(encode(decode(SMALL.to_bytes()) | {field: value}))
    assert caught.value.code == code


@pytest.mark.parametrize("field", [0, KIND, CHANNEL, MATTER, SENDER, ROUTE, ADDRESSEES])
def test_a_field_that_is_needed_is_missed(field: int) -> None:
    fields = decode(SMALL.to_bytes())
    del fields[field]
    with pytest.raises(BadInput) as caught:
        parse_docket(encode(fields))
    assert caught.value.values["field"] == field


def test_an_oversized_docket_is_not_even_decoded() -> None:
    with pytest.raises(TooMuch) as caught:
        parse_docket(bytes(MAX_DOCKET_BYTES + 1))
    assert caught.value.code == "protocol.docket-too-large"
    with pytest.raises(BadInput):  # at the limit it is judged by what it is
        parse_docket(bytes(MAX_DOCKET_BYTES))
