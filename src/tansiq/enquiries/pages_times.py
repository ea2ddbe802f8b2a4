"""Where time goes: at every desk on the ways of what was said and asked, between the desks, and until the answer.

Invariant: figures of desks, never of persons; no matter is named, and no partner's figure stands beside another's as a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

from tansiq.channels.statistics import DeskTime
from tansiq.enquiries.pages_common import Named, with_names
from tansiq.enquiries.times import ANSWERING, times_of
from tansiq.policy.codes import code_list
from tansiq.web.access import Role, page
from tansiq.web.registry import NAVIGATION, Entry
from tansiq.web.visitor import Request

__all__ = ["register_times", "times"]

_SPAN_MS: Final = 90 * 86_400_000
_WHO: Final = (Role.SUPERVISOR, Role.HEAD, Role.BUREAU)


@dataclass(frozen=True, slots=True)
class TimeRow:
    """A line of the table: what took so long, and how long, in milliseconds."""

    what: SafeString
    count: int
    median_ms: int
    most_ms: int
    longest_ms: int


@dataclass(frozen=True, slots=True)
class ChannelTimes:
    """A channel with its lines."""

    code: str
    name: str
    rows: tuple[TimeRow, ...]


def _what(one: DeskTime, named: Named, language: str) -> SafeString:
    desk = named.shown(one.post)
    if one.to == ANSWERING:
        return with_names("enquiries.times.answering", language, desk=desk)
    if one.to:
        return with_names("enquiries.times.between", language, desk=desk, following=named.shown(one.to))
    return desk


def _by_channel(found: Sequence[DeskTime], named: Named, language: str) -> list[ChannelTimes]:
    out = []
    for code in code_list("channels"):
        rows = tuple(
            TimeRow(_what(one, named, language), one.count, one.median_ms, one.most_ms, one.longest_ms)
            for one in found
            if one.channel == code
        )
        if rows:
            out.append(ChannelTimes(code, code_list("channels").label(code, language), rows))
    return out


@page(*_WHO)
def times(request: Request) -> HttpResponse:
    """The figures of the last three months, by channel."""
    language = request.language
    found = times_of(request.visitor.posts, since_ms=request.now_ms - _SPAN_MS)
    shown = _by_channel(found, Named(language), language)
    return render(request, "enquiries/times.html", {"channels": shown})


def register_times() -> None:
    """Registers the page in the navigation; again does nothing new."""
    NAVIGATION.register(
        "times", Entry(label="enquiries.times.nav", url="channel-times", roles=frozenset(_WHO)), order=60
    )
