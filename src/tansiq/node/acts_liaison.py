"""Acts on liaison officers that are asked from the command line: the registry, and its export for a year.

Invariant: whoever asks has signed in, for the reading is logged under that number.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tansiq.node.acts import Asked
from tansiq.node.arguments import number_of, text_of
from tansiq.relations.registry import as_csv, postings

__all__ = ["LIAISON"]

_LAST_YEAR = 2199


def registry(asked: Asked) -> dict[str, Any]:
    """The registry as it stands, or of the year ``year``; with ``language`` also as a table of values."""
    officer = asked.require_officer()
    year = number_of(asked, "year", default=0, most=_LAST_YEAR) or None
    found = postings(context=asked.context, officer=officer.number, year=year)
    language = text_of(asked, "language", default="")
    return {"postings": [asdict(one) for one in found], "csv": as_csv(found, language) if language else ""}


LIAISON = {"liaison.registry": registry}
"""The acts of this module, by name."""
