"""The key store on both databases: what it keeps opens in its place alone, and what it erased is nowhere any more."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import starmap

import pytest
from django.db import DatabaseError, connections, transaction
from django.test.utils import CaptureQueriesContext

from support import postgres
from support.node import SECRET, Node, Nodes
from tansiq.errors import Conflict, Error, NotFound, Refused
from tansiq.keystore.store import ERASED, SLOT, Contents, Kept, KeyStore, create_key_store, open_key_store
from tansiq.protocol.cbor import decode, encode

pytestmark = pytest.mark.storage

ONE, OTHER, THIRD = b"thing one.......", b"thing two.......", b"thing three....."
CASE, OTHER_CASE = b"case one........", b"case two........"
FIRST, SECOND, LAST = (bytes([number]) * 32 for number in (0xA1, 0xB2, 0xC3))
ON_FILES = "files can be searched for erased bytes only where the key store is SQLite"


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


@pytest.fixture
def keys(madrid: Node) -> KeyStore:
    return madrid.use().keys


def again() -> KeyStore:
    """The store as another process opens it: nothing remembered."""
    return open_key_store(SECRET)


def code_of(error: type[Error], act: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        act()
    return caught.value.code


def rows(sql: str, *values: bytes | str) -> list[tuple[object, ...]]:
    with connections["keys"].cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def change(sql: str, *values: bytes | str) -> None:
    with connections["keys"].cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount == 1


def wrapped(thing: bytes) -> bytes:
    [(blob,)] = rows("SELECT wrapped FROM keystore_content_keys WHERE thing = %s", thing)
    return bytes(blob)  # type: ignore[call-overload, no-any-return]


def sealed(identifier: bytes) -> bytes:
    [(blob,)] = rows("SELECT sealed FROM keystore_secret WHERE identifier = %s", identifier)
    return bytes(blob)  # type: ignore[call-overload, no-any-return]


def on_disk(madrid: Node) -> bytes:
    """Every byte of the key store's files, its log among them; skips where there are none."""
    if postgres.wanted():
        pytest.skip(ON_FILES)
    folder = madrid.home.key_database.parent
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{madrid.home.key_database.name}*")))


def everything() -> bytes:
    """Every value in every table of both databases."""
    found = []
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                for row in cursor.fetchall():
                    found += [
                        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row
                    ]
    return b"\n".join(found)


# ---------------------------------------------------------------------------------------------------- the root


@pytest.mark.parametrize("secret", [b"", SECRET[:-1], SECRET + b"\n", SECRET.upper()])
def test_another_unlock_secret_does_not_open(keys: KeyStore, secret: bytes) -> None:
    assert code_of(Refused, lambda: open_key_store(secret)) == "keystore.wrong-unlock"


def test_there_is_one_root(keys: KeyStore) -> None:
    assert code_of(Conflict, lambda: create_key_store(SECRET)) == "keystore.exists"
    change("DELETE FROM keystore_secret WHERE use = 'root'")
    assert code_of(NotFound, again) == "keystore.missing"
    create_key_store(b"another invented secret")
    assert code_of(Refused, again) == "keystore.wrong-unlock"


def test_nothing_that_opens_anything_lies_in_clear(madrid: Node, keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND))])
    assert keys.contents(ONE) == (FIRST, SECOND)
    context = madrid.context
    kept = everything()
    if not postgres.wanted():
        kept += on_disk(madrid) + madrid.home.main_database.read_bytes()
    private = [keys._root, SECRET, context.signer.private, context.own.secret, FIRST, SECOND]
    private += [opening.key.private for opening in context.opening.values()]
    private += [officer.signer.private for officer in madrid.officers.values()]
    private += keys._case_keys.values()
    assert len(private) > 12
    assert context.signer.identifier in kept  # the search finds what is there
    assert [len(one) for one in private if one in kept] == []


# ---------------------------------------------------------------------------------------------------- secrets


