"""Madrid and Rabat with a liaison officer between them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.heads import Heads, heads_in
from support.liaison import Posted, between, posted_in
from support.node import Node, Nodes, clock, node
from tansiq.exchange.queries import quarantined

__all__ = ["clock", "node"]


@pytest.fixture
def pair(node: Nodes) -> tuple[Node, Node]:
    return between(node)


@pytest.fixture
def posted(node: Nodes) -> Posted:
    return posted_in(node)


@pytest.fixture
def heads(node: Nodes) -> Heads:
    return heads_in(node)


@pytest.fixture
def set_aside() -> Callable[[], list[str]]:
    """Why statements were quarantined at the node that is bound: the codes."""
    return lambda: [one.code for one in quarantined()]
