"""What a reader is shown of cases: the list, one case with what stands in it, its timeline.

Invariant: everything is filtered by the reader first, then counted, ordered and cut, so that what a reader may not see
changes nothing of what that reader is shown, not even a number (the two worlds of design section 5). A case that is opened
is logged as consulted, once for the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tansiq.cases.cases import CaseRow, Place, case_posts, case_row, cases_of_posts, matters_of, titles_of
from tansiq.cases.exits import visible
from tansiq.cases.files_reading import FileRow, files_of
from tansiq.cases.queries import ItemRow, items_of
from tansiq.cases.registry import Asked, Moment, moments_of
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.handling import Reader
from tansiq.policy.values import Text
from tansiq.protocol.manifest import PART_KIND

__all__ = ["CaseList", "CaseView", "list_cases", "show_case", "timeline"]


@dataclass(frozen=True, slots=True)
class CaseList:
    """A page of the list: cases with their titles, and where the next page begins (None: it was the last)."""

    rows: tuple[CaseRow, ...]
    titles: Mapping[bytes, Text] = field(repr=False)
    next: Place | None = None


def list_cases(
    reader: Reader, *, context: Context, is_open: bool | None = None, after: Place | None = None, limit: int = 50
) -> CaseList:
    """The cases that the reader may know of, the latest opened first."""
    rows = cases_of_posts(reader.posts, is_open=is_open, after=after, limit=limit + 1)
    shown = rows[:limit]
    following = (shown[-1].opened_ms, shown[-1].id) if len(rows) > limit else None
    return CaseList(tuple(shown), titles_of(shown, context=context), following)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as one reader sees it. ``items`` are without the files, which stand apart."""

    row: CaseRow
    title: Text | None = field(repr=False)
    posts: tuple[str, ...]
    matters: tuple[bytes, ...]
    items: tuple[ItemRow, ...]
    files: tuple[FileRow, ...]
    asked: Asked = field(repr=False)


def show_case(case: bytes, reader: Reader, *, context: Context, justification: str = "", log: bool = True) -> CaseView:
    """One case with what stands in it; logged as consulted unless this reader's opening of it was logged just now.

    Raises NotFound ('cases.unknown-case').
    """
    row = case_row(case, reader.posts)
    matters = tuple(matters_of(case))
    rows = [item for group in (case, *matters) for item in items_of(group)]
    rows.sort(key=lambda item: item.id)
    items = [item for item in rows if item.kind != PART_KIND]
    if log:
        access = Access(
            operation=Operation.CONSULTATION,
            officer=reader.officer,
            thing=case,
            purpose=reader.purpose,
            justification=justification,
            time_ms=context.clock(),
        )
        log_access([access], keys=context.keys)
    return CaseView(
        row=row,
        title=titles_of([row], context=context).get(case),
        posts=tuple(case_posts(case)),
        matters=matters,
        items=tuple(visible(items, reader, context=context)),
        files=tuple(files_of(rows, reader, context=context)),
        asked=Asked(row, matters, reader, context),
    )


def timeline(view: CaseView) -> list[Moment]:
    """What happened in a case, as this reader may know it, the latest first."""
    own = [Moment(at_ms=view.row.opened_ms, text="cases.moment.opened")]
    if view.row.closed_ms is not None:
        own.append(Moment(at_ms=view.row.closed_ms, text="cases.moment.closed"))
    own += [
        Moment(at_ms=item.received_ms, text="cases.moment.item", values={"agency": item.originator})
        for item in view.items
    ]
    own += [
        Moment(at_ms=file.item.received_ms, text="cases.moment.file", values={"agency": file.item.originator})
        for file in view.files
    ]
    return sorted([*own, *moments_of(view.asked)], key=lambda moment: moment.at_ms, reverse=True)
