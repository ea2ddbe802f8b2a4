"""Officers' keys: they open with their owner's passphrase, each in its own place, and for nobody else."""

from __future__ import annotations

import pytest
from django.db import connections

from support.node import PASSPHRASE, Nodes
from tansiq.errors import NotFound, Refused
from tansiq.keystore.officers import MIN_PASSPHRASE, OfficerKey, has_officer, open_officer_keys, put_officer_keys

pytestmark = pytest.mark.storage

OFFICER = "ES-9009"
KEYS = [
    OfficerKey(b"\x01" * 32, "officer.sign", b"\x11" * 32),
    OfficerKey(b"\x02" * 32, "officer.seal", b"\x22" * 96),
    OfficerKey(b"\x03" * 32, "officer.seal", b"\x33" * 96),
]


def refused(passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(Refused) as caught:
        open_officer_keys(OFFICER, passphrase)
    return caught.value.code


def change(sql: str, *values: bytes | str) -> None:
    with connections["keys"].cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount > 0


def rows() -> list[tuple[bytes, ...]]:
    with connections["keys"].cursor() as cursor:
        cursor.execute(
            "SELECT identifier, salt, sealed FROM keystore_officer_secret WHERE officer = %s ORDER BY identifier",
            [OFFICER],
        )
        return [tuple(bytes(value) for value in row) for row in cursor.fetchall()]


def test_the_passphrase_opens_and_nothing_else_does(node: Nodes) -> None:
    node("es.cgi")
    put_officer_keys(OFFICER, KEYS, PASSPHRASE)
    assert open_officer_keys(OFFICER, PASSPHRASE) == KEYS
    for wrong in (PASSPHRASE + " ", PASSPHRASE.upper(), ""):
        assert refused(wrong) == "keystore.wrong-passphrase"


def test_a_short_passphrase_is_refused_and_nothing_is_kept(node: Nodes) -> None:
    node("es.cgi")
    with pytest.raises(Refused) as caught:
        put_officer_keys(OFFICER, KEYS, "x" * (MIN_PASSPHRASE - 1))
    assert caught.value.code == "keystore.short-passphrase"
    assert not has_officer(OFFICER)
    put_officer_keys(OFFICER, KEYS[:1], "x" * MIN_PASSPHRASE)
    assert has_officer(OFFICER)


def test_an_officer_who_is_not_here(node: Nodes) -> None:
    node("es.cgi")
    assert has_officer("ES-4017")
    assert not has_officer(OFFICER)
    with pytest.raises(NotFound) as caught:
        open_officer_keys(OFFICER, PASSPHRASE)
    assert caught.value.code == "keystore.no-officer"


def test_a_key_moved_to_the_place_of_another_does_not_open(node: Nodes) -> None:
    node("es.cgi")
    put_officer_keys(OFFICER, KEYS, PASSPHRASE)
    (_, _, first), (_, _, second), (_, _, third) = rows()
    change("UPDATE keystore_officer_secret SET sealed = %s WHERE identifier = %s", third, KEYS[1].identifier)
    change("UPDATE keystore_officer_secret SET sealed = %s WHERE identifier = %s", second, KEYS[2].identifier)
    assert refused() == "keystore.wrong-passphrase"
    change("UPDATE keystore_officer_secret SET sealed = %s WHERE identifier = %s", second, KEYS[1].identifier)
    change("UPDATE keystore_officer_secret SET sealed = %s WHERE identifier = %s", third, KEYS[2].identifier)
    assert open_officer_keys(OFFICER, PASSPHRASE) == KEYS
    change("UPDATE keystore_officer_secret SET use = 'officer.seal' WHERE sealed = %s", first)
    assert refused() == "keystore.wrong-passphrase"


def test_neither_keys_nor_passphrase_lie_in_clear(node: Nodes) -> None:
    node("es.cgi")
    put_officer_keys(OFFICER, KEYS, PASSPHRASE)
    kept = b"".join(b"".join(row) for row in rows())
    assert all(key.identifier in kept for key in KEYS)
    assert PASSPHRASE.encode() not in kept
    assert not any(key.private[:16] in kept for key in KEYS)
    assert len({row[1] for row in rows()}) == 1
    put_officer_keys("ES-9010", [OfficerKey(b"\x04" * 32, "officer.sign", b"\x11" * 32)], PASSPHRASE)
    with connections["keys"].cursor() as cursor:
        cursor.execute("SELECT COUNT(DISTINCT salt), COUNT(DISTINCT officer) FROM keystore_officer_secret")
        salts, officers = cursor.fetchone()
    assert salts == officers  # the same passphrase of two officers gives two keys
