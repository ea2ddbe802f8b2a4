"""The addresses of the pages of channel states, and what they show in the frame: an entry with what waits for somebody's word, and
what partners announced.

Invariant: a count stands only where its reader has to act: a proposal of another for a decider, an emergency for who reviews it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.urls import URLPattern, path, reverse

from tansiq.channels import pages_courier, pages_partner, pages_passing, pages_states, pages_waiting
from tansiq.channels.emergencies import unreviewed
from tansiq.channels.pages_shared import LOOKS, agency_name, channel_label, decides, met, reviews
from tansiq.channels.queries import THEIRS, decisions, proposals
from tansiq.policy.channel_matter import Channel
from tansiq.texts import text
from tansiq.web.addresses import WHOLE
from tansiq.web.registry import NAVIGATION, NOTICES, Entry, Notice
from tansiq.web.visitor import Request

__all__ = ["register_frame", "urlpatterns"]

_LATELY_MS: Final = 7 * 86_400_000

urlpatterns: list[URLPattern] = [
    path("channels/", pages_states.channels, name="channels"),
    *pages_courier.urlpatterns,
    *pages_passing.urlpatterns,
    path("channels/with/<str:partner>/", pages_partner.partner_page, name="channel-partner"),
    path("channels/with/<str:partner>/<str:channel>/", pages_states.channel, name="channel-with"),
    path("channels/with/<str:partner>/<str:channel>/decide/", pages_states.decide_page, name="channel-decide"),
    path("channels/proposals/<str:identifier>/", pages_states.proposal, name="channel-proposal"),
    path("channels/emergency-word/<str:partner>/", pages_states.acceptance, name="channel-acceptance"),
    path("channels/waiting/<str:matter>/", pages_waiting.waiting, name="channel-waiting"),
    path("channels/waiting/<str:matter>/<str:deed>/", pages_waiting.act, name="channel-waiting-act"),
    path("channels/emergencies/<str:identifier>/", pages_waiting.emergency, name="channel-emergency"),
    path(f"channels/interruptions/<{WHOLE}:number>/", pages_waiting.report, name="channel-report"),
]


def _count(request: Request) -> int:
    count = len(unreviewed()) if reviews(request) else 0
    if decides(request):
        count += sum(row.word.officer != request.visitor.number for row in proposals())
    return count


def _notices(request: Request) -> Iterable[Notice]:
    """What partners announced lately, and what waits for a review."""
    if not request.visitor.roles & frozenset(LOOKS):
        return
    language = request.language
    for partner in met():
        for channel in Channel:
            for row in decisions(partner, channel, limit=3):
                if row.side == THEIRS and row.decided_ms >= request.now_ms - _LATELY_MS:
                    yield Notice(
                        words=text(
                            f"channels.states.notice-{row.word.state}", language, partner=agency_name(partner, language),
                            channel=channel_label(channel, language),
                        ),
                        url=reverse("channel-with", args=(partner, str(channel))),
                        at_ms=row.decided_ms,
                        tone={"suspended": "late", "strained": "due"}.get(row.word.state, "proof"),
                        read=row.word.state == "open",
                    )  # fmt: skip
    if reviews(request):
        for one in unreviewed():
            words = text(
                "channels.states.notice-review", language, partner=agency_name(one.partner, language),
                channel=channel_label(one.channel, language),
            )  # fmt: skip
            url = reverse("channel-emergency", args=(one.id.hex(),))
            yield Notice(words=words, url=url, at_ms=one.at_ms, tone="due", read=False)


def register_frame() -> None:
    """Registers all of it; again does nothing new."""
    pages_passing.register_passing()
    NAVIGATION.register(
        "channels",
        Entry(label="channels.states.title", url="channels", roles=frozenset(LOOKS), count=_count),
        order=250,
    )
    NOTICES.register("channels", _notices, order=30)
