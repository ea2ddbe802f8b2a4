"""Notices of the public service: read with tolerance, never guessed, and written back as they came."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.noticed import a_notice
from tansiq.errors import BadInput
from tansiq.policy.notice_public import (
    PublicNotice,
    date_from,
    date_to,
    read_public,
    read_public_list,
    write_public,
    write_public_list,
)

RED: dict[str, Any] = {
    "entity_id": "2026/27493", "name": "BENALI EL INVENTO", "forename": "MOJTAR", "date_of_birth": "1984/03/09",
    "nationalities": ["MA", "ES"], "sex_id": "M", "place_of_birth": "Nador", "country_of_birth_id": "MA", "height": 1.78, "weight": 80,
    "eyes_colors_id": ["BROH"], "hairs_id": ["BLA"], "languages_spoken_ids": ["ARA", "SPA", "WOL"],
    "distinguishing_marks": "Scar on the left hand",
    "arrest_warrants": [{"issuing_country_id": "ES", "charge": "Robo", "charge_translation": "Robbery"},
                        {"issuing_country_id": "FR", "charge": "Vol", "charge_translation": None}],
    "_links": {"self": {"href": "https://ws-public.interpol.int/notices/v1/red/2026-27493"}},
}  # fmt: skip


def test_a_whole_one() -> None:
    one = read_public(RED, colour="notice.red")
    assert one.left_out == ()
    subject, seen = one.notice.subjects[0], one.notice.appearance
    assert [(name.value, name.role, name.script) for name in subject.names] == [
        ("BENALI EL INVENTO", "name.family", "Latn"),
        ("MOJTAR", "name.given", "Latn"),
    ]
    assert [str(date) for date in subject.births] == ["1984-03-09"]
    assert subject.category == "category.wanted"
    assert seen is not None
    assert (seen.height_cm, seen.weight_kg, seen.eyes, seen.speaks) == (178, 80, ("BROH",), ("ar", "es", "wol"))
    assert [warrant.country for warrant in one.notice.warrants] == ["ES", "FR"]


def test_what_is_written_is_read_back() -> None:
    one = read_public(RED, colour="notice.red")
    written = write_public(one)
    assert read_public(written, colour="notice.red") == one
    own = {key: value for key, value in RED.items() if key != "_links"}
    assert {key: value for key, value in written.items() if key != "_links"} == own
    assert written["_links"]["self"]["href"] == "/notices/v1/red/2026-27493"


def test_one_of_ours_is_written_without_what_the_service_has_no_field_for() -> None:
    written = write_public(PublicNotice("2026/1042", a_notice()))
    assert written["name"] == "Mojtar Benalí el Invento", "a whole name stands where the family name would"
    assert written["date_of_birth"] == "1984/03"
    assert written["arrest_warrants"][0]["charge_translation"].startswith("Appartenance")
    told = str(written)
    assert "armado" not in told
    assert "Algeciras" not in told
    assert "ES-5001" not in told


@pytest.mark.parametrize(
    ("said", "read"),
    [("1984/03/09", "1984-03-09"), ("1984-03-09", "1984-03-09"), ("1984/03", "1984-03"), ("1984", "1984"), ("1984/00/00", "1984"),
     ("1984/3/9", "1984-03-09"), (" 1984 ", "1984")],
)  # fmt: skip
def test_partial_dates(said: str, read: str) -> None:
    date = date_from(said)
    assert date is not None
    assert str(date) == read
    assert date_from(date_to(date)) == date


@pytest.mark.parametrize(
    "said", ["", "yesterday", "84/03/09", "1984/13/01", "1984/02/30", None, 1984, ["1984"], "1984/03/09/1"]
)
def test_what_is_no_date_is_refused(said: object) -> None:
    with pytest.raises(BadInput):
        date_from(said)


def test_nulls_and_lacks_are_nothing() -> None:
    for nothing in (None, "", []):
        plain = dict.fromkeys(RED, nothing) | {"entity_id": "1993/1"}
        one = read_public(plain, colour="notice.red")
        assert one.left_out == ()
        assert one.notice.subjects[0].names == ()
        assert one.notice.appearance is None
    assert read_public({"entity_id": "1993-1"}, colour="notice.red").entity_id == "1993/1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date_of_birth", "soon"), ("sex_id", "Q"), ("sex_id", 1), ("height", "tall"), ("height", True), ("height", 9.5), ("height", float("inf")), ("weight", -3),
        ("nationalities", ["Morocco"]), ("nationalities", [1]), ("eyes_colors_id", ["b\u202eo"]), ("languages_spoken_ids", ["?"]),
        ("arrest_warrants", ["ES"]), ("arrest_warrants", [{"issuing_country_id": "Spain"}]), ("arrest_warrants", [{}]),
        ("name", {"a": 1}), ("distinguishing_marks", ["a", "b"]), ("country_of_birth_id", "MAR"), ("name", "\u202e"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out_and_named(field: str, value: object) -> None:
    one = read_public(RED | {field: value}, colour="notice.red")
    assert {gap.field for gap in one.left_out} == {field}
    assert one.notice.subjects[0].kind == "subject.person"


@pytest.mark.parametrize("plain", [None, [], "x", {}, {"entity_id": None}, {"entity_id": "../etc"}, {"entity_id": 7}])
def test_what_is_no_notice_is_refused(plain: object) -> None:
    with pytest.raises(BadInput, match="public-notice"):
        read_public(plain, colour="notice.red")


def test_lists() -> None:
    one = read_public(RED, colour="notice.red")
    listed = write_public_list([one])
    assert listed["total"] == 1
    short = read_public_list(listed, colour="notice.red")
    assert short[0].entity_id == "2026/27493"
    assert read_public_list(RED, colour="notice.red") == [one]
    assert read_public_list([RED, RED], colour="notice.red") == [one, one]
    assert read_public_list({"_embedded": {"notices": None}}, colour="notice.red") == []
    for wrong in ({"_embedded": {"notices": 3}}, 7, {"total": 1}):
        with pytest.raises(BadInput):
            read_public_list(wrong, colour="notice.red")


def test_a_missing_person_and_a_name_of_the_sanctions_list() -> None:
    yellow = read_public(
        {"entity_id": "2026/11", "name": "المخترعة", "forename": "سلمى", "date_of_event": "2026/09/03", "place": "طنجة",
         "country": "MA", "mother_forename": "Aicha", "mother_name": "Inventada"},
        colour="notice.yellow",
    )  # fmt: skip
    assert yellow.notice.event_place is not None
    assert (yellow.notice.event_place.name, yellow.notice.event_place.script) == ("طنجة", "Arab")
    assert ("Aicha Inventada", "name.mother") in [(n.value, n.role) for n in yellow.notice.subjects[0].names]
    assert write_public(yellow)["date_of_event"] == "2026/09/03"
    listed = read_public({"entity_id": "2026/12", "un_reference": "QDi.999", "aliases": ["El Zurdo", {"name": "Otro"}]},
                         colour="notice.un")  # fmt: skip
    assert listed.notice.un_reference == "QDi.999"
    assert [name.value for name in listed.notice.subjects[0].names] == ["El Zurdo", "Otro"]


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(plain=st.dictionaries(st.sampled_from(sorted(RED)), _anything, max_size=8))
@example(plain={"place_of_birth": "0", "name": "?", "forename": "1"}).via("no letter that tells a script")
def test_whatever_comes_it_is_read_or_refused(plain: dict[str, Any]) -> None:
    one = read_public(plain | {"entity_id": "2026/1"}, colour="notice.red")
    assert read_public(write_public(one), colour="notice.red").notice.subjects == one.notice.subjects
