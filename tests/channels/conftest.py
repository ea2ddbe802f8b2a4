"""Two agencies that have met, notes that they say to one another, and the rules of who decides.

To the rules of the channels a note is a strategic paper, which the office carries, unless a test asks for `operational`.
"""

from __future__ import annotations

import pytest

from support.node import Nodes, clock, node
from support.notes_said import Notes
from tansiq.channels import offers
from tansiq.channels.rules import Rules, set_rules
from tansiq.channels.stored import Stored
from tansiq.exchange import kinds
from tansiq.policy.channel_matter import Matter, Nature

__all__ = ["clock", "node", "notes"]
judged = offers._judged


def _strategic(one: Stored) -> Matter:
    return Matter(kind=one.docket.kind, nature=Nature.STRATEGIC, countries=("MA",))


@pytest.fixture
def notes(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Madrid and Rabat, who say notes to one another."""
    monkeypatch.setattr(kinds, "_handlers", dict(kinds._handlers))
    monkeypatch.setattr(offers, "_judged", _strategic)
    set_rules(Rules())
    return Notes(node("es.cgi"), node("ma.dgst"))


@pytest.fixture
def operational(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """The same, but a note is what its docket says: operational."""
    monkeypatch.setattr(offers, "_judged", judged)
    return notes
