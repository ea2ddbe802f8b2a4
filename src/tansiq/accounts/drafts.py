"""What somebody has begun to write, kept while it is written: it outlives the session, a restart, and a second window.

Invariant: a draft lies sealed under a key of its own; nobody but its owner asks for it. A version that is older than what is kept changes
nothing, so two windows never write over each other in silence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction

from tansiq.accounts.opened import Opened, opened
from tansiq.accounts.sealed import new_thing, open_value, seal_value
from tansiq.errors import Conflict, TooMuch

__all__ = ["Kept", "drop_draft", "list_drafts", "load_draft", "save_draft", "sweep_drafts"]

_MOST: Final = 1 << 20
_COLUMNS: Final = "form, about, version, saved_ms, thing, sealed"


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft: for which form, about what ('' for something new), its version, when it was saved (UTC ms), and what it says."""

    form: str
    about: str
    version: int
    saved_ms: int
    content: dict[str, Any] = field(repr=False)


def _rows(where: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM accounts_draft WHERE {where}", values)
        return list(cursor.fetchall())


def _one(number: str, form: str, about: str) -> tuple[Any, ...] | None:
    return next(iter(_rows("number = %s AND form = %s AND about = %s", (number, form, about))), None)


def _opened(row: tuple[Any, ...], node: Opened) -> Kept | None:
    plain = open_value(bytes(row[5]), bytes(row[4]), keys=node.keys)
    return None if plain is None else Kept(row[0], row[1], row[2], row[3], json.loads(plain))


def save_draft(
    number: str, form: str, about: str, content: dict[str, Any], *, version: int, node: Opened | None = None
) -> int:
    """Keeps what ``number`` has written so far and returns its version; ``version`` is that which was loaded, 0 for a new one.

    ``content`` is anything fit for JSON. Raises Conflict when somebody (another window) saved another version meanwhile, and
    TooMuch beyond a million bytes.
    """
    at = node or opened()
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if len(plain) > _MOST:
        raise TooMuch("accounts.draft-too-long", most=_MOST // 1024)
    row = _one(number, form, about)
    kept = row[2] if row is not None else 0
    if kept != version:
        raise Conflict("accounts.draft-changed", version=kept)
    thing = bytes(row[4]) if row is not None and at.keys.has_contents([bytes(row[4])]) else b""
    made = b"" if thing else new_thing(keys=at.keys, now_ms=at.clock())
    sealed = seal_value(plain, thing or made, keys=at.keys)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_draft (number, form, about, version, saved_ms, thing, sealed) VALUES (%s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (number, form, about) DO UPDATE SET version = excluded.version, saved_ms = excluded.saved_ms, "
            "thing = excluded.thing, sealed = excluded.sealed WHERE accounts_draft.version = %s",
            (number, form, about, version + 1, at.clock(), thing or made, sealed, version),
        )
        changed = cursor.rowcount
    if not changed:
        if made:
            at.keys.erase(made)
        raise Conflict("accounts.draft-changed", version=version + 1)
    return version + 1


def load_draft(number: str, form: str, about: str = "", *, node: Opened | None = None) -> Kept | None:
    """The draft of ``number`` for this form about this thing; None when there is none, or its key is gone."""
    row = _one(number, form, about)
    return None if row is None else _opened(row, node or opened())


def list_drafts(number: str, form: str = "", *, node: Opened | None = None) -> list[Kept]:
    """The drafts of ``number``, the latest first; of one form or of all."""
    where, values = ("number = %s AND form = %s", [number, form]) if form else ("number = %s", [number])
    found = [_opened(row, node or opened()) for row in _rows(f"{where} ORDER BY saved_ms DESC", values)]
    return [kept for kept in found if kept is not None]


def drop_draft(number: str, form: str, about: str = "", *, node: Opened | None = None) -> bool:
    """Forgets a draft for ever; whether there was one."""
    row = _one(number, form, about)
    if row is None:
        return False
    _drop([bytes(row[4])], node or opened())
    return True


def _drop(things: Sequence[bytes], node: Opened) -> None:
    for thing in things:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_draft WHERE thing = %s", (thing,))
        node.keys.erase(thing)


def sweep_drafts(*, node: Opened, limit: int = 200) -> int:
    """Forgets drafts that nobody touched for longer than the node keeps them; returns how many."""
    old = _rows("saved_ms < %s ORDER BY saved_ms LIMIT %s", (node.clock() - node.draft_ms, limit))
    _drop([bytes(row[4]) for row in old], node)
    return len(old)
