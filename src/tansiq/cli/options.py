"""Options that several commands share, and what is read beside the arguments: the home, passphrases, files.

Invariant: a passphrase comes from a prompt or a descriptor, never from an argument or the environment, where other users of the machine
could read it.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tansiq.cli.language import told
from tansiq.errors import BadInput, NotFound, TooMuch
from tansiq.node.home import Home, load_home
from tansiq.node.reading import read_at_most

if TYPE_CHECKING:
    from tansiq.exchange.context import Context

__all__ = [
    "AsOfficer", "HomeArgument", "HomeOption", "JsonFlag", "PassphraseFd", "end_command", "found_home", "help_for", "named_home", "named_path",
    "new_passphrase", "opened_here", "passphrase", "read_draft", "read_file", "read_lines",
]  # fmt: skip

_MOST_DRAFT: Final = 4 * 1024 * 1024
_MOST_SECRET: Final = 65_536


def help_for(name: str) -> str:
    """What an option or argument is for: the text under ``cli.option.<name>``."""
    return told(f"cli.option.{name}")


HomeOption = Annotated[Path | None, typer.Option("--home", envvar="TANSIQ_HOME", metavar="DIR", help=help_for("home"))]
HomeArgument = Annotated[Path | None, typer.Argument(metavar="HOME", help=help_for("home-argument"))]
JsonFlag = Annotated[bool, typer.Option("--json", help=help_for("json"))]
AsOfficer = Annotated[str, typer.Option("--as", metavar="OFFICER", help=help_for("as"))]
PassphraseFd = Annotated[int | None, typer.Option("--passphrase-fd", metavar="N", help=help_for("passphrase-fd"))]


def named_path(words: str) -> Path:
    """The path that ``words`` name, for options that write: an empty one, as of a variable that is not set, is none."""
    if not words.strip():
        raise typer.BadParameter("-")
    return Path(words)


def found_home(option: Path | None, argument: Path | None = None) -> Home:
    """The home that the argument, else the option or ``TANSIQ_HOME`` names. Raises BadInput (none is named) and what loading raises."""
    return load_home(named_home(option, argument))


def named_home(option: Path | None, argument: Path | None = None) -> Path:
    """The folder that the argument, else the option or ``TANSIQ_HOME`` names. Raises BadInput: none is named, or two are."""
    path = argument or option
    if path is None:
        raise BadInput("cli.no-home")
    typed = option is not None and str(option) != str(Path(os.environ.get("TANSIQ_HOME", "")))
    if option is not None and typed and path.resolve() != option.resolve():
        raise BadInput("cli.two-homes")
    return path


_lasting = ExitStack()
"""What lasts as long as the command that this process does."""


def opened_here(home: Home) -> Context:
    """The opened node, in which this process works until its command ends: nobody replaces its databases meanwhile.

    Raises Conflict when somebody does, and what opening raises.
    """
    from tansiq.node.opening import open_node
    from tansiq.node.running import held

    _lasting.enter_context(held(home))
    return open_node(home)


def end_command() -> None:
    """Lets go of the homes in which this command worked."""
    _lasting.close()


def read_lines(descriptor: int) -> list[str]:
    """The lines that wait on a descriptor. Raises BadInput when it can't be read."""
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(_MOST_SECRET).decode("utf-8").splitlines()
    except (OSError, ValueError) as error:  # also what is no UTF-8, and a number below 0
        raise BadInput("cli.wrong-descriptor", descriptor=descriptor) from error


def _line(descriptor: int) -> str:
    lines = read_lines(descriptor)
    if not lines or not lines[0]:
        raise BadInput("cli.wrong-descriptor", descriptor=descriptor)
    return lines[0]


def _asked(question: str) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise BadInput("cli.no-passphrase")
    try:
        return getpass.getpass(f"{question} ")
    except EOFError as error:
        raise BadInput("cli.no-passphrase") from error


def passphrase(descriptor: int | None, question: str) -> str:
    """A passphrase from ``descriptor``, else asked at the terminal. Raises BadInput."""
    return _asked(question) if descriptor is None else _line(descriptor)


def new_passphrase(descriptor: int | None, question: str) -> str:
    """A passphrase to be set: at the terminal it is asked twice. Raises BadInput."""
    if descriptor is not None:
        return _line(descriptor)
    first = _asked(question)
    if first != _asked(told("cli.ask.again")):
        raise BadInput("cli.passphrases-differ")
    return first


def read_file(path: Path, *, most: int) -> bytes:
    """The content of a file, or of the standard input for ``-``. Raises NotFound, TooMuch, and BadInput when it is no
    regular file.
    """
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(most + 1)
        else:
            content = read_at_most(path, most + 1)
    except OSError as error:
        raise NotFound("cli.no-file", file=str(path)) from error
    if len(content) > most:
        raise TooMuch("cli.file-too-large", file=str(path), most=most // 1024)
    return content


def read_draft(path: Path) -> dict[str, Any]:
    """What somebody wrote as TOML, or as JSON when the name ends so. Raises NotFound, TooMuch, BadInput."""
    content = read_file(path, most=_MOST_DRAFT)
    try:
        written = content.decode("utf-8")
        draft = json.loads(written) if path.suffix == ".json" else tomllib.loads(written)
    except (ValueError, RecursionError) as error:  # also what is no UTF-8, no JSON, no TOML
        raise BadInput("cli.wrong-draft", file=str(path), detail=_place(error)) from error
    if not isinstance(draft, dict):
        raise BadInput("cli.wrong-draft", file=str(path), detail="-")
    return draft


def _place(error: Exception) -> str:
    """Where a parser stopped, without what stood there."""
    line = getattr(error, "lineno", None)
    if line is None:
        words = str(error)
        line = words.partition("at line ")[2].partition(",")[0].rstrip(")") if "at line " in words else ""
    return str(line or "-")
