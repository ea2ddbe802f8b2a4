"""How a matter stands by its dockets: a function of their set, whoever says them and in whatever order they came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.policy.flow import OPEN_FLOW, Said, age_of, stand

DAY_MS = 86_400_000
KINDS = [
    "enquiry.request", "enquiry.answer", "enquiry.refusal", "enquiry.partial-refusal", "enquiry.clarification-request",
    "enquiry.clarification", "enquiry.withdrawal", "enquiry.feedback", "enquiry.delay", "enquiry.reminder", "accreditation.proposal",
    "accreditation.acceptance", "notice.notice", "notice.cancellation", "direct.message", "thing.of-tomorrow",
]  # fmt: skip
_BY_ASKER = {
    "enquiry.request",
    "enquiry.clarification",
    "enquiry.withdrawal",
    "enquiry.feedback",
    "accreditation.proposal",
    "notice.notice",
}


def course(*kinds: str) -> list[Said]:
    return [
        Said(
            id=bytes([place]) * 16,
            kind=kind,
            by_asker=kind in _BY_ASKER,
            said_ms=place,
            deadline_class="normal" if not place else "",
        )
        for place, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        (("enquiry.request",), "waiting"),
        (("enquiry.request", "enquiry.delay"), "waiting"),
        (("enquiry.request", "enquiry.clarification-request"), "clarification"),
        (("enquiry.request", "enquiry.clarification-request", "enquiry.clarification"), "waiting"),
        (("enquiry.request", "enquiry.partial-refusal"), "waiting"),
        (("enquiry.request", "enquiry.answer"), "answered"),
        (("enquiry.request", "enquiry.answer", "enquiry.reminder"), "answered"),
        (("enquiry.request", "enquiry.answer", "enquiry.clarification-request"), "answered"),
        (("enquiry.request", "enquiry.answer", "enquiry.feedback"), "closed"),
        (("enquiry.request", "enquiry.refusal"), "refused"),
        (("enquiry.request", "enquiry.withdrawal", "enquiry.answer"), "withdrawn"),
        (("enquiry.answer",), "answered"),
        (("accreditation.proposal", "accreditation.acceptance"), "answered"),
        (("notice.notice", "notice.cancellation"), "closed"),
        (("direct.message", "direct.read"), "waiting"),
        (("thing.of-tomorrow",), "waiting"),
    ],
)
def test_the_state(kinds: tuple[str, ...], state: str) -> None:
    assert stand(course(*kinds)).state == state


def test_what_wants_no_answer_is_told() -> None:
    assert stand([Said(id=b"1", kind="direct.message", by_asker=True, said_ms=1)]).state == "told"


def test_nobody_answers_the_own_question_or_withdraws_the_others() -> None:
    asked, answered, withdrawn = course("enquiry.request", "enquiry.answer", "enquiry.withdrawal")
    by_asker = Said(id=answered.id, kind=answered.kind, by_asker=True, said_ms=1)
    by_asked = Said(id=withdrawn.id, kind=withdrawn.kind, by_asker=False, said_ms=2)
    assert stand([asked, by_asker, by_asked]).state == "waiting"


def test_the_term_runs_from_when_it_was_taken_and_from_when_it_was_said_until_that_is_known() -> None:
    said = Said(id=b"1", kind="enquiry.request", by_asker=True, said_ms=0, deadline_class="urgent-direct")
    assert stand([said]).deadline_ms == 8 * 3_600_000
    taken = Said(
        id=b"1", kind="enquiry.request", by_asker=True, said_ms=0, deadline_class="urgent-direct", taken_ms=1_000
    )
    assert stand([taken]).deadline_ms == 8 * 3_600_000 + 1_000
    assert stand([taken]).urgent
    of_tomorrow = Said(id=b"1", kind="enquiry.request", by_asker=True, said_ms=0, deadline_class="of-tomorrow")
    assert stand([of_tomorrow]).deadline_ms is None


@pytest.mark.parametrize(
    ("days", "age"), [(0, 0), (1, 0), (2, 1), (7, 1), (8, 2), (30, 2), (31, 3), (4_000, 3), (-1, 0)]
)
def test_ages(days: int, age: int) -> None:
    assert age_of(0, days * DAY_MS) == age


_SAID = st.builds(
    Said,
    id=st.binary(min_size=2, max_size=2),
    kind=st.sampled_from(KINDS),
    by_asker=st.booleans(),
    said_ms=st.integers(0, 5),
    deadline_class=st.sampled_from(["", "none", "normal", "urgent-direct", "of-tomorrow"]),
    taken_ms=st.none() | st.integers(0, 9),
)


@given(st.lists(_SAID, min_size=1, max_size=8, unique_by=lambda one: one.id), st.randoms(use_true_random=False))
def test_the_order_in_which_dockets_come_says_nothing(said: list[Said], random: object) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)
    found = stand(said)
    assert stand(shuffled) == found
    assert found.is_open or found.deadline_ms is None
    assert found.is_open == (found.state in OPEN_FLOW)
