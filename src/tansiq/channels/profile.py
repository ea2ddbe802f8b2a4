"""The rules by which this node chooses a channel: its own file, else those of the package.

Invariant: read and checked once, when the node is opened; a node does not open with rules that are wrong, and what was decided by them
is kept with their digest. Whoever changes the file opens the node again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tansiq.policy.channel_reading import default_rules, parse_rules
from tansiq.policy.channel_rules import Rules

__all__ = ["RULES_FILE", "channel_rules", "load_rules", "set_channel_rules"]

RULES_FILE: Final = "channels.toml"
"""Its name in the home of a node, beside the configuration."""

_set: list[Rules] = []


def load_rules(home: Path) -> Rules:
    """The rules of the node in ``home``. Raises BadInput('policy.channel-rules') naming every line that is wrong."""
    file = home / RULES_FILE
    if not file.is_file():
        return default_rules()
    return parse_rules(file.read_text(encoding="utf-8", errors="replace"))


def channel_rules() -> Rules:
    """Those of this node."""
    return _set[0] if _set else default_rules()


def set_channel_rules(rules: Rules) -> None:
    """Takes the node's own."""
    _set[:] = [rules]
