"""``tansiq courier``: a file that is carried by hand to a partner's node, and taking one in.

Invariant: the file is made and read piece by piece; it is new, readable by its owner alone, and never half of one. What is in it
is opened by the node, never here.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import done, moment, print_json, progress, table
from tansiq.errors import BadInput, Conflict, NotFound, TooMuch, Unavailable
from tansiq.node.home import Home
from tansiq.protocol.courier import HEADER_SIZE, MAX_FRAME_BYTES, parse_header

__all__ = ["export", "import_file", "list_files", "register"]

_STAGES = {"write": "cli.courier.writing", "read": "cli.courier.reading"}


def _write(node: Home, to: str, stream: BinaryIO) -> dict[str, Any]:
    """Writes the whole file; how much is in it."""
    made = ask_node(node, "courier.begin", {"to": to})
    with progress(_STAGES) as show:
        while True:
            stream.write(b64decode(made["piece"]))
            show("write", int(made["making"]["number"]), 0)
            if made["making"]["done"]:
                break
            made = ask_node(node, "courier.more", {"making": made["making"]})
    stream.flush()
    os.fsync(stream.fileno())
    return dict(made["making"])


def export(
    *,
    to: Annotated[str, typer.Option("--to", metavar="AGENCY", help=help_for("courier-to"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=help_for("courier-out"))],
    matter: Annotated[
        list[str] | None, typer.Option("--matter", metavar="MATTER", help=help_for("courier-matter"))
    ] = None,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes a courier file."""
    node = found_home(home)
    if matter:
        who = credential(officer, passphrase_fd)
        for one in matter:
            ask_node(node, "channel.by-hand", {"id": one}, who=who)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict("cli.file-exists", file=str(out)) from error
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(out)) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            made = _write(node, to, stream)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    counted = {name: made[name] for name in ("statements", "receipts", "chunks")}
    if as_json:
        print_json({"file": str(out), "id": made["file"], "size": out.stat().st_size, **counted})
        return
    done("cli.courier.made-file", file=str(out), **counted)


def _frames(stream: BinaryIO, file: str) -> Iterator[bytes]:
    """The sealed frames of a file whose header was read. Raises BadInput when it is cut off."""
    while length := stream.read(4):
        size = int.from_bytes(length, "big")
        if size > MAX_FRAME_BYTES:
            raise TooMuch("courier.frame-too-large", limit=MAX_FRAME_BYTES)
        sealed = stream.read(size)
        if len(length) < 4 or len(sealed) < size:
            raise BadInput("courier.cut-off", file=file)
        yield sealed


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_for("courier-file"))],
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Takes in a courier file."""
    node = found_home(home)
    counted: Counter[str] = Counter()
    took: dict[str, Any] = {"last": False, "sender": "", "made_at": None}
    try:
        stream = file.open("rb")
    except OSError as error:
        raise NotFound("cli.no-file", file=str(file)) from error
    with stream, progress(_STAGES) as show:
        header = stream.read(HEADER_SIZE)
        parse_header(header)
        for number, sealed in enumerate(_frames(stream, str(file))):
            asked = {"header": b64encode(header).decode(), "number": number, "frame": b64encode(sealed).decode()}
            took = ask_node(node, "courier.take", asked)
            counted.update({name: took[name] for name in ("statements", "new", "receipts", "faults", "chunks")})
            show("read", stream.tell(), file.stat().st_size)
    if not took["last"]:
        raise BadInput("courier.cut-off", file=str(file))
    if as_json:
        print_json({"file": str(file), "sender": took["sender"], "made_at": took["made_at"], **counted})
        return
    done("cli.courier.taken-file", partner=took["sender"], made=moment(took["made_at"]), **counted)


def list_files(
    peer: Annotated[str, typer.Option("--with", metavar="AGENCY", help=help_for("state-with"))] = "",
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows the courier files that were made and taken in."""
    found = ask_node(found_home(home), "courier.list", {"peer": peer})
    if as_json:
        print_json(found)
        return
    if not found:
        done("cli.courier.none")
        return
    names = ("partner", "direction", "at", "statements", "receipts", "heard")
    table(
        [told(f"cli.courier.title.{name}") for name in names],
        [
            (
                one["peer"], told(f"cli.courier.{one['direction']}"), moment(one["at"]), one["statements"], one["receipts"],
                moment(one["heard_at"]),
            )
            for one in found
        ],
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("courier", parent=app, examples=["tansiq courier export --to ma.dgst --out rabat.courier"])
    command(
        made,
        "export",
        key="courier-export",
        examples=[
            "tansiq courier export --to ma.dgst --out rabat.courier",
            "tansiq courier export --to ma.dgst --out rabat.courier --matter MATTER --as ES-4017",
        ],
    )(export)
    command(made, "import", key="courier-import", examples=["tansiq courier import madrid.courier"])(import_file)
    command(made, "list", key="courier-list", examples=["tansiq courier list --with ma.dgst"])(list_files)
