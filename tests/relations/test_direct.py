"""From head to head: who reads what, that it was read, who stands in, what is handed down, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.heads import DAY_MS, FIELD, Heads, message
from tansiq.cases.exits import reader_of, take_out
from tansiq.cases.queries import items_of
from tansiq.channels.choices import choice_of
from tansiq.errors import BadInput, Error, NotFound, Refused
from tansiq.exchange.eyes_only import is_closed
from tansiq.journal.access import read_access
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import Delegation
from tansiq.policy.handling import Use
from tansiq.policy.values import Text
from tansiq.relations.direct import delegations, thread, threads, unread_direct
from tansiq.relations.direct_delegating import delegate, end
from tansiq.relations.direct_handing import hand_down, strictest
from tansiq.relations.direct_saying import say

pytestmark = pytest.mark.storage

ES, MA, DEPUTY = "ES-1001", "MA-1001", "MA-1002"


def test_the_two_heads_speak_and_no_node_opens_it(heads: Heads) -> None:
    matter, first = heads.say(ES, "El objetivo cruza esta noche.")
    heads.carry()
    heads.ma.use()
    assert unread_direct([heads.ma.post("head")]) == 1
    assert heads.words(MA, matter) == ["El objetivo cruza esta noche."]
    _, second = heads.say(MA, "Lo esperamos en Ceuta.", matter=matter)
    heads.carry()
    assert heads.words(ES, matter) == ["El objetivo cruza esta noche.", "Lo esperamos en Ceuta."]
    for node in (heads.es, heads.ma):
        assert is_closed([first, second], context=node.use()) == {first, second}
        assert [one.statement for one in threads([node.post("head")])] == [second]


def test_the_reader_s_word_that_it_was_read_comes_back(heads: Heads) -> None:
    matter, said = heads.say(ES)
    heads.carry()
    heads.clock.advance(minutes=20)
    heads.read(MA, matter)
    read_ms = heads.clock()
    heads.clock.advance(minutes=1)
    heads.read(MA, matter)
    heads.carry()
    heads.es.use()
    (row,) = thread(matter, [heads.es.post("head")])
    assert (row.statement, row.read_ms, row.read_by) == (said, read_ms, MA)


@pytest.mark.parametrize("stranger", ["ES-4017", "ES-1002"])
def test_nobody_else_reads(heads: Heads, stranger: str) -> None:
    matter, _ = heads.say(ES)
    with pytest.raises(Error, match=r"unknown-thread|not-delegated"):
        heads.read(stranger, matter)


def test_what_is_read_and_said_is_logged(heads: Heads) -> None:
    matter, _ = heads.say(ES)
    heads.carry()
    heads.read(MA, matter)
    logged = [one for _, one in read_access(heads.ma.context.keys) if one is not None and one["thing"] == matter]
    assert [(one["operation"], one["officer"]) for one in logged] == [("collection", "node"), ("consultation", MA)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"words": None}, "policy.law"),
        ({"law": None}, "policy.law"),
        ({"personal": None}, "policy.law"),
        ({"words": Text("fr", "Bonjour")}, "policy.law"),
    ],
)
def test_the_law_is_short_but_never_skipped(heads: Heads, change: dict[str, object], code: str) -> None:
    made = replace(message(ES), **change)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=code):
        say(made, to=heads.ma.post("head"), field=FIELD, context=heads.es.use(), officer=heads.es.officer(ES))
    assert threads([heads.es.post("head")]) == []


def test_a_desk_has_no_direct_channel(heads: Heads) -> None:
    with pytest.raises(Refused, match="head-only"):
        say(
            message("ES-4017"), to=heads.ma.post("head"), field=FIELD, context=heads.es.use(),
            officer=heads.es.officer("ES-4017"),
        )  # fmt: skip


def test_the_choice_of_the_channel_is_kept(heads: Heads) -> None:
    matter, _ = heads.say(ES)
    kept = choice_of(matter)
    assert kept is not None
    assert (kept.channel, kept.kind, kept.officer) == ("direct", "direct.message", ES)


# ------------------------------------------------------------------------------------------------------------ the deputy


def test_a_deputy_reads_and_answers_while_the_delegation_holds(heads: Heads) -> None:
    before, _ = heads.say(ES, "Antes.")
    heads.carry()
    heads.delegate(MA, DEPUTY, days=7)
    matter, _ = heads.say(ES, "Durante.")
    heads.carry()
    assert heads.words(DEPUTY, matter) == ["Durante."]
    assert heads.words(DEPUTY, before) == [None], "what was sealed before is not for the deputy"
    heads.say(DEPUTY, "Respondo por el director.", matter=matter)
    heads.carry()
    assert heads.words(MA, matter) == ["Durante.", "Respondo por el director."], "the head reads what the deputy said"
    assert [one.by for one in heads.read(ES, matter)] == [ES, DEPUTY]
    heads.clock.advance(days=7)
    with pytest.raises(Refused, match="not-delegated"):
        heads.read(DEPUTY, matter)
    after, _ = heads.say(ES, "Después.")
    heads.carry()
    assert heads.words(MA, after) == ["Después."]
    with pytest.raises(Refused, match="not-delegated"):
        heads.read(DEPUTY, after)


def test_a_delegation_that_is_ended_ends_on_both_sides(heads: Heads) -> None:
    made = heads.delegate(MA, DEPUTY)
    end(made, context=heads.ma.use(), officer=heads.ma.officer(MA))
    with pytest.raises(NotFound, match="unknown-delegation"):
        end(made, context=heads.ma.use(), officer=heads.ma.officer(MA))
    heads.carry()
    heads.es.use()
    (row,) = delegations([heads.ma.post("head")])
    assert row.ended_ms == heads.clock()
    matter, _ = heads.say(ES)
    heads.carry()
    with pytest.raises(Refused, match="not-delegated"):
        heads.read(DEPUTY, matter)


def test_only_the_head_delegates_and_only_with_two_days_and_to_somebody_who_can_read(heads: Heads) -> None:
    context, now_ms = heads.ma.use(), heads.clock()
    good = Delegation(deputy=DEPUTY, from_ms=now_ms, until_ms=now_ms + DAY_MS)
    for by, delegation, code in (
        (DEPUTY, good, "head-only"),
        ("MA-2210", good, "head-only"),
        (MA, replace(good, deputy="MA-2210"), "no-deputy"),
        (MA, replace(good, deputy=MA), "no-deputy"),
        (MA, replace(good, until_ms=None), "policy.law"),
        (MA, replace(good, until_ms=now_ms + 400 * DAY_MS), "policy.law"),
    ):
        with pytest.raises(Refused, match=code):
            delegate(delegation, context=context, officer=heads.ma.officer(by))
    assert delegations([heads.ma.post("head")]) == []


def test_a_deputy_s_own_word_that_he_stands_in_is_not_believed(
    heads: Heads, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tansiq.relations.direct_delegating.require_head", lambda *_: None)
    now_ms = heads.clock()
    forged = Delegation(deputy=MA, from_ms=now_ms, until_ms=now_ms + DAY_MS)
    delegate(forged, context=heads.ma.use(), officer=heads.ma.officer(DEPUTY))
    heads.carry()
    heads.es.use()
    assert set_aside() == ["relations.head-only"]
    assert delegations([heads.ma.post("head")]) == []


# ------------------------------------------------------------------------------------------------------- handing down


def an_item() -> Item:
    return Item(
        words=Text("es", "Vigilad el paso de Ceuta esta noche."),
        basis="basis.fact",
        conditions=Conditions(codes=("H2",), classification="class.restricted"),
    )


def no_sign(heads: Heads) -> IncomingCheck:
    return IncomingCheck(answer="obtained.no-sign", officer=ES, at_ms=heads.clock())


def test_what_a_head_hands_down_is_an_item_of_the_desk_s_under_conditions(heads: Heads) -> None:
    matter, said = heads.say(MA, "Cruza esta noche.")
    heads.carry()
    desk = heads.es.post("counter-terrorism")
    case = hand_down(
        said, an_item(), desk=desk, title=Text("es", "Paso de Ceuta"), check=no_sign(heads), context=heads.es.use(),
        officer=heads.es.officer(ES),
    )  # fmt: skip
    (row,) = items_of(case)
    assert (row.originator, row.handling[-1], row.classification) == ("ma.dgst", "H2", "class.restricted")
    officer, context = heads.es.officer("ES-4017"), heads.es.use()
    reader = reader_of(officer, context=context, purpose="purpose.investigation")
    (shown,) = take_out([row.id], Use.VIEW, reader, context=context, justification="test")
    assert shown.part is not None
    assert Item.from_plain(shown.part.content).words == Text("es", "Vigilad el paso de Ceuta esta noche.")
    (kept,) = thread(matter, [heads.es.post("head")])
    assert (kept.handed_to, is_closed([said], context=context)) == (desk, {said})


def test_an_own_message_is_not_handed_down_nor_by_a_desk(heads: Heads) -> None:
    _, said = heads.say(ES)
    context, title = heads.es.use(), Text("es", "Paso")
    desk = heads.es.post("counter-terrorism")
    for number, to, error, code in (
        (ES, desk, BadInput, "wrong-way"),
        ("ES-4017", desk, NotFound, "unknown-word"),
        (ES, "es.cgi/nowhere", NotFound, "unknown-post"),
    ):
        with pytest.raises(error, match=code):
            hand_down(
                said, an_item(), desk=to, title=title, check=no_sign(heads), context=context,
                officer=heads.es.officer(number),
            )  # fmt: skip


def test_of_two_conditions_the_strictest_hold() -> None:
    given = Conditions(codes=("H1",), classification="class.secret", expires_at_ms=50, other_purposes=("a",))
    added = Conditions(codes=("H2",), classification="class.restricted", expires_at_ms=70, other_purposes=("a", "b"))
    assert strictest(given, added) == Conditions(
        codes=("H1", "H2"), classification="class.secret", expires_at_ms=50, other_purposes=("a",)
    )
    assert strictest(None, added) == added
