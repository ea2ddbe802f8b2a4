"""Where to notify somebody outside the system: an address that its owner set, sealed at rest.

Invariant: it opens with a key of its own in the key store, is never shown to anybody but its owner, and what is sent there carries no content.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from tansiq.accounts.opened import Opened, opened
from tansiq.accounts.sealed import new_thing, open_value, seal_value
from tansiq.errors import BadInput

__all__ = ["contact_of", "set_contact"]

_LONGEST: Final = 254


def _row(number: str) -> tuple[bytes, bytes] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing, sealed FROM accounts_contact WHERE number = %s", (number,))
        row = cursor.fetchone()
    return None if row is None else (bytes(row[0]), bytes(row[1]))


def _is_address(plain: str) -> bool:
    name, _, host = plain.partition("@")
    whole = bool(name and host) and "@" not in host and plain.isprintable() and " " not in plain
    return whole and len(plain) <= _LONGEST


def set_contact(number: str, address: str, *, node: Opened | None = None) -> None:
    """Keeps where to notify ``number``; '' forgets it. Raises BadInput for what is no address."""
    at = node or opened()
    plain = address.strip()
    if plain and not _is_address(plain):
        raise BadInput("accounts.wrong-contact")
    before = _row(number)
    made = new_thing(keys=at.keys, now_ms=at.clock()) if plain else b""
    with transaction.atomic(), connection.cursor() as cursor:
        if plain:
            cursor.execute(
                "INSERT INTO accounts_contact (number, thing, sealed) VALUES (%s, %s, %s) "
                "ON CONFLICT (number) DO UPDATE SET thing = excluded.thing, sealed = excluded.sealed",
                (number, made, seal_value(plain, made, keys=at.keys)),
            )
        else:
            cursor.execute("DELETE FROM accounts_contact WHERE number = %s", (number,))
    if before is not None:
        at.keys.erase(before[0])


def contact_of(number: str, *, node: Opened | None = None) -> str:
    """Where to notify ``number``; '' when nothing is known."""
    kept = _row(number)
    return "" if kept is None else str(open_value(kept[1], kept[0], keys=(node or opened()).keys) or "")
