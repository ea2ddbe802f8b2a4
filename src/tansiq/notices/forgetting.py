"""What ends here with a content: the persons whom the registers know by it alone.

Invariant: nobody is found in a register by what a provider let us keep no longer. A person stays only while a content that names one
is here. What a partner declared has then ended for us; what we declared ourselves has not, for those whom we told must still be
told when it ends. Directive (EU) 2016/680, Article 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from tansiq.cases.erasure import follow_with_keys
from tansiq.cases.queries import ItemRow
from tansiq.cases.sql import marks
from tansiq.exchange.context import Context
from tansiq.notices.declared import HELD, DeclarationRow, Direction, declaration_rows, end_declarations
from tansiq.notices.kinds import ANSWER, DIFFUSION, NOTICE, STATUS, UPDATE
from tansiq.notices.rows import notice_rows
from tansiq.notices.settling import end_listed
from tansiq.registers.own import end_entries

__all__ = ["register_forgetting"]

_NOTICES: Final = frozenset({NOTICE, UPDATE, DIFFUSION})
_DECLARED: Final = frozenset({STATUS, ANSWER})


def _kept(statements: Sequence[bytes]) -> set[bytes]:
    """Those of ``statements`` of which a content is still here."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT statement FROM cases_item WHERE statement IN ({marks(statements)}) AND NOT erased",
            list(statements),
        )
        return {bytes(row[0]) for row in cursor.fetchall()}


def _end_held(rows: Sequence[DeclarationRow], gone: set[bytes], context: Context) -> None:
    """Of what we declared: who was declared to several is known as long as one content names the person, or it was told to nobody."""
    references = sorted({row.reference for row in rows})
    others = declaration_rows(
        f"reference IN ({marks(references)}) AND direction = %s AND ended_ms IS NULL", [*references, int(Direction.OUT)]
    )
    kept = _kept([row.statement for row in others]) - gone if others else set()
    lasting = {row.reference for row in others if row.statement in kept or row.statement == row.matter}
    end_entries(HELD, sorted({*references} - lasting), context=context)


def _forget(items: Sequence[ItemRow], context: Context) -> None:
    """When contents end, so do the entries that were made of them; in the commit of their tombstones."""
    notices = sorted({one.statement for one in items if one.kind in _NOTICES and one.statement is not None})
    if notices:
        for row in notice_rows(f"version IN ({marks(notices)})", notices):
            end_listed(row, context=context)
    said = sorted({one.statement for one in items if one.kind in _DECLARED and one.statement is not None})
    if not said:
        return
    rows = declaration_rows(f"statement IN ({marks(said)}) AND ended_ms IS NULL", said, lock=True)
    end_declarations([row for row in rows if row.direction is Direction.IN], context=context)
    if ours := [row for row in rows if row.direction is Direction.OUT]:
        _end_held(ours, {*said}, context)


def register_forgetting() -> None:
    """Lets the registers follow what ends in the cases; again changes nothing."""
    follow_with_keys(_forget)
