"""``tansiq report``: strategic reports of the office in the embassy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for, read_draft
from tansiq.cli.showing import done, facts, label, labels, moment, print_json, say, table
from tansiq.cli.template import template
from tansiq.errors import BadInput

__all__ = ["list_all", "register", "show", "write"]

_DAY: int = len("2026-01-01")


def write(
    *,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help=help_for("draft"))] = None,
    sender: Annotated[str, typer.Option("--from", metavar="POST", help=help_for("from"))] = "",
    to: Annotated[str, typer.Option("--to", metavar="POST", help=help_for("to"))] = "",
    via: Annotated[str, typer.Option("--via", metavar="POST", help=help_for("via"))] = "",
    print_template: Annotated[bool, typer.Option("--print-template", help=help_for("print-template"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Sends a strategic report."""
    if print_template:
        say(template("report"))
        return
    if file is None:
        raise BadInput("cli.no-draft", command="tansiq report write")
    asked = {"draft": read_draft(file), "from": sender, "to": to, "via": via}
    made = ask_node(found_home(home), "report.write", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.report.sent", id=made["id"])


def list_all(
    limit: Annotated[int, typer.Option("--limit", metavar="N", help=help_for("limit"))] = 50,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lists the strategic reports of one's desks."""
    found = ask_node(found_home(home), "report.list", {"limit": limit}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    table(
        [
            told("cli.report.id"),
            told("cli.report.title"),
            told("cli.report.from"),
            told("cli.report.to"),
            told("cli.report.sent-at"),
            told("cli.field.state"),
        ],
        [
            (one["id"], one["title"], one["from"], one["to"], moment(one["sent"]), label("report_states", one["state"]))
            for one in found
        ],
    )


def _words(content: dict[str, Any], name: str) -> str:
    return str((content.get(name) or {}).get("value", "–"))


def show(
    report: Annotated[str, typer.Argument(metavar="ID", help=help_for("report-id"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Reads a strategic report; its sender is told."""
    one = ask_node(found_home(home), "report.show", {"id": report}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(one)
        return
    content = one["content"] or {}
    conditions = content.get("conditions") or {}
    facts(
        [
            (told("cli.report.title"), one["title"]),
            (told("cli.field.codes"), labels("handling", conditions.get("codes", []))),
            (told("cli.field.classification"), label("classification", conditions.get("classification"))),
            (told("cli.report.from"), f"{one['from']}  {one['officer']}"),
            (told("cli.report.to"), one["to"]),
            (told("cli.report.fields"), labels("offences", one["fields"])),
            (told("cli.report.period"), " – ".join(day[:_DAY] for day in one["period"])),
            (told("cli.report.evaluation"), f"{content.get('source', 'X')}{content.get('information', '4')}"),
            (told("cli.field.state"), label("report_states", one["state"])),
            (told("cli.report.summary"), _words(content, "summary")),
            (told("cli.report.words"), _words(content, "words")),
        ]
    )


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("report", parent=app, examples=["tansiq report list --as ES-3300"])
    command(
        made,
        "write",
        key="report-write",
        examples=["tansiq report write --file report.toml --from es.cgi/embassy-office --to ma.dgst/head --as ES-3300"],
    )(write)
    command(made, "list", key="report-list", examples=["tansiq report list --as ES-3300 --json"])(list_all)
    command(
        made,
        "show",
        key="report-show",
        examples=["tansiq report show 019ac04e-7b1d-7c2e-8c55-2f0a9d1b6f31 --as MA-1001"],
    )(show)
