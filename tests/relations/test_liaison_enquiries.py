"""An enquiry by a liaison officer's desk where several sit: it is the officer's who is accredited for its case."""

from __future__ import annotations

import pytest

from support.liaison import CASE, Posted, accredited, posted_in
from support.matters import an_answer, an_enquiry, an_item
from support.node import Nodes
from tansiq.cases.casework import NewCase, open_case
from tansiq.channels.accreditations import carriers
from tansiq.enquiries.rows import replies_of
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.exchange.queries import quarantined
from tansiq.policy.values import Text

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
