"""``tansiq directory``: our document, the partners' documents, and the words that are compared aloud."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.files import write_new
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for, read_file
from tansiq.cli.showing import done, facts, give, print_json, say, table
from tansiq.errors import BadInput
from tansiq.protocol.limits import MAX_DIRECTORY_BYTES

__all__ = ["confirm", "export", "fingerprint", "list_all", "register", "take"]

OutFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help=help_for("out-document"))]


def _show(shown: dict[str, Any]) -> None:
    words = shown["words"].get(LANGUAGE) or shown["words"]["en"]
    half = len(words) // 2
    facts(
        [
            (told("cli.field.agency"), shown["agency"]),
            (told("cli.field.document"), shown["number"]),
            (told("cli.field.words"), f"{' '.join(words[:half])}\n{' '.join(words[half:])}"),
            (told("cli.field.fingerprint"), shown["fingerprint"]),
            (told("cli.field.confirmed"), told("cli.word.yes" if shown["confirmed"] else "cli.word.no")),
        ]
    )


def export(home: HomeOption = None, out: OutFile = None, as_json: JsonFlag = False) -> None:
    """Writes our directory document."""
    shown = ask_node(found_home(home), "directory.export")
    document = b64decode(shown["document"])
    if out == Path("-") or (out is None and not as_json):
        if out is None and sys.stdout.isatty():
            raise BadInput("cli.missing-argument", name="--out", command="tansiq directory export")
        if as_json:
            raise BadInput("cli.wrong-argument", name="--out", command="tansiq directory export")
        give(document)
        return
    if out is not None:
        write_new(out, document)
    if as_json:
        print_json(shown)
        return
    _show(shown)
    done("cli.directory.exported", file=str(out))


def take(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_for("document"))],
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Takes a partner's document."""
    encoded = read_file(file, most=MAX_DIRECTORY_BYTES)
    shown = ask_node(found_home(home), "directory.import", {"document": b64encode(encoded).decode()})
    if as_json:
        print_json(shown)
        return
    _show(shown)
    if not shown["confirmed"]:
        done("cli.directory.compare", agency=shown["agency"])


def fingerprint(
    agency: Annotated[str, typer.Argument(metavar="AGENCY", help=help_for("agency-argument"))] = "",
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows the words of an agency."""
    shown = ask_node(found_home(home), "directory.fingerprint", {"agency": agency})
    if as_json:
        print_json(shown)
        return
    _show(shown)


def confirm(
    agency: Annotated[str, typer.Argument(metavar="AGENCY", help=help_for("partner"))],
    words: Annotated[str, typer.Option("--words", metavar="WORDS", help=help_for("words"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Records that the words were compared aloud."""
    node = found_home(home)
    who = credential(officer, passphrase_fd)
    if not words and sys.stdin.isatty():
        words = input(told("cli.ask.words", agency=agency) + " ")
    if not words:
        raise BadInput("cli.missing-argument", name="--words", command="tansiq directory confirm")
    shown = ask_node(node, "directory.confirm", {"agency": agency, "words": words, "language": LANGUAGE}, who=who)
    if as_json:
        print_json(shown)
        return
    done("cli.directory.confirmed", agency=agency)


def list_all(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Shows every agency with its posts."""
    known = ask_node(found_home(home), "directory.list")
    if as_json:
        print_json(known)
        return
    for one in known:
        name = one["names"].get(LANGUAGE) or next(iter(one["names"].values()), "")
        state = "own" if one["own"] else "confirmed" if one["confirmed"] else "unconfirmed"
        say(f"{one['agency']}  {name}  ({told(f'cli.partner.{state}')})")
        table(
            [told("cli.field.post"), told("cli.field.name"), told("cli.field.languages"), told("cli.field.officers")],
            [
                (
                    post["post"],
                    post["names"].get(LANGUAGE) or next(iter(post["names"].values()), ""),
                    " ".join(post["languages"]),
                    " ".join(
                        f"{officer['number']} {officer.get('name', '')}".strip()
                        for officer in one["officers"]
                        if post["post"] in officer["posts"]
                    ),
                )
                for post in one["posts"]
            ],
        )
        say()


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group(
        "directory",
        parent=app,
        examples=["tansiq directory export --out es.cgi.directory", "tansiq directory fingerprint"],
    )
    command(made, "export", key="directory-export", examples=["tansiq directory export --out es.cgi.directory"])(export)
    command(made, "import", key="directory-import", examples=["tansiq directory import ma.dgst.directory"])(take)
    command(
        made,
        "fingerprint",
        key="directory-fingerprint",
        examples=["tansiq directory fingerprint ma.dgst --language ar"],
    )(fingerprint)
    command(
        made,
        "confirm",
        key="directory-confirm",
        examples=['tansiq directory confirm ma.dgst --as ES-4017 --words "…sixteen words…"'],
    )(confirm)
    command(made, "list", key="directory-list", examples=["tansiq directory list"])(list_all)
