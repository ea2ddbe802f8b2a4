"""The forms of the direct channel: a message in one step, a deputy, what is handed down to a desk.

Invariant: the name of a field is its path in the record. Nothing of law is chosen beforehand: a basis is offered again only where its
writer stated it in the same exchange, and it is sent again whole. What a head hands down begins under the conditions of
its originator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tansiq.directory.queries import own_directory
from tansiq.enquiries.forms import Data, Part, Section, flat_of, form_of, read_record
from tansiq.enquiries.forms_parts import Making, conditions_part, subject_parts
from tansiq.enquiries.pages_common import Named
from tansiq.errors import BadInput
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import DirectMessage
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.values import Text
from tansiq.relations.forms_liaison import Offered, message_from, message_sections
from tansiq.texts import text
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.visitor import Request

__all__ = ["HandedDown", "deputy_form", "direct_from", "direct_sections", "down_from", "down_initial", "down_sections"]

_OFFENCE: Final = "law.offence"
_SIGHT: Final = "relations/direct_sight.html"


def _field(name: str, label: str = "", kind: str = "text", **more: Any) -> Field:
    return Field(name=name, label=f"relations.direct.field-{label or name}", kind=kind, **more)


def _without(section: Section, name: str) -> Section:
    parts = (replace(part, fields=tuple(one for one in part.fields if one.name != name)) for part in section.parts)
    return replace(section, parts=tuple(parts))


def direct_sections(
    data: Data, *, language: str, offered: Sequence[Offered], head: bool, field: str = ""
) -> tuple[Section, ...]:
    """The sections for what is written so far, the last of them who will see what. ``field`` is the field of crime where it
    is known; else it is asked for, once: the basis in law has the same.
    """
    found = [
        _without(section, _OFFENCE) for section in message_sections(data, language=language, offered=offered, head=head)
    ]
    if not field:
        asked = _field("field", kind="select", choices=choices_of("offences", language), required=True)
        first = found[0].parts[0]
        found[0] = replace(found[0], parts=(replace(first, fields=(*first.fields, asked)),))
    seen = Field(name="seen", label="relations.direct.who-sees", kind="hidden")
    found.append(
        Section(name="sight", title="relations.direct.who-sees", parts=(Part(fields=(seen,), template=_SIGHT),))
    )
    return tuple(found)


Faulty = dict[str, tuple[str, ...]]


def direct_from(
    data: Data, *, request: Request, offered: Sequence[Offered], bases: Mapping[str, LawBasis], field: str = ""
) -> tuple[DirectMessage | None, str, Faulty]:
    """The message that is written and its field of crime, or None and what can't be read of it, by field.

    ``bases`` are those of ``offered``, by their identifiers.
    """
    chosen = field or str(data.get("field") or "")
    if chosen not in code_list("offences"):
        label = text("relations.direct.field-field", request.language)
        return None, "", {"field": (text("web.form.missing", request.language, field=label),)}
    message, faults = message_from({**data, _OFFENCE: chosen}, request=request, offered=offered)
    if message is None:
        return None, chosen, faults
    law = bases.get(message.law_of or "", message.law)
    return DirectMessage.from_plain(replace(message, law=law, law_of=None).to_plain()), chosen, {}


# ------------------------------------------------------------------------------------------------------------ a deputy


def deputy_form(able: Sequence[str], language: str) -> Form:
    """Who stands in, from which day to which, both included."""
    choices = tuple((number, number) for number in able)
    dates: dict[str, Any] = {"kind": "date", "required": True, "size": "short", "calendars": language == "ar"}
    return Form(
        (
            _field("deputy", kind="select", choices=choices, value=able[0] if len(able) == 1 else "", required=True),
            _field("from_ms", "from", **dates),
            _field("until_ms", "until", help="relations.direct.help-until", **dates),
        )
    )


# ------------------------------------------------------------------------------------------------------------ handed down


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedDown:
    """What a head hands down: to which desk, what its case is called there, the item, and what the head answered of ill-treatment (None: nothing
    yet).
    """

    desk: str
    title: Text
    item: Item
    check: IncomingCheck | None


def _desks(own: str, named: Named) -> tuple[tuple[str, str], ...]:
    return tuple((post.id, named.post(post.id)) for post in own_directory().posts if post.id != own)


def down_initial(conditions: Conditions | None) -> Mapping[str, Any]:
    """What stands in an empty form: the originator's conditions, which hold in any case."""
    return flat_of(Conditions, (conditions or Conditions()).to_plain(), at="item.conditions.")


