"""Agreements between two states: entered by one side, confirmed by the other, ended by either; what they change in channels and law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.matters import an_answer, an_enquiry, an_item
from support.node import Node, carry
from support.noticed import a_declaration
from support.papers import DAY_MS, a_report, a_treaty
from support.returned import back_to
from tansiq.channels.choosing import advise_here
from tansiq.channels.profile import channel_rules, set_channel_rules
from tansiq.channels.sources import agreements_with, is_shared
from tansiq.channels.world import world_for
from tansiq.directory.queries import sealing_key_of
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.enquiries.weighing import Weighing
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.services import send
from tansiq.node.backup import backup
from tansiq.notices.declared import Direction, declaration_rows
from tansiq.notices.declaring import declare, end_declaration
from tansiq.policy.channel_matter import Channel, Matter
from tansiq.policy.channel_reading import default_rules, parse_rules
from tansiq.policy.channel_values import Verdict
from tansiq.policy.paper_course import AGREEMENT, KINDS, Step
from tansiq.policy.papers import PaperWord
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part
from tansiq.relations.papers import content_of, paper_row, papers, state_at, words_of
from tansiq.relations.papers_saying import say_paper, state_agreement
from tansiq.relations.reports_saying import send_report

pytestmark = pytest.mark.storage

HEAD, THEIR_HEAD = "ES-1001", "MA-1001"
Pair = tuple[Node, Node]


@pytest.fixture(autouse=True)
def _rules() -> Iterator[None]:
    """The rules of the package, whatever a test sets."""
    before = channel_rules()
    set_channel_rules(default_rules())
    yield
    set_channel_rules(before)


def stated(pair: Pair, **changes: Any) -> bytes:
    """Madrid states an agreement; Madrid is bound."""
    es, ma = pair
    treaty = replace(a_treaty(), **changes)
    made = state_agreement(treaty, to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD))
    carry(es, ma)
    return made


def said(pair: Pair, paper: bytes, step: Step, *, by: str = THEIR_HEAD, **word: Any) -> None:
    """Somebody says a word on it; Madrid is bound."""
    es, ma = pair
    node = es if by.startswith("ES-") else ma
    made = PaperWord(place=1, number=1, **word)
    say_paper(AGREEMENT, paper, step, word=made, context=node.use(), officer=node.officer(by))
    carry(es, ma)


def in_force(pair: Pair, **changes: Any) -> bytes:
    paper = stated(pair, **changes)
    said(pair, paper, Step.AGREE)
    return paper


def states(pair: Pair, paper: bytes) -> set[str]:
    """How both nodes see it."""
    found = set()
    for node in pair:
        context = node.use()
        found.add(state_at(paper_row(AGREEMENT, paper), context.clock()))
    return found


def test_one_side_enters_it_the_other_confirms_and_both_keep_the_same(pair: Pair) -> None:
    es, ma = pair
    paper = stated(pair)
    assert states(pair, paper) == {"agreement.proposed"}
    es.use()
    assert agreements_with("ma.dgst") == (), "what one side says alone binds nobody"
    said(pair, paper, Step.AGREE)
    assert states(pair, paper) == {"agreement.in-force"}
    for node, partner in ((es, "ma.dgst"), (ma, "es.cgi")):
        context = node.use()
        (one,) = agreements_with(partner)
        assert (one.code, sorted(one.fields)) == (
            "law.es-ma-2019",
            ["offence.migrant-smuggling", "offence.terrorism"],
        )
        word = content_of(paper_row(AGREEMENT, paper), context=context)
        assert word is not None
        assert word.agreement == a_treaty()
    assert agreements_with("ma.dgsn") == (), "the other state only"
    es.use()
    assert [one.code for one in agreements_with("ma.dgsn")] == ["law.es-ma-2019"], "it binds the state, not one service"


@pytest.mark.parametrize(
    ("step", "by", "word", "state"),
    [
        (Step.REFUSE, THEIR_HEAD, {"reason": "paper.not-as-agreed"}, "agreement.refused"),
        (Step.END, HEAD, {"reason": "paper.not-needed", "until_ms": 5}, "agreement.withdrawn"),
    ],
)
def test_what_is_not_confirmed_binds_nobody(pair: Pair, step: Step, by: str, word: dict[str, Any], state: str) -> None:
    paper = stated(pair)
    said(pair, paper, step, by=by, **word)
    assert states(pair, paper) == {state}
    assert agreements_with("ma.dgst") == ()


def test_a_change_holds_once_it_is_confirmed(pair: Pair) -> None:
    es, ma = pair
    paper = in_force(pair)
    changed = replace(a_treaty(), fields=("offence.drugs",))
    state_agreement(changed, to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD), paper=paper)
    carry(es, ma)
    assert sorted(agreements_with("ma.dgst")[0].fields) == ["offence.migrant-smuggling", "offence.terrorism"]
    said(pair, paper, Step.AGREE)
    assert sorted(agreements_with("ma.dgst")[0].fields) == ["offence.drugs"]
    assert len(words_of(paper)) == 4


def test_no_answer_and_no_declaration_leaves_on_an_agreement_that_has_ended(pair: Pair) -> None:
    """That a declaration ends may be said all the same: whoever was told must learn it."""
    es, ma = pair
    paper = in_force(pair)
    matter = send_enquiry(
        an_enquiry("MA-2210"), context=ma.use(), officer=ma.officer("MA-2210"), from_post=ma.post(), to_post=es.post(),
        via_office_post=es.post("embassy-office"),
    )  # fmt: skip
    carry(ma, es)
    es.use()
    body = replace(a_declaration("ES-4017"), law=an_enquiry("ES-4017").law)
    officer, context = es.officer("ES-4017"), es.use()

    def declared() -> bytes:
        return declare(body, to=[ma.post()], officer=officer, from_post=es.post(), context=context)

    def answered() -> None:
        answer_enquiry(
            matter, answer=an_answer("ES-4017"), items=[an_item(originator="es.cgi")], context=context, officer=officer
        )

    before = declared()
    said(pair, paper, Step.END, reason="paper.denounced", until_ms=context.clock())
    for act in (answered, declared):
        with pytest.raises(Refused, match=r"policy\.law"):
            act()
    end_declaration(before, replace(body, status="status.released"), to=[ma.post()], officer=officer, context=es.use())
    carry(es, ma)
    ma.use()
    [row] = declaration_rows("matter = %s AND direction = %s", (before, int(Direction.IN)))
    assert row.ended_ms is not None


def test_either_side_ends_it_and_the_earlier_end_holds(pair: Pair) -> None:
    es, ma = pair
    paper = in_force(pair)
    now_ms = es.use().clock()
    for node, by, days in ((es, HEAD, 30), (ma, THEIR_HEAD, 10)):
        word = PaperWord(place=1, number=1, reason="paper.denounced", until_ms=now_ms + days * DAY_MS)
        say_paper(AGREEMENT, paper, Step.END, word=word, context=node.use(), officer=node.officer(by))
    carry(es, ma)
    assert states(pair, paper) == {"agreement.in-force"}
    es.context.clock.advance(days=11)  # type: ignore[attr-defined]
    assert states(pair, paper) == {"agreement.ended"}
    with pytest.raises(Conflict, match="paper-not-now"):
        say_paper(AGREEMENT, paper, Step.AGREE, context=ma.use(), officer=ma.officer(THEIR_HEAD))


# -------------------------------------------------------------------------------------------------- what it changes


SENSITIVE = Matter(kind="enquiry.request", field="offence.terrorism", sensitive=True, countries=("MA",))
_STRICT = """
profile = "by-treaty"
title = { ar = "بمعاهدة", es = "Por tratado", fr = "Par traité", en = "By treaty" }
[emergency]
allowed = false
review_hours = 24
[[rule]]
id = "embassy.sensitive"
channels = ["embassy"]
effect = "carry"
when.sensitive = true
reason = "reason.sensitive-by-office"
source = "A test"
[[rule]]
id = "embassy.no-agreement"
channels = ["embassy"]
effect = "refuse"
when.agreement = false
reason = "reason.no-agreement"
source = "A test"
"""


def advised(pair: Pair) -> tuple[Verdict, set[str]]:
    """The verdict on the embassy's channel for a sensitive enquiry on terrorism, and all reasons."""
    es, _ = pair
    context = es.use()
    world = world_for(SENSITIVE, "ma.dgst", sender=es.post(), at_ms=context.clock())
    found = next(one for one in advise_here(SENSITIVE, world, lambda _: "") if one.channel is Channel.EMBASSY)
    return found.verdict, {reason.code for reason in found.reasons}


