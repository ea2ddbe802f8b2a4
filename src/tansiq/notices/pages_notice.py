"""One notice: what it says, how it stands, what members found, what may be said of it now; and its print.

Invariant: everything is read through `queries.show_notice`, which decides on every content and writes down who looked; what the reader may
not see is said to be closed. What may not be printed is not on the print.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from tansiq.cases.exits import reader_of, take_out, weigh
from tansiq.cases.queries import items_of_statements
from tansiq.directory.queries import current_directory
from tansiq.enquiries.pages_showing import Showing
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.notices.flagging import flag_rows
from tansiq.notices.kinds import ANSWER, body_in_words
from tansiq.notices.origins import unanswered
from tansiq.notices.pages_common import (
    AT_A_DESK,
    Named,
    looking,
    ms_of,
    node_of,
    notice_blocks,
    reader_here,
    state_words,
    thing_of,
)
from tansiq.notices.pages_list import colour_words
from tansiq.notices.pages_warned import flag_in_words
from tansiq.notices.queries import ENDS_IT, show_notice
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.handling import Use
from tansiq.policy.notice import NoticeAnswer
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.moments import day, local
from tansiq.web.visitor import Request

__all__ = ["head_of", "notice", "printed"]

_CODES: Final = {
    "notice.answer": "notice_results", "notice.cancellation": "cancellation_reasons", "notice.refusal": "notice_refusals",
    "notice.withheld": "cancellation_reasons",
}  # fmt: skip
_TONES: Final = {
    "notice.publication": "proof", "notice.refusal": "late", "notice.cancellation": "late", "notice.withheld": "late",
    "notice.answer": "due",
}  # fmt: skip
_FREE: Final = ("words", "reasons", "reason")
_ORDER: Final = (
    "notice.publication", "notice.refusal", "notice.answer", "notice.update", "notice.extension", "notice.restriction",
    "notice.cancellation",
)  # fmt: skip


def _said(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The words that a person wrote into a word about a notice."""
    found = (content or {}).get
    return next((value for name in _FREE if isinstance(value := found(name), Mapping)), {})


def _events(shown: Mapping[str, Any], named: Named, language: str) -> list[dict[str, Any]]:
    """What happened to it, from its first statement on."""
    kinds = code_list("message_kinds")
    first = "notice.diffusion" if shown["kind"] == "diffusion" else "notice.notice"
    events: list[dict[str, Any]] = [
        {
            "words": kinds.label(first, language),
            "at_ms": ms_of(shown["said_at"]),
            "by": " · ".join(part for part in (named.place(shown["source_post"]), shown["officer"]) if part),
            "tone": "",
        }
    ]
    for word in shown["words"]:
        what = kinds.label(word["kind"], language)
        listed = _CODES.get(word["kind"])
        code = code_list(listed).label(word["code"], language) if listed and word["code"] else ""
        said = _said(word["content"])
        events.append(
            {
                "words": f"{what} — {code}" if code else what,
                "at_ms": ms_of(word["said_at"]),
                "by": " · ".join(part for part in (named.place(word["post"]), word["officer"]) if part),
                "tone": _TONES.get(word["kind"], ""),
                "said": said.get("value", "") if word["kind"] != ANSWER else "",
                "said_language": said.get("language", ""),
            }
        )
    return events


def _answers(shown: Mapping[str, Any], request: Request, named: Named) -> list[dict[str, Any]]:
    """What members found."""
    language, found = request.language, []
    for word in shown["words"]:
        if word["kind"] != ANSWER:
            continue
        content = word["content"] or {}
        showing = Showing(reader_here(request))
        conditions = content.get("conditions") or {}
        found.append(
            {
                "title": code_list("notice_results").label(word["code"], language) if word["code"] else "",
                "by": named.place(word["post"]),
                "officer": word["officer"],
                "at_ms": ms_of(word["said_at"]),
                "facts": list(
                    showing.facts(content, NoticeAnswer, only=("on", "place", "authority", "confirmed", "words"))
                ),
                "law": list(showing.facts(content.get("law") or {}, LawBasis, path="law.")),
                "handling": tuple(conditions.get("codes", ())),
                "classification": conditions.get("classification", ""),
                "withheld": [text(reason, language) for reason in word["withheld"]],
                "ends_it": word["code"] in ENDS_IT,
                "person": int(content.get("subject", 0)) + 1,
                "unread": not word["seen"],
            }
        )
    return found


