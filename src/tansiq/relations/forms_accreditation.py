"""The form of a proposal to accredit a liaison officer, and the short ones of the words that follow it.

Invariant: what can be chosen is chosen: officers of our liaison desks, posts of partners whose words were compared that answer for it;
a case is named by the shared reference that stands on its page. A day ends when it ends for its writer; the first day begins so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tansiq.directory.queries import own_directory, partners
from tansiq.enquiries.forms import Data, Part, Section, count_of, form_of, read_record
from tansiq.enquiries.pages_common import Named
from tansiq.errors import BadInput
from tansiq.policy.accreditation import Accreditation
from tansiq.policy.accreditation_course import Move
from tansiq.policy.accreditation_words import AWAY
from tansiq.policy.codes import code_list
from tansiq.protocol.docket import agency_of
from tansiq.relations.accrediting import ANSWERS_FOR, LIAISON
from tansiq.texts import LANGUAGES
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.visitor import Request

__all__ = ["flat_proposal", "host_post", "proposal_from", "proposal_sections", "reach_form", "reason_form"]

_TONGUES: Final = (*LANGUAGES, "zgh", "ary", "rif", "de", "it", "nl", "pt")
_DAY_MS: Final = 86_400_000
_MOST_CASES: Final = 16


def _field(name: str, label: str = "", kind: str = "text", **more: Any) -> Field:
    return Field(name=name, label=f"relations.field.{label or name}", kind=kind, **more)


def _officers() -> tuple[tuple[str, str], ...]:
    """Our officers in liaison desks, each with the desk: what is chosen says both."""
    own = own_directory()
    desks = {post.id for post in own.posts if post.role == LIAISON}
    return tuple(
        (f"{one.number} {post}", f"{one.number} · {post}")
        for one in own.officers
        for post in one.posts
        if post in desks
    )


def _hosts(named: Named) -> tuple[tuple[str, str], ...]:
    """The posts of confirmed partners that answer for accreditations."""
    known = [named.directory(one.agency) for one in partners() if one.confirmed_ms and not one.is_self]
    posts = [post for document in known if document is not None for post in document.posts]
    return tuple((one.id, named.place(one.id)) for one in posts if one.role in ANSWERS_FOR)


def _desks(agency: str, named: Named) -> tuple[tuple[str, str], ...]:
    document = named.directory(agency) if agency else None
    posts = document.posts if document is not None else ()
    return tuple((one.id, named.post(one.id)) for one in posts if one.role not in {LIAISON, *ANSWERS_FOR})


def host_post(data: Data, named: Named) -> str:
    """The post to which the proposal goes: what is chosen, or the only one there is."""
    known = [post for post, _ in _hosts(named)]
    said = str(data.get("to") or "")
    return said if said in known else known[0] if len(known) == 1 else ""


def _who(language: str, named: Named) -> Section:
    officers, hosts = _officers(), _hosts(named)
    only = [known[0][0] if len(known) == 1 else "" for known in (officers, hosts)]
    fields = (
        _field("who", "officer", "select", choices=officers, value=only[0], required=True),
        _field("to", "host", "select", choices=hosts, value=only[1], required=True),
        _field("from_ms", "from", "date", required=True, size="short", calendars=language == "ar"),
        _field("until_ms", "until", "date", required=True, size="short", calendars=language == "ar"),
    )
    return Section(name="who", title="relations.form.who", parts=(Part(fields=fields, beside=True),))


def _what(language: str) -> Section:
    fields = (
        _field("tasks", kind="ticks", choices=choices_of("liaison_tasks", language), required=True),
        _field("fields", kind="ticks", choices=choices_of("offences", language), required=True),
        _field("languages", kind="ticks", choices=choices_of("languages", language, only=_TONGUES), required=True),
    )
    return Section(name="tasks", title="relations.form.tasks", parts=(Part(fields=fields),))


def _cases(data: Data, language: str, named: Named) -> Section:
    own = own_directory().agency
    host = agency_of(host_post(data, named))
    parts = []
    for number in range(count_of(data, "grants", least=0)):
        at = f"grants.{number}"
        tongue = choices_of("languages", language, only=_TONGUES)
        fields = (
            _field(f"{at}.case", "case", required=True, help="relations.help.case"),
            _field(f"{at}.field", "field", "select", choices=choices_of("offences", language), required=True),
            _field(f"{at}.desk", "desk", "select", choices=_desks(own, named), required=True),
            _field(f"{at}.counterpart", "counterpart", "select", choices=_desks(host, named), required=True),
            _field(
                f"{at}.title", "title", "words", required=True, rows=2, language=language, languages=tongue,
                help="relations.help.title",
            ),
        )  # fmt: skip
        parts.append(
            Part(fields=fields, title="relations.form.case", number=number + 1, remove=f"grants:{number}", beside=True)
        )
    more = () if len(parts) >= _MOST_CASES else (Part(fields=(), add="grants", add_label="relations.form.add-case"),)
    return Section(name="cases", title="relations.form.cases", help="relations.form.cases-help", parts=(*parts, *more))


def _reached(language: str) -> Section:
    reach = tuple(code for code in code_list("reachability") if code != AWAY)
    tongue = choices_of("languages", language, only=_TONGUES)
    fields = (
        _field("reach", kind="radio", choices=choices_of("reachability", language, only=reach), required=True),
        _field("contacts.0", "contact", "tel", help="relations.help.contact"),
        _field("authorities.0", "authority", help="relations.help.authority"),
        _field("represents.0", "represents", "country", help="relations.help.represents"),
        _field("note", kind="words", rows=3, language=language, languages=tongue),
    )
    return Section(name="reach", title="relations.form.reach", parts=(Part(fields=fields),))


def proposal_sections(data: Data, request: Request, named: Named) -> tuple[Section, ...]:
    """The sections for what is written so far."""
    language = request.language
    return (_who(language, named), _what(language), _cases(data, language, named), _reached(language))


def proposal_from(
    data: Data, request: Request, named: Named
) -> tuple[Accreditation | None, dict[str, tuple[str, ...]]]:
    """The proposal that is written, or None and what can't be read of it, by field."""
    officer, _, post = str(data.get("who") or "").partition(" ")
    read_as = {
        name: value.replace("-", "").strip() if name.startswith("grants.") and name.endswith(".case") else value
        for name, value in data.items()
    }
    tongues = data.get("languages") or ()
    read_as |= {
        f"languages.{place}": one for place, one in enumerate([tongues] if isinstance(tongues, str) else tongues)
    }
    form = form_of(proposal_sections(data, request, named))
    read = read_record(Accreditation, read_as, form=form, language=request.language, zone=request.visitor.zone)
    plain = dict(read.plain)
    plain |= {"officer": officer, "post": post} if officer and post else {}
    if host := agency_of(host_post(data, named)):
        plain["host"] = host
    if "from_ms" in plain:
        plain["from_ms"] = plain["from_ms"] + 1 - _DAY_MS
    if "until_ms" in plain:
        plain["until_ms"] = plain["until_ms"] + 1
    if read.faults:
        return None, dict(read.faults)
    try:
        return Accreditation.from_plain(plain), {}
    except BadInput as error:
        return None, {"": (error.advice(request.language).what,)}


