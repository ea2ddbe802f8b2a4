"""What an agency rules for itself about its ways: its bureau, its hub, its offices, and who sees the docket of what heads say.

Invariant: set once, when the node is opened; every desk named is of the shape of a desk. What is not said here is found in the
directory (`ways`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tansiq.protocol.docket import check_post

__all__ = ["HouseRules", "house_rules", "set_house_rules"]

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRules:
    """``bureau``: our national central bureau; ``hub``: the desk of the organisation; ``offices``: our office by the state
    that it stands in (``ma``); ``direct_copies``: the desks that get the docket of what our head says directly, and, those of
    this node, of what our head is told.

    Raises BadInput for what is no desk.
    """

    bureau: str = ""
    hub: str = ""
    offices: Mapping[str, str] = field(default_factory=lambda: _NONE)
    direct_copies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for post in (self.bureau, self.hub, *self.offices.values(), *self.direct_copies):
            if post:
                check_post(post)


_set = [HouseRules()]


def house_rules() -> HouseRules:
    """Those of this node."""
    return _set[0]


def set_house_rules(rules: HouseRules) -> None:
    """Takes the node's own."""
    _set[0] = rules