def down_sections(data: Data, *, language: str, own: str, named: Named) -> tuple[Section, ...]:
    """The sections of what is handed down from the desk ``own``."""
    making = Making(language)
    where = (
        _field("desk", kind="select", choices=_desks(own, named), required=True),
        replace(
            making.words("title", required=True, rows=2, help="relations.direct.help-title"),
            label="relations.direct.field-title",
        ),
    )
    words = replace(making.words("item.words", required=True, rows=5, help=""), label="relations.direct.field-words")
    how_good = (
        making.coded("item.source", "evaluation_source", "radio", required=True),
        making.coded("item.information", "evaluation_information", "radio", required=True),
        making.coded("item.basis", "basis", "radio", required=True),
        making.field("item.as_of", size="short"),
    )
    person = Part(fields=(), add="item.subjects:subject.person", add_label="enquiries.add.item-person")
    return (
        Section(name="desk", title="relations.direct.to-which-desk", parts=(Part(fields=where),)),
        Section(
            name="item",
            title="relations.direct.what-down",
            help="relations.direct.what-down-help",
            parts=(
                Part(fields=(words,)),
                Part(fields=how_good, beside=True),
                *subject_parts(making, data, "item.subjects", plain=True),
                person,
            ),
        ),
        Section(
            name="conditions",
            title="relations.form.conditions",
            help="relations.direct.stricter-help",
            parts=(conditions_part(making, "item.conditions."),),
        ),
        Section(name="origin", title="enquiries.origin.question", parts=(Part(fields=_origin(making, language)),)),
    )


def _origin(making: Making, language: str) -> tuple[Field, ...]:
    """The question of ill-treatment, which comes before any use of what came in; its answer is never chosen beforehand."""
    return (
        Field(
            name="obtained", label="enquiries.origin.answer", kind="radio", required=True,
            choices=choices_of("ill_treatment", language),
        ),
        replace(making.words("obtained_reason", rows=2, help="enquiries.origin.reason-help"), label="enquiries.origin.reason"),
    )  # fmt: skip


def _check(data: Data, request: Request) -> IncomingCheck | None:
    """The head's answer; None for what is none."""
    if str(data.get("obtained") or "") not in code_list("ill_treatment"):
        return None
    language, reason = request.language, str(data.get("obtained_reason") or "").strip()
    return IncomingCheck(
        answer=str(data["obtained"]),
        officer=request.visitor.number,
        at_ms=request.now_ms,
        reason=Text(str(data.get("obtained_reason.language") or language), reason) if reason else None,
    )


def down_from(data: Data, *, request: Request, own: str, named: Named) -> tuple[HandedDown | None, Faulty]:
    """What is handed down, and what is wrong with it before the law is asked, by field; None where an item can't be read of it."""
    language = request.language
    form = form_of(down_sections(data, language=language, own=own, named=named))
    read = read_record(Item, data, form=form, language=language, zone=request.visitor.zone, at="item.")
    faults: Faulty = dict(read.faults)
    desk, title = str(data.get("desk") or ""), str(data.get("title") or "").strip()
    check = _check(data, request)
    for name, missing, labelled in (
        ("desk", desk not in dict(_desks(own, named)), "relations.direct.field-desk"),
        ("title", not title, "relations.direct.field-title"),
        ("obtained", check is None, "enquiries.origin.answer"),
    ):
        if missing:
            label = text(labelled, language)
            faults[name] = (text("web.form.missing", language, field=label),)
    if read.faults:
        return None, faults
    try:
        written = Text(str(data.get("title.language") or language), title or "0")  # one that lacks is among the faults
        item = Item.from_plain(dict(read.plain))
        return HandedDown(desk=desk, title=written, item=item, check=check), faults
    except BadInput as error:
        return None, {"": (error.advice(language).what,)}
