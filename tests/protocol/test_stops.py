"""Stops: signed by whose desk it is, bound to one statement, frozen as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from peer import seeded
from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.cose import sign1
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.protocol.stops import KIND, Stop, make_stop, parse_stop

FROZEN: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "stops.json").read_text(encoding="utf-8")
)
NODE = SigningKey(bytes.fromhex(FROZEN["private"]))
ON_THE_WAY = Stop(
    statement=seeded("statement", 16),
    digest=seeded("digest", 32),
    post="int.hub/centre",
    taken_ms=1_763_900_000_000,
    handed_ms=1_763_900_060_000,
    to="ma.ncb",
)
AT_THE_END = Stop(
    statement=seeded("statement", 16), digest=seeded("digest", 32), post="ma.dgst/desk", taken_ms=1_763_900_120_000
)


@pytest.mark.parametrize(("name", "stop"), [("on the way", ON_THE_WAY), ("at the end", AT_THE_END)])
def test_a_stop_is_as_it_was_frozen(name: str, stop: Stop) -> None:
    made = make_stop(stop, signer=NODE)
    assert made.encoded.hex() == FROZEN["stops"][name]
    read = parse_stop(bytes.fromhex(FROZEN["stops"][name]))
    assert read == made
    assert (read.statement, read.digest, read.post, read.taken_ms, read.handed_ms, read.to) == (
        stop.statement, stop.digest, stop.post, stop.taken_ms, stop.handed_ms, stop.to,
    )  # fmt: skip
    assert read.signature is not None
    read.signature.verify(NODE.public)
    assert read.agency == stop.post.partition("/")[0]


def test_another_key_did_not_sign_it() -> None:
    made = make_stop(ON_THE_WAY, signer=NODE)
    assert made.signature is not None
    with pytest.raises(NotProven):
        made.signature.verify(SigningKey.generate().public)


def spoilt(**changes: Any) -> bytes:
    """A signed stop with other fields: key → value, None leaves it out."""
    signed = make_stop(ON_THE_WAY, signer=NODE).signature
    assert signed is not None
    assert signed.payload is not None
    fields = decode(signed.payload) | {int(key[1:]): value for key, value in changes.items()}
    return sign1(encode({key: value for key, value in fields.items() if value is not None}), kind=KIND, signer=NODE)


@pytest.mark.parametrize(
    "changes",
    [
        {"_0": 0}, {"_0": None}, {"_1": b"short"}, {"_2": None}, {"_2": b"x" * 33}, {"_3": "nobody"}, {"_3": 5},
        {"_4": -1}, {"_4": "noon"}, {"_4": MAX_TIME_MS + 1}, {"_5": 0}, {"_5": None}, {"_5": MAX_TIME_MS + 1}, {"_6": ""}, {"_6": "No Agency"}, {"_6": None},
    ],
)  # fmt: skip
def test_what_is_no_stop_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse_stop(spoilt(**changes))


def test_a_field_that_may_be_ignored_is_and_one_that_must_be_understood_refuses() -> None:
    assert parse_stop(spoilt(_7="tomorrow")).post == ON_THE_WAY.post
    signed = make_stop(ON_THE_WAY, signer=NODE).signature
    assert signed is not None
    assert signed.payload is not None
    fields = decode(signed.payload) | {-1: True}
    with pytest.raises(BadInput, match=r"protocol\.newer-version"):
        parse_stop(sign1(encode(fields), kind=KIND, signer=NODE))


@pytest.mark.parametrize("kind", ["statement", "envelope", "act"])
def test_a_signature_of_another_sort_is_no_stop(kind: str) -> None:
    signed = make_stop(ON_THE_WAY, signer=NODE).signature
    assert signed is not None
    assert signed.payload is not None
    with pytest.raises(BadInput, match=r"protocol\.other-type"):
        parse_stop(sign1(signed.payload, kind=kind, signer=NODE))


@pytest.mark.parametrize("data", [b"", b"\xd2", b"\xd2\x84", b"stop"])
def test_what_is_not_signed_is_no_stop(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_stop(data)
