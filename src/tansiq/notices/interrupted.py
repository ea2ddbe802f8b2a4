"""Notices, answers and declarations whose channel is suspended: what is known of them while they wait, and what becomes of their rows when
something is taken back or takes another channel.

Invariant: notices and the words about them go by the organisation's channel alone, so they wait, or a courier takes them; what was taken
back was never seen by anybody and is gone as if it had not been said. What ends a notice is kept from nobody, so it is not taken
back. A declaration of a person may take any channel that the rules permit: it is the same under another identifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from django.db import connection
from django.urls import reverse

from tansiq.cases.services import bring_forward
from tansiq.cases.sql import marks
from tansiq.channels.matters import About, know_matters
from tansiq.channels.passing import on_moved
from tansiq.channels.stored import Stored
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.notices.declared import Direction, declaration_rows, end_declarations, without_recipients
from tansiq.notices.flagging import Told
from tansiq.notices.kinds import ANSWER, FIRST, FLAG, REQUEST, UPDATE
from tansiq.notices.pages_list import colour_words
from tansiq.notices.queries import summary
from tansiq.notices.rows import NoticeRow, notice_rows, words_of
from tansiq.notices.settling import settle
from tansiq.protocol.ids import id_text
from tansiq.texts import text

__all__ = ["register_interrupted_notices"]

_TAKEN_BACK: Final = frozenset({*FIRST, REQUEST, UPDATE, ANSWER})
"""What its bureau may take back while it waits."""


def _title(row: NoticeRow, language: str) -> str:
    return " · ".join(part for part in (colour_words(summary(row), language), row.number) if part)


def _page(matter: bytes) -> str:
    return reverse("notice", kwargs={"matter": id_text(matter)})


def _declared(language: str) -> str:
    return text("notices.declared.title", language)


def _declared_page() -> str:
    return reverse("notices-declared")


def _about(matters: Sequence[bytes]) -> Mapping[bytes, About]:
    rows = notice_rows(f"matter IN ({marks(matters)})", list(matters))
    found = {row.matter: About(title=partial(_title, row), url=partial(_page, row.matter)) for row in rows}
    declared = declaration_rows(f"matter IN ({marks(matters)})", list(matters))
    return {row.matter: About(title=_declared, url=_declared_page) for row in declared} | found


def _refuse(one: Stored) -> None:
    raise Refused("channels.reroute-unable", kind=one.docket.kind)


def _forget(row: NoticeRow, context: Context) -> None:
    """A notice that was never asked for: nothing of it is left but the journals."""
    now_ms = context.clock()
    said = [row.first, *(word.statement for word in words_of([row.matter])[row.matter])]
    bring_forward(said, review_ms=now_ms, erase_ms=now_ms)
    with connection.cursor() as cursor:
        for table in ("notices_word", "notices_given", "notices_flag", "notices_notice"):
            cursor.execute(f"DELETE FROM {table} WHERE matter = %s", (row.matter,))


def _notices(moved: Mapping[bytes, bytes], were: Sequence[Stored], channel: str, context: Context) -> None:
    """Keeps notices and their words in step (`passing.Mover`). Raises Refused for another channel, and for what ends a notice."""
    for one in were:
        if channel or moved[one.id] or one.docket.kind not in _TAKEN_BACK:
            _refuse(one)
    for matter in dict.fromkeys(one.docket.matter for one in were):
        rows = notice_rows("matter = %s", (matter,), lock=True)
        if not rows:
            continue
        row, statements = rows[0], [one.id for one in were if one.docket.matter == matter]
        if row.first in statements:
            _forget(row, context)
            continue
        for one in were:
            if one.docket.matter == matter and one.docket.kind == REQUEST:
                _refuse(one)  # the notice has left: without this word the hub never publishes it
        now_ms = context.clock()
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM notices_word WHERE statement = %s", [(one,) for one in statements])
        bring_forward(statements, review_ms=now_ms, erase_ms=now_ms)
        answered = declaration_rows(f"statement IN ({marks(statements)}) AND ended_ms IS NULL", statements)
        end_declarations([found for found in answered if found.direction is Direction.OUT], context=context)
        settle(row, words_of([matter])[matter], context=context)


def _status(moved: Mapping[bytes, bytes], were: Sequence[Stored], channel: str, context: Context) -> None:
    """A declaration goes on under its new identifier; taken back, that partner was not told. Its end is not taken back."""
    for one in were:
        known = declaration_rows("statement = %s", (one.id,), lock=True)
        if not known and not channel:
            _refuse(one)
        if new := moved[one.id]:
            with connection.cursor() as cursor:
                for table, column in (
                    ("notices_declaration", "statement"), ("notices_flag", "declaration"), ("cases_item", "statement"),
                ):  # fmt: skip
                    cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", (new, one.id))
        else:
            without_recipients(known)


def _flags(moved: Mapping[bytes, bytes], were: Sequence[Stored], channel: str, context: Context) -> None:
    """A flag that was taken back was told to nobody: our own desk is asked instead."""
    with connection.cursor() as cursor:
        for one in were:
            if not moved[one.id]:
                cursor.execute(
                    "UPDATE notices_flag SET direction = %s, seen_ms = NULL, seen_by = '' WHERE asked = %s AND direction = %s",
                    (int(Told.DESK), one.docket.answers, int(Told.OUT)),
                )
            elif one.docket.answers in moved:
                cursor.execute(
                    "UPDATE notices_flag SET asked = %s WHERE asked = %s",
                    (moved[one.docket.answers], one.docket.answers),
                )


_MOVERS: Final[Mapping[str, Callable[[Mapping[bytes, bytes], Sequence[Stored], str, Context], None]]] = {
    "notice.": _notices, "person.status": _status, FLAG: _flags,
}  # fmt: skip


def register_interrupted_notices() -> None:
    """Registers this room with the channels; again changes nothing."""
    know_matters(_about)
    for prefix, mover in _MOVERS.items():
        on_moved(prefix, mover, reroutes=prefix != "notice.")
