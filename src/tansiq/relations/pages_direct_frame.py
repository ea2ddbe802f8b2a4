"""The addresses of the direct channel's pages, and what it shows in the frame: an entry and what is unread, for the head and for who
stands in now; nobody else's navigation has a trace of it. Beside the choice of a channel the same two are offered to write a message.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern, path, reverse

from tansiq.channels.otherwise import register_otherwise
from tansiq.policy.channel_matter import Channel
from tansiq.protocol.ids import id_text
from tansiq.relations import pages_direct, pages_direct_deputies, pages_direct_down, pages_direct_write
from tansiq.relations.direct import unread_direct, unread_matters
from tansiq.relations.pages_common import AT_A_DESK, Named
from tansiq.relations.pages_direct_common import sits_here, sitting
from tansiq.texts import text
from tansiq.web.registry import NAVIGATION, NOTICES, Entry, Notice
from tansiq.web.visitor import Request

__all__ = ["direct_patterns", "register_direct_frame"]

_TO = "direct/to/<str:agency>/"
_ONE = "direct/<uuid:matter>/"
_ANSWER = f"{_ONE}answer/"
_DOWN = f"{_ONE}hand-down/<uuid:statement>/"

direct_patterns: list[URLPattern] = [
    path("direct/", pages_direct.direct, name="direct"),
    path("direct/deputies/", pages_direct_deputies.deputies, name="direct-deputies"),
    path("direct/deputies/new/", pages_direct_deputies.name, name="direct-deputy"),
    path("direct/deputies/<uuid:identifier>/end/", pages_direct_deputies.end, name="direct-deputy-end"),
    path(_TO, pages_direct_write.write, name="direct-write"),
    path(f"{_TO}draft/", pages_direct_write.draft, name="direct-write-draft"),
    path(f"{_TO}forget/", pages_direct_write.forget, name="direct-write-forget"),
    path(_ONE, pages_direct.exchange, name="direct-exchange"),
    path(_ANSWER, pages_direct_write.write, name="direct-answer"),
    path(f"{_ANSWER}draft/", pages_direct_write.draft, name="direct-answer-draft"),
    path(f"{_ANSWER}forget/", pages_direct_write.forget, name="direct-answer-forget"),
    path(_DOWN, pages_direct_down.down, name="direct-down"),
    path(f"{_DOWN}draft/", pages_direct_down.draft, name="direct-down-draft"),
    path(f"{_DOWN}preview/", pages_direct_down.preview, name="direct-down-preview"),
    path(f"{_DOWN}forget/", pages_direct_down.forget, name="direct-down-forget"),
]


def _count(request: Request) -> int:
    return unread_direct([sitting(request).post])


def _notices(request: Request) -> Iterable[Notice]:
    """Messages of a partner's head that nobody has read."""
    if not sits_here(request):
        return
    named = Named(request.language)
    for one in unread_matters([sitting(request).post]):
        yield Notice(
            words=text("relations.direct.notice", request.language, head=named.place(one.their_post)),
            url=reverse("direct-exchange", kwargs={"matter": id_text(one.matter)}),
            at_ms=one.at_ms,
            tone="due",
        )


def _instead(request: Request, agency: str) -> str:
    """Where a message to the partner's head is written, beside the choice of a channel; '' for who sits elsewhere."""
    return reverse("direct-write", args=(agency,)) if sits_here(request) else ""


def register_direct_frame() -> None:
    """Registers all of it; again does nothing new."""
    entry = Entry(
        label="relations.direct.entry", url="direct", roles=frozenset(AT_A_DESK), count=_count, shown=sits_here
    )  # fmt: skip
    NAVIGATION.register("direct", entry, order=15)
    NOTICES.register("direct", _notices, order=15)
    register_otherwise(Channel.DIRECT, _instead)