def test_secrets_come_back_by_use_and_owner(keys: KeyStore) -> None:
    for number, owner in ((1, "es.cgi/one"), (2, "es.cgi/two"), (3, "es.cgi/one")):
        keys.put_secret(identifier=bytes([number]) * 32, use="test", owner=owner, private=bytes([number]) * 64)
    assert [(identifier[0], owner, private[0]) for identifier, owner, private in again().secrets("test")] == [
        (1, "es.cgi/one", 1), (2, "es.cgi/two", 2), (3, "es.cgi/one", 3),
    ]  # fmt: skip
    assert [identifier[0] for identifier, *_ in keys.secrets("test", "es.cgi/one")] == [1, 3]
    keys.drop_secret(b"\x01" * 32)
    assert [identifier[0] for identifier, *_ in again().secrets("test", "es.cgi/one")] == [3]
    assert again().secrets("nothing of this use") == []


def test_a_secret_moved_to_another_place_does_not_open(keys: KeyStore) -> None:
    one, other = b"\x01" * 32, b"\x02" * 32
    for identifier in (one, other):
        keys.put_secret(identifier=identifier, use="test", owner="es.cgi", private=identifier)
    first, second = sealed(one), sealed(other)
    change("UPDATE keystore_secret SET sealed = %s WHERE identifier = %s", second, one)
    change("UPDATE keystore_secret SET sealed = %s WHERE identifier = %s", first, other)
    assert code_of(Refused, lambda: again().secrets("test")) == "keystore.damaged"
    change("UPDATE keystore_secret SET sealed = %s WHERE identifier = %s", first, one)
    change("UPDATE keystore_secret SET sealed = %s WHERE identifier = %s", second, other)
    assert len(again().secrets("test")) == 2
    change("UPDATE keystore_secret SET use = 'other' WHERE identifier = %s", one)
    assert code_of(Refused, lambda: again().secrets("other")) == "keystore.damaged"


# ---------------------------------------------------------------------------------------------------- content keys


def test_content_keys_are_kept_once_and_for_all(keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND)), Contents(OTHER, OTHER_CASE, (LAST,))])
    before = wrapped(ONE)
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND))])
    keys.put_contents([Contents(ONE, OTHER_CASE, (LAST,)), Contents(THIRD, CASE, ())])
    assert wrapped(ONE) == before
    for store in (keys, again()):
        assert store.contents(ONE) == (FIRST, SECOND)
        assert store.contents(OTHER) == (LAST,)
        assert store.contents(THIRD) == ()
        assert store.has_contents([ONE, b"nobody knows me.", THIRD]) == {ONE, THIRD}


def test_another_processes_case_key_holds(keys: KeyStore) -> None:
    other = again()
    other.put_contents([Contents(ONE, CASE, (FIRST,))])
    keys.put_contents([Contents(OTHER, CASE, (SECOND,))])
    assert [store.contents(thing) for store in (keys, other, again()) for thing in (ONE, OTHER)] == [
        (FIRST,),
        (SECOND,),
    ] * 3


def test_many_things_and_their_wraps_are_one_commit(keys: KeyStore) -> None:
    things = [Contents(os.urandom(16), os.urandom(16), (FIRST, SECOND)) for _ in range(1_100)]
    kept = [Kept(one.thing, "ma.dgst", 1, encode([b"wrap"])) for one in things]
    with CaptureQueriesContext(connections["keys"]) as captured:
        keys.put_contents(things, kept)
    assert [query["sql"] for query in captured if query["sql"] == "COMMIT"] == ["COMMIT"]
    assert keys.has_contents([one.thing for one in things]) == {one.thing for one in things}
    assert len(again().wraps([one.thing for one in things], "ma.dgst")) == 1_100


def test_what_fails_half_way_leaves_nothing(keys: KeyStore) -> None:
    with pytest.raises(DatabaseError):
        keys.put_contents([Contents(ONE, CASE, (FIRST,))], [Kept(ONE, "ma.dgst", 1, None)])  # type: ignore[arg-type]
    assert rows("SELECT 1 FROM keystore_case_key WHERE case_ref = %s", CASE) == []
    assert not keys.has_contents([ONE])
    keys.put_contents([Contents(ONE, CASE, (FIRST,))])
    assert again().contents(ONE) == (FIRST,)


