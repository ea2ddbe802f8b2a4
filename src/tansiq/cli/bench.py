"""``tansiq bench``: how fast two nodes exchange, as ratios to the bare bound."""

from __future__ import annotations

from typing import Annotated

import typer

from tansiq.cli.frame import command, group
from tansiq.cli.options import JsonFlag, help_for

__all__ = ["exchange", "register"]


def exchange(
    messages: Annotated[int, typer.Option("--messages", min=1, metavar="N", help=help_for("messages"))] = 2000,
    size: Annotated[int, typer.Option("--size", min=1, metavar="BYTES", help=help_for("size"))] = 2048,
    as_json: JsonFlag = False,
) -> None:
    """Measures the exchange between two nodes on this machine."""


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("bench", parent=app, examples=["tansiq bench exchange --messages 2000 --size 2048"])
    command(made, "exchange", key="bench-exchange", examples=["tansiq bench exchange --messages 2000 --size 2048 --json"])(exchange)
