"""What this room shows in the frame of every page: the desk and the list in the navigation, the channels with each partner,
what happened meanwhile, and what the search finds.

Invariant: each provider reads a few ranges of an index, cut at a fixed length, and only of the reader's own desks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from tansiq.channels.pages_shared import TONES
from tansiq.channels.queries import standings
from tansiq.directory.queries import current_directory, partners
from tansiq.enquiries.desk import DeskView, counts_of, desk_page, find_reference
from tansiq.enquiries.pages_cases import register_cases
from tansiq.enquiries.pages_common import AT_A_DESK, Named, day_ends_ms, desks_of, ms_of, node_of, with_names
from tansiq.enquiries.pages_rows import question_of, state_of
from tansiq.enquiries.pages_times import register_times
from tansiq.enquiries.summaries import Json
from tansiq.errors import BadInput
from tansiq.policy.channel_matter import Channel
from tansiq.policy.codes import code_list
from tansiq.texts import text
from tansiq.web.registry import GROUPS, NAVIGATION, NOTICES, SEARCH, Entry, Found, Group, GroupRow, Notice
from tansiq.web.visitor import Request

__all__ = ["register_frame"]

_DESK: Final = frozenset(AT_A_DESK)
_ALWAYS: Final = "embassy"
_OPEN: Final = "open"
_ASKED: Final = frozenset({"desk", "head"})
"""Roles of desks that are spoken to; bureaux, hubs and offices of their own are what it passes."""
_MOST_NOTICES: Final = 30
_LATELY_MS: Final = 7 * 86_400_000


def _has_desk(request: Request) -> bool:
    return bool(request.visitor.posts) and bool(request.visitor.roles & _DESK)


def _view(request: Request, **narrowed: Any) -> DeskView:
    return DeskView(posts=desks_of(request), day_ends_ms=day_ends_ms(request), **narrowed)


def _pressing(request: Request) -> int:
    """How much is late or due today."""
    if not _has_desk(request):
        return 0
    counts = counts_of(_view(request), context=node_of(request), sections=("overdue", "today"))
    return sum(one.number for one in counts.values())


def _has_desks(agency: str) -> bool:
    return any(post.role in _ASKED for post in current_directory(agency).posts)


def _channels(request: Request) -> Group | None:
    """The channels with each partner that we have met: how each stands, in words, and how much is open on it. With one partner
    all four stand there; with several the embassy's, and of the others those on which something is open or that are not.
    """
    if not _has_desk(request):
        return None
    named, language, rows = Named(request.language), request.language, []
    met = [one.agency for one in partners() if not one.is_self and one.confirmed_ms and _has_desks(one.agency)]
    for agency in met:
        standing = standings(agency)
        for channel in code_list("channels"):
            view = _view(request, partner=agency, channel=channel)
            count = counts_of(view, context=node_of(request), sections=("open",))["open"]
            worst = str(standing[Channel(channel)].worst)
            if len(met) > 1 and channel != _ALWAYS and not count.number and worst == _OPEN:
                continue
            address = f"{reverse('enquiries')}?{urlencode({'partner': agency, 'channel': channel})}"
            rows.append(
                GroupRow(
                    label=text(f"enquiries.channel.{channel}", language), url=address, sign=channel, count=count.number,
                    state=code_list("channel_states").label(worst, language), tone=TONES[worst],
                )
            )  # fmt: skip
    if not rows:
        return None
    if len(met) > 1:
        return Group(heading=text("enquiries.page.channels", language), rows=tuple(rows), url=reverse("channels"))
    with_whom = named.country(met[0]) or named.agency(met[0])
    heading = text("enquiries.page.channels-with", language, partner=with_whom)
    return Group(heading=heading, rows=tuple(rows), url=reverse("channel-partner", args=(met[0],)))


def _latest(request: Request, **narrowed: Any) -> list[Json]:
    return desk_page(_view(request, **narrowed), context=node_of(request), limit=_MOST_NOTICES).rows


def _notices(request: Request) -> Iterable[Notice]:
    """What came lately and what is late or nearly due."""
    if not _has_desk(request):
        return
    language, named = request.language, Named(request.language)
    lately = request.now_ms - _LATELY_MS
    for section, key, tone in (
        ("overdue", "enquiries.notice.late", "late"),
        ("today", "enquiries.notice.today", "due"),
    ):
        for one in _latest(request, section=section):
            due = ms_of(one["deadline"]) or request.now_ms
            yield _notice(one, key, tone, min(due, request.now_ms), language, named)
    for one in _latest(request, section="later", direction="in"):
        received = ms_of(one["received_at"])
        if received is not None and received >= lately:
            yield _notice(one, "enquiries.notice.came", "", received, language, named)
    for one in _latest(request, section="closed", direction="out"):
        answered = ms_of(one["answered_at"])
        if answered is not None and answered >= lately and one["state"] in {"answered", "refused"}:
            yield _notice(one, "enquiries.notice.answered", "proof", answered, language, named)


def _notice(one: Json, key: str, tone: str, at_ms: int, language: str, named: Named) -> Notice:
    words = with_names(
        key,
        language,
        question=question_of(one["sought"], language),
        desk=named.post(one["their_post"]),
        state=state_of(one, language),
    )
    return Notice(
        words=words,
        url=reverse("enquiry", kwargs={"matter": one["id"]}),
        at_ms=at_ms,
        tone=tone,
        read=tone in {"", "proof"} and one["state"] == "closed",
    )


def _search(request: Request, asked: str) -> Iterable[Found]:
    """Matters whose reference begins so."""
    if not _has_desk(request):
        return
    try:
        found = find_reference(asked, context=node_of(request), posts=desks_of(request))
    except BadInput:
        return
    named = Named(request.language)
    for one in found:
        detail = f"{one['id']} · {named.post(one['their_post'])} · {state_of(one, request.language)}"
        yield Found(
            kind="enquiries.page.enquiry",
            title=question_of(one["sought"], request.language),
            url=reverse("enquiry", kwargs={"matter": one["id"]}),
            detail=detail,
            sign=one["channel"],
        )


def register_frame() -> None:
    """Registers all of it; again does nothing new."""
    NAVIGATION.register("desk", Entry(label="enquiries.page.desk", url="desk", roles=_DESK, count=_pressing), order=10)
    NAVIGATION.register("enquiries", Entry(label="enquiries.page.enquiries", url="enquiries", roles=_DESK), order=20)
    GROUPS.register("channels", _channels, order=10)
    NOTICES.register("enquiries", _notices, order=10)
    SEARCH.register("enquiries", _search, order=20)
    register_times()
    register_cases()