def _actions(shown: Mapping[str, Any], language: str, context: Context) -> list[dict[str, str]]:
    """What our side may say now, as buttons."""
    matter = UUID(str(shown["id"]))
    found = []
    for kind in sorted(shown["may"], key=_ORDER.index):
        name = kind.removeprefix("notice.")
        if name == "cancellation" and shown["side"] == "source" and shown["colour"] == "notice.red":
            found.append(_action("executed", matter, language, tone="grave"))
        if name == "update":
            url = reverse("notice-write", kwargs={"what": "update", "about": str(matter)})
            found.append({"label": text("notices.act.update", language), "url": url, "tone": "", "dialog": ""})
        elif name == "answer":
            url = reverse("notice-answer", kwargs={"matter": matter})
            found.append({"label": text("notices.act.answer", language), "url": url, "tone": "first", "dialog": ""})
        else:
            tone = {"publication": "first", "refusal": "grave", "cancellation": "grave"}.get(name, "")
            found.append(_action(name, matter, language, tone=tone))
    if shown["may"] and unanswered(matter.bytes, context=context):
        url = reverse("notice-origin", kwargs={"matter": matter})
        found.append({"label": text("notices.act.origin", language), "url": url, "tone": "", "dialog": "1"})
    return found


def _stops(shown: Mapping[str, Any], request: Request) -> list[dict[str, Any]]:
    """Its life, with the day of each step: asked for and judged, or sent; in force; its end."""
    said, ended, language = ms_of(shown["said_at"]), ms_of(shown["ended_at"]), request.language
    started = said if shown["kind"] == "diffusion" else ms_of(shown["published_at"])
    if shown["kind"] == "diffusion":
        found = [("sent", said, "passed")]
    else:
        judged = "passed" if started else "cut" if shown["state"] == "refused" else "here" if not ended else "ahead"
        refused = [ms_of(one["said_at"]) or 0 for one in shown["words"] if one["kind"] == "notice.refusal"]
        when = started or max(refused, default=0)
        found = [("asked", said, "passed"), ("refused" if judged == "cut" else "legal", when or None, judged)]
    found.append(("binding", started, "passed" if started and ended else "here" if started else "ahead"))
    found.append(("end", ended or ms_of(shown["until"]), "passed" if ended else "ahead"))
    eye = reader_here(request)
    return [
        {
            "name": text(f"notices.life.{name}", language),
            "day": day(local(at_ms, eye.zone).date(), eye) if at_ms else "",
            "state": where,
        }
        for name, at_ms, where in found
    ]


def _action(name: str, matter: UUID, language: str, *, tone: str = "") -> dict[str, str]:
    url = reverse("notice-say", kwargs={"matter": matter, "word": name})
    return {"label": text(f"notices.act.{name}", language), "url": url, "tone": tone, "dialog": "1"}


def head_of(shown: Mapping[str, Any], request: Request, named: Named) -> dict[str, Any]:
    """What stands over a notice."""
    language = request.language
    content = shown["content"] or {}
    conditions = content.get("conditions") or {}
    words = conditions.get("words") or {}
    state, tone = state_words(shown["state"], language)
    reason = code_list("cancellation_reasons").label(shown["reason"], language) if shown["reason"] else ""
    return {
        "named": UUID(str(shown["id"])),
        "id": shown["id"],
        "title": colour_words(shown, language),
        "source": named.place(shown["source_post"]) if _is_known(shown["source"]) else shown["source"],
        "number": shown["number"],
        "state": state,
        "tone": tone,
        "reason": reason,
        "published_ms": ms_of(shown["published_at"]),
        "until_ms": ms_of(shown["until"]),
        "ended_ms": ms_of(shown["ended_at"]),
        "handling": tuple(shown["handling"] or conditions.get("codes", ())),
        "classification": shown["classification"],
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "withheld": [text(one, language) for one in shown["withheld"]],
        "closed": shown["content"] is None and not shown["withheld"],
        "ended": bool(shown["ended_at"]),
    }


