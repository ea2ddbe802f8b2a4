"""What a side says about a notice in a few words: publish, refuse, end, extend, restrict. Each on a page that names what follows.

Invariant: a word that our side may not say now has no page; nothing is said without the form that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tansiq.enquiries.pages_matter import origin_form
from tansiq.errors import BadInput, Error
from tansiq.notices.asking import cancel, executed, extend, restrict
from tansiq.notices.desks import own_desk
from tansiq.notices.forms_words import (
    cancel_form,
    executed_form,
    extend_form,
    hub_cancel_form,
    member_choices,
    publish_form,
    refuse_form,
    restrict_form,
)
from tansiq.notices.legal import cancel_by_hub, publish, refuse
from tansiq.notices.origins import answer_origin
from tansiq.notices.pages_common import (
    AT_A_DESK,
    EDITING,
    Named,
    acting,
    ask_page,
    attested_in,
    date_in,
    looking,
    ms_of,
    node_of,
    reader_here,
    text_in,
    thing_of,
    told,
)
from tansiq.notices.queries import show_notice
from tansiq.policy.answer import IncomingCheck
from tansiq.policy.notice import Cancellation, Extension, HubRefusal, Publication
from tansiq.policy.notice_needs import needs
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.moments import local
from tansiq.web.visitor import Request

__all__ = ["origin", "say"]

_KIND: Final = {"executed": "notice.cancellation"}
_GRAVE: Final = frozenset({"executed", "cancellation", "refusal", "restriction"})


@dataclass(frozen=True, slots=True)
class _Word:
    """A word that is asked for: what it is about, and the form as it was sent."""

    request: Request
    name: str
    shown: Mapping[str, Any]

    @property
    def matter(self) -> bytes:
        return thing_of(self.shown["id"])

    @property
    def at_the_hub(self) -> bool:
        return bool(self.shown["side"] == "hub")

    def form(self) -> Form:
        """The form of this word."""
        language = self.request.language
        match self.name:
            case "executed":
                return executed_form(language)
            case "cancellation":
                return hub_cancel_form(language) if self.at_the_hub else cancel_form(language)
            case "extension":
                return extend_form(language)
            case "restriction":
                named = Named(language)
                known = member_choices(named, but=(node_of(self.request).agency,))
                return restrict_form(language, known, self._denied())
            case "publication":
                return publish_form(language, until=self._longest())
            case "refusal":
                return refuse_form(language)
        raise Http404

    def _denied(self) -> list[str]:
        """Whom it is denied now, by our last word to the hub."""
        said = [one for one in self.shown["words"] if one["kind"] in {"notice.request", "notice.restriction"}]
        last = max(said, key=lambda one: str(one["said_at"]), default=None)
        return list((last["content"] or {}).get("denied", ())) if last is not None else []

    def _longest(self) -> str:
        ends_ms = self.request.now_ms + needs().longest_ms
        asked = (self.shown["pending_content"] or self.shown["content"] or {}).get("until_ms")
        if isinstance(asked, int) and self.request.now_ms < asked < ends_ms:
            ends_ms = asked
        return local(ends_ms - 1, reader_here(self.request).zone).date().isoformat()


def _day(word: _Word, form: Form) -> Any:
    """The day that is written, or BadInput with what can't be read."""
    found, unread = date_in(Cancellation, form, "on", word.request)
    if unread:
        raise BadInput("notices.wrong-day")
    return found


def _until(word: _Word, form: Form, kind: type[Extension | Publication]) -> int:
    found, unread = date_in(kind, form, "until_ms", word.request)
    if unread or not isinstance(found, int):
        raise BadInput("notices.wrong-day")
    return min(found, node_of(word.request).clock() + needs().longest_ms)


def _executed(word: _Word, form: Form) -> None:
    body = Cancellation(reason="cancel.executed", on=_day(word, form))
    executed(word.matter, officer=acting(word.request), context=node_of(word.request), body=body)


def _cancellation(word: _Word, form: Form) -> None:
    officer, context = acting(word.request), node_of(word.request)
    if word.at_the_hub:
        body = Cancellation(reason="cancel.hub", words=text_in(form, "words"))
        cancel_by_hub(word.matter, body, officer=officer, context=context)
        return
    body = Cancellation(reason=str(form["reason"].value), words=text_in(form, "words"), on=_day(word, form))
    cancel(word.matter, body, officer=officer, context=context)


