"""The pages of ``docs/reference`` that are made from the source: commands, errors and code lists.

Without an argument: exit 1 when a page on disk differs from the source. With ``--write``: write them.
Made pages are committed, so that a reader needs no tools, and ``make check`` holds them to the source.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from tansiq import errors
from tansiq.cli.main import app
from tansiq.policy.codes import reference_page
from tansiq.texts import catalogue

__all__ = ["main"]

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by `make docs` from the source; change it there. -->"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """The rows of a table of what ``command`` takes."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if getattr(parameter, "hidden", False) or "--help" in parameter.opts:
            continue
        name, told = record or (parameter.make_metavar(context), getattr(parameter, "help", ""))
        yield f"| `{_cell(name)}` | {_cell(told)} |"


def _command(command: Any, context: Any) -> Iterator[str]:
    """The section of one command and, after it, of all below it."""
    if command.hidden:
        return
    yield f"## {context.command_path}\n\n{inspect.cleandoc(command.help or '')}\n"
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            yield from _command(below, below.context_class(below, info_name=name, parent=context))
        return
    yield f"```\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    rows = list(_parameters(command, context))
    if rows:
        yield "| takes | what it means |\n|---|---|"
        yield from rows
        yield ""


def commands() -> str:
    """The page of all commands, from the command line's own help."""
    top: Any = typer.main.get_command(app)  # typer brings a click of its own, which has no public name
    lines = [f"# Commands\n\n{MADE}\n\nEvery command has `--help`, with the same words as here.\n"]
    lines += _command(top, top.context_class(top, info_name="tansiq", terminal_width=100))
    return "\n".join(lines).rstrip() + "\n"


def exits() -> str:
    """The table of exit codes and HTTP statuses, from the tree of errors."""
    rows = ["| error | exit code | HTTP status | when |", "|---|---|---|---|"]
    for name in errors.__all__:
        kind: type[errors.Error] = getattr(errors, name)
        rows.append(f"| {name} | {kind.exit_code} | {kind.http_status} | {_cell(kind.__doc__).split('.')[0]} |")
    return "\n".join(row for row in rows if not row.startswith("| Error "))


def advices() -> str:
    """The page of all errors, from the catalogue of texts; placeholders stay as they are."""
    texts = {key: leaf["en"] for key, leaf in catalogue().items()}
    lines = [f"# Errors\n\n{MADE}\n\nEvery error is told in Arabic, Spanish, French and English; here in English.\n"]
    lines.append(exits())
    for code in sorted(key.removesuffix(".means") for key in texts if key.endswith(".means")):
        what, means, cure = (texts[f"{code}.{part}"] for part in ("what", "means", "do"))
        lines.append(f"\n### {code}\n\n{what} {means}\n\n*What to do:* {cure}")
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the pages, or say which of them differ."""
    write = "--write" in sys.argv[1:]
    stale = []
    for name, page in (("commands.md", commands()), ("errors.md", advices()), ("codes.md", reference_page())):
        path = REFERENCE / name
        if path.exists() and path.read_text(encoding="utf-8") == page:
            continue
        if write:
            path.write_text(page, encoding="utf-8")
            print(f"wrote {path.relative_to(REFERENCE.parent.parent)}")
        else:
            stale.append(name)
    if stale:
        print(f"docs/reference differs from the source ({', '.join(stale)}): run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
