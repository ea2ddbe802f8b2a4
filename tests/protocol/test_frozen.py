"""Version 1 as it was frozen, and a version 2 that does not exist yet.

The files of tests/vectors/v1 never change: what was signed and sent with version 1 must be readable for ever. The
second half adds to each map of the protocol a key that version 1 can do without and one that it can't.
"""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tansiq.errors import BadInput
from tansiq.protocol import wraps as wraps_module
from tansiq.protocol.acts import act_of, make_act, parse_act
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal, verify_opening
from tansiq.protocol.cose import parse_sign1, sign1
from tansiq.protocol.directory import Use, parse_directory
from tansiq.protocol.docket import parse_docket
from tansiq.protocol.envelope import check_batch, check_wraps, parse_batch_head, parse_entry
from tansiq.protocol.heads import parse_head, verify_receipt
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.protocol.manifest import parse_manifest, reveal_chunk
from tansiq.protocol.multiproof import root_from
from tansiq.protocol.parcel import parse_parcel
from tansiq.protocol.parts import parse_part
from tansiq.protocol.statement import check_contents, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import (
    SUITE_HYBRID,
    ContentKeys,
    OwnSecret,
    Wrap,
    open_own,
    open_wrap,
    parse_wrap,
)

HOUSE = Path(__file__).parent.parent.parent
FOLDER = HOUSE / "tests" / "vectors" / "v1"
FROZEN: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))
}
DIGEST = "1638305a51fca1560e8b17f6f98ff6ca6f9a53d869dbdc17d48d37138d41b0e9"


def octets(name: str, key: str = "encoded") -> bytes:
    return bytes.fromhex(FROZEN[name][key])


def signing(name: str) -> SigningKey:
    return SigningKey(bytes.fromhex(FROZEN["keys"][name]["private"]))


def sealing(name: str) -> SealingKey:
    return SealingKey(bytes.fromhex(FROZEN["keys"][name]["private"]))


KEYS = [bytes.fromhex(key) for key in FROZEN["statement"]["keys"]]
CONTENT_KEYS = ContentKeys(KEYS[0], tuple(KEYS[1:]))
DIGEST_OF_STATEMENT = octets("statement", "digest")


def test_the_frozen_files_are_those_that_were_frozen() -> None:
    """If this fails, a frozen file was changed: put it back, and make a version 2 beside it."""
    content = b"".join(file.name.encode() + b"\0" + file.read_bytes() for file in sorted(FOLDER.glob("*.json")))
    assert hashlib.sha256(content).hexdigest() == DIGEST


def test_the_recipe_still_makes_the_same_bytes() -> None:
    recipe = runpy.run_path(str(HOUSE / "scripts" / "make_vectors.py"))["recipe"]
    wraps = {name: bytes.fromhex(wrap["encoded"]) for name, wrap in FROZEN["wraps"].items()}
    made = json.loads(json.dumps(recipe(wraps)))
    assert set(made) == set(FROZEN)
    for name, vector in made.items():
        assert vector == FROZEN[name], f"{name} is made differently now"


def test_keys() -> None:
    for name, key in FROZEN["keys"].items():
        private = bytes.fromhex(key["private"])
        if name == "own":
            assert OwnSecret(private).identifier.hex() == key["identifier"]
            continue
        made = SigningKey(private) if len(private) == 32 else SealingKey(private)
        assert made.public.public.hex() == key["public"]
        assert made.identifier.hex() == key["identifier"]


def test_docket() -> None:
    docket = parse_docket(octets("docket"))
    assert docket.to_bytes() == octets("docket")
    assert (docket.kind, list(docket.addressees)) == (FROZEN["docket"]["kind"], FROZEN["docket"]["addressees"])


def test_part() -> None:
    part = parse_part(octets("part"))
    assert (part.kind, part.content[0]) == (FROZEN["part"]["kind"], FROZEN["part"]["text"])


