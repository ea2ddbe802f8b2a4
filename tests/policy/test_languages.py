"""A text goes to a desk that reads it, or with a translation; only what is urgent may leave otherwise, with a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tansiq.policy.enquiry import Enquiry
from tansiq.policy.languages import language_faults, reads, texts_in
from tansiq.policy.values import Text


@pytest.mark.parametrize(
    ("languages", "tag", "expected"),
    [
        (("ar", "fr"), "ar", True),
        (("ar", "fr"), "ar-Latn", True),
        (("fr-MA",), "fr", True),
        (("ar", "fr"), "es", False),
        (("ar",), "ary", False),
        ((), "es", True),
    ],
)
def test_what_a_desk_reads(languages: tuple[str, ...], tag: str, expected: bool) -> None:
    assert reads(languages, tag) is expected


def test_every_text_is_found_with_the_path_of_its_field(enquiry: Enquiry) -> None:
    found = dict(texts_in(enquiry))
    assert {"facts", "reasons_held", "link", "law.necessity", "law.assurance.reference"} <= set(found)
    assert found["facts"] == enquiry.facts


def test_each_text_that_the_desk_does_not_read_is_a_fault_of_its_field(enquiry: Enquiry) -> None:
    faults = language_faults(enquiry, languages=("ar", "fr"), translated={})
    assert {fault.field for fault in faults} == {path for path, _ in texts_in(enquiry)}
    assert {(fault.code, fault.row) for fault in faults} == {("policy.law.language-not-read", 12)}
    assert not language_faults(enquiry, languages=("es",), translated={})
    assert not language_faults(enquiry, languages=(), translated={})


def test_a_translation_into_a_language_that_is_read_is_enough(enquiry: Enquiry) -> None:
    one = replace(enquiry, law=None, facts=Text("es", "Hechos."), reasons_held=None, link=None, question=None)
    one = replace(one, subjects=(), urgency_reason=None, conditions=None)
    assert not language_faults(one, languages=("ar",), translated={"facts": ["ar"]})
    (fault,) = language_faults(one, languages=("ar",), translated={"facts": ["fr"], "link": ["ar"]})
    assert fault.field == "facts"


def test_only_what_is_urgent_is_excused(enquiry: Enquiry) -> None:
    because = "language.no-translator"
    assert not language_faults(enquiry, languages=("ar",), translated={}, urgent=True, exception=because)
    (fault,) = language_faults(enquiry, languages=("ar",), translated={}, urgent=False, exception=because)
    assert (fault.code, fault.field) == ("policy.law.language-exception-not-urgent", "language_exception")