def test_the_advice_on_an_enquiry_says_that_an_agreement_covers_it_as_long_as_one_does(pair: Pair) -> None:
    assert "reason.agreement" not in advised(pair)[1]
    paper = in_force(pair)
    assert "reason.agreement" in advised(pair)[1]
    said(pair, paper, Step.END, by=HEAD, reason="paper.denounced", until_ms=pair[0].context.clock())
    assert "reason.agreement" not in advised(pair)[1]


def test_where_an_agency_rules_so_the_channel_stands_and_falls_with_the_agreement(pair: Pair) -> None:
    set_channel_rules(parse_rules(_STRICT))
    assert advised(pair) == (Verdict.REFUSED, {"reason.no-agreement", "reason.sensitive-by-office"})
    paper = in_force(pair)
    assert advised(pair)[0] is not Verdict.REFUSED
    said(pair, paper, Step.END, reason="paper.denounced", until_ms=pair[0].context.clock())
    assert advised(pair)[0] is Verdict.REFUSED


def ask(pair: Pair) -> None:
    es, ma = pair
    send_enquiry(
        an_enquiry(), context=es.use(), officer=es.officer("ES-4017"), from_post=es.post(), to_post=ma.post(),
        via_office_post=es.post("embassy-office"), weighing=Weighing(sensitive=True),
    )  # fmt: skip


