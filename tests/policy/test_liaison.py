"""The law on a liaison officer's channel is the law of every channel: short to fulfil, and never skipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tansiq.errors import Refused
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.liaison import LiaisonMessage, check_message, message_faults
from tansiq.policy.subjects import Name, Subject
from tansiq.policy.values import Text

FIELD = "offence.terrorism"
BASIS = "ab" * 16


@pytest.fixture
def message(law: LawBasis, conditions: Conditions) -> LiaisonMessage:
    return LiaisonMessage(words=Text("es", "Vuelve el martes."), personal=True, law=law, conditions=conditions)


def codes(message: LiaisonMessage, *, standing: LawBasis | None = None, field: str = FIELD) -> set[str]:
    return {fault.code.removeprefix("policy.law.") for fault in message_faults(message, field=field, standing=standing)}


def test_a_whole_message_may_leave(message: LiaisonMessage) -> None:
    assert codes(message) == set()
    assert LiaisonMessage.from_plain(message.to_plain()) == message


def test_what_holds_no_personal_data_needs_no_basis_and_says_so(message: LiaisonMessage) -> None:
    plain = replace(message, personal=False, law=None)
    assert codes(plain) == set()
    assert codes(replace(plain, personal=None)) >= {"personal-unanswered", "legal-basis-missing"}
    person = Subject(kind="subject.person", category="subject.suspect", names=(Name("Moktar Benali", "Latn"),))
    assert codes(replace(plain, subjects=(person,))) >= {"personal-contradicts", "legal-basis-missing"}


def test_a_basis_that_stands_in_the_case_serves_and_one_that_does_not_serves_not(
    message: LiaisonMessage, law: LawBasis
) -> None:
    referring = replace(message, law=None, law_of=BASIS)
    assert codes(referring, standing=law) == set()
    assert codes(referring) == {"basis-not-here"}
    assert codes(replace(message, law=None)) >= {"legal-basis-missing", "necessity-missing", "assurance-death-penalty"}


def test_a_basis_is_for_the_field_of_the_case(message: LiaisonMessage, law: LawBasis) -> None:
    assert codes(message, field="offence.migrant-smuggling") == {"basis-other-field"}
    referring = replace(message, law=None, law_of=BASIS)
    assert codes(referring, standing=law, field="offence.migrant-smuggling") == {"basis-other-field"}


@pytest.mark.parametrize("name", ["political", "military", "religious", "racial"])
def test_a_matter_that_is_not_neutral_does_not_pass_by_reference_either(
    message: LiaisonMessage, law: LawBasis, name: str
) -> None:
    assert law.neutrality is not None
    answered = replace(getattr(law.neutrality, name), answer=True)
    tainted = replace(law, neutrality=replace(law.neutrality, **{name: answered}))
    assert codes(replace(message, law=tainted)) == {name}
    assert codes(replace(message, law=None, law_of=BASIS), standing=tainted) == {name}


def test_persons_conditions_and_urgency_are_asked_as_everywhere(message: LiaisonMessage) -> None:
    minor = Subject(kind="subject.person", names=(Name("Lamia", "Latn"),), protected=("protected.minor",))
    assert codes(replace(message, subjects=(minor,))) == {"category-missing", "protected-undecided"}
    assert codes(replace(message, conditions=None)) == {"handling-missing", "classification-missing"}
    assert codes(replace(message, urgency_ground="urgency.life")) == {"urgency-reason-missing"}
    assert codes(replace(message, words=None)) == {"message-empty"}
    with pytest.raises(Refused, match=r"policy\.law"):
        check_message(replace(message, words=None), field=FIELD)
