"""Verifying an evidence file with software that is not ours, from the bytes of the archive and pinned fingerprints.

Invariant: nothing of ``tansiq`` is imported here. Python's ``zipfile`` and ``json`` open the archive, ``cbor2`` reads,
``cwt`` (in its own process) and OpenSSL's command line verify signatures, ``scitt-cose`` receipts, ``pymerkle`` trees. What does not hold
raises `Refused`; otherwise the facts that are proven come back, one line each.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cbor2
import pymerkle
import scitt_cose
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from support.judge import cwt_holds

__all__ = ["OPENSSL", "Refused", "cwt_verifies", "openssl_verifies", "thumbprint", "verify"]

OPENSSL = shutil.which("openssl")
_TYPE = "application/tansiq-{}+cbor"
Verifier = Callable[[bytes, bytes, "bytes | None"], bool]
"""Whether the COSE_Sign1 holds under the public key, with the detached payload where it has none."""


class Refused(Exception):
    """The file does not prove what it should; the text says where."""


def thumbprint(public: bytes) -> bytes:
    """The COSE key thumbprint (RFC 9679) of an Ed25519 key."""
    return hashlib.sha256(cbor2.dumps({1: 1, -1: 6, -2: public}, canonical=True)).digest()


def cwt_verifies(message: bytes, public: bytes, detached: bytes | None = None) -> bool:
    """Verify with ``cwt``."""
    return cwt_holds(message, {1: 1, 3: -8, -1: 6, -2: public, 2: thumbprint(public)}, detached=detached)


def openssl_verifies(message: bytes, public: bytes, detached: bytes | None = None) -> bool:
    """Verify with OpenSSL's command line, on the Sig_structure (RFC 9052 section 4.4) cut out of the message."""
    protected, _, payload, signature = cbor2.loads(message).value
    signed = cbor2.dumps(["Signature1", protected, b"", detached if payload is None else payload])
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": bytes.fromhex("302a300506032b6570032100") + public, "in": signed, "sig": signature}
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        command = [OPENSSL or "openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key"]
        command += ["-rawin", "-in", "in", "-sigfile", "sig"]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def _require(holds: object, what: str) -> None:
    if not holds:
        raise Refused(what)