def test_a_case_key_that_was_taken_back_is_not_remembered(keys: KeyStore) -> None:
    def taken_back() -> None:
        with transaction.atomic(using="keys"):
            keys.put_contents([Contents(ONE, CASE, (FIRST,))])
            assert keys.contents(ONE) == (FIRST,)
            raise LookupError

    with pytest.raises(LookupError):
        taken_back()
    assert not keys.has_contents([ONE])
    keys.put_contents([Contents(OTHER, CASE, (SECOND,))])
    assert again().contents(OTHER) == (SECOND,)


def test_keys_moved_to_a_thing_of_another_case_do_not_open(keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND)), Contents(OTHER, OTHER_CASE, (LAST, SECOND))])
    one, other = wrapped(ONE), wrapped(OTHER)
    change("UPDATE keystore_content_keys SET wrapped = %s WHERE thing = %s", other, ONE)
    change("UPDATE keystore_content_keys SET wrapped = %s WHERE thing = %s", one[:SLOT] + other[SLOT:], OTHER)
    for store in (keys, again()):
        for thing in (ONE, OTHER):
            assert code_of(Refused, lambda store=store, thing=thing: store.contents(thing)) == "keystore.damaged"  # type: ignore[misc]


@pytest.mark.parametrize("blob", [b"\x01" * SLOT, b"\x01" * (SLOT - 1), b"", b"\x01" * 24])
def test_a_damaged_case_key_is_told(keys: KeyStore, blob: bytes) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST,))])
    change("UPDATE keystore_case_key SET wrapped = %s WHERE case_ref = %s", blob, CASE)
    assert code_of(Refused, lambda: again().contents(ONE)) == "keystore.damaged"


def test_a_cut_slot_is_told(keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND))])
    change("UPDATE keystore_content_keys SET wrapped = %s WHERE thing = %s", wrapped(ONE)[:-1], ONE)
    assert code_of(Refused, lambda: again().contents(ONE)) == "keystore.damaged"


def test_without_its_case_nothing_opens(keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST,))])
    change("DELETE FROM keystore_case_key WHERE case_ref = %s", CASE)
    assert code_of(NotFound, lambda: again().contents(ONE)) == "keystore.no-case"


# ---------------------------------------------------------------------------------------------------- erasing


def test_erasing_one_place_leaves_the_others(keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND, LAST)), Contents(OTHER, CASE, (FIRST,))])
    before = wrapped(ONE)
    for _ in range(2):  # again, it changes nothing
        keys.erase(ONE, place=1)
        assert wrapped(ONE) == before[:SLOT] + ERASED + before[2 * SLOT :]
        assert again().contents(ONE) == (FIRST, None, LAST)
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND, LAST))])
    assert keys.contents(ONE) == (FIRST, None, LAST)
    assert keys.contents(OTHER) == (FIRST,)


def test_erasing_a_thing_removes_it(keys: KeyStore) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND)), Contents(OTHER, CASE, (FIRST,))])
    for _ in range(2):
        keys.erase(ONE)
        assert code_of(NotFound, lambda: keys.contents(ONE)) == "keystore.no-contents"
    assert keys.has_contents([ONE, OTHER]) == {OTHER}


@pytest.mark.parametrize(("thing", "place"), [(OTHER, 0), (ONE, 2), (ONE, 1 << 40), (ONE, -1), (ONE, -2)])
def test_a_place_that_is_not_there_can_not_be_erased(keys: KeyStore, thing: bytes, place: int) -> None:
    keys.put_contents([Contents(ONE, CASE, (FIRST, SECOND))])
    before = wrapped(ONE)
    assert code_of(Conflict, lambda: keys.erase(thing, place=place)) == "keystore.no-place"
    assert wrapped(ONE) == before


@pytest.mark.parametrize("place", [None, 0, 1])
def test_erased_bytes_are_in_no_file(madrid: Node, keys: KeyStore, place: int | None) -> None:
    filling = [Contents(os.urandom(16), CASE, (os.urandom(32),)) for _ in range(200)]
    keys.put_contents([*filling[:100], Contents(ONE, CASE, (FIRST, SECOND)), *filling[100:]])
    slots = [wrapped(ONE)[:SLOT], wrapped(ONE)[SLOT:]]
    before = on_disk(madrid)
    assert all(slot in before for slot in slots)
    keys.erase(ONE, place=place)
    after = on_disk(madrid)
    assert [slot in after for slot in slots] == [place not in {None, at} for at in range(2)]
    assert wrapped(filling[-1].thing) in after


