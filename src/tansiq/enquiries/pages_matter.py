"""One matter on its tabs: the request, what was said, the possible matches, what happened, the proof; and its print.

Invariant: everything is read through `matter.show_enquiry`, which asks the one decision on every use and writes down who
looked; what the reader may not see is not there. What may not be printed is left out of the print, and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.choices import choices_made
from tansiq.channels.showing import choice_words
from tansiq.enquiries.drafts import PARTIAL_REFUSAL
from tansiq.enquiries.matter import show_enquiry
from tansiq.enquiries.origins import answer_origin
from tansiq.enquiries.pages_common import AT_A_DESK, Named, acting, looking, ms_of, node_of, told, with_names
from tansiq.enquiries.pages_happened import events_of
from tansiq.enquiries.pages_matches import cards_of
from tansiq.enquiries.pages_proof import evidence_url, proof_of, stops_of
from tansiq.enquiries.pages_rows import clock_of, question_of, state_of, term_of
from tansiq.enquiries.pages_said import request_of, word_of
from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.services import decide_match
from tansiq.errors import Error
from tansiq.policy.answer import IncomingCheck
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.texts import LANGUAGES, text
from tansiq.web.access import page
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.frame import alerts_over
from tansiq.web.registry import TABS, Tab
from tansiq.web.visitor import Request

__all__ = [
    "brief_of",
    "decide",
    "head_of",
    "matches",
    "matter",
    "origin",
    "origin_form",
    "proof",
    "replies",
    "shown_matter",
    "tab_page",
    "timeline",
]

_CAME_FOR: Final = frozenset({"answer", "clarification", "feedback"})
"""What waits to be said, and so is the first of the buttons."""


def shown_matter(request: Request, matter: object) -> dict[str, Any]:
    """The matter for who looks. Raises NotFound."""
    return show_enquiry(parse_matter(str(matter)), context=node_of(request), officer=looking(request))


def _actions(shown: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """What our side may say now, as buttons; the first is the one that one came for."""
    names = [kind.removeprefix("enquiry.") for kind in shown["may"] if kind != PARTIAL_REFUSAL]
    order = (
        "answer",
        "clarification",
        "feedback",
        "clarification-request",
        "refusal",
        "delay",
        "reminder",
        "withdrawal",
    )
    return [
        {
            "label": text(f"enquiries.act.{name}", language),
            "url": reverse("enquiry-word", kwargs={"matter": shown["id"], "word": name}),
            "first": name in _CAME_FOR,
        }
        for name in sorted(names, key=order.index)
    ]


def _ended_ms(shown: Mapping[str, Any]) -> int | None:
    return ms_of(shown["answered_at"])


def head_of(request: Request, shown: dict[str, Any], named: Named) -> dict[str, Any]:
    """What stands over every tab."""
    language = request.language
    asked = shown["request"]
    incoming = shown["direction"] == "in"
    content = asked["content"] or {}
    conditions = content.get("conditions") or {}
    words = conditions.get("words") or {}
    way = "enquiries.page.from" if incoming else "enquiries.page.to"
    return {
        "id": shown["id"],
        "question": question_of(shown["sought"] or content.get("sought", ()), language),
        "incoming": incoming,
        "who": with_names(way, language, desk=named.shown(shown["their_post"])),
        "state": state_of(shown, language),
        "sign": shown["channel"],
        "sent_ms": ms_of(shown["sent_at"]),
        "received_ms": ms_of(shown["received_at"]),
        "due_ms": ms_of(shown["deadline"]),
        "clock": clock_of(shown),
        "term": term_of(shown["deadline_class"], language),
        "handling": tuple(asked["handling"]),
        "classification": asked["classification"],
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "stops": stops_of(shown["route"], named, ended_ms=_ended_ms(shown)),
        "actions": _actions(shown, language),
        "proof": proof_of(asked["proof"], language=language, ours=not incoming, url=evidence_url(shown["id"])),
        "withheld": [text(reason, language) for reason in asked["withheld"]],
        "erased": asked["content"] is None and not asked["withheld"],
        "unanswered": shown["incoming"] == "unanswered" and bool(shown["words"] or incoming),
        "url": reverse("enquiry", kwargs={"matter": shown["id"]}),
    }


def brief_of(request: Request, matter: str, named: Named) -> dict[str, Any]:
    """A matter as it stands beside the list. Raises NotFound, BadInput."""
    shown = shown_matter(request, matter)
    head = head_of(request, shown, named)
    asked = request_of(shown, request, named)
    return {
        **head,
        "short": asked.short,
        "subjects": asked.who,
        "cards": cards_of(shown, request.language, node_of(request))[:2],
    }


def _tabs(request: Request, shown: Mapping[str, Any]) -> list[Tab]:
    def tab(name: str, label: str, count: int = 0) -> Tab:
        address = reverse(name, kwargs={"matter": shown["id"]})
        return Tab(label=label, url=address, name=name, count=count)

    own = [
        tab("enquiry", "enquiries.tab.request"),
        tab("enquiry-replies", "enquiries.tab.replies", len(shown["words"])),
        *([tab("enquiry-matches", "enquiries.tab.matches", len(shown["matches"]))] if shown["matches"] else []),
        tab("enquiry-timeline", "enquiries.tab.timeline"),
        tab("enquiry-proof", "enquiries.tab.proof"),
    ]
    return [*own, *(one for provider in TABS for one in provider(request, "enquiry", shown))]


def tab_page(request: Request, matter: UUID, name: str, template: str, more: Any = None) -> HttpResponse:
    """The tab ``name`` of a matter; ``more`` gives its context, given the matter as shown and the names of desks."""
    named = Named(request.language)
    shown = shown_matter(request, matter)
    context = {
        "matter": head_of(request, shown, named), "tabs": _tabs(request, shown), "here": name,
        "alerts": alerts_over(request, "enquiry", shown),
    }  # fmt: skip
    return render(request, template, context | (more(shown, named) if more is not None else {}))


def _duplicates(shown: Mapping[str, Any], named: Named, language: str) -> list[dict[str, Any]]:
    return [
        {
            "url": reverse("enquiry", kwargs={"matter": one["id"]}),
            "words": text(f"enquiries.{one['reason']}", language),
            "who": named.post(one["their_post"]),
            "sent_ms": ms_of(one["sent_at"]),
            "id": one["id"],
        }
        for one in shown["duplicates"]
    ]


@page(*AT_A_DESK)
def matter(request: Request, matter: UUID) -> HttpResponse:
    """The request itself."""
    if request.htmx:
        return render(
            request, "enquiries/brief.html", {"beside": brief_of(request, str(matter), Named(request.language))}
        )

    def more(shown: dict[str, Any], named: Named) -> dict[str, Any]:
        return {
            "demand": request_of(shown, request, named),
            "cards": [card for card in cards_of(shown, request.language, node_of(request)) if not card.decision],
            "duplicates": _duplicates(shown, named, request.language),
            "origin_form": origin_form(request),
            "choice": [choice_words(row, request.language) for row in choices_made(matter.bytes)],
        }

    return tab_page(request, matter, "enquiry", "enquiries/matter_request.html", more)


@page(*AT_A_DESK)
def replies(request: Request, matter: UUID) -> HttpResponse:
    """What was said since."""

    def more(shown: dict[str, Any], named: Named) -> dict[str, Any]:
        return {
            "words": [word_of(word, shown, request, named) for word in shown["words"]],
            "origin_form": origin_form(request),
        }

    return tab_page(request, matter, "enquiry-replies", "enquiries/matter_replies.html", more)


@page(*AT_A_DESK)
def matches(request: Request, matter: UUID) -> HttpResponse:
    """Whom our registers may know, for a person to decide."""
    return tab_page(
        request,
        matter,
        "enquiry-matches",
        "enquiries/matter_matches.html",
        lambda shown, _: {"cards": cards_of(shown, request.language, node_of(request))},
    )


@page(*AT_A_DESK)
def timeline(request: Request, matter: UUID) -> HttpResponse:
    """Everything that happened, in time."""
    return tab_page(
        request,
        matter,
        "enquiry-timeline",
        "enquiries/matter_timeline.html",
        lambda shown, named: {"events": events_of(shown["timeline"], named, request.language)},
    )


@page(*AT_A_DESK)
def proof(request: Request, matter: UUID) -> HttpResponse:
    """What proves each word of it."""

    def more(shown: dict[str, Any], named: Named) -> dict[str, Any]:
        language = request.language
        kinds = code_list("message_kinds")
        said = [
            {
                "title": kinds.label(word["kind"], language),
                "at_ms": ms_of(word["said_at"]),
                "proof": proof_of(word["proof"], language=language, ours=word["ours"]),
            }
            for word in shown["words"]
        ]
        return {
            "said": said,
            "evidence": evidence_url(shown["id"]),
            "request_kind": kinds.label("enquiry.request", language),
        }

    return tab_page(request, matter, "enquiry-proof", "enquiries/matter_proof.html", more)


# ---------------------------------------------------------------------------------------------------- decisions


@page(*AT_A_DESK, methods=("POST",))
def decide(request: Request, matter: UUID) -> HttpResponse:
    """The officer's word on a proposed match; the other word takes its place."""
    entry, decision = str(request.POST.get("entry", "")), str(request.POST.get("decision", ""))
    decide_match(
        parse_matter(str(matter)), parse_matter(entry), decision, context=node_of(request), officer=acting(request)
    )
    return HttpResponseRedirect(reverse("enquiry-matches", kwargs={"matter": matter}))


