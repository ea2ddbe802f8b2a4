"""Forms: fields, what was written in them, what is wrong with it, and the draft.

A page makes a `Form` of `Field`s, binds what was posted (or the draft), judges it with the core and puts the faults back:

    form = Form((Field(name="reason", label="enquiries.field.reason", kind="words", required=True),), draft_url=…)
    form = form.bound(request.POST, language=request.language)
    form = form.faulted({"reason": ("…",)})          # from Error.advice or a Fault, in the reader's language
    {% include "web/components/error_summary.html" %} {% for field in form %}{% include "web/components/field.html" %}{% endfor %}

Invariant: a form is never changed, only made anew; it judges nothing itself but the length, the choices and the presence of
what is required, the absence of control characters in one line, and even that only when it is asked (`checked`), since a draft
may be anything. What was written is shown again exactly as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from django.http import QueryDict

from tansiq.policy.codes import code_list
from tansiq.texts import text
from tansiq.web.languages import direction_of
from tansiq.web.moments import hijri

__all__ = ["Field", "Form", "choices_of"]

_INPUT_TYPES: Final = {
    "text": "text",
    "number": "number",
    "date": "date",
    "password": "password",
    "email": "email",
    "tel": "tel",
}
_MANY: Final = frozenset({"ticks"})
_AS_WRITTEN: Final = frozenset({"long", "words", "password"})
"""Kinds whose control characters are not judged here: those of several lines, and what is never shown or looked up."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
LONGEST: Final = 4_000


def choices_of(name: str, language: str, *, only: Sequence[str] | None = None) -> tuple[tuple[str, str], ...]:
    """The choices of the code list ``name`` in ``language``, or only some of its codes."""
    found = code_list(name)
    return found.choices(language) if only is None else tuple((code, found.label(code, language)) for code in only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field.

    ``kind``: text, long (a textarea), words (a textarea whose language is said), select, radio, ticks (several), tick (yes
    or no), date, number, email, tel, country, password, file, hidden. ``label`` and ``help`` are keys of texts; ``choices`` pairs in the
    reader's language; ``languages`` those that words may be in; ``size`` '' (whole width), 'short' or 'middle';
    ``calendars`` shows a date's Hijri date under it once it is bound.
    """

    name: str
    label: str = ""
    kind: str = "text"
    value: Any = ""
    help: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    language: str = ""
    languages: tuple[tuple[str, str], ...] = ()
    size: str = ""
    rows: int = 4
    longest: int = 0
    autocomplete: str = "off"
    accept: str = ""
    disabled: bool = False
    calendars: bool = False
    hijri: str = ""
    messages: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Where a link of the summary leads."""
        return f"f-{self.name.replace('.', '-')}"

    @property
    def described(self) -> str:
        """What a screen reader says with the control."""
        parts = ([f"{self.id}-help"] if self.help else []) + ([f"{self.id}-wrong"] if self.messages else [])
        return " ".join(parts)

    @property
    def input_type(self) -> str:
        """The type of the input."""
        return _INPUT_TYPES.get(self.kind, "text")

    @property
    def direction(self) -> str:
        """The direction of the words."""
        return direction_of(self.language) if self.language else "auto"

    @property
    def tongues(self) -> tuple[tuple[str, str, str], ...]:
        """The languages that words may be in, each with its direction."""
        return tuple((code, label, direction_of(code)) for code, label in self.languages)

    @property
    def chosen(self) -> frozenset[str]:
        """The values that are ticked."""
        return frozenset((self.value,) if isinstance(self.value, str) else self.value or ())

    @property
    def limit(self) -> int:
        """The most characters."""
        return self.longest or (LONGEST if self.kind in {"long", "words"} else 200)


def _posted(one: Field, data: Mapping[str, Any], language: str) -> Field:
    """``one`` with what ``data`` holds for it."""
    if one.kind == "file" or one.disabled:
        return one
    if one.kind in _MANY:
        values = data.getlist(one.name) if isinstance(data, QueryDict) else data.get(one.name) or ()
        return replace(one, value=tuple(str(value) for value in values))
    value = data.get(one.name)
    if one.kind == "tick":
        return replace(one, value=value in (True, "yes", "on"))
    said = str(value if value is not None else "").replace("\r\n", "\n")[: 2 * one.limit]
    if one.kind not in {"long", "words", "password"}:
        said = said.strip()
    changed = replace(one, value=said)
    if one.kind == "words":
        tongue = str(data.get(f"{one.name}.language") or one.language or language)
        known = {code for code, _ in one.languages}
        changed = replace(changed, language=tongue if tongue in known or not known else one.language)
    if one.kind == "date":
        changed = replace(changed, hijri=_hijri_of(said, language) if one.calendars else "")
    return changed


def _hijri_of(said: str, language: str) -> str:
    try:
        return hijri(date.fromisoformat(said), language)
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields in their order. ``messages`` are faults of no single field; ``draft_url`` where a draft is kept ('' nowhere)."""

    fields: tuple[Field, ...]
    draft_url: str = ""
    messages: tuple[str, ...] = field(default=())

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        """The field ``name``; templates say ``form.name``. Raises KeyError."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    def bound(self, data: Mapping[str, Any], *, language: str) -> Form:
        """The form with what ``data`` (what was posted, or a draft) holds for each field."""
        return replace(self, fields=tuple(_posted(one, data, language) for one in self.fields))

    @property
    def values(self) -> dict[str, Any]:
        """What is written: name → value; for words also ``name.language``."""
        out: dict[str, Any] = {}
        for one in self.fields:
            out[one.name] = one.value
            if one.kind == "words":
                out[f"{one.name}.language"] = one.language
        return out

    def faulted(self, faults: Mapping[str, Sequence[str]], messages: Sequence[str] = ()) -> Form:
        """The form with these faults: name of a field → messages in the reader's language. What names no field of this
        form stands above it, so that nothing is swallowed.
        """
        names = {one.name for one in self.fields}
        rest = [message for name, told in faults.items() if name not in names for message in told]
        fields = tuple(replace(one, messages=(*one.messages, *faults.get(one.name, ()))) for one in self.fields)
        return replace(self, fields=fields, messages=(*self.messages, *messages, *rest))

    def checked(self, language: str) -> Form:
        """The form with the faults that it finds itself: what is required and lacking, too long, none of the choices, or holds control characters."""
        faults: dict[str, tuple[str, ...]] = {}
        for one in self.fields:
            label = text(one.label, language) if one.label else one.name
            if one.required and one.kind not in {"file", "hidden"} and not one.value:
                faults[one.name] = (text("web.form.missing", language, field=label),)
            elif isinstance(one.value, str) and one.kind not in _AS_WRITTEN and _CONTROL.search(one.value):
                faults[one.name] = (text("web.form.control", language, field=label),)
            elif isinstance(one.value, str) and len(one.value) > one.limit:
                faults[one.name] = (
                    text("web.form.too-long", language, field=label, most=one.limit, length=len(one.value)),
                )
            elif one.choices and one.value and not one.chosen <= {code for code, _ in one.choices}:
                faults[one.name] = (text("web.form.no-choice", language, field=label),)
        return self.faulted(faults)

    @property
    def faulty_fields(self) -> tuple[Field, ...]:
        """The fields with faults."""
        return tuple(one for one in self.fields if one.messages)

    @property
    def fault_count(self) -> int:
        """How many faults there are."""
        return len(self.messages) + sum(len(one.messages) for one in self.fields)

    @property
    def faulty(self) -> bool:
        """Whether anything is wrong."""
        return self.fault_count > 0
