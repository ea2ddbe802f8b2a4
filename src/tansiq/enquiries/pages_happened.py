"""What happened in a matter, in words: the entries of `timeline` for the component of a course.

Invariant: codes, desks and service numbers alone, as the timeline gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tansiq.enquiries.pages_common import Named, ms_of
from tansiq.policy.codes import code_list
from tansiq.texts import catalogue, text

__all__ = ["CODES_OF", "Event", "codes_in_words", "events_of"]

CODES_OF: Final[Mapping[str, str]] = {
    "enquiry.answer": "answer_outcomes",
    "enquiry.refusal": "refusal_grounds",
    "enquiry.partial-refusal": "refusal_grounds",
    "enquiry.clarification-request": "clarification_points",
    "enquiry.delay": "delay_grounds",
    "enquiry.withdrawal": "withdrawal_reasons",
    "enquiry.feedback": "feedback",
    "enquiry.reminder": "reminders",
}
"""The list in which the codes of each kind of word stand."""
_TONES: Final = {"said": "", "handed-over": "", "received": "proof", "notice": "due", "translated": ""}


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the course."""

    words: str
    at_ms: int | None
    by: str
    tone: str
    said: str = ""
    said_language: str = ""


def codes_in_words(kind: str, codes: Sequence[str], language: str) -> list[str]:
    """The labels of the codes of a word."""
    listed = CODES_OF.get(kind)
    return [code_list(listed).label(code, language) if listed else code for code in codes]


def _words(one: Mapping[str, Any], named: Named, language: str) -> str:
    kind = code_list("message_kinds").label(one["kind"], language) if one["kind"] else ""
    if one["what"] == "notice":
        code = next(iter(one["codes"]), "")
        key = f"enquiries.{code}"
        return text(key, language) if key in catalogue() else code
    if one["what"] == "said":
        codes = codes_in_words(one["kind"], one["codes"], language)
        return ": ".join([kind, "؛ ".join(codes) if language == "ar" else "; ".join(codes)]) if codes else kind
    return text(f"enquiries.happened.{one['what']}", language, kind=kind, desk=named.post(one["post"]))


def events_of(entries: Sequence[Mapping[str, Any]], named: Named, language: str) -> list[Event]:
    """The course of a matter, the latest first."""
    out = []
    for one in entries:
        who = [named.post(one["post"]) if one["post"] else "", one["officer"]]
        by = " · ".join(part for part in who if part)
        tone = "late" if "notice.overdue" in one["codes"] else _TONES.get(one["what"], "")
        out.append(Event(_words(one, named, language), ms_of(one["at"]), by, tone))
    return out[::-1]
