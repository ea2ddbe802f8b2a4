"""The form of a strategic report: from which desk to which, on what, its text, its evaluation, the law and the handling.

Invariant: what can be chosen is chosen: desks of one's own and desks with which the office stands on the way. Nothing of law or handling is
chosen beforehand. Days are those of the calendar, the same for both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tansiq.directory.queries import own_directory, partners
from tansiq.enquiries.forms import Data, Part, Section, form_of, read_record
from tansiq.enquiries.forms_files import file_section
from tansiq.enquiries.forms_parts import Making, basis_sections, conditions_part, subject_parts
from tansiq.enquiries.pages_common import Named
from tansiq.enquiries.reading import record_from
from tansiq.errors import BadInput
from tansiq.policy.report import StrategicReport
from tansiq.relations.reports_saying import OFFICE
from tansiq.texts import text
from tansiq.web.forms import Field, choices_of
from tansiq.web.moments import local
from tansiq.web.visitor import Request

__all__ = ["calendar_day", "ends_in", "report_from", "report_sections", "senders", "worded"]

DAY_MS: Final = 86_400_000
_NOT_ADDRESSED: Final = frozenset({"liaison", "hub", "bureau", "legal"})


def worded(name: str, label: str = "", kind: str = "text", **more: Any) -> Field:
    """A field with a label of this room."""
    return Field(name=name, label=f"institutional.field.{label or name}", kind=kind, **more)


def senders(posts: Sequence[str], named: Named) -> tuple[tuple[str, str], ...]:
    """The desks of ours from which this person may send a report: the office, and those that may speak over it."""
    own = [post for post in own_directory().posts if post.id in posts and post.role not in _NOT_ADDRESSED]
    return tuple((post.id, named.post(post.id)) for post in sorted(own, key=lambda post: post.role != OFFICE))


def addressees(named: Named) -> tuple[tuple[str, str], ...]:
    """The desks to which a report may go: our own, and those of partners whose words were compared."""
    known = [named.directory(one.agency) for one in partners() if one.confirmed_ms or one.is_self]
    posts = [post for document in known if document is not None for post in document.posts]
    return tuple((one.id, named.place(one.id)) for one in posts if one.role not in _NOT_ADDRESSED)


def _offices(named: Named) -> tuple[tuple[str, str], ...]:
    known = [named.directory(one.agency) for one in partners() if one.confirmed_ms or one.is_self]
    posts = [post for document in known if document is not None for post in document.posts]
    return tuple((one.id, named.place(one.id)) for one in posts if one.role == OFFICE)


def _only(choices: Sequence[tuple[str, str]]) -> str:
    return choices[0][0] if len(choices) == 1 else ""


def ends_in(data: Data, posts: Sequence[str], named: Named) -> tuple[str, str, str]:
    """From which desk, to which and over which office ('': the directories say it), as far as it is chosen and may be."""
    out = []
    for name, choices in (("sender", senders(posts, named)), ("to", addressees(named)), ("via", _offices(named))):
        said = str(data.get(name) or "")
        known = [post for post, _ in choices]
        out.append(said if said in known else _only(choices) if name == "sender" else "")
    return out[0], out[1], out[2]


def _way(posts: Sequence[str], named: Named) -> Section:
    own, offices = senders(posts, named), _offices(named)
    fields = [
        worded("sender", kind="select", choices=own, value=_only(own), required=True),
        worded("to", kind="select", choices=addressees(named), required=True),
    ]
    if len(offices) > 1:
        fields.append(worded("via", kind="select", choices=offices, help="institutional.help.via"))
    return Section(name="way", title="institutional.form.way", parts=(Part(fields=tuple(fields), beside=True),))


def _what(making: Making) -> Section:
    language = making.language
    fields = (
        replace(making.words("title", required=True, rows=2, help=""), label="institutional.field.title"),
        worded("fields", kind="ticks", choices=choices_of("offences", language), required=True),
    )
    period = (
        worded("from_ms", "period-from", "date", required=True, size="short", calendars=language == "ar"),
        worded("until_ms", "period-until", "date", required=True, size="short", calendars=language == "ar"),
    )
    written = (
        replace(making.words("summary", required=True, rows=3, help=""), label="institutional.field.summary"),
        replace(making.words("words", required=True, rows=12, help=""), label="institutional.field.words"),
    )
    judged = (
        making.coded("source", "evaluation_source", required=True),
        making.coded("information", "evaluation_information", required=True),
    )
    parts = (
        Part(fields=fields),
        Part(fields=period, beside=True),
        Part(fields=written),
        Part(fields=judged, beside=True),
    )
    return Section(name="what", title="institutional.form.what", parts=parts)


def _personal(making: Making, data: Data) -> Section:
    choices = (
        ("yes", text("enquiries.form.yes", making.language)),
        ("no", text("enquiries.form.no", making.language)),
    )
    fields = [worded("personal", kind="radio", choices=choices, required=True, help="institutional.help.personal")]
    if data.get("personal") != "yes":
        purpose = making.coded("purpose", "purposes", help="institutional.help.purpose")
        fields.append(replace(purpose, label="institutional.field.purpose"))
    return Section(name="data", title="institutional.form.data", parts=(Part(fields=tuple(fields)),))


def report_sections(data: Data, *, request: Request, named: Named, head: bool) -> tuple[Section, ...]:
    """The sections for what is written so far; ``head``: a head of service writes."""
    making = Making(request.language)
    found = [_way(tuple(request.visitor.posts), named), _what(making), _personal(making, data)]
    if data.get("personal") == "yes":
        found.append(
            Section(
                name="about",
                title="relations.form.about",
                parts=subject_parts(making, data, "subjects", head=head),
                add=(Part(fields=(), add="subjects:subject.person", add_label="enquiries.add.person"),),
            )
        )
        found += basis_sections(making)
    found.append(
        Section(name="conditions", title="relations.form.conditions", parts=(conditions_part(making),)),
    )
    return (*found, *file_section(request))


def calendar_day(moment_ms: int, zone: str) -> int:
    """The day in which a moment lies for its writer, as its beginning in UTC: a date in law is the same for both sides."""
    on = local(moment_ms, zone).date()
    return int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() * 1000)


def report_from(
    data: Data, *, request: Request, named: Named, head: bool
) -> tuple[StrategicReport | None, dict[str, tuple[str, ...]]]:
    """The report that is written, or None and what can't be read of it, by field."""
    form = form_of(report_sections(data, request=request, named=named, head=head))
    read = read_record(StrategicReport, data, form=form, language=request.language, zone=request.visitor.zone)
    plain = dict(read.plain)
    answered = {"yes": True, "no": False}.get(str(data.get("personal", "")))
    plain.pop("personal", None)
    if answered is not None:
        plain["personal"] = answered
    if answered is False:
        plain.pop("law", None)
        plain.pop("subjects", None)
    else:
        plain.pop("purpose", None)
    if "from_ms" in plain:
        plain["from_ms"] = calendar_day(plain["from_ms"], request.visitor.zone)
    if "until_ms" in plain:
        plain["until_ms"] = calendar_day(plain["until_ms"], request.visitor.zone) + DAY_MS
    if read.faults:
        return None, dict(read.faults)
    try:
        return record_from(StrategicReport, plain, officer=request.visitor.number, now_ms=request.now_ms), {}
    except BadInput as error:
        return None, {"": (error.advice(request.language).what,)}
