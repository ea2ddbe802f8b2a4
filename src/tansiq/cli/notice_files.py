"""``tansiq notice import`` and ``export``: files in the shape of the public notices service.

Invariant: what was left out is told, line by line; a file that is written is new, and whole.
"""

from __future__ import annotations

import os
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command
from tansiq.cli.language import told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for, read_file
from tansiq.cli.showing import clean, done, print_json, say
from tansiq.errors import Conflict, Unavailable

__all__ = ["register_files"]

_MOST: Final = 64 * 2**20
_MOST_LINES: Final = 50
Colour = Annotated[str, typer.Option("--colour", metavar="red|yellow|un", help=help_for("notice-public-colour"))]


def _why(code: str) -> str:
    for key in (f"cli.notice.why.{code}", code):
        try:
            return told(key)
        except KeyError:
            continue
    return clean(code)


def _lines(rows: list[str]) -> None:
    for row in rows[:_MOST_LINES]:
        say(f"  – {row}")
    if len(rows) > _MOST_LINES:
        done("cli.notice.and-more", count=len(rows) - _MOST_LINES)


def take(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_for("notice-file"))],
    *,
    colour: Colour = "red",
    whole: Annotated[bool, typer.Option("--whole", help=help_for("notice-whole"))] = False,
    drafts: Annotated[bool, typer.Option("--drafts", help=help_for("notice-drafts"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Takes in a file of the public notices service."""
    node = found_home(home)
    packed = b64encode(zlib.compress(read_file(file, most=_MOST), 6)).decode()
    asked = {"file": packed, "colour": colour, "whole": whole, "drafts": drafts}
    found: dict[str, Any] = ask_node(node, "notice.import", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    if drafts:
        done("cli.notice.drafts-made", held=found["held"], taken=found["taken"])
    else:
        done(
            "cli.notice.imported",
            held=found["held"], taken=found["taken"], ended=found["ended"], proposed=found["proposed"],
        )  # fmt: skip
    _lines([f"{clean(name)}: {_why(why)}" for name, why in found["skipped"]])
    _lines([f"{clean(name)}: {told('cli.notice.field-left', field=clean(field))}" for name, field in found["left_out"]])


def give(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=help_for("notice-out"))],
    *,
    colour: Colour = "red",
    justification: Annotated[
        str, typer.Option("--justification", metavar="WORDS", help=help_for("justification"))
    ] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes what may be shown to everybody as a file of the public notices service."""
    node = found_home(home)
    if out.exists():
        raise Conflict("cli.file-exists", file=str(out))
    asked = {"colour": colour, "justification": justification}
    found = ask_node(node, "notice.export", asked, who=credential(officer, passphrase_fd))
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(found["file"] + "\n")
    except FileExistsError as error:
        raise Conflict("cli.file-exists", file=str(out)) from error
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(out)) from error
    if as_json:
        print_json({"file": str(out), "numbers": found["numbers"], "left_out": found["left_out"]})
        return
    done("cli.notice.exported", file=str(out), count=len(found["numbers"]))
    _lines([f"{clean(name)}: {' '.join(map(_why, reasons))}" for name, reasons in found["left_out"]])


def register_files(made: typer.Typer) -> None:
    """Adds the commands of this module to the group ``notice``."""
    command(
        made,
        "import",
        key="notice-import",
        examples=[
            "tansiq notice import red.json --colour red --as ES-5001",
            "tansiq notice import yellow.json --colour yellow --whole --as ES-5001",
        ],
    )(take)
    command(
        made, "export", key="notice-export", examples=["tansiq notice export --colour red --out red.json --as ES-5001"]
    )(give)
