"""The acts that the nodes of a demonstration take beside their own: what people do on pages, and the clock's round at once.

Invariant: an act reads its arguments and calls a capability, as the acts of `node.registered` do; whoever acts has signed in. A node
that is not of a demonstration has none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tansiq.demo.acts_counting import COUNTING
from tansiq.demo.acts_notices import NOTICES
from tansiq.demo.acts_office import OFFICE
from tansiq.demo.acts_persons import PERSONS
from tansiq.node.acts import Act, register_act

__all__ = ["register_demo_acts"]

_ACTS: Final[Mapping[str, Act]] = {**COUNTING, **NOTICES, **OFFICE, **PERSONS}


def register_demo_acts() -> None:
    """Registers every act; again does nothing."""
    for name, act in _ACTS.items():
        register_act(name, act)
