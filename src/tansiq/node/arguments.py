"""Reading the arguments of an act: each of its kind, or BadInput with its name.

Invariant: an error names the argument and never shows what stood in it.
"""

from __future__ import annotations

from typing import Any

from tansiq.errors import BadInput
from tansiq.node.acts import Asked

__all__ = ["flag_of", "number_of", "table_of", "text_of", "texts_of"]


def text_of(asked: Asked, name: str, *, default: str | None = None) -> str:
    """A text; without ``default`` it must be there and not be empty."""
    value = asked.arguments.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise BadInput("node.wrong-argument", name=name)
    return value


def texts_of(asked: Asked, name: str) -> list[str]:
    """A list of texts; empty when it is not there."""
    value = asked.arguments.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadInput("node.wrong-argument", name=name)
    return value


def table_of(asked: Asked, name: str) -> dict[str, Any]:
    """A table; it must be there."""
    value = asked.arguments.get(name)
    if not isinstance(value, dict):
        raise BadInput("node.wrong-argument", name=name)
    return value


def flag_of(asked: Asked, name: str) -> bool:
    """Yes or no; no when it is not there."""
    value = asked.arguments.get(name, False)
    if not isinstance(value, bool):
        raise BadInput("node.wrong-argument", name=name)
    return value


def number_of(asked: Asked, name: str, *, default: int, most: int) -> int:
    """A whole number from 0 to ``most``."""
    value = asked.arguments.get(name, default)
    if type(value) is not int or not 0 <= value <= most:
        raise BadInput("node.wrong-argument", name=name)
    return value
