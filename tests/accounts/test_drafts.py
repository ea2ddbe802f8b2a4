"""Drafts: they outlive the session, never write over each other, and lie sealed."""

from __future__ import annotations

import pytest
from django.db import connection

from support.node import Clock, Node, Nodes
from tansiq.accounts.drafts import drop_draft, list_drafts, load_draft, save_draft, sweep_drafts
from tansiq.accounts.opened import Opened, opened
from tansiq.errors import Conflict, NotFound, TooMuch

pytestmark = pytest.mark.storage

WHO, FORM = "ES-4017", "enquiry"
CONTENT = {
    "reasons": "Visto en Nador con Zaglul",
    "names": ["عبد الكريم الشاوني"],
    "urgent": False,
    "rows": {"1": None},
}


def things() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing FROM accounts_draft ORDER BY id")
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_what_was_written_comes_back_also_after_a_restart(es: Opened, madrid: Node) -> None:
    assert load_draft(WHO, FORM) is None
    assert save_draft(WHO, FORM, "", CONTENT, version=0) == 1
    madrid.reopen()
    kept = load_draft(WHO, FORM, node=opened())
    assert kept is not None
    assert (kept.version, kept.content) == (1, CONTENT)
    assert save_draft(WHO, FORM, "", CONTENT | {"urgent": True}, version=1) == 2
    assert load_draft("ES-3300", FORM) is None


def test_two_windows_do_not_write_over_each_other(es: Opened) -> None:
    save_draft(WHO, FORM, "", CONTENT, version=0)
    with pytest.raises(Conflict) as caught:
        save_draft(WHO, FORM, "", {"other": 1}, version=0)
    assert caught.value.values == {"version": 1}
    save_draft(WHO, FORM, "", CONTENT, version=1)
    with pytest.raises(Conflict):
        save_draft(WHO, FORM, "", {"other": 1}, version=1)
    with pytest.raises(Conflict):
        save_draft(WHO, FORM, "elsewhere", CONTENT, version=3)
    kept = load_draft(WHO, FORM)
    assert kept is not None and kept.content == CONTENT


def test_drafts_are_listed_the_latest_first_and_dropped_for_ever(es: Opened, clock: Clock) -> None:
    for about in ("", "a1", "a2"):
        save_draft(WHO, FORM, about, {"about": about}, version=0)
        clock.advance(seconds=1)
    save_draft(WHO, "answer", "a1", CONTENT, version=0)
    assert [(one.form, one.about) for one in list_drafts(WHO)][:2] == [("answer", "a1"), (FORM, "a2")]
    assert [one.about for one in list_drafts(WHO, FORM)] == ["a2", "a1", ""]
    thing = things()[0]
    assert drop_draft(WHO, FORM)
    assert not drop_draft(WHO, FORM)
    with pytest.raises(NotFound):
        es.keys.contents(thing)


def test_it_lies_sealed_under_one_key_for_all_its_versions(es: Opened) -> None:
    for version in range(3):
        save_draft(WHO, FORM, "", CONTENT | {"version": version}, version=version)
    (thing,) = things()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM accounts_draft")
        sealed = bytes(cursor.fetchone()[0])
    assert b"Nador" not in sealed
    es.keys.erase(thing)
    assert load_draft(WHO, FORM) is None
    assert list_drafts(WHO) == []
    assert save_draft(WHO, FORM, "", CONTENT, version=3) == 4
    assert things() != [thing]


def test_old_ones_are_swept(es: Opened, clock: Clock) -> None:
    save_draft(WHO, FORM, "", CONTENT, version=0)
    clock.advance(days=60)
    save_draft(WHO, FORM, "young", CONTENT, version=0)
    clock.advance(days=31)
    assert sweep_drafts(node=es) == 1
    assert [one.about for one in list_drafts(WHO)] == ["young"]


def test_it_has_a_limit(es: Opened) -> None:
    with pytest.raises(TooMuch):
        save_draft(WHO, FORM, "", {"words": "x" * (1 << 20)}, version=0)


def test_each_node_has_its_own(node: Nodes, clock: Clock) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    save_draft(WHO, FORM, "", CONTENT, version=0)
    assert len(things()) == 1
    es.use()
    assert load_draft(WHO, FORM) is None
    ma.use()
    assert load_draft(WHO, FORM) is not None
