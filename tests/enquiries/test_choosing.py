"""The channel of an enquiry: chosen by the rules, refused, deviated from with a reason, approved, waiting, passing for danger to life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import connection

from support.matters import CONDITIONS, an_answer, an_enquiry, an_item
from support.node import Clock
from support.two import Two
from tansiq.channels.approvals import ask_approval, decide_approval, lately_decided, open_approvals
from tansiq.channels.choices import choice_of, deviations
from tansiq.channels.history import expected_by_channel
from tansiq.channels.profile import channel_rules, set_channel_rules
from tansiq.channels.queries import waiting
from tansiq.channels.seen import digest_of, matter_from, seen
from tansiq.channels.states import accept_emergency, decide
from tansiq.enquiries import weighing
from tansiq.enquiries.services import answer_enquiry
from tansiq.enquiries.weighing import Choosing, Weighing, matter_of
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.policy.channel_matter import Channel, Matter
from tansiq.policy.channel_reading import default_rules, parse_rules
from tansiq.policy.channel_values import Verdict
from tansiq.policy.channel_word import StateWord
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage
HARMLESS = Weighing(sensitive=False)
APPROVED = """profile = "ours"
title = { ar = "قواعد", es = "Reglas", fr = "Règles", en = "Rules" }

[[rule]]
id = "carries"
channels = ["embassy", "direct"]
effect = "carry"
reason = "reason.operational"
source = "A test"

[[rule]]
id = "asks"
channels = ["embassy"]
effect = "approve"
approver = "head"
when.field = ["offence.terrorism"]
reason = "reason.strained"
source = "A test"
"""


@pytest.fixture(autouse=True)
def rules_as_they_were() -> Iterator[None]:
    before = channel_rules()
    yield
    set_channel_rules(before)


@pytest.fixture
def heads_reach_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every channel had its way."""
    monkeypatch.setattr(weighing, "available", lambda *_, **__: "")


def matter(two: Two, asked: Weighing = weighing.Weighing(), **changes: object) -> Matter:  # noqa: B008 (frozen)
    return replace(matter_of(an_enquiry(), asked, partner="ma.dgst"), **changes)  # type: ignore[arg-type]


def suspend(two: Two) -> None:
    two.es.use()
    word = StateWord(
        channel="embassy", state="suspended", reason="state.political", from_ms=0, words=Text("es", "Nota.")
    )
    decide("ma.dgst", word, announce=False, officer=two.es.officer("ES-1001"), context=two.es.context)


def test_what_the_rules_recommend_leaves_and_the_choice_is_kept(two: Two) -> None:
    sent = two.ask()
    row = choice_of(sent)
    assert row is not None
    assert (row.channel, row.verdict, row.recommended, row.deviation) == ("embassy", "recommended", "embassy", "")
    assert (row.partner, row.officer, row.kind, row.sensitive) == ("ma.dgst", "ES-4017", "enquiry.request", True)
    assert row.profile.hex() == default_rules().digest
    assert matter_from(row.judged) == matter(two)
    assert deviations(from_ms=0, until_ms=1 << 60) == {}


def test_what_the_rules_refuse_is_not_stored_at_all(two: Two, rows: Callable[[], dict[str, int]]) -> None:
    two.es.use()
    before = rows()
    with pytest.raises(Refused) as caught:
        two.ask(weighing=HARMLESS)
    assert caught.value.code == "channels.refused"
    assert caught.value.values == {"channel": "embassy", "reasons": "reason.purely-operational"}
    assert rows() == before


def test_the_law_is_asked_before_any_rule(two: Two) -> None:
    unlawful = replace(an_enquiry(), facts=None)
    with pytest.raises(Refused) as caught:
        two.ask(unlawful, weighing=HARMLESS)
    assert caught.value.code == "policy.law"


def test_a_channel_without_a_way_does_not_stand_against_the_one_that_is_there(two: Two) -> None:
    """Danger to life: the heads' channel would be recommended, but an officer at a desk has no way by it."""
    row = choice_of(two.ask(an_enquiry(urgent=True)))
    assert row is not None
    assert row.recommended == "embassy"


