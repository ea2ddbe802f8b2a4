"""The forms of this room: narrowing the register, and the few words that a direct needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tansiq.office.compartments import Compartment
from tansiq.office.queries import AGE_NAMES, STATES
from tansiq.policy.codes import code_list
from tansiq.texts import LANGUAGES, text
from tansiq.web.forms import Field, Form
from tansiq.web.languages import NAMES

__all__ = ["FILTERS", "WHICH", "compartment_form", "direct_form", "filters"]

WHICH: Final = ("open", "overdue", "mine", "first", "ended")
"""Which part of the register is looked at."""
FILTERS: Final = ("which", "field", "channel", "state", "direction", "age", "service")


def filters(
    asked: Mapping[str, str], language: str, *, fields: Sequence[str], services: Sequence[tuple[str, str]]
) -> list[Field]:
    """The fields that narrow the list; ``fields`` are those that have something, ``services`` with their names."""
    offences = code_list("offences")
    choices = {
        "which": [(one, text(f"office.filter.which-{one}", language)) for one in WHICH],
        "field": [(one, offences.label(one, language)) for one in fields if one],
        "channel": list(code_list("channels").choices(language)),
        "state": [(one, code_list("flow_states").label(one, language)) for one in STATES],
        "direction": [(one, text(f"office.page.{one}", language)) for one in ("out", "in")],
        "age": [(one, text(f"office.filter.age-{one}", language)) for one in AGE_NAMES],
        "service": list(services),
    }
    labels = {"which": "office.filter.which", "age": "office.filter.age"}
    return [
        Field(
            name=name,
            label=labels.get(name, f"office.page.{name}"),
            kind="select",
            value=asked.get(name, ""),
            choices=tuple(choices[name]),
        )
        for name in FILTERS
        if name != "service" or len(services) > 1
    ]


def direct_form(what: str, language: str, *, members: Sequence[str], value: str) -> Form:
    """What a direct asks for; a form without fields where it only asks whether."""
    tongues = tuple((code, NAMES[code]) for code in LANGUAGES)
    nobody = ("", text("office.page.nobody", language))
    fields: dict[str, tuple[Field, ...]] = {
        "assign": (
            Field(
                name="assigned", label="office.field.assigned", kind="select", value=value,
                choices=(nobody, *((one, one) for one in members)),
            ),
        ),
        "prioritise": (
            Field(
                name="priority", label="office.field.priority", kind="radio", required=True, value=value,
                choices=code_list("flow_priorities").choices(language),
            ),
        ),
        "comment": (
            Field(
                name="words", label="office.field.words", kind="words", required=True, rows=4, language=language, languages=tongues
            ),
        ),
        "join": (Field(name="other", label="office.field.other", required=True, longest=36, value=value),),
    }  # fmt: skip
    return Form(fields.get(what, ()))


def compartment_form(
    one: Compartment, language: str, *, services: Sequence[tuple[str, str]], fields: Sequence[str]
) -> Form:
    """What an officer of the office sees and reads."""
    offences = code_list("offences")
    return Form(
        (
            Field(
                name="service", label="office.field.service", kind="select", required=True, value=one.service,
                choices=tuple(services),
            ),
            Field(
                name="fields", label="office.field.fields", kind="ticks", value=one.fields, help="office.field.fields-help",
                choices=tuple((code, offences.label(code, language)) for code in dict.fromkeys((*fields, *one.fields))),
            ),
            Field(name="deputy", label="office.field.deputy", kind="tick", value=one.directs),
        )
    )  # fmt: skip
