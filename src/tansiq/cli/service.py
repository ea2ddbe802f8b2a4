"""``tansiq health``, ``tansiq systemd``: a node as a service of its machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from tansiq.cli.frame import command
from tansiq.cli.language import told
from tansiq.cli.options import HomeOption, JsonFlag, found_home, help_for
from tansiq.cli.showing import done, print_json, say
from tansiq.errors import Conflict, NotFound, Unavailable

__all__ = ["health", "register", "systemd"]

DEGRADED: Final = 1


def health(
    live: Annotated[bool, typer.Option("--live", help=help_for("live"))] = False,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says whether the node can work."""
    node = found_home(home)
    if live:
        from tansiq.node.running import is_running

        if not is_running(node):
            raise Unavailable("node.not-running", home=str(node.path))
        shown = {"state": "ok"}
    else:
        from tansiq.node.asking import ask

        shown = ask(node, "node.health", {})  # of the node that runs: nobody answers in its place
    if as_json:
        print_json(shown)
    elif shown["state"] == "ok":
        done("node.health.alive" if live else "node.health.ok")
    else:
        done("node.health.degraded")
        for code in shown["codes"]:
            say(f"✗ {told(f'node.health.{code}')} [{code}]")
    if shown["state"] != "ok":
        raise typer.Exit(DEGRADED)


def _program() -> Path:
    """Where the command that runs now lies."""
    named = shutil.which(sys.argv[0]) or sys.argv[0]
    program = Path(os.path.abspath(named))  # noqa: PTH100 (a link into an environment must stay one)
    beside = Path(sys.executable).with_name("tansiq")
    return program if program.name == "tansiq" else beside


def systemd(
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help=help_for("units-to"))] = None,
    account: Annotated[str, typer.Option("--account", metavar="NAME", help=help_for("account"))] = "tansiq",
    replace: Annotated[bool, typer.Option("--replace", help=help_for("units-replace"))] = False,
    as_json: JsonFlag = False,
) -> None:
    """Prints the units for systemd, or writes them."""
    from tansiq.node.units import units

    made = units(_program(), account=account)
    if to is None and as_json:
        print_json(made)
        return
    if to is None:
        for name, text in made.items():
            say(f"# ---- {name}\n\n{text}")
        return
    if not to.is_dir():
        raise NotFound("cli.no-folder", folder=str(to))
    for name in made:
        if (to / name).exists() and not replace and (to / name).read_text(encoding="utf-8") != made[name]:
            raise Conflict("cli.unit-exists", file=str(to / name))
    try:
        for name, text in made.items():
            (to / name).write_text(text, encoding="utf-8")
            (to / name).chmod(0o644)
    except OSError as error:
        raise Unavailable("cli.machine", reason=type(error).__name__) from error
    if as_json:
        print_json({"files": [str(to / name) for name in made]})
        return
    done("cli.systemd.written", folder=str(to))


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "health", key="health", examples=["tansiq health --home /var/lib/tansiq/madrid"])(health)
    command(
        app,
        "systemd",
        key="systemd",
        examples=["tansiq systemd", "tansiq systemd --to /etc/systemd/system"],
    )(systemd)
