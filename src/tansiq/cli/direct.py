"""``tansiq direct``: from head of service to head of service, and who stands in for a head."""

from __future__ import annotations

import datetime as dt
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

__all__ = ["answer", "delegate", "hand_down", "list_all", "read", "register", "withdraw", "write"]

DraftFile = Annotated[Path | None, typer.Option("--file", metavar="FILE", help=help_for("draft"))]
PrintTemplate = Annotated[bool, typer.Option("--print-template", help=help_for("print-template"))]
ExchangeId = Annotated[str, typer.Argument(metavar="ID", help=help_for("direct-id"))]


def _draft(file: Path | None, command_path: str) -> dict[str, Any]:
    if file is None:
        raise BadInput("cli.no-draft", command=command_path)
    return read_draft(file)


def _state(one: dict[str, Any]) -> str:
    if one["direction"] == "in":
        return told("cli.direct.unread") if one.get("unread") else told("cli.direct.read-here")
    return told("cli.direct.read-at", when=moment(one["read"])) if one["read"] else told("cli.direct.not-read")


def _deputy_state(one: dict[str, Any]) -> str:
    return told("cli.direct.holds") if one["holds"] else told("cli.direct.ended") if one["ended"] else "–"


def list_all(
    officer: AsOfficer = "", passphrase_fd: PassphraseFd = None, home: HomeOption = None, as_json: JsonFlag = False
) -> None:
    """Lists the exchanges, unread first, and who stands in."""
    found = ask_node(found_home(home), "direct.list", who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    table(
        [told("cli.direct.id"), told("cli.direct.with"), told("relations.direct.field-field"), told("cli.direct.at"), told("cli.field.state")],
        [
            (one["id"], one["post"], label("offences", one["field"]), moment(one["at"]), _state(one))
            for one in found["exchanges"]
        ],
    )  # fmt: skip
    if found["delegations"]:
        say()
        table(
            [told("cli.direct.id"), told("cli.direct.deputy"), told("cli.direct.time"), told("cli.field.state")],
            [
                (one["id"], f"{one['deputy']} → {one['head']}", f"{moment(one['from'])} – {moment(one['until'])}", _deputy_state(one))
                for one in found["delegations"]
            ],
        )  # fmt: skip


def read(
    exchange: ExchangeId,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Reads an exchange; the sender is told that it was read."""
    found = ask_node(found_home(home), "direct.read", {"id": exchange}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    for one in found["messages"]:
        content = one["content"] or {}
        conditions = content.get("conditions") or {}
        words = (content.get("words") or {}).get("value", "")
        facts(
            [
                (told("cli.direct.message"), one["message"]),
                (told("cli.direct.at"), f"{moment(one['at'])}  {one['officer']}"),
                (told("cli.field.state"), _state(one)),
                (told("cli.field.codes"), labels("handling", conditions.get("codes", []))),
                (told("cli.field.classification"), label("classification", conditions.get("classification"))),
                (told("cli.direct.words"), words or told("cli.direct.closed")),
            ]
        )
        say()


def write(
    *,
    file: DraftFile = None,
    to: Annotated[str, typer.Option("--to", metavar="AGENCY", help=help_for("direct-to"))] = "",
    field: Annotated[str, typer.Option("--field", metavar="CODE", help=help_for("direct-field"))] = "",
    print_template: PrintTemplate = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes to the head of a partner: one step, every check of law."""
    if print_template:
        say(template("direct"))
        return
    asked = {"draft": _draft(file, "tansiq direct write"), "to": to, "field": field}
    made = ask_node(found_home(home), "direct.write", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.direct.sent", id=made["id"])


def answer(
    exchange: ExchangeId,
    file: DraftFile = None,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Answers in an exchange."""
    asked = {"id": exchange, "draft": _draft(file, "tansiq direct answer")}
    made = ask_node(found_home(home), "direct.answer", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.direct.sent", id=made["id"])


def _day(said: str, option: str, *, after: int = 0) -> int:
    """Where a day begins on the clock of this machine, in UTC milliseconds, some days later. Raises BadInput."""
    try:
        on = dt.date.fromisoformat(said) + dt.timedelta(days=after)
    except (ValueError, OverflowError) as error:
        raise BadInput("cli.wrong-argument", name=option, command="tansiq direct delegate") from error
    return int(dt.datetime.combine(on, dt.time()).astimezone().timestamp() * 1000)


def delegate(
    deputy: Annotated[str, typer.Argument(metavar="OFFICER", help=help_for("direct-deputy"))],
    until: Annotated[str, typer.Option("--until", metavar="DAY", help=help_for("direct-until"))],
    begins: Annotated[str, typer.Option("--from", metavar="DAY", help=help_for("direct-from"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lets somebody stand in for the head, from a day to a day."""
    asked = {
        "deputy": deputy,
        "from_ms": _day(begins, "--from") if begins else 0,
        "until_ms": _day(until, "--until", after=1),
    }
    made = ask_node(found_home(home), "direct.delegate", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.direct.named", officer=deputy, id=made["id"])


def withdraw(
    delegation: Annotated[str, typer.Argument(metavar="ID", help=help_for("direct-delegation"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Ends a delegation before its last day."""
    made = ask_node(found_home(home), "direct.withdraw", {"id": delegation}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.direct.withdrawn", id=made["id"])


def hand_down(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help=help_for("direct-message"))],
    file: DraftFile = None,
    desk: Annotated[str, typer.Option("--desk", metavar="POST", help=help_for("direct-desk"))] = "",
    title: Annotated[str, typer.Option("--title", metavar="WORDS", help=help_for("direct-title"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Hands something of a message down to a desk."""
    asked = {"id": message, "draft": _draft(file, "tansiq direct hand-down"), "desk": desk, "title": title}
    made = ask_node(found_home(home), "direct.hand-down", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.direct.handed", case=made["case"])


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("direct", parent=app, examples=["tansiq direct list --as ES-1001"])
    one = "01a2228c-e9f0-7467-a6bd-88c669aec2f5"
    for name, function, example in (
        ("list", list_all, "tansiq direct list --as ES-1001 --json"),
        ("read", read, f"tansiq direct read {one} --as ES-1001"),
        ("write", write, "tansiq direct write --file message.toml --to ma.dgst --field offence.terrorism --as ES-1001"),
        ("answer", answer, f"tansiq direct answer {one} --file answer.toml --as ES-1001"),
        ("delegate", delegate, "tansiq direct delegate ES-1002 --from 2026-12-20 --until 2026-12-27 --as ES-1001"),
        ("withdraw", withdraw, f"tansiq direct withdraw {one} --as ES-1001"),
        ("hand-down", hand_down, f"tansiq direct hand-down {one} --file item.toml --desk counter-terrorism --title 'Ceuta' --as ES-1001"),
    ):  # fmt: skip
        command(made, name, key=f"direct-{name}", examples=[example])(function)