def test_nothing_leaves_on_an_agreement_that_has_ended(pair: Pair) -> None:
    """An enquiry and a report of which the basis is the agreement of 2019."""
    es, ma = pair
    ask(pair)
    paper = in_force(pair)
    ask(pair)
    said(pair, paper, Step.END, reason="paper.denounced", until_ms=es.use().clock())
    with pytest.raises(Refused, match="policy") as refused:
        ask(pair)
    assert "agreement-not-in-force" in str(refused.value)
    with pytest.raises(Refused, match="policy"):
        send_report(
            a_report(personal="ES-3300"), sender=es.post("embassy-office"), to=ma.post("head"), context=es.use(),
            officer=es.officer("ES-3300"),
        )  # fmt: skip


# -------------------------------------------------------------------------------------------------- who may say what


def test_only_who_answers_for_it_says_it_and_only_what_is_complete(pair: Pair) -> None:
    es, ma = pair
    context = es.use()
    with pytest.raises(Refused, match="not-answering"):
        state_agreement(a_treaty(), to_post=ma.post("head"), context=context, officer=es.officer("ES-4017"))
    with pytest.raises(BadInput, match="other-parties"):
        stated(pair, parties=("ES", "FR"))
    with pytest.raises(Refused, match="policy"):
        stated(pair, reference=None)
    assert papers(AGREEMENT) == []
    paper = stated(pair)
    with pytest.raises(Conflict, match="paper-not-now"):
        said(pair, paper, Step.AGREE, by=HEAD)
    with pytest.raises(Conflict, match="paper-not-now"):
        state_agreement(a_treaty(), to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD), paper=paper)
    with pytest.raises(NotFound, match="unknown-paper"):
        say_paper(AGREEMENT, bytes(16), Step.AGREE, context=ma.use(), officer=ma.officer(THEIR_HEAD))
    with pytest.raises(Refused, match="policy"):
        said(pair, paper, Step.REFUSE)


# -------------------------------------------------------------------------------------------------- no honest node


def hostile(pair: Pair, step: Step, word: PaperWord, *, matter: bytes, by: str = HEAD, **docket: Any) -> None:
    """Madrid's real node and a real officer say what no honest node says; Rabat is bound."""
    es, ma = pair
    context, officer = es.use(), es.officer(by)
    kind = docket.pop("kind", KINDS[AGREEMENT][step])
    via = es.post("embassy-office") if docket.get("channel", "embassy") == "embassy" else ""
    if step is Step.END and "channel" not in docket:
        docket["channel"], via = "service", ""
    to = ma.post("head")
    route = tuple(post for post in (officer.posts[0], via, to) if post)
    key = sealing_key_of(to, context.clock())[1]
    draft = Draft(
        docket=Docket(
            kind=kind, matter=matter, sender=officer.posts[0], route=route, addressees=(to,),
            **({"channel": "embassy"} | docket),
        ),
        parts=[Part(kind, dict(word.to_plain()))],
        readers=[Reader(ma.agency, key)],
        act=officer.acting(kind, post=officer.posts[0]),
        handovers=(Handover(via, 1, 1),) if via else (),
    )  # fmt: skip
    send(draft, context=context)
    carry(es, ma)
    ma.use()


