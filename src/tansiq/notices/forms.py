"""The form of a notice: one question a section, from its colour to what may be done with it.

Invariant: what the person who checks it answers for (Articles 2 and 3, the purpose of Article 10) is not asked here: nobody answers for
it in passing. The name of a field is its path in the record, as in every form of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tansiq.enquiries.forms import Data, Part, Section, count_of, flat_of, form_of, read_record
from tansiq.enquiries.forms_parts import KINDS, Making, basis_sections, conditions_part, subject_parts
from tansiq.enquiries.reading import record_from
from tansiq.errors import BadInput
from tansiq.policy.notice import Notice
from tansiq.texts import LANGUAGES
from tansiq.web.access import Role
from tansiq.web.visitor import Request

__all__ = ["INITIAL", "basis_without_neutrality", "flat_notice", "notice_from", "notice_sections"]

INITIAL: Final[dict[str, Any]] = {"subjects.0.kind": "subject.person"}
_KINDS: Final = (*KINDS, "subject.group")
_SPOKEN: Final = (*LANGUAGES, "zgh", "ary", "rif", "ca", "eu", "gl", "de", "it", "nl", "pt")
_SPEAKS: Final = "appearance.speaks"


def _about(making: Making, data: Data, *, head: bool) -> Section:
    return Section(
        name="about",
        title="notices.ask.about",
        help="enquiries.ask.about-help",
        parts=subject_parts(making, data, "subjects", head=head),
        add=tuple(
            Part(fields=(), add=f"subjects:{kind}", add_label=f"enquiries.add.{kind.removeprefix('subject.')}")
            for kind in _KINDS
        ),
    )


def _looks(making: Making) -> Section:
    at = "appearance."
    return Section(
        name="looks",
        title="notices.ask.looks",
        help="notices.ask.looks-help",
        parts=(
            Part(
                fields=(
                    making.field(f"{at}height_cm", "number", size="short"),
                    making.field(f"{at}weight_kg", "number", size="short"),
                    making.coded(f"{at}eyes", "eye_colours", size="short"),
                    making.coded(f"{at}hair", "hair_colours", size="short"),
                ),
                beside=True,
            ),
            Part(
                fields=(
                    making.coded(_SPEAKS, "languages", "ticks", only=_SPOKEN, label="speaks"),
                    making.words(f"{at}marks", rows=2),
                )
            ),
        ),
    )


def _warrant(making: Making, at: str, *, number: int) -> tuple[Part, ...]:
    group, _, place = at.rpartition(".")
    return (
        Part(
            fields=(
                making.field(f"{at}.country", "country", label="warrant-country", size="middle"),
                making.field(f"{at}.authority", label="warrant-authority", longest=200),
                making.field(f"{at}.reference", label="warrant-reference", longest=96),
                making.field(f"{at}.issued", size="middle"),
                making.field(f"{at}.punishable_months", "number", size="short"),
                making.field(f"{at}.remaining_months", "number", size="short"),
            ),
            title="notices.form.warrant",
            number=number,
            remove=f"{group}:{place}",
            beside=True,
        ),
        Part(fields=(making.words(f"{at}.charge", rows=2), making.words(f"{at}.charge_translation", rows=2))),
    )


def _warrants(making: Making, data: Data) -> Section:
    count = count_of(data, "warrants", least=0)
    parts = [part for place in range(count) for part in _warrant(making, f"warrants.{place}", number=place + 1)]
    return Section(
        name="warrants",
        title="notices.ask.warrants",
        help="notices.ask.warrants-help",
        parts=tuple(parts),
        add=(Part(fields=(), add="warrants", add_label="notices.form.add-warrant"),),
    )


def _event(making: Making) -> Section:
    return Section(
        name="event",
        title="notices.ask.event",
        parts=(
            Part(
                fields=(
                    making.field("event_date", size="middle", help="enquiries.help.birth"),
                    making.coded(
                        "event_place.role",
                        "place_roles",
                        label="place-role",
                        value="place.last-seen",
                        required=True,
                        size="middle",
                    ),
                    making.field("event_place.name", label="place", longest=200),
                    making.field("event_place.country", "country", label="country"),
                ),
                beside=True,
            ),
        ),
    )


def basis_without_neutrality(making: Making, *, at: str = "law.") -> tuple[Section, ...]:
    """The basis in law without the questions of Article 3, which are the checker's."""
    *first, sworn = basis_sections(making, at=at)
    asked = tuple(part for part in sworn.parts if not any("neutrality" in one.name for one in part.fields))
    return (*first, replace(sworn, parts=asked))


def notice_sections(data: Data, request: Request) -> tuple[Section, ...]:
    """The sections for what is written so far."""
    making = Making(request.language)
    return (
        Section(
            name="colour",
            title="notices.ask.colour",
            parts=(
                Part(
                    fields=(
                        making.coded("colour", "notice_colours", "radio", required=True),
                        making.field("reference", label="own-reference", longest=64, size="middle"),
                        making.field("un_reference", longest=64, size="middle"),
                    )
                ),
            ),
        ),
        _about(making, data, head=Role.HEAD in request.visitor.roles),
        _looks(making),
        _warrants(making, data),
        _event(making),
        Section(
            name="what",
            title="notices.ask.what",
            parts=(
                Part(
                    fields=(
                        making.words("facts", required=True, rows=5, label="notice-facts"),
                        making.words("caution", rows=2),
                        making.coded("actions", "notice_actions", "ticks", required=True),
                    )
                ),
            ),
        ),
        *basis_without_neutrality(making),
        Section(
            name="handling",
            title="notices.ask.handling",
            parts=(
                conditions_part(making),
                Part(
                    fields=(
                        making.field("public", "tick"),
                        making.field(
                            "until_ms", "date", label="needed-until", size="short", calendars=request.language == "ar"
                        ),
                    )
                ),
            ),
        ),
    )


def _listed(data: Data) -> dict[str, Any]:
    """What is written, with the languages that were ticked one by one, as the record has them."""
    ticked = data.get(_SPEAKS) or ()
    tongues: Sequence[str] = [ticked] if isinstance(ticked, str) else list(ticked)
    return {name: value for name, value in data.items() if name != _SPEAKS} | {
        f"{_SPEAKS}.{place}": one for place, one in enumerate(tongues)
    }


def notice_from(data: Data, request: Request) -> tuple[Notice | None, dict[str, tuple[str, ...]]]:
    """The notice that is written, and what can't be read of it, by field."""
    form = form_of(notice_sections(data, request))
    read = read_record(Notice, _listed(data), form=form, language=request.language, zone=request.visitor.zone)
    if read.faults:
        return None, read.faults
    try:
        return record_from(Notice, dict(read.plain), officer=request.visitor.number, now_ms=request.now_ms), {}
    except BadInput as error:
        return None, {"": (error.advice(request.language).what,)}


def flat_notice(notice: Notice) -> dict[str, Any]:
    """The fields that write a notice again."""
    data = flat_of(Notice, notice.to_plain())
    tongues = [value for name, value in data.items() if name.startswith(f"{_SPEAKS}.")]
    data = {name: value for name, value in data.items() if not name.startswith(f"{_SPEAKS}.")}
    if tongues:
        data[_SPEAKS] = tongues
    for name in ("appearance.eyes", "appearance.hair"):
        if isinstance(data.get(name), list):
            data[name] = data[name][0]
    return data