def flat_proposal(one: Accreditation, *, to: str, day_of: Mapping[str, str]) -> dict[str, Any]:
    """The fields that write a proposal again, for a change of it; ``day_of`` are its first and its last day."""
    data: dict[str, Any] = {
        "who": f"{one.officer} {one.post}",
        "to": to,
        "tasks": list(one.tasks),
        "fields": list(one.fields),
        "languages": list(one.languages),
        "reach": one.reach or "",
        **day_of,
    }
    for name in ("contacts", "authorities", "represents"):
        data |= {f"{name}.{place}": value for place, value in enumerate(getattr(one, name))}
    if one.note is not None:
        data |= {"note": one.note.value, "note.language": one.note.language}
    for place, grant in enumerate(one.grants):
        at = f"grants.{place}"
        data |= {
            f"{at}.case": grant.case or "", f"{at}.field": grant.field or "", f"{at}.desk": grant.desk or "",
            f"{at}.counterpart": grant.counterpart or "",
        }  # fmt: skip
        if grant.title is not None:
            data |= {f"{at}.title": grant.title.value, f"{at}.title.language": grant.title.language}
    return data


_REASONS: Final[Mapping[Move, tuple[str, ...]]] = {
    Move.REFUSE: ("incomplete", "outside-tasks", "host-decision", "other"),
    Move.SUSPEND: ("key-lost", "illness", "outside-tasks", "host-decision", "other"),
    Move.RESUME: ("cause-ended", "other"),
    Move.WITHDRAW: (
        "end-of-posting", "succeeded", "case-closed", "illness", "key-lost", "outside-tasks", "host-decision", "other",
    ),
}  # fmt: skip
"""Which reasons a form offers for which word."""


def reason_form(move: Move, language: str) -> Form:
    """Why: a code, and words where somebody wants to add them."""
    only = [f"accreditation.{one}" for one in _REASONS.get(move, ())]
    if not only:
        return Form(())
    tongue = choices_of("languages", language, only=_TONGUES)
    return Form(
        (
            _field(
                "reason", kind="radio", choices=choices_of("accreditation_reasons", language, only=only), required=move is not Move.RESUME,
            ),
            _field("words", "reason-words", "words", rows=2, language=language, languages=tongue),
        )
    )  # fmt: skip


def reach_form(language: str, *, reach: str) -> Form:
    """When the officer is reached, or until when the officer is away."""
    return Form(
        (
            _field("reach", kind="radio", choices=choices_of("reachability", language), value=reach, required=True),
            _field("until_ms", "away-until", "date", size="short", calendars=language == "ar"),
        )
    )