@pytest.mark.parametrize(
    ("step", "word", "more", "code"),
    [
        (Step.PROPOSE, {"place": 1, "number": 1, "agreement": a_treaty()}, {"by": "ES-4017"}, "relations.not-answering"),
        (Step.PROPOSE, {"place": 2, "number": 1, "agreement": a_treaty()}, {}, "relations.word-skipped"),
        (Step.PROPOSE, {"place": 1, "number": 2, "agreement": a_treaty()}, {}, "relations.word-skipped"),
        (Step.PROPOSE, {"place": 1, "number": 1}, {}, "policy.law"),
        (Step.PROPOSE, {"place": 1, "number": 1, "agreement": replace(a_treaty(), parties=("ES", "FR"))}, {},
         "relations.other-parties"),
        (Step.PROPOSE, {"place": 1, "number": 1, "agreement": a_treaty()}, {"channel": "direct"}, "relations.docket-differs"),
        (Step.AGREE, {"place": 1, "number": 1}, {}, "relations.unknown-paper"),
    ],
)  # fmt: skip
def test_a_lying_peer_enters_nothing(
    pair: Pair, set_aside: Callable[[], list[str]], step: Step, word: dict[str, Any], more: dict[str, Any], code: str
) -> None:
    hostile(pair, step, PaperWord(**word), matter=new_id(pair[0].use().clock()), **more)
    assert set_aside() == [code]
    assert papers(AGREEMENT) == []


@pytest.mark.parametrize(
    ("step", "word", "code"),
    [
        (Step.AGREE, {"place": 2, "number": 1}, "relations.not-theirs-to-say"),
        (Step.PROPOSE, {"place": 1, "number": 1, "agreement": a_treaty()}, "relations.word-skipped"),
        (Step.PROPOSE, {"place": 3, "number": 2, "agreement": a_treaty()}, "relations.word-skipped"),
        (Step.END, {"place": 2, "number": 1, "reason": "paper.denounced"}, "policy.law"),
        (Step.END, {"place": 2, "number": 9, "reason": "paper.denounced", "until_ms": 5}, "relations.word-skipped"),
    ],
)
def test_a_peer_confirms_its_own_replays_or_reorders_in_vain(
    pair: Pair, set_aside: Callable[[], list[str]], step: Step, word: dict[str, Any], code: str
) -> None:
    """A second statement in the place of one that is here, one that leaves a place out, an end without its moment."""
    paper = stated(pair)
    hostile(pair, step, PaperWord(**word), matter=paper)
    assert set_aside() == [code]
    assert state_at(paper_row(AGREEMENT, paper), pair[1].context.clock()) == "agreement.proposed"
    assert len(words_of(paper)) == 1


def test_the_same_statement_twice_is_one_word(pair: Pair) -> None:
    """A peer that sends again what is here changes nothing: the word has its place already."""
    es, ma = pair
    paper = in_force(pair)
    before = {node.agency: _seen(node, paper) for node in pair}
    carry(es, ma)
    assert {node.agency: _seen(node, paper) for node in pair} == before


def _seen(node: Node, paper: bytes) -> Any:
    node.use()
    return paper_row(AGREEMENT, paper), words_of(paper)


def test_an_end_passes_a_suspension_and_does_not_go_by_the_embassy(
    pair: Pair, set_aside: Callable[[], list[str]]
) -> None:
    paper = in_force(pair)
    word = PaperWord(place=2, number=1, reason="paper.denounced", until_ms=5)
    hostile(pair, Step.END, word, matter=paper, channel="embassy")
    assert set_aside() == ["relations.docket-differs"]


# -------------------------------------------------------------------------------------------------- restore, shared cases


@pytest.mark.parametrize("agency", ["es.cgi", "ma.dgst"])
def test_after_a_restore_the_agreement_stands_as_it_stood(pair: Pair, tmp_path: Path, agency: str) -> None:
    es, ma = pair
    restored, peer = (es, ma) if agency == "es.cgi" else (ma, es)
    backup(restored.home, tmp_path / "backup", context=restored.use())
    es.context.clock.advance(hours=1)  # type: ignore[attr-defined]
    paper = in_force(pair)
    restored.use()
    before = paper_row(AGREEMENT, paper)
    back_to(tmp_path / "backup", restored, peer)
    assert replace(paper_row(AGREEMENT, paper), changed_ms=before.changed_ms) == before
    assert len(words_of(paper)) == 2


def test_a_case_that_a_liaison_officer_carries_is_known_to_both(posted: Any) -> None:
    from support.liaison import CASE

    posted.es.use()
    assert is_shared("ma.dgst", CASE)
    assert not is_shared("ma.dgst", bytes(16))
    assert not is_shared("fr.dgsi", CASE)


def test_a_text_in_its_language_comes_back(pair: Pair) -> None:
    es, _ = pair
    paper = stated(pair, title=Text("ar", "اتفاق مختلق"))
    word = content_of(paper_row(AGREEMENT, paper), context=es.use())
    assert word is not None
    assert word.agreement is not None
    assert word.agreement.title == Text("ar", "اتفاق مختلق")
