"""``tansiq init``, ``run``, ``web``, ``worker``: making a node and running it."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import (
    HomeArgument,
    HomeOption,
    JsonFlag,
    found_home,
    help_for,
    named_home,
    new_passphrase,
    passphrase,
)
from tansiq.cli.showing import facts, print_json, say
from tansiq.errors import BadInput, Conflict, Unavailable
from tansiq.node.home import Home

__all__ = ["init", "register", "run", "web", "worker"]

_READY_SECONDS: Final = 30.0
_log = logging.getLogger("tansiq.node")

LogFile = Annotated[Path | None, typer.Option("--log-file", metavar="FILE", help=help_for("log-file"))]


def init(
    *,
    home: HomeArgument = None,
    agency: Annotated[str, typer.Option("--agency", metavar="ID", help=help_for("agency"))] = "",
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help=help_for("listen"))] = "127.0.0.1:8443",
    unlock_file: Annotated[
        Path | None, typer.Option("--unlock-file", metavar="FILE", help=help_for("unlock-file"))
    ] = None,
    identity: Annotated[Path | None, typer.Option("--identity", metavar="FILE", help=help_for("identity"))] = None,
    identity_passphrase_fd: Annotated[
        int | None, typer.Option("--identity-passphrase-fd", metavar="N", help=help_for("identity-passphrase-fd"))
    ] = None,
    profile: Annotated[str, typer.Option("--profile", metavar="FILE|NAME", help=help_for("profile"))] = "",
    officer_passphrases_fd: Annotated[
        int | None, typer.Option("--officer-passphrases-fd", metavar="N", help=help_for("officer-passphrases-fd"))
    ] = None,
    no_officers: Annotated[bool, typer.Option("--no-officers", help=help_for("no-officers"))] = False,
    address: Annotated[str, typer.Option("--address", metavar="URL", help=help_for("address"))] = "",
    database: Annotated[str, typer.Option("--database", metavar="URL", help=help_for("database"))] = "",
    keys_database: Annotated[str, typer.Option("--keys-database", metavar="URL", help=help_for("keys-database"))] = "",
    mirror: Annotated[str, typer.Option("--mirror", metavar="PATH", help=help_for("mirror"))] = "",
    pages: Annotated[str, typer.Option("--pages", metavar="HOST:PORT", help=help_for("pages"))] = "",
    pages_address: Annotated[str, typer.Option("--pages-address", metavar="URL", help=help_for("pages-address"))] = "",
    pulls: Annotated[bool, typer.Option("--pulls", help=help_for("pulls"))] = False,
    hub: Annotated[str, typer.Option("--hub", metavar="POST", help=help_for("hub-post"))] = "",
    bureau: Annotated[str, typer.Option("--bureau", metavar="POST", help=help_for("bureau-post"))] = "",
    home_option: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Makes a node."""
    from tansiq.cli.making import Making, check_address, check_listen, make_node, officer_passphrases
    from tansiq.cli.profile import load_profile
    from tansiq.protocol.directory import fingerprint
    from tansiq.protocol.docket import check_agency, check_post
    from tansiq.protocol.words import fingerprint_words

    path = named_home(home_option, home)
    for name, value in (("--agency", agency), ("--unlock-file", unlock_file), ("--identity", identity)):
        if not value:
            raise BadInput("cli.missing-argument", name=name, command="tansiq init")
    if bool(database) != bool(keys_database) or (database and database == keys_database):
        raise BadInput("cli.two-databases")
    check_agency(agency)
    for post in (hub, bureau):
        if post:
            check_post(post)
    check_listen(listen)
    if pages:
        check_listen(pages, name="--pages")
    if address:
        check_address(address, name="--address")
    if pages_address:
        check_address(pages_address, name="--pages-address", schemes=("https", "http"))
    wanted = load_profile(profile, agency)
    if no_officers:
        wanted = replace(wanted, officers=())
    numbers = [one.number for one in wanted.officers]
    key_file, unlock = Path(str(identity)).absolute(), Path(str(unlock_file)).absolute()
    ask = passphrase if key_file.exists() else new_passphrase
    identity_words = ask(identity_passphrase_fd, told("cli.ask.identity"))
    if officer_passphrases_fd is not None:
        words = officer_passphrases(officer_passphrases_fd, numbers)
    else:
        words = {number: new_passphrase(None, told("cli.ask.officer", officer=number)) for number in numbers}
    made = make_node(
        Making(
            home=Home(
                path=path.resolve(), agency=agency, listen=listen, unlock_file=str(unlock), database=database,
                keys_database=keys_database,
                mirror=str(Path(mirror).absolute()) if mirror else "", language=LANGUAGE, pages=pages, pages_address=pages_address,
                hub=hub, bureau=bureau,
            ),
            profile=wanted, address=address or f"https://{listen}", identity=key_file, identity_passphrase=identity_words,
            passphrases=words, pulls=pulls,
        )
    )  # fmt: skip
    digest = fingerprint(made.identity)
    if as_json:
        shown = {"agency": agency, "home": str(path.resolve()), "addresses": list(made.addresses), "officers": numbers}
        print_json(shown | {"fingerprint": digest.hex(), "words": list(fingerprint_words(digest, LANGUAGE))})
        return
    say(told("cli.init.made", agency=agency, home=str(path.resolve())))
    facts([(told("cli.field.fingerprint"), " ".join(fingerprint_words(digest, LANGUAGE))), ("", digest.hex())])
    say(told("cli.init.next", home=str(path)))


