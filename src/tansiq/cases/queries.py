"""Reading items: those of a case or of a statement, and the content of one.

Invariant: rows are codes and may be listed; a content is opened one at a time, and `open_item` logs who consulted it
and why (Directive (EU) 2016/680, Article 25).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from django.db import connection

from tansiq.cases.contents import open_statements
from tansiq.cases.sql import CHUNK, chunks, marks
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import KeyStore
from tansiq.protocol.concealment import reveal
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part, parse_part

__all__ = [
    "ItemRow",
    "is_matter",
    "item_faults",
    "item_row",
    "items_of",
    "items_of_statements",
    "open_item",
    "own_part",
    "rows_by_id",
]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item without its content; the columns of `models.Item` in this order, ``case`` being ``case_ref``."""

    id: bytes
    case: bytes
    statement: bytes | None
    place: int
    kind: str
    originator: str
    source: str
    information: str
    basis: str
    handling: tuple[str, ...]
    classification: str
    category: tuple[str, ...]
    purpose: str
    special: bool
    protected: bool
    incoming: str
    expires_ms: int | None
    review_ms: int
    erase_ms: int | None
    received_ms: int
    created_ms: int
    erased: bool

    @property
    def evaluation(self) -> str:
        """The two codes of the evaluation as officers write them, '' where there are none."""
        return self.source + self.information


_COLUMNS = ", ".join("case_ref" if field.name == "case" else field.name for field in fields(ItemRow))


def _row(values: Sequence[Any]) -> ItemRow:
    """A row as the database gives it: bytes may be a view, true may be 1."""
    row = ItemRow(*values)
    return replace(
        row,
        id=bytes(row.id),
        case=bytes(row.case),
        statement=None if row.statement is None else bytes(row.statement),
        handling=tuple(values[9].split()),
        category=tuple(values[11].split()),
        special=bool(row.special),
        protected=bool(row.protected),
        erased=bool(row.erased),
    )


def _rows(where: str, values: Sequence[Any]) -> list[ItemRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM cases_item WHERE {where}", values)
        return [_row(row) for row in cursor.fetchall()]


def items_of(case: bytes) -> list[ItemRow]:
    """The items of a case (or of a matter that has none), the oldest first; erased ones among them."""
    return _rows("case_ref = %s ORDER BY id", [case])


def is_matter(reference: bytes, *, keys: KeyStore) -> bool:
    """Whether something that was said is of the matter ``reference``: then it names no case, and never opens one."""
    last = b""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT statement FROM cases_item WHERE case_ref = %s AND statement > %s ORDER BY statement LIMIT {CHUNK}",
                (reference, last),
            )
            found = [bytes(row[0]) for row in cursor.fetchall()]
        for stored in open_statements(found, keys=keys).values():
            if stored.docket is not None and stored.docket.matter == reference:
                return True
        if len(found) < CHUNK:
            return False
        last = found[-1]


def items_of_statements(statements: Sequence[bytes]) -> dict[bytes, list[ItemRow]]:
    """The items that point to parts of ``statements``, in the order of the parts."""
    found: dict[bytes, list[ItemRow]] = {statement: [] for statement in statements}
    for chunk in chunks(statements):
        for row in _rows(f"statement IN ({marks(chunk)}) ORDER BY place", chunk):
            if row.statement is not None:
                found[row.statement].append(row)
    return found


def rows_by_id(items: Sequence[bytes]) -> list[ItemRow]:
    """The rows of ``items``, in their order; what is not here is left out."""
    found: dict[bytes, ItemRow] = {}
    for chunk in chunks(items):
        found.update((row.id, row) for row in _rows(f"id IN ({marks(chunk)})", chunk))
    return [found[item] for item in items if item in found]


def item_row(item: bytes) -> ItemRow:
    """One item's row. Raises NotFound."""
    rows = _rows("id = %s", [item])
    if not rows:
        raise NotFound("cases.unknown-item", item=item.hex())
    return rows[0]


def own_part(item: bytes, keys: KeyStore) -> Part:
    """The content of an item that was entered here. Raises NotFound ('cases.erased')."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT commitment, concealed FROM cases_item WHERE id = %s", (item,))
        commitment, concealed = cursor.fetchone()
    try:
        key = keys.contents(item)[0]
    except NotFound:
        key = None
    if key is None or concealed is None:
        raise NotFound("cases.erased", item=id_text(item))
    content, _ = reveal(bytes(concealed), key=key, statement_id=item, place=0, commitment=bytes(commitment))
    return parse_part(content)


def _content(row: ItemRow, keys: KeyStore) -> Part:
    """The content of an item that was not erased. Raises NotFound ('cases.erased')."""
    if row.statement is None and not row.erased:
        return own_part(row.id, keys)
    stored = None
    if row.statement is not None and not row.erased:
        stored = open_statements([row.statement], keys=keys).get(row.statement)
    part = stored.parts[row.place] if stored is not None else None
    if part is None:
        raise NotFound("cases.erased", item=id_text(row.id))
    return part


def open_item(item: bytes, *, context: Context, officer: str, purpose: str, justification: str = "") -> Part:
    """The content of one item for ``officer`` (a service number), logged as a consultation for ``purpose`` (a code).

    Raises NotFound ('cases.unknown-item', 'cases.erased'). Whether the officer may see it is the caller's question.
    """
    part = _content(item_row(item), context.keys)
    access = Access(
        operation=Operation.CONSULTATION,
        officer=officer,
        thing=item,
        purpose=purpose,
        justification=justification,
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)
    return part


def item_faults(*, context: Context) -> Iterator[tuple[bytes, str]]:
    """Every item that is not as it should be, with the code of what is wrong: for the node's self-check.

    ``not-opened``: a live item whose content does not open; ``still-there``: an erased one whose content does;
    ``no-tombstone``: an erased one of which nobody knows who ordered it; ``unfinished``: an erasure that waits for its
    sweep.
    """
    last = b""
    while rows := _rows(f"id > %s ORDER BY id LIMIT {CHUNK}", [last]):
        last = rows[-1].id
        with connection.cursor() as cursor:
            ids = [row.id for row in rows]
            cursor.execute(f"SELECT item, done_ms FROM cases_tombstone WHERE item IN ({marks(ids)})", ids)
            ended = {bytes(item): done_ms for item, done_ms in cursor.fetchall()}
        for row in rows:
            if fault := _fault(row, ended, context.keys):
                yield row.id, fault


def _fault(row: ItemRow, ended: dict[bytes, int | None], keys: KeyStore) -> str:
    """What is wrong with one item; '' when nothing is."""
    if row.erased and row.id not in ended:
        return "no-tombstone"
    if row.erased and ended[row.id] is None:
        return "unfinished"
    try:
        _content(replace(row, erased=False), keys)
    except Error:
        return "" if row.erased else "not-opened"
    return "still-there" if row.erased else ""
