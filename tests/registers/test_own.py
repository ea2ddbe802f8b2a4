"""Entries put in one by one: found by any spelling at once, gone at once, and their keys with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection, transaction

from support.matters import PERSON
from support.node import Node, Nodes
from tansiq.errors import BadInput
from tansiq.policy.subjects import Name, Subject
from tansiq.policy.values import PartialDate
from tansiq.registers.listed import ListedPerson
from tansiq.registers.matching import match_person
from tansiq.registers.own import end_entries, listed_person, put_entries
from tansiq.registers.queries import entry_faults, registers, stored_entries

pytestmark = pytest.mark.storage

ASKED = Subject(kind="subject.person", names=(Name("مختار بنعلي", "Arab"),), births=(PartialDate(year=1984),))


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


def found(es: Node, subject: Subject = ASKED) -> list[tuple[str, str]]:
    return [(match.register, match.reference) for match in match_person(subject, context=es.context)]


def put(es: Node, *references: str, subject: Subject = PERSON) -> dict[str, bytes]:
    with transaction.atomic():
        return put_entries("sought", [listed_person(subject, one) for one in references], context=es.context)


def test_who_is_put_in_is_found_under_another_spelling_and_gone_when_it_ends(es: Node) -> None:
    assert found(es) == []
    ids = put(es, "a")
    assert found(es) == [("sought", "a")]
    with transaction.atomic():
        assert end_entries("sought", ["a", "b"], context=es.context) == 1
        assert end_entries("sought", ["a"], context=es.context) == 0
    assert found(es) == []
    stored = stored_entries([ids["a"]])[ids["a"]]
    assert (stored.listed, stored.concealed) == (False, None)
    assert es.context.keys.has_contents([stored.thing]) == set(), "its key is gone"
    assert list(entry_faults(context=es.context)) == []


def test_the_same_reference_again_takes_the_place_of_the_one_before(es: Node) -> None:
    first = put(es, "a")
    before = stored_entries([first["a"]])[first["a"]]
    other = Subject(kind="subject.person", names=(Name("Wilhelmina Oosterhuis", "Latn"),))
    assert put(es, "a", subject=other) == first
    assert found(es) == []
    assert found(es, other) == [("sought", "a")]
    assert es.context.keys.has_contents([before.thing]) == set()
    with transaction.atomic():
        end_entries("sought", ["a"], context=es.context)
    put(es, "a")
    assert found(es) == [("sought", "a")], "what had ended may come back"


def test_what_is_rolled_back_was_never_there(es: Node) -> None:
    put(es, "a")
    with transaction.atomic():
        put_entries("sought", [listed_person(PERSON, "b")], context=es.context)
        end_entries("sought", ["a"], context=es.context)
        transaction.set_rollback(True)
    assert found(es) == [("sought", "a")]
    (register,) = registers()
    assert (register["register"], register["entries"], register["version"]) == ("sought", 1, 1)


def test_a_register_of_its_own_for_each_name(es: Node) -> None:
    put(es, "a")
    with transaction.atomic():
        put_entries("held", [listed_person(PERSON, "a")], context=es.context)
        end_entries("sought", ["a"], context=es.context)
    assert found(es) == [("held", "a")]
    with pytest.raises(BadInput), transaction.atomic():
        put_entries("not a code", [listed_person(PERSON, "a")], context=es.context)
    assert put_entries("held", [], context=es.context) == {}


def test_a_person_is_kept_with_what_tells_him_from_others_and_nothing_more() -> None:
    made = listed_person(
        replace(
            PERSON, names=(*PERSON.names, Name("Mojtar", "Latn", "name.given"), Name("Benalí", "Latn", "name.family"))
        ),
        "r",
    )
    assert [(name.text, name.kind, name.quality) for name in made.names] == [
        ("Mojtar Benalí el Invento", "main", ""),
        ("El Zurdo", "alias", "low"),
        ("Mojtar Benalí", "main", ""),
    ]
    assert [(born.kind, born.first, born.last) for born in made.births] == [
        ("exact", "1984-03", "1984-03"),
        ("between", "1983", "1985"),
    ]
    assert [(one.number, one.country) for one in made.documents] == [("QX 000000", "MA")]
    assert ListedPerson.from_plain(made.to_plain()) == made
    assert "Ahmed" not in str(made), "the father's name is no name of the person"


def test_nobodys_name_stands_in_the_database(es: Node) -> None:
    put(es, "a")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM registers_entry")
        (row,) = cursor.fetchall()
    assert all(
        b"Mojtar" not in (bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode())
        for value in row
    )
