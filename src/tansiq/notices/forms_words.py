"""The shorter forms: what the person who checks answers for, to whom it goes, what a side says about a notice, what is declared.

Invariant: no answer is chosen beforehand; a form offers only what its side may say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tansiq.directory.queries import current_directory, partners
from tansiq.enquiries.forms import Data, Part, Section
from tansiq.enquiries.forms_parts import Making, basis_sections, conditions_part, subject_parts
from tansiq.enquiries.pages_common import Named
from tansiq.notices.members import members
from tansiq.policy.notice import Notice
from tansiq.policy.notice_needs import needs
from tansiq.texts import text
from tansiq.web.forms import Field, Form, choices_of

__all__ = [
    "answer_sections", "cancel_form", "check_form", "declaration_sections", "executed_form", "extend_form", "hub_cancel_form",
    "member_choices", "publish_form", "recipients_form", "refuse_form", "release_sections", "restrict_form",
]  # fmt: skip

_OWN_REASONS: Final = (
    "cancel.executed", "cancel.found", "cancel.identified", "cancel.deceased", "cancel.warrant-lifted", "cancel.purpose-achieved",
    "cancel.mistake", "cancel.other",
)  # fmt: skip
_ARTICLE_3: Final = ("political", "military", "religious", "racial")
_STATUSES: Final = ("status.held", "status.found", "status.dead")
_ASKED: Final = frozenset({"desk", "bureau"})


def _asked(making: Making, name: str, label: str, **more: Any) -> Field:
    """A question that a person answers with yes or no."""
    return making.yes_or_no(name, label=label, **more)


def check_form(colour: str, language: str) -> Form:
    """What the person who checks a draft answers for."""
    making = Making(language)
    suited = needs().of(colour).purposes
    return Form(
        (
            making.coded("rpd_purpose", "rpd_purposes", "radio", only=suited or None, required=True),
            _asked(making, "article_2", "article-2"),
            making.words("note", label="article-2-note", rows=2),
            *(making.yes_or_no(name) for name in _ARTICLE_3),
        )
    )


def member_choices(named: Named, *, but: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
    """The members by name, with their countries."""
    found = []
    for one in members():
        if one.agency not in but:
            country = named.country(one.agency)
            name = named.agency(one.agency)
            found.append((one.agency, f"{country} · {name}" if country else name))
    return tuple(sorted(found, key=lambda pair: pair[1]))


def recipients_form(language: str, known: Sequence[tuple[str, str]], *, diffusion: bool) -> Form:
    """Whom a notice is denied, with words to the legal desk; or to whom a diffusion goes."""
    making = Making(language)
    if diffusion:
        return Form((making.field("to", "ticks", label="diffused-to", choices=tuple(known), required=True),))
    return Form(
        (
            making.field("denied", "ticks", label="denied", choices=tuple(known)),
            making.words("words", label="words-to-hub", rows=2),
        )
    )


# ---------------------------------------------------------------------------------------------------- words


def executed_form(language: str) -> Form:
    """When the warrant was executed."""
    return Form((Making(language).field("on", label="executed-on", size="middle", help="enquiries.help.birth"),))


def cancel_form(language: str) -> Form:
    """Why its source ends it."""
    making = Making(language)
    return Form(
        (
            making.coded(
                "reason", "cancellation_reasons", "radio", only=_OWN_REASONS, required=True, label="cancel-reason"
            ),
            making.words("words", label="reason-in-words", rows=2),
            making.field("on", label="came-about-on", size="middle", help="enquiries.help.birth"),
        )
    )


def hub_cancel_form(language: str) -> Form:
    """Why the hub ends it."""
    return Form((Making(language).words("words", label="reason-in-words", rows=3, required=True),))


def extend_form(language: str) -> Form:
    """Until when its source needs it on, why, and that it was examined again."""
    making = Making(language)
    return Form(
        (
            making.field(
                "until_ms", "date", label="needed-until", size="short", calendars=language == "ar", required=True
            ),
            making.words("reason", label="needed-why", rows=2, required=True),
            _asked(making, "examined", "examined-again"),
        )
    )


def restrict_form(language: str, known: Sequence[tuple[str, str]], denied: Sequence[str]) -> Form:
    """Which members are denied it from now on."""
    making = Making(language)
    return Form(
        (
            making.field("denied", "ticks", label="denied", choices=tuple(known), value=tuple(denied)),
            making.words("words", label="words-to-hub", rows=2),
        )
    )


def publish_form(language: str, *, until: str) -> Form:
    """The legal desk's word that it is lawful, and until when it binds."""
    making = Making(language)
    return Form(
        (
            _asked(making, "lawful", "found-lawful"),
            making.words("note", label="lawful-note", rows=2),
            making.field(
                "until_ms", "date", label="binds-until", size="short", value=until, calendars=language == "ar", required=True,
            ),
        )
    )  # fmt: skip


