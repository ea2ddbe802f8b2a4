"""Sealing: one key, one place; whatever is altered, cut or moved stays shut."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import Refused
from tansiq.keystore.sealing import OFFICER_COST, ROOT_COST, Cost, derive, seal, unseal

KEY = bytes(range(32))
PLACE = b"node.sign" + bytes(32)
CHEAP = Cost(1, 1, 64)
SALT = b"sixteen bytes ok"


def opened(sealed: bytes, *, key: bytes = KEY, bound_to: bytes = PLACE) -> bytes:
    return unseal(sealed, key=key, bound_to=bound_to, code="keystore.damaged")


def shut(sealed: bytes, *, key: bytes = KEY, bound_to: bytes = PLACE) -> None:
    with pytest.raises(Refused) as caught:
        opened(sealed, key=key, bound_to=bound_to)
    assert caught.value.code == "keystore.damaged"


@given(st.binary(max_size=300), st.binary(max_size=64))
def test_what_is_sealed_opens_in_its_place(plain: bytes, place: bytes) -> None:
    assert opened(seal(plain, key=KEY, bound_to=place), bound_to=place) == plain


@given(st.binary(min_size=1, max_size=64), st.data())
def test_a_changed_bit_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(plain, key=KEY, bound_to=PLACE))
    at = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[at // 8] ^= 1 << at % 8
    shut(bytes(sealed))


@given(st.integers(0, 59))
def test_what_was_cut_off_is_noticed(length: int) -> None:
    sealed = seal(bytes(32), key=KEY, bound_to=PLACE)
    assert len(sealed) == 60
    shut(sealed[:length])


def test_another_key_or_place_does_not_open() -> None:
    sealed = seal(b"invented", key=KEY, bound_to=PLACE)
    shut(sealed, key=os.urandom(32))
    shut(sealed, bound_to=b"node.seal" + bytes(32))
    shut(sealed, bound_to=b"node.sign" + bytes(31) + b"\x01")
    shut(sealed, bound_to=b"")


def test_the_same_sealed_twice_looks_different() -> None:
    assert len({seal(b"invented", key=KEY, bound_to=PLACE) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("secret", "salt", "cost"),
    [
        (b"other", SALT, CHEAP),
        (b"secret", b"another salt ok.", CHEAP),
        (b"secret", SALT, Cost(2, 1, 64)),
        (b"secret", SALT, Cost(1, 1, 72)),
    ],
    ids=["secret", "salt", "passes", "memory"],
)
def test_everything_that_goes_in_changes_the_derived_key(secret: bytes, salt: bytes, cost: Cost) -> None:
    key = derive(b"secret", salt=SALT, cost=CHEAP)
    assert len(key) == 32
    assert derive(b"secret", salt=SALT, cost=CHEAP) == key
    assert derive(secret, salt=salt, cost=cost) != key


def test_a_cost_is_written_and_read() -> None:
    for cost in (ROOT_COST, OFFICER_COST, CHEAP):
        assert Cost.parse(str(cost)) == cost


def test_guessing_stays_expensive() -> None:
    """What OWASP recommends as the least for Argon2id; a passphrase costs more than a key file."""
    assert (ROOT_COST.passes, ROOT_COST.memory_kib) >= (2, 19_456)
    assert OFFICER_COST.passes >= 3
    assert OFFICER_COST.memory_kib >= 65_536