@pytest.mark.usefixtures("heads_reach_one_another")
def test_who_leaves_the_recommended_channel_says_why(two: Two, rows: Callable[[], dict[str, int]]) -> None:
    urgent = an_enquiry(urgent=True)
    two.es.use()
    before = rows()
    with pytest.raises(BadInput) as caught:
        two.ask(urgent)
    assert caught.value.code == "channels.deviation-needed"
    assert caught.value.values == {"channel": "embassy", "recommended": "direct"}
    with pytest.raises(BadInput, match=r"policy\.unknown-code"):
        two.ask(urgent, weighing=Weighing(deviation="deviation.whim"))
    assert rows() == before
    row = choice_of(two.ask(urgent, weighing=Weighing(deviation="deviation.incident")))
    assert row is not None
    assert (row.verdict, row.recommended, row.deviation) == ("permitted", "direct", "deviation.incident")
    assert deviations(from_ms=0, until_ms=1 << 60) == {("direct", "embassy", "deviation.incident"): 1}


def test_a_reason_that_nobody_needed_is_not_kept(two: Two) -> None:
    row = choice_of(two.ask(weighing=Weighing(deviation="deviation.urgency")))
    assert row is not None
    assert row.deviation == ""


def test_an_approval_is_asked_given_by_another_and_serves_once(two: Two, clock: Clock) -> None:
    context = two.es.use()
    set_channel_rules(parse_rules(APPROVED))
    with pytest.raises(Refused) as caught:
        two.ask()
    assert (caught.value.code, caught.value.values["roles"]) == ("channels.approval-needed", "head")

    def ask() -> None:
        ask_approval(
            matter(two), Channel.EMBASSY, "ma.dgst", roles=("head",), officer="ES-4017", post=two.es.post(), now_ms=clock()
        )  # fmt: skip

    ask()
    ask()  # the same again is one question
    [row] = open_approvals({"head"}, number="ES-1001", now_ms=clock())
    assert row.matter == matter(two)
    assert open_approvals({"supervisor"}, number="ES-1001", now_ms=clock()) == []
    assert open_approvals({"head"}, number="ES-4017", now_ms=clock()) == [], "one's own questions are for others"
    for number in ("ES-4017", "ES-3300"):
        with pytest.raises(Refused, match=r"channels\.not-approver"):
            decide_approval(row.id, approve=True, number=number, now_ms=clock())
    with pytest.raises(Refused):
        two.ask()
    decide_approval(row.id, approve=True, number="ES-1001", now_ms=clock())
    with pytest.raises(Conflict, match=r"channels\.approval-answered"):
        decide_approval(row.id, approve=False, number="ES-1001", now_ms=clock())
    assert [one.approver for one in lately_decided("ES-4017", now_ms=clock())] == ["ES-1001"]

    other = replace(an_enquiry(), conditions=replace(CONDITIONS, classification="class.secret"))
    with pytest.raises(Refused, match=r"channels\.approval-needed"):
        two.ask(other)
    kept = choice_of(two.ask())
    assert kept is not None
    assert (kept.verdict, kept.approver) == ("approval", "ES-1001")
    assert lately_decided("ES-4017", now_ms=clock()) == []
    with pytest.raises(Refused, match=r"channels\.approval-needed"):
        two.ask()
    assert context.agency == "es.cgi"


def test_a_refused_or_an_old_approval_opens_nothing(two: Two, clock: Clock) -> None:
    two.es.use()
    set_channel_rules(parse_rules(APPROVED))
    arguments = (matter(two), Channel.EMBASSY, "ma.dgst")
    ask_approval(*arguments, roles=("head",), officer="ES-4017", post=two.es.post(), now_ms=clock())
    [row] = open_approvals({"head"}, number="ES-1001", now_ms=clock())
    decide_approval(row.id, approve=False, number="ES-1001", now_ms=clock())
    with pytest.raises(Refused):
        two.ask()
    ask_approval(*arguments, roles=("head",), officer="ES-4017", post=two.es.post(), now_ms=clock())
    [row] = open_approvals({"head"}, number="ES-1001", now_ms=clock())
    clock.advance(days=1, seconds=1)
    with pytest.raises(NotFound, match=r"channels\.unknown-approval"):
        decide_approval(row.id, approve=True, number="ES-1001", now_ms=clock())
    with pytest.raises(Refused):
        two.ask()


