"""Signatures and content encryption: RFC 9052, with the working group's example, and all that must not pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peer import altered, seeded
from tansiq.errors import BadInput, Error, NotProven
from tansiq.protocol import cose
from tansiq.protocol.cbor import bstr, decode, encode
from tansiq.protocol.cose import decrypt0, encrypt0, media_type, parse_sign1, sign1
from tansiq.protocol.keys import PublicSigningKey, SigningKey
from tansiq.protocol.limits import MAX_HEADER_BYTES

KEY = SigningKey(seeded("cose"))
OTHER = SigningKey(seeded("cose other"))
SIGNED = sign1(encode({0: "word"}), kind="statement", signer=KEY)
CONTENT_KEY = seeded("content key")


def test_the_example_of_the_cose_working_group_holds() -> None:
    """EdDSA-01 of the COSE working group's examples: the bytes to be signed and the signature over them."""
    protected, payload = bytes.fromhex("a201270300"), b"This is the content."
    wanted = "846a5369676e61747572653145a2012703004054546869732069732074686520636f6e74656e742e"
    to_be_signed = cose._to_be_signed(protected, payload)
    assert to_be_signed.hex() == wanted
    private = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert private.public.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = (
        "7142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb87"
        "11497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d"
    )
    assert private.sign(to_be_signed).hex() == signature
    private.public.verify(bytes.fromhex(signature), to_be_signed)


def test_a_signature_states_the_algorithm_the_key_and_the_type_of_thing() -> None:
    signed = parse_sign1(SIGNED, kind="statement")
    signed.verify(KEY.public)
    assert signed.protected == {1: -8, 4: KEY.identifier, 16: "application/tansiq-statement+cbor"}
    assert signed.signer == KEY.identifier
    assert signed.payload == encode({0: "word"})
    assert SIGNED[:1] == b"\xd2"


def test_the_payload_may_travel_apart() -> None:
    message = sign1(b"root", kind="journal-head", signer=KEY, detached=True, more_protected={395: 1})
    signed = parse_sign1(message, kind="journal-head")
    assert signed.payload is None
    assert signed.protected[395] == 1
    signed.verify(KEY.public, detached=b"root")
    for wrong in (b"other", None):
        with pytest.raises(NotProven) as caught:
            signed.verify(KEY.public, detached=wrong)
        assert caught.value.code == "protocol.wrong-signature"


def test_a_payload_that_is_there_can_not_be_exchanged_for_another() -> None:
    with pytest.raises(NotProven):
        parse_sign1(SIGNED, kind="statement").verify(KEY.public, detached=encode({0: "word"}))


ALTERED: dict[str, tuple[Callable[[], bytes], str]] = {
    "payload": (lambda: altered(SIGNED, payload=lambda fields: fields | {1: 1}), "protocol.wrong-signature"),
    "signature": (lambda: altered(SIGNED, signature=lambda old: old[:-1] + b"\0"), "protocol.wrong-signature"),
    "a header added": (lambda: altered(SIGNED, protected=lambda old: old | {5: b""}), "protocol.wrong-signature"),
    "headers in another order": (
        lambda: altered(SIGNED, protected=lambda old: dict(reversed(old.items()))),
        "protocol.wrong-signature",
    ),
    "the key named": (
        lambda: altered(SIGNED, protected=lambda old: old | {4: OTHER.identifier}),
        "protocol.other-key",
    ),
    "the type": (
        lambda: altered(SIGNED, protected=lambda old: old | {16: media_type("directory")}),
        "protocol.other-type",
    ),
    "no type": (
        lambda: altered(SIGNED, protected=lambda old: {1: old[1], 4: old[4]}),
        "protocol.other-type",
    ),
    "the algorithm": (lambda: altered(SIGNED, protected=lambda old: old | {1: -7}), "protocol.not-sign1"),
    "a critical header": (
        lambda: altered(SIGNED, protected=lambda old: old | {2: [16]}),
        "protocol.newer-version",
    ),
    "a header that nobody signs": (lambda: altered(SIGNED, unprotected={99: 1}), "protocol.not-sign1"),
    "the key named outside": (lambda: altered(SIGNED, unprotected={4: OTHER.identifier}), "protocol.not-sign1"),
    "the algorithm outside": (lambda: altered(SIGNED, unprotected={1: -8}), "protocol.not-sign1"),
    "a short signature": (lambda: altered(SIGNED, signature=lambda old: old[:-1]), "protocol.not-sign1"),
    "no tag": (lambda: SIGNED[1:], "protocol.not-sign1"),
    "another tag": (lambda: b"\xd0" + SIGNED[1:], "protocol.not-sign1"),
    "an array of three": (lambda: b"\xd2" + encode(decode(SIGNED[1:])[:3]), "protocol.not-sign1"),
    "text for a payload": (
        lambda: b"\xd2" + encode([*decode(SIGNED[1:])[:2], "text", bytes(64)]),
        "protocol.not-sign1",
    ),
    "a payload not in its shortest form": (
        lambda: SIGNED.replace(bstr(encode({0: "word"})), b"\x59\x00\x07" + encode({0: "word"})),
        "protocol.not-shortest",
    ),
    "no headers": (lambda: altered(SIGNED, protected=lambda _: {}), "protocol.not-sign1"),
    "headers that are no map": (lambda: altered(SIGNED, protected=lambda _: [1, -8]), "protocol.not-sign1"),
    "a key identifier of another size": (
        lambda: altered(SIGNED, protected=lambda old: old | {4: b"11"}),
        "protocol.not-sign1",
    ),
}


