"""What a check of the node finds: a code, the values that say where, a sentence in the reader's language.

Invariant: a finding names numbers, identifiers and agencies, never a person and nothing of a content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tansiq.texts import text

__all__ = ["Finding", "Report"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: its ``code`` and the values of its sentence (text ``node.fsck.CODE``)."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """The sentence, in ``language`` (ar, es, fr or en)."""
        return text(f"node.fsck.{self.code}", language, **dict(self.values))


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, and how many things of each sort were looked at (``node.fsck-count.NAME``)."""

    findings: tuple[Finding, ...]
    counts: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings
