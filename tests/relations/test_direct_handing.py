"""What a head may hand down: the originator's named recipients, the decision of every exit, the question of ill-treatment; a refusal
leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections

from support.heads import FIELD, Heads, message
from support.matters import CONDITIONS
from tansiq.cases.exits import reader_of, take_out, visible
from tansiq.cases.queries import items_of
from tansiq.errors import Error, Refused
from tansiq.keystore.router import ALIAS
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Use
from tansiq.policy.values import Text
from tansiq.relations.direct import thread
from tansiq.relations.direct_handing import hand_down, strictest
from tansiq.relations.direct_saying import say
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage

ES, MA, OFFICER = "ES-1001", "MA-1001", "ES-4017"
HEAD, DESK = "es.cgi/head", "es.cgi/counter-terrorism"
HERE = Conditions(codes=("H1",), classification="class.restricted")


def came(heads: Heads, **conditions: Any) -> bytes:
    """A message of Rabat's head under these conditions, read in Madrid; its statement."""
    made = replace(message(MA), conditions=replace(CONDITIONS, **conditions))
    matter, said = say(
        made, to=heads.es.post("head"), field=FIELD, context=heads.ma.use(), officer=heads.ma.officer(MA)
    )
    heads.carry()
    heads.read(ES, matter)
    return said


def handed(
    heads: Heads, said: bytes, *, recipients: tuple[str, ...] = (), answer: str = "obtained.no-sign", reason: str = ""
) -> bytes:
    """What it says, handed down to the desk; the case."""
    item = Item(
        words=Text("es", "Vigilad el paso."),
        source="B",
        information="2",
        basis="basis.fact",
        conditions=replace(HERE, recipients=recipients),
    )
    words = Text("es", reason) if reason else None
    check = IncomingCheck(answer=answer, officer=ES, at_ms=heads.clock(), reason=words) if answer else None
    return hand_down(
        said, item, desk=DESK, title=Text("es", "Paso de Ceuta"), check=check, context=heads.es.use(),
        officer=heads.es.officer(ES),
    )  # fmt: skip


def left(heads: Heads, said: bytes) -> tuple[list[int], int, list[str]]:
    """What stands at Madrid: rows of cases, of items and of statements; its content keys; to whom the message was handed."""
    heads.es.use()
    counts = []
    with connection.cursor() as cursor:
        for table in ("cases_case", "cases_item", "exchange_statement", "cases_incoming_answer"):
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            counts.append(int(cursor.fetchone()[0]))
        cursor.execute("SELECT matter FROM relations_direct_word WHERE statement = %s", (said,))
        matter = bytes(cursor.fetchone()[0])
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM keystore_content_keys")
        keys = int(cursor.fetchone()[0])
    return counts, keys, [one.handed_to for one in thread(matter, [HEAD])]


@pytest.mark.parametrize(
    ("conditions", "how", "code"),
    [
        ({"recipients": (HEAD,)}, {}, "relations.desk-not-named"),
        ({"recipients": (ES,)}, {}, "relations.desk-not-named"),
        ({"recipients": (DESK,)}, {"recipients": (HEAD,)}, "relations.nobody-named"),
        ({}, {"recipients": (HEAD,)}, "relations.desk-not-named"),
        ({"codes": ("H3",), "words": Text("fr", "Pour vous seul.")}, {}, "policy.use.ask-originator"),
        ({"classification": "class.secret"}, {}, "policy.use.not-cleared"),
        ({}, {"answer": ""}, "policy.law.incoming-unanswered"),
        ({}, {"answer": "obtained.yes", "reason": "Lo dice él mismo."}, "policy.law.incoming-ill-treatment"),
        ({}, {"answer": "obtained.doubt", "reason": "No se sabe."}, "policy.law.incoming-undecided"),
        ({}, {"answer": "obtained.doubt"}, "policy.law.incoming-reason-missing"),
    ],
)
def test_a_refusal_leaves_nothing_behind(
    heads: Heads, conditions: dict[str, Any], how: dict[str, Any], code: str
) -> None:
    said = came(heads, **conditions)
    before = left(heads, said)
    with pytest.raises(Refused) as raised:
        handed(heads, said, **how)
    assert code in (raised.value.code, *str(raised.value.values.get("reasons")).split(", "))
    assert left(heads, said) == before


def test_after_its_end_it_is_not_handed_down(heads: Heads) -> None:
    said = came(heads, expires_at_ms=heads.clock() + 60_000)
    heads.clock.advance(minutes=2)
    with pytest.raises(Refused, match="expired"):
        handed(heads, said)


@pytest.mark.parametrize(
    ("given", "added", "kept"),
    [
        ((HEAD, DESK), (), (HEAD, DESK)),
        ((DESK,), (OFFICER,), (OFFICER,)),
        ((OFFICER, HEAD), (DESK,), (OFFICER,)),
        ((), (DESK,), (DESK,)),
        ((), (), ()),
    ],
)
def test_the_recipients_whom_both_name_are_kept(
    heads: Heads, given: tuple[str, ...], added: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    case = handed(heads, came(heads, recipients=given), recipients=added)
    (row,) = items_of(case)
    context, officer = heads.es.use(), heads.es.officer(OFFICER)
    (shown,) = take_out([row.id], Use.VIEW, reader_of(officer, context=context), context=context)
    assert shown.part is not None
    conditions = Item.from_plain(shown.part.content).conditions
    assert conditions is not None
    assert conditions.recipients == kept
    head = reader_of(heads.es.officer(ES), context=context)
    assert bool(visible([row], head, context=context)) is (not kept or HEAD in kept)


def test_what_the_head_answered_of_ill_treatment_goes_with_it(heads: Heads) -> None:
    (row,) = items_of(handed(heads, came(heads)))
    assert row.incoming == "obtained.no-sign"
    officer, context = heads.es.officer(OFFICER), heads.es.use()
    take_out([row.id], Use.COPY, reader_of(officer, context=context), context=context)


def test_a_message_without_personal_data_gives_an_item_that_its_desk_reads(heads: Heads) -> None:
    made = replace(message(MA), personal=False, law=None, subjects=())
    _, said = say(made, to=HEAD, field=FIELD, context=heads.ma.use(), officer=heads.ma.officer(MA))
    heads.carry()
    (row,) = items_of(handed(heads, said))
    context = heads.es.use()
    assert visible([row], reader_of(heads.es.officer(OFFICER), context=context), context=context) == [row]


def test_a_refusal_says_in_every_language_what_to_do(heads: Heads) -> None:
    for error in (Refused("relations.desk-not-named", desk=DESK), Refused("relations.nobody-named")):
        assert isinstance(error, Error)
        for language in LANGUAGES:
            advice = error.advice(language)
            assert advice.what
            assert advice.do
    with pytest.raises(Refused, match="nobody-named"):
        strictest(Conditions(recipients=(HEAD,)), Conditions(recipients=("es.cgi/elsewhere",)))
