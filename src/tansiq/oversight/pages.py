"""The addresses of this room's pages, and what it shows in the frame."""

from __future__ import annotations

from django.urls import URLPattern, path

from tansiq.oversight import pages_access, pages_overview
from tansiq.oversight.pages_common import WATCHES
from tansiq.web.registry import NAVIGATION, Entry

__all__ = ["register_frame", "urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("oversight/", pages_overview.overview, name="oversight"),
    path("oversight/verify/", pages_overview.verify, name="oversight-verify"),
    path("oversight/retention/", pages_overview.retention, name="oversight-retention"),
    path("oversight/access/", pages_access.access, name="oversight-access"),
]


def register_frame() -> None:
    """Registers the entries of the navigation; again does nothing new."""
    roles = frozenset(WATCHES)
    for order, (name, label) in enumerate(
        (
            ("oversight", "oversight.entry"),
            ("oversight-access", "oversight.access.entry"),
            ("oversight-retention", "oversight.retention.entry"),
        )
    ):
        NAVIGATION.register(name, Entry(label=label, url=name, roles=roles), order=15 + order)
