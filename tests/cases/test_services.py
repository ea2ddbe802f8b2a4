"""Items are stored, listed and opened; how they were obtained is asked and recorded; every look is logged."""

from __future__ import annotations

import pytest
from django.db import connection

from support.matters import an_item
from support.node import Node, Nodes
from tansiq.cases.items import REVIEW_MS, Whence, plain_item
from tansiq.cases.queries import item_faults, item_row, items_of, items_of_statements, open_item
from tansiq.cases.services import add_items, add_own_item, answer_incoming, bring_forward
from tansiq.errors import NotFound, Refused
from tansiq.journal.access import read_access
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.values import Text
from tansiq.protocol.ids import new_id

pytestmark = pytest.mark.storage

CASE = b"case of the test"
PURPOSE = "purpose.investigation"


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


def own(es: Node, words: str = "visto en Nador") -> bytes:
    return add_own_item(an_item(words), case=CASE, context=es.context, officer="ES-4017", purpose=PURPOSE)


def logged(es: Node) -> list[tuple[str, str]]:
    return [(str(told["operation"]), str(told["officer"])) for _, told in read_access(es.context.keys) if told]


def test_an_own_item_is_listed_by_its_codes_and_opened_by_name(es: Node) -> None:
    item = own(es)
    (row,) = items_of(CASE)
    assert (row.id, row.evaluation, row.handling, row.erased) == (item, "B2", ("H1", "H2"), False)
    assert row.review_ms == es.context.clock() + REVIEW_MS
    part = open_item(item, context=es.context, officer="ES-1001", purpose=PURPOSE, justification="turno")
    assert Item.from_plain(part.content).words == Text("ar", "visto en Nador")
    assert logged(es) == [("collection", "ES-4017"), ("consultation", "ES-1001")]


def test_the_content_of_an_own_item_stands_nowhere_in_clear(es: Node) -> None:
    own(es, "palabra-secreta-inventada")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_item")
        row = cursor.fetchone()
    assert b"palabra-secreta" not in b" ".join(bytes(value) for value in row if isinstance(value, bytes | memoryview))
    assert "palabra-secreta" not in " ".join(value for value in row if isinstance(value, str))


def test_the_same_part_twice_is_one_item(es: Node) -> None:
    statement = new_id(1)
    whence = Whence(case=CASE, statement=statement, sender="ma.dgst", received_ms=7, purpose=PURPOSE)
    first = add_items([plain_item(whence, "enquiry.request")], context=es.context)
    add_items([plain_item(whence, "enquiry.request")], context=es.context)
    assert [row.id for row in items_of_statements([statement])[statement]] == first


def test_what_is_not_there_is_said(es: Node) -> None:
    with pytest.raises(NotFound, match=r"cases\.unknown-item"):
        item_row(b"x" * 16)
    with pytest.raises(NotFound, match=r"cases\.unknown-item"):
        open_item(b"x" * 16, context=es.context, officer="ES-4017", purpose=PURPOSE)
    assert logged(es) == []


def test_ends_are_brought_forward_never_put_off(es: Node) -> None:
    statement = new_id(1)
    whence = Whence(case=CASE, statement=statement, sender="ma.dgst", received_ms=1_000, purpose=PURPOSE)
    add_items([plain_item(whence, "enquiry.request")], context=es.context)
    bring_forward([statement], review_ms=9_000)
    assert (items_of(CASE)[0].review_ms, items_of(CASE)[0].erase_ms) == (9_000, None)
    bring_forward([statement], review_ms=99_000, erase_ms=5_000)
    bring_forward([statement], review_ms=99_000, erase_ms=6_000)
    assert (items_of(CASE)[0].review_ms, items_of(CASE)[0].erase_ms) == (9_000, 5_000)


@pytest.mark.parametrize("code", ["obtained.no-sign", "obtained.yes"])
def test_how_it_was_obtained_is_answered_by_an_officer_and_logged(es: Node, code: str) -> None:
    item = own(es)
    reason = Text("es", "Lo dice el informe.") if code != "obtained.no-sign" else None
    answer_incoming(item, IncomingCheck(answer=code, officer="ES-1001", at_ms=1, reason=reason), context=es.context)
    assert item_row(item).incoming == code
    assert logged(es)[-1] == ("alteration", "ES-1001")


def test_an_answer_that_lacks_its_reason_or_has_no_known_code_changes_nothing(es: Node) -> None:
    item = own(es)
    for code in ("obtained.doubt", "obtained.invented"):
        with pytest.raises(Refused, match=r"policy\.law"):
            answer_incoming(item, IncomingCheck(answer=code, officer="ES-1001", at_ms=1), context=es.context)
    assert item_row(item).incoming == ""


def test_the_self_check_finds_an_item_whose_key_is_lost(es: Node) -> None:
    kept, lost = own(es), own(es)
    assert not list(item_faults(context=es.context))
    es.context.keys.erase(lost)
    assert list(item_faults(context=es.context)) == [(lost, "not-opened")]
    assert item_row(kept).id == kept
