"""All components of the pages on a few pages, for tests that look at them; the matters are invented.

    site = bind_gallery(languages…)      # Django with the frame alone, without accounts and without a database
    serve(port)                          # the same in a process of its own, for a browser

Invariant: the gallery uses the components as pages use them; what it shows is what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace as Some
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import include, path

from support.gallery_words import WORDS
from tansiq.errors import Conflict, TooMuch
from tansiq.policy.codes import code_list
from tansiq.texts import LANGUAGES
from tansiq.web.access import ANYONE, Role, page
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.registry import (
    GROUPS,
    HEADER,
    NAVIGATION,
    NOTICES,
    SEARCH,
    Alert,
    Entry,
    Found,
    Group,
    GroupRow,
    Header,
    Notice,
    Row,
    Tab,
)
from tansiq.web.visitor import Request

__all__ = ["NOW_MS", "Somebody", "SomebodyMiddleware", "gallery_settings", "urlpatterns"]

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW_MS = 1_795_858_920_000  # 28 November 2026, 09:42 UTC
TEMPLATES = Path(__file__).parent.parent / "web" / "templates"


@dataclass(frozen=True, slots=True)
class Somebody:
    """An invented visitor."""

    number: str = "ES-4017"
    name: str = "Begoña Arizmendi"
    roles: frozenset[Role] = field(default_factory=lambda: frozenset({Role.OFFICER}))
    posts: tuple[str, ...] = ("es.cgi/counter-terrorism",)
    language: str = ""
    zone: str = "Europe/Madrid"
    calendar: str = "gregorian"


class SomebodyMiddleware:
    """Signs in whoever the query names: ``?role=…&calendar=…``; ``role=nobody`` signs nobody in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        ours = cast(Request, request)
        asked = request.headers.get("X-Role") or request.GET.get("role") or "officer"
        ours.now_ms = NOW_MS
        if asked != "nobody":
            zone = "Africa/Casablanca" if request.GET.get("zone") == "ma" else "Europe/Madrid"
            ours.visitor = Somebody(
                roles=frozenset({Role(asked)}), calendar=request.GET.get("calendar", "gregorian"), zone=zone
            )
        return self.get_response(request)


def gallery_settings() -> dict[str, Any]:
    """Django's settings of the frame alone, with the gallery."""
    from tansiq.node import settings as ours

    middleware = [
        name for name in ours.MIDDLEWARE if name.startswith(("tansiq.web", "django.middleware", "csp.", "django_htmx"))
    ]
    middleware.insert(
        middleware.index("tansiq.web.middleware.LanguageMiddleware"), "support.gallery.SomebodyMiddleware"
    )
    template = {**ours.TEMPLATES[0], "DIRS": [str(TEMPLATES)]}
    return {
        "MIDDLEWARE": middleware, "ROOT_URLCONF": "support.gallery", "TEMPLATES": [template],
        "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "testserver"], "SESSION_COOKIE_SECURE": False, "CSRF_COOKIE_SECURE": False,
    }  # fmt: skip


def said(request: Request) -> dict[str, Any]:
    return WORDS[request.language if request.language in WORDS else "en"]


def rows(words: dict[str, Any]) -> list[Row]:
    clocks = [
        (NOW_MS - 40 * MINUTE, NOW_MS - 8 * HOUR - 40 * MINUTE, "embassy", "H1"),
        (NOW_MS + 2 * HOUR + 10 * MINUTE, NOW_MS - 5 * HOUR - 50 * MINUTE, "embassy", "H2"),
        (NOW_MS + 9 * HOUR, NOW_MS - 63 * HOUR, "liaison", "H0"),
        (NOW_MS + 5 * DAY + HOUR, NOW_MS - 2 * DAY, "interpol", "H0"),
        (None, None, "embassy", ""),
    ]
    return [
        Row(title=title, url="/gallery/desk/", facts=facts, term=term, due_ms=due, start_ms=start, sign=sign, handling=handling,
            current=number == 1, unread=number == 0)
        for number, ((title, facts, term), (due, start, sign, handling)) in enumerate(zip(words["rows"], clocks, strict=True))
    ]  # fmt: skip


