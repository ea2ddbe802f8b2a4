"""Translations: of a text that travelled, in another language, beside its original, by an officer who is named.

Invariant: a translation is an item of its own, kept under its own key; the row here says which text it is of, in codes.
The original is never changed; when it ends, its translations end. What travels with a statement is one of its parts; what
is made here later stays here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from tansiq.cases.items import NewItem, Whence, plain_item
from tansiq.cases.queries import ItemRow
from tansiq.cases.services import add_items, insert_item
from tansiq.cases.sql import chunks, insert, marks
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Contents
from tansiq.policy.correspondence import Translation
from tansiq.protocol.concealment import conceal
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.parts import Part

__all__ = ["KIND", "Kept", "end_translations", "kept_translations", "store_own", "translation_items",
           "translations_kept"]  # fmt: skip

KIND = "translation"
_maker = IdMaker()
_COLUMNS = ("item", "statement", "part", "field", "language", "officer", "at_ms")
_ADD = insert("enquiries_translation", _COLUMNS, "ON CONFLICT DO NOTHING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A translation that is kept here: its item, which text it is of, its language, who made it, and since when."""

    item: bytes
    statement: bytes
    part: int
    field: str
    language: str
    officer: str
    at_ms: int


def translation_items(translations: Sequence[Translation], whence: Whence, *, first: int) -> list[NewItem]:
    """The items of translations that are parts of the statement that ``whence`` names, from place ``first`` on."""
    return [plain_item(replace(whence, place=first + at), KIND) for at in range(len(translations))]


def translations_kept(translations: Sequence[Translation], items: Sequence[NewItem], *, context: Context) -> None:
    """Stores ``items`` and of which texts they are translations, in the caller's transaction."""
    add_items(items, context=context)
    places = [(new.statement, new.place) for new in items]
    with connection.cursor() as cursor:
        found = {}
        for statement, place in places:
            cursor.execute("SELECT id FROM cases_item WHERE statement = %s AND place = %s", (statement, place))
            found[statement, place] = bytes(cursor.fetchone()[0])
        cursor.executemany(
            _ADD,
            [
                (
                    found[new.statement, new.place], new.statement, one.part, one.field, one.text.language,
                    one.translator, new.received_ms,
                )
                for one, new in zip(translations, items, strict=True)
            ],
        )  # fmt: skip


def store_own(translation: Translation, whence: Whence, *, context: Context, officer: str) -> bytes:
    """Keeps a translation that ``officer`` made here of a text in ``whence``'s statement; returns its item's id."""
    now_ms = context.clock()
    made = _maker.make(now_ms)
    concealed = conceal(Part(KIND, dict(translation.to_plain())).to_bytes(), statement_id=made, place=0)
    context.keys.put_contents([Contents(made, whence.case, (concealed.key,))])
    new = replace(plain_item(whence, KIND), statement=b"", place=0)
    access = Access(operation=Operation.ALTERATION, officer=officer, thing=made, purpose=whence.purpose, time_ms=now_ms)
    with transaction.atomic():
        log_access([access], keys=context.keys)
        insert_item(new, made, concealed, now_ms=now_ms)
        with connection.cursor() as cursor:
            cursor.execute(
                _ADD,
                (
                    made, whence.statement, translation.part, translation.field, translation.text.language, officer,
                    now_ms,
                ),
            )  # fmt: skip
    return made


def kept_translations(statements: Sequence[bytes]) -> Mapping[bytes, list[Kept]]:
    """The translations of texts in ``statements``, by statement, the oldest first."""
    found: dict[bytes, list[Kept]] = {}
    for chunk in chunks(statements):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM enquiries_translation WHERE statement IN ({marks(chunk)}) ORDER BY item",
                chunk,
            )
            for item, statement, *rest in cursor.fetchall():
                kept = dict(zip(_COLUMNS, (bytes(item), bytes(statement), *rest), strict=True))
                found.setdefault(kept["statement"], []).append(Kept(**kept))
    return found


def end_translations(items: Sequence[ItemRow]) -> None:
    """When originals end, their translations are due for erasure at once; in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE cases_item SET erase_ms = 0 WHERE id IN "
            "(SELECT item FROM enquiries_translation WHERE statement = %s AND part = %s)",
            [(item.statement, item.place) for item in items if item.statement is not None],
        )
