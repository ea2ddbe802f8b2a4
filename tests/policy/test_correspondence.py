"""The bodies of the correspondence, as they travel for ever: frozen bytes, limits, and what a newer version may add."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.source import HOUSE
from tansiq.errors import BadInput
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Translation,
    Withdrawal,
)
from tansiq.policy.plain import Record
from tansiq.policy.subjects import Name, Subject
from tansiq.policy.values import Text
from tansiq.protocol.parts import Part, parse_part

FILE = HOUSE / "tests" / "vectors" / "bodies.json"
FROZEN: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
DIGEST = "f4e0392bf351db3cc71df8323079437f8d33db997b3304243aa60d18289e9844"
WORDS = Text("fr", "Mots inventés.")
PERSON = Subject(kind="subject.person", names=(Name("Mojtar Benalí el Invento", "Latn"),), category="category.suspect")
WHOLE: dict[str, Record] = {
    "enquiry.clarification-request": ClarificationRequest(
        points=("clarify.identity", "clarify.other"), question=WORDS, language_exception="language.agreed"
    ),
    "enquiry.clarification": Clarification(
        words=WORDS, subjects=(PERSON,), language_exception="language.no-translator"
    ),
    "enquiry.delay": DelayNotice(
        ground="delay.judicial", until_ms=1_782_043_200_000, reason=WORDS, language_exception="language.agreed"
    ),
    "enquiry.reminder": Reminder(code="reminder.overdue"),
    "enquiry.withdrawal": Withdrawal(reason="withdrawal.other", words=WORDS),
    "enquiry.feedback": Feedback(uses=("feedback.arrest", "feedback.lead"), words=WORDS),
    "translation": Translation(part=1, field="subjects.0.description", text=WORDS, translator="ES-4017"),
}


def test_the_frozen_file_is_the_one_that_was_frozen() -> None:
    """If this fails, the file was changed: put it back, and freeze what is new beside it."""
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == DIGEST
    assert set(FROZEN) == set(WHOLE)


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_the_frozen_bytes_are_read_and_made_again(kind: str) -> None:
    frozen = bytes.fromhex(FROZEN[kind]["encoded"])
    part = parse_part(frozen)
    assert part.kind == kind
    assert part.content == FROZEN[kind]["content"]
    record = type(WHOLE[kind]).from_plain(part.content)
    assert record == WHOLE[kind]
    assert Part(kind, dict(record.to_plain())).to_bytes() == frozen


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_a_newer_version_may_add_what_can_be_ignored_and_what_can_not(kind: str) -> None:
    plain = WHOLE[kind].to_plain()
    assert type(WHOLE[kind]).from_plain({**plain, "of_tomorrow": 1}) == WHOLE[kind]
    with pytest.raises(BadInput, match=r"policy\.newer-version"):
        type(WHOLE[kind]).from_plain({**plain, "!of_tomorrow": 1})


HOSTILE: list[tuple[type[Record], dict[str, Any]]] = [
    (ClarificationRequest, {"points": ["clarify.identity"] * 9}),
    (ClarificationRequest, {"points": "clarify.identity"}),
    (ClarificationRequest, {"question": "sans langue"}),
    (ClarificationRequest, {"question": {"language": "fr", "value": "x" * 16_001}}),
    (ClarificationRequest, {"question": {"language": "fr", "value": "a\u202eb"}}),
    (Clarification, {"subjects": [PERSON.to_plain()] * 17}),
    (DelayNotice, {"until_ms": -1}),
    (DelayNotice, {"until_ms": 10**18}),
    (DelayNotice, {"until_ms": "demain"}),
    (DelayNotice, {"ground": "not a code"}),
    (Withdrawal, {"reason": None}),
    (Feedback, {"uses": ["feedback.arrest"] * 9}),
    (Reminder, {"code": "Mohamed Ben Ali"}),
    (Translation, {"part": 0, "field": "facts", "translator": "ES-4017"}),
    (Translation, {"part": 256, "field": "facts", "text": WORDS.to_plain(), "translator": "ES-4017"}),
    (Translation, {"part": 0, "field": "../facts", "text": WORDS.to_plain(), "translator": "ES-4017"}),
    (Translation, {"part": 0, "field": "facts", "text": WORDS.to_plain(), "translator": "Begoña"}),
]


@pytest.mark.parametrize(("kind", "plain"), HOSTILE)
def test_what_breaks_a_limit_is_no_record(kind: type[Record], plain: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        kind.from_plain(plain)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(kind=st.sampled_from(sorted(WHOLE)), field=st.integers(0, 5), value=ANYTHING)
def test_whatever_stands_in_a_field_it_is_a_record_or_refused(kind: str, field: int, value: Any) -> None:
    plain: dict[str, Any] = dict(WHOLE[kind].to_plain())
    plain[sorted(plain)[field % len(plain)]] = value
    try:
        record = type(WHOLE[kind]).from_plain(plain)
    except BadInput:
        return
    assert type(record).from_plain(record.to_plain()) == record
