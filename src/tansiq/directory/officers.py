"""The names of our own officers: concealed at rest, for those who work at this node; partners see service numbers alone.

Invariant: a name stands in the database as ciphertext under a key of its own in the key store; erasing the key erases the name everywhere.
"""

from __future__ import annotations

from django.db import connection, transaction

from tansiq.errors import BadInput, Error
from tansiq.keystore.store import Contents, KeyStore
from tansiq.protocol.concealment import conceal, reveal
from tansiq.protocol.ids import new_id

__all__ = ["name_officer", "officer_name", "officer_names"]

_CASE = b"officers' names\0"
_LONGEST = 200


def name_officer(number: str, name: str, *, keys: KeyStore, now_ms: int) -> None:
    """Keeps the name of the officer with this service number; a later one takes its place. Raises BadInput."""
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise BadInput("directory.wrong-name", officer=number, most=_LONGEST)
    thing = new_id(now_ms)
    concealed = conceal(name.strip().encode(), statement_id=thing, place=0)
    keys.put_contents([Contents(thing, _CASE, (concealed.key,))])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT thing FROM directory_officer_name WHERE number = %s", (number,))
        before = cursor.fetchone()
        cursor.execute(
            "INSERT INTO directory_officer_name (number, thing, commitment, concealed) VALUES (%s, %s, %s, %s) ON CONFLICT (number) "
            "DO UPDATE SET thing = excluded.thing, commitment = excluded.commitment, concealed = excluded.concealed",
            (number, thing, concealed.commitment, concealed.ciphertext),
        )
    if before is not None:
        keys.erase(bytes(before[0]))


def officer_names(*, keys: KeyStore) -> dict[str, str]:
    """The names that are kept, by service number; one whose key is gone is left out."""
    return _opened("", (), keys)


def officer_name(number: str, *, keys: KeyStore) -> str:
    """The name of one officer; '' when it is not kept, or its key is gone."""
    return _opened("WHERE number = %s", (number,), keys).get(number, "")


def _opened(where: str, values: tuple[str, ...], keys: KeyStore) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT number, thing, commitment, concealed FROM directory_officer_name {where} ORDER BY number", values
        )
        rows = cursor.fetchall()
    found = {}
    for number, thing, commitment, concealed in rows:
        try:
            key = keys.contents(bytes(thing))[0]
            if key is None:
                continue
            content, _ = reveal(
                bytes(concealed), key=key, statement_id=bytes(thing), place=0, commitment=bytes(commitment)
            )
        except Error:
            continue
        found[number] = content.decode()
    return found
