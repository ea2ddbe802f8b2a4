"""The statement signs what was said, part by part, and nothing about where it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peer import START_MS, altered, seeded
from tansiq.errors import BadInput, Error, NotProven, TooMuch
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.cose import sign1
from tansiq.protocol.docket import Docket
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_DOCKET_BYTES, MAX_PART_BYTES, MAX_PARTS, MAX_STATEMENT_BYTES, MAX_TIME_MS
from tansiq.protocol.merkle import MemoryNodes, inclusion_path, verify_inclusion
from tansiq.protocol.statement import (
    Made,
    PartProof,
    check_contents,
    make_statement,
    parse_part_proofs,
    parse_statement,
)

SIGNER = SigningKey(seeded("node"))
ID = seeded("id", 16)
DOCKET = Docket(
    kind="note",
    channel="direct",
    matter=seeded("matter", 16),
    sender="es.cgi/head",
    route=("es.cgi/head",),
    addressees=("ma.dgst/head",),
).to_bytes()
PARTS = (b"first", b"second, longer", b"third")


def make(parts: tuple[bytes, ...] = PARTS, docket: bytes = DOCKET) -> Made:
    return make_statement(agency="es.cgi", statement_id=ID, time_ms=START_MS, docket=docket, parts=parts, signer=SIGNER)


MADE = make()


def test_a_statement_says_who_when_and_what_but_not_to_whom() -> None:
    statement = parse_statement(MADE.statement.encoded)
    statement.signature.verify(SIGNER.public)
    assert (statement.agency, statement.id, statement.time_ms) == ("es.cgi", ID, START_MS)
    assert (statement.version, statement.parts_count, statement.signer) == (1, 3, SIGNER.identifier)
    assert statement == MADE.statement
    assert b"ma.dgst" not in statement.encoded
    assert len(statement.encoded) < 400


def test_the_contents_open_with_their_keys_and_are_what_was_signed() -> None:
    check_contents(MADE.statement, docket=MADE.docket, proofs=MADE.proofs, parts=MADE.parts)
    docket, _ = reveal(
        MADE.docket,
        key=MADE.keys.docket,
        statement_id=ID,
        place=DOCKET_PLACE,
        commitment=MADE.statement.docket_commitment,
    )
    assert docket == DOCKET
    for place, part in enumerate(PARTS):
        content, _ = reveal(
            MADE.parts[place],
            key=MADE.keys.parts[place],
            statement_id=ID,
            place=place,
            commitment=MADE.proofs[place].commitment,
        )
        assert content == part


def test_one_part_is_proven_without_the_others() -> None:
    nodes = MemoryNodes([proof.leaf for proof in MADE.proofs])
    verify_inclusion(
        leaf=MADE.proofs[1].leaf,
        index=1,
        size=MADE.statement.parts_count,
        path=inclusion_path(1, 3, nodes),
        root=MADE.statement.parts_root,
    )


def test_a_part_that_was_erased_leaves_the_rest_proven() -> None:
    check_contents(MADE.statement, docket=MADE.docket, proofs=MADE.proofs, parts=[MADE.parts[0], None, MADE.parts[2]])


def test_a_statement_may_have_no_parts() -> None:
    made = make(parts=())
    check_contents(made.statement, docket=made.docket, proofs=(), parts=())
    assert made.statement.parts_count == 0


def test_proofs_travel_as_plain_lists() -> None:
    travelled = decode(encode([proof.to_plain() for proof in MADE.proofs]))
    assert parse_part_proofs(travelled) == MADE.proofs


Contents = dict[str, Any]
CONTENTS: Contents = {"docket": MADE.docket, "proofs": MADE.proofs, "parts": MADE.parts}
OTHER = make()
SWAPPED = (MADE.proofs[1], MADE.proofs[0], MADE.proofs[2])

NOT_SIGNED: dict[str, tuple[Contents, str]] = {
    "another docket": ({"docket": OTHER.docket}, "protocol.other-docket"),
    "an altered docket": ({"docket": MADE.docket[:-1] + b"\0"}, "protocol.other-docket"),
    "another part": ({"parts": (OTHER.parts[0], *MADE.parts[1:])}, "protocol.other-parts"),
    "parts in another order": (
        {"parts": (MADE.parts[1], MADE.parts[0], MADE.parts[2])},
        "protocol.other-parts",
    ),
    "parts and proofs in another order": (
        {"proofs": SWAPPED, "parts": (MADE.parts[1], MADE.parts[0], MADE.parts[2])},
        "protocol.other-parts",
    ),
    "one part fewer": ({"proofs": MADE.proofs[:2], "parts": MADE.parts[:2]}, "protocol.other-parts"),
    "fewer parts than proofs": ({"parts": MADE.parts[:2]}, "protocol.other-parts"),
    "one part more": (
        {"proofs": (*MADE.proofs, MADE.proofs[0]), "parts": (*MADE.parts, MADE.parts[0])},
        "protocol.other-parts",
    ),
    "a commitment altered": (
        {"proofs": (PartProof(MADE.proofs[0].digest, bytes(32), MADE.proofs[0].length), *MADE.proofs[1:])},
        "protocol.other-parts",
    ),
    "a length altered": (
        {"proofs": (PartProof(MADE.proofs[0].digest, MADE.proofs[0].commitment, 1), *MADE.proofs[1:])},
        "protocol.other-parts",
    ),
}


@pytest.mark.parametrize(("change", "code"), NOT_SIGNED.values(), ids=NOT_SIGNED)
def test_contents_that_were_not_signed_are_refused(change: Contents, code: str) -> None:
    with pytest.raises(NotProven) as caught:
        check_contents(MADE.statement, **CONTENTS | change)
    assert caught.value.code == code


TOO_MUCH: dict[str, tuple[Callable[[], object], str]] = {
    "parts": (lambda: make(parts=(b"",) * (MAX_PARTS + 1)), "protocol.too-many-parts"),
    "one part": (lambda: make(parts=(bytes(MAX_PART_BYTES),)), "protocol.part-too-large"),
    "docket": (lambda: make(docket=bytes(MAX_DOCKET_BYTES)), "protocol.docket-too-large"),
    "statement": (lambda: parse_statement(bytes(MAX_STATEMENT_BYTES + 1)), "protocol.statement-too-large"),
}


@pytest.mark.parametrize(("attempt", "code"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_too_large_is_neither_said_nor_read(attempt: Callable[[], object], code: str) -> None:
    with pytest.raises(TooMuch) as caught:
        attempt()
    assert caught.value.code == code


def test_what_is_just_within_its_limits_is_said_and_read() -> None:
    made = make(parts=(b"",) * MAX_PARTS)
    assert made.statement.parts_count == MAX_PARTS
    proofs = [[bytes(32), bytes(32), length] for length in (0, MAX_PART_BYTES)] * (MAX_PARTS // 2)
    assert len(parse_part_proofs(proofs)) == MAX_PARTS
    with pytest.raises(BadInput):
        parse_statement(bytes(MAX_STATEMENT_BYTES))


def signed(**changes: Any) -> bytes:
    """A statement whose signature holds over fields that should not be."""
    names = ["version", "id", "agency", "time", "docket_digest", "docket_commitment", "root", "count"]
    statement = parse_statement(MADE.statement.encoded)
    assert statement.signature.payload is not None
    fields = decode(statement.signature.payload)
    for name, value in changes.items():
        fields[names.index(name)] = value
    return sign1(encode(fields), kind="statement", signer=SIGNER)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"version": 256},
        {"id": bytes(15)},
        {"agency": "es.cgi/head"},
        {"agency": "ES.CGI"},
        {"agency": "es.cgi\n"},
        {"agency": b"es.cgi"},
        {"time": -1},
        {"time": MAX_TIME_MS + 1},
        {"time": 1 << 63},
        {"docket_digest": bytes(31)},
        {"docket_commitment": None},
        {"root": bytes(33)},
        {"count": 257},
        {"count": True},
    ],
    ids=str,
)
def test_a_signature_does_not_make_nonsense_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        parse_statement(signed(**changes))
    assert caught.value.code in {"protocol.wrong-field", "protocol.not-an-agency"}


@pytest.mark.parametrize(
    "values",
    [
        None,
        [1],
        [[bytes(32), bytes(32)]],
        [[bytes(31), bytes(32), 0]],
        [[bytes(32), bytes(31), 0]],
        [[bytes(32), bytes(32), -1]],
        [[bytes(32), bytes(32), MAX_PART_BYTES + 1]],
        [[bytes(32), bytes(32), True]],
        [["x", bytes(32), 1]],
        [[bytes(32), bytes(32), 1]] * 257,
    ],
    ids=range(10),
)
def test_proofs_that_are_none_are_refused(values: Any) -> None:
    with pytest.raises(BadInput) as caught:
        parse_part_proofs(values)
    assert caught.value.code == "protocol.wrong-part-proof"


def test_a_detached_statement_is_none() -> None:
    detached = sign1(encode({}), kind="statement", signer=SIGNER, detached=True)
    with pytest.raises(BadInput) as caught:
        parse_statement(detached)
    assert caught.value.code == "protocol.not-sign1"


def test_a_statement_has_one_encoding_and_so_one_digest() -> None:
    with pytest.raises(Error):
        parse_statement(altered(MADE.statement.encoded, unprotected={99: b"relayed"}))
