"""A search has its reason and is logged; what the reader may not read takes no part in it."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from fixtures.unlist import listed, person
from support.node import Node, Nodes
from tansiq.errors import BadInput, NotFound
from tansiq.journal.access import read_access
from tansiq.oversight.pages_common import justified
from tansiq.registers.asked import Asked, Why, matter_of
from tansiq.registers.queries import entries, readable_registers, registers
from tansiq.registers.searching import MOST_FOUND, open_for, search_persons
from tansiq.registers.services import import_un_list
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage

WHY = Why(purpose="purpose.investigation", aim="aim.identify", category="category.suspect", matter="26-0417")
OWN = ("es.cgi/counter-terrorism",)
OTHERS = ("es.cgi/head",)


class Reader:
    number = "ES-4017"

    def __init__(self, posts: tuple[str, ...] = OWN) -> None:
        self.posts = posts


def taken(es: Node, register: str, *names: tuple[str, ...], posts: tuple[str, ...] = ()) -> None:
    persons = "".join(
        person(number, name, original="", aliases=[], births=[]) for number, name in enumerate(names, start=1)
    )
    content = io.BytesIO(listed(persons))
    import_un_list(content, context=es.context, officer="ES-4017", register=register, posts=posts)


@pytest.fixture
def es(node: Nodes) -> Node:
    es = node("es.cgi")
    taken(es, "un", ("Khalid", "Echarkaoui"), ("Rachid", "Zebdi"))
    return es


def logged(es: Node) -> list[dict[str, object]]:
    return [told for _, told in read_access(es.context.keys) if told and told["operation"] == "consultation"]


def test_a_search_and_everybody_it_shows_are_in_the_access_journal_and_the_name_is_not(es: Node) -> None:
    found = search_persons(Asked(name="Jaled Cherkaui"), WHY, context=es.context, reader=Reader())
    assert [match.reference for match in found.matches] == ["INi.001"]
    search, shown = logged(es)
    assert search["justification"] == "register.search aim.identify category.suspect matter:26-0417"
    assert (search["officer"], search["purpose"]) == ("ES-4017", "purpose.investigation")
    assert shown["thing"] == found.matches[0].entry
    assert str(shown["justification"]).startswith("register.found ")
    assert "Cherkaui" not in repr(logged(es))


def test_a_search_that_finds_nobody_is_logged_as_well(es: Node) -> None:
    why = replace(WHY, ordered="ES-1001", matter="", offence="offence.terrorism")
    assert not search_persons(Asked(name="Wilhelmina Oosterhuis"), why, context=es.context, reader=Reader()).matches
    (search,) = logged(es)
    assert (search["ordered_by"], search["justification"]) == (
        "ES-1001",
        "register.search aim.identify category.suspect offence.terrorism",
    )


@pytest.mark.parametrize(
    "lacking",
    [
        {"purpose": ""}, {"purpose": "purpose.curiosity"}, {"aim": ""}, {"category": ""}, {"matter": ""},
        {"matter": "Khalid Echarkaoui"}, {"offence": "offence.unknown"}, {"ordered": "the boss"},
    ],
)  # fmt: skip
def test_without_a_whole_reason_nothing_is_searched_or_opened(es: Node, lacking: dict[str, str]) -> None:
    why = replace(WHY, **lacking)
    with pytest.raises(BadInput, match=r"registers\.no-reason"):
        search_persons(Asked(name="Khalid Echarkaoui"), why, context=es.context, reader=Reader())
    with pytest.raises(BadInput, match=r"registers\.no-reason"):
        open_for(entries("un")[0].id, why, context=es.context, reader=Reader())
    assert not logged(es)


def test_a_register_of_other_desks_changes_nothing_of_what_is_found(node: Nodes) -> None:
    """Two worlds that differ only in a register that the reader may not read."""
    answers = []
    for crowd in (False, True):
        es = node("es.cgi")
        taken(es, "un", ("Khalid", "Echarkaoui"), ("Khalid", "Charkawi"))
        if crowd:
            namesakes = [("Khalid", "Echarkaoui")] * 30
            taken(es, "own", *namesakes, posts=OTHERS)
        found = search_persons(Asked(name="Jaled Cherkaui"), WHY, context=es.context, reader=Reader())
        answers.append([replace(match, entry=b"") for match in found.matches])
        assert found.registers == 1
        hidden = entries("own")
        assert len(hidden) == (30 if crowd else 0)
        for stored in hidden[:1]:
            with pytest.raises(NotFound, match=r"registers\.unknown-entry"):
                open_for(stored.id, WHY, context=es.context, reader=Reader())
            assert len(search_persons(Asked(name="Khalid"), WHY, context=es.context, reader=Reader(OTHERS)).matches) > 5
    assert answers[0] == answers[1]


def test_no_more_are_shown_than_can_be_looked_at_and_how_many_fit_as_well_is_said(es: Node) -> None:
    taken(es, "twins", *[("Youssef", "Invento")] * 40)
    found = search_persons(Asked(name="Yusef Invento"), WHY, context=es.context, reader=Reader())
    assert len(found.matches) == MOST_FOUND
    assert {match.others for match in found.matches} == {39}


def test_who_reads_a_register_is_said_when_it_is_imported(es: Node) -> None:
    taken(es, "own", ("Youssef", "Invento"), posts=OTHERS)
    assert readable_registers(OWN) == {"un"}
    assert readable_registers([*OWN, *OTHERS]) == {"un", "own"}
    assert readable_registers([]) == frozenset()
    assert {one["register"]: one["posts"] for one in registers()} == {"un": [], "own": list(OTHERS)}
    newer = listed(person(1, ("Youssef", "Invento"), original="", aliases=[], births=[])).replace(b"01-31", b"06-30")
    import_un_list(io.BytesIO(newer), context=es.context, officer="ES-4017", register="own")
    assert readable_registers(OWN) == {"un"}, "a newer edition leaves it as it is"
    same = io.BytesIO(newer)
    import_un_list(same, context=es.context, officer="ES-4017", register="own", posts=())
    assert readable_registers(OWN) == {"un", "own"}, "the same edition for other readers"
    with pytest.raises(NotFound, match=r"registers\.unknown-post"):
        import_un_list(same, context=es.context, officer="ES-4017", register="own", posts=("es.cgi/nobody",))


def test_an_entry_is_opened_for_its_reason_and_that_is_logged(es: Node) -> None:
    stored = next(one for one in entries("un") if one.reference == "INi.002")
    opened = open_for(stored.id, WHY, context=es.context, reader=Reader())
    assert opened.content is not None
    assert opened.content.searchable == ("Rachid Zebdi",)
    (shown,) = logged(es)
    assert (shown["thing"], str(shown["justification"]).split()[0]) == (stored.id, "register.show")
    with pytest.raises(NotFound, match=r"registers\.unknown-entry"):
        open_for(bytes(16), WHY, context=es.context, reader=Reader())


@pytest.mark.parametrize(
    ("said", "matter"),
    [(" 26-0417 ", "26-0417"), ("DP 12/2026", "DP 12/2026"), ("ملف 12/2026", "ملف 12/2026"), ("Khalid", ""), ("", ""), ("1" * 65, ""), ("1;2", "")],
)  # fmt: skip
def test_a_reference_holds_a_number(said: str, matter: str) -> None:
    assert matter_of(said) == matter


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_access_journal_tells_a_search_in_the_readers_words(language: str) -> None:
    why = replace(WHY, matter="DP 12/2026", offence="offence.terrorism")
    for deed in ("register.search", "register.found", "register.show"):
        told, written = justified(why.justification(deed), language)
        assert not written
        assert "DP 12/2026" in told
        assert not re.search(r"register\.|aim\.|category\.|offence\.|matter:", told)