def test_statement() -> None:
    frozen = FROZEN["statement"]
    statement = parse_statement(octets("statement"))
    statement.signature.verify(signing("node").public)
    assert statement.digest == DIGEST_OF_STATEMENT
    assert (statement.id.hex(), statement.agency, statement.parts_count) == (frozen["id"], "es.cgi", 3)
    proofs = parse_part_proofs([[bytes.fromhex(one[0]), bytes.fromhex(one[1]), one[2]] for one in frozen["proofs"]])
    ciphertexts = [bytes.fromhex(part) for part in frozen["parts"]]
    check_contents(statement, docket=octets("statement", "docket"), proofs=proofs, parts=ciphertexts)
    commitments = [statement.docket_commitment, *(proof.commitment for proof in proofs)]
    contents = [octets("statement", "docket"), *ciphertexts]
    for place, (ciphertext, key, commitment, shown) in enumerate(
        zip(contents, KEYS, commitments, frozen["openings"], strict=True), DOCKET_PLACE
    ):
        content, opening = reveal(ciphertext, key=key, statement_id=statement.id, place=place, commitment=commitment)
        assert opening.hex() == shown
        assert verify_opening(opening, commitment=commitment) == content
        assert content == {DOCKET_PLACE: octets("docket"), 0: octets("part"), 2: octets("act")}.get(place, content)


def test_act() -> None:
    statement = parse_statement(octets("statement"))
    proofs = [bytes.fromhex(one[1]) for one in FROZEN["statement"]["proofs"]]
    act = act_of(parse_part(octets("act")))
    act.verify(
        signing("officer").public,
        statement_id=statement.id,
        docket=statement.docket_commitment,
        parts=proofs[:2],
    )
    assert (act.officer, act.act, act.time_ms) == tuple(FROZEN["act"][name] for name in ("officer", "act", "time_ms"))


@pytest.mark.parametrize("name", ["reader", "docket_only", "nested", "own"])
def test_wraps(name: str) -> None:
    wrap = parse_wrap(bytes.fromhex(FROZEN["wraps"][name]["encoded"]))
    assert wrap.digest.hex() == FROZEN["wraps"][name]["digest"]
    if name == "own":
        secret = OwnSecret(bytes.fromhex(FROZEN["keys"]["own"]["private"]))
        secrets = {secret.identifier: secret}
        assert open_own(wrap, secrets_by_id=secrets, statement_digest=DIGEST_OF_STATEMENT) == CONTENT_KEYS
        return
    if name == "nested":
        inner = open_wrap(wrap, reader=sealing("custodian"), statement_digest=DIGEST_OF_STATEMENT)
        assert isinstance(inner, Wrap)
        wrap = inner
    opened = open_wrap(wrap, reader=sealing("reader"), statement_digest=DIGEST_OF_STATEMENT)
    assert opened == (CONTENT_KEYS.docket_only if name == "docket_only" else CONTENT_KEYS)


def test_entry_and_batch() -> None:
    entry = parse_entry(octets("entry"))
    assert entry.to_bytes() == octets("entry")
    assert (entry.number, int(entry.lane), entry.released_ms) == tuple(
        FROZEN["entry"][name] for name in ("number", "lane", "released_ms")
    )
    assert entry.statement == DIGEST_OF_STATEMENT
    wraps = [parse_wrap(bytes.fromhex(FROZEN["wraps"][name]["encoded"])) for name in ("reader", "own")]
    check_wraps(entry, wraps)
    head = parse_batch_head(octets("batch"))
    check_batch(head, entries=[octets("entry")], key=signing("node").public)
    assert head.root.hex() == FROZEN["batch"]["root"]


def test_heads_and_receipt() -> None:
    root = octets("head", "root")
    head, witness = parse_head(octets("head")), parse_head(octets("head", "witness"))
    head.verify(signing("peer_node").public, root)
    witness.verify(signing("node").public, root)
    for one in (head, witness):
        assert (one.journal, one.epoch, one.size) == ("ma.dgst:exchange:es.cgi", 1, FROZEN["head"]["size"])
    assert (head.signer, witness.signer) == ("ma.dgst", "es.cgi")
    verify_receipt(octets("receipt"), leaf=octets("receipt", "leaf"), root=root, key=signing("peer_node").public)