def _check_free(home: Home) -> None:
    """Raises Conflict when the node runs already, Unavailable when its address is taken or not this machine's."""
    from tansiq.node.running import is_running

    if is_running(home):  # who starts at the same moment meets the lock of `node.running`
        raise Conflict("cli.runs-already", home=str(home.path))
    host, _, port = home.listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except (OSError, ValueError) as error:
            raise Unavailable("cli.address-taken", address=home.listen) from error


def _notify(state: str) -> None:
    """Tells a supervisor that waits for it (systemd's notification socket)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            try:
                supervisor.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
            except OSError:
                _log.warning("the supervisor that waits for a word does not hear")


def _announce(home: Home) -> None:
    """Waits until the door, the pages and the acts answer, then says so, in a thread of its own."""

    def wait() -> None:
        from tansiq.node.running import answers, is_running

        doors = [door for door in (home.listen, home.pages) if door]
        until: float | None = time.monotonic() + _READY_SECONDS
        while not (is_running(home) and all(map(answers, doors))):
            if until is not None and time.monotonic() >= until:
                _log.error("not ready after %d seconds", int(_READY_SECONDS))
                until = None  # it is said once; whoever waits for the word hears it all the same, when it is
            time.sleep(0.05)
        _log.info("ready https://%s agency=%s pid=%d", home.listen, home.agency, os.getpid())
        _notify("READY=1")

    threading.Thread(target=wait, name="ready", daemon=True).start()


def run(home: HomeArgument = None, home_option: HomeOption = None, log_file: LogFile = None) -> None:
    """Runs a node until it is told to end."""
    from tansiq.cli.logs import debugging, set_up

    node = found_home(home_option, home)
    _check_free(node)
    set_up(log_file)
    from tansiq.node.processes import run_node

    if debugging():
        _log.warning("this log holds whole tracebacks; it is for invented data only")
    try:
        failed = run_node(node, ready=lambda: _announce(node))
    except Conflict as error:
        if error.code == "node.running":  # two were started at once: this one came later
            raise Conflict("cli.runs-already", home=str(node.path)) from error
        raise
    if failed:
        raise Unavailable("cli.node-ended", home=str(node.path))


def web(home_option: HomeOption = None, log_file: LogFile = None) -> None:
    """Runs the door alone."""
    from tansiq.cli.logs import set_up

    node = found_home(home_option)
    set_up(log_file)
    from tansiq.node.processes import run_web

    run_web(node)


def worker(home_option: HomeOption = None, log_file: LogFile = None) -> None:
    """Runs delivery, dispatch, the clock's work and the acts alone."""
    from tansiq.cli.logs import set_up

    node = found_home(home_option)
    set_up(log_file)
    from tansiq.node.processes import run_worker

    run_worker(node)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(
        app,
        "init",
        key="init",
        examples=[
            "tansiq init /srv/tansiq --agency es.cgi --listen 0.0.0.0:8443 --address https://tansiq.example:8443 \\",
            "    --unlock-file /etc/tansiq/unlock --identity /media/safe/es.cgi.identity",
        ],
    )(init)
    command(
        app,
        "run",
        key="run",
        examples=["tansiq run /srv/tansiq", "tansiq run --home /srv/tansiq --log-file /var/log/tansiq.log"],
    )(run)
    command(app, "web", key="web", examples=["tansiq web --home /srv/tansiq"])(web)
    command(app, "worker", key="worker", examples=["tansiq worker --home /srv/tansiq"])(worker)
