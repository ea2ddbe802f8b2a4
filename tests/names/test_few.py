"""Going person by person finds what arrays find: hits, order, reasons and log-odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import resources
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.names import Birth, Facts, Hit, NameIndex
from tansiq.names.births import birth_kinds
from tansiq.names.few import Finder
from tansiq.names.one import birth_kind

WORDS = [
    "Mohamed", "Muhammad", "محمد", "Karim", "كريم", "Abdelkrim", "Abdelcrim", "عبد الكريم", "Abd", "El", "ben", "Ben Ali", "Benali", "بنعلي",
    "Benhammadi", "Hammadi", "Karimalami", "Alami", "العلمي", "Chaoui", "Chauni", "Zaghloul", "Zaglul", "زغلول", "García", "Ruiz", "Nour",
    "Noureddine", "نور الدين", "K", "M.", "ع", "Tazi", "Tazzi", "Bennis", "O", "Krimo", "٤", "Al-Hamdaoui", "الحمداوي", "Abdallah", "عبدالله",
]  # fmt: skip
BIRTHS = [
    Birth.of("1979-03-05"),
    Birth.of("1979-05-03"),
    Birth.of("1979-01-01"),
    Birth.of("1979"),
    Birth.of("1981-07"),
    Birth.years(1970, 1999),
]
DEMO = [
    " ".join(one.findtext(part, "") for part in ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME")).strip()
    for one in ET.fromstring(resources.files("tansiq.demo").joinpath("register.xml").read_bytes()).iter("INDIVIDUAL")
]
names = st.one_of(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), st.sampled_from(DEMO))
facts = st.builds(
    Facts,
    births=st.lists(st.sampled_from(BIRTHS), max_size=2).map(tuple),
    nationalities=st.lists(st.sampled_from(["MA", "ES", "es", "--", "Utopian"]), max_size=2).map(tuple),
    documents=st.lists(st.sampled_from(["QX-123 456", "qx123456", "+34 600 000 417", "1"]), max_size=2).map(tuple),
    father=st.sampled_from(["", "", "Hassan Alami", "حسن العلمي", "Karim"]),
    mother=st.sampled_from(["", "", "Fatima Tazi", "Aicha"]),
    sex=st.sampled_from(["", "M", "F"]),
)
persons = st.lists(
    st.tuples(st.lists(names, max_size=3, unique_by=lambda name: tuple(sorted(name.split()))), facts), max_size=12
)


def both(index: NameIndex, *args: object, **options: object) -> tuple[list[Hit], list[Hit]]:
    """What the index answers, and what it answers with arrays alone."""
    few = index.search(*args, **options)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Finder, "found", lambda *_, **__: None)
        return few, index.search(*args, **options)  # type: ignore[arg-type]


def same(few: Sequence[Hit], arrays: Sequence[Hit]) -> None:
    """Where two persons are equally probable but for rounding, either may be the first."""
    assert {hit.id: (hit.name, hit.reasons, hit.others) for hit in few} == {
        hit.id: (hit.name, hit.reasons, hit.others) for hit in arrays
    }
    by_id = {hit.id: hit for hit in arrays}
    for place, one in enumerate(few):
        for other in (arrays[place], by_id[one.id]):
            assert math.isclose(one.log_odds, other.log_odds, abs_tol=1e-4)
            assert math.isclose(one.probability, other.probability, abs_tol=1e-4)


@settings(max_examples=400)
@given(
    persons,
    names,
    st.one_of(st.none(), facts),
    st.sampled_from([0.0, 0.05, 0.4]),
    st.sets(st.integers(0, 11), max_size=3),
)
def test_person_by_person_finds_what_arrays_find(
    held: list[tuple[list[str], Facts]], asked: str, known: Facts | None, least: float, gone: set[int]
) -> None:
    index = NameIndex()
    for number, (spellings, about) in enumerate(held):
        index.add(bytes([number]), spellings, about)
    index.search("")
    for number in gone:
        index.remove(bytes([number]))
    same(*both(index, asked, known, limit=50, least=least))


@given(
    st.sampled_from(BIRTHS),
    st.sampled_from([*BIRTHS, Birth(0, 0), Birth.of("1969-03-05"), Birth.of("1984"), Birth.of("1990")]),
)
def test_a_kind_of_births_is_the_same_for_one_and_for_many(asked: Birth, held: Birth) -> None:
    assert (
        birth_kind((asked.first, asked.last), (held.first, held.last)) == birth_kinds(asked, [held.first, held.last])[0]
    )


def crowd() -> NameIndex:
    index = NameIndex()
    for number, name in enumerate((*DEMO, *WORDS)):
        index.add(
            number.to_bytes(2, "big"),
            [name, name.upper(), f"{name} {WORDS[number % 40]}"],
            Facts(births=(BIRTHS[number % 6],), sex="M"),
        )
    return index


@pytest.mark.parametrize("known", [None, Facts(births=(BIRTHS[3],), documents=("+34 600 000 417",), sex="M")])
@pytest.mark.parametrize("least", [0.0, 0.05])
def test_in_a_register_every_name_finds_what_arrays_find(known: Facts | None, least: float) -> None:
    index = crowd()
    for asked in (*DEMO, *WORDS, *(" ".join(WORDS[at : at + 3]) for at in range(36))):
        same(*both(index, asked, known, limit=500, least=least))


def test_a_small_register_is_searched_without_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    index = NameIndex()
    for number, name in enumerate(DEMO):
        index.add(bytes([number]), [name], Facts(births=(BIRTHS[number % 6],)))
    monkeypatch.delattr(NameIndex, "_by_arrays")
    for number, name in enumerate(DEMO):
        assert bytes([number]) in {hit.id for hit in index.search(name, Facts(births=(BIRTHS[3],)), least=0.05)}
