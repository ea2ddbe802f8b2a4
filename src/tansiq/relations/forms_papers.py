"""The forms of agreements, meetings with their minutes, and contact points; and the short ones of the words that follow.

Invariant: what can be chosen is chosen: desks of the two services, codes of the lists. The name of a field is its path in the record. A day ends
when it ends for its writer; the first day begins so too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tansiq.directory.queries import own_directory, partners
from tansiq.enquiries.forms import Data, Part, Section, count_of, flat_of, form_of, read_record
from tansiq.enquiries.forms_parts import Making
from tansiq.enquiries.pages_common import Named
from tansiq.errors import BadInput
from tansiq.policy.codes import code_list
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, MEETING, Step
from tansiq.policy.papers import Contacts, Meeting, Minutes, PaperWord, Treaty
from tansiq.policy.plain import Record
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import agency_of
from tansiq.relations.accrediting import ANSWERS_FOR
from tansiq.relations.forms_reports import DAY_MS, calendar_day, worded
from tansiq.texts import text
from tansiq.web.forms import Form, choices_of
from tansiq.web.moments import local, zone_of
from tansiq.web.visitor import Request

__all__ = ["KINDS_OF", "Writing", "flat", "partner_post", "sections_of", "step_form", "word_from"]

_TONGUES: Final = ("ar", "es", "fr", "en", "zgh", "ary", "rif", "de", "it", "nl", "pt")
_REASONS: Final[Mapping[tuple[str, Step], tuple[str, ...]]] = {
    (AGREEMENT, Step.REFUSE): ("not-as-agreed", "not-competent", "other"),
    (AGREEMENT, Step.END): ("denounced", "superseded", "other"),
    (MEETING, Step.REFUSE): ("other-date", "not-competent", "not-needed", "other"),
    (MEETING, Step.END): ("other-date", "not-needed", "other"),
}
"""Which reasons a form offers for which word."""
Writing = str
"""What is written: a paper's kind, or 'minutes'."""
KINDS_OF: Final[Mapping[Writing, type[Record]]] = {
    AGREEMENT: Treaty, MEETING: Meeting, CONTACTS: Contacts, "minutes": Minutes,
}  # fmt: skip


def _hosts(named: Named) -> tuple[tuple[str, str], ...]:
    """The posts of confirmed partners that answer for papers."""
    known = [named.directory(one.agency) for one in partners() if one.confirmed_ms and not one.is_self]
    posts = [post for document in known if document is not None for post in document.posts]
    return tuple((one.id, named.place(one.id)) for one in posts if one.role in ANSWERS_FOR)


def partner_post(data: Data, named: Named) -> str:
    """The post to which it goes: what is chosen, or the only one there is."""
    known = [post for post, _ in _hosts(named)]
    said = str(data.get("to") or "")
    return said if said in known else known[0] if len(known) == 1 else ""


def _to(named: Named) -> Part:
    hosts = _hosts(named)
    only = hosts[0][0] if len(hosts) == 1 else ""
    return Part(fields=(worded("to", "partner", "select", choices=hosts, value=only, required=True),))


def _posts(partner: str, named: Named) -> tuple[tuple[str, str], ...]:
    """The desks of the two services."""
    theirs = named.directory(partner) if partner else None
    found = [*own_directory().posts, *(theirs.posts if theirs is not None else ())]
    return tuple((one.id, named.place(one.id)) for one in found)


def _labelled(making: Making, name: str, label: str, **more: Any) -> Any:
    return replace(making.words(name, help="", **more), label=f"institutional.field.{label}")


def _treaty(data: Data, making: Making, named: Named) -> tuple[Section, ...]:
    del data
    language = making.language
    days = (
        worded("from_ms", "in-force-from", "date", required=True, size="short", calendars=language == "ar"),
        worded("until_ms", "in-force-until", "date", size="short", calendars=language == "ar"),
    )
    what = Section(
        name="what",
        title="institutional.form.agreement",
        parts=(
            _to(named),
            Part(
                fields=(
                    _labelled(making, "title", "title", required=True, rows=2),
                    worded("code", "code", "select", choices=choices_of("legal_bases", language), help="institutional.help.code"),
                    worded("reference", required=True, help="institutional.help.reference"),
                )
            ),
            Part(fields=days, beside=True),
        ),
    )  # fmt: skip
    covers = Section(
        name="covers",
        title="institutional.form.covers",
        help="institutional.form.covers-help",
        parts=(
            Part(
                fields=(
                    worded("fields", kind="ticks", choices=choices_of("offences", language)),
                    worded("grounds", kind="ticks", choices=choices_of("transfer_ground", language)),
                    worded("channels", kind="ticks", choices=choices_of("channels", language)),
                    _labelled(making, "note", "note", rows=3),
                )
            ),
        ),
    )
    return (what, covers)


