"""Wraps open for one reader and one statement, and carry what that reader may have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st

from peer import seeded
from tansiq.errors import BadInput, Error, NotFound, NotProven
from tansiq.protocol import wraps
from tansiq.protocol.cbor import encode
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.wraps import (
    SUITE_HYBRID,
    SUITE_OWN,
    ContentKeys,
    OwnSecret,
    Wrap,
    open_own,
    open_wrap,
    parse_wrap,
    seal_nested,
    seal_own,
    seal_wrap,
)

READER, OTHER, THIRD = (SealingKey(seeded(name, 96)) for name in ("reader", "other", "third"))
SECRET, OLD_SECRET = OwnSecret(seeded("own")), OwnSecret(seeded("own, before"))
SECRETS = {secret.identifier: secret for secret in (SECRET, OLD_SECRET)}
STATEMENT, ANOTHER = seeded("digest"), seeded("another digest")
KEYS = ContentKeys(seeded("docket key"), (seeded("part 0"), seeded("part 1")))


def sealed(keys: ContentKeys = KEYS) -> Wrap:
    return seal_wrap(keys, reader=READER.public, statement_digest=STATEMENT)


def test_aes_key_wrap_is_that_of_rfc_3394() -> None:
    """Section 4.6: 256 bits of key data with a 256-bit key."""
    data = bytes.fromhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
    wrapped = "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
    assert aes_key_wrap(bytes(range(32)), data).hex() == wrapped
    own = seal_own(KEYS, secret=SECRET, statement_digest=STATEMENT)
    assert own.sealed == aes_key_wrap(SECRET.key_for(STATEMENT), KEYS.docket + KEYS.parts[0] + KEYS.parts[1])


def test_the_key_derivation_is_that_of_rfc_5869() -> None:
    """Appendix A.1, the step that expands; and that it is what `OwnSecret` uses."""
    prk = bytes.fromhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    info = bytes(range(0xF0, 0xFA))
    assert HKDFExpand(algorithm=SHA256(), length=42, info=info).derive(prk).hex() == okm
    expected = HKDFExpand(algorithm=SHA256(), length=32, info=b"tansiq/1 wrap" + STATEMENT).derive(SECRET.secret)
    assert SECRET.key_for(STATEMENT) == expected


def test_a_reader_gets_the_keys_and_a_register_the_dockets_alone() -> None:
    assert open_wrap(sealed(), reader=READER, statement_digest=STATEMENT) == KEYS
    docket_only = sealed(KEYS.docket_only)
    assert open_wrap(docket_only, reader=READER, statement_digest=STATEMENT) == ContentKeys(KEYS.docket)
    assert KEYS.parts[0] not in docket_only.encoded


def test_a_wrap_travels_as_its_bytes() -> None:
    wrap = parse_wrap(sealed().encoded)
    assert open_wrap(wrap, reader=READER, statement_digest=STATEMENT) == KEYS
    assert (wrap.suite, wrap.reader) == (SUITE_HYBRID, READER.identifier)
    assert wrap.digest == parse_wrap(wrap.encoded).digest


def test_the_same_keys_sealed_twice_show_nothing_in_common() -> None:
    assert sealed().sealed != sealed().sealed


def test_custodians_open_one_after_the_other() -> None:
    wrap = seal_nested(KEYS, custodians=[READER.public, OTHER.public, THIRD.public], statement_digest=STATEMENT)
    for custodian in (READER, OTHER):
        opened = open_wrap(wrap, reader=custodian, statement_digest=STATEMENT)
        assert isinstance(opened, Wrap)
        wrap = opened
    assert open_wrap(wrap, reader=THIRD, statement_digest=STATEMENT) == KEYS


def test_a_later_custodian_alone_opens_nothing() -> None:
    wrap = seal_nested(KEYS, custodians=[READER.public, OTHER.public], statement_digest=STATEMENT)
    with pytest.raises(NotFound) as caught:
        open_wrap(wrap, reader=OTHER, statement_digest=STATEMENT)
    assert caught.value.code == "protocol.other-reader"


def test_the_senders_copy_opens_with_the_secret_that_made_it() -> None:
    for secret in (SECRET, OLD_SECRET):
        wrap = parse_wrap(seal_own(KEYS, secret=secret, statement_digest=STATEMENT).encoded)
        assert wrap.suite == SUITE_OWN
        assert open_own(wrap, secrets_by_id=SECRETS, statement_digest=STATEMENT) == KEYS


def test_a_secret_and_the_keys_do_not_show_themselves() -> None:
    assert SECRET.secret.hex() not in repr(SECRET)
    assert str(KEYS.docket) not in repr(KEYS)
    assert SECRET.secret not in SECRET.identifier


def relabelled(wrap: Wrap, *, suite: int | None = None, reader: bytes | None = None) -> Wrap:
    return parse_wrap(encode([wrap.suite if suite is None else suite, reader or wrap.reader, wrap.sealed]))


def flipped(wrap: Wrap, at: int) -> Wrap:
    data = bytearray(wrap.sealed)
    data[at] ^= 1
    return parse_wrap(encode([wrap.suite, wrap.reader, bytes(data)]))


NOT_OPENED: dict[str, tuple[Callable[[], object], str]] = {
    "moved to another statement": (
        lambda: open_wrap(sealed(), reader=READER, statement_digest=ANOTHER),
        "protocol.not-opened",
    ),
    "another reader's": (
        lambda: open_wrap(sealed(), reader=OTHER, statement_digest=STATEMENT),
        "protocol.other-reader",
    ),
    "relabelled to another reader": (
        lambda: open_wrap(relabelled(sealed(), reader=OTHER.identifier), reader=OTHER, statement_digest=STATEMENT),
        "protocol.not-opened",
    ),
    "of an unknown suite": (
        lambda: open_wrap(relabelled(sealed(), suite=9), reader=READER, statement_digest=STATEMENT),
        "protocol.unknown-suite",
    ),
    "altered in the lattice's part": (
        lambda: open_wrap(flipped(sealed(), 7), reader=READER, statement_digest=STATEMENT),
        "protocol.not-opened",
    ),
    "altered in the curve's part": (
        lambda: open_wrap(flipped(sealed(), 1100), reader=READER, statement_digest=STATEMENT),
        "protocol.not-opened",
    ),
    "altered in the ciphertext": (
        lambda: open_wrap(flipped(sealed(), -1), reader=READER, statement_digest=STATEMENT),
        "protocol.not-opened",
    ),
    "empty": (
        lambda: open_wrap(parse_wrap(encode([1, READER.identifier, b""])), reader=READER, statement_digest=STATEMENT),
        "protocol.not-opened",
    ),
    "with the curve's share all zeros": (
        lambda: open_wrap(
            parse_wrap(encode([1, READER.identifier, bytes(1120 + 16)])), reader=READER, statement_digest=STATEMENT
        ),
        "protocol.not-opened",
    ),
    "own, moved to another statement": (
        lambda: open_own(
            seal_own(KEYS, secret=SECRET, statement_digest=STATEMENT), secrets_by_id=SECRETS, statement_digest=ANOTHER
        ),
        "protocol.not-opened",
    ),
    "own, of another": (
        lambda: open_own(
            seal_own(KEYS, secret=SECRET, statement_digest=STATEMENT), secrets_by_id={}, statement_digest=STATEMENT
        ),
        "protocol.other-reader",
    ),
    "own, but sealed to a reader": (
        lambda: open_own(sealed(), secrets_by_id=SECRETS, statement_digest=STATEMENT),
        "protocol.other-reader",
    ),
    "own, of another suite": (
        lambda: open_own(
            relabelled(seal_own(KEYS, secret=SECRET, statement_digest=STATEMENT), suite=SUITE_HYBRID),
            secrets_by_id=SECRETS,
            statement_digest=STATEMENT,
        ),
        "protocol.other-reader",
    ),
    "own, cut off": (
        lambda: open_own(
            parse_wrap(encode([2, SECRET.identifier, bytes(20)])), secrets_by_id=SECRETS, statement_digest=STATEMENT
        ),
        "protocol.not-opened",
    ),
    "own, with half a key": (
        lambda: open_own(
            parse_wrap(encode([2, SECRET.identifier, aes_key_wrap(SECRET.key_for(STATEMENT), bytes(48))])),
            secrets_by_id=SECRETS,
            statement_digest=STATEMENT,
        ),
        "protocol.wrong-wrap",
    ),
}


@pytest.mark.parametrize(("attempt", "code"), NOT_OPENED.values(), ids=NOT_OPENED)
def test_a_wrap_opens_for_nobody_and_nothing_else(attempt: Callable[[], object], code: str) -> None:
    with pytest.raises(Error) as caught:
        attempt()
    assert caught.value.code == code
    assert isinstance(caught.value, NotProven | NotFound | BadInput)


SEALED_NONSENSE = {
    "no map": (encode([1]), "protocol.wrong-field"),
    "no docket key": (encode({1: [bytes(32)]}), "protocol.wrong-field"),
    "a short key": (encode({0: bytes(31)}), "protocol.wrong-field"),
    "a short part key": (encode({0: bytes(32), 1: [bytes(16)]}), "protocol.wrong-field"),
    "too many keys": (encode({0: bytes(32), 1: [bytes(32)] * 257}), "protocol.wrong-field"),
    "a newer field": (encode({0: bytes(32), -1: 1}), "protocol.newer-version"),
    "an inner wrap that is none": (encode({2: b"\x01"}), "protocol.wrong-wrap"),
    "no CBOR": (b"\xff", "protocol.not-plain"),
}


@pytest.mark.parametrize(("plain", "code"), SEALED_NONSENSE.values(), ids=SEALED_NONSENSE)
def test_what_a_hostile_sender_sealed_is_judged_too(plain: bytes, code: str) -> None:
    sealed_plain = wraps.HPKE.encrypt(plain, READER.public.raw, info=wraps._info(STATEMENT))
    wrap = parse_wrap(encode([SUITE_HYBRID, READER.identifier, sealed_plain]))
    with pytest.raises(BadInput) as caught:
        open_wrap(wrap, reader=READER, statement_digest=STATEMENT)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "encoded",
    [
        encode([1, bytes(32)]),
        encode([1, bytes(31), b""]),
        encode(["1", bytes(32), b""]),
        encode([True, bytes(32), b""]),
        encode([1, "x", b""]),
        encode([1, "x" * 32, b""]),
        encode([1, bytes(32), "x"]),
        encode({0: 1}),
    ],
)
def test_what_is_no_wrap_is_refused(encoded: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        parse_wrap(encoded)
    assert caught.value.code == "protocol.wrong-wrap"


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_any_keys_come_back(docket: bytes, parts: list[bytes]) -> None:
    keys = ContentKeys(docket, tuple(parts))
    assert open_wrap(sealed(keys), reader=READER, statement_digest=STATEMENT) == keys
    own = seal_own(keys, secret=SECRET, statement_digest=STATEMENT)
    assert open_own(own, secrets_by_id=SECRETS, statement_digest=STATEMENT) == keys