@pytest.mark.parametrize(("message", "code"), ALTERED.values(), ids=ALTERED)
def test_nothing_signed_can_be_altered(message: Callable[[], bytes], code: str) -> None:
    with pytest.raises(Error) as caught:
        parse_sign1(message(), kind="statement").verify(KEY.public)
    assert caught.value.code == code


def test_a_signature_by_another_key_is_refused_whether_or_not_it_says_so() -> None:
    signed = parse_sign1(SIGNED, kind="statement")
    with pytest.raises(NotProven) as caught:
        signed.verify(OTHER.public)
    assert caught.value.code == "protocol.other-key"


def test_only_a_receipts_proof_may_stand_where_no_signature_covers_it() -> None:
    message = altered(SIGNED, unprotected={396: {-1: []}})
    assert parse_sign1(message, kind="statement", unprotected=frozenset((396,))).unprotected == {396: {-1: []}}
    with pytest.raises(BadInput):
        parse_sign1(message, kind="statement")


def test_headers_that_are_too_long_are_refused_before_they_are_kept() -> None:
    """What a signature states of itself is kept decoded: with headers of megabytes a few refused parcels would fill the memory."""
    plain = decode(decode(SIGNED[1:])[0])
    most = MAX_HEADER_BYTES - len(encode(plain | {99: bytes(256)})) + 256
    for size in (most, most + 1, 1 << 20):
        before = cose._headers.cache_info().currsize
        message = altered(SIGNED, protected=lambda old, size=size: old | {99: bytes(size)})  # type: ignore[misc]
        if size == most:
            assert parse_sign1(message, kind="statement").protected[99] == bytes(size)
            cose._headers.cache_clear()
            continue
        with pytest.raises(BadInput) as caught:
            parse_sign1(message, kind="statement")
        assert caught.value.code == "protocol.not-sign1"
        assert cose._headers.cache_info().currsize == before


def test_what_is_signed_as_one_thing_can_be_read_as_any_only_where_that_is_asked_for() -> None:
    assert parse_sign1(SIGNED, kind=None).payload == encode({0: "word"})


# ---------------------------------------------------------------------------------------------------- encryption


def test_what_is_encrypted_opens_with_its_key_in_its_place() -> None:
    message = encrypt0(b"content", key=CONTENT_KEY, external=b"place")
    assert decrypt0(message, key=CONTENT_KEY, external=b"place") == b"content"
    assert message[:1] == b"\xd0"


def test_it_does_not_open_with_another_key_nor_in_another_place_nor_altered() -> None:
    message = encrypt0(b"content", key=CONTENT_KEY, external=b"place")
    wrong: list[dict[str, Any]] = [
        {"data": message, "key": seeded("another"), "external": b"place"},
        {"data": message, "key": CONTENT_KEY, "external": b"other"},
        {"data": message[:-1] + bytes((message[-1] ^ 1,)), "key": CONTENT_KEY, "external": b"place"},
        {"data": message, "key": CONTENT_KEY[:-1], "external": b"place"},
    ]
    for one in wrong:
        with pytest.raises(NotProven) as caught:
            decrypt0(one["data"], key=one["key"], external=one["external"])
        assert caught.value.code == "protocol.not-opened"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xd0",
        b"\xd0\x83\x43\xa1\x01\x01\xa1\x05\x4c" + bytes(12) + b"\x41x",  # another algorithm
        b"\xd0\x83\x43\xa1\x01\x03\xa1\x05\x4c" + bytes(11) + b"\x01\x41x",  # another nonce
        b"\xd0\x83\x43\xa1\x01\x03\xa1\x05\x4c" + bytes(12) + b"\xf6",  # no ciphertext
        b"\xd0\x83\x43\xa1\x01\x03\xa1\x05\x4c" + bytes(12) + b"\x01",
    ],
)
def test_what_is_no_encrypted_content_of_ours_is_refused(message: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        decrypt0(message, key=CONTENT_KEY, external=b"")
    assert caught.value.code == "protocol.not-encrypt0"


@pytest.mark.parametrize("size", [0, 1, 15])
def test_a_ciphertext_shorter_than_its_tag_does_not_open(size: int) -> None:
    head = encrypt0(b"", key=CONTENT_KEY, external=b"")[:-17]
    with pytest.raises(NotProven):
        decrypt0(head + bstr(bytes(size)), key=CONTENT_KEY, external=b"")


def test_a_public_key_alone_verifies() -> None:
    parse_sign1(SIGNED, kind="statement").verify(PublicSigningKey(KEY.public.public))
