"""Enquiries as rows of a list: the question as title, from or to whom, where it stands, and its clock.

Invariant: a row is made of codes and times alone; everything of a page's rows is read in a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.urls import reverse

from tansiq.cases.queries import items_of_statements
from tansiq.cases.sql import marks
from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.pages_common import Named, ms_of, with_names
from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.rows import enquiry_rows
from tansiq.enquiries.summaries import Json
from tansiq.policy.codes import code_list
from tansiq.texts import catalogue, text
from tansiq.web.plurals import plural
from tansiq.web.registry import Row

__all__ = ["clock_of", "question_of", "rows_of", "state_of", "term_of"]

_URGENT: Final = frozenset({"urgent-direct", "urgent-indirect", "supplementary-at-once"})


def question_of(sought: Sequence[str], language: str) -> str:
    """What is asked, as a question in the reader's words."""
    names = [code.removeprefix("sought.") for code in sought]
    joined = f"enquiries.asks.{'-'.join(names[:2])}"
    if len(names) > 1 and joined in catalogue():
        return text(joined, language)
    first = f"enquiries.asks.{names[0]}" if names else "enquiries.asks.free"
    if first in catalogue():
        return text(first, language)
    return code_list("sought").label(sought[0], language)


def state_of(one: Mapping[str, Any], language: str) -> str:
    """Where an enquiry stands, in the words of the side that reads."""
    if one["outcome"] and one["state"] in {"answered", "closed", "partial"}:
        return code_list("answer_outcomes").label(one["outcome"], language)
    side = f"enquiries.page.state.{one['direction']}-{one['state']}"
    return text(side if side in catalogue() else f"enquiries.page.state.{one['state']}", language)


def clock_of(one: Mapping[str, Any]) -> str:
    """Where the clock of an enquiry stands, for a row or a chip."""
    if one["state"] == "withdrawn":
        return "over"
    return one["clock"] or ("running" if one["received_at"] else "awaited")


def term_of(deadline_class: str, language: str) -> str:
    """How long the answer may take: '8 h · urgent'."""
    key = f"enquiries.term.{deadline_class}"
    return text(key, language) if key in catalogue() else ""


def _handling(found: Sequence[Json]) -> dict[bytes, str]:
    """The strictest handling code of each request on the page."""
    matters = [parse_matter(one["id"]) for one in found]
    if not matters:
        return {}
    requests = {row.request: row.matter for row in enquiry_rows(f"matter IN ({marks(matters)})", matters)}
    codes = {}
    for statement, items in items_of_statements(list(requests)).items():
        known = [code for item in items if item.kind == REQUEST for code in item.handling]
        if known:
            codes[requests[statement]] = max(known)
    return codes


def rows_of(
    found: Sequence[Json], *, language: str, named: Named, current: str = "", unread: frozenset[str] = frozenset()
) -> list[Row]:
    """The rows of ``found`` (summaries); ``current`` is the one that is open beside, ``unread`` those not seen yet."""
    handling = _handling(found)
    return [
        Row(
            title=question_of(one["sought"], language),
            url=reverse("enquiry", kwargs={"matter": one["id"]}),
            facts=_facts(one, language, named),
            sign=one["channel"],
            handling=handling.get(parse_matter(one["id"]), ""),
            due_ms=ms_of(one["deadline"]),
            start_ms=ms_of(one["received_at"]),
            clock=clock_of(one),
            term=term_of(one["deadline_class"], language),
            current=one["id"] == current,
            unread=one["id"] in unread,
        )
        for one in found
    ]


def _facts(one: Json, language: str, named: Named) -> tuple[str, ...]:
    way = "enquiries.page.from" if one["direction"] == "in" else "enquiries.page.to"
    facts: list[str] = [with_names(way, language, desk=named.post(one["their_post"])), state_of(one, language)]
    if one["matches"] and one["direction"] == "in" and one["waits_for"] == "us":
        facts.append(plural("enquiries.page.matches", one["matches"], language))
    if one["delays"]:
        facts.append(text("enquiries.page.delayed", language))
    return tuple(facts)
