"""What the pages of this room share: who may open them, who looks, the names of desks, and moments as lists give them.

Invariant: who looks reads with all the posts in which that person works or stands in now; who signs does it with the own
open key and in the posts that the directory document lists. A page never guesses an officer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from babel.lists import format_list
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from tansiq.channels.compartments import desks_seen
from tansiq.directory.queries import current_directory, own_directory
from tansiq.enquiries.officers import ActingOfficer
from tansiq.errors import Error, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import OfficerAct
from tansiq.policy.codes import code_list
from tansiq.protocol.directory import Directory, Post
from tansiq.protocol.docket import agency_of
from tansiq.protocol.keys import SealingKey
from tansiq.texts import text
from tansiq.web.access import Role
from tansiq.web.languages import locale_of
from tansiq.web.moments import local
from tansiq.web.visitor import Request

__all__ = [
    "AT_A_DESK",
    "Looking",
    "Named",
    "acting",
    "answer_page",
    "day_ends_ms",
    "desks_of",
    "looking",
    "ms_of",
    "node_of",
    "told",
    "tongues",
    "with_names",
]

AT_A_DESK: Final = (Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU)
"""Who works with enquiries; each sees what stands on the own posts."""


@dataclass(frozen=True, slots=True)
class Looking:
    """A person who reads and prepares; it signs nothing. ``reading`` are the own eyes of who has the key open."""

    number: str
    posts: tuple[str, ...]
    reading: tuple[SealingKey, ...] = field(default=(), repr=False)

    def acting(self, act: str, *, post: str) -> OfficerAct:
        """Never: raises Refused."""
        raise Refused("enquiries.key-closed", post=post, act=act)


def node_of(request: Request) -> Context:
    """The node at work."""
    return cast(Context, request.node)


def looking(request: Request) -> Looking:
    """Who reads this page."""
    officer = cast("ActingOfficer | None", request.officer)
    reading = officer.reading if officer is not None else ()
    return Looking(request.visitor.number, tuple(request.visitor.posts), reading)


def acting(request: Request) -> ActingOfficer:
    """Who signs. Raises Refused when the own key is not open."""
    officer = cast("ActingOfficer | None", request.officer)
    if officer is None:
        raise Refused("enquiries.key-closed")
    return officer


def desks_of(request: Request) -> tuple[str, ...]:
    """The reader's desks, without an office whose compartments keep its agency's matters from the reader; asked once a page."""
    found: tuple[str, ...] | None = getattr(request, "desks", None)
    if found is None:
        found = desks_seen(request.visitor.posts, request.visitor.number)
        setattr(request, "desks", found)  # noqa: B010 (a request has no such attribute declared)
    return found


def ms_of(moment: object) -> int | None:
    """The milliseconds of a moment that a query gives as ISO 8601; None for none."""
    if not isinstance(moment, str) or not moment:
        return None
    return round(dt.datetime.fromisoformat(moment).timestamp() * 1000)


def day_ends_ms(request: Request) -> int:
    """Where today ends for the reader."""
    now = local(request.now_ms, request.visitor.zone)
    tomorrow = (now + dt.timedelta(days=1)).date()
    return int(dt.datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=now.tzinfo).timestamp() * 1000)


def tongues(codes: Sequence[str], language: str) -> str:
    """Languages as a sentence lists them."""
    named = [code_list("languages").label(code, language) for code in codes]
    return listed([name if language in {"en", "ar"} else name.lower() for name in named], language)


def listed(words: Sequence[str], language: str) -> str:
    """Several words as a language lists them."""
    return str(format_list(list(words), locale=locale_of(language))) if words else ""


def with_names(key: str, language: str, **names: str) -> SafeString:
    """A text with names in it, each in its own direction."""
    shown = {name: format_html("<bdi>{}</bdi>", value) for name, value in names.items()}
    return format_html(conditional_escape(text(key, language, **{name: f"{{{name}}}" for name in names})), **shown)


def told(error: Error, language: str) -> str:
    """What went wrong and what to do, in one line."""
    advice = error.advice(language)
    return " ".join(part for part in (advice.what, advice.do) if part)


def answer_page(request: Request, template: str, context: Mapping[str, Any], *, faulty: bool = False) -> HttpResponse:
    """The page; one with faults says so to programs too."""
    return render(request, template, dict(context), status=422 if faulty else 200)


@dataclass(slots=True)
class Named:
    """Names of agencies and desks in the reader's language, from their directory documents, each read once a page."""

    language: str
    _known: dict[str, Directory | None] = field(default_factory=dict)

    def directory(self, agency: str) -> Directory | None:
        """The agency's document; None when we have none."""
        if agency not in self._known:
            try:
                self._known[agency] = current_directory(agency)
            except NotFound:
                self._known[agency] = None
        return self._known[agency]

    def own(self) -> Directory:
        """Our own document."""
        document = own_directory()
        self._known[document.agency] = document
        return document

    def _in_words(self, names: Mapping[str, str], otherwise: str) -> str:
        return names.get(self.language) or names.get("en") or next(iter(names.values()), otherwise)

    def agency(self, agency: str) -> str:
        """The name of an agency; its identifier when it is not known."""
        document = self.directory(agency)
        return agency if document is None else self._in_words(document.names, agency)

    def found(self, post: str) -> Post | None:
        """The post as its agency published it."""
        document = self.directory(agency_of(post)) if post else None
        return next((one for one in document.posts if one.id == post), None) if document is not None else None

    def post(self, post: str) -> str:
        """The name of a desk; its identifier when it is not known."""
        one = self.found(post)
        return post if one is None else self._in_words(one.names, post)

    def country(self, agency: str) -> str:
        """The name of the country of an agency ('es.cgi': Spain); '' for an organisation."""
        code = agency.partition(".")[0]
        return str(locale_of(self.language).territories.get(code.upper(), "")) if len(code) == 2 else ""

    def place(self, post: str) -> str:
        """A desk with its agency, as a list names it."""
        return text("enquiries.page.desk-of", self.language, desk=self.post(post), agency=self.agency(agency_of(post)))

    def shown(self, post: str) -> SafeString:
        """The same as markup, each name in its own direction."""
        return with_names(
            "enquiries.page.desk-of", self.language, desk=self.post(post), agency=self.agency(agency_of(post))
        )