def _repeated(
    data: Data, group: str, one: Callable[[str], tuple[Any, ...]], *, label: str, least: int = 1
) -> tuple[Part, ...]:
    """The parts of a group, each with a button that takes it away, and one that adds another."""
    count = count_of(data, group, least=least)
    parts = [
        Part(fields=one(f"{group}.{place}"), remove=f"{group}:{place}" if count > 1 or not least else "")
        for place in range(count)
    ]
    return (*parts, Part(fields=(), add=group, add_label=f"institutional.add.{label}"))


def _meeting(data: Data, making: Making, named: Named) -> tuple[Section, ...]:
    language, partner = making.language, agency_of(partner_post(data, named))
    when = (
        worded("at_ms", "meeting-day", "date", required=True, size="short", calendars=language == "ar"),
        worded("at_time", "meeting-time", required=True, size="short", help="institutional.help.time"),
        worded("place", "meeting-place", required=True),
    )
    what = Section(
        name="what",
        title="institutional.form.meeting",
        parts=(
            _to(named),
            Part(fields=(_labelled(making, "title", "subject", required=True, rows=2),)),
            Part(fields=when, beside=True),
            Part(fields=(worded("posts", "participants", "ticks", choices=_posts(partner, named), required=True),)),
        ),
    )
    agenda = Section(
        name="agenda",
        title="institutional.form.agenda",
        parts=_repeated(
            data, "agenda", lambda at: (_labelled(making, at, "agenda-item", rows=2, required=True),), label="agenda"
        ),
    )
    return (what, agenda)


def _minutes(data: Data, making: Making, named: Named, partner: str) -> tuple[Section, ...]:
    language, posts = making.language, _posts(partner, named)
    held = Section(
        name="held",
        title="institutional.form.minutes",
        parts=(
            Part(fields=(worded("posts", "attended", "ticks", choices=posts, required=True),)),
            Part(fields=(_labelled(making, "words", "minutes", required=True, rows=8),)),
        ),
    )

    def decision(at: str) -> tuple[Any, ...]:
        return (
            _labelled(making, f"{at}.words", "decision", rows=2, required=True),
            worded(f"{at}.post", "responsible", "select", choices=posts, required=True),
            worded(f"{at}.due_ms", "due", "date", required=True, size="short", calendars=language == "ar"),
        )

    decided = Section(
        name="decisions",
        title="institutional.form.decisions",
        parts=_repeated(data, "decisions", decision, label="decision", least=0),
    )
    return (held, decided)


def _contacts(data: Data, making: Making, named: Named) -> tuple[Section, ...]:
    language, own = making.language, own_directory()
    posts = tuple((one.id, named.post(one.id)) for one in own.posts)
    reach = tuple(code for code in code_list("reachability") if code != "reach.away")

    def point(at: str) -> tuple[Any, ...]:
        return (
            worded(f"{at}.post", "post", "select", choices=posts, required=True),
            _labelled(making, f"{at}.function", "function", rows=2, required=True),
            worded(
                f"{at}.languages",
                "languages",
                "ticks",
                choices=choices_of("languages", language, only=_TONGUES),
                required=True,
            ),
            worded(
                f"{at}.reach", "reach", "radio", choices=choices_of("reachability", language, only=reach), required=True
            ),
            worded(f"{at}.ways.0", "ways", required=True, help="institutional.help.ways"),
        )

    return (
        Section(name="to", title="institutional.form.partner", parts=(_to(named),)),
        Section(
            name="points", title="institutional.form.points", parts=_repeated(data, "points", point, label="point")
        ),
    )


def sections_of(
    writing: Writing, data: Data, request: Request, named: Named, *, partner: str = ""
) -> tuple[Section, ...]:
    """The sections for what is written so far; ``partner`` is the service with which a meeting was."""
    making = Making(request.language)
    match writing:
        case "agreement":
            return _treaty(data, making, named)
        case "meeting":
            return _meeting(data, making, named)
        case "minutes":
            return _minutes(data, making, named, partner)
        case _:
            return _contacts(data, making, named)


