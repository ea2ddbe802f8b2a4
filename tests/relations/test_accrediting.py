"""An accreditation is proposed, accepted by the host, and from then on both nodes say the same of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.liaison import CASE, Posted, accredited, proposal_of
from support.matters import an_answer, an_enquiry, an_item
from support.node import Node, carry
from tansiq.cases import casework
from tansiq.cases.cases import case_row
from tansiq.cases.casework import NewCase, open_case
from tansiq.cases.exits import reader_of, visible
from tansiq.cases.queries import items_of
from tansiq.channels.accreditations import (
    accreditation_row,
    accreditation_rows,
    grants_of,
    in_world,
    permitting,
    state_at,
    words_of,
)
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import Conflict, Error, NotFound, Refused
from tansiq.policy.accreditation_course import Move
from tansiq.policy.channel_matter import Validity
from tansiq.policy.values import Text
from tansiq.relations import accrediting
from tansiq.relations.accrediting import decide, propose, tell_reach
from tansiq.relations.liaison import channels_where

pytestmark = pytest.mark.storage


def proposed(es: Node, ma: Node, **changes: object) -> bytes:
    context = es.use()
    proposal = replace(proposal_of(es, ma, now_ms=context.clock()), **changes)  # type: ignore[arg-type]
    return propose(proposal, to_post=ma.post("head"), context=context, officer=es.officer("ES-1001"))


def test_both_nodes_say_the_same_and_the_host_has_the_case_at_its_desk(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    made = accredited(es, ma)
    seen = {}
    for node in (es, ma):
        context = node.use()
        row = accreditation_row(made)
        assert (row.officer, row.host, row.state, row.accepted, row.pending) == ("ES-6100", "ma.dgst", "in-force", 1, 0)
        seen[node.agency] = replace(row, direction=0, partner="", changed_ms=0)
        assert [one.case for one in grants_of([made])[made]] == [CASE.hex()]
        assert [one.case_ref for one in channels_where("accreditation = %s", (made,))] == [CASE]
        assert [word.kind for word in words_of(made)] == [Move.PROPOSE, Move.ACCEPT]
        assert state_at(row, context.clock()) == "in-force"
        assert state_at(row, row.from_ms - 1) == "coming"
        assert state_at(row, row.until_ms) == "expired"
    assert seen["es.cgi"] == seen["ma.dgst"]
    ma.use()
    assert case_row(CASE, [ma.post()]).lead == "es.cgi"


def test_until_the_host_accepts_nothing_is_permitted(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    made = proposed(es, ma)
    carry(es, ma)
    for node in (es, ma):
        now = node.use().clock()
        assert accreditation_row(made).state == "proposed"
        assert channels_where("accreditation = %s", (made,)) == []
        partner = "ma.dgst" if node is es else "es.cgi"
        with pytest.raises(Refused, match=r"limit\.not-accepted"):
            permitting(partner, own=node.agency, field="offence.terrorism", case=CASE, at_ms=now)


def test_what_permits_is_found_from_either_side_and_nothing_beyond_it(posted: Posted) -> None:
    for node, partner in ((posted.es, "ma.dgst"), (posted.ma, "es.cgi")):
        now = node.use().clock()
        found = permitting(partner, own=node.agency, field="offence.terrorism", case=CASE, at_ms=now)
        assert found.id == posted.accreditation
        (one,) = in_world(partner)
        assert one.officer == "ES-6100"
        assert one.validity is Validity.IN_FORCE
        for field, case, at_ms, limit in (
            ("offence.drugs", CASE, now, "other-field"),
            ("offence.migrant-smuggling", CASE, now, "other-field"),
            ("offence.terrorism", bytes(16), now, "other-case"),
            ("offence.terrorism", CASE, found.until_ms, "expired"),
        ):
            with pytest.raises(Refused, match=rf"limit\.{limit}"):
                permitting(partner, own=node.agency, field=field, case=case, at_ms=at_ms)
    with pytest.raises(Refused, match=r"limit\.none"):
        permitting("fr.dgsi", own="es.cgi", field="offence.terrorism", case=CASE, at_ms=0)


@pytest.mark.parametrize(
    ("officer", "changes", "code"),
    [
        ("ES-1001", {"officer": "ES-4017"}, "relations.not-in-liaison-post"),
        ("ES-1001", {"officer": "ES-6300"}, "relations.no-own-key"),
        ("ES-1001", {"host": "fr.dgsi"}, "relations.other-host"),
        ("ES-1001", {"languages": ()}, "policy.law"),
        ("ES-4017", {}, "relations.not-answering"),
    ],
)
def test_what_no_service_proposes(pair: tuple[Node, Node], officer: str, changes: dict[str, object], code: str) -> None:
    es, ma = pair
    context = es.use()
    proposal = replace(proposal_of(es, ma, now_ms=context.clock()), **changes)  # type: ignore[arg-type]
    with pytest.raises(Error) as raised:
        propose(proposal, to_post=ma.post("head"), context=context, officer=es.officer(officer))
    assert raised.value.code == code
    assert accreditation_rows() == []


def test_a_case_that_we_do_not_have_is_not_proposed(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    context = es.use()
    proposal = proposal_of(es, ma, now_ms=context.clock(), cases=(bytes(16),))
    with pytest.raises(NotFound, match="unknown-case"):
        propose(proposal, to_post=ma.post("head"), context=context, officer=es.officer("ES-1001"))


def test_a_refusal_permits_nothing_and_another_proposal_may_follow(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    made = proposed(es, ma)
    with pytest.raises(Conflict, match="not-now"):
        propose(
            proposal_of(es, ma, now_ms=es.use().clock()), to_post=ma.post("head"), context=es.context,
            officer=es.officer("ES-1001"), accreditation=made,
        )  # fmt: skip
    carry(es, ma)
    with pytest.raises(Refused, match="policy"):
        decide(made, Move.REFUSE, context=ma.use(), officer=ma.officer("MA-1001"))
    decide(made, Move.REFUSE, context=ma.use(), officer=ma.officer("MA-1001"), reason="accreditation.incomplete")
    carry(es, ma)
    assert accreditation_row(made).state == "refused"
    propose(
        proposal_of(es, ma, now_ms=es.use().clock()), to_post=ma.post("head"), context=es.context,
        officer=es.officer("ES-1001"), accreditation=made,
    )  # fmt: skip
    carry(es, ma)
    decide(made, Move.ACCEPT, context=ma.use(), officer=ma.officer("MA-1001"))
    carry(es, ma)
    row = accreditation_row(made)
    assert (row.state, row.accepted) == ("in-force", 2)


def test_a_change_holds_only_once_the_host_has_accepted_it(posted: Posted) -> None:
    es, ma = posted.es, posted.ma
    longer = replace(proposal_of(es, ma, now_ms=es.use().clock()), fields=("offence.terrorism", "offence.drugs"))
    propose(
        longer,
        to_post=ma.post("head"),
        context=es.context,
        officer=es.officer("ES-1001"),
        accreditation=posted.accreditation,
    )
    posted.carry()
    for node in (es, ma):
        node.use()
        row = accreditation_row(posted.accreditation)
        assert ("offence.drugs" in row.fields, row.pending, row.state) == (False, 2, "in-force")
    posted.decide("MA-1001", Move.ACCEPT)
    posted.carry()
    for node in (es, ma):
        node.use()
        row = accreditation_row(posted.accreditation)
        assert ("offence.drugs" in row.fields, row.pending, row.accepted) == (True, 0, 2)


def test_a_case_taken_out_closes_its_channel_and_one_put_back_opens_it(posted: Posted) -> None:
    es, ma = posted.es, posted.ma

    def change(cases: tuple[bytes, ...]) -> None:
        proposal = proposal_of(es, ma, now_ms=es.use().clock(), cases=cases)
        propose(
            proposal,
            to_post=ma.post("head"),
            context=es.context,
            officer=es.officer("ES-1001"),
            accreditation=posted.accreditation,
        )
        posted.carry()
        posted.decide("MA-1001", Move.ACCEPT)
        posted.carry()

    for cases, closed in (((), True), ((CASE,), False)):
        change(cases)
        for node in (es, ma):
            node.use()
            (channel,) = channels_where("accreditation = %s", (posted.accreditation,))
            assert (channel.closed_ms is not None) is closed


def test_each_side_suspends_for_itself_and_either_withdraws_for_good(posted: Posted) -> None:
    posted.decide("MA-1001", Move.SUSPEND, reason="accreditation.host-decision")
    posted.decide("ES-1001", Move.SUSPEND, reason="accreditation.illness")
    posted.carry()
    for node in (posted.es, posted.ma):
        node.use()
        assert accreditation_row(posted.accreditation).state == "suspended"
    posted.decide("ES-1001", Move.RESUME)
    posted.carry()
    assert accreditation_row(posted.accreditation).state == "suspended", "the host's own suspension stands"
    with pytest.raises(Conflict, match="not-now"):
        posted.decide("ES-1001", Move.RESUME)
    posted.decide("MA-1001", Move.RESUME)
    posted.carry()
    assert accreditation_row(posted.accreditation).state == "in-force"
    posted.decide("MA-1001", Move.WITHDRAW, reason="accreditation.host-decision")
    posted.carry()
    for node in (posted.es, posted.ma):
        node.use()
        assert accreditation_row(posted.accreditation).state == "withdrawn"
        (channel,) = channels_where("accreditation = %s", (posted.accreditation,))
        assert channel.closed_ms is not None
    with pytest.raises(Conflict, match="not-now"):
        posted.decide("ES-1001", Move.SUSPEND, reason="accreditation.illness")


def test_words_that_cross_come_to_the_same_on_both_sides(posted: Posted) -> None:
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.end-of-posting")
    posted.decide("MA-1001", Move.SUSPEND, reason="accreditation.host-decision")
    posted.carry()
    for node in (posted.es, posted.ma):
        node.use()
        assert accreditation_row(posted.accreditation).state == "withdrawn"
        assert {word.kind for word in words_of(posted.accreditation)} >= {Move.WITHDRAW, Move.SUSPEND}


def test_the_officer_tells_when_the_officer_is_reached(posted: Posted) -> None:
    until = posted.clock() + 86_400_000
    tell_reach(
        posted.accreditation,
        "reach.away",
        context=posted.es.use(),
        officer=posted.es.officer("ES-6100"),
        until_ms=until,
    )
    posted.carry()
    posted.ma.use()
    assert accreditation_row(posted.accreditation).away_until_ms == until
    tell_reach(posted.accreditation, "reach.hours", context=posted.es.use(), officer=posted.es.officer("ES-6100"))
    posted.carry()
    posted.ma.use()
    row = accreditation_row(posted.accreditation)
    assert (row.reach, row.away_until_ms) == ("reach.hours", None)
    with pytest.raises(Refused, match="not-answering"):
        tell_reach(posted.accreditation, "reach.hours", context=posted.es.use(), officer=posted.es.officer("ES-4017"))


def test_what_the_office_follows_goes_by_its_desk_and_what_ends_needs_none(
    posted: Posted, set_aside: Callable[[], list[str]]
) -> None:
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.end-of-posting")
    posted.carry()
    posted.ma.use()
    assert set_aside() == []


def answered(es: Node, ma: Node) -> bytes:
    """Madrid's desk asks Rabat's desk, which answers; the matter. Madrid is bound."""
    matter = send_enquiry(
        an_enquiry(), context=es.use(), officer=es.officer("ES-4017"), from_post=es.post(), to_post=ma.post(),
        via_office_post=es.post("embassy-office"),
    )  # fmt: skip
    carry(es, ma)
    answer_enquiry(matter, answer=an_answer(), items=[an_item()], context=ma.use(), officer=ma.officer("MA-2210"))
    carry(es, ma)
    return matter


def test_a_case_that_is_a_matter_is_refused_on_proposing_on_arrival_and_on_accepting(
    pair: tuple[Node, Node], set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would let the desk that the partner names read what another desk answered in the matter."""
    es, ma = pair
    matter = answered(es, ma)
    grants = proposal_of(es, ma, now_ms=es.use().clock(), cases=(matter,)).grants
    grants = tuple(replace(one, counterpart=ma.post("head")) for one in grants)
    monkeypatch.setattr(accrediting, "_require_cases", lambda _grants: None)  # a liar's node asks itself nothing
    with pytest.raises(Refused, match=r"cases\.reference-is-matter"):
        proposed(es, ma, grants=grants)
    with monkeypatch.context() as liar:
        liar.setattr(accrediting, "check_cases", lambda _grants, *, context: None)
        made = proposed(es, ma, grants=grants)
    carry(es, ma)
    ma.use()
    assert set_aside() == ["cases.reference-is-matter"]
    with pytest.raises(NotFound):
        accreditation_row(made)
    es.use()
    row = accreditation_row(made)
    with pytest.raises(
        Refused, match=r"cases\.reference-is-matter"
    ):  # what was proposed before the matter was known here
        accrediting.open_cases(row, context=ma.use(), by="MA-1001")


def test_a_case_that_bears_a_matters_name_shows_its_desks_nothing_of_the_matter(
    pair: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever speaks first chooses a matter's reference: one of a case that is there already."""
    es, ma = pair
    matter = answered(es, ma)
    context, head = ma.use(), ma.officer("MA-1001")
    monkeypatch.setattr(casework, "is_matter", lambda _reference, *, keys: False)
    open_case(NewCase(title=Text("ar", "ملف"), shared=matter), context=context, officer=head)
    items = items_of(matter)
    assert items
    assert visible(items, reader_of(head, context=context), context=context) == []
    desk = ma.officer("MA-2210")
    assert visible(items, reader_of(desk, context=context), context=context) == items