def test_who_holds_the_role_approves_by_sending(two: Two) -> None:
    two.es.use()
    set_channel_rules(parse_rules(APPROVED))
    head = two.es.officer("ES-1001")
    row = choice_of(two.ask(an_enquiry("ES-1001"), officer=head, from_post=two.es.post("head")))
    assert row is not None
    assert row.approver == "ES-1001"


def test_what_is_written_for_a_suspended_channel_waits_and_says_so(two: Two) -> None:
    suspend(two)
    context = two.es.use()
    choosing = Choosing(
        context=context, officer="ES-4017", posts=(two.es.post(),), sender=two.es.post(), addressee=two.ma.post()
    )
    embassy = next(one for one in choosing.advice(matter(two)) if one.channel is Channel.EMBASSY)
    assert (embassy.verdict, embassy.waits) == (Verdict.REFUSED, True)
    sent = two.ask()
    assert [row.matter for row in waiting()] == [sent]
    row = choice_of(sent)
    assert row is not None
    assert row.verdict == "waits"


def test_danger_to_life_passes_our_own_suspension_where_the_partner_takes_it(two: Two) -> None:
    urgent = an_enquiry(urgent=True)
    suspend(two)
    held = two.ask(urgent)
    assert [row.matter for row in waiting()] == [held], "the partner has declared nothing"
    two.ma.use()
    accept_emergency("es.cgi", accepts=True, officer=two.ma.officer("MA-1001"), context=two.ma.context)
    two.carry()
    passed = two.ask(urgent)
    assert [row.matter for row in waiting()] == [held]
    with connection.cursor() as cursor:
        cursor.execute("SELECT matter, officer, due_ms - at_ms FROM channels_emergency")
        found = [(bytes(row[0]), row[1], row[2]) for row in cursor.fetchall()]
    assert found == [(passed, "ES-4017", 24 * 3_600_000)]
    assert two.ask(an_enquiry()) in {row.matter for row in waiting()}, "what endangers nobody waits"


def test_what_is_expected_comes_from_our_own_past(two: Two, clock: Clock) -> None:
    post = "es.cgi/counter-terrorism"
    for hours in (1, 2, 9):
        asked = two.arrived()
        clock.advance(hours=hours)
        answer_enquiry(asked, context=two.ma.use(), officer=two.ma.officer(), answer=an_answer(), items=[an_item()])
        two.carry()
    two.es.use()
    found = expected_by_channel([post], "ma.dgst")
    assert set(found) == {Channel.EMBASSY}
    hour = 3_600_000
    assert (found[Channel.EMBASSY].count, found[Channel.EMBASSY].median_ms // hour) == (3, 2)
    assert found[Channel.EMBASSY].most_ms // hour == 9
    assert expected_by_channel([post], "fr.dgsi") == {}
    assert expected_by_channel(["es.cgi/head"], "ma.dgst") == {}


def test_what_the_rules_saw_reads_back_and_names_exactly_that(two: Two) -> None:
    one = matter(two, case=b"c" * 16, countries=("MA", "FR"), warrant=True)
    assert matter_from(seen(one)) == one
    assert digest_of(one, Channel.EMBASSY, "ma.dgst") == digest_of(one, Channel.EMBASSY, "ma.dgst")
    others = [
        digest_of(replace(one, sensitive=False), Channel.EMBASSY, "ma.dgst"),
        digest_of(one, Channel.DIRECT, "ma.dgst"),
        digest_of(one, Channel.EMBASSY, "ma.dgsn"),
    ]
    assert digest_of(one, Channel.EMBASSY, "ma.dgst") not in others


def test_what_follows_from_an_enquiry_is_read_off_it(two: Two) -> None:
    plain = matter(two)
    assert (plain.suspect, plain.missing, plain.personal_data) == (True, False, True)
    assert (plain.field, plain.classification, plain.countries) == ("offence.terrorism", "class.restricted", ("MA",))
    subject = replace(an_enquiry().subjects[0], category="category.missing")
    sought = matter_of(an_enquiry(subject=subject), HARMLESS, partner="ma.dgst")
    assert (sought.suspect, sought.missing) == (False, True)
