"""Nodes for the tests of the office."""

from __future__ import annotations

import pytest

from support.node import Nodes, clock, node
from support.ways import World

__all__ = ["clock", "node"]


@pytest.fixture
def world(node: Nodes) -> World:
    """Every desk of every way; the office in Rabat is a node of its own that only calls others."""
    return World.of(node)


@pytest.fixture
def at_home(node: Nodes) -> World:
    """Two services whose offices are desks of their own nodes."""
    return World.of(node, at_home=True)
