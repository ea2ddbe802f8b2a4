"""The pages of a search: the form, and what was found.

Invariant: whom one searched for stands in no address and in no title: the form is posted, its words are kept in the session, which is
encrypted, and the page of what was found is named by a random number. That page is asked anew each time and logged each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID, uuid4

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from tansiq.exchange.context import Context
from tansiq.names import flags
from tansiq.registers.asked import Asked, Why
from tansiq.registers.forms import PERSON, REASON, asked_in, bound, search_form, why_in
from tansiq.registers.listed import ListedPerson
from tansiq.registers.matching import PossibleMatch, explain_match, index_of, names_of
from tansiq.registers.queries import entry_of, heads_of, readable_registers
from tansiq.registers.reasons import Why as Reason
from tansiq.registers.reasons import equally_good, in_codes, in_words, likelihood, shown_probability
from tansiq.registers.searching import MOST_FOUND, search_persons
from tansiq.registers.wording import brief, in_reader_script, joined, register_name, shown_names
from tansiq.texts import text
from tansiq.web.access import Role, page
from tansiq.web.languages import countries
from tansiq.web.visitor import Request

__all__ = ["AT_A_DESK", "Person", "found", "keep", "kept", "node_of", "person_of", "search"]

AT_A_DESK: Final = (Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU)
"""Who may read the registers; which of them, the own posts say."""
_SEARCHES: Final = "register-searches"
_MOST_KEPT: Final = 12


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks, with the posts in which that person works or stands in now."""

    number: str
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A possible match as `components/match_card.html` shows it, and where its entry is."""

    url: str
    names: list[tuple[str, str]]
    facts: SafeString
    score: float
    why: list[Reason]
    source: str
    decision: str = ""


def node_of(request: Request) -> Context:
    """The node at work."""
    return cast(Context, request.node)


def person_of(request: Request) -> Person:
    """Who looks at this page."""
    return Person(request.visitor.number, tuple(request.visitor.posts))


def keep(request: Request, said: Mapping[str, Any]) -> str:
    """Keeps what was asked in the session, under a random name."""
    known = dict(request.session.get(_SEARCHES) or {})
    name = str(uuid4())
    known[name] = {key: value for key, value in said.items() if value}
    request.session[_SEARCHES] = dict(list(known.items())[-_MOST_KEPT:])
    return name


def kept(request: Request, name: str) -> dict[str, str] | None:
    """What was kept under a name; None when there is nothing (any more)."""
    found = (request.session.get(_SEARCHES) or {}).get(name)
    return dict(found) if isinstance(found, dict) else None


@page(*AT_A_DESK, methods=("GET", "POST"))
def search(request: Request) -> HttpResponse:
    """Whom one searches for, and why."""
    form = search_form(request.language)
    if request.method == "POST":
        form = bound(form, request.POST, request.language)
        if not form.faulty:
            name = keep(request, asked_in(form).to_plain() | why_in(form).to_plain())
            return HttpResponseRedirect(reverse("register-found", kwargs={"search": name}))
    elif said := kept(request, str(request.GET.get("again", ""))):
        form = form.bound(said, language=request.language)
    heads = heads_of(readable_registers(person_of(request).posts))
    persons = index_of(node_of(request)).persons()
    context = {
        "form": form,
        "person": [form[name] for name in PERSON],
        "reason": [form[name] for name in REASON],
        "countries": countries(request.language),
        "registers": [(register_name(one.name, request.language), one, persons.get(one.name, 0)) for one in heads],
    }
    return render(request, "registers/search.html", context, status=422 if form.faulty else 200)


def _card(match: PossibleMatch, asked: Asked, name: str, request: Request) -> Card:
    context, language, subject = node_of(request), request.language, asked.subject
    entry = entry_of(match.entry, context=context)
    found = explain_match(subject, entry, context=context) if isinstance(entry, ListedPerson) else None
    why = in_codes(match.reasons, language)
    if found is not None and entry is not None:
        why = in_words(found, asked=names_of(subject), held=entry.searchable, codes=match.reasons, language=language)
    every = [match.name, *(entry.searchable if entry is not None else ())]
    told = [
        likelihood(match.score, language),
        in_reader_script(every, language),
        *brief(entry, language),
        equally_good(match.others, language),
    ]
    return Card(
        url=f"{reverse('register-entry', kwargs={'entry': UUID(bytes=match.entry)})}?for={name}",
        names=shown_names(every, language),
        facts=joined(told),
        score=shown_probability(match.score),
        why=why,
        source=f"{register_name(match.register, language)} {match.reference}",
    )


@page(*AT_A_DESK)
def found(request: Request, search: UUID) -> HttpResponse:
    """Who of the registers may be meant, with all reasons; the search is logged, and so is everybody whom it shows."""
    said = kept(request, str(search))
    if said is None:
        return HttpResponseRedirect(reverse("registers"))
    asked, why = Asked.from_plain(said), Why.from_plain(said)
    searched = search_persons(asked, why, context=node_of(request), reader=person_of(request))
    context = {
        "cards": [_card(match, asked, str(search), request) for match in searched.matches],
        "sought": asked,
        "why": why,
        "searched": searched,
        "more": len(searched.matches) == MOST_FOUND,
        "flags": [text(code, request.language) for code in flags(asked.name)],
        "search": str(search),
    }
    return render(request, "registers/found.html", context)