def _is_known(agency: str) -> bool:
    try:
        current_directory(agency)
    except NotFound:
        return False
    return True


def _shown(shown: Mapping[str, Any], content: Mapping[str, Any] | None, request: Request) -> dict[str, Any]:
    """A version of the notice in blocks."""
    showing = Showing(reader_here(request))
    plain = content or {}
    return {"subjects": showing.subjects(plain), "blocks": notice_blocks(plain, showing, request.language)}


def _asked_of_hub(shown: Mapping[str, Any], request: Request, named: Named) -> dict[str, Any] | None:
    """What its source told the legal desk alone: whom it denies, and words."""
    found = [one for one in shown["words"] if one["kind"] in {"notice.request", "notice.restriction"}]
    if not found:
        return None
    last = max(found, key=lambda one: str(one["said_at"]))
    content = last["content"] or {}
    showing = Showing(reader_here(request))
    return {
        "denied": [named.agency(one) for one in content.get("denied", ())],
        "words": list(showing.facts(content, body_in_words(last["kind"]), only=("words",))),
    }


@page(*AT_A_DESK)
def notice(request: Request, matter: UUID) -> HttpResponse:
    """The notice."""
    named, language = Named(request.language), request.language
    shown = show_notice(thing_of(matter), officer=looking(request), context=node_of(request))
    mine = shown["side"] == "source"
    flags = flag_rows("matter = %s ORDER BY at_ms", (thing_of(matter),)) if shown["flags"] else []
    answers = _answers(shown, request, named)
    context = {
        "head": head_of(shown, request, named),
        **_shown(shown, shown["content"], request),
        "change": _shown(shown, shown["pending_content"], request) if shown["pending_content"] else None,
        "waits": bool(shown["pending"]) and not shown["ended_at"],
        "stops": _stops(shown, request),
        "events": _events(shown, named, language),
        "answers": answers,
        "actions": _actions(shown, language, node_of(request)),
        "ends_it": [one for one in answers if one["ends_it"]] if mine and not shown["ended_at"] else [],
        "end_url": reverse(
            "notice-say",
            kwargs={"matter": matter, "word": "executed" if shown["colour"] == "notice.red" else "cancellation"},
        ),
        "may_end": "notice.cancellation" in shown["may"],
        "flags": [flag_in_words(flag, request, named) for flag in flags],
        "given": len(shown["given"]),
        "given_names": [named.agency(one) for one in shown["given"]],
        "denied_names": [named.agency(one) for one in shown["denied"]],
        "asked_of_hub": _asked_of_hub(shown, request, named) if shown["side"] != "member" else None,
        "print_url": reverse("notice-print", kwargs={"matter": matter}) if shown["content"] else "",
    }
    return render(request, "notices/notice.html", context)


@page(*AT_A_DESK)
def printed(request: Request, matter: UUID) -> HttpResponse:
    """The notice for the printer, logged as printed; what may not be printed is left out."""
    named, officer, context = Named(request.language), looking(request), node_of(request)
    shown = show_notice(thing_of(matter), officer=officer, context=context, log=False)
    version = thing_of(shown["version"] or shown["first"])
    items = [item for item in items_of_statements([version]).get(version, ()) if item.place == 0]
    reader = reader_of(officer, context=context)
    weighed = weigh(items, Use.PRINT, reader, context=context)
    may = [one.row.id for one in weighed if one.decision.allowed and one.part]
    taken = take_out(may, Use.PRINT, reader, context=context, justification="notice.print") if may else []
    content = taken[0].part.content if taken and taken[0].part is not None and shown["content"] else None
    return render(
        request,
        "notices/print.html",
        {
            "head": head_of(shown, request, named),
            **_shown(shown, content, request),
            "left_out": content is None,
            "why": [
                text(reason, request.language)
                for one in weighed
                if not one.decision.allowed
                for reason in one.decision.reasons
            ],
            "events": [one | {"said": ""} for one in _events(shown, named, request.language)],
            "by": officer.number,
            "url": reverse("notice", kwargs={"matter": matter}),
        },
    )
