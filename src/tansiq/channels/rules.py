"""Who may decide on a channel, as the agency set it in its node's configuration.

Invariant: set once, when the node is opened. Where two persons are wanted, nothing is in force before both have agreed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tansiq.errors import BadInput

__all__ = ["DECIDERS", "Rules", "rules", "set_rules"]

DECIDERS: Final = ("head", "bureau")
"""Roles of posts whose members decide, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``two_persons``: a decision wants a second decider; ``deciders`` the roles of the posts whose members decide."""

    two_persons: bool = False
    deciders: tuple[str, ...] = DECIDERS


_set = [Rules()]


def rules() -> Rules:
    """Those of this node."""
    return _set[0]


def set_rules(new: Rules) -> None:
    """Takes the node's own rules. Raises BadInput('channels.no-deciders')."""
    if not new.deciders:
        raise BadInput("channels.no-deciders")
    _set[0] = new
