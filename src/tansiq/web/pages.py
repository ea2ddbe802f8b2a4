"""The pages of the frame itself: language, appearance, search, notifications.

Each of them asks the registries, so it shows what the rooms above have for this visitor.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme

from tansiq.texts import LANGUAGES
from tansiq.web.access import ANYONE, SIGNED_IN, page
from tansiq.web.frame import APPEARANCES
from tansiq.web.registry import LANGUAGE, NOTICES, OFFERS, SEARCH, Found, Notice, Offer
from tansiq.web.visitor import Request

__all__ = ["choose", "notices", "search", "urlpatterns"]

_YEAR: Final = 365 * 24 * 3600
_MOST_FOUND: Final = 50
_MOST_NOTICES: Final = 100
_LONGEST: Final = 200


def _back(request: Request) -> str:
    wanted = str(request.POST.get("next", ""))
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if safe else "/"


@page(ANYONE, methods=("POST",))
def choose(request: Request) -> HttpResponse:
    """Remembers the language or the appearance that was chosen on this browser, and goes back to where one was."""
    response = HttpResponseRedirect(_back(request))
    secure = request.is_secure()
    if (language := str(request.POST.get("language", ""))) in LANGUAGES:
        for remember in LANGUAGE:
            remember(request, language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure
        )
    if (appearance := str(request.POST.get("appearance", ""))) in APPEARANCES:
        response.set_cookie(
            "tansiq-appearance", appearance, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure
        )
    return response


def _asked(providers: Iterable[Iterable[Found]], most: int) -> list[Found]:
    found: list[Found] = []
    for provider in providers:
        for one in provider:
            found.append(one)
            if len(found) == most:
                return found
    return found


def _offers(request: Request, asked: str) -> list[Offer]:
    """What may be searched besides by somebody of this visitor's roles."""
    made: list[Offer] = []
    for roles, offer in OFFERS:
        try:
            if roles & request.visitor.roles and (one := offer(request, asked)) is not None:
                made.append(one)
        except Exception:
            logging.getLogger("tansiq.web").exception("an offer of the search failed")
    return made


@page(SIGNED_IN, methods=("GET", "POST"))
def search(request: Request) -> HttpResponse:
    """What the search finds. The words come by POST, for a name of a person belongs into no address, history or log.

    A further search, of which a reason is asked, is offered as a form of its own with what was written in it.
    """
    asked = " ".join(str(request.POST.get("q", "")).split())[:_LONGEST]
    found = _asked((provider(request, asked) for provider in SEARCH), _MOST_FOUND) if asked else []
    context = {
        "asked": asked,
        "found": found,
        "more": len(found) == _MOST_FOUND,
        "offers": _offers(request, asked) if asked else [],
    }
    return render(request, "web/search.html", context)


@page(SIGNED_IN)
def notices(request: Request) -> HttpResponse:
    """What happened meanwhile, newest first."""
    told: list[Notice] = []
    for provider in NOTICES:
        try:
            told.extend(provider(request))
        except Exception:
            logging.getLogger("tansiq.web").exception("a provider of notices failed")
    told.sort(key=lambda notice: -notice.at_ms)
    return render(request, "web/notices.html", {"notices": told[:_MOST_NOTICES]})


urlpatterns: list[URLPattern] = [
    path("choose/", choose, name="choose"),
    path("search/", search, name="search"),
    path("notices/", notices, name="notices"),
]