class _Foreign:
    """One archive, opened and read by foreign software."""

    def __init__(self, archive: bytes, pins: Mapping[str, bytes], verifier: Verifier) -> None:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _require(opened.testzip() is None, "a checksum of the archive")
            names = opened.namelist()
            _require(len(names) == len(set(names)), "a name twice in the archive")
            self.members = {name: opened.read(name) for name in names}
        self.manifest: dict[str, Any] = json.loads(self.members["manifest.json"])
        self._holds = verifier
        self._keys: dict[tuple[str, bytes], bytes] = {}
        self._pins = pins
        self.facts: list[str] = []

    def files(self) -> None:
        """Nothing that the manifest does not name, nothing missing, nothing altered."""
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in self.members.items()}
        rest = {name: digest for name, digest in digests.items() if name not in {"manifest.json", "manifest.cose"}}
        _require(rest == self.manifest["files"], "the files of the manifest")

    def signed(self, name: str, public: bytes, kind: str, detached: bytes | None = None) -> Any:
        """The decoded payload of a signed member."""
        message = self.members[name]
        protected, _, payload, _ = cbor2.loads(message).value
        _require(cbor2.loads(protected)[16] == _TYPE.format(kind), f"the type of {name}")
        _require(self._holds(message, public, detached), f"the signature of {name}")
        return None if payload is None else cbor2.loads(payload)

    def key(self, agency: str, name: str) -> bytes:
        """The node key of ``agency`` that claims to have signed a member."""
        identifier = cbor2.loads(cbor2.loads(self.members[name]).value[0])[4]
        _require((agency, identifier) in self._keys, f"the key of {name}")
        return self._keys[agency, identifier]

    def directories(self) -> None:
        """Every document is signed by the pinned identity, and certifies the keys."""
        for agency, names in self.manifest["directory"].items():
            for name in names:
                identity = cbor2.loads(cbor2.loads(self.members[name]).value[2])[4]
                _require(thumbprint(identity) == self._pins.get(agency), f"the identity of {agency}")
                document = self.signed(name, identity, "directory")
                _require(document[1] == agency, f"the agency of {name}")
                for key in document[9]:
                    if key[0] == "node.sign":
                        self._keys[agency, thumbprint(key[2])] = key[2]

    def statement(self, said: dict[str, Any]) -> None:
        """A statement, what it signs of its contents, and the contents that are shown."""
        name = said["file"]
        payload = self.signed(name, self.key(said["agency"], name), "statement")
        _require(hashlib.sha256(self.members[name]).hexdigest() == said["sha256"], f"the digest of {name}")
        _require((payload[1].hex(), payload[2]) == (said["id"].replace("-", ""), said["agency"]), f"who said {name}")
        docket = said["docket"]
        _require((payload[4].hex(), payload[5].hex()) == (docket["sha256"], docket["commitment"]), "the docket")
        tree = pymerkle.InmemoryTree(algorithm="sha256")
        for part in said["parts"]:
            leaf = [bytes.fromhex(part["sha256"]), bytes.fromhex(part["commitment"]), part["length"]]
            tree.append_entry(cbor2.dumps(leaf))
        _require(payload[7] == len(said["parts"]), f"the count of parts of {name}")
        root = tree.get_root() if said["parts"] else hashlib.sha256().digest()
        _require(payload[6] == root, f"the parts of {name}")
        self.facts.append(f"{said['agency']} said {said['id']}")
        for content in (docket, *said["parts"]):
            if content["disclosed"]:
                opening = self.members[content["disclosed"]]
                _require(hashlib.sha256(opening).hexdigest() == content["commitment"], content["disclosed"])
                self.facts.append(f"{said['agency']} said {content['disclosed']}")

    def hop(self, said: dict[str, Any], hop: dict[str, Any]) -> None:
        """An entry in its signed batch, its receipt and its witness."""
        envelope, raw = hop["envelope"], bytes.fromhex(hop["entry"])
        head = self.signed(envelope["file"], self.key(hop["from"], envelope["file"]), "envelope")
        entry = cbor2.loads(raw)
        _require((head[1], head[2]) == (entry[1], entry[2]) == (hop["from"], hop["to"]), "the ends of an envelope")
        _require(entry[6].hex() == said["sha256"], "the statement of an envelope")
        # pymerkle's proofs carry the sides along; an honest tree of the same shape says which they are.
        shape = pymerkle.InmemoryTree(algorithm="sha256")
        shape.append_entries([b""] * head[4])
        rule = shape.prove_inclusion(envelope["index"] + 1).rule
        leaf = hashlib.sha256(b"\0" + raw).digest()
        path = [leaf, *(bytes.fromhex(node) for node in envelope["path"])]
        proof = pymerkle.InclusionProof("sha256", True, head[4], envelope["index"] + 1, rule, path)
        pymerkle.verify_inclusion(leaf, head[5], proof)
        self.facts.append(f"{hop['from']} sent {said['id']} to {hop['to']}")
        for what in ("receipt", "witness"):
            if hop[what] is not None:
                self.leaf(said, hop, what, hashlib.sha256(raw).digest())

    def leaf(self, said: dict[str, Any], hop: dict[str, Any], what: str, entry: bytes) -> None:
        """A receipt by the receiver, or a witness by the other side of whose journal it is."""
        shown = hop[what]
        owner, peer = (hop["from"], hop["to"]) if shown["direction"] == 1 else (hop["to"], hop["from"])
        issuer = hop["to"] if what == "receipt" else peer
        public = self.key(issuer, shown["file"])
        pem = Ed25519PublicKey.from_public_bytes(public).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        leaf = cbor2.loads(bytes.fromhex(shown["leaf"]))
        _require(leaf == [shown["direction"], shown["time_ms"], entry], f"the leaf of a {what}")
        result = scitt_cose.verify_receipt(
            self.members[shown["file"]], leaf_entry_hex=shown["leaf"], log_public_key_pem=pem
        )
        _require(result.ok and result.root == shown["root"], f"a {what}: {result.errors}")
        _require((result.issuer, result.subject) == (issuer, f"{owner}:exchange:{peer}"), f"whose {what}")
        _require(what == "witness" or owner == hop["to"], f"whose {what}")
        self.signed(shown["file"], public, "journal-head", bytes.fromhex(shown["root"]))
        self.facts.append(f"{what} by {issuer} for {said['id']} from {hop['from']} to {hop['to']}")


def verify(archive: bytes, pins: Mapping[str, bytes], *, verifier: Verifier = cwt_verifies) -> list[str]:
    """Verify everything in the archive; ``pins`` are fingerprints by agency. Returns the facts, raises `Refused`."""
    try:
        file = _Foreign(archive, pins, verifier)
        file.files()
        file.directories()
        exporter = file.manifest["exporter"]
        file.signed("manifest.cose", file.key(exporter, "manifest.cose"), "evidence", file.members["manifest.json"])
        for said in file.manifest["statements"]:
            file.statement(said)
            for hop in said["hops"]:
                file.hop(said, hop)
    except (Refused, Warning):  # a warning of a library is a defect here, not a refusal
        raise
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    return file.facts
