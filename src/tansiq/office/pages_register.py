"""The register as a page: what is open by field and channel with its ages, then the list, narrowed by codes in the address.

Invariant: each number of the picture is a link that narrows the list to what it counts. What another service has stands in neither. The page reads
sums and a few ranges, however much the register holds.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from tansiq.office.compartments import Compartment
from tansiq.office.forms import FILTERS, WHICH, filters
from tansiq.office.pages_common import AT_A_DESK, Named, field_label, looking_at, rows_of
from tansiq.office.queries import AGE_NAMES, Counts, FlowView, counts, flow_page, free_and_late, services_of
from tansiq.policy.channel_matter import Channel
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["register"]

_IN_A_LIST: Final = 30
_IN_THE_PICTURE: Final = 12
_HEATS: Final = 5


def _view(asked: dict[str, str]) -> FlowView:
    which = asked["which"] if asked["which"] in WHICH else "open"
    ended = which == "ended" or asked["state"] not in {"", "waiting", "clarification"}
    return FlowView(
        ended=ended,
        field=asked["field"],
        channel=asked["channel"],
        state=asked["state"],
        direction=asked["direction"],
        age=asked["age"],
        service=asked["service"],
        overdue=which == "overdue",
        mine=which == "mine",
        first=which == "first",
    )


def _bar(ages: tuple[int, ...]) -> list[tuple[int, float, float]]:
    """Where each age begins on a bar of a hundred, and how wide it is; what there is none of is left out."""
    total, begins, out = sum(ages), 0.0, []
    for place, number in enumerate(ages):
        wide = 100 * number / total
        if number:
            out.append((place, round(begins, 2), round(wide, 2)))
        begins += wide
    return out


def _cell(number: int, ages: tuple[int, ...], most: int, url: str, language: str) -> dict[str, Any]:
    if not number:
        return {"number": 0}
    told = dict(zip(AGE_NAMES, ages, strict=True))
    return {
        "number": number,
        "url": url,
        "heat": -(-_HEATS * number // most),
        "bar": _bar(ages),
        "ages": text("office.page.ages", language, **told),
    }


def _picture(found: Counts, asked: dict[str, str], language: str) -> dict[str, Any] | None:
    fields = [one for one in found.fields() if any(found.open_in(one, channel) for channel in Channel)][
        :_IN_THE_PICTURE
    ]
    if not fields:
        return None
    here = reverse("office")
    kept = {name: asked[name] for name in ("service",) if asked[name]}
    most = max(found.open_in(field, channel) for field in fields for channel in Channel)

    def narrowed(**more: str) -> str:
        return f"{here}?{urlencode({**kept, **more})}"

    rows = []
    for field in fields:
        cells, total = [], [0, 0, 0, 0]
        for channel in Channel:
            ages = found.by_age.get((field, channel), (0, 0, 0, 0))
            total = [one + more for one, more in zip(total, ages, strict=True)]
            cells.append(_cell(sum(ages), ages, most, narrowed(field=field, channel=channel), language))
        every = _cell(sum(total), tuple(total), max(most, sum(total)), narrowed(field=field), language) | {"heat": 0}
        rows.append(
            {"label": field_label(field, language), "cells": [*cells, every], "current": field == asked["field"]}
        )
    ends = [sum(found.open_in(field, channel) for field in found.fields()) for channel in Channel]
    return {
        "channels": list(Channel),
        "rows": rows,
        "ends": [(number, narrowed(channel=channel)) for number, channel in zip(ends, Channel, strict=True)],
        "total": sum(ends),
    }


def _services(who: Compartment, named: Named) -> list[tuple[str, str]]:
    return [(one, named.agency(one)) for one in services_of(who)]


@page(*AT_A_DESK)
def register(request: Request) -> HttpResponse:
    """The whole flow that the reader sees."""
    who, language, named = looking_at(request), request.language, Named(request.language)
    asked = {name: str(request.GET.get(name, ""))[:64] for name in FILTERS}
    after = str(request.GET.get("after", ""))[:80]
    found = counts(who, now_ms=request.now_ms, service=asked["service"])
    listed = flow_page(_view(asked), who, now_ms=request.now_ms, after=after, limit=_IN_A_LIST)
    free, late = free_and_late(who, now_ms=request.now_ms)
    kept = {name: value for name, value in asked.items() if value}
    here = reverse("office")
    return render(
        request,
        "office/register.html",
        {
            "office": named.place(who.office),
            "lead": {"open": sum(sum(ages) for ages in found.by_age.values()), "late": str(late), "free": str(free)},
            "picture": None if after else _picture(found, asked, language),
            "filters": filters(asked, language, fields=found.fields(), services=_services(who, named)),
            "narrowed": bool(kept),
            "rows": rows_of(listed.rows, named),
            "directs": who.directs,
            "older_url": f"{here}?{urlencode({**kept, 'after': listed.following})}" if listed.following else "",
            "newer_url": (f"{here}?{urlencode(kept)}" if kept else here) if after else "",
        },
    )
