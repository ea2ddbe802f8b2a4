"""``tansiq officer``: officers of our own agency."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tansiq.cli import accounts
from tansiq.cli.accounts import RoleOption
from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import (
    HomeOption,
    JsonFlag,
    PassphraseFd,
    found_home,
    help_for,
    new_passphrase,
    opened_here,
    passphrase,
)
from tansiq.cli.showing import done, print_json

__all__ = ["add", "register"]


def add(
    *,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help=help_for("number"))],
    post: Annotated[list[str], typer.Option("--post", metavar="POST", help=help_for("post"))],
    identity: Annotated[Path, typer.Option("--identity", metavar="FILE", help=help_for("identity"))],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help=help_for("name"))] = "",
    eyes_only: Annotated[bool, typer.Option("--eyes-only", help=help_for("eyes-only"))] = False,
    recovery: Annotated[
        list[str] | None, typer.Option("--recovery", metavar="NUMBER", help=help_for("recovery"))
    ] = None,
    custodian: Annotated[bool, typer.Option("--custodian", help=help_for("custodian"))] = False,
    role: RoleOption = None,
    passphrase_fd: PassphraseFd = None,
    identity_passphrase_fd: Annotated[
        int | None, typer.Option("--identity-passphrase-fd", metavar="N", help=help_for("identity-passphrase-fd"))
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Adds an officer."""
    node = found_home(home)
    identity_words = passphrase(identity_passphrase_fd, told("cli.ask.identity"))
    words = new_passphrase(passphrase_fd, told("cli.ask.officer", officer=number))
    from tansiq.directory.officers import name_officer
    from tansiq.exchange.service import tell_directory
    from tansiq.exchange.wake import wake
    from tansiq.node.creation import NewOfficer, add_officer
    from tansiq.node.identity import load_identity

    key = load_identity(identity, identity_words)
    context = opened_here(node)
    posts = tuple(one.removeprefix(f"{node.agency}/") for one in post)
    new = NewOfficer(
        number,
        posts,
        words,
        eyes_only=eyes_only,
        recovery=tuple(recovery or ()),
        custodian=custodian,
        roles=tuple(role or ()),
        language=node.language,
    )
    directory = add_officer(new, identity=key, now_ms=context.clock())
    if name:
        name_officer(number, name, keys=context.keys, now_ms=context.clock())
    told_to = tell_directory(context=context)
    wake(str(node.run))
    if as_json:
        print_json(
            {
                "officer": number,
                "posts": list(directory.officers[-1].posts),
                "document": directory.number,
                "told": told_to,
            }
        )
        return
    done("cli.officer.added", officer=number, document=directory.number)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group(
        "officer",
        parent=app,
        examples=["tansiq officer add ES-4018 --post counter-terrorism --identity es.cgi.identity"],
    )
    command(
        made,
        "add",
        key="officer-add",
        examples=["tansiq officer add ES-4018 --post counter-terrorism --identity /media/safe/es.cgi.identity"],
    )(add)
    accounts.register(made)
