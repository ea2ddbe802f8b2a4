"""An enquiry by a liaison officer's desk where several sit: it is the officer's who is accredited for its case."""

from __future__ import annotations

import pytest

from support.liaison import CASE, Posted, accredited, posted_in
from support.matters import an_answer, an_enquiry, an_item, no_hit
from support.node import Nodes
from tansiq.cases.casework import NewCase, open_case
from tansiq.channels.accreditations import carriers
from tansiq.channels.ways import find
from tansiq.enquiries.drafts import request_draft
from tansiq.enquiries.rows import enquiry_rows, replies_of
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import Refused
from tansiq.exchange.drafts import Draft
from tansiq.exchange.queries import quarantined
from tansiq.exchange.services import send
from tansiq.policy.accreditation_course import Move
from tansiq.policy.values import Text
from tansiq.protocol.ids import new_id

pytestmark = pytest.mark.storage


@pytest.fixture
def posted(node: Nodes) -> Posted:
    return posted_in(node)


def test_an_answer_passes_a_desk_where_two_officers_sit(posted: Posted) -> None:
    es, ma = posted.es, posted.ma
    desk = es.post("liaison-tangier")
    matter = send_enquiry(
        an_enquiry("ES-4017"),
        context=es.use(),
        officer=es.officer("ES-4017"),
        from_post=es.post(),
        to_post=ma.post(),
        via_office_post=desk,
        channel="liaison",
        case=CASE,
    )
    posted.carry()
    answer_enquiry(
        matter, context=ma.use(), officer=ma.officer("MA-2210"), answer=an_answer("MA-2210"), items=[an_item()]
    )
    posted.carry()
    es.use()
    assert [one.kind for one in replies_of([matter])] == ["enquiry.answer"]
    assert not quarantined()


def test_it_is_the_one_accredited_for_the_case(posted: Posted) -> None:
    es, ma = posted.es, posted.ma
    other = bytes.fromhex("6d" * 16)
    new = NewCase(title=Text("es", "Otra célula"), fields=("offence.terrorism",), agencies=("ma.dgst",), shared=other)
    open_case(new, context=es.use(), officer=es.officer("ES-4017"))
    accredited(es, ma, officer="ES-6200", cases=(other,))
    desk = es.post("liaison-tangier")

    def who(case: bytes, *, field: str = "offence.terrorism") -> dict[str, str]:
        return carriers([desk], "ma.dgst", own="es.cgi", field=field, case=case, at_ms=posted.clock())

    es.use()
    assert who(CASE) == {desk: "ES-6100"}
    assert who(other) == {desk: "ES-6200"}
    assert who(b"\x01" * 16) == who(CASE, field="offence.other") == {}


# ------------------------------------------------------------------------------------------------ what carries it


def asking(posted: Posted, *, case: bytes = CASE) -> Draft:
    """Madrid's request over the officer's desk, as a node that asks no accreditation makes it."""
    es, context = posted.es, posted.es.use()
    way = find(
        "liaison", es.post(), posted.ma.post(), via=es.post("liaison-tangier"), context=context, now_ms=context.clock(),
        persons={es.post("liaison-tangier"): "ES-6100"},
    )  # fmt: skip
    act = es.officer("ES-4017").acting("enquiry.request", post=es.post())
    return request_draft(an_enquiry("ES-4017"), matter=new_id(context.clock()), case=case, way=way, act=act)


def taken(posted: Posted, draft: Draft) -> list[str]:
    """Why Rabat set the request aside; nothing when it stands on its desk, which then can answer it."""
    send(draft, context=posted.es.use())
    posted.carry()
    posted.ma.use()
    rows = enquiry_rows("matter = %s", (draft.docket.matter,))
    assert bool(rows) != bool(quarantined())
    if rows:
        answer_enquiry(rows[0].matter, answer=no_hit(), context=posted.ma.use(), officer=posted.ma.officer("MA-2210"))
    return [one.code for one in quarantined()]


def test_what_its_accreditation_carries_is_taken(posted: Posted) -> None:
    assert taken(posted, asking(posted)) == []


@pytest.mark.parametrize("move", [Move.WITHDRAW, Move.SUSPEND])
def test_after_its_end_which_its_sender_knows_it_is_not_taken(posted: Posted, move: Move) -> None:
    posted.decide("MA-1001", move, reason="accreditation.case-closed")
    posted.carry()
    posted.clock.advance(days=30)
    assert taken(posted, asking(posted)) == ["enquiries.not-carried"]


def test_what_was_asked_before_its_sender_knew_of_the_end_is_taken(posted: Posted) -> None:
    posted.decide("MA-1001", Move.WITHDRAW, reason="accreditation.case-closed")
    posted.clock.advance(minutes=1)
    assert taken(posted, asking(posted)) == []


def test_another_case_than_the_accepted_one_is_not_taken(posted: Posted) -> None:
    assert taken(posted, asking(posted, case=b"\x01" * 16)) == ["enquiries.not-carried"]


def test_it_leaves_by_no_officer_whose_accreditation_does_not_carry_it(posted: Posted) -> None:
    es = posted.es
    with pytest.raises(Refused):
        send_enquiry(
            an_enquiry("ES-4017"), context=es.use(), officer=es.officer("ES-4017"), from_post=es.post(), to_post=posted.ma.post(),
            via_office_post=es.post("liaison-tangier"), channel="liaison", case=b"\x01" * 16,
        )  # fmt: skip
