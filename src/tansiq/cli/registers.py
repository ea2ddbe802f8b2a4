"""``tansiq import``: lists that others publish become registers of this node."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for, read_file
from tansiq.cli.showing import clean, done, facts, moment, print_json, progress, say, table
from tansiq.texts import catalogue

__all__ = ["list_all", "register", "un_list"]

_EVERY = "every"
_MOST = 64 * 2**20
_EXAMPLES = 3
"""How many entries are named for a reason; ``--json`` names all."""
_STAGES = {"reading": "cli.stage.reading", "storing": "cli.stage.storing"}
_COUNTS = (
    "persons", "entities", "names", "original_scripts", "added", "updated", "unchanged", "removed", "kept_older", "proposed",
)  # fmt: skip


def _reason(code: str) -> str:
    """What a code of the report means, in the reader's language; the code itself where this version has no words for it."""
    return told(code) if code in catalogue() else clean(code)


def _grouped(found: Sequence[Mapping[str, Any]], what: str) -> None:
    """How often each reason occurs in ``found``, the most frequent first, with a few examples; ``what`` of one is shown beside its entry."""
    by_reason: dict[str, list[str]] = {}
    for one in found:
        place = f"{one['reference'] or '?'} {one[what]}".strip()
        by_reason.setdefault(one["reason"], []).append(place)
    for reason, places in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0])):
        shown = clean(" · ".join(places[:_EXAMPLES]))
        more = " …" if len(places) > _EXAMPLES else ""
        say(f"  {_reason(reason)}: {len(places)} ({shown}{more})")


def _show(report: dict[str, Any]) -> None:
    if not report["changed"]:
        done("cli.import.unchanged", register=report["register"], generated=report["generated"] or "–")
        return
    done("cli.import.done", register=report["register"], generated=report["generated"] or "–")
    facts([(told(f"cli.import.count.{name}"), report.get(name, 0)) for name in _COUNTS])
    skipped, damaged = report.get("skipped", ()), report.get("damaged", ())
    if skipped:
        done("cli.import.skipped", count=len(skipped))
        _grouped(skipped, "detail")
    if damaged:
        done("cli.import.damaged", count=len(damaged))
        _grouped(damaged, "field")
    if skipped or damaged:
        done("cli.import.each")


def un_list(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_for("un-list"))],
    name: Annotated[str, typer.Option("--register", metavar="NAME", help=help_for("register"))] = "un",
    removals: Annotated[bool, typer.Option("--removals", help=help_for("removals"))] = False,
    post: Annotated[list[str] | None, typer.Option("--post", metavar="POST", help=help_for("register-post"))] = None,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Imports the United Nations list."""
    node = found_home(home)
    who = credential(officer, passphrase_fd, required=False)
    readers = {"posts": [one for one in post if one != _EVERY]} if post else {}
    packed = b64encode(zlib.compress(read_file(file, most=_MOST), 6)).decode()
    with progress(_STAGES) as show:
        report = ask_node(
            node,
            "register.import",
            {"file": packed, "register": name, "removals": removals, **readers},
            who=who,
            progress=show,
        )
    if as_json:
        print_json(report)
    else:
        _show(report)


def list_all(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Shows the registers of this node."""
    known = ask_node(found_home(home), "register.list")
    if as_json:
        print_json(known)
        return
    table(
        [
            told("cli.field.register"),
            told("cli.field.entries"),
            told("cli.field.generated"),
            told("cli.field.imported"),
            told("cli.field.register-posts"),
        ],
        [
            (
                one["register"],
                one["entries"],
                one["generated"],
                moment(one["imported_at"]),
                " ".join(one["posts"]) or "–",
            )
            for one in known
        ],
    )


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("import", parent=app, examples=["tansiq import un-list consolidated.xml"])
    command(
        made,
        "un-list",
        key="import-un-list",
        examples=[
            "tansiq import un-list consolidated.xml",
            "tansiq import un-list list.xml --register own --post ma.dgst/counter-terrorism --as MA-2210",
        ],
    )(un_list)
    command(made, "list", key="import-list", examples=["tansiq import list --json"])(list_all)
