"""What a check of the installation says, and what it looks at.

Invariant: the sentences stand in the texts (``node.doctor.CODE.what`` and ``.cure``); here are codes and values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tansiq.exchange.context import Context
from tansiq.keystore.store import KeyStore, open_key_store
from tansiq.node.home import Home, find_unlock_secret
from tansiq.texts import text

__all__ = ["DAY_MS", "HOUR_MS", "Check", "Patient", "State"]

State = Literal["ok", "warn", "fail"]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: which (``name``), how it is, a code and its values."""

    name: str
    state: State
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def title(self, language: str = "en") -> str:
        """What was looked at, in a few words."""
        return text(f"node.doctor-title.{self.name}", language)

    def what(self, language: str = "en") -> str:
        """How it is."""
        return text(f"node.doctor.{self.code}.what", language, **dict(self.values))

    def cure(self, language: str = "en") -> str:
        """What to do; nothing when all is well."""
        return "" if self.state == "ok" else text(f"node.doctor.{self.code}.cure", language, **dict(self.values))


@dataclass(frozen=True)
class Patient:
    """The installation that is looked at, at ``now_ms`` (UTC milliseconds)."""

    home: Home
    now_ms: int

    @cached_property
    def store(self) -> KeyStore:
        """The opened key store. Raises what finding its secret and opening it raise."""
        return open_key_store(find_unlock_secret(self.home))

    @cached_property
    def context(self) -> Context:
        """The opened node. Raises what opening raises."""
        return Context.load(self.store, clock=lambda: self.now_ms)