def stops(words: dict[str, Any]) -> list[Some]:
    states = [("passed", 6 * MINUTE), ("passed", 41 * MINUTE), ("here", None)]
    return [
        Some(name=name, state=state, spent_ms=spent)
        for name, (state, spent) in zip(words["stops"], states, strict=True)
    ]


def match(words: dict[str, Any], decision: str = "") -> Some:
    names = [("عبد السلام بنعلي", "ar"), ("Abdeselam Ben Ali", "es")]
    why = [Some(words="عبد + السلام = Abdeselam", against=False), Some(words="bin = Ben", against=False),
           Some(words=words["year"], against=True)]  # fmt: skip
    return Some(names=names, facts=words["match_facts"], score=0.94, why=why, decision=decision, source="")


def context(request: Request) -> dict[str, Any]:
    words = said(request)
    return {
        "said": words, "rows": rows(words), "stops": stops(words), "match": match(words), "handling": ("H2",), "all_handling": ("H1", "H2"),
        "received_ms": NOW_MS - 5 * HOUR - 50 * MINUTE, "due_ms": NOW_MS + 2 * HOUR + 10 * MINUTE, "decided": match(words, "same"),
        "born": date(1994, 3, 21), "tabs": (Tab(label="web.route.label", url="?1", name="one"), Tab(label="web.notices.title", url="?2", name="two", count=3)),
        "channels": list(code_list("channels")), "nothing": (),
        "tones": [(NOW_MS - HOUR, NOW_MS - DAY, "running"), (NOW_MS + HOUR, NOW_MS - 7 * HOUR, "running"), (NOW_MS + 6 * DAY, NOW_MS - DAY, "running"),
                  (None, None, "paused"), (None, None, "running"), (NOW_MS, NOW_MS, "met"), (NOW_MS, NOW_MS, "late")],
        "cut": [Some(name=name, state=state, spent_ms=HOUR) for name, state in zip(words["stops"], ("passed", "cut", "ahead"), strict=True)],
        "events": [Some(words=words["proof"], at_ms=NOW_MS - DAY, by="es.cgi", tone="proof", said=""),
                   Some(words=words["clarify"], at_ms=NOW_MS - 3 * HOUR, by="ma.dgst", tone="due", said=words["question"], said_language=request.language),
                   Some(words=words["refuse"], at_ms=NOW_MS - MINUTE, by="", tone="", said="")],
        "readers": [Some(name=words["stops"][0], agency="ma.dgst", docket=True, body=True, why=words["stops"][0], recovery=False),
                    Some(name=words["stops"][1], agency="es.cgi", docket=True, body=False, why=words["stops"][1], recovery=False),
                    Some(name=words["stops"][2], agency="es.cgi", docket=True, body=True, why="", recovery=True)],
    }  # fmt: skip


@page(Role.OFFICER)
def desk(request: Request) -> HttpResponse:
    return render(request, "gallery/desk.html", context(request))


@page(Role.OFFICER)
def parts(request: Request) -> HttpResponse:
    alerts = [Alert(words=said(request)["condition"], url="/x", action="web.conflict.see")]
    return render(request, "gallery/parts.html", {**context(request), "alerts": alerts})


@page(Role.OFFICER)
def question(request: Request) -> HttpResponse:
    return render(request, "gallery/dialog.html", context(request))


