"""The hub and two bureaux that have met."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.bureaux import Board, board_of, with_hub
from support.node import Nodes, clock, node

__all__ = ["clock", "node"]


@pytest.fixture
def board(node: Nodes) -> Iterator[Board]:
    """Copies of them for this test; every node knows its hub."""
    made = board_of(node)
    undo = with_hub()
    yield made
    undo()
