"""What a verified evidence file proves, one finding per signature: who said what, when, proven by which key.

Invariant: a finding stands for a signature that holds. What makes one hesitate (a key revoked later, a time before the
key began) is shown beside it as doubt, with whoever else signed for the same thing before; what is lacking (a receipt,
a witness) is listed, never left out. Nothing here says that a content is true, or that nothing was withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tansiq.errors import Error
from tansiq.protocol.cbor import Plain, decode
from tansiq.protocol.ids import id_text
from tansiq.texts import text

__all__ = ["Finding", "Missing", "Report", "utc_text"]


def utc_text(time_ms: int) -> str:
    """A time in UTC milliseconds as ISO 8601; a time beyond the calendar, which only a liar states, as the number.

    >>> utc_text(1_763_900_000_123)
    '2025-11-23T12:13:20.123Z'
    """
    try:
        moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


def _readable(value: Plain) -> Plain:
    """A decoded content for JSON: bytes in hexadecimal, every key a text."""
    if type(value) is dict:
        return {str(_readable(key)): _readable(inner) for key, inner in value.items()}
    if type(value) is list:
        return [_readable(inner) for inner in value]
    return value.hex() if type(value) is bytes else value


def _shown(content: bytes) -> Plain:
    """A disclosed content for JSON: what it says, or its bytes where it can't be read."""
    try:
        return _readable(decode(content))
    except Error:
        return content.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is proven.

    ``what`` is 'manifest', 'statement', 'envelope', 'receipt', 'witness', 'docket', 'part' or 'act'; ``agency`` says
    it, at ``time_ms`` (UTC, its own word), proven by the ``key`` with this identifier and the member ``file``;
    ``other`` is the agency it was said to, or whose journal was signed. ``doubt`` is '' or a code
    ('early', 'expired', 'revoked', 'revoked-since', 'act-not-proven'); ``settled_by`` signed for the same thing at
    ``settled_ms``, before the revocation. ``details`` are plain values, ``content`` what was disclosed.
    """

    what: str
    statement: bytes = b""
    agency: str
    time_ms: int
    key: bytes
    file: str
    other: str = ""
    doubt: str = ""
    settled_by: str = ""
    settled_ms: int = 0
    details: Mapping[str, str | int] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    def sentences(self, language: str) -> list[str]:
        """The finding, and its doubt if there is one, as a person reads them."""
        values: dict[str, Plain] = {
            "agency": self.agency,
            "other": self.other,
            "time": utc_text(self.time_ms),
            "key": self.key.hex()[:16],
            **self.details,
        }
        out = [text(f"evidence.found.{self.what}", language, **values)]
        if self.doubt:
            out.append(text(f"evidence.doubt.{self.doubt}", language, **values))
        if self.settled_by:
            settled = {"agency": self.settled_by, "time": utc_text(self.settled_ms)}
            out.append(text("evidence.settled", language, **settled))
        return out

    def to_plain(self) -> dict[str, Plain]:
        """The finding for JSON; bytes in hexadecimal, a disclosed content as it reads."""
        return {
            "what": self.what,
            "statement": id_text(self.statement) if self.statement else None,
            "agency": self.agency,
            "other": self.other or None,
            "time": utc_text(self.time_ms),
            "key": self.key.hex(),
            "file": self.file,
            "doubt": self.doubt or None,
            "settled": {"by": self.settled_by, "time": utc_text(self.settled_ms)} if self.settled_by else None,
            **self.details,
            **({"content": _shown(self.content)} if self.content else {}),
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """What the file can't show: ``code`` is 'not-sent', 'no-receipt' or 'no-witness', for one hop of a statement."""

    code: str
    statement: bytes
    sender: str
    receiver: str

    def sentence(self, language: str) -> str:
        """What is missing, as a person reads it."""
        return text(f"evidence.missing.{self.code}", language, sender=self.sender, receiver=self.receiver)


@dataclass(frozen=True, slots=True)
class Report:
    """All that a verified file proves.

    ``identities`` are the pinned fingerprints by agency; ``exporter`` put the file together at ``exported_ms`` (its
    own word) and is the only one who answers for the choice of what is in it.
    """

    exporter: str
    exported_ms: int
    identities: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    missing: tuple[Missing, ...]

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """The findings that carry a doubt."""
        return tuple(finding for finding in self.findings if finding.doubt)

    def sentences(self, language: str) -> list[str]:
        """The whole report, line by line, each statement under its identifier; ends with what it does not prove."""
        out = [
            text("evidence.identity", language, agency=agency, fingerprint=identity.hex())
            for agency, identity in self.identities.items()
        ]
        lacking: dict[bytes, list[Missing]] = {}
        for missing in self.missing:
            lacking.setdefault(missing.statement, []).append(missing)
        told = b""
        for finding in self.findings:
            if finding.statement != told:
                out += [f"  {missing.sentence(language)}" for missing in lacking.pop(told, [])]
                told = finding.statement
                out.append(text("evidence.statement", language, id=id_text(told)))
            indent = "  " if finding.statement else ""
            out += [indent + sentence for sentence in finding.sentences(language)]
        out += [f"  {missing.sentence(language)}" for missing in lacking.pop(told, [])]
        return [*out, text("evidence.limits", language)]

    def to_plain(self) -> dict[str, Plain]:
        """The report for JSON."""
        return {
            "exporter": self.exporter,
            "exported": utc_text(self.exported_ms),
            "identities": {agency: identity.hex() for agency, identity in self.identities.items()},
            "findings": [finding.to_plain() for finding in self.findings],
            "missing": [
                {"code": one.code, "statement": id_text(one.statement), "from": one.sender, "to": one.receiver}
                for one in self.missing
            ],
        }
