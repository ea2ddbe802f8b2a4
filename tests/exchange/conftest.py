"""The node fixture and a post room that talks with simulated agencies."""

from __future__ import annotations

import pytest

from support.node import Nodes, clock, node
from support.room import Room
from tansiq.exchange import kinds

__all__ = ["clock", "node", "room"]


@pytest.fixture
def room(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Madrid's post room; kinds that the test registers are forgotten afterwards."""
    monkeypatch.setattr(kinds, "_handlers", dict(kinds._handlers))
    return Room(node("es.cgi", met=False))