def refuse_form(language: str) -> Form:
    """The grounds on which the legal desk does not publish."""
    making = Making(language)
    return Form(
        (
            making.coded("grounds", "notice_refusals", "ticks", required=True, label="hub-grounds"),
            making.words("reasons", label="reason-in-words", rows=3),
        )
    )


# ---------------------------------------------------------------------------------------------------- longer ones


def _place_and_time(making: Making, *, when: str, when_label: str) -> Part:
    return Part(
        fields=(
            making.field(when, size="middle", label=when_label, help="enquiries.help.birth"),
            making.coded("place.role", "place_roles", label="place-role", value="place.other", required=True, size="middle"),
            making.field("place.name", label="place", longest=200),
            making.field("place.country", "country", label="country"),
        ),
        beside=True,
    )  # fmt: skip


def answer_sections(language: str, notice: Notice | None) -> tuple[Section, ...]:
    """The form of an answer to a notice."""
    making = Making(language)
    fields: list[Field] = [making.coded("result", "notice_results", "radio", required=True)]
    persons = [place for place, one in enumerate(notice.subjects) if one.is_person] if notice is not None else []
    if len(persons) > 1:
        choices = tuple((str(place), text("notices.form.person", language, number=place + 1)) for place in persons)
        fields.append(making.field("subject", "select", label="answer-subject", choices=choices, required=True))
    return (
        Section(name="result", title="notices.ask.result", parts=(Part(fields=tuple(fields)),)),
        Section(
            name="found",
            title="notices.ask.found",
            parts=(
                _place_and_time(making, when="on", when_label="found-on"),
                Part(
                    fields=(
                        making.field("authority", label="found-by", longest=200),
                        making.field("confirmed", "tick"),
                        making.words("words", rows=3, label="answer-words"),
                    )
                ),
            ),
        ),
        *basis_sections(making),
        Section(name="handling", title="notices.ask.handling", parts=(conditions_part(making),)),
    )


def _desks(named: Named) -> tuple[tuple[str, str], ...]:
    """The desks of partners to which something may be declared."""
    found = []
    for partner in partners():
        if partner.is_self or not (partner.confirmed_ms or partner.introduced_by):
            continue
        found += [
            (post.id, named.place(post.id)) for post in current_directory(partner.agency).posts if post.role in _ASKED
        ]
    return tuple(found)


def declaration_sections(data: Data, language: str, named: Named, *, own: Mapping[str, str]) -> tuple[Section, ...]:
    """The form of a declaration; ``own`` are the writer's desks by name."""
    making = Making(language)
    first = [making.field("to", "ticks", label="declare-to", choices=_desks(named), help="enquiries.help.declare-to")]
    if len(own) > 1:
        first.insert(0, making.field("from", "select", choices=tuple(own.items()), required=True))
    return (
        Section(
            name="status",
            title="notices.ask.status",
            parts=(
                Part(
                    fields=(
                        making.field(
                            "status",
                            "radio",
                            choices=choices_of("person_status", language, only=_STATUSES),
                            required=True,
                        ),
                    )
                ),
                _place_and_time(making, when="since", when_label="since"),
                Part(
                    fields=(
                        making.field("authority", label="held-by", longest=200),
                        making.field("reference", label="own-reference", longest=64, size="middle"),
                    )
                ),
            ),
        ),
        _who(making, data),
        Section(name="to", title="notices.ask.declare-to", parts=(Part(fields=tuple(first)),)),
        *basis_sections(making),
        Section(name="handling", title="notices.ask.handling", parts=(conditions_part(making),)),
    )


def release_sections(data: Data, language: str, *, known: bool) -> tuple[Section, ...]:
    """The form in which a declaration ends; whom it is about is asked only where that is no longer ``known`` here."""
    making = Making(language)
    about = () if known else (_who(making, data),)
    return (
        Section(
            name="status",
            title="notices.ask.released",
            parts=(
                Part(fields=(making.field("since", size="middle", label="released-on", help="enquiries.help.birth"),)),
            ),
        ),
        *about,
        *basis_sections(making),
        Section(name="handling", title="notices.ask.handling", parts=(conditions_part(making),)),
    )


def _who(making: Making, data: Data) -> Section:
    """The one person whom it is about."""
    return Section(
        name="about",
        title="notices.ask.who",
        help="enquiries.ask.about-help",
        parts=subject_parts(making, data, "subjects", least=1),
    )
