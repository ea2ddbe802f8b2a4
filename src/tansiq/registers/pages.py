"""The addresses of this room's pages, and what it shows in the frame: an entry of the navigation, a search by name."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path, reverse

from tansiq.registers import pages_entry, pages_search
from tansiq.registers.forms import search_form
from tansiq.registers.pages_search import AT_A_DESK
from tansiq.web.languages import countries
from tansiq.web.registry import NAVIGATION, OFFERS, Entry, Offer
from tansiq.web.visitor import Request

__all__ = ["register_frame", "urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("registers/", pages_search.search, name="registers"),
    path("registers/found/<uuid:search>/", pages_search.found, name="register-found"),
    path("registers/entries/<uuid:entry>/", pages_entry.entry, name="register-entry"),
]
_ROLES: Final = frozenset(AT_A_DESK)


def _offer(request: Request, asked: str) -> Offer | None:
    """The form of a search by name, with what was written in the search box as the name."""
    if not request.visitor.posts:
        return None
    form = search_form(request.language).bound({"name": asked}, language=request.language)
    context = {"form": form, "countries": countries(request.language), "action": reverse("registers")}
    return Offer(template="registers/offered.html", context=context)


def register_frame() -> None:
    """Registers both; again does nothing new."""
    NAVIGATION.register("registers", Entry(label="registers.page.title", url="registers", roles=_ROLES), order=310)
    OFFERS.register("registers", (_ROLES, _offer), order=10)