def _moment(day_ms: int, said: str, request: Request) -> int | None:
    """A day, read as its last millisecond, and a time of day on the writer's clock; None for what is no time."""
    zone = zone_of(request.visitor.zone)
    on = local(day_ms, request.visitor.zone).date()
    try:
        hour, minute = (int(part) for part in said.replace(".", ":").split(":"))
        at = datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone)
    except ValueError:
        return None
    return int(at.timestamp() * 1000)


def _languages(data: Data) -> dict[str, Any]:
    """The languages of contact points as read by their places: a list of tags is read one by one."""
    more: dict[str, Any] = {}
    for name, value in data.items():
        if name.endswith(".languages") or name == "posts":
            chosen = [value] if isinstance(value, str) else list(value or ())
            more |= {f"{name}.{place}": one for place, one in enumerate(chosen)}
    return more


def word_from(
    writing: Writing, data: Data, request: Request, named: Named, *, partner: str = ""
) -> tuple[PaperWord | None, dict[str, tuple[str, ...]]]:
    """The word that is written, or None and what can't be read of it, by field."""
    kind = KINDS_OF[writing]
    form = form_of(sections_of(writing, data, request, named, partner=partner))
    read_as = {name: value for name, value in data.items() if name != "posts"} | _languages(data)
    read = read_record(kind, read_as, form=form, language=request.language, zone=request.visitor.zone)
    plain, faults = dict(read.plain), dict(read.faults)
    if writing == AGREEMENT:
        states = sorted({state_of(own_directory().agency).upper(), state_of(partner_post(data, named)).upper()} - {""})
        plain["parties"] = states
        if "from_ms" in plain:
            plain["from_ms"] = calendar_day(plain["from_ms"], request.visitor.zone)
        if "until_ms" in plain:
            plain["until_ms"] = calendar_day(plain["until_ms"], request.visitor.zone) + DAY_MS
    if writing == MEETING and "at_ms" in plain:
        at_ms = _moment(plain["at_ms"], str(data.get("at_time") or ""), request)
        if at_ms is None:
            faults["at_time"] = (text("institutional.form.wrong-time", request.language),)
        else:
            plain["at_ms"] = at_ms
    if faults:
        return None, faults
    try:
        made = kind.from_plain(plain)
        return PaperWord.from_plain({"place": 1, "number": 1, writing: made.to_plain()}), {}
    except BadInput as error:
        return None, {"": (error.advice(request.language).what,)}


def flat(writing: Writing, word: PaperWord, *, to: str, zone: str) -> dict[str, Any]:
    """The fields that write a paper again, for a change of it."""
    record = getattr(word, writing)
    data = flat_of(KINDS_OF[writing], record.to_plain())
    out: dict[str, Any] = {"to": to}
    for name, value in data.items():
        if name.endswith("_ms") and isinstance(value, int):
            shown = value - 1 if name == "until_ms" else value
            out[name] = local(shown, "UTC" if writing == AGREEMENT else zone).date().isoformat()
            if name == "at_ms":
                out["at_time"] = local(value, zone).strftime("%H:%M")
        else:
            out[name] = value
    for group in ("posts", "points"):
        out |= _gathered(out, group)
    return out


def _gathered(data: Mapping[str, Any], group: str) -> dict[str, Any]:
    """Lists that a form offers as ticks, gathered from their places."""
    if group == "posts":
        found = [str(value) for name, value in sorted(data.items()) if name.startswith("posts.")]
        return {"posts": found} if found else {}
    lists: dict[str, list[str]] = {}
    for name, value in sorted(data.items()):
        head, _, last = name.rpartition(".")
        if head.endswith(".languages") and last.isdigit():
            lists.setdefault(head, []).append(str(value))
    return dict(lists)


def step_form(kind: str, step: Step, language: str) -> Form:
    """Why a word is said, and for an agreement from when on it has ended; nothing where it needs neither."""
    only = [f"paper.{one}" for one in _REASONS.get((kind, step), ())]
    if not only:
        return Form(())
    making = Making(language)
    fields = [
        worded("reason", kind="radio", choices=choices_of("paper_reasons", language, only=only), required=True),
        _labelled(making, "words", "reason-words", rows=2),
    ]
    if (kind, step) == (AGREEMENT, Step.END):
        fields.append(worded("until_ms", "ends", "date", required=True, size="short", calendars=language == "ar"))
    return Form(tuple(fields))
