"""``tansiq file``: putting a file into the node, and taking one out.

Invariant: a file goes slice by slice, so memory is flat with its size; what broke off goes on where it stopped. A file that is written is new,
readable by its owner alone, and never half of one.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated

import typer

from tansiq.cli.asking import Credential, ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import done, facts, print_json
from tansiq.errors import Conflict, NotFound, Unavailable
from tansiq.node.home import Home

__all__ = ["add", "get", "register"]


def _slices(node: Home, who: Credential, file: Path, upload: str, received: int, size: int) -> None:
    with file.open("rb") as stream:
        while received < size:
            stream.seek(received)
            data = stream.read(4 << 20)
            if not data:
                break
            asked = {"upload": upload, "offset": received, "data": b64encode(data).decode()}
            received = int(ask_node(node, "file.add", asked, who=who)["received"])


def add(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_for("file-in"))],
    case: Annotated[str, typer.Option("--case", metavar="ID", help=help_for("file-case"))] = "",
    purpose: Annotated[str, typer.Option("--purpose", metavar="CODE", help=help_for("file-purpose"))] = "",
    resume: Annotated[str, typer.Option("--resume", metavar="ID", help=help_for("file-resume"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Puts a file into the node."""
    node = found_home(home)
    if not file.is_file():
        raise NotFound("cli.no-file", file=str(file))
    who = credential(officer, passphrase_fd)
    asked = {"name": file.name, "size": file.stat().st_size, "case": case, "upload": resume}
    begun = ask_node(node, "file.begin", asked | ({"purpose": purpose} if purpose else {}), who=who)
    _slices(node, who, file, begun["upload"], int(begun["received"]), int(begun["size"]))
    made = ask_node(node, "file.finish", {"upload": begun["upload"]}, who=who)
    if as_json:
        print_json(made)
        return
    done("cli.file.added", id=made["id"])
    facts([(told("cli.file.media"), made["media"]), (told("cli.file.size"), made["size"])])
    for one in made["tells"]:
        done("cli.file.tells", what=told(f"cases.tells.{one}"))


def get(
    *,
    identifier: Annotated[str, typer.Argument(metavar="ID", help=help_for("file-id"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=help_for("file-out"))],
    purpose: Annotated[str, typer.Option("--purpose", metavar="CODE", help=help_for("purpose"))] = "",
    justification: Annotated[
        str, typer.Option("--justification", metavar="WORDS", help=help_for("justification"))
    ] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Takes a file out of the node."""
    node = found_home(home)
    who = credential(officer, passphrase_fd)
    asked = {"id": identifier, "purpose": purpose, "justification": justification}
    got = ask_node(node, "file.get", asked, who=who)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict("cli.file-exists", file=str(out)) from error
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(out)) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            written = stream.write(b64decode(got["data"]))
            while written < got["size"]:
                more = b64decode(ask_node(node, "file.get", asked | {"offset": written}, who=who)["data"])
                written += stream.write(more)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    if as_json:
        print_json({"file": str(out), "media": got["media"], "size": got["size"], "name": got["name"]})
        return
    done("cli.file.written", file=str(out))


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("file", parent=app, examples=["tansiq file add passport.jpg --as ES-4017"])
    command(
        made,
        "add",
        key="file-add",
        examples=["tansiq file add passport.jpg --as ES-4017", "tansiq file add passport.jpg --case ID --as ES-4017"],
    )(add)
    command(made, "get", key="file-get", examples=["tansiq file get ID --out passport.jpg --as ES-4017"])(get)
