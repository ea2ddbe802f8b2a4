"""``tansiq keys list``, ``rotate``, ``revoke``, ``renew-certificate``: changing this node's keys, in the name of the
identity key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.frame import command
from tansiq.cli.language import told
from tansiq.cli.options import HomeOption, JsonFlag, found_home, help_for, opened_here, passphrase
from tansiq.cli.showing import done, print_json, table
from tansiq.errors import BadInput

__all__ = ["list_keys", "register", "renew_certificate", "revoke", "rotate"]

IdentityOption = Annotated[Path, typer.Option("--identity", metavar="FILE", help=help_for("identity"))]
IdentityPassphraseFd = Annotated[
    int | None, typer.Option("--identity-passphrase-fd", metavar="N", help=help_for("identity-passphrase-fd"))
]
OVERLAP_DAYS = 7


def _opened(home: Path | None, identity: Path, passphrase_fd: int | None) -> tuple[Any, Any, Any]:
    """The home, the node's context and the identity key."""
    node = found_home(home)
    words = passphrase(passphrase_fd, told("cli.ask.identity"))
    from tansiq.node.identity import load_identity

    return node, opened_here(node), load_identity(identity, words)


def _published(node: Any, context: Any, directory: Any, *, as_json: bool) -> None:
    """Tells the partners of the new document, and whoever asked."""
    from tansiq.exchange.service import tell_directory
    from tansiq.exchange.wake import wake

    told_to = tell_directory(context=context)
    wake(str(node.run))
    if as_json:
        print_json({"document": directory.number, "told": told_to})
    else:
        done("cli.keys.published", document=directory.number, told=told_to)


def list_keys(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Shows this agency's certified keys."""
    node = found_home(home)
    from tansiq.directory.queries import own_directory
    from tansiq.exchange.context import system_clock
    from tansiq.node.opening import bind
    from tansiq.protocol.evidence_report import utc_text

    bind(node)
    now = system_clock()
    rows = [
        {
            "id": key.key.identifier.hex(),
            "use": str(key.use),
            "owner": key.owner,
            "from": utc_text(key.from_ms),
            "until": utc_text(key.until_ms) if key.until_ms else None,
            "revoked": utc_text(key.revoked_ms) if key.revoked_ms else None,
            "believed": not key.doubt_at(now),
        }
        for key in own_directory().keys
    ]
    if as_json:
        print_json(rows)
        return
    titles = [told(f"cli.keys.{name}") for name in ("id", "use", "owner", "from", "until")]
    table(
        titles,
        [[row["id"], row["use"], row["owner"], row["from"], row["revoked"] or row["until"] or ""] for row in rows],
    )


def rotate(
    what: Annotated[str, typer.Argument(metavar="node|POST", help=help_for("rotated"))],
    identity: IdentityOption,
    identity_passphrase_fd: IdentityPassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Makes new keys for the node or for one of its posts."""
    node, context, key = _opened(home, identity, identity_passphrase_fd)
    from tansiq.node.rotation import rotate_node_keys, rotate_post_key

    now = context.clock()
    if what == "node":
        directory = rotate_node_keys(context.keys, identity=key, now_ms=now)
    else:
        post = what if "/" in what else f"{node.agency}/{what}"
        directory = rotate_post_key(context.keys, post, identity=key, now_ms=now)
    _published(node, context, directory, as_json=as_json)


def revoke(
    identifier: Annotated[str, typer.Argument(metavar="KEY", help=help_for("key"))],
    reason: Annotated[str, typer.Option("--reason", metavar="CODE", help=help_for("revocation-reason"))],
    identity: IdentityOption,
    identity_passphrase_fd: IdentityPassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Revokes a key from now on."""
    try:
        wanted = bytes.fromhex(identifier)
    except ValueError as error:
        raise BadInput("cli.wrong-argument", name="KEY", command="tansiq keys revoke") from error
    node, context, key = _opened(home, identity, identity_passphrase_fd)
    from tansiq.node.rotation import revoke_key
    from tansiq.protocol.docket import check_code

    now = context.clock()
    directory = revoke_key(wanted, identity=key, reason=check_code(reason), from_ms=now, now_ms=now)
    _published(node, context, directory, as_json=as_json)


def renew_certificate(
    identity: IdentityOption,
    identity_passphrase_fd: IdentityPassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Makes a new TLS certificate beside the present one."""
    node, context, key = _opened(home, identity, identity_passphrase_fd)
    from tansiq.node.rotation import renew_certificate as renew

    hosts = sorted({node.listen.rpartition(":")[0], "localhost", "127.0.0.1"})
    directory = renew(context.keys, hosts, identity=key, now_ms=context.clock())
    _published(node, context, directory, as_json=as_json)


def register(keys: typer.Typer) -> None:
    """Adds the commands of this module to the group ``keys``."""
    safe = "--identity /media/safe/es.cgi.identity"
    command(keys, "list", key="keys-list", examples=["tansiq keys list --home /srv/tansiq"])(list_keys)
    command(
        keys,
        "rotate",
        key="keys-rotate",
        examples=[f"tansiq keys rotate node {safe}", f"tansiq keys rotate counter-terrorism {safe}"],
    )(rotate)
    command(keys, "revoke", key="keys-revoke", examples=[f"tansiq keys revoke 0a1b… --reason key.stolen {safe}"])(
        revoke
    )
    command(keys, "renew-certificate", key="keys-renew", examples=[f"tansiq keys renew-certificate {safe}"])(
        renew_certificate
    )
