"""The members of an evidence file: what is in which file, told in ``manifest.json`` for people and foreign software.

Invariant: ``pack`` is the only layout and ``unpack`` its inverse; a reader packs again what it unpacked and compares,
so a key, a blank, an order or a file that the manifest would not have written itself is refused. Whatever the manifest
repeats of a signed thing (times, numbers, hashes) is computed from it by both sides and can't say anything else. Each
member is read once, whatever the manifest names, so that reading takes time and memory in proportion to the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from tansiq.errors import NotProven
from tansiq.protocol.concealment import DOCKET_PLACE
from tansiq.protocol.directory import Directory, parse_directory
from tansiq.protocol.envelope import BatchHead, parse_batch_head, parse_entry
from tansiq.protocol.evidence import Evidence, Exhibit, Hop, LeafProof, in_file, place_name
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.heads import Direction, parse_receipt
from tansiq.protocol.ids import id_text
from tansiq.protocol.limits import MAX_INTEGER
from tansiq.protocol.statement import PartProof, parse_statement

__all__ = ["MANIFEST", "MAX_MANIFEST_BYTES", "README", "SIGNATURE", "pack", "unpack"]

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.cose"
README: Final = "README.md"
FORMAT: Final = "tansiq-evidence-1"
MAX_MANIFEST_BYTES: Final = 32 * 1024 * 1024
"""Some seven thousand statements of a few parts each."""
_LEAST_BYTES: Final = 16
"""For each value, in the mean: a manifest of ours has three times as many. Millions of empty lists would fill the memory."""


class _Members(dict[str, bytes]):
    """Members by name; one name has one content."""

    def file(self, name: str, data: bytes) -> str:
        """Adds a member and returns its name. Raises NotProven when the name has another content."""
        if self.setdefault(name, data) != data:
            raise NotProven("evidence.other-manifest")
        return name


def _leaf(members: _Members, name: str, proof: LeafProof | None, entry: bytes) -> dict[str, Any] | None:
    if proof is None:
        return None
    head = parse_receipt(proof.encoded)
    return {
        "file": members.file(name, proof.encoded),
        "issuer": head.signer,
        "journal": head.journal,
        "signed": utc_text(head.time_ms),
        "size": head.size,
        "root": proof.root.hex(),
        "direction": int(proof.direction),
        "time_ms": proof.time_ms,
        "leaf": proof.leaf(entry).hex(),
        "key": head.signature.signer.hex(),
    }


def _hop(members: _Members, hop: Hop, name: str) -> dict[str, Any]:
    entry = parse_entry(hop.entry)
    return {
        "from": entry.sender,
        "to": entry.receiver,
        "epoch": entry.epoch,
        "lane": entry.lane.name.lower(),
        "number": entry.number,
        "released": utc_text(entry.released_ms),
        "entry": hop.entry.hex(),
        "entry_sha256": hashlib.sha256(hop.entry).hexdigest(),
        "envelope": {
            "file": members.file(f"envelopes/{hop.head.digest.hex()}.cose", hop.head.encoded),
            "count": hop.head.count,
            "root": hop.head.root.hex(),
            "index": hop.index,
            "path": [node.hex() for node in hop.path],
            "key": hop.head.signature.signer.hex(),
        },
        "receipt": _leaf(members, f"receipts/{name}.cose", hop.receipt, hop.entry),
        "witness": _leaf(members, f"witness/{name}.cose", hop.witness, hop.entry),
    }


def _content(members: _Members, exhibit: Exhibit, place: int, proof: dict[str, Any]) -> dict[str, Any]:
    opening = exhibit.openings.get(place)
    name = f"disclosed/{id_text(exhibit.statement.id)}-{place_name(place)}.cbor"
    return {**proof, "disclosed": None if opening is None else members.file(name, opening)}


def _exhibit(members: _Members, exhibit: Exhibit) -> dict[str, Any]:
    statement = exhibit.statement
    name = id_text(statement.id)
    docket = {"sha256": statement.docket_digest.hex(), "commitment": statement.docket_commitment.hex()}
    parts = [
        {"sha256": proof.digest.hex(), "commitment": proof.commitment.hex(), "length": proof.length}
        for proof in exhibit.proofs
    ]
    return {
        "id": name,
        "agency": statement.agency,
        "time": utc_text(statement.time_ms),
        "file": members.file(f"statements/{name}.cose", statement.encoded),
        "sha256": statement.digest.hex(),
        "key": statement.signer.hex(),
        "docket": _content(members, exhibit, DOCKET_PLACE, docket),
        "parts_root": statement.parts_root.hex(),
        "parts": [_content(members, exhibit, place, proof) for place, proof in enumerate(parts)],
        "hops": [_hop(members, hop, f"{name}-{number}") for number, hop in enumerate(exhibit.hops, 1)],
    }


def _agencies(members: _Members, documents: tuple[Directory, ...]) -> dict[str, Any]:
    out: dict[str, list[str]] = {}
    for document in documents:
        name = members.file(f"directory/{document.agency}-{document.number}.cose", document.encoded)
        out.setdefault(document.agency, []).append(name)
    return out


def pack(evidence: Evidence, *, readme: bytes) -> dict[str, bytes]:
    """The members by name; the signature over the manifest is added by whoever signs."""
    members = _Members()
    manifest = {
        "format": FORMAT,
        "exporter": evidence.exporter,
        "exported": utc_text(evidence.exported_ms),
        "exported_ms": evidence.exported_ms,
        "directory": _agencies(members, evidence.documents),
        "statements": [_exhibit(members, exhibit) for exhibit in evidence.exhibits],
    }
    members.file(README, readme)
    files = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(members.items())}
    encoded = json.dumps({**manifest, "files": files}, indent=1).encode() + b"\n"
    return {MANIFEST: encoded, **members}


class _Reader:
    """Typed reading of a manifest that may be hostile; every method raises NotProven('evidence.other-manifest').

    What is read as a member is taken out of ``members``.
    """

    def __init__(self, value: Any, members: dict[str, bytes]) -> None:
        if type(value) is not dict:
            raise NotProven("evidence.other-manifest")
        self._value: dict[str, Any] = value
        self._members = members

    def _get(self, key: str, kind: type) -> Any:
        value = self._value.get(key)
        if type(value) is not kind:
            raise NotProven("evidence.other-manifest")
        return value

    def text(self, key: str) -> str:
        value: str = self._get(key, str)
        return value

    def number(self, key: str) -> int:
        value: int = self._get(key, int)
        if not 0 <= value <= MAX_INTEGER:
            raise NotProven("evidence.other-manifest")
        return value

    def octets(self, key: str) -> bytes:
        return _unhex(self.text(key))

    def hashes(self, key: str) -> tuple[bytes, ...]:
        return tuple(_unhex(value) for value in self._get(key, list))

    def inner(self, key: str) -> _Reader:
        return _Reader(self._value.get(key), self._members)

    def optional(self, key: str) -> _Reader | None:
        return None if self._value.get(key) is None else self.inner(key)

    def each(self, key: str) -> list[_Reader]:
        return [_Reader(value, self._members) for value in self._get(key, list)]

    def file(self, key: str) -> bytes:
        return _take(self._members, self.text(key))

    def files(self) -> list[tuple[str, bytes]]:
        """The members, by name, that stand in the lists that are the values of this map."""
        names = [name for key in self._value for name in self._get(key, list)]
        return [(name, _take(self._members, name)) for name in names]

    def shown(self, key: str) -> bytes | None:
        return None if self._value.get(key) is None else self.file(key)


def _unhex(value: Any) -> bytes:
    try:
        return bytes.fromhex(value)
    except (ValueError, TypeError) as error:
        raise NotProven("evidence.other-manifest") from error


def _take(members: dict[str, bytes], name: Any) -> bytes:
    if type(name) is not str or name not in members:
        raise NotProven("evidence.other-manifest")
    return members.pop(name)


def _read_leaf(reader: _Reader | None) -> LeafProof | None:
    if reader is None:
        return None
    direction = reader.number("direction")
    if direction not in list(Direction):
        raise NotProven("evidence.other-manifest")
    encoded = reader.file("file")
    with in_file(reader.text("file")):
        parse_receipt(encoded)
    return LeafProof(encoded, Direction(direction), reader.number("time_ms"), reader.octets("root"))


def _read_hop(reader: _Reader, heads: dict[str, BatchHead]) -> Hop:
    """A hop; ``heads`` are those of the batches that were read, by file."""
    envelope = reader.inner("envelope")
    name = envelope.text("file")
    if name not in heads:
        encoded = envelope.file("file")
        with in_file(name):
            heads[name] = parse_batch_head(encoded)
    return Hop(
        entry=reader.octets("entry"),
        head=heads[name],
        index=envelope.number("index"),
        path=envelope.hashes("path"),
        receipt=_read_leaf(reader.optional("receipt")),
        witness=_read_leaf(reader.optional("witness")),
    )


def _read_exhibit(reader: _Reader, heads: dict[str, BatchHead]) -> Exhibit:
    encoded = reader.file("file")
    with in_file(reader.text("file")):
        statement = parse_statement(encoded)
    parts = reader.each("parts")
    shown = {DOCKET_PLACE: reader.inner("docket").shown("disclosed")}
    shown.update({place: part.shown("disclosed") for place, part in enumerate(parts)})
    return Exhibit(
        statement=statement,
        proofs=tuple(
            PartProof(part.octets("sha256"), part.octets("commitment"), part.number("length")) for part in parts
        ),
        hops=tuple(_read_hop(hop, heads) for hop in reader.each("hops")),
        openings={place: opening for place, opening in shown.items() if opening is not None},
    )


def unpack(members: Mapping[str, bytes]) -> Evidence:
    """The collection that the members are, and nothing else: packed again it gives the same bytes.

    Nothing is verified yet but that. Raises NotProven: 'evidence.other-manifest', 'evidence.not-proven'.
    """
    left = dict(members)
    encoded, readme = _take(left, MANIFEST), _take(left, README)
    if len(encoded) > MAX_MANIFEST_BYTES or sum(map(encoded.count, (b",", b"[", b"{"))) > len(encoded) // _LEAST_BYTES:
        raise NotProven("evidence.other-manifest")
    try:
        manifest = _Reader(json.loads(encoded), left)
    except (ValueError, RecursionError) as error:
        raise NotProven("evidence.other-manifest") from error
    documents = []
    for name, document in manifest.inner("directory").files():
        with in_file(name):
            documents.append(parse_directory(document))
    heads: dict[str, BatchHead] = {}
    exhibits = [_read_exhibit(reader, heads) for reader in manifest.each("statements")]
    evidence = Evidence(manifest.text("exporter"), manifest.number("exported_ms"), tuple(documents), tuple(exhibits))
    with in_file(MANIFEST):
        again = pack(evidence, readme=readme)
    rest = {name: data for name, data in members.items() if name != SIGNATURE}
    ids = [exhibit.statement.id for exhibit in exhibits]
    numbers = [(document.agency, document.number) for document in documents]
    if again != rest or ids != sorted(set(ids)) or numbers != sorted(set(numbers)):
        raise NotProven("evidence.other-manifest")
    return evidence
