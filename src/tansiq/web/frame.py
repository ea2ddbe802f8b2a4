"""What the frame shows around every page, for its template.

Invariant: nothing is asked of a provider before the template needs it, and for nobody signed in no provider is asked at
all; a provider that fails takes its own part away, never the page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from tansiq.texts import LANGUAGES
from tansiq.web.languages import NAMES
from tansiq.web.registry import ALERTS, GROUPS, HEADER, NAVIGATION, NOTICES, OFFERS, Alert, Group, Header, Notice
from tansiq.web.visitor import Request

__all__ = ["APPEARANCES", "NavigationRow", "alerts_over", "frame"]

APPEARANCES = ("auto", "light", "dark")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class NavigationRow:
    """One line of the navigation: the key of its text, its address, how much waits there, whether we are there."""

    label: str
    url: str
    count: int
    current: bool


def _safely(provider: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return provider()
    except Exception:
        logging.getLogger("tansiq.web").exception("a part of the frame failed")
        return otherwise


def _navigation(request: Request) -> list[NavigationRow]:
    if not request.visitor.number:
        return []
    rows = []
    for entry in NAVIGATION:
        url = _safely(lambda entry=entry: reverse(entry.url), "")  # type: ignore[misc]
        if not url or not entry.roles & request.visitor.roles:
            continue
        if _safely(lambda entry=entry: entry.shown(request), False):  # type: ignore[misc]
            count = _safely(lambda entry=entry: entry.count(request), 0)  # type: ignore[misc]
            rows.append(NavigationRow(entry.label, url, count, False))
    path = request.path
    here = max(
        (row.url for row in rows if path == row.url or (row.url != "/" and path.startswith(row.url))),
        key=len,
        default="",
    )
    return [NavigationRow(row.label, row.url, row.count, row.url == here) for row in rows]


def _groups(request: Request) -> list[Group]:
    if not request.visitor.number:
        return []
    found = [_safely(lambda provider=provider: provider(request), None) for provider in GROUPS]  # type: ignore[misc]
    return [group for group in found if group is not None and group.rows]


def _header(request: Request) -> Header:
    for provider in HEADER:
        return _safely(lambda provider=provider: provider(request), Header(agency="Tansiq", post="", mark="T"))  # type: ignore[misc]
    return Header(agency="Tansiq", post="", mark="T")


def _unread(request: Request) -> int:
    def count() -> int:
        notices: list[Notice] = [notice for provider in NOTICES for notice in provider(request)]
        return sum(1 for notice in notices if not notice.read)

    return _safely(count, 0) if request.visitor.number else 0


def alerts_over(request: Request, place: str, thing: Any = None) -> list[Alert]:
    """What this visitor should read first at a place (`registry.ALERTS`)."""
    found: list[Alert] = []
    for provider in ALERTS:
        found += _safely(lambda provider=provider: list(provider(request, place, thing)), [])  # type: ignore[misc]
    return found


def _by_name(request: Request) -> bool:
    """Whether the search box leads to a search by name."""
    return bool(request.visitor.posts) and any(roles & request.visitor.roles for roles, _ in OFFERS)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Django's context processor of this room."""
    ours = cast(Request, request)
    if not hasattr(ours, "visitor"):
        return {}
    appearance = request.COOKIES.get("tansiq-appearance", "auto")
    return {
        "navigation": SimpleLazyObject(lambda: _navigation(ours)),
        "groups": SimpleLazyObject(lambda: _groups(ours)),
        "header": SimpleLazyObject(lambda: _header(ours)),
        "unread": SimpleLazyObject(lambda: _unread(ours)),
        "by_name": _by_name(ours),
        "language": ours.language,
        "direction": ours.direction,
        "visitor": ours.visitor,
        "appearance": appearance if appearance in APPEARANCES else "auto",
        "languages": [
            {"code": code, "name": NAMES[code], "short": "ع" if code == "ar" else code.upper()} for code in LANGUAGES
        ],
        "appearances": APPEARANCES,
        "now_ms": ours.now_ms,
    }
