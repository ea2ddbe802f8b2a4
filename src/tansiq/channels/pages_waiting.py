"""Pages of what waits for a suspended channel: what may be done with a matter, the review of an emergency, the report.

Invariant: the ways that are offered are those that the rules permit at this moment; what the machine proposes is never chosen
in advance. Only the matter's desk and a decider see it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.emergencies import Unreviewed, emergency_words, pass_emergency, review, unreviewed
from tansiq.channels.gap import Gap, Line, gap_of
from tansiq.channels.offers import is_danger, offers
from tansiq.channels.pages_shared import (
    AT_A_DESK,
    LOOKS,
    acting,
    agency_name,
    channel_label,
    decides,
    form_page,
    node_of,
    reviews,
    told,
)
from tansiq.channels.passing import by_hand, check_matter, may_reroute, may_take_back, reroute, take_back
from tansiq.channels.profile import channel_rules
from tansiq.channels.queries import accepts_emergency, standings
from tansiq.channels.stored import dockets
from tansiq.channels.waiting import MatterWaiting, matters_waiting
from tansiq.errors import Error, NotFound, Refused
from tansiq.policy.channel_matter import Channel, State
from tansiq.policy.channel_showing import sentence
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.texts import LANGUAGES, text
from tansiq.web.access import page
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.visitor import Request

__all__ = ["act", "emergency", "report", "waiting"]


def _bytes(named: str) -> bytes:
    """The identifier in an address. Raises NotFound for what is none."""
    try:
        identifier = bytes.fromhex(named)
    except ValueError:
        identifier = b""
    if len(identifier) != 16:
        raise NotFound("channels.unknown-decision")
    return identifier


def _one(request: Request, named: str) -> MatterWaiting | None:
    found = matters_waiting(
        request.visitor.posts, every=decides(request), matter=_bytes(named), context=node_of(request)
    )
    return found[0] if found else None


def _title(one: MatterWaiting, language: str) -> str:
    return one.about.title(language) if one.about else code_list("message_kinds").label(one.kind, language)


def _offers(one: MatterWaiting, request: Request) -> list[dict[str, Any]]:
    if request.officer is None or not may_reroute(one.first):
        return []
    language = request.language
    return [
        {
            "channel": str(advice.channel),
            "name": channel_label(advice.channel, language),
            "verdict": code_list("channel_verdicts").label(advice.verdict, language),
            "tone": "accent" if advice.verdict == "recommended" else "due" if advice.approvers else "",
            "reasons": list(dict.fromkeys(sentence(reason, channel_rules(), language) for reason in advice.reasons)),
            "approvers": [code_list("roles").label(role, language) for role in advice.approvers],
            "deviates": advice.verdict != "recommended",
        }
        for advice in offers(one.first, officer=acting(request), context=node_of(request))
    ]


def _emergency_open(one: MatterWaiting) -> str:
    """'' when the emergency rule may let it pass; else why not (the key of a text)."""
    if not channel_rules().emergency.allowed:
        return "channels.states.no-emergency-rule"
    if standings(one.partner)[Channel(one.channel)].announced is State.SUSPENDED:
        return "channels.states.no-emergency-theirs"
    if not accepts_emergency(one.partner):
        return "channels.states.no-emergency-word"
    return "channels.states.no-emergency-danger" if is_danger(one.first) is False else ""


@page(*AT_A_DESK)
def waiting(request: Request, matter: str) -> HttpResponse:
    """A matter that waits, and what may be done with it."""
    one = _one(request, matter)
    if one is None:
        raise NotFound("channels.not-waiting")
    return _page(request, one)


def _page(
    request: Request, one: MatterWaiting, *, error: Error | None = None, words: Form | None = None
) -> HttpResponse:
    language = request.language
    shown = {
        "matter": one.matter.hex(),
        "title": _title(one, language),
        "url": one.about.url() if one.about and one.sender in request.visitor.posts else "",
        "kind": code_list("message_kinds").label(one.kind, language),
        "partner": agency_name(one.partner, language),
        "agency": one.partner,
        "channel": one.channel,
        "channel_name": channel_label(one.channel, language),
        "sender": one.sender,
        "count": one.count,
        "since_ms": one.since_ms,
        "held_ms": one.held_ms,
        "due_ms": one.about.deadline_ms if one.about else None,
        "by_hand": one.by_hand,
        "offers": _offers(one, request),
        "moves": may_reroute(one.first),
        "takes_back": may_take_back(one.first),
        "not_back": told(refused, language) if (refused := _not_back(one, request)) else "",
        "deviations": choices_of("deviation_reasons", language),
        "emergency_closed": _emergency_open(one),
        "hours": channel_rules().emergency.review_hours,
        "form": words or _words_form(request),
        "message": told(error, language) if error else "",
        "key_closed": request.officer is None,
    }
    return render(request, "channels/waiting.html", shown, status=error.http_status if error else 200)


def _not_back(one: MatterWaiting, request: Request) -> Refused | None:
    """Why the reader does not take it back; None: nothing stands against it."""
    try:
        check_matter(one.matter, officer=request.visitor.number, context=node_of(request))
    except Refused as error:
        return error
    return None


def _words_form(request: Request) -> Form:
    tongues = tuple((code, code_list("languages").label(code, request.language)) for code in LANGUAGES)
    return Form(
        (
            Field(
                name="words", label="channels.states.field.danger", kind="words", required=True, rows=3,
                language=request.language, languages=tongues,
            ),
        )
    )  # fmt: skip


def _move(matter: bytes, request: Request) -> None:
    named = str(request.POST.get("channel", ""))
    if named not in tuple(Channel):
        raise NotFound("channels.unknown-decision")
    reroute(
        matter,
        Channel(named),
        deviation=str(request.POST.get("deviation", ""))[:64],
        officer=acting(request),
        context=node_of(request),
    )


def _hand(matter: bytes, request: Request) -> None:
    chosen = request.POST.get("answer") != "not"
    by_hand(matter, chosen=chosen, officer=acting(request), context=node_of(request))


def _back(matter: bytes, request: Request) -> None:
    take_back(matter, officer=acting(request), context=node_of(request))


_ACTS: Final[dict[str, Callable[[bytes, Request], None]]] = {"move": _move, "by-hand": _hand, "take-back": _back}


@page(*AT_A_DESK, methods=("GET", "POST"))
def act(request: Request, matter: str, deed: str) -> HttpResponse:
    """Does one of the things with what waits; what cannot be taken back is asked about first."""
    one = _one(request, matter)
    if one is None or deed not in {*_ACTS, "emergency"}:
        raise NotFound("channels.not-waiting")
    if request.method != "POST":
        if deed != "take-back":
            return HttpResponseRedirect(reverse("channel-waiting", args=(matter,)))
        refused = _not_back(one, request)
        return _question(request, one) if refused is None else _page(request, one, error=refused)
    form: Form | None = None
    try:
        if deed == "emergency":
            form = _words_form(request).bound(request.POST, language=request.language).checked(request.language)
            if form.faulty:
                return _page(request, one, words=form)
            said = Text(form.values["words.language"], form.values["words"])
            pass_emergency(one.matter, said, officer=acting(request), context=node_of(request))
        else:
            _ACTS[deed](one.matter, request)
    except Error as error:
        return _page(request, one, error=error, words=form)
    place = reverse("channel-with", args=(one.partner, one.channel))
    return HttpResponseRedirect(reverse("channel-waiting", args=(matter,)) if deed == "by-hand" else place)


def _question(request: Request, one: MatterWaiting) -> HttpResponse:
    back = reverse("channel-waiting", args=(one.matter.hex(),))
    shown = {
        "title": _title(one, request.language),
        "words": text("channels.states.take-back-words", request.language),
        "url": reverse("channel-waiting-act", args=(one.matter.hex(), "take-back")),
        "back": back,
    }
    return render(request, "channels/waiting_question.html", shown)


# ---------------------------------------------------------------------------------------------------- review, report


def _review_form(request: Request) -> Form:
    tongues = tuple((code, code_list("languages").label(code, request.language)) for code in LANGUAGES)
    return Form(
        (
            Field(
                name="verdict", label="channels.states.field.verdict", kind="radio", required=True,
                choices=choices_of("emergency_verdicts", request.language),
            ),
            Field(
                name="words", label="channels.states.field.words", kind="words", help="channels.states.help.verdict-words",
                language=request.language, languages=tongues, rows=3,
            ),
        )
    )  # fmt: skip


def _unreviewed(named: str) -> Unreviewed:
    found = next((one for one in unreviewed() if one.id == _bytes(named)), None)
    if found is None:
        raise NotFound("channels.unknown-decision")
    return found


@page(*AT_A_DESK, methods=("GET", "POST"))
def emergency(request: Request, identifier: str) -> HttpResponse:
    """Judges what passed a suspended channel."""
    one = _unreviewed(identifier)
    if not reviews(request):
        raise NotFound("channels.unknown-decision")
    form, error = _review_form(request), None
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            values = form.values
            words = Text(values["words.language"], values["words"]) if values["words"].strip() else None
            try:
                review(one.id, values["verdict"], words, officer=acting(request), context=node_of(request))
                return HttpResponseRedirect(f"{reverse('channels')}?done=reviewed")
            except Error as raised:
                error = raised
    said = emergency_words(one.id, keys=node_of(request).keys)
    context = {
        "partner": agency_name(one.partner, request.language),
        "channel": one.channel,
        "channel_name": channel_label(one.channel, request.language),
        "officer": one.officer,
        "at_ms": one.at_ms,
        "due_ms": one.due_ms,
        "late": one.due_ms < request.now_ms,
        "said": said,
        "mine": one.officer == request.visitor.number,
        "key_closed": request.officer is None,
    }
    return form_page(request, "channels/emergency.html", form, error, context)


@page(*LOOKS)
def report(request: Request, number: int) -> HttpResponse:
    """What an interruption did, and whether both sides are whole again."""
    gap = gap_of(number, context=node_of(request))
    if gap is None:
        raise NotFound("channels.unknown-interruption", id=number)
    one, language, mine = gap.interrupted, request.language, _mine(gap, request)
    shown = {
        "partner": agency_name(one.partner, language),
        "agency": one.partner,
        "channel": one.channel,
        "channel_name": channel_label(one.channel, language),
        "began_ms": one.began_ms,
        "ended_ms": one.ended_ms,
        "lasted_ms": (one.ended_ms or request.now_ms) - one.began_ms,
        "whole": gap.whole,
        "gap": gap,
        "counts": [
            (text(f"channels.how.{how or 'waiting'}", language), gap.count(how))
            for how in ("released", "rerouted", "courier", "emergency", "withdrawn", "")
            if gap.count(how)
        ],
        "lines": [_line(line, gap, request, mine) for line in gap.lines],
        "theirs": [
            {
                "title": code_list("message_kinds").label(row.kind, language),
                "said_ms": row.said_ms,
                "received_ms": row.received_ms,
            }
            for row in gap.theirs
        ],
    }
    return render(request, "channels/report.html", shown)


def _known(gap: Gap, matter: bytes, kind: str, language: str) -> str:
    found = gap.about.get(matter)
    return found.title(language) if found else code_list("message_kinds").label(kind, language)


def _mine(gap: Gap, request: Request) -> set[bytes]:
    """The statements of the report that were said by the visitor's own desks: only their matters are opened from here."""
    known = dockets([line.instead or line.statement for line in gap.lines], context=node_of(request))
    return {statement for statement, docket in known.items() if docket.sender in request.visitor.posts}


def _line(line: Line, gap: Gap, request: Request, mine: set[bytes]) -> dict[str, Any]:
    found = gap.about.get(line.matter)
    own = (line.instead or line.statement) in mine
    kind = code_list("message_kinds").label(line.kind, request.language)
    return {
        "title": _known(gap, line.matter, line.kind, request.language) if own else kind,
        "url": found.url() if found and own else "",
        "kind": kind if own else "",
        "waited_ms": line.waited_ms(request.now_ms),
        "held_ms": line.held_ms,
        "how": text(f"channels.how.{line.how or 'waiting'}", request.language),
        "officer": line.officer,
        "receipted": line.receipted,
        "passed": line.passed,
        "deadline_ms": line.deadline_ms,
    }