def test_directory() -> None:
    directory = parse_directory(octets("directory"))
    assert (directory.agency, directory.number) == ("es.cgi", FROZEN["directory"]["number"])
    assert sorted({str(key.use) for key in directory.keys}) == FROZEN["directory"]["uses"]
    assert directory.names["ar"] == "جهة مُختلَقة"
    revoked = directory.certified(signing("peer_node").identifier, Use.NODE_SIGNS)
    assert (revoked.doubt_at(revoked.revoked_ms), revoked.reason) == ("revoked", "replaced")
    assert revoked.recovery == (sealing("custodian").identifier,)


def test_parcel() -> None:
    parcel = parse_parcel(octets("parcel"))
    assert parcel.to_bytes() == octets("parcel")
    assert (parcel.known_size, parcel.want) == (FROZEN["parcel"]["known_size"], FROZEN["parcel"]["want"])
    assert (parcel.batch, parcel.items[0].entry) == (octets("batch"), octets("entry"))
    assert parcel.items[0].parts[1] is None
    assert parcel.news is not None
    got = parcel.receipts[0]
    leaf = hashlib.sha256(b"\0" + octets("receipt", "leaf")).digest()
    assert root_from(leaves={got.indices[0]: leaf}, size=got.size, nodes=got.nodes) == parcel.news.root


def test_manifest() -> None:
    manifest = parse_manifest(parse_part(octets("manifest")))
    chunks = [bytes.fromhex(chunk) for chunk in FROZEN["manifest"]["chunks"]]
    plain = b"".join(reveal_chunk(manifest, chunk, index=index) for index, chunk in enumerate(chunks))
    assert plain == octets("manifest", "file")
    assert hashlib.sha256(plain).digest() == manifest.digest


# ---------------------------------------------------------------------------------------------------- version 2

Change = Callable[[dict[Any, Any]], dict[Any, Any]]


@dataclass(frozen=True)
class Thing:
    """A map of the protocol: how a changed one is made (signed and sealed again where it must be) and read."""

    make: Callable[[Change], bytes] = field(repr=False)
    read: Callable[[bytes], Any] = field(repr=False)


def plain(name: str) -> Callable[[Change], bytes]:
    return lambda change: encode(change(decode(octets(name))))


def signed(name: str, kind: str, signer: str, at: Callable[[], bytes] | None = None) -> Callable[[Change], bytes]:
    """Signed again over a changed payload, as a peer of version 2 would sign it."""

    def make(change: Change) -> bytes:
        message = at() if at else octets(name)
        payload = parse_sign1(message, kind=kind).payload
        assert payload is not None
        return sign1(encode(change(decode(payload))), kind=kind, signer=signing(signer))

    return make


def inside_directory(field_number: int) -> Callable[[Change], bytes]:
    """The first key, post or officer of the document is changed."""

    def make(change: Change) -> bytes:
        def outer(fields: dict[Any, Any]) -> dict[Any, Any]:
            return fields | {field_number: [change(fields[field_number][0]), *fields[field_number][1:]]}

        return signed("directory", "directory", "identity")(outer)

    return make


def sealed(change: Change) -> bytes:
    """A wrap whose content is changed: sealed anew to the frozen reader."""
    content = encode(change({0: KEYS[0], 1: KEYS[1:]}))
    reader = sealing("reader")
    ciphertext = wraps_module.HPKE.encrypt(content, reader.public.raw, info=wraps_module._info(DIGEST_OF_STATEMENT))
    return encode([SUITE_HYBRID, reader.identifier, ciphertext])


def manifest_part(change: Change) -> bytes:
    fields = decode(octets("manifest"))
    return encode(fields | {2: change(fields[2])})


def head_with(change: Change) -> bytes:
    """A journal head has its fields in the protected header, whose labels are COSE's."""
    protected = change(dict(parse_head(octets("head")).signature.protected))
    return sign1(
        octets("head", "root"),
        kind="journal-head",
        signer=signing("peer_node"),
        detached=True,
        more_protected=protected,
    )


