"""The office's reminder to a desk: since when a matter lies there, by the office's word. It carries nothing of the matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tansiq.policy.plain import Record
from tansiq.policy.values import MOMENT

__all__ = ["OfficeReminder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeReminder(Record):
    """Since when (UTC ms) the matter lies at the desk, as far as the office knows."""

    since_ms: Annotated[int, MOMENT]
