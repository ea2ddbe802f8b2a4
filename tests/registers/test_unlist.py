"""The list is read entry by entry; what is wrong is refused as a whole or reported in part, never lost in silence."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.unlist import (
    ABOUT,
    ARABIC,
    BETWEEN,
    CYRILLIC,
    EXACT,
    HOUSE,
    YEAR,
    careless,
    entity,
    good,
    hostile,
    listed,
    main,
    person,
    real_lists,
)
from tansiq.errors import BadInput
from tansiq.names import NameIndex, compare
from tansiq.registers import damage, unlist
from tansiq.registers.matching import known_facts
from tansiq.registers.unlist import (
    BirthDate,
    Document,
    Entry,
    ImportReport,
    ListedEntity,
    ListedPerson,
    Name,
    Place,
    Skipped,
    carry_over,
    entry_from_plain,
    read_un_list,
)
from tansiq.texts import catalogue


def read(content: bytes) -> tuple[list[Any], ImportReport]:
    report = ImportReport()
    return list(read_un_list(io.BytesIO(content), report=report)), report


def one(**changes: Any) -> ListedPerson:
    (entry,), _ = read(listed(person(**changes)))
    assert isinstance(entry, ListedPerson)
    return entry


def entries(path: Path) -> dict[str, Entry]:
    with path.open("rb") as source:
        return {entry.reference: entry for entry in read_un_list(source) if not isinstance(entry, Skipped)}


# --------------------------------------------------------------------------------------------------- what is in a list


def test_a_person_is_read_with_all_that_is_known() -> None:
    more = (
        "<TITLE><VALUE>Haj</VALUE></TITLE><DESIGNATION><VALUE>Trader</VALUE><VALUE>Trader</VALUE></DESIGNATION>"
        "<GENDER>MALE</GENDER><SUBMITTED_BY>Nobody</SUBMITTED_BY>"
        "<LAST_DAY_UPDATED><VALUE>2019-05-01</VALUE></LAST_DAY_UPDATED>"
        "<INDIVIDUAL_PLACE_OF_BIRTH><CITY>Nador</CITY><COUNTRY>Morocco</COUNTRY></INDIVIDUAL_PLACE_OF_BIRTH>"
        "<INDIVIDUAL_PLACE_OF_BIRTH/><INDIVIDUAL_ADDRESS><STREET>1, rue A</STREET><ZIP_CODE>62000</ZIP_CODE>"
        "</INDIVIDUAL_ADDRESS><INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>X 00-1</NUMBER>"
        "<ISSUING_COUNTRY>Morocco</ISSUING_COUNTRY><DATE_OF_ISSUE>2010-02-18</DATE_OF_ISSUE></INDIVIDUAL_DOCUMENT>"
        "<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>El Haj</ALIAS_NAME><NOTE>nickname</NOTE>"
        "<DATE_OF_BIRTH>1981-01-01</DATE_OF_BIRTH><CITY_OF_BIRTH>Melilla</CITY_OF_BIRTH></INDIVIDUAL_ALIAS>"
    )
    assert one(more=more) == ListedPerson(
        reference="INi.001",
        data_id=9_000_001,
        version=1,
        names=(
            Name(text="Khalid Echarkaoui", kind="main"),
            Name(text=ARABIC, kind="original"),
            Name(text="Jaled Cherkaui", kind="alias", quality="good"),
            Name(text="Abu Nawar", kind="alias", quality="low"),
            Name(text="El Haj", kind="alias", quality="low", note="nickname", born="1981-01-01", birth_city="Melilla"),
        ),
        list_name="Invented",
        listed_on="2015-04-14",
        updated=("2019-05-01",),
        submitted_by="Nobody",
        comments="Invented.",
        sex="M",
        births=(BirthDate(kind="exact", first="1979-03-04", last="1979-03-04"),),
        birth_places=(Place(city="Nador", country="Morocco"),),
        addresses=(Place(street="1, rue A", postcode="62000"),),
        nationalities=("Morocco",),
        documents=(Document(type="Passport", number="X 00-1", country="Morocco", issued="2010-02-18"),),
        titles=("Haj",),
        designations=("Trader",),
    )


def test_a_group_is_read_too_and_everything_is_counted() -> None:
    found, report = read(good())
    assert [type(entry) for entry in found] == [ListedPerson, ListedPerson, ListedEntity]
    group = found[2]
    assert group.searchable == ("Invented Trading Company", "شركة مخترعة للتجارة", "ITC")
    assert [name.quality for name in group.names] == ["", "", "also"]
    assert group.addresses == (Place(city="Tetuán", country="Morocco"),)
    assert (report.persons, report.entities, report.original_scripts, report.generated) == (2, 1, 3, "2026-01-31")
    assert (report.skipped, report.faults, report.low_bytes) == ([], [], False)


@pytest.mark.parametrize(
    ("births", "read_as", "years"),
    [
        ([EXACT.format("1979-03-04")], [("exact", "1979-03-04", "1979-03-04")], (1979, 1979)),
        ([EXACT.format("1979-03-04-05:00")], [("exact", "1979-03-04", "1979-03-04")], (1979, 1979)),
        ([EXACT.format("1979-03")], [("exact", "1979-03", "1979-03")], (1979, 1979)),
        ([YEAR.format("1979")], [("exact", "1979", "1979")], (1979, 1979)),
        ([ABOUT.format("1979")], [("approximate", "1979", "1979")], (1977, 1981)),
        ([BETWEEN.format("1968", "1973")], [("between", "1968", "1973")], (1968, 1973)),
        (
            [YEAR.format("1961"), YEAR.format("1965")],
            [("exact", "1961", "1961"), ("exact", "1965", "1965")],
            (1961, 1965),
        ),
        (["<TYPE_OF_DATE/><DATE/>"], [], None),
        ([], [], None),
    ],
)
def test_birth_dates_come_exact_partial_about_and_between(
    births: list[str], read_as: list[tuple[str, str, str]], years: tuple[int, int] | None
) -> None:
    entry = one(births=births)
    assert [(birth.kind, birth.first, birth.last) for birth in entry.births] == read_as
    assert entry.birth_years == years
    assert not entry.faults


@pytest.mark.parametrize(
    "birth",
    [
        EXACT.format("1979-13-04"),
        EXACT.format("1979-02-30"),
        EXACT.format("0000-00-00"),
        EXACT.format("9999-12-31"),
        EXACT.format("04/03/1979"),
        EXACT.format("١٩٧٩-٠٣-٠٤"),
        EXACT.format("2016-01-01"),  # after the listing
        YEAR.format("79"),
        YEAR.format("1492"),
        BETWEEN.format("1973", "1968"),
        YEAR.format("9" * 5000),
    ],
)
def test_an_impossible_date_is_left_out_and_told(birth: str) -> None:
    entry = one(births=[birth, YEAR.format("1980")])
    assert [at.first for at in entry.births] == ["1980"]
    assert [fault.reason for fault in entry.faults] == ["unlist.bad-date"]


def test_white_space_of_the_file_is_no_part_of_a_value() -> None:
    entry = one(names=["  Khalid \n", "\t", "Echarkaoui  "], original=f"\n   {ARABIC.replace(' ', chr(10) + '  ')} ")
    assert entry.searchable[:2] == ("Khalid Echarkaoui", ARABIC)


def test_a_list_is_read_from_a_stream_that_cannot_be_wound_back() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    assert list(read_un_list(Pipe(good()))) == read(good())[0]


def test_entries_come_before_the_file_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlist, "CHUNK", 512)
    content = listed("".join(person(number) for number in range(200)))
    source = io.BytesIO(content)
    first = next(read_un_list(source))
    assert first == one(number=0)
    assert source.tell() < len(content) / 4


# ------------------------------------------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize(
    ("changes", "reference", "reason", "detail"),
    [
        ({"reference": ""}, "", "unlist.no-reference", "REFERENCE_NUMBER"),
        ({"names": (), "original": "", "aliases": ()}, "INi.002", "unlist.no-name", "FIRST_NAME"),
        ({"names": ("-", "..."), "original": "", "aliases": ()}, "INi.002", "unlist.no-name", "FIRST_NAME"),
        ({"names": ("x" * 600,), "original": "", "aliases": ()}, "INi.002", "unlist.no-name", "FIRST_NAME"),
        ({"names": (), "original": "???", "aliases": ()}, "INi.002", "unlist.no-name", "NAME_ORIGINAL_SCRIPT"),
        ({"reference": "INi.001"}, "INi.001", "unlist.twice", "REFERENCE_NUMBER"),
    ],
)
def test_an_entry_that_cannot_be_used_is_skipped_and_told(
    changes: dict[str, Any], reference: str, reason: str, detail: str
) -> None:
    found, report = read(listed(person() + person(2, **changes) + person(3)))
    assert [type(entry) for entry in found] == [ListedPerson, Skipped, ListedPerson]
    assert report.skipped == [Skipped(reference, reason, detail)] == [found[1]]
    assert report.persons == 2
    assert reason in catalogue()


def test_a_person_known_by_an_alias_alone_is_kept() -> None:
    assert one(names=(), original="").searchable == ("Jaled Cherkaui", "Abu Nawar")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("<INDIVIDUAL_ALIAS><ALIAS_NAME>---</ALIAS_NAME></INDIVIDUAL_ALIAS>", "unlist.no-letters"),
        (f"<INDIVIDUAL_ALIAS><ALIAS_NAME>{'y' * 501}</ALIAS_NAME></INDIVIDUAL_ALIAS>", "unlist.name-too-long"),
        (f"<SUBMITTED_BY>{'z' * 20_001}</SUBMITTED_BY>", "unlist.text-too-long"),
        ("<INDIVIDUAL_ALIAS><ALIAS_NAME>.'D/ 'D(B'DJ</ALIAS_NAME></INDIVIDUAL_ALIAS>", "damage.high-byte-lost"),
        ("<INDIVIDUAL_ALIAS><ALIAS_NAME>Ø®Ø§Ù„Ø¯</ALIAS_NAME></INDIVIDUAL_ALIAS>", "damage.misread"),
    ],
)
def test_a_field_that_cannot_be_used_is_left_out_and_told(more: str, reason: str) -> None:
    entry = one(more=more)
    assert [fault.reason for fault in entry.faults] == [reason]
    assert entry.searchable == one().searchable
    assert reason in catalogue()


@pytest.mark.parametrize(
    "more", ["<NEW_ELEMENT><A>1</A></NEW_ELEMENT>", "<TITLE>Haj</TITLE>", "<GENDER><X>1</X></GENDER>"]
)
def test_elements_that_a_later_edition_brings_harm_nothing(more: str) -> None:
    assert one(more=more) == one()


@pytest.mark.parametrize("name", hostile())
def test_a_fault_of_the_whole_file_is_refused(name: str) -> None:
    content, code = hostile()[name]
    with pytest.raises(BadInput) as caught:
        read(content)
    assert caught.value.code == code
    for language in ("ar", "es", "fr", "en"):
        assert "{" not in str(caught.value.advice(language))


def test_a_file_that_is_cut_off_names_where() -> None:
    content, _ = hostile()["cut-in-a-name"]
    with pytest.raises(BadInput) as caught:
        read(content)
    assert caught.value.values == {"element": "NAME_ORIGINAL_SCRIPT", "reference": "INi.001"}


def test_a_file_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MAX_BYTES", 2**20)
    source = io.BytesIO(listed(person() * 5000))
    with pytest.raises(BadInput, match=r"unlist\.too-large"):
        next(read_un_list(source))
    assert source.tell() <= 2**20 + damage.CHUNK


@given(st.integers(0, len(good()) - 1), st.binary(min_size=1, max_size=6))
def test_a_list_with_some_bytes_changed_is_read_or_refused(at: int, put: bytes) -> None:
    """Any other error than ours fails the test by itself."""
    content = good()
    with contextlib.suppress(BadInput):
        found, report = read(content[:at] + put + content[at + len(put) :])
        assert len(found) == report.persons + report.entities + len(report.skipped)


@given(st.integers(1, len(good()) - 1))
def test_a_list_that_is_cut_anywhere_is_never_taken_for_whole(at: int) -> None:
    with pytest.raises(BadInput):
        read(good()[:at])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        read(content)


# ------------------------------------------------------------------------------------------------------ damaged copies


def test_a_careless_copy_is_read_and_its_damage_told() -> None:
    found, report = read(careless(good()))
    first, second, group = found
    assert report.low_bytes
    assert report.reasons() == {"damage.high-byte-lost": 3, "damage.signs-lost": 1}
    assert first.searchable == ("Khalid Echarkaoui", "Jaled Cherkaui", "Abu Nawar")
    assert first.faults[0].hint == ARABIC
    assert second.names[1].text == "Rustam \u2418the Elder\u2419"
    assert second.faults[1].hint == "Rustam ‘the Elder’"
    assert group.addresses[0].city == "Tetuán"


@pytest.mark.parametrize("letters", ["ئئئ بئ", "&& <<", "лмно Лм", "‹›", "أئمة <b>"])
def test_letters_that_fall_on_markup_break_nothing(letters: str) -> None:
    content = careless(listed(person(1) + person(2, original=letters) + person(3)))
    found, report = read(content)
    assert [entry.reference for entry in found] == ["INi.001", "INi.002", "INi.003"]
    assert report.persons == 3


def test_a_file_with_damaged_fields_but_sound_encoding_keeps_its_accents() -> None:
    damaged = ARABIC.encode("utf-16-le")[::2].decode("latin-1")
    entry = one(names=("Jerónimo", "Benítez"), original=damaged)
    assert entry.searchable[0] == "Jerónimo Benítez"
    assert entry.faults[0].value == damaged


def test_a_good_older_name_outlives_a_damaged_newer_one() -> None:
    older, newer = read(good())[0], read(careless(good()))[0]
    for old, new, name in zip(older, newer, (ARABIC, CYRILLIC, "شركة مخترعة للتجارة"), strict=True):
        kept, report = carry_over(old, new)
        assert report == "damage.kept-older"
        assert name in kept.searchable
        assert kept.faults == new.faults
        again, report = carry_over(kept, new)
        assert (again, report) == (kept, "damage.kept-older")


@pytest.mark.parametrize(
    ("old", "new", "report", "name"),
    [
        ({}, {"original": ".'D/ 'D(B'DJ"}, "damage.kept-older-unsure", ARABIC),
        ({"original": ""}, {"original": ".'D/ 'D(B'DJ"}, "damage.none-good", None),
        ({}, {"original": "خالد البقالي"}, "damage.taken", "خالد البقالي"),
        ({}, {}, "damage.unchanged", ARABIC),
        ({}, {"original": ""}, "damage.taken", None),
    ],
)
def test_what_is_carried_over_is_told(old: dict[str, Any], new: dict[str, Any], report: str, name: str | None) -> None:
    kept, told = carry_over(one(**old), one(**new))
    assert told == report
    assert next((at.text for at in kept.names if at.kind == "original"), None) == name


# ------------------------------------------------------------------------------------------------------------- storing


@pytest.mark.parametrize(
    "content", [good(), careless(good()), listed(person(births=[ABOUT.format("1979")]), entity(2))]
)
def test_entries_come_back_from_storage_as_they_were(content: bytes) -> None:
    for entry in read(content)[0]:
        stored = cbor2.loads(cbor2.dumps(entry.to_plain()))
        assert entry_from_plain(stored) == entry
        assert entry_from_plain(stored | {"of_a_later_version": [1]}) == entry


def test_a_report_can_be_stored() -> None:
    _, report = read(careless(listed(person() + person(2, reference=""))))
    plain = cbor2.loads(cbor2.dumps(report.to_plain()))
    assert plain["skipped"] == [["", "unlist.no-reference", "REFERENCE_NUMBER"]]
    assert plain["faults"][0][0] == "INi.001"
    assert plain["faults"][0][1]["reason"] == "damage.high-byte-lost"
    assert plain["persons"] == 1
    assert plain["low_bytes"] is True


@pytest.mark.parametrize(
    "plain",
    [
        None,
        7,
        {},
        {"kind": "ship"},
        {"kind": "person", "reference": 7},
        {"kind": "person", "names": ["x"]},
        {"kind": "person", "names": [{"text": b"x"}]},
        {"kind": "person", "updated": [7]},
        {"kind": "person", "version": True},
        {"kind": "entity", "addresses": {"a": 1}},
    ],
)
def test_what_is_no_stored_entry_is_refused(plain: Any) -> None:
    with pytest.raises(BadInput, match=r"unlist\.record"):
        entry_from_plain(plain)


# --------------------------------------------------------------------------------- the demonstration and the real list


def test_the_script_writes_its_lists(tmp_path: Path) -> None:
    main(str(tmp_path))
    assert len(list(tmp_path.iterdir())) == len(hostile()) + 2
    assert len(entries(tmp_path / "good.xml")) == 3


def test_the_invented_register_of_the_demonstration_is_whole() -> None:
    path = HOUSE / "src" / "tansiq" / "demo" / "register.xml"
    report = ImportReport()
    with path.open("rb") as source:
        found = [entry for entry in read_un_list(source, report=report) if isinstance(entry, ListedPerson)]
    assert (report.skipped, report.faults) == ([], [])
    assert len(found) >= 40
    assert {birth.kind for entry in found for birth in entry.births} == {"exact", "approximate", "between"}
    assert {name.quality for entry in found for name in entry.names} == {"", "good", "low"}
    index = NameIndex()
    for entry in found:
        index.add(entry.reference.encode(), entry.searchable, known_facts(entry))
    for entry in found:
        for name in entry.searchable:
            assert entry.reference.encode() in {hit.id for hit in index.search(name, limit=3)}, name


def test_nobody_in_the_demonstration_is_on_a_real_list() -> None:
    real = NameIndex()
    for number, path in enumerate(real_lists()):
        for reference, entry in entries(path).items():
            real.add(f"{number} {reference}".encode(), entry.searchable)
    for entry in entries(HOUSE / "src" / "tansiq" / "demo" / "register.xml").values():
        for name in entry.searchable[:2]:
            for hit in real.search(name, limit=3):
                assert compare(name, hit.name).score < 0.8, (entry.reference, real)


def test_a_real_list_is_read_to_its_end_and_everybody_in_it_is_found() -> None:
    for path in real_lists():
        report = ImportReport()
        index = NameIndex()
        with path.open("rb") as source:
            for entry in read_un_list(source, report=report):
                assert not isinstance(entry, Skipped), entry
                assert entry_from_plain(cbor2.loads(cbor2.dumps(entry.to_plain()))) == entry
                index.add(entry.reference.encode(), entry.searchable)
                assert index.search(entry.searchable[0], limit=1)
        assert report.persons > 100
        assert report.persons + report.entities == len(index)


def figures(report: ImportReport) -> dict[str, int]:
    originals = Counter(fault.reason for _, fault in report.faults if fault.field == "NAME_ORIGINAL_SCRIPT")
    return {
        "persons": report.persons,
        "entities": report.entities,
        "skipped": len(report.skipped),
        "good": report.original_scripts,
        "damaged": originals["damage.high-byte-lost"],
    }


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("un_consolidated_2020-11.xml", {"persons": 713, "entities": 305, "skipped": 0, "good": 408, "damaged": 0}),
        ("un_consolidated_2025-08.xml", {"persons": 684, "entities": 195, "skipped": 0, "good": 1, "damaged": 379}),
    ],
)
def test_the_figures_of_two_published_editions(file: str, expected: dict[str, int]) -> None:
    path = next((path for path in real_lists() if path.name == file), None)
    if path is None:
        pytest.skip(f"the real list here is another edition than {file}")
    report = ImportReport()
    with path.open("rb") as source:
        list(read_un_list(source, report=report))
    assert figures(report) == expected


def test_a_damaged_edition_keeps_the_names_of_the_good_one_before_it() -> None:
    editions = [entries(path) for path in real_lists()]
    if len(editions) < 2:
        pytest.skip("only one real list here: nothing to carry over")
    told = Counter(
        carry_over(editions[0][reference], entry)[1]
        for reference, entry in editions[1].items()
        if reference in editions[0]
    )
    assert told["damage.kept-older"] > 50 * told["damage.kept-older-unsure"]
    assert told["damage.none-good"] == 0