def without_bytes(thing: Any) -> Any:
    """What a parsed thing says, but for its own bytes and signature."""
    hidden = {"encoded", "signature", "digest"}
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__ if name not in hidden}


THINGS = {
    "docket": Thing(plain("docket"), parse_docket),
    "part": Thing(plain("part"), parse_part),
    "act": Thing(signed("act", "act", "officer", at=lambda: act_of(parse_part(octets("act"))).encoded), parse_act),
    "statement": Thing(signed("statement", "statement", "node"), parse_statement),
    "entry": Thing(plain("entry"), parse_entry),
    "batch head": Thing(signed("batch", "envelope", "node"), parse_batch_head),
    "directory": Thing(signed("directory", "directory", "identity"), parse_directory),
    "key in a directory": Thing(inside_directory(9), parse_directory),
    "post in a directory": Thing(inside_directory(10), parse_directory),
    "officer in a directory": Thing(inside_directory(11), parse_directory),
    "parcel": Thing(plain("parcel"), parse_parcel),
    "wrap": Thing(
        sealed,
        lambda data: open_wrap(parse_wrap(data), reader=sealing("reader"), statement_digest=DIGEST_OF_STATEMENT),
    ),
    "manifest": Thing(manifest_part, lambda data: parse_manifest(parse_part(data))),
}
every_thing = pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)


@every_thing
def test_version_1_passes_over_what_it_can_do_without(thing: Thing) -> None:
    old = thing.read(thing.make(lambda fields: fields))
    data = thing.make(lambda fields: fields | {100: ["something", {"that": b"comes"}], 101: None})
    new = thing.read(data)
    assert without_bytes(new) == without_bytes(old)
    if hasattr(new, "encoded"):
        assert new.encoded == data, "the bytes are passed on as they came"


@every_thing
def test_version_1_refuses_what_it_can_not_do_without(thing: Thing) -> None:
    with pytest.raises(BadInput) as caught:
        thing.read(thing.make(lambda fields: fields | {-1: 0}))
    assert (caught.value.code, caught.value.values["field"]) == ("protocol.newer-version", -1)


@pytest.mark.parametrize("name", ["docket", "part", "act", "statement", "entry", "batch head", "directory", "parcel"])
def test_a_later_version_number_alone_is_no_obstacle(name: str) -> None:
    thing = THINGS[name]
    with pytest.raises(BadInput):
        thing.read(thing.make(lambda fields: fields | {0: 0}))
    old, new = (thing.read(thing.make(lambda fields, at=at: fields | {0: at})) for at in (1, 2))  # type: ignore[misc]
    assert {**without_bytes(new), "version": 1} == {**without_bytes(old), "version": 1}


def test_a_head_may_have_headers_that_version_1_does_not_know_but_no_critical_ones() -> None:
    old = parse_head(head_with(lambda headers: headers))
    data = head_with(lambda headers: headers | {-70002: b"later"})
    new = parse_head(data)
    new.verify(signing("peer_node").public, octets("head", "root"))
    assert without_bytes(new) == without_bytes(old)
    assert new.encoded == data
    with pytest.raises(BadInput) as caught:
        parse_head(head_with(lambda headers: headers | {2: [-70002], -70002: b"must"}))
    assert caught.value.code == "protocol.newer-version"


def test_what_a_later_version_signs_is_still_proven() -> None:
    """The signature is over the bytes as they came, with all that version 1 passes over."""
    statement = parse_statement(THINGS["statement"].make(lambda fields: fields | {0: 2, 100: b"later"}))
    assert statement.version == 2
    statement.signature.verify(signing("node").public)
    part = make_act(
        statement_id=statement.id,
        officer="4711",
        post="es.cgi/desk",
        act="sent",
        time_ms=1,
        docket_commitment=statement.docket_commitment,
        part_commitments=(),
        signer=signing("officer"),
    )
    act_of(part).verify(
        signing("officer").public, statement_id=statement.id, docket=statement.docket_commitment, parts=()
    )
