"""One piece of content: hidden, committed to, provable to a third party."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import seeded
from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import DOCKET_PLACE, KEY_SIZE, conceal, reveal, verify_opening
from tansiq.protocol.cose import encrypt0
from tansiq.protocol.padding import pad, padded_length

STATEMENT = seeded("statement", 16)


@given(st.binary(max_size=500), st.sampled_from([DOCKET_PLACE, 0, 1, 255]))
def test_what_is_concealed_is_revealed_with_its_key_alone(content: bytes, place: int) -> None:
    hidden = conceal(content, statement_id=STATEMENT, place=place)
    revealed, opening = reveal(
        hidden.ciphertext, key=hidden.key, statement_id=STATEMENT, place=place, commitment=hidden.commitment
    )
    assert revealed == content
    assert hidden.digest == hashlib.sha256(hidden.ciphertext).digest()
    # A stranger needs the opening and the signed commitment, no key.
    assert hashlib.sha256(opening).digest() == hidden.commitment
    assert verify_opening(opening, commitment=hidden.commitment) == content


def test_the_same_content_twice_shows_nothing_in_common() -> None:
    one, other = (conceal(b"Larbi", statement_id=STATEMENT, place=0) for _ in range(2))
    assert one.commitment != other.commitment
    assert one.key != other.key
    assert one.ciphertext != other.ciphertext
    assert len(one.key) == KEY_SIZE


def test_a_ciphertext_shows_the_padded_length_only() -> None:
    lengths = {len(conceal(bytes(size), statement_id=STATEMENT, place=0).ciphertext) for size in range(1000, 1020)}
    assert len(lengths) <= 2
    overhead = len(encrypt0(b"", key=bytes(32), external=b""))
    opened = 1 + 34 + 3 + 1000  # array, salt, content with its head
    shown = conceal(bytes(1000), statement_id=STATEMENT, place=0).ciphertext
    assert 0 <= len(shown) - overhead - padded_length(opened + 1) <= 2  # the head of a longer byte string


@pytest.mark.parametrize(
    ("statement_id", "place"), [(STATEMENT, 1), (STATEMENT, DOCKET_PLACE), (seeded("another", 16), 0)]
)
def test_a_content_opens_in_its_place_only(statement_id: bytes, place: int) -> None:
    hidden = conceal(b"content", statement_id=STATEMENT, place=0)
    with pytest.raises(NotProven) as caught:
        reveal(hidden.ciphertext, key=hidden.key, statement_id=statement_id, place=place, commitment=hidden.commitment)
    assert caught.value.code == "protocol.not-opened"


def test_a_content_that_is_not_the_committed_one_is_refused() -> None:
    hidden, other = (conceal(content, statement_id=STATEMENT, place=0) for content in (b"yes", b"no"))
    with pytest.raises(NotProven) as caught:
        reveal(hidden.ciphertext, key=hidden.key, statement_id=STATEMENT, place=0, commitment=other.commitment)
    assert caught.value.code == "protocol.other-commitment"


@pytest.mark.parametrize(
    "opening",
    [
        encode([seeded("salt"), b"x", b"y"]),
        encode([seeded("salt", 31), b"x"]),
        encode(["s" * 32, b"x"]),
        encode([seeded("salt"), "text"]),
        encode({0: seeded("salt"), 1: b"x"}),
        encode(seeded("salt")),
        b"\x82\x58\x20" + seeded("salt") + b"\x58\x01x",
        b"",
    ],
    ids=["three", "short salt", "salt of text", "text", "map", "no pair", "not shortest", "nothing"],
)
def test_a_commitment_to_what_is_no_opening_opens_to_nothing(opening: bytes) -> None:
    """A hostile sender commits to something that two readers could read differently: both refuse it."""
    key = seeded("key")
    ciphertext = encrypt0(pad(opening), key=key, external=encode([STATEMENT, 0]))
    with pytest.raises(BadInput):
        reveal(ciphertext, key=key, statement_id=STATEMENT, place=0, commitment=hashlib.sha256(opening).digest())


def test_a_content_that_is_padded_otherwise_is_refused() -> None:
    key, opening = seeded("key"), encode([seeded("salt"), b"x"])
    ciphertext = encrypt0(opening + b"\x80" + bytes(500), key=key, external=encode([STATEMENT, 0]))
    with pytest.raises(BadInput) as caught:
        reveal(ciphertext, key=key, statement_id=STATEMENT, place=0, commitment=hashlib.sha256(opening).digest())
    assert caught.value.code == "padding.wrong"
