"""What the originator demands of whoever reads: the conditions that travel with an enquiry and with every item.

Invariant: conditions only narrow. Absent means the strictest reading, never 'no condition' (``handling`` decides).
Regulation (EU) 2016/794, Articles 19 and 29; Regulation (EU) 2024/982, Articles 50 and 51.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tansiq.policy.plain import Code, Many, One, Record
from tansiq.policy.values import MOMENT, REFERENCE, Text

__all__ = ["Conditions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions(Record):
    """The originator's conditions.

    ``codes`` are handling codes, of which the strictest decides; ``words`` the condition of H3. ``recipients`` (posts
    or service numbers), when named, narrow the readers further. ``other_purposes`` are purposes beyond that for which
    it was given. From ``expires_at_ms`` on nobody but the originator uses it; ``erase_by_ms`` is the provider's
    longest retention.
    """

    codes: Annotated[tuple[str, ...], Many(Code("handling"), 8)] = ()
    words: Annotated[Text | None, One(Text)] = None
    classification: Annotated[str | None, Code("classification")] = None
    recipients: Annotated[tuple[str, ...], Many(REFERENCE, 64)] = ()
    other_purposes: Annotated[tuple[str, ...], Many(Code("purposes"), 16)] = ()
    expires_at_ms: Annotated[int | None, MOMENT] = None
    erase_by_ms: Annotated[int | None, MOMENT] = None
