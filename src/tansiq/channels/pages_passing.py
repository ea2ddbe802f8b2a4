"""Pages of what passed the reader's desks: a bureau, the hub, the embassy's office see what they handed on or got the docket of.

Invariant: codes, desks, references and times of the reader's own desks alone; nothing of a body stands here, and nobody's name. A
page is flat however much has passed: it is read by an index, from where the last one ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from tansiq.channels.compartments import sees_between
from tansiq.channels.pages_approvals import agency_name
from tansiq.channels.pages_shared import AT_A_DESK, channel_label, node_of
from tansiq.channels.passages import PassageRow, PassedStop, any_passed, docket_here, passage_of, passages, way_passed
from tansiq.directory.queries import current_directory
from tansiq.errors import BadInput, NotFound
from tansiq.policy.channel_matter import CHANNELS
from tansiq.policy.codes import code_list
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.registry import NAVIGATION, Entry
from tansiq.web.visitor import Request

__all__ = ["passage", "passing", "register_passing", "urlpatterns"]

_AT_ONCE: Final = 40
_READ: Final = 200
_LOOKED_AT: Final = 4_000
_MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class _Desks:
    """The names of desks in the reader's language, each agency's document read once a page."""

    language: str
    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, post: str) -> str:
        """A desk with its agency; its identifier where it is not known."""
        agency = agency_of(post)
        if agency not in self._known:
            try:
                posts = current_directory(agency).posts
            except NotFound:
                posts = ()
            self._known[agency] = {
                one.id: one.names.get(self.language) or one.names.get("en") or next(iter(one.names.values()), one.id)
                for one in posts
            }
        name, of = self._known[agency].get(post), agency_name(agency, self.language)
        return post if name is None else name if name == of else f"{name} · {of}"


def _label(listed: str, code: str, language: str) -> str:
    """The label of a code; the code itself where a newer partner knows more than we do."""
    try:
        return code_list(listed).label(code, language) if code else ""
    except BadInput:
        return code


def _mark(row: PassageRow) -> str:
    return f"{row.taken_ms:x}.{row.statement.hex()}"


def _parsed(mark: str) -> tuple[int, bytes] | None:
    """Where the last page ended; None for the first page, and for what is no such place."""
    taken, _, statement = mark.partition(".")
    try:
        place = int(taken, 16), bytes.fromhex(statement)
    except ValueError:
        return None
    return place if len(place[1]) == 16 and 0 <= place[0] < 1 << 62 else None


def _line(row: PassageRow, request: Request, desks: _Desks) -> dict[str, Any]:
    language = request.language
    return {
        "url": reverse("passage", kwargs={"statement": UUID(bytes=row.statement)}),
        "kind": _label("message_kinds", row.kind, language),
        "field": _label("offences", row.field, language),
        "channel": row.channel,
        "channel_name": _label("channels", row.channel, language),
        "sender": desks.of(row.sender),
        "addressee": desks.of(row.addressee),
        "taken_ms": row.taken_ms,
        "spent_ms": None if row.handed_ms is None else max(0, row.handed_ms - row.taken_ms),
        "state": _state(row),
        "desk": desks.of(row.post),
    }


def _sees(row: PassageRow, request: Request) -> bool:
    """Whether the compartments of that desk let the reader know of it."""
    return sees_between(row.post, request.visitor.number, sender=row.sender, addressee=row.addressee)


def _state(row: PassageRow) -> str:
    """'copied' (this desk got the docket), 'handed' (it went on), 'here'."""
    if row.step == "copy":
        return "copied"
    return "here" if row.handed_ms is None else "handed"


def _asked(request: Request) -> tuple[str, str]:
    """The channel and the desk to which the reader narrows the list; what is none is passed over."""
    channel, post = str(request.GET.get("channel", "")), str(request.GET.get("desk", ""))
    return channel if channel in CHANNELS else "", post if post in request.visitor.posts else ""


def _seen_page(request: Request, posts: list[str], channel: str) -> tuple[list[PassageRow], str]:
    """A page of what the reader may know of, and the mark of where the next one begins ('' when there is none).

    What others alone may know of is passed over until the page is full. After `_LOOKED_AT` rows a page ends as it is, and the next one begins
    at a whole minute: a mark is of a row that the reader may know of, or of none.
    """
    before, looked, begun, minute = _parsed(str(request.GET.get("before", ""))), 0, 0, 0
    mine: list[PassageRow] = []
    judged: dict[tuple[str, str, str], bool] = {}
    while looked < _LOOKED_AT or minute >= begun:
        found = passages(posts, limit=_READ, before=before, channel=channel)
        for row in found:
            ends = (row.post, agency_of(row.sender), agency_of(row.addressee))
            if ends not in judged:
                judged[ends] = _sees(row, request)
            if judged[ends]:
                mine.append(row)
        if len(mine) > _AT_ONCE:
            return mine[:_AT_ONCE], _mark(mine[_AT_ONCE - 1])
        if len(found) < _READ:
            return mine, ""
        begun = begun or (before[0] if before else found[0].taken_ms)
        before, looked = (found[-1].taken_ms, found[-1].statement), looked + len(found)
        minute = (before[0] // _MINUTE_MS + 1) * _MINUTE_MS
    return [row for row in mine if row.taken_ms >= minute], f"{minute:x}.{'0' * 32}"


@page(*AT_A_DESK)
def passing(request: Request) -> HttpResponse:
    """The list, the latest first."""
    channel, post = _asked(request)
    posts = [post] if post else list(request.visitor.posts)
    mine, following = _seen_page(request, posts, channel)
    desks = _Desks(request.language)
    narrowed = {name: value for name, value in (("channel", channel), ("desk", post)) if value}
    address = reverse("passing")
    older = f"{address}?{urlencode(narrowed | {'before': following})}" if following else ""
    latest = f"{address}?{urlencode(narrowed)}" if narrowed else address
    context = {
        "rows": [_line(row, request, desks) for row in mine],
        "older": older,
        "latest": latest if request.GET.get("before") else "",
        "narrowed": bool(narrowed),
        "several": len(request.visitor.posts) > 1 and not post,
        "channels": [(str(one), channel_label(one, request.language), str(one) == channel) for one in CHANNELS],
        "desks": [(one, desks.of(one), one == post) for one in request.visitor.posts],
    }
    return render(request, "channels/passing.html", context)


def _drawn(stops: list[PassedStop], desks: _Desks) -> list[dict[str, Any]]:
    """The stops as the component draws a route."""
    out = []
    for place, one in enumerate(stops):
        last = place == len(stops) - 1
        known = one.taken_ms is not None or one.handed_ms is not None
        gone = one.handed_ms is not None or (last and known)
        spent = one.handed_ms - one.taken_ms if one.handed_ms is not None and one.taken_ms is not None else None
        state = "passed" if gone else "here" if known else "ahead"
        out.append({"name": desks.of(one.post), "state": state, "spent_ms": None if spent is None else max(0, spent)})
    return out


@page(*AT_A_DESK)
def passage(request: Request, statement: UUID) -> HttpResponse:
    """One statement that passed: its codes and its way."""
    row, context = passage_of(statement.bytes, list(request.visitor.posts)), node_of(request)
    if not _sees(row, request):
        raise NotFound("channels.never-passed", statement=id_text(row.statement))
    docket = docket_here(row.statement, context=context)
    stops, desks, language = way_passed(row, context=context), _Desks(request.language), request.language
    shown = _line(row, request, desks) | {
        "stops": _drawn(stops, desks),
        "table": [
            {"name": desks.of(one.post), "taken_ms": one.taken_ms, "handed_ms": one.handed_ms, "proven": one.proven,
             "ours": one.ours, "known": one.taken_ms is not None or one.handed_ms is not None}
            for one in stops
        ],
        "statement": id_text(row.statement),
        "matter": id_text(row.matter),
        "said_ms": row.said_ms,
        "deadline": _label("deadline_classes", row.deadline_class, language),
        "classification": _label("classification", docket.classification, language) if docket is not None else "",
        "handling": [_label("handling", code, language) for code in docket.handling] if docket is not None else [],
        "peer": agency_name(row.peer, language) if row.peer else text("channels.passing.ourselves", language),
        "onward": agency_name(row.onward, language) if row.onward else "",
        "reads_body": row.reads_body,
        "open": docket is not None,
        "ends_ms": row.ends_ms,
    }  # fmt: skip
    return render(request, "channels/passage.html", shown)


urlpatterns: list[URLPattern] = [
    path("passing/", passing, name="passing"),
    path("passing/<uuid:statement>/", passage, name="passage"),
]


def register_passing() -> None:
    """The entry of the navigation, for whoever is at a desk that something passed; again does nothing new."""
    NAVIGATION.register(
        "passing",
        Entry(
            label="channels.passing.title",
            url="passing",
            roles=frozenset(AT_A_DESK),
            shown=lambda request: any_passed(list(request.visitor.posts)),
        ),
        order=240,
    )
