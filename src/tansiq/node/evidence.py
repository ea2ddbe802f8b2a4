"""Evidence files: a ZIP that proves an exchange to somebody who trusts neither side, written here and verified here.

Invariant: verifying needs the file and pinned fingerprints and nothing else: no database, no network, no node. It
returns a report or raises; if one bit differs it raises NotProven (exit 1). Whoever exports signs the manifest, and so
answers for the choice; what is in the file is proven by the keys of those who said it. Disclosing a content is an exit:
``exchange.evidence`` asks `policy.handling` and logs it (field.md row 64; LED articles 24 and 25).

The README in the file says how to verify each thing with software that is not ours.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from tansiq.errors import BadInput, Conflict, Error, NotFound, NotProven, TooMuch, Unavailable
from tansiq.node.evidence_manifest import MANIFEST, MAX_MANIFEST_BYTES, SIGNATURE, pack, unpack
from tansiq.node.evidence_zip import MAX_EVIDENCE_BYTES, MAX_MEMBERS, read_zip, write_zip
from tansiq.node.reading import read_at_most
from tansiq.protocol.cose import sign1
from tansiq.protocol.directory import fingerprint, parse_directory
from tansiq.protocol.evidence import KIND, Evidence, check_evidence
from tansiq.protocol.evidence_report import Missing, Report
from tansiq.protocol.keys import Signer
from tansiq.protocol.limits import MAX_DIRECTORY_BYTES
from tansiq.protocol.words import words_to_bytes
from tansiq.texts import LANGUAGES

if TYPE_CHECKING:
    from tansiq.exchange.context import Context
    from tansiq.exchange.evidence import Disclosing

__all__ = ["Manifest", "export_evidence", "parse_pins", "to_archive", "verify_archive", "verify_evidence"]

FINGERPRINT_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was exported; ``sha256`` is of the whole archive of ``size`` bytes, ``missing`` what it can't prove."""

    exporter: str
    exported_ms: int
    statements: int
    hops: int
    receipts: int
    disclosed: int
    missing: tuple[Missing, ...]
    files: tuple[str, ...]
    size: int
    sha256: bytes


def to_archive(evidence: Evidence, *, signer: Signer) -> bytes:
    """The evidence file of ``evidence``, its manifest signed by the exporter's node key. Raises TooMuch."""
    readme = resources.files("tansiq.exchange").joinpath("evidence_readme.md").read_bytes()
    members = pack(evidence, readme=readme)
    members[SIGNATURE] = sign1(members[MANIFEST], kind=KIND, signer=signer, detached=True)
    if len(members) <= MAX_MEMBERS and len(members[MANIFEST]) <= MAX_MANIFEST_BYTES:
        archive = write_zip(members)
        if len(archive) <= MAX_EVIDENCE_BYTES:
            return archive
    raise TooMuch("evidence.too-large", limit=MAX_EVIDENCE_BYTES)


def _fingerprint_of(shown: str) -> bytes:
    """A fingerprint as somebody typed it: hexadecimal digits, or the words in whichever of our languages.

    Raises BadInput.
    """
    try:
        octets = bytes.fromhex(shown.replace(":", " "))
    except ValueError:
        octets = b""
    if len(octets) == FINGERPRINT_SIZE:
        return octets
    for language in LANGUAGES:
        try:
            return words_to_bytes(shown, language)
        except Error:  # not words of this language
            continue
    raise BadInput("evidence.wrong-pin")


def verify_archive(archive: bytes, *, pinned: Mapping[str, bytes | str]) -> Report:
    """What `verify_evidence` does, for the bytes of the file."""
    members = read_zip(archive)
    if SIGNATURE not in members:
        raise NotProven("evidence.other-manifest")
    evidence = unpack(members)
    pins = {agency: _fingerprint_of(pin) if isinstance(pin, str) else pin for agency, pin in pinned.items()}
    return check_evidence(evidence, manifest=members[MANIFEST], signature=members[SIGNATURE], pinned=pins)