def test_dropped_secrets_and_wraps_are_in_no_file(madrid: Node, keys: KeyStore) -> None:
    wraps = encode([os.urandom(100)])
    keys.put_secret(identifier=b"\x01" * 32, use="test", owner="es.cgi", private=FIRST)
    keys.keep_wraps([Kept(ONE, "ma.dgst", 1, wraps), Kept(OTHER, "ma.dgst", 1, encode([b"stays"]))])
    secret = sealed(b"\x01" * 32)
    before = on_disk(madrid)
    assert secret in before
    assert wraps in before
    keys.drop_secret(b"\x01" * 32)
    assert secret not in on_disk(madrid)
    keys.drop_wraps([ONE], "ma.dgst")
    after = on_disk(madrid)
    assert wraps not in after
    assert encode([b"stays"]) in after


# ---------------------------------------------------------------------------------------------------- wraps


def test_wraps_are_kept_per_hop_and_only_grow(keys: KeyStore) -> None:
    keys.keep_wraps([Kept(ONE, "ma.dgst", 1, encode([b"a", b"b"])), Kept(ONE, "fr.dgsi", 1, encode([b"f"]))])
    keys.keep_wraps([Kept(ONE, "ma.dgst", 2, encode([b"b", b"c"])), Kept(OTHER, "ma.dgst", 2, encode([b"o"]))])
    keys.keep_wraps([])
    assert [decode(keys.wraps([ONE], peer)[ONE]) for peer in ("ma.dgst", "fr.dgsi")] == [[b"a", b"b", b"c"], [b"f"]]
    assert keys.wraps([ONE, OTHER, THIRD], "ma.dgst") == {ONE: encode([b"a", b"b", b"c"]), OTHER: encode([b"o"])}
    assert rows("SELECT kept_ms FROM keystore_kept_wraps WHERE statement = %s AND peer = 'ma.dgst'", ONE) == [(1,)]
    assert keys.wraps([], "ma.dgst") == keys.wraps([ONE], "xx.other") == {}


def test_wraps_are_dropped_for_one_peer_or_for_all(keys: KeyStore) -> None:
    kept = list(
        starmap(Kept, [(thing, peer, 1, encode([b"w"])) for thing in (ONE, OTHER) for peer in ("ma.dgst", "fr.dgsi")])
    )
    keys.keep_wraps(kept)
    keys.drop_wraps([], "ma.dgst")
    keys.drop_wraps([])
    assert len(rows("SELECT 1 FROM keystore_kept_wraps")) == 4
    keys.drop_wraps([ONE], "ma.dgst")
    assert not keys.wraps([ONE], "ma.dgst")
    assert set(keys.wraps([ONE, OTHER], "fr.dgsi")) == {ONE, OTHER}
    keys.drop_wraps([ONE])
    assert not keys.wraps([ONE], "fr.dgsi")
    assert set(keys.wraps([ONE, OTHER], "ma.dgst")) == {OTHER}


# ---------------------------------------------------------------------------------------------------- the database


def test_sqlite_waits_for_the_disk_and_overwrites_what_is_deleted(madrid: Node) -> None:
    if postgres.wanted():
        pytest.skip("pragmas are SQLite's; a PostgreSQL server is set by whoever runs it")
    wanted = {"journal_mode": "wal", "synchronous": 2, "page_size": 8_192}
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            for pragma, value in wanted.items():
                assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (value,), (alias, pragma)
    with connections["keys"].cursor() as cursor:
        assert cursor.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_the_key_stores_tables_lie_apart(madrid: Node) -> None:
    for alias, here in (("default", False), ("keys", True)):
        with connections[alias].cursor() as cursor:
            tables = set(connections[alias].introspection.table_names(cursor)) - {"django_migrations"}
        assert tables
        assert {name.startswith("keystore_") for name in tables} == {here}
