"""The form of an enquiry: one question a section, from whom is asked to what may be done with it.

Invariant: the class of deadline is not chosen but follows from the urgency and from where the information lies (Directive
(EU) 2023/977, Article 5(1)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tansiq.directory.queries import partners
from tansiq.enquiries.forms import Data, Part, Section, read_record
from tansiq.enquiries.forms_channel import channel_sections
from tansiq.enquiries.forms_parts import (
    KINDS,
    Making,
    basis_sections,
    conditions_part,
    subject_parts,
    translations_section,
)
from tansiq.enquiries.pages_common import Named
from tansiq.enquiries.reading import request_from
from tansiq.errors import BadInput
from tansiq.policy.correspondence import Translation
from tansiq.policy.deadlines import deadline_class_for
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.values import Text
from tansiq.protocol.docket import agency_of
from tansiq.web.access import Role
from tansiq.web.forms import Form
from tansiq.web.visitor import Request

__all__ = ["INITIAL", "Way", "enquiry_from", "enquiry_sections", "translations_from", "way_from"]

INITIAL: Final[dict[str, Any]] = {"subjects.0.kind": "subject.person"}
_ASKED: Final = frozenset({"desk", "bureau"})
"""Roles of posts that are asked by the channel of the embassy; heads speak directly."""
_OFFICE: Final = "office"


@dataclass(frozen=True, slots=True)
class Way:
    """From which desk of ours, to which of the partner's, by which office."""

    sender: str
    addressee: str
    office: str


def _desks(
    request: Request, named: Named
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """Our desks, the partners' desks, the offices by which it may go."""
    own = named.own()
    ours = [(post, named.post(post)) for post in request.visitor.posts]
    theirs, offices = [], [(one.id, named.place(one.id)) for one in own.posts if one.role == _OFFICE]
    for partner in partners():
        document = None if partner.is_self or not partner.confirmed_ms else named.directory(partner.agency)
        for one in document.posts if document is not None else ():
            if one.role in _ASKED:
                theirs.append((one.id, named.place(one.id)))
            elif one.role == _OFFICE:
                offices.append((one.id, named.place(one.id)))
    return ours, theirs, offices


def way_from(data: Data, request: Request, named: Named) -> Way:
    """The way that is written: what there is only one of needs no choice."""
    ours, theirs, offices = _desks(request, named)

    def chosen(name: str, known: Sequence[tuple[str, str]]) -> str:
        posts = [post for post, _ in known]
        said = str(data.get(name) or "")
        return said if said in posts else posts[0] if len(posts) == 1 else ""

    return Way(chosen("from", ours), chosen("to", theirs), chosen("via", offices))


def _to_whom(making: Making, request: Request, named: Named) -> Section:
    ours, theirs, offices = _desks(request, named)
    only = [known[0][0] if len(known) == 1 else "" for known in (ours, theirs, offices)]
    fields = [
        making.field("to", "select", choices=tuple(theirs), value=only[1], required=True),
        making.field("via", "select", choices=tuple(offices), value=only[2], required=True),
    ]
    if len(ours) > 1:
        fields.insert(0, making.field("from", "select", choices=tuple(ours), value=ours[0][0], required=True))
    return Section(name="to", title="enquiries.ask.to", parts=(Part(fields=tuple(fields), beside=True),))


def enquiry_sections(data: Data, request: Request, named: Named) -> tuple[Section, ...]:
    """The sections for what is written so far."""
    making = Making(request.language)
    subjects = subject_parts(making, data, "subjects", head=Role.HEAD in request.visitor.roles)
    adding = tuple(
        Part(fields=(), add=f"subjects:{kind}", add_label=f"enquiries.add.{kind.removeprefix('subject.')}")
        for kind in KINDS
    )
    return (
        _to_whom(making, request, named),
        Section(
            name="what",
            title="enquiries.ask.what",
            parts=(
                Part(
                    fields=(
                        making.coded("sought", "sought", "ticks", required=True),
                        making.words("question", rows=2),
                    )
                ),
            ),
        ),
        Section(name="about", title="enquiries.ask.about", help="enquiries.ask.about-help", parts=subjects, add=adding),
        Section(
            name="why",
            title="enquiries.ask.why",
            parts=(
                Part(
                    fields=(
                        making.words("facts", required=True, rows=5),
                        making.words("reasons_held", required=True, rows=3),
                        making.words("link", required=True, rows=2),
                    )
                ),
            ),
        ),
        Section(
            name="when",
            title="enquiries.ask.when",
            help="enquiries.ask.when-help",
            parts=(
                Part(
                    fields=(
                        making.coded("availability", "availability", "radio", required=True),
                        making.coded("urgency_ground", "urgency_grounds"),
                        making.words("urgency_reason", rows=2),
                    )
                ),
            ),
        ),
        *basis_sections(making),
        Section(
            name="handling",
            title="enquiries.ask.handling",
            parts=(conditions_part(making), Part(fields=(making.coded("language_exception", "language_exceptions"),))),
        ),
        *translations_section(making, data),
        *channel_sections(making, request, partner=agency_of(way_from(data, request, named).addressee)),
    )


def enquiry_from(data: Data, *, form: Form, request: Request) -> tuple[Enquiry | None, dict[str, tuple[str, ...]]]:
    """The enquiry that is written, and what can't be read of it, by field."""
    read = read_record(Enquiry, data, form=form, language=request.language, zone=request.visitor.zone)
    if read.faults:
        return None, read.faults
    plain = dict(read.plain)
    if availability := plain.get("availability"):
        plain["deadline_class"] = deadline_class_for(
            urgent="urgency_ground" in plain, directly_available=availability == "available.direct"
        )
    try:
        return request_from(plain, officer=request.visitor.number, now_ms=request.now_ms), {}
    except BadInput as error:
        return None, {"": (error.advice(request.language).what,)}


def translations_from(data: Data, *, request: Request) -> tuple[Translation, ...]:
    """The translations that are written beside the texts."""
    out = []
    for name, value in data.items():
        if not name.startswith("translation.") or name.endswith(".language") or not str(value).strip():
            continue
        _, part, field = name.split(".", 2)
        tongue = str(data.get(f"{name}.language") or request.language)
        out.append(
            Translation(
                part=int(part), field=field, text=Text(tongue, str(value).strip()), translator=request.visitor.number
            )
        )
    return tuple(out)
