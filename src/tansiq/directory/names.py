"""The names of agencies in the reader's language, each read once.

Invariant: an agency that is not known is called by its identifier, as a reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.safestring import SafeString

from tansiq.directory.queries import current_directory
from tansiq.errors import NotFound
from tansiq.web.markup import reference, written

__all__ = ["AgencyNames"]


@dataclass(slots=True)
class AgencyNames:
    """Names of agencies for one page, isolated: ``AgencyNames("es").of("ma.dgst")``."""

    language: str
    _known: dict[str, SafeString] = field(default_factory=dict)

    def of(self, agency: str) -> SafeString:
        """The name of an agency."""
        if agency not in self._known:
            self._known[agency] = self._read(agency)
        return self._known[agency]

    def _read(self, agency: str) -> SafeString:
        try:
            names = current_directory(agency).names
        except NotFound:
            names = {}
        name = names.get(self.language) or names.get("en") or next(iter(names.values()), "")
        return written(name) if name else reference(agency, whole=True)
