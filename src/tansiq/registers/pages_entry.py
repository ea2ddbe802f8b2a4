"""The page of an entry: what the list says of a person or a group, where that comes from, what of it is damaged.

Invariant: nobody sees an entry without having said why; the answer to whoever may not read it is that of an entry that never was. A
reason is said in a search, in the page of an enquiry, or here; it is kept in the session and named by a random number.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.registers.asked import Why
from tansiq.registers.forms import bound, reason_form, why_in
from tansiq.registers.listed import FieldFault, ListedPerson
from tansiq.registers.pages_search import AT_A_DESK, keep, kept, node_of, person_of
from tansiq.registers.queries import heads_of
from tansiq.registers.searching import Opened, open_for, readable
from tansiq.registers.wording import (
    birth_words,
    heading,
    in_reader_script,
    nation_words,
    place_words,
    register_name,
    tongue,
)
from tansiq.texts import catalogue, text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["entry"]


def _reason(code: str, language: str) -> str:
    """What is wrong with a field, in words."""
    return text(code, language) if code in catalogue() else code


def _faults(faults: tuple[FieldFault, ...], language: str) -> list[dict[str, str]]:
    return [
        {"field": one.field, "value": one.value, "hint": one.hint, "reason": _reason(one.reason, language)}
        for one in faults
    ]


def _context(opened: Opened, request: Request) -> dict[str, Any]:
    language, stored, content = request.language, opened.stored, opened.content
    context: dict[str, Any] = {
        "stored": stored,
        "register": register_name(stored.register, language),
        "about": heads_of([stored.register])[0],
        "content": content,
        "faults": _faults(content.faults, language) if content is not None else [],
    }
    if content is not None:
        context["heading"] = heading(content.searchable, language)
        context["in_script"] = in_reader_script(content.searchable, language)
        context["names"] = [(name, tongue(name.text)) for name in content.names]
        context["addresses"] = [place_words(place) for place in content.addresses]
    if isinstance(content, ListedPerson):
        context["birth_places"] = [place_words(place) for place in content.birth_places]
        context["births"] = [(birth_words(born, language), born.note) for born in content.births]
        context["nationalities"] = [(nation_words(word, language), word) for word in content.nationalities]
    return context


@page(*AT_A_DESK, methods=("GET", "POST"))
def entry(request: Request, entry: UUID) -> HttpResponse:
    """One entry, for the reason that was said; without one, the question why."""
    stored = readable(entry.bytes, reader=person_of(request))
    address = reverse("register-entry", kwargs={"entry": entry})
    form = reason_form(request.language)
    if request.method == "POST":
        form = bound(form, request.POST, request.language)
        if not form.faulty:
            return HttpResponseRedirect(f"{address}?for={keep(request, why_in(form).to_plain())}")
    said = kept(request, str(request.GET.get("for", ""))) if request.method != "POST" else None
    if said is None:
        context = {"form": form, "stored": stored, "register": register_name(stored.register, request.language)}
        return render(request, "registers/why.html", context, status=422 if form.faulty else 200)
    opened = open_for(entry.bytes, Why.from_plain(said), context=node_of(request), reader=person_of(request))
    back = {"search": request.GET["for"]} if said.get("name") or said.get("number") else {}
    return render(request, "registers/entry.html", _context(opened, request) | {"why": said, "back": back})
