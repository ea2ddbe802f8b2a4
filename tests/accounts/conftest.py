"""The node fixture for this folder, and what signing in needs of it."""

from __future__ import annotations

import os

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of this room are imported by its tests

from support.node import Nodes, clock, node  # noqa: E402
from tansiq.accounts.opened import Opened, opened  # noqa: E402

__all__ = ["clock", "es", "node"]


@pytest.fixture
def es(node: Nodes) -> Opened:
    """Madrid's node, as far as accounts need it."""
    node("es.cgi")
    return opened()
