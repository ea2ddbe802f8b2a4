"""The node fixture for this folder, and what signing in needs of it."""

from __future__ import annotations

import os

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of this room are imported by its tests

from django.conf import settings  # noqa: E402

from support.browsing import Browser  # noqa: E402
from support.node import Node, Nodes, clock, node  # noqa: E402
from tansiq.accounts.opened import Opened, opened  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402

__all__ = ["browser", "clock", "es", "madrid", "node"]


@pytest.fixture
def madrid(node: Nodes) -> Node:
    """Madrid's node, its pages bound."""
    made = node("es.cgi")
    bind_site(made.home)
    settings.ALLOWED_HOSTS = ["testserver"]
    return made


@pytest.fixture
def es(madrid: Node) -> Opened:
    """Madrid's node, as far as accounts need it."""
    return opened()


@pytest.fixture
def browser(madrid: Node) -> Browser:
    """A browser at Madrid's pages."""
    return Browser()