def make_form(request: Request) -> Form:
    language = request.language
    tongues = choices_of("languages", language, only=LANGUAGES)
    return Form(
        (
            Field(
                name="purpose",
                label="web.who.why",
                kind="select",
                choices=choices_of("purposes", language),
                required=True,
                size="middle",
            ),
            Field(
                name="reason",
                label="web.match.why",
                kind="words",
                languages=tongues,
                help="web.search.how",
                required=True,
            ),
            Field(
                name="urgency", label="web.band.label", kind="radio", choices=choices_of("urgency_grounds", language)
            ),
            Field(name="sought", label="web.who.title", kind="ticks", choices=choices_of("sought", language)),
            Field(name="born", label="web.hijri.note", kind="date", size="short", value="1994-03-21", calendars=True),
            Field(name="name", label="web.frame.search", size="middle"),
            Field(name="sure", label="web.search.none-do", kind="tick"),
            Field(name="file", label="web.proof.download", kind="file"),
        ),
        draft_url="/gallery/draft",
    )


@page(Role.OFFICER, methods=("GET", "POST"))
def form(request: Request) -> HttpResponse:
    made = make_form(request)
    if request.method == "POST" or request.GET.get("wrong"):
        made = made.bound(request.POST, language=request.language).checked(request.language)
    return render(request, "gallery/form.html", {**context(request), "form": made})


@page(Role.OFFICER)
def broken(request: Request, what: str) -> HttpResponse:
    errors: dict[str, Exception] = {
        "conflict": Conflict("web.changed-meanwhile"), "large": TooMuch("web.too-large"), "defect": ZeroDivisionError("Benali"),
    }  # fmt: skip
    raise errors[what]


@page(ANYONE)
def open_to_all(request: Request) -> HttpResponse:
    return HttpResponse(request.language)


def without_rule(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never")


def header(request: Request) -> Header:
    words = said(request)
    return Header(agency=words["agency"], post=words["post"], mark=words["mark"], place=words["place"])


def channels(request: Request) -> Group:
    words, list_ = said(request), code_list("channels")
    short = dict(zip(("interpol", "embassy", "liaison", "direct"), words["channels"], strict=True))
    counts = {"interpol": 2, "embassy": 5, "liaison": 1}
    return Group(
        heading=words["channels_with"],
        rows=tuple(
            GroupRow(label=short[one], sign=one, url="/gallery/parts/", count=counts.get(one, 0),
                     state=words["suspended"] if one == "direct" else "", tone="late" if one == "direct" else "")
            for one in list_
        ),
    )  # fmt: skip


def register() -> None:
    """Registers what rooms above would register."""
    everybody = frozenset(Role)
    for order, (name, url, count) in enumerate(
        [
            ("web.frame.desk", "gallery-desk", 7),
            ("web.route.label", "gallery-form", 12),
            ("web.tabs.label", "gallery-parts", 0),
        ]
    ):
        NAVIGATION.register(
            name,
            Entry(
                label=name if name != "web.frame.desk" else "web.notices.title",
                url=url,
                roles=everybody,
                count=lambda _, n=count: n,
            ),
            order=order,
        )
    HEADER.register("gallery", header)
    GROUPS.register("gallery", channels)
    SEARCH.register(
        "gallery",
        lambda request, asked: [
            Found(kind="web.route.label", title="عبد السلام بنعلي", url="/gallery/desk/", detail="019a", sign="embassy")
        ],
    )
    NOTICES.register(
        "gallery", lambda request: [Notice(words=said(request)["proof"], url="/gallery/desk/", at_ms=NOW_MS - HOUR)]
    )


urlpatterns = [
    path("gallery/desk/", desk, name="gallery-desk"),
    path("gallery/parts/", parts, name="gallery-parts"),
    path("gallery/form/", form, name="gallery-form"),
    path("gallery/dialog/", question, name="gallery-dialog"),
    path("gallery/broken/<str:what>/", broken),
    path("gallery/open/", open_to_all),
    path("gallery/account/", open_to_all, name="account"),
    path("gallery/sign-out/", open_to_all, name="sign-out"),
    path("gallery/without-rule/", without_rule),
    path("", include("tansiq.web.pages")),
]
handler400 = "tansiq.web.error_pages.bad_request"
handler403 = "tansiq.web.error_pages.forbidden"
handler404 = "tansiq.web.error_pages.not_found"
handler500 = "tansiq.web.error_pages.fault"
