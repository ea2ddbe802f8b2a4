"""Makes the frozen vectors of the protocol: one JSON file per thing, its bytes in hexadecimal beside what they mean.

    python scripts/make_vectors.py tests/vectors/v1

Invariant: vectors that exist are never overwritten: they are what every later version must still read. Keys, salts and
times are fixed, so the same recipe gives the same bytes again; only the wraps draw from chance (HPKE), and the recipe
takes those that were frozen (`recipe`, which a test calls).
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tansiq.protocol.acts import make_act
from tansiq.protocol.concealment import DOCKET_PLACE, Concealed, conceal, reveal
from tansiq.protocol.directory import Certified, Directory, Officer, Post, Use, make_directory
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Entry, Handover, Lane, make_batch_head
from tansiq.protocol.heads import Direction, exchange_leaf, journal_name, make_head, parse_head, receipt
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.protocol.manifest import Manifest, conceal_file
from tansiq.protocol.merkle import MemoryNodes, inclusion_path, leaf_hash
from tansiq.protocol.multiproof import needed
from tansiq.protocol.parcel import Fault, Item, JournalNews, Parcel, Receipts
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made, sign_concealed
from tansiq.protocol.wraps import ContentKeys, OwnSecret, Wrap, parse_wrap, seal_nested, seal_own, seal_wrap

__all__ = ["recipe"]

TIME_MS = 1_763_900_000_000


def drawn(name: str, size: int = 32) -> bytes:
    """``size`` bytes out of ``name``: every key, salt and reference of the vectors."""
    return hashlib.shake_256(b"tansiq vectors " + name.encode()).digest(size)


IDENTITY, NODE, OFFICER = (SigningKey(drawn(name)) for name in ("identity", "node", "officer"))
PEER_NODE = SigningKey(drawn("peer's node"))
READER, CUSTODIAN, NODE_SEAL = (SealingKey(drawn(name, 96)) for name in ("reader", "custodian", "node seal"))
OWN = OwnSecret(drawn("own"))
STATEMENT_ID = bytes.fromhex("019ab0a2070070008000000000000001")
FILE_KEY = drawn("file key")


def hidden(content: bytes, place: int) -> Concealed:
    """``content`` concealed with a key and a salt that depend on its place alone."""
    with patch("tansiq.protocol.concealment.secrets.token_bytes", lambda size: drawn(f"place {place}", size)):
        return conceal(content, statement_id=STATEMENT_ID, place=place)


def said() -> tuple[Docket, list[bytes], Made]:
    """The statement of the vectors: docket, plain parts (an officer's act the last), the statement made of them."""
    docket = Docket(
        kind="enquiry",
        channel="embassy",
        matter=drawn("matter", 16),
        sender="es.cgi/desk",
        route=("es.cgi/desk", "es.mir/embassy-rabat", "ma.dgst/desk"),
        addressees=("ma.dgst/desk",),
        field="terrorism",
        case=drawn("case", 16),
        answers=drawn("answers", 16),
        follows=(drawn("follows", 16),),
        deadline_class="24h",
        classification="restricted",
        handling=("H1",),
        languages=("es", "ar"),
    )
    closed = hidden(docket.to_bytes(), DOCKET_PLACE)
    parts = [
        Part("note", {0: "ليلى المُختلَقة", 1: "ar"}).to_bytes(),
        Part("note", {0: "Leyla Inventada", 1: "es"}).to_bytes(),
    ]
    concealed = [hidden(part, place) for place, part in enumerate(parts)]
    act = make_act(
        statement_id=STATEMENT_ID,
        officer="4711",
        post="es.cgi/desk",
        act="sent",
        time_ms=TIME_MS,
        docket_commitment=closed.commitment,
        part_commitments=[part.commitment for part in concealed],
        signer=OFFICER,
    ).to_bytes()
    concealed.append(hidden(act, len(parts)))
    made = sign_concealed(
        agency="es.cgi",
        statement_id=STATEMENT_ID,
        time_ms=TIME_MS,
        docket=closed,
        parts=concealed,
        signer=NODE,
    )
    return docket, [*parts, act], made


def sealed_anew(keys: ContentKeys, digest: bytes) -> dict[str, Wrap]:
    """The four kinds of wraps; all but ``own`` differ each time."""
    return {
        "reader": seal_wrap(keys, reader=READER.public, statement_digest=digest),
        "docket_only": seal_wrap(keys.docket_only, reader=READER.public, statement_digest=digest),
        "nested": seal_nested(keys, custodians=[CUSTODIAN.public, READER.public], statement_digest=digest),
        "own": seal_own(keys, secret=OWN, statement_digest=digest),
    }


def directory() -> Directory:
    """The directory document of the vectors, with a key of every use, one of them revoked."""
    owners = {Use.POST_OPENS: "es.cgi/desk", Use.OFFICER_SIGNS: "4711", Use.OFFICER_OPENS: "4711"}
    keys = {
        Use.NODE_SIGNS: NODE.public.public,
        Use.NODE_OPENS: NODE_SEAL.public.public,
        Use.POST_OPENS: READER.public.public,
        Use.OFFICER_SIGNS: OFFICER.public.public,
        Use.OFFICER_OPENS: READER.public.public,
        Use.RECOVERY_OPENS: CUSTODIAN.public.public,
    }
    certified = [
        Certified(use=use, owner=owners.get(use, "es.cgi"), public=public, from_ms=TIME_MS, until_ms=TIME_MS + 10**10)
        for use, public in keys.items()
    ]
    certified.append(
        Certified(
            use=Use.NODE_SIGNS,
            owner="es.cgi",
            public=PEER_NODE.public.public,
            from_ms=TIME_MS - 10**9,
            revoked_ms=TIME_MS,
            reason="replaced",
            recovery=(CUSTODIAN.identifier,),
        )
    )
    return make_directory(
        Directory(
            agency="es.cgi",
            number=2,
            time_ms=TIME_MS,
            identity=IDENTITY.public.public,
            previous=drawn("the document before"),
            names={"ar": "جهة مُختلَقة", "es": "Servicio inventado"},
            addresses=("https://es-cgi.example:8443",),
            tls=(drawn("certificate", 64),),
            keys=tuple(certified),
            posts=(Post(id="es.cgi/desk", role="desk", names={"es": "Mesa"}, languages=("es", "fr")),),
            officers=(Officer(number="4711", posts=("es.cgi/desk",)),),
            pulls=True,
        ),
        identity=IDENTITY,
    )


def recipe(frozen: Mapping[str, bytes] | None = None) -> dict[str, dict[str, Any]]:
    """All vectors by name. ``frozen`` are the bytes of wraps made before; without them, new ones are sealed."""
    docket, plain_parts, made = said()
    wraps = (
        sealed_anew(made.keys, made.statement.digest)
        if frozen is None
        else {name: parse_wrap(encoded) for name, encoded in frozen.items()}
    )
    carried = [wraps["reader"], wraps["own"]]
    entry = Entry(
        sender="es.cgi",
        receiver="ma.dgst",
        epoch=1,
        lane=Lane.URGENT,
        number=1,
        statement=made.statement.digest,
        wraps=tuple(wrap.digest for wrap in carried),
        handovers=(Handover("es.mir/embassy-rabat", TIME_MS + 1, TIME_MS + 2),),
        released_ms=TIME_MS + 3,
    ).to_bytes()
    head = make_batch_head(
        sender="es.cgi", receiver="ma.dgst", epoch=1, time_ms=TIME_MS + 4, entries=[entry], signer=NODE
    )
    leaves = [
        exchange_leaf(Direction.SENT, TIME_MS, drawn("an earlier entry")),
        exchange_leaf(Direction.RECEIVED, TIME_MS + 5, hashlib.sha256(entry).digest()),
        exchange_leaf(Direction.RECEIVED, TIME_MS + 6, drawn("a later entry")),
    ]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    nodes = MemoryNodes(hashes)
    journal: dict[str, Any] = {
        "journal": journal_name("ma.dgst", "es.cgi"),
        "time_ms": TIME_MS + 7,
        "epoch": 1,
        "size": 3,
    }
    journal_head = make_head(**journal, root=nodes.root(), signer_agency="ma.dgst", signer=PEER_NODE)
    witness = make_head(**journal, root=nodes.root(), signer_agency="es.cgi", signer=NODE)
    proven = receipt(parse_head(journal_head), index=1, path=inclusion_path(1, 3, nodes))
    parcel = Parcel(
        sender="es.cgi",
        receiver="ma.dgst",
        epoch=1,
        time_ms=TIME_MS + 8,
        known_size=3,
        news=JournalNews(head=journal_head, root=nodes.root(), first=1, leaves=b"".join(hashes[1:])),
        witness=witness,
        batch=head.encoded,
        items=(
            Item(
                entry=entry,
                statement=made.statement.encoded,
                docket=made.docket,
                proofs=[proof.to_plain() for proof in made.proofs],
                parts=(made.parts[0], None, made.parts[2]),
                wraps=tuple(wrap.encoded for wrap in carried),
            ),
        ),
        receipts=(Receipts(head.digest, (1,), (TIME_MS + 5,), 3, tuple(nodes.node(*node) for node in needed([1], 3))),),
        faults=(Fault(made.statement.digest, "protocol.other-docket"),),
        want=128,
        directory_version=2,
    )
    file = b"an invented photograph, " * 100
    *chunks, manifest = conceal_file(io.BytesIO(file), key=FILE_KEY, media_type="image/jpeg", chunk_size=1000)
    assert isinstance(manifest, Manifest)  # noqa: S101 - the last step is the manifest
    openings = [
        reveal(
            ciphertext,
            key=key,
            statement_id=STATEMENT_ID,
            place=place,
            commitment=commitment,
        )[1]
        for ciphertext, key, place, commitment in [
            (made.docket, made.keys.docket, DOCKET_PLACE, made.statement.docket_commitment),
            *zip(made.parts, made.keys.parts, range(3), [proof.commitment for proof in made.proofs], strict=True),
        ]
    ]
    signers = {"identity": IDENTITY, "node": NODE, "officer": OFFICER, "peer_node": PEER_NODE}
    readers = {"reader": READER, "custodian": CUSTODIAN, "node_seal": NODE_SEAL}
    return {
        "keys": {
            **{name: _key(key.private, key.public.public, key.identifier) for name, key in signers.items()},
            **{name: _key(key.private, key.public.public, key.identifier) for name, key in readers.items()},
            "own": {"private": OWN.secret.hex(), "identifier": OWN.identifier.hex()},
        },
        "docket": {"encoded": docket.to_bytes().hex(), "kind": docket.kind, "addressees": list(docket.addressees)},
        "part": {"encoded": plain_parts[0].hex(), "kind": "note", "text": "ليلى المُختلَقة"},
        "act": {"encoded": plain_parts[2].hex(), "officer": "4711", "act": "sent", "time_ms": TIME_MS},
        "statement": {
            "encoded": made.statement.encoded.hex(),
            "digest": made.statement.digest.hex(),
            "id": STATEMENT_ID.hex(),
            "docket": made.docket.hex(),
            "parts": [part.hex() for part in made.parts],
            "proofs": [[proof.digest.hex(), proof.commitment.hex(), proof.length] for proof in made.proofs],
            "keys": [made.keys.docket.hex(), *(key.hex() for key in made.keys.parts)],
            "openings": [opening.hex() for opening in openings],
        },
        "wraps": {name: {"encoded": wrap.encoded.hex(), "digest": wrap.digest.hex()} for name, wrap in wraps.items()},
        "entry": {"encoded": entry.hex(), "number": 1, "lane": 0, "released_ms": TIME_MS + 3},
        "batch": {"encoded": head.encoded.hex(), "entries": [entry.hex()], "root": head.root.hex()},
        "head": {"encoded": journal_head.hex(), "witness": witness.hex(), "root": nodes.root().hex(), **journal},
        "receipt": {"encoded": proven.hex(), "leaf": leaves[1].hex(), "root": nodes.root().hex(), "index": 1},
        "directory": {"encoded": directory().encoded.hex(), "number": 2, "uses": sorted(Use)},
        "parcel": {"encoded": parcel.to_bytes().hex(), "known_size": 3, "want": 128},
        "manifest": {
            "encoded": manifest.to_part().to_bytes().hex(),
            "chunks": [step[1].hex() for step in chunks if not isinstance(step, Manifest)],
            "file": file.hex(),
        },
    }


def _key(private: bytes, public: bytes, identifier: bytes) -> dict[str, str]:
    return {"private": private.hex(), "public": public.hex(), "identifier": identifier.hex()}


def main() -> int:
    """Writes the vectors into the folder that is named; returns the exit code."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    folder = Path(sys.argv[1])
    if folder.exists():
        print(f"{folder} exists: frozen vectors are not made again. Name a new folder for a new version.")
        return 1
    folder.mkdir(parents=True)
    for name, vector in recipe().items():
        text = json.dumps(vector, ensure_ascii=False, indent=1)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"{folder}: made")
    return 0


if __name__ == "__main__":
    sys.exit(main())
