"""``tansiq enquiry``: what an officer asks, and what an officer answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.enquiry_between import register_between
from tansiq.cli.enquiry_view import show_list, show_one
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for, read_draft
from tansiq.cli.showing import clean, done, print_json, say
from tansiq.cli.template import template
from tansiq.errors import BadInput
from tansiq.policy.course import STATES

__all__ = ["answer", "decide", "list_desk", "origin", "refuse", "register", "send", "show"]

EnquiryId = Annotated[str, typer.Argument(metavar="ID", help=help_for("enquiry-id"))]
OptionalId = Annotated[str, typer.Argument(metavar="ID", help=help_for("enquiry-id"))]
DraftFile = Annotated[Path | None, typer.Option("--file", metavar="FILE", help=help_for("draft"))]
PrintTemplate = Annotated[bool, typer.Option("--print-template", help=help_for("print-template"))]


_GAP = "…"
"""What a template shows where somebody has to write."""


def _gaps(written: object, path: str = "") -> Iterator[str]:
    """The fields of a draft, by their paths, where still stands what the template showed."""
    if isinstance(written, dict):
        for name, value in written.items():
            yield from _gaps(value, f"{path}.{name}" if path else str(name))
    elif isinstance(written, list):
        for at, value in enumerate(written):
            yield from _gaps(value, f"{path}.{at}")
    elif isinstance(written, str) and written.strip() == _GAP:
        yield path


def _draft(file: Path | None, command_path: str) -> dict[str, Any]:
    if file is None:
        raise BadInput("cli.no-draft", command=command_path)
    draft = read_draft(file)
    if gaps := list(_gaps(draft)):
        raise BadInput("cli.draft-not-filled", file=str(file), fields=clean(", ".join(gaps)))
    return draft


def send(
    *,
    file: DraftFile = None,
    from_post: Annotated[str, typer.Option("--from", metavar="POST", help=help_for("from"))] = "",
    to: Annotated[str, typer.Option("--to", metavar="POST", help=help_for("to"))] = "",
    via: Annotated[str, typer.Option("--via", metavar="POST", help=help_for("via"))] = "",
    case: Annotated[str, typer.Option("--case", metavar="ID", help=help_for("case"))] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CODE", help=help_for("channel"))] = "",
    nature: Annotated[str, typer.Option("--nature", metavar="CODE", help=help_for("nature"))] = "operational",
    harmless: Annotated[bool, typer.Option("--not-sensitive", help=help_for("not-sensitive"))] = False,
    warrant: Annotated[bool, typer.Option("--warrant", help=help_for("warrant"))] = False,
    countries: Annotated[
        list[str] | None, typer.Option("--country", metavar="CC", help=help_for("matter-country"))
    ] = None,
    operation: Annotated[str, typer.Option("--operation", metavar="ID", help=help_for("operation"))] = "",
    deviation: Annotated[str, typer.Option("--deviation", metavar="CODE", help=help_for("deviation"))] = "",
    check: Annotated[bool, typer.Option("--check", help=help_for("check"))] = False,
    print_template: PrintTemplate = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Sends an enquiry."""
    if print_template:
        say(template("enquiry"))
        return
    draft = _draft(file, "tansiq enquiry send")
    node = found_home(home)
    who = credential(officer, passphrase_fd)
    way = {"from": from_post, "to": to, "via": via, "case": case, "channel": channel}
    weighing = {
        "nature": nature, "harmless": harmless, "warrant": warrant, "countries": countries or [], "operation": operation,
        "deviation": deviation,
    }  # fmt: skip
    made = ask_node(node, "enquiry.check" if check else "enquiry.send", {"draft": draft, **way, **weighing}, who=who)
    if as_json:
        print_json(made)
    elif check:
        for fault in made:
            say(f"• {told(fault['code'])} ({fault['field']}; {fault['source']})")
        done("cli.enquiry.lawful" if not made else "cli.enquiry.unlawful", count=len(made))
    else:
        done("cli.enquiry.sent", id=made["id"])
    if check and made:
        raise typer.Exit(1)


def list_desk(
    direction: Annotated[str, typer.Option("--direction", metavar="in|out", help=help_for("direction"))] = "",
    state: Annotated[str, typer.Option("--state", metavar="STATE", help=help_for("state"))] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help=help_for("limit"))] = 100,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lists the enquiries on the officer's desks."""
    node = found_home(home)
    if direction not in {"", "in", "out"}:
        raise BadInput("cli.wrong-argument", name="--direction", command="tansiq enquiry list")
    if state not in {"", *STATES}:
        raise BadInput("cli.wrong-argument", name="--state", command="tansiq enquiry list")
    who = credential(officer, passphrase_fd)
    found = ask_node(node, "enquiry.list", {"direction": direction, "state": state, "limit": limit}, who=who)
    if as_json:
        print_json(found)
    else:
        show_list(found)


