"""What this room wants read before anything else: that somebody sought is held already, that somebody was found, what waits for the hub's
word, what is about to end.

Invariant: an alert names services, states and numbers, nobody's name; on the desk it stands until somebody of that desk has looked,
over the matter itself as long as the matter is here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from tansiq.cases.sql import marks
from tansiq.enquiries.pages_common import Named, looking
from tansiq.enquiries.pages_said import reader_here
from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.rows import enquiry_rows
from tansiq.notices.desks import LEGAL
from tansiq.notices.flagging import FlagRow, Told, flag_rows
from tansiq.notices.kinds import ANSWER, Side
from tansiq.notices.pages_common import has_role
from tansiq.notices.pages_list import colour_words
from tansiq.notices.pages_warned import flag_in_words
from tansiq.notices.queries import ENDS_IT, pending, summary, unseen
from tansiq.notices.rows import NoticeRow, notice_rows, words_of
from tansiq.policy.codes import code_list
from tansiq.policy.notice_course import BINDING
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.moments import day, local
from tansiq.web.plurals import plural_key
from tansiq.web.registry import Alert
from tansiq.web.visitor import Request

__all__ = ["alerts", "flag_url", "unseen_flags"]

_MOST: Final = 5
"""Alerts of one sort over a page: whoever has more begins with the oldest."""
_SOON_MS: Final = 60 * 86_400_000
"""So long before a notice ends its source is asked whether it needs it on (INTERPOL's Rules on the Processing of Data, Article 50)."""


def flag_url(flag: FlagRow) -> str:
    """The page of the matter that a flag is about."""
    matter = UUID(id_text(flag.matter))
    name = "enquiry-flags" if enquiry_rows("matter = %s", (flag.matter,)) else "notice"
    return reverse(name, kwargs={"matter": matter})


def unseen_flags(request: Request, *, most: int) -> list[FlagRow]:
    """Flags for the reader's desks at which nobody has looked, the oldest first."""
    posts = looking(request).posts
    if not posts:
        return []
    where = f"seen_ms IS NULL AND direction <> %s AND post IN ({marks(posts)}) ORDER BY at_ms LIMIT %s"
    return flag_rows(where, (int(Told.OUT), *posts, most))


def _flagged(request: Request, named: Named) -> Iterator[Alert]:
    for flag in unseen_flags(request, most=_MOST):
        yield Alert(words=flag_in_words(flag, request, named), url=flag_url(flag), action="notices.alert.look")


def _over_enquiry(request: Request, thing: Mapping[str, Any], named: Named) -> Iterator[Alert]:
    """The flags of a matter, for as long as it is here."""
    matter, posts = parse_matter(str(thing["id"])), looking(request).posts
    for flag in flag_rows("matter = %s AND direction <> %s ORDER BY at_ms", (matter, int(Told.OUT))):
        if flag.post in posts:
            url = reverse("enquiry-flags", kwargs={"matter": UUID(id_text(matter))})
            yield Alert(words=flag_in_words(flag, request, named), url=url, action="notices.alert.look")


def _named(row: NoticeRow, language: str) -> str:
    """A notice by its colour and number; a diffusion has none."""
    return " · ".join(part for part in (colour_words(summary(row), language), row.number) if part)


def _notice_alert(row: NoticeRow, words: str, *, tone: str) -> Alert:
    url = reverse("notice", kwargs={"matter": UUID(id_text(row.matter))})
    return Alert(words=words, url=url, action="notices.alert.notice", tone=tone)


def _found(request: Request, named: Named) -> Iterator[Alert]:
    """Answers, not looked at yet, after which the notice that binds still may not be needed."""
    language = request.language
    matters = [UUID(one).bytes for one in unseen(looking(request).posts)]
    if not matters:
        return
    rows = notice_rows(f"matter IN ({marks(matters)}) AND side = %s", [*matters, int(Side.SOURCE)])
    words = words_of([row.matter for row in rows])
    for row in [row for row in rows if row.state in BINDING][:_MOST]:
        for word in words[row.matter]:
            if word.kind == ANSWER and not word.seen and word.code in ENDS_IT:
                told = text(
                    "notices.alert.found",
                    language,
                    agency=named.agency(word.agency),
                    result=code_list("notice_results").label(word.code, language),
                    notice=_named(row, language),
                )
                yield _notice_alert(row, told, tone="due")


def _to_judge(request: Request) -> Iterator[Alert]:
    count = len(pending()) if has_role(request, LEGAL) else 0
    if count:
        words = text(plural_key("notices.page.waiting", count, request.language), request.language, count=count)
        yield Alert(words=words, url=reverse("interpol"), action="notices.page.title", tone="due")


def _ending(request: Request) -> Iterator[Alert]:
    """Notices of ours that end soon: somebody examines them again, or lets them end."""
    posts, language, eye = looking(request).posts, request.language, reader_here(request)
    if not posts:
        return
    rows = notice_rows(
        f"side = %s AND ends_ms IS NOT NULL AND ends_ms <= %s AND source_post IN ({marks(posts)}) ORDER BY ends_ms LIMIT %s",
        [int(Side.SOURCE), request.now_ms + _SOON_MS, *posts, _MOST],
    )
    for row in rows:
        told = text(
            "notices.alert.ends",
            language,
            notice=_named(row, language),
            day=day(local(row.ends_ms or 0, eye.zone).date(), eye),
        )
        yield _notice_alert(row, told, tone="due")


def alerts(request: Request, place: str, thing: Any) -> Iterator[Alert]:
    """What stands over a place (`registry.ALERTS`)."""
    named = Named(request.language)
    if place == "enquiry":
        yield from _over_enquiry(request, thing, named)
    if place in {"desk", "notices"}:
        yield from _flagged(request, named)
        yield from _found(request, named)
    if place == "desk":
        yield from _to_judge(request)
    if place == "notices":
        yield from _ending(request)
