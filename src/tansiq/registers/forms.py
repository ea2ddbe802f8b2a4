"""The form of a search of the registers, and the shorter one that asks why an entry is opened.

Invariant: a form finds what is lacking or can't be read and guesses nothing; nothing of the justification is chosen beforehand, for a
person answers for it. What it makes is judged again where it is used (`asked`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tansiq.registers.asked import Asked, Why, matter_of
from tansiq.registers.nations import nation_of
from tansiq.texts import text
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.written import date_of

__all__ = ["PERSON", "REASON", "asked_in", "bound", "reason_form", "search_form", "why_in"]

PERSON: Final = ("name", "birth", "nationality", "sex", "number")
REASON: Final = ("purpose", "aim", "category", "matter", "offence", "ordered")


def _field(name: str, kind: str = "text", *, helped: bool = False, **more: Any) -> Field:
    return Field(
        name=name, label=f"registers.field.{name}", help=f"registers.help.{name}" if helped else "", kind=kind, **more
    )


def _person(language: str) -> tuple[Field, ...]:
    return (
        _field("name", required=True, helped=True),
        _field("birth", helped=True, size="middle"),
        _field("nationality", "country", size="middle"),
        _field("sex", "select", size="middle", choices=choices_of("sexes", language, only=("F", "M"))),
        _field("number", size="middle", longest=64),
    )


def _reason(language: str) -> tuple[Field, ...]:
    return (
        _field("purpose", "select", required=True, choices=choices_of("purposes", language)),
        _field("aim", "radio", required=True, choices=choices_of("search_aims", language)),
        _field("category", "select", required=True, choices=choices_of("data_subject_category", language)),
        _field("matter", helped=True, size="middle", longest=64),
        _field("offence", "select", choices=choices_of("offences", language)),
        _field("ordered", helped=True, size="middle", longest=32),
    )


def search_form(language: str) -> Form:
    """Whom one searches for, and why."""
    return Form((*_person(language), *_reason(language)))


def reason_form(language: str) -> Form:
    """Why an entry is opened."""
    return Form(_reason(language))


def bound(form: Form, data: Mapping[str, Any], language: str) -> Form:
    """The form with what ``data`` says and the faults that are in it."""
    filled = form.bound(data, language=language)
    said = {one.name: str(one.value or "") for one in filled}
    made = _nameless(filled).checked(language) if said.get("number") else filled.checked(language)
    faults: dict[str, tuple[str, ...]] = {}
    if "name" in said:
        if said["birth"] and date_of(said["birth"]) is None:
            faults["birth"] = (text("registers.wrong.birth", language),)
        if said["nationality"] and not nation_of(said["nationality"]):
            faults["nationality"] = (text("registers.wrong.nationality", language),)
    if said["matter"] and not matter_of(said["matter"]):
        faults["matter"] = (text("registers.wrong.matter", language),)
    if not said["matter"] and not said["offence"]:
        faults["matter"] = (text("registers.wrong.no-matter", language),)
    return made.faulted(faults)


def _nameless(form: Form) -> Form:
    """The form of which no name is wanted: a document's number is enough."""
    return replace(form, fields=tuple(replace(one, required=one.required and one.name != "name") for one in form))


def asked_in(form: Form) -> Asked:
    """Whom the form asks for."""
    return Asked.from_plain({name: " ".join(str(form[name].value or "").split()) for name in PERSON})


def why_in(form: Form) -> Why:
    """Why, as the form says it."""
    said = {name: str(form[name].value or "") for name in REASON}
    return Why.from_plain(said | {"matter": matter_of(said["matter"])})