def _extension(word: _Word, form: Form) -> None:
    until_ms = _until(word, form, Extension)
    if until_ms <= (ms_of(word.shown["until"]) or 0):
        raise BadInput("notices.not-longer")
    body = Extension(
        until_ms=until_ms,
        reason=text_in(form, "reason"),
        examined=attested_in(form, "examined", word.request),
    )
    extend(word.matter, body, officer=acting(word.request), context=node_of(word.request))


def _restriction(word: _Word, form: Form) -> None:
    denied = form["denied"].value
    restrict(
        word.matter, [denied] if isinstance(denied, str) and denied else list(denied or ()), officer=acting(word.request),
        context=node_of(word.request), words=text_in(form, "words"),
    )  # fmt: skip


def _publication(word: _Word, form: Form) -> None:
    publish(
        word.matter, lawful=attested_in(form, "lawful", word.request, note="note"), officer=acting(word.request),
        context=node_of(word.request), until_ms=_until(word, form, Publication),
    )  # fmt: skip


def _refusal(word: _Word, form: Form) -> None:
    grounds = form["grounds"].value
    body = HubRefusal(
        grounds=(grounds,) if isinstance(grounds, str) else tuple(grounds), reasons=text_in(form, "reasons")
    )
    refuse(word.matter, body, officer=acting(word.request), context=node_of(word.request))


_SAYING: Final[Mapping[str, Callable[[_Word, Form], None]]] = {
    "executed": _executed, "cancellation": _cancellation, "extension": _extension, "restriction": _restriction,
    "publication": _publication, "refusal": _refusal,
}  # fmt: skip


def _word(request: Request, matter: UUID, name: str) -> _Word:
    shown = show_notice(thing_of(matter), officer=looking(request), context=node_of(request), log=False)
    if name not in _SAYING or _KIND.get(name, f"notice.{name}") not in shown["may"]:
        raise Http404
    if name == "executed" and (shown["side"] != "source" or shown["colour"] != "notice.red"):
        raise Http404
    return _Word(request, name, shown)


def _problems(error: Error, language: str) -> list[str]:
    faults = error.values.get("faults", ())
    found = [fault.sentence(language) for fault in faults] if isinstance(faults, tuple) else []
    return found or [told(error, language)]


@page(*AT_A_DESK, methods=EDITING)
def say(request: Request, matter: UUID, word: str) -> HttpResponse:
    """Asks for what a word wants, and says it."""
    about = _word(request, matter, word)
    language, back = request.language, reverse("notice", kwargs={"matter": matter})
    form, status = about.form(), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=language).checked(language)
        status = 422
        if not form.faulty:
            try:
                _SAYING[word](about, form)
            except Error as error:
                form, status = form.faulted({}, _problems(error, language)), error.http_status
            else:
                return HttpResponseRedirect(back)
    side = "-hub" if word == "cancellation" and about.at_the_hub else ""
    return ask_page(
        request, title=f"notices.act.{word}", question=text(f"notices.question.{word}{side}", language), form=form,
        action=f"notices.act.{word}", back=back, grave=word in _GRAVE, status=status,
    )  # fmt: skip


@page(*AT_A_DESK, methods=EDITING)
def origin(request: Request, matter: UUID) -> HttpResponse:
    """'May this have been obtained by ill-treatment?', before what came in is used beyond reading it."""
    language, back = request.language, reverse("notice", kwargs={"matter": matter})
    show_notice(thing_of(matter), officer=looking(request), context=node_of(request), log=False)
    if not own_desk() or own_desk() not in looking(request).posts:
        raise Http404
    form, status = origin_form(request), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=language).checked(language)
        status = 422
        if not form.faulty:
            check = IncomingCheck(
                answer=str(form["answer"].value),
                officer=request.visitor.number,
                at_ms=request.now_ms,
                reason=text_in(form, "reason"),
            )
            try:
                answer_origin(thing_of(matter), check, officer=acting(request), context=node_of(request))
            except Error as error:
                form, status = form.faulted({}, _problems(error, language)), error.http_status
            else:
                return HttpResponseRedirect(back)
    return ask_page(
        request, title="enquiries.origin.question", question=text("enquiries.origin.why", language), form=form,
        action="enquiries.origin.save", back=back, status=status,
    )  # fmt: skip