def show(
    enquiry: EnquiryId,
    justification: Annotated[
        str, typer.Option("--justification", metavar="WORDS", help=help_for("justification"))
    ] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows one enquiry."""
    node = found_home(home)
    who = credential(officer, passphrase_fd)
    shown = ask_node(node, "enquiry.show", {"id": enquiry, "justification": justification}, who=who)
    if as_json:
        print_json(shown)
    else:
        show_one(shown)


def answer(
    enquiry: OptionalId = "",
    file: DraftFile = None,
    print_template: PrintTemplate = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Answers a partner's enquiry."""
    if print_template:
        say(template("answer"))
        return
    if not enquiry:
        raise BadInput("cli.missing-argument", name="ID", command="tansiq enquiry answer")
    draft = _draft(file, "tansiq enquiry answer")
    node = found_home(home)
    made = ask_node(node, "enquiry.answer", {"id": enquiry, "draft": draft}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.enquiry.answered", id=enquiry)


def refuse(
    enquiry: EnquiryId,
    *,
    ground: Annotated[list[str], typer.Option("--ground", metavar="CODE", help=help_for("ground"))],
    reasons: Annotated[str, typer.Option("--reasons", metavar="WORDS", help=help_for("reasons"))] = "",
    partial: Annotated[bool, typer.Option("--partial", help=help_for("partial"))] = False,
    language: Annotated[str, typer.Option("--in", metavar="LANGUAGE", help=help_for("in-language"))] = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Refuses a partner's enquiry."""
    node = found_home(home)
    draft: dict[str, Any] = {"language": language, "grounds": ground, "partial": partial}
    if reasons:
        draft["reasons"] = reasons
    made = ask_node(node, "enquiry.refuse", {"id": enquiry, "draft": draft}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.enquiry.refused", id=enquiry)


def decide(
    enquiry: EnquiryId,
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help=help_for("entry"))],
    same: Annotated[bool | None, typer.Option("--same/--different", help=help_for("same"))] = None,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Decides on a possible match."""
    if same is None:
        raise BadInput("cli.missing-argument", name="--same|--different", command="tansiq enquiry decide")
    node = found_home(home)
    asked = {"id": enquiry, "entry": entry, "decision": "match.same" if same else "match.different"}
    made = ask_node(node, "enquiry.decide", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.done")


def origin(
    enquiry: EnquiryId,
    obtained: Annotated[str, typer.Option("--obtained", metavar="no-sign|doubt|yes", help=help_for("obtained"))],
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help=help_for("origin-reason"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Answers whether what came may have been obtained by ill-treatment."""
    node = found_home(home)
    asked = {
        "id": enquiry,
        "answer": f"obtained.{obtained.removeprefix('obtained.')}",
        "reason": reason,
        "language": LANGUAGE,
    }
    made = ask_node(node, "enquiry.origin", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.enquiry.origin", count=made["items"])


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group(
        "enquiry",
        parent=app,
        examples=["tansiq enquiry send --print-template > enquiry.toml", "tansiq enquiry list --as ES-4017"],
    )
    command(
        made,
        "send",
        key="enquiry-send",
        examples=[
            "tansiq enquiry send --print-template > enquiry.toml",
            "tansiq enquiry send --as ES-4017 --file enquiry.toml --to ma.dgst/counter-terrorism --check",
            "tansiq enquiry send --as ES-4017 --file enquiry.toml --to ma.dgst/counter-terrorism",
        ],
    )(send)
    command(made, "list", key="enquiry-list", examples=["tansiq enquiry list --as MA-2210 --direction in"])(list_desk)
    command(
        made,
        "show",
        key="enquiry-show",
        examples=['tansiq enquiry show ID --as MA-2210 --justification "file 2026/114"'],
    )(show)
    command(
        made,
        "answer",
        key="enquiry-answer",
        examples=[
            "tansiq enquiry answer --print-template > answer.toml",
            "tansiq enquiry answer ID --as MA-2210 --file answer.toml",
        ],
    )(answer)
    command(
        made,
        "refuse",
        key="enquiry-refuse",
        examples=['tansiq enquiry refuse ID --as MA-2210 --ground refusal.not-available --reasons "…"'],
    )(refuse)
    command(made, "decide", key="enquiry-decide", examples=["tansiq enquiry decide ID ENTRY --same --as MA-2210"])(
        decide
    )
    command(
        made, "origin", key="enquiry-origin", examples=["tansiq enquiry origin ID --obtained no-sign --as ES-4017"]
    )(origin)
    register_between(made)
