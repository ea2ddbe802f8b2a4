"""A case is its compartment's: opened, named, closed, shared among posts, and for everybody else not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connection

from support.files import PURPOSE, a_text, put_in
from support.matters import CONDITIONS, an_item
from support.node import Node, Nodes
from tansiq.accounts.clearances import set_clearance
from tansiq.accounts.opened import opened as opened_accounts
from tansiq.cases import registry
from tansiq.cases.cases import case_posts
from tansiq.cases.casework import (
    CLOSED_REVIEW_MS,
    NewCase,
    add_post,
    close_case,
    link_matter,
    open_case,
    remove_post,
    rename_case,
    reopen_case,
    unlink_matter,
)
from tansiq.cases.exits import clearance_of, reader_of, take_out, visible
from tansiq.cases.files_reading import files_of, open_file, read_file
from tansiq.cases.items import REVIEW_MS
from tansiq.cases.queries import items_of
from tansiq.cases.registry import Asked, Moment
from tansiq.cases.services import add_own_item
from tansiq.cases.showing import CaseView, list_cases, show_case, timeline
from tansiq.errors import Conflict, Error, NotFound, Refused
from tansiq.journal.access import read_access
from tansiq.node.fsck import fsck
from tansiq.policy.handling import Use
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage

DESK, OFFICE, HEAD = "ES-4017", "ES-3300", "ES-1001"
TITLE = Text("es", "Operación inventada Poniente")


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


@pytest.fixture(autouse=True)
def registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_moments", [])
    monkeypatch.setattr(registry, "_matters", [])
    yield


def opened(es: Node, title: Text = TITLE, *, officer: str = DESK, **more: Any) -> bytes:
    return open_case(NewCase(title=title, **more), context=es.context, officer=es.officer(officer))


def view(es: Node, case: bytes, officer: str = DESK) -> CaseView:
    return show_case(case, reader_of(es.officer(officer), context=es.context), context=es.context)


def listed(es: Node, officer: str = DESK, **more: Any) -> list[str]:
    found = list_cases(reader_of(es.officer(officer), context=es.context), context=es.context, **more)
    return [found.titles[row.id].value for row in found.rows]


def test_a_case_has_a_title_that_stands_nowhere_in_clear_and_a_file_number_that_counts_nothing(es: Node) -> None:
    case = opened(es, fields=["offence.terrorism"], framework=["law.es-ma-2019"], agencies=["ma.dgst"])
    shown = view(es, case)
    assert (shown.title, shown.row.state, shown.row.lead, shown.row.agencies) == (TITLE, "open", "es.cgi", ("ma.dgst",))
    assert (shown.row.fields, shown.row.framework) == (("offence.terrorism",), ("law.es-ma-2019",))
    assert shown.row.review_ms == es.context.clock() + REVIEW_MS
    assert shown.posts == ("es.cgi/counter-terrorism",)
    assert shown.row.reference.startswith("ES.CGI-20")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_case")
        assert "Poniente" not in " ".join(map(str, cursor.fetchone()))
    assert view(es, opened(es, reference="2026/117")).row.reference == "2026/117"
    assert fsck(es.context).clean


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"title": Text("es", "x" * 301)}, "cases.wrong-title"),
        ({"fields": ["offence.none"]}, "cases.wrong-code"),
        ({"framework": ["law.none"]}, "cases.wrong-code"),
        ({"posts": ["es.cgi/head"]}, "cases.outside-compartment"),
        ({"posts": ["es.cgi/counter-terrorism", "es.cgi/none"]}, "directory.unknown-post"),
        ({"posts": ["es.cgi/counter-terrorism", "ma.dgst/head"]}, "directory.unknown-post"),
        ({"reference": "x" * 65}, "cases.wrong-reference"),
        ({"reference": "a\nb"}, "cases.wrong-reference"),
        ({"agencies": ["no agency"]}, "protocol.not-an-agency"),
        ({"shared": b"short"}, "cases.wrong-reference"),
    ],
)
def test_what_is_not_a_case_is_not_opened(es: Node, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Error) as told:
        opened(es, **({"title": TITLE} | more))
    assert told.value.code == code
    assert listed(es) == []


def test_renamed_closed_and_opened_again(es: Node) -> None:
    case = opened(es)
    rename_case(case, Text("ar", "عملية مختلقة"), context=es.context, officer=es.officer(DESK))
    assert listed(es) == ["عملية مختلقة"]
    close_case(case, context=es.context, officer=es.officer(DESK))
    assert (listed(es, is_open=True), listed(es, is_open=False)) == ([], ["عملية مختلقة"])
    row = view(es, case).row
    assert (row.state, row.closed_ms, row.review_ms) == (
        "closed",
        es.context.clock(),
        es.context.clock() + CLOSED_REVIEW_MS,
    )
    with pytest.raises(Conflict):
        close_case(case, context=es.context, officer=es.officer(DESK))
    reopen_case(case, context=es.context, officer=es.officer(DESK))
    with pytest.raises(Conflict):
        reopen_case(case, context=es.context, officer=es.officer(DESK))
    assert listed(es, is_open=True) == ["عملية مختلقة"]
    assert fsck(es.context).clean


def test_a_shared_reference_is_one_case(es: Node) -> None:
    shared = os.urandom(16)
    assert opened(es, shared=shared) == shared
    with pytest.raises(Conflict):
        opened(es, shared=shared)


def test_posts_join_and_leave_and_the_last_one_stays(es: Node) -> None:
    case = opened(es)
    with pytest.raises(NotFound):
        view(es, case, HEAD)
    add_post(case, "es.cgi/head", context=es.context, officer=es.officer(DESK))
    assert view(es, case, HEAD).title == TITLE
    assert case_posts(case) == ["es.cgi/counter-terrorism", "es.cgi/head"]
    with pytest.raises(NotFound):
        add_post(case, "ma.dgst/head", context=es.context, officer=es.officer(DESK))
    remove_post(case, "es.cgi/counter-terrorism", context=es.context, officer=es.officer(HEAD))
    assert (listed(es), listed(es, HEAD)) == ([], [TITLE.value])
    with pytest.raises(Conflict):
        remove_post(case, "es.cgi/head", context=es.context, officer=es.officer(HEAD))


def test_every_act_is_logged_and_so_is_opening_it(es: Node) -> None:
    case = opened(es)
    close_case(case, context=es.context, officer=es.officer(DESK))
    view(es, case)
    acts = [act for _, act in read_access(es.context.keys) if act is not None and act["thing"] == case]
    assert [(act["operation"], act["justification"]) for act in acts] == [
        ("collection", ""),
        ("alteration", "case.closed"),
        ("consultation", ""),
    ]


def test_the_list_goes_on_where_the_page_ended(es: Node) -> None:
    for number in range(7):
        opened(es, Text("es", f"caso {number}"))
        es.context.clock.advance(ms=number % 2)  # type: ignore[attr-defined]
    reader = reader_of(es.officer(DESK), context=es.context)
    found, after = [], None
    while True:
        page = list_cases(reader, context=es.context, after=after, limit=3)
        found += [page.titles[row.id].value for row in page.rows]
        after = page.next
        if after is None:
            break
    assert sorted(found) == [f"caso {number}" for number in range(7)]
    assert found[0] == "caso 6"


# ---------------------------------------------------------------------------------------------------- what stands in it


def item_in(es: Node, case: bytes, **conditions: Any) -> bytes:
    item = replace(an_item(originator="ma.dgst"), conditions=replace(CONDITIONS, **conditions))
    return add_own_item(item, case=case, context=es.context, officer=DESK, purpose=PURPOSE)


def test_what_the_compartment_may_view_is_shown_and_nothing_else_is_counted(es: Node) -> None:
    case = opened(es, posts=["es.cgi/counter-terrorism", "es.cgi/head"])
    both = item_in(es, case)
    heads = item_in(es, case, recipients=("es.cgi/head",))
    secret = item_in(es, case, classification="class.secret")
    expired = item_in(es, case, expires_at_ms=es.context.clock() - 1)
    assert [row.id for row in view(es, case).items] == [both]
    assert [row.id for row in view(es, case, HEAD).items] == [both, heads]
    set_clearance(HEAD, "class.secret", by="ES-0007", node=opened_accounts())
    assert [row.id for row in view(es, case, HEAD).items] == [both, heads, secret]
    assert clearance_of(DESK, context=es.context) == es.context.clearance
    assert expired not in {row.id for row in view(es, case, HEAD).items}


def test_a_use_that_wants_asking_is_refused_and_what_may_not_be_known_is_not_here(es: Node) -> None:
    case = opened(es, posts=["es.cgi/counter-terrorism", "es.cgi/head"])
    both, heads = item_in(es, case), item_in(es, case, recipients=("es.cgi/head",))
    reader = reader_of(es.officer(DESK), context=es.context)
    assert take_out([both], Use.VIEW, reader, context=es.context)[0].part is not None
    with pytest.raises(Refused):
        take_out([both], Use.EXPORT, reader, context=es.context)
    for unknown in (heads, os.urandom(16)):
        with pytest.raises(NotFound) as told:
            take_out([both, unknown], Use.VIEW, reader, context=es.context)
        assert told.value.code == "cases.unknown-item"
    other = replace(reader, purpose="purpose.prevention")
    with pytest.raises(NotFound):
        take_out([both], Use.VIEW, other, context=es.context)
    logged = [act for _, act in read_access(es.context.keys) if act is not None and act["thing"] == both]
    assert [act["operation"] for act in logged] == ["collection", "consultation"]


def test_a_matter_joins_only_if_a_room_knows_it_and_all_of_it_may_be_copied(es: Node) -> None:
    case, matter = opened(es), os.urandom(16)
    officer = es.officer(DESK)
    with pytest.raises(NotFound):
        link_matter(case, matter, context=es.context, officer=officer)
    registry.register_matters(lambda known, reader, context: known == matter)
    link_matter(case, matter, context=es.context, officer=officer)
    link_matter(case, matter, context=es.context, officer=officer)
    assert view(es, case).matters == (matter,)
    with pytest.raises(Conflict):
        link_matter(opened(es), matter, context=es.context, officer=officer)
    unlink_matter(case, matter, context=es.context, officer=officer)
    with pytest.raises(NotFound):
        unlink_matter(case, matter, context=es.context, officer=officer)
    add_own_item(an_item(), case=matter, context=es.context, officer=DESK, purpose=PURPOSE)
    with pytest.raises(Refused) as told:  # not addressed to the desk, and nobody has said how it was obtained
        link_matter(case, matter, context=es.context, officer=officer)
    assert told.value.code == "policy.use"
    close_case(case, context=es.context, officer=officer)
    with pytest.raises(Conflict):
        link_matter(case, matter, context=es.context, officer=officer)


def test_moments_come_from_other_rooms(es: Node) -> None:
    case = opened(es)

    def moments(asked: Asked) -> list[Moment]:
        return [Moment(at_ms=asked.case.opened_ms + 5, text="x", address=str(len(asked.matters)))]

    registry.register_moments(moments)
    assert [moment.text for moment in timeline(view(es, case))] == ["x", "cases.moment.opened"]


# ---------------------------------------------------------------------------------------------------- two worlds


@dataclass
class World:
    """A node in which more or less stands that the reader may not see; what the reader sees is the same in all."""

    es: Node
    case: bytes = b""

    def make(self, hidden: int) -> None:
        """``hidden`` further cases, items, files and drafts of others."""
        es = self.es
        es.use()
        self.case = opened(es, posts=["es.cgi/counter-terrorism", "es.cgi/head"], reference="2026/1")
        item_in(es, self.case)
        put_in(es, a_text(700), case=self.case)
        for number in range(hidden):
            other = opened(es, Text("es", f"caso ajeno {number}"), officer=HEAD, reference=f"2026/{number + 2}")
            item_in(es, other)
            put_in(es, a_text(600 + number), case=other, officer=HEAD)
            put_in(es, a_text(500 + number), officer=HEAD)
            item_in(es, self.case, recipients=("es.cgi/head",))
            item_in(es, self.case, classification="class.secret")
        opened(es, Text("es", "segundo"), reference="2026/2")

    def answers(self) -> list[object]:
        """What every exit of this room gives the desk's officer, ids and times masked."""
        es = self.es
        es.use()
        reader = reader_of(es.officer(DESK), context=es.context)
        page = list_cases(reader, context=es.context, limit=1)
        shown = show_case(self.case, reader, context=es.context)
        everything = [row for case in self.cases() for row in items_of(case)]
        out: list[object] = [
            [(row.reference, page.titles[row.id]) for row in page.rows],
            page.next is None,
            [row.reference for row in list_cases(reader, context=es.context).rows],
            [(row.kind, row.handling, row.evaluation) for row in shown.items],
            [(row.media, row.size, row.progress) for row in shown.files],
            [(moment.text, moment.values) for moment in timeline(shown)],
            len(visible(everything, reader, context=es.context)),
            [(row.media, row.size) for row in files_of(everything, reader, context=es.context)],
        ]
        for file in shown.files:
            opened_file = open_file(file.item.id, reader, context=es.context)
            out.append((opened_file.name, read_file(opened_file)))
        hidden = [*self.cases(HEAD), os.urandom(16)]
        assert {self.told(lambda one=one: show_case(one, reader, context=es.context)) for one in hidden} == {
            "cases.unknown-case"
        }
        for row in everything:
            if row.id not in {one.id for one in shown.items} | {one.item.id for one in shown.files}:
                assert self.told(lambda row=row: open_file(row.id, reader, context=es.context)) == "cases.unknown-item"
        return out

    @staticmethod
    def told(act: Any) -> str:
        try:
            act()
        except Error as error:
            return error.code
        return ""

    @staticmethod
    def cases(officer: str = "%") -> list[bytes]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM cases_case WHERE officer LIKE %s ORDER BY opened_ms, id", (officer,))
            return [bytes(row[0]) for row in cursor.fetchall()]


def test_two_worlds_that_differ_in_what_a_reader_may_not_see_give_the_same_answers(node: Nodes) -> None:
    worlds = [World(node("es.cgi")) for _ in range(3)]
    answers = []
    for world, hidden in zip(worlds, (0, 1, 4), strict=True):
        world.make(hidden)
        answers.append(world.answers())
    assert answers[0] == answers[1] == answers[2]
