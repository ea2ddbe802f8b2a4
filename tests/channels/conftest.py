"""Two agencies that have met, notes that they say to one another, and the rules of who decides."""

from __future__ import annotations

import pytest

from support.node import Nodes, clock, node
from support.notes_said import Notes
from tansiq.channels.rules import Rules, set_rules
from tansiq.exchange import kinds

__all__ = ["clock", "node", "notes"]


@pytest.fixture
def notes(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Madrid and Rabat, who say notes to one another."""
    monkeypatch.setattr(kinds, "_handlers", dict(kinds._handlers))
    set_rules(Rules())
    return Notes(node("es.cgi"), node("ma.dgst"))
