"""Reading items: those of a case or of a statement, and the content of one.

Invariant: rows are codes and may be listed; a content is opened one at a time, and `open_item` logs who consulted it and why
(Directive (EU) 2016/680, Article 25).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.cases.contents import open_statements
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import KeyStore
from tansiq.protocol.concealment import reveal
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part, parse_part

__all__ = ["ItemRow", "item_faults", "item_row", "items_of", "items_of_statements", "open_item"]

_FIELDS = (
    "id, case_ref, statement, place, kind, originator, source, information, basis, handling, classification, category, purpose, "
    "special, protected, incoming, expires_ms, review_ms, erase_ms, received_ms, created_ms, erased"
)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item without its content; fields as in `models.Item`."""

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


def _row(values: Sequence[object]) -> ItemRow:
    (item, case, statement, place, kind, originator, source, information, basis, handling, classification, category, purpose,
     special, protected, incoming, expires_ms, review_ms, erase_ms, received_ms, created_ms, erased) = values  # fmt: skip
    return ItemRow(
        bytes(item), bytes(case), None if statement is None else bytes(statement), place, kind, originator,  # type: ignore[call-overload, arg-type]
        source, information, basis, tuple(str(handling).split()), classification, tuple(str(category).split()), purpose,  # type: ignore[arg-type]
        bool(special), bool(protected), incoming, expires_ms, review_ms, erase_ms, received_ms, created_ms, bool(erased),  # type: ignore[arg-type]
    )  # fmt: skip


def items_of(case: bytes) -> list[ItemRow]:
    """The items of a case (or of a matter that has none), the oldest first; erased ones among them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM cases_item WHERE case_ref = %s ORDER BY id", (case,))
        return [_row(row) for row in cursor.fetchall()]


def items_of_statements(statements: Sequence[bytes]) -> dict[bytes, list[ItemRow]]:
    """The items that point to parts of ``statements``, in the order of the parts."""
    found: dict[bytes, list[ItemRow]] = {statement: [] for statement in statements}
    for at in range(0, len(statements), _CHUNK):
        chunk = list(statements[at : at + _CHUNK])
        marks = ", ".join(["%s"] * len(chunk))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_FIELDS} FROM cases_item WHERE statement IN ({marks}) ORDER BY place", chunk)
            for row in map(_row, cursor.fetchall()):
                if row.statement is not None:
                    found[row.statement].append(row)
    return found


def item_row(item: bytes) -> ItemRow:
    """One item's row. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM cases_item WHERE id = %s", (item,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("cases.unknown-item", item=item.hex())
    return _row(row)


def _own_part(item: bytes, keys: KeyStore) -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT commitment, concealed FROM cases_item WHERE id = %s", (item,))
        commitment, concealed = cursor.fetchone()
    key = keys.contents(item)[0]
    if key is None or concealed is None:
        raise NotFound("cases.erased", item=id_text(item))
    content, _ = reveal(bytes(concealed), key=key, statement_id=item, place=0, commitment=bytes(commitment))
    return parse_part(content)


def _content(row: ItemRow, keys: KeyStore) -> Part:
    """The content of an item that was not erased. Raises NotFound ('cases.erased')."""
    if row.erased:
        raise NotFound("cases.erased", item=id_text(row.id))
    if row.statement is None:
        return _own_part(row.id, keys)
    stored = open_statements([row.statement], keys=keys).get(row.statement)
    part = stored.parts[row.place] if stored is not None else None
    if part is None:
        raise NotFound("cases.erased", item=id_text(row.id))
    return part


def open_item(item: bytes, *, context: Context, officer: str, purpose: str, justification: str = "") -> Part:
    """The content of one item for ``officer`` (a service number), logged as a consultation for ``purpose`` (a code).

    Raises NotFound ('cases.unknown-item', 'cases.erased'). Whether the officer may see it is the caller's question.
    """
    row = item_row(item)
    part = _content(row, context.keys)
    log_access(
        [
            Access(
                operation=Operation.CONSULTATION,
                officer=officer,
                thing=item,
                purpose=purpose,
                justification=justification,
                time_ms=context.clock(),
            )
        ],
        keys=context.keys,
    )
    return part


def item_faults(*, context: Context) -> Iterator[tuple[bytes, str]]:
    """Every item that is not as it should be, with the code of what is wrong: for the node's self-check.

    ``not-opened``: a live item whose content does not open; ``still-there``: an erased one whose content does;
    ``no-tombstone``: an erased one of which nobody knows who ordered it; ``unfinished``: an erasure that waits for its sweep.
    """
    last = b""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_FIELDS} FROM cases_item WHERE id > %s ORDER BY id LIMIT {_CHUNK}", (last,))
            rows = [_row(row) for row in cursor.fetchall()]
            if not rows:
                return
            marks = ", ".join(["%s"] * len(rows))
            cursor.execute(f"SELECT item, done_ms FROM cases_tombstone WHERE item IN ({marks})", [row.id for row in rows])
            ended = {bytes(item): done_ms for item, done_ms in cursor.fetchall()}
        last = rows[-1].id
        for row in rows:
            yield from ((row.id, fault) for fault in _faults(row, ended, context.keys))


def _faults(row: ItemRow, ended: dict[bytes, int | None], keys: KeyStore) -> Iterator[str]:
    if row.erased and row.id not in ended:
        yield "no-tombstone"
    elif row.erased and ended[row.id] is None:
        yield "unfinished"
    elif row.erased:
        try:
            _content(_live(row), keys)
        except Error:
            return
        yield "still-there"
    else:
        try:
            _content(row, keys)
        except Error:
            yield "not-opened"


def _live(row: ItemRow) -> ItemRow:
    """The row as if it were not erased, to try whether its content still opens."""
    values = {name: getattr(row, name) for name in ItemRow.__slots__}
    return ItemRow(**{**values, "erased": False})