def verify_evidence(path: Path, *, pinned: Mapping[str, bytes | str]) -> Report:
    """Verifies the evidence file at ``path`` against identities that were learnt elsewhere.

    ``pinned`` maps each agency to the fingerprint of its identity key (32 bytes, or the 16 that its words say) or to
    its text. Raises NotProven (something differs, or an agency is not pinned), NotFound, BadInput (a pin that is
    none, no regular file) and TooMuch.
    """
    try:
        archive = read_at_most(path, MAX_EVIDENCE_BYTES + 1)
    except OSError as error:
        raise NotFound("evidence.no-file", file=path.name) from error
    if len(archive) > MAX_EVIDENCE_BYTES:
        raise TooMuch("evidence.too-large", limit=MAX_EVIDENCE_BYTES)
    return verify_archive(archive, pinned=pinned)


def _pin(value: str) -> tuple[str, bytes]:
    agency, separator, shown = value.partition("=")
    if separator and "/" not in agency:
        return agency, _fingerprint_of(shown)
    try:
        encoded = read_at_most(Path(value), MAX_DIRECTORY_BYTES + 1)
    except OSError as error:
        if "/" in value or value.endswith(".directory"):  # what was meant as a file
            raise NotFound("evidence.no-file", file=Path(value).name) from error
        raise BadInput("evidence.wrong-pin") from error
    try:
        document = parse_directory(encoded)
    except Error as error:
        raise BadInput("evidence.wrong-pin") from error
    return document.agency, fingerprint(document.identity)


def parse_pins(values: Sequence[str]) -> dict[str, bytes]:
    """Pins as typed: ``AGENCY=FINGERPRINT`` (64 hexadecimal digits, or the words) or a directory document's file.

    Raises BadInput when one is none of these, or an agency is pinned twice, and NotFound when the file can't be read.
    """
    pins = dict(_pin(value) for value in values)
    if len(pins) != len(values):
        raise BadInput("evidence.wrong-pin")
    return pins


def _write(out: BinaryIO | Path, archive: bytes) -> None:
    if not isinstance(out, Path):
        out.write(archive)
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict("evidence.file-exists", file=out.name) from error
    except OSError as error:
        raise Unavailable("evidence.not-written", file=out.name) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(archive)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        out.unlink(missing_ok=True)
        raise Unavailable("evidence.not-written", file=out.name) from error


def export_evidence(
    context: Context,
    *,
    out: BinaryIO | Path,
    statements: Collection[bytes] = (),
    matter: bytes = b"",
    peer: str | None = None,
    disclose: Collection[tuple[bytes, int]] = (),
    disclosing: Disclosing | None = None,
) -> Manifest:
    """Writes an evidence file of ``statements``, of a ``matter``, or of everything exchanged (with ``peer``).

    ``disclose`` names contents to be shown by statement and place (-1 the docket, parts from 0); ``disclosing`` says
    who does it and why, and is asked of `policy.handling` first. The file is verified before it is written. A path is
    created, readable by its owner alone. Raises NotFound, BadInput, Conflict, TooMuch, Unavailable and
    Refused('policy.use').
    """
    from tansiq.directory.queries import partners  # noqa: PLC0415 (verifying must not need a database)
    from tansiq.exchange.evidence import gather  # noqa: PLC0415

    evidence = gather(
        context, statements=statements, matter=matter, peer=peer, disclose=disclose, disclosing=disclosing
    )
    archive = to_archive(evidence, signer=context.signer)
    pinned = {partner.agency: fingerprint(partner.identity) for partner in partners()}
    report = verify_archive(archive, pinned=pinned)
    _write(out, archive)
    hops = [hop for exhibit in evidence.exhibits for hop in exhibit.hops]
    return Manifest(
        exporter=evidence.exporter,
        exported_ms=evidence.exported_ms,
        statements=len(evidence.exhibits),
        hops=len(hops),
        receipts=sum(hop.receipt is not None for hop in hops),
        disclosed=sum(len(exhibit.openings) for exhibit in evidence.exhibits),
        missing=report.missing,
        files=tuple(read_zip(archive)),
        size=len(archive),
        sha256=hashlib.sha256(archive).digest(),
    )
