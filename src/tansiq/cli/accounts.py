"""``tansiq officer account``, ``invite``, ``certify``: who signs in, by which rights, and the offline identity's word on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE, told
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
from tansiq.cli.showing import done, print_json, say

__all__ = ["RoleOption", "account", "certify", "invite", "register"]

RoleOption = Annotated[list[str] | None, typer.Option("--role", metavar="ROLE", help=help_for("role"))]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help=help_for("number"))]


def account(
    number: Number,
    role: RoleOption = None,
    clearance: Annotated[str | None, typer.Option("--clearance", metavar="CODE", help=help_for("clearance"))] = None,
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Gives an account its roles and its clearance; makes it when there is none."""
    node = found_home(home)

    context = opened_here(node)
    from tansiq.accounts.clearances import given_clearance, set_clearance
    from tansiq.accounts.opened import opened
    from tansiq.accounts.roles import roles_for_posts
    from tansiq.accounts.services import account_of, create_account, set_roles
    from tansiq.errors import NotFound
    from tansiq.keystore.officers import has_officer, open_officer_keys
    from tansiq.policy.codes import code_list

    directory = context.directory
    posts = next((one.posts for one in directory.officers if one.number == number), ())
    if clearance:
        code_list("classification").require(clearance)
    wanted = tuple(role or roles_for_posts(post.role for post in directory.posts if post.id in posts))
    try:
        account_of(number)
        made = False
        set_roles(number, wanted, by="command line", node=opened())
    except NotFound:
        made = True
        known = has_officer(number)
        ask = passphrase if known else new_passphrase
        words = ask(passphrase_fd, told("cli.ask.officer", officer=number))
        if known:
            open_officer_keys(number, words)
        create_account(number, words, roles=wanted, language=node.language, by="command line", now_ms=context.clock())
    if clearance is not None:
        set_clearance(number, clearance, by="command line", node=opened())
    if as_json:
        held = given_clearance(number)
        print_json({"officer": number, "roles": [str(one) for one in wanted], "clearance": held, "made": made})
        return
    done("cli.officer.account-made" if made else "cli.officer.account-set", officer=number)


def invite(
    *,
    number: Number,
    role: Annotated[list[str], typer.Option("--role", metavar="ROLE", help=help_for("role"))],
    post: Annotated[list[str] | None, typer.Option("--post", metavar="POST", help=help_for("post"))] = None,
    recovery: Annotated[
        list[str] | None, typer.Option("--recovery", metavar="NUMBER", help=help_for("recovery"))
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Invites somebody; the code is shown once."""
    node = found_home(home)

    context = opened_here(node)
    from tansiq.accounts.invitations import Invited
    from tansiq.accounts.invitations import invite as make_invitation
    from tansiq.accounts.opened import opened

    posts = tuple(f"{node.agency}/{one.removeprefix(f'{node.agency}/')}" for one in post or ())
    code = make_invitation(
        Invited(number=number, posts=posts, roles=tuple(role), recovery=tuple(recovery or ()), language=node.language),
        by="command line",
        directory=context.directory,
        node=opened(),
    )
    if as_json:
        print_json({"officer": number, "code": code, "posts": list(posts), "roles": list(role)})
        return
    done("cli.officer.invited", officer=number)
    say(code)


def certify(
    *,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help=help_for("certify-number"))] = "",
    identity: Annotated[Path, typer.Option("--identity", metavar="FILE", help=help_for("identity"))],
    identity_passphrase_fd: Annotated[
        int | None, typer.Option("--identity-passphrase-fd", metavar="N", help=help_for("identity-passphrase-fd"))
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Certifies keys that wait, and lists substitutes."""
    node = found_home(home)
    words = passphrase(identity_passphrase_fd, told("cli.ask.identity"))
    from tansiq.exchange.service import tell_directory
    from tansiq.exchange.wake import wake
    from tansiq.node.identity import load_identity
    from tansiq.protocol.words import fingerprint_words

    key = load_identity(identity, words)
    context = opened_here(node)
    from tansiq.accounts.invitations import waiting
    from tansiq.node.certifying import certify as certify_waiting

    shown = {
        one.number: list(fingerprint_words(bytes(one.keys[0].identifier), LANGUAGE))
        for one in waiting(number)
        if one.keys
    }
    made = certify_waiting(number, identity=key, now_ms=context.clock())
    told_to = tell_directory(context=context)
    wake(str(node.run))
    if as_json:
        print_json(
            {
                "document": made.document,
                "officers": [{"officer": one, "words": shown.get(one, [])} for one in made.officers],
                "substitutes": [[one.number, one.post] for one in made.listed],
                "ended": [[one.number, one.post] for one in made.ended],
                "told": told_to,
            }
        )
        return
    for one in made.officers:
        say(f"{one}  {' '.join(shown.get(one, []))}")
    done("cli.officer.certified", document=made.document, count=len(made.officers), substitutes=len(made.listed))


def register(made: typer.Typer) -> None:
    """Adds the commands of this module to the group ``officer``."""
    command(
        made,
        "account",
        key="officer-account",
        examples=["tansiq officer account ES-1001 --role head --role supervisor"],
    )(account)
    command(
        made,
        "invite",
        key="officer-invite",
        examples=["tansiq officer invite ES-4019 --post counter-terrorism --role officer"],
    )(invite)
    command(
        made,
        "certify",
        key="officer-certify",
        examples=["tansiq officer certify ES-4019 --identity /media/safe/es.cgi.identity"],
    )(certify)
