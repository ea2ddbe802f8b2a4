"""Officers' keys, sealed under their owner's passphrase.

Invariant: the passphrase is stored nowhere; a key is open only in the memory of the act that asked for it. So the machine's operator is
nobody's officer, and what is sealed to an officer's own reading key opens for nobody who has disk, backups or an administrator's account.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from django.db import connections, transaction

from tansiq.errors import NotFound, Refused
from tansiq.keystore.router import ALIAS
from tansiq.keystore.sealing import OFFICER_COST, Cost, derive, seal, unseal

__all__ = [
    "MIN_PASSPHRASE", "OfficerKey", "aside", "drop_officer_keys", "has_officer", "open_officer_keys", "put_officer_keys", "reseal_officer_keys",
    "set_keys_aside",
]  # fmt: skip

MIN_PASSPHRASE = 12


@dataclass(frozen=True, slots=True)
class OfficerKey:
    """One private key of an officer: its identifier, its use as in the directory, its bytes."""

    identifier: bytes
    use: str
    private: bytes


def put_officer_keys(officer: str, keys: list[OfficerKey], passphrase: str) -> None:
    """Seals ``keys`` under the officer's ``passphrase``. Raises Refused when it is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise Refused("keystore.short-passphrase", least=MIN_PASSPHRASE)
    rows = _sealed(officer, keys, passphrase)
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO keystore_officer_secret (identifier, officer, use, salt, cost, sealed) VALUES (%s, %s, %s, %s, %s, %s)",
            rows,
        )


def _sealed(officer: str, keys: list[OfficerKey], passphrase: str) -> list[tuple[bytes, str, str, bytes, str, bytes]]:
    """The rows of ``keys`` under a fresh salt."""
    salt = os.urandom(16)
    key = derive(passphrase.encode(), salt=salt, cost=OFFICER_COST)
    return [
        (
            one.identifier,
            officer,
            one.use,
            salt,
            str(OFFICER_COST),
            seal(one.private, key=key, bound_to=one.use.encode() + one.identifier),
        )
        for one in keys
    ]


def reseal_officer_keys(officer: str, old: str, new: str) -> None:
    """Seals the officer's keys under a new passphrase, all in one commit. Raises NotFound and Refused as opening and putting do."""
    keys = open_officer_keys(officer, old)
    if len(new) < MIN_PASSPHRASE:
        raise Refused("keystore.short-passphrase", least=MIN_PASSPHRASE)
    rows = _sealed(officer, keys, new)
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.executemany(
            "UPDATE keystore_officer_secret SET salt = %s, cost = %s, sealed = %s WHERE identifier = %s AND officer = %s",
            [(row[3], row[4], row[5], row[0], row[1]) for row in rows],
        )
    _compact()


def set_keys_aside(officer: str) -> None:
    """Keeps an officer's keys where the officer's passphrase no longer finds them, until somebody erases them (`aside`)."""
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.execute("UPDATE keystore_officer_secret SET officer = %s WHERE officer = %s", (aside(officer), officer))


def aside(officer: str) -> str:
    """Under which name keys lie that were set aside."""
    return f"{officer}~"


def drop_officer_keys(officer: str) -> None:
    """Erases an officer's keys for ever."""
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.execute("DELETE FROM keystore_officer_secret WHERE officer = %s", (officer,))
    _compact()


def _compact() -> None:
    """Folds SQLite's log into the database, so that no page with what was replaced stays in the log."""
    if connections[ALIAS].vendor == "sqlite" and not connections[ALIAS].in_atomic_block:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def has_officer(officer: str) -> bool:
    """Whether keys of this officer are kept here."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1 FROM keystore_officer_secret WHERE officer = %s LIMIT 1", (officer,))
        return cursor.fetchone() is not None


def open_officer_keys(officer: str, passphrase: str) -> list[OfficerKey]:
    """The officer's private keys. Raises NotFound (no such officer here) or Refused (another passphrase)."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT identifier, use, salt, cost, sealed FROM keystore_officer_secret WHERE officer = %s ORDER BY identifier",
            (officer,),
        )
        rows = cursor.fetchall()
    if not rows:
        raise NotFound("keystore.no-officer", officer=officer)
    derived: dict[bytes, bytes] = {}
    keys = []
    for identifier, use, salted, cost, sealed in rows:
        salt = bytes(salted)
        if salt not in derived:
            derived[salt] = derive(passphrase.encode(), salt=salt, cost=Cost.parse(cost))
        private = unseal(
            bytes(sealed),
            key=derived[salt],
            bound_to=use.encode() + bytes(identifier),
            code="keystore.wrong-passphrase",
        )
        keys.append(OfficerKey(bytes(identifier), use, private))
    return keys
