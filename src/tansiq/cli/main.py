"""``tansiq``: all commands, and what becomes of an error.

Invariant: a person never sees a traceback. An error of the tree is told as advice in the reader's language and ends with its exit code;
whatever else happens is a defect: one calm sentence, exit 70, the traceback only with ``TANSIQ_LOG=debug``.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.exceptions import Abort, TyperException
from typer.main import get_command

from tansiq import __version__
from tansiq.cli import (
    bench,
    channel,
    courier,
    demo,
    direct,
    directory,
    enquiry,
    evidence,
    exchange,
    file,
    liaison,
    names,
    nodes,
    notice,
    office,
    officers,
    registers,
    report,
    service,
    upkeep,
)
from tansiq.cli.frame import group, usage_error
from tansiq.cli.language import told, wanted, without_language
from tansiq.cli.logs import debugging
from tansiq.cli.options import end_command, help_for
from tansiq.cli.showing import finish, murmur, print_error, say
from tansiq.errors import BadInput, Error, Unavailable
from tansiq.node.causes import cause_of, is_database_error
from tansiq.texts import LANGUAGES

__all__ = ["app", "main", "run"]

INTERRUPTED: Final = 130
DEFECT: Final = 70
BROKEN_PIPE: Final = 141

app = group(
    "tansiq", examples=["tansiq demo --once", "tansiq init /srv/tansiq --help", "tansiq enquiry list --as ES-4017"]
)
for part in (
    nodes,
    directory,
    officers,
    registers,
    names,
    enquiry,
    channel,
    courier,
    notice,
    liaison,
    office,
    direct,
    report,
    file,
    evidence,
    upkeep,
    service,
    exchange,
    bench,
    demo,
):
    part.register(app)


def _version(*, asked: bool) -> None:
    if asked:
        say(f"tansiq {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help=help_for("version"), is_eager=True, callback=lambda value: _version(asked=value)
        ),
    ] = False,
) -> None:
    """What every command has."""


def _told(error: Error) -> int:
    print_error(error)
    return error.exit_code


def _unexpected(error: Exception) -> int:
    if is_database_error(error) or isinstance(error, OSError):
        code = _told(cause_of(error) or Unavailable("cli.machine", reason=type(error).__name__))
    else:
        murmur(told("cli.defect", kind=type(error).__name__))
        code = DEFECT
    if debugging():
        traceback.print_exception(error)
    return code


@functools.cache
def _commands(of: typer.Typer) -> Any:
    """All commands of ``of``, put together once in a process: it takes a fifth of a second."""
    return get_command(of)


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code."""
    try:
        if (language := wanted(arguments)) is not None and language not in LANGUAGES:
            raise BadInput("cli.no-such-language", known=", ".join(LANGUAGES))
        ended = _commands(app).main(without_language(arguments), prog_name="tansiq", standalone_mode=False)
        finish()
    except Error as error:
        return _told(error)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            murmur(error.format_message())
            return BadInput.exit_code
        return _told(usage_error(error))
    except (KeyboardInterrupt, Abort):
        murmur(f"\n{told('cli.interrupted')}")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever read our output went away (typer leaves at once then); nothing may be written to it when Python ends.
        _say_no_more()
        return BROKEN_PIPE
    except Exception as error:
        return _unexpected(error)
    finally:
        end_command()
    return ended if isinstance(ended, int) else 0


def _say_no_more() -> None:
    """Lets what still waits for the standard output go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _open_streams() -> None:
    """Puts nothing in the place of standard streams that were closed: nothing is read, and what is written is lost. No file that is opened
    later may get their numbers either.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, this one
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open as long as the program)


def run() -> NoReturn:
    """The program ``tansiq``."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:  # told already, or of no weight beside what was
        _say_no_more()
    sys.exit(code)
