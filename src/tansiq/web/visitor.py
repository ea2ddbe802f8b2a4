"""Who looks at a page: what the frame must know of a person, and nothing more.

Invariant: a request always has a visitor; nobody signed in is `ANONYMOUS`, whose number is ''.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from tansiq.web.access import Role

__all__ = ["ANONYMOUS", "Anonymous", "Request", "Visitor"]


class Visitor(Protocol):
    """A person at a page."""

    @property
    def number(self) -> str:
        """The service number; '' for nobody."""

    @property
    def name(self) -> str:
        """The name as the person wants it shown; '' when it can't be opened."""

    @property
    def roles(self) -> frozenset[Role]:
        """What the person does here."""

    @property
    def posts(self) -> tuple[str, ...]:
        """The desks, ``agency/post``."""

    @property
    def language(self) -> str:
        """One of ours; '' undecided."""

    @property
    def zone(self) -> str:
        """An IANA name."""

    @property
    def calendar(self) -> str:
        """'gregorian', or 'hijri', which is then shown beside."""


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody signed in."""

    number: str = ""
    name: str = ""
    roles: frozenset[Role] = frozenset()
    posts: tuple[str, ...] = ()
    language: str = ""
    zone: str = "UTC"
    calendar: str = "gregorian"


ANONYMOUS: Final = Anonymous()


class Request(HttpRequest):
    """A request as a view gets it. ``node`` and ``officer`` are set by the rooms above, which say what they are."""

    visitor: Visitor
    language: str
    """The language of the page: ar, es, fr or en."""
    direction: str
    """``rtl`` or ``ltr``."""
    now_ms: int
    """When the request came, UTC milliseconds: one moment for the whole page."""
    htmx: HtmxDetails
    node: Any
    officer: Any
