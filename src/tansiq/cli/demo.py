"""``tansiq demo``: the story of two services and whom they need between them, played with eight real nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE
from tansiq.cli.options import JsonFlag, help_for

__all__ = ["demo", "register"]


def demo(
    once: Annotated[bool, typer.Option("--once", help=help_for("once"))] = False,
    home: Annotated[Path | None, typer.Option("--home", metavar="DIR", help=help_for("demo-home"))] = None,
    un_list: Annotated[
        Path | None, typer.Option("--un-list", envvar="UN_LIST", metavar="FILE", help=help_for("demo-un-list"))
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plays the story."""
    from tansiq.demo.play import play

    if code := play(once=once, home=home, un_list=un_list, as_json=as_json, language=LANGUAGE):
        raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "demo", key="demo", examples=["tansiq demo --once", "tansiq demo --once --json --language es"])(demo)
