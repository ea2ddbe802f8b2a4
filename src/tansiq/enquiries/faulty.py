"""The faults of law at the fields of a form, each with the act and article that wants it.

Invariant: no fault is lost: what no field is about stands above the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tansiq.policy.faults import Fault
from tansiq.texts import text
from tansiq.web.forms import Form

__all__ = ["by_field", "source_in"]

_WORDS: Final = re.compile(
    r"Directive \(EU\)|Regulation \(EU\)|Convention against Torture|INTERPOL's Constitution|INTERPOL's Rules on the Processing of Data"
    r"|Articles|Article|recital|and|to(?= \d)|Practice"
)
_KEYS: Final = {
    "Directive (EU)": "directive", "Regulation (EU)": "regulation", "Convention against Torture": "torture",
    "INTERPOL's Constitution": "interpol", "INTERPOL's Rules on the Processing of Data": "interpol-rules", "to": "to",
    "Articles": "articles", "Article": "article", "recital": "recital", "and": "and", "Practice": "practice",
}  # fmt: skip
_ELSEWHERE: Final = {"deadline_class": "urgency_ground"}
"""A field that the form derives, and the one that it is derived from."""


def source_in(source: str, language: str) -> str:
    """An act and its article as the language writes them."""
    return _WORDS.sub(lambda found: text(f"enquiries.source.{_KEYS[found[0]]}", language), source)


def _field_for(name: str, form: Form) -> str:
    """The field of the form that a fault at ``name`` is about; ``name`` itself when there is none."""
    names = [one.name for one in form if one.kind != "hidden"]
    wanted = _ELSEWHERE.get(name, name)
    if wanted in names:
        return wanted
    inside = [one for one in names if one.startswith(f"{wanted}.")]
    around = [one for one in names if wanted.startswith(f"{one}.")]
    return next(iter([*inside, *around]), name)


def by_field(faults: Iterable[Fault], *, form: Form, language: str, at: str = "") -> dict[str, tuple[str, ...]]:
    """Each field's messages; ``at`` stands before the names of the faults' fields."""
    out: dict[str, tuple[str, ...]] = {}
    for fault in faults:
        message = fault.sentence(language)
        if fault.source != "Practice":
            message = f"{message} ({source_in(fault.source, language)})"
        name = _field_for(f"{at}{fault.field}", form)
        if message not in out.get(name, ()):
            out[name] = (*out.get(name, ()), message)
    return out
