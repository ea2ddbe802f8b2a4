"""The page of one partner: its four channels side by side, what both sides decided of all of them, the interruptions.

Invariant: everybody at a desk sees what is in force and why, as on the page of all partners; nothing is decided here.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.channels.gap import interruptions_with
from tansiq.channels.pages_shared import LOOKS, agency_name, channel_label, met
from tansiq.channels.pages_states import event_of, line_of
from tansiq.channels.queries import decisions, standing_rows, waiting_counts
from tansiq.errors import NotFound
from tansiq.policy.channel_matter import CHANNELS, State
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["partner_page"]

_MOST: Final = 40


def _history(partner: str, request: Request) -> list[dict[str, Any]]:
    """The decisions of both sides on all four channels, the latest first, each with its channel."""
    found = []
    for channel in CHANNELS:
        name = channel_label(channel, request.language)
        for row in decisions(partner, channel, limit=_MOST):
            if row.taken_ms or row.open:
                event = event_of(row, request)
                words = text("channels.partner.event", request.language, channel=name, words=event["words"])
                found.append(event | {"words": words})
    return sorted(found, key=lambda one: -int(one["at_ms"]))[:_MOST]


@page(*LOOKS)
def partner_page(request: Request, partner: str) -> HttpResponse:
    """The four channels with one partner."""
    if partner not in met():
        raise NotFound("directory.unknown-agency", agency=partner[:64])
    rows, counted, language = standing_rows(partner), waiting_counts(), request.language
    shown = {
        "partner": partner,
        "name": agency_name(partner, language),
        "rows": [line_of(partner, row, counted.get((partner, str(row.channel)), 0), request) for row in rows.values()],
        "suspended": sum(row.standing.worst is State.SUSPENDED for row in rows.values()),
        "events": _history(partner, request),
        "reports": [
            {"id": one.id, "name": channel_label(one.channel, language), "began_ms": one.began_ms,
             "ended_ms": one.ended_ms, "waited": one.waited}
            for one in interruptions_with(partner)
        ],
    }  # fmt: skip
    return render(request, "channels/partner.html", shown)