def origin_form(request: Request) -> Form:
    """The form of the question of ill-treatment."""
    language = request.language
    return Form(
        (
            Field(
                name="answer", label="enquiries.origin.answer", kind="radio", required=True,
                choices=choices_of("ill_treatment", language),
            ),
            Field(
                name="reason", label="enquiries.origin.reason", help="enquiries.origin.reason-help", kind="words", rows=2,
                language=language, languages=choices_of("languages", language, only=LANGUAGES),
            ),
        )
    )  # fmt: skip


@page(*AT_A_DESK, methods=("POST",))
def origin(request: Request, matter: UUID) -> HttpResponse:
    """The answer to 'may this have been obtained by ill-treatment?'."""
    language = request.language
    form = origin_form(request).bound(request.POST, language=language).checked(language)
    if not form.faulty:
        reason = form["reason"]
        check = IncomingCheck(
            answer=form["answer"].value,
            officer=request.visitor.number,
            at_ms=request.now_ms,
            reason=Text(reason.language or language, reason.value.strip()) if reason.value.strip() else None,
        )
        try:
            answer_origin(parse_matter(str(matter)), check, context=node_of(request), officer=acting(request))
        except Error as error:
            faults = error.values.get("faults", ())
            lacking = [fault.sentence(language) for fault in faults] if isinstance(faults, tuple) else []
            form = form.faulted({"reason": lacking} if lacking else {}, [] if lacking else [told(error, language)])
        else:
            return HttpResponseRedirect(reverse("enquiry-replies", kwargs={"matter": matter}))

    def more(shown: dict[str, Any], named: Named) -> dict[str, Any]:
        return {"words": [word_of(word, shown, request, named) for word in shown["words"]], "origin_form": form}

    answer = tab_page(request, matter, "enquiry-replies", "enquiries/matter_replies.html", more)
    answer.status_code = 422
    return answer
