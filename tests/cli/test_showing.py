"""What is shown: nothing of a partner's text steers the terminal; codes read as words; what was erased says so."""

from __future__ import annotations

import pytest

from tansiq.cli.reading_aloud import lines_of, title_of
from tansiq.cli.showing import clean, facts, label, moment, table
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.plain import One, Record, slots_of
from tansiq.policy.subjects import Name
from tansiq.policy.values import Attestation, PartialDate, Text
from tansiq.texts import catalogue

HOSTILE = "Kha\x1b[31mlid\x07 \u202eevil\u202c\u2066x\u2069\r\u200fعلي\x00\x9b2J"


def test_nothing_of_a_text_steers_the_terminal() -> None:
    assert clean(HOSTILE) == "Kha[31mlid evilxعلي2J"
    assert clean("two\nlines") == "two\nlines"
    assert clean(None) == "None"


def test_a_hostile_partner_gets_no_control_sign_into_an_enquiry_or_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = {"language": HOSTILE, "value": HOSTILE}
    name = {"value": HOSTILE, "script": HOSTILE, "role": HOSTILE}
    enquiry = {
        "facts": text,
        "sought": [HOSTILE],
        "subjects": [{"kind": HOSTILE, "names": [name], "nationalities": [HOSTILE]}],
    }
    shown = "\n".join(lines_of(enquiry, Enquiry))
    table(["a"], [[HOSTILE]])
    facts([("name", HOSTILE)])
    shown += capsys.readouterr().out
    assert not {sign for sign in shown if sign < " " and sign not in "\n\t"}
    assert not set("\x9b\x00\u202e\u202c\u2066\u2069\u200f") & set(shown)


@pytest.mark.parametrize(
    "odd",
    [
        {"facts": "no record"},
        {"facts": {}},
        {"subjects": [7]},
        {"subjects": [{"births": [{"year": "x"}], "names": ["no record"]}]},
        {"law": {"neutrality": {"political": True}}},
        {"conditions": {"expires_at_ms": "tomorrow"}},
        {"sought": [None, 3]},
    ],
)
def test_a_record_that_is_not_as_it_should_be_is_still_shown(odd: dict[str, object]) -> None:
    assert "\n".join(lines_of(odd, Enquiry))


def records(kind: type[Record]) -> set[type[Record]]:
    """``kind`` and every record inside it."""
    inner = {slot.inner.kind for slot in slots_of(kind) if isinstance(slot.inner, One)}
    return {kind}.union(*(records(one) for one in inner))


def test_every_field_has_a_name_in_every_language() -> None:
    shown = set[type[Record]]().union(*(records(kind) for kind in (Enquiry, Answer, Item, Refusal)))
    on_one_line = {Text, Attestation, PartialDate, Name}
    for kind in shown - on_one_line:
        for slot in slots_of(kind):
            assert title_of(slot.name) != slot.name or f"cli.field.{slot.name}" in catalogue(), (
                f"{kind.__name__}.{slot.name}"
            )


def test_what_was_erased_says_so() -> None:
    assert len(list(lines_of(None, Item))) == 1


def test_codes_read_as_words_and_unknown_ones_as_themselves() -> None:
    assert label("handling", "H2") != "H2"
    assert label("handling", "H9") == "H9"
    assert label("handling", "") == ""
    assert label("no-such-list", "H2") == "H2"


@pytest.mark.parametrize(
    ("iso", "shown"),
    [("2026-05-04T09:30:00.123Z", "2026-05-04 09:30 UTC"), (None, "–"), ("", "–"), ("soon\x1b", "soon")],
)
def test_moments(iso: str | None, shown: str) -> None:
    assert moment(iso) == shown


def test_a_table_for_a_program_is_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    table(["one", "two"], [["a\nb", 2], ["c", None]])
    assert capsys.readouterr().out == "one\ttwo\na b\t2\nc\tNone\n"
