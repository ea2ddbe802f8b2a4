"""The form of a message on a liaison officer's channel: short, for a telephone, with all that the law wants.

Invariant: the name of a field is its path in the record. Nothing of law is chosen beforehand; where the writer's service has stated
a basis in this case already, it is offered to be referred to, and a new one can be stated. Handling stands as in the writer's last
message, which was the writer's own choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tansiq.enquiries.forms import Data, Part, Section, flat_of, form_of, read_record
from tansiq.enquiries.forms_parts import Making, basis_sections, conditions_part, subject_parts
from tansiq.enquiries.reading import record_from
from tansiq.errors import BadInput
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.liaison import LiaisonMessage
from tansiq.relations.liaison_basis import Basis
from tansiq.texts import text
from tansiq.web.forms import Field
from tansiq.web.moments import Reader, moment
from tansiq.web.visitor import Request

__all__ = ["NEW_BASIS", "Offered", "as_before", "message_from", "message_sections"]

NEW_BASIS: Final = "new"
"""The choice of a basis of its own, instead of one that stands."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A basis that stands in the case, as the form offers it."""

    id: str
    label: str

    @classmethod
    def of(cls, basis: Basis, reader: Reader) -> Offered:
        """With its purpose, its offence and when it was stated."""
        language, law = reader.language, basis.law
        words = text(
            "relations.form.stands",
            language,
            purpose=code_list("purposes").label(law.purpose or "", language),
            basis=code_list("legal_bases").label(law.legal_basis or "", language),
            when=moment(basis.said_ms, reader).short,
        )
        return cls(basis.statement.hex(), words)


def _field(name: str, label: str, kind: str = "text", **more: Any) -> Field:
    return Field(name=name, label=f"relations.field.{label}", kind=kind, **more)


def _yes_or_no(name: str, label: str, language: str, **more: Any) -> Field:
    choices = (("yes", text("enquiries.form.yes", language)), ("no", text("enquiries.form.no", language)))
    return _field(name, label, "radio", choices=choices, required=True, **more)


def _what(making: Making, data: Data) -> Section:
    words = replace(making.words("words", required=True, rows=5, help=""), label="relations.field.words")
    fields = [
        words,
        _yes_or_no("personal", "personal", making.language, help="relations.help.personal"),
        making.coded("urgency_ground", "urgency_grounds"),
    ]
    if data.get("urgency_ground"):
        fields.append(making.words("urgency_reason", required=True, rows=2))
        fields.append(making.coded("language_exception", "language_exceptions"))
    return Section(name="what", title="relations.form.what", parts=(Part(fields=tuple(fields)),))


def _persons(making: Making, data: Data, *, head: bool) -> Section:
    return Section(
        name="about",
        title="relations.form.about",
        help="relations.form.about-help",
        parts=subject_parts(making, data, "subjects", head=head),
        add=(Part(fields=(), add="subjects:subject.person", add_label="enquiries.add.person"),),
    )


def _which_basis(making: Making, offered: Sequence[Offered]) -> Section:
    choices = (
        *((one.id, one.label) for one in offered),
        (NEW_BASIS, text("relations.form.new-basis", making.language)),
    )
    field = _field("basis_choice", "basis", "radio", choices=choices, required=True, help="relations.help.basis")
    return Section(name="basis", title="relations.form.basis", parts=(Part(fields=(field,)),))


def message_sections(
    data: Data, *, language: str, offered: Sequence[Offered], head: bool = False
) -> tuple[Section, ...]:
    """The sections for what is written so far; ``offered`` are the bases that stand, ``head``: a head of service writes."""
    making = Making(language)
    found: list[Section] = [_what(making, data)]
    if data.get("personal") != "no":
        found.append(_persons(making, data, head=head))
        if offered:
            found.append(_which_basis(making, offered))
        if not offered or data.get("basis_choice") == NEW_BASIS:
            found += basis_sections(making)
    found.append(
        Section(name="conditions", title="relations.form.conditions", parts=(conditions_part(making),)),
    )
    return tuple(found)


def as_before(last: LiaisonMessage | None, *, field: str) -> Mapping[str, Any]:
    """What stands in an empty form: the handling of the writer's last message, the case's own field of crime."""
    first: dict[str, Any] = {"law.offence": field}
    if last is not None and last.conditions is not None:
        first |= flat_of(Conditions, last.conditions.to_plain(), at="conditions.")
    return first


def message_from(
    data: Data, *, request: Request, offered: Sequence[Offered]
) -> tuple[LiaisonMessage | None, dict[str, tuple[str, ...]]]:
    """The message that is written, or None and what can't be read of it, by field."""
    form = form_of(message_sections(data, language=request.language, offered=offered))
    read = read_record(LiaisonMessage, data, form=form, language=request.language, zone=request.visitor.zone)
    plain = dict(read.plain)
    answered = {"yes": True, "no": False}.get(str(data.get("personal", "")))
    plain.pop("personal", None)
    if answered is not None:
        plain["personal"] = answered
    chosen = str(data.get("basis_choice", ""))
    stands = chosen in {one.id for one in offered}
    if answered is False or stands:
        plain.pop("law", None)
    if answered is False:
        plain.pop("subjects", None)
    elif stands:
        plain["law_of"] = chosen
    if read.faults:
        return None, dict(read.faults)
    if answered is not False and offered and not chosen:
        return None, {"basis_choice": (text("relations.form.basis-missing", request.language),)}
    try:
        now_ms = request.now_ms
        return record_from(LiaisonMessage, plain, officer=request.visitor.number, now_ms=now_ms), {}
    except BadInput as error:
        return None, {"": (error.advice(request.language).what,)}
