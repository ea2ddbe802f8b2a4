"""What a first docket makes of a matter is the same whether it is asked alone or with others of its codes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tansiq.office.beginning import Beginnings, entered
from tansiq.office.feeding import Entry
from tansiq.office.rows import docket_values, flow_values, judged

OFFICE = "es.cgi/embassy-office"
DESKS = ("es.gc/desk", "es.cgi/desk", "ma.dgsn/desk", "ma.dgst/desk", "")
KINDS = (
    "enquiry.request",
    "enquiry.answer",
    "enquiry.reminder",
    "enquiry.withdrawal",
    "consent.request",
    "of-tomorrow",
)
TIMES = st.integers(0, 1 << 42)
ENTRIES = st.builds(
    Entry,
    statement=st.binary(min_size=16, max_size=16),
    matter=st.binary(min_size=16, max_size=16),
    kind=st.sampled_from(KINDS),
    channel=st.sampled_from(("embassy", "direct")),
    sender=st.sampled_from(DESKS),
    addressee=st.sampled_from(DESKS),
    deadline_class=st.sampled_from(("", "none", "normal", "urgent-direct", "urgent-indirect", "of-tomorrow")),
    answers=st.none() | st.just(b"\1" * 16),
    said_ms=TIMES,
    at_ms=TIMES,
    taken_ms=st.none() | TIMES,
    field=st.sampled_from(("offence.terrorism", "offence.drugs")),
    case=st.none() | st.just(b"\2" * 16),
)


@given(st.lists(ENTRIES, min_size=1, max_size=12))
def test_each_begins_its_matter_as_its_docket_alone_says(entries: list[Entry]) -> None:
    beginnings = Beginnings(OFFICE)
    for one in entries:
        begun = beginnings.of(one)
        before = entered(one.docket(OFFICE), one.field, one.case)
        (docket,) = judged(before, [one.docket(OFFICE)])
        row = before.standing([docket])
        assert begun.flow(one) == tuple(flow_values(row))
        assert begun.docket(one) == docket_values(docket)
        assert begun.counted(one) == row.sort
