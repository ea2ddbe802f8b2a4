"""Keys and their identifiers: RFC 8032, RFC 9679, and the keys that are refused because they bind nobody."""

from __future__ import annotations

import hashlib

import cbor2
import pytest

from peer import seeded
from tansiq.errors import BadInput, NotProven
from tansiq.protocol import keys
from tansiq.protocol.keys import (
    SEALING_PRIVATE_SIZE,
    SEALING_PUBLIC_SIZE,
    PublicSealingKey,
    PublicSigningKey,
    SealingKey,
    SigningKey,
)

P = 2**255 - 19
D = -121_665 * pow(121_666, -1, P) % P
ORDER = 2**252 + 27_742_317_777_372_353_535_851_937_790_883_648_493

RFC8032 = {
    "1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
}


@pytest.mark.parametrize(("private", "public", "message", "signature"), RFC8032.values(), ids=RFC8032)
def test_signatures_are_those_of_rfc_8032(private: str, public: str, message: str, signature: str) -> None:
    key = SigningKey(bytes.fromhex(private))
    assert key.public.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    key.public.verify(bytes.fromhex(signature), bytes.fromhex(message))


def thumbprint(key: dict[int, object]) -> str:
    """RFC 9679 section 3: the hash of the required parameters in deterministic encoding."""
    return hashlib.sha256(cbor2.dumps(key, canonical=True)).hexdigest()


def test_a_signing_key_is_named_by_its_thumbprint() -> None:
    """The RFC's own example is an elliptic curve key; what reproduces it is then asked for ours."""
    example = {
        1: 2,
        -1: 1,
        -2: bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        -3: bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
    }
    assert thumbprint(example) == "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    for name in ("one", "two"):
        key = SigningKey(seeded(name))
        assert key.identifier.hex() == thumbprint({1: 1, -1: 6, -2: key.public.public})
        assert key.identifier == key.public.identifier


def test_a_sealing_key_is_named_by_its_public_bytes() -> None:
    key = SealingKey(seeded("sealing", 96))
    assert len(key.public.public) == SEALING_PUBLIC_SIZE == 1216
    assert len(key.private) == SEALING_PRIVATE_SIZE == 96
    assert key.identifier == PublicSealingKey(key.public.public).identifier
    assert key.identifier != SealingKey(seeded("another", 96)).identifier


def test_keys_are_drawn_anew_each_time() -> None:
    assert SigningKey.generate().private != SigningKey.generate().private
    assert SealingKey.generate().private != SealingKey.generate().private


def test_a_private_key_does_not_show_itself() -> None:
    for key in (SigningKey(seeded("shown")), SealingKey(seeded("shown", 96))):
        assert key.private.hex() not in repr(key)
        assert repr(key.private) not in repr(key)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_bytes_of_another_length_are_no_key(size: int) -> None:
    for make in (PublicSigningKey, SigningKey, PublicSealingKey, SealingKey):
        with pytest.raises(BadInput) as caught:
            make(bytes(size))
        assert caught.value.code == "protocol.wrong-key"


def test_a_lattice_key_that_is_none_is_refused() -> None:
    """ML-KEM's check of its modulus (FIPS 203 section 7.2): coefficients are below 3329."""
    good = SealingKey(seeded("lattice", 96)).public.public
    with pytest.raises(BadInput):
        PublicSealingKey(b"\xff" * 384 + good[384:])


# ---------------------------------------------------------------------------------------------------- small orders

Point = tuple[int, int]


def add(one: Point, other: Point) -> Point:
    """The sum of two points of edwards25519 (RFC 8032 section 5.1.4)."""
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P,
    )


def times(count: int, point: Point) -> Point:
    total: Point = (0, 1)
    while count:
        if count & 1:
            total = add(total, point)
        point, count = add(point, point), count >> 1
    return total


def on_curve(y: int) -> Point | None:
    """The point with this y, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x, y) if x * x % P == square else None


def small_ys() -> set[int]:
    """Computed, not copied: any point, times the order of the group's large part, has an order that divides 8."""
    found: set[int] = set()
    y = 2
    while len(found) < 5:
        if (point := on_curve(y)) is not None:
            torsion = times(ORDER, point)
            found |= {times(count, torsion)[1] for count in range(8)}
        y += 1
    return found


SMALL = small_ys()


def test_the_list_of_small_keys_is_complete() -> None:
    assert SMALL == keys._SMALL_EDWARDS
    # The map between the curves (RFC 7748 section 4.1); y = 1 is the point at infinity, p - 1 belongs to the twist.
    mapped = {(1 + y) * pow(1 - y, -1, P) % P for y in SMALL - {1}}
    assert mapped | {1, P - 1} == keys._SMALL_MONTGOMERY


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", sorted(SMALL | {y + P for y in SMALL if y + P < 1 << 255}))
def test_a_key_under_which_anybody_can_sign_is_refused(y: int, sign: int) -> None:
    encoded = (y | sign << 255).to_bytes(32, "little")
    with pytest.raises(BadInput) as caught:
        PublicSigningKey(encoded)
    assert caught.value.code == "protocol.wrong-key"


def test_what_such_a_key_would_do() -> None:
    """Under the neutral point one signature holds for every message: whoever published it could deny all it said."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    neutral = (1).to_bytes(32, "little")
    for message in (b"I said this", b"I never said that"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), message)


@pytest.mark.parametrize("excess", range(19))
def test_a_key_has_one_encoding(excess: int) -> None:
    with pytest.raises(BadInput):
        PublicSigningKey((P + excess).to_bytes(32, "little"))
    lattice = SealingKey(seeded("lattice", 96)).public.public[:1184]
    with pytest.raises(BadInput):
        PublicSealingKey(lattice + (P + excess).to_bytes(32, "little"))


@pytest.mark.parametrize("u", sorted(keys._SMALL_MONTGOMERY))
def test_a_sealing_key_whose_secret_everybody_knows_is_refused(u: int) -> None:
    lattice = SealingKey(seeded("lattice", 96)).public.public[:1184]
    with pytest.raises(BadInput) as caught:
        PublicSealingKey(lattice + u.to_bytes(32, "little"))
    assert caught.value.code == "protocol.wrong-key"


def test_a_signature_with_a_second_form_is_refused() -> None:
    """S and S plus the group's order mean the same; only the smaller is a signature (RFC 8032 section 5.1.7)."""
    key = SigningKey(seeded("malleable"))
    signature = key.sign(b"word")
    raised = int.from_bytes(signature[32:], "little") + ORDER
    with pytest.raises(NotProven):
        key.public.verify(signature[:32] + raised.to_bytes(32, "little"), b"word")
