"""``tansiq office``: the register of the flow at an embassy's office, and directing it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from tansiq.cli.asking import NOBODY, ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import done, facts, label, moment, print_json, table

__all__ = [
    "apart", "assign", "comment", "compartment", "flag", "join", "members", "part", "prioritise", "rebuild", "register", "remind", "show",
    "the_register",
]  # fmt: skip

Matter = Annotated[str, typer.Argument(metavar="MATTER", help=help_for("office-matter"))]
Other = Annotated[str, typer.Argument(metavar="OTHER", help=help_for("office-other"))]
_MADE: Final = ("matters", "wrong_counts", "wrong_rows")


def _ask(
    act: str, asked: dict[str, Any], officer: str, passphrase_fd: int | None, home: Any, *, as_json: bool, key: str
) -> None:
    """Asks for an act of the office and says that it was done."""
    found = ask_node(found_home(home), f"office.{act}", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
    else:
        done(key, **{name: value for name, value in found.items() if isinstance(value, str | int)})


def the_register(  # noqa: PLR0917 (a command takes as many options as people need)
    field: Annotated[str, typer.Option("--field", metavar="CODE", help=help_for("office-field"))] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help=help_for("office-channel"))] = "",
    state: Annotated[str, typer.Option("--state", metavar="STATE", help=help_for("office-state"))] = "",
    direction: Annotated[str, typer.Option("--direction", metavar="in|out", help=help_for("office-direction"))] = "",
    age: Annotated[str, typer.Option("--age", metavar="AGE", help=help_for("office-age"))] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help=help_for("office-overdue"))] = False,
    mine: Annotated[bool, typer.Option("--mine", help=help_for("office-mine"))] = False,
    ended: Annotated[bool, typer.Option("--ended", help=help_for("office-ended"))] = False,
    after: Annotated[str, typer.Option("--after", metavar="PLACE", help=help_for("office-after"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows a page of the register, what is due first first."""
    asked = {
        "field": field, "channel": channel, "state": state, "direction": direction, "age": age, "overdue": overdue, "mine": mine,
        "ended": ended, "after": after,
    }  # fmt: skip
    found = ask_node(found_home(home), "office.register", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    table(
        [
            told("cli.office.matter"),
            told("cli.field.state"),
            told("cli.office.channel"),
            told("cli.office.field"),
            told("cli.office.from-to"),
            told("cli.office.deadline"),
            told("cli.office.with"),
        ],
        [
            (
                one["id"],
                label("flow_states", one["state"]),
                label("channels", one["channel"]),
                label("offences", one["field"]) if one["field"] else "",
                " → ".join([one["service"], one["partner"]][:: 1 if one["direction"] == "out" else -1]),
                moment(one["deadline"]) if one["deadline"] else "",
                one["assigned"],
            )
            for one in found["rows"]
        ],
    )
    if found["following"]:
        done("cli.office.following", place=found["following"])


def show(
    matter: Matter,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows one matter: where it is, its dockets, what was directed."""
    found = ask_node(found_home(home), "office.show", {"id": matter}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    facts(
        [
            (told("cli.office.matter"), found["id"]),
            (told("cli.field.state"), label("flow_states", found["state"])),
            (told("cli.office.lies-at"), found["lies_at"]),
            (told("cli.office.channel"), label("channels", found["channel"])),
            (told("cli.office.priority"), label("flow_priorities", found["priority"])),
            (told("cli.office.with"), found["assigned"]),
        ]
    )
    table(
        [told("cli.office.kind"), told("cli.office.from"), told("cli.office.to"), told("cli.office.said")],
        [
            (label("message_kinds", one["kind"]), one["sender"], one["addressee"], moment(one["said"]))
            for one in found["dockets"]
        ],
    )
    table(
        [told("cli.office.directed"), told("cli.office.what"), told("cli.office.by"), told("cli.office.said")],
        [
            (
                label("flow_directs", one["what"]),
                one["words"] or one["value"] or one["other"],
                one["officer"],
                moment(one["at"]),
            )
            for one in found["directs"]
        ],
    )


def assign(
    matter: Matter,
    to: Annotated[str, typer.Argument(metavar="[OFFICER]", help=help_for("office-to"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Gives a matter to a member of the office, or to nobody."""
    asked = {"id": matter, "to": to}
    _ask("assign", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def prioritise(
    matter: Matter,
    priority: Annotated[str, typer.Argument(metavar="PRIORITY", help=help_for("office-priority"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Sets the priority of a matter."""
    asked = {"id": matter, "priority": priority}
    _ask("prioritise", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def comment(
    matter: Matter,
    words: Annotated[str, typer.Argument(metavar="WORDS", help=help_for("office-words"))],
    language: Annotated[str, typer.Option("--language", metavar="CODE", help=help_for("office-language"))] = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Notes words at a matter."""
    asked = {"id": matter, "words": words, "language": language}
    _ask("comment", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def remind(
    matter: Matter,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Reminds the desk where a matter lies."""
    _ask("remind", {"id": matter}, officer, passphrase_fd, home, as_json=as_json, key="cli.office.reminded")


def join(
    matter: Matter,
    other: Other,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Joins two matters that belong together."""
    asked = {"id": matter, "other": other, "verdict": "join"}
    _ask("join", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def part(
    matter: Matter,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Parts a matter from those that it was joined to."""
    _ask("part", {"id": matter}, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def flag(
    matter: Matter,
    other: Other,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says that two matters are the same one by two channels."""
    asked = {"id": matter, "other": other, "verdict": "flag"}
    _ask("flag", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def apart(
    matter: Matter,
    other: Other,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says that two matters do not belong together."""
    asked = {"id": matter, "other": other, "verdict": "apart"}
    _ask("apart", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.done")


def members(
    officer: AsOfficer = "", passphrase_fd: PassphraseFd = None, home: HomeOption = None, as_json: JsonFlag = False
) -> None:
    """Shows the members of the office and what each may see."""
    found = ask_node(found_home(home), "office.members", who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    table(
        [told("cli.office.member"), told("cli.office.service"), told("cli.office.fields"), told("cli.office.whole")],
        [
            (
                one["number"],
                one["service"],
                ", ".join(label("offences", code) for code in one["fields"]),
                told("cli.office.yes") if one["directs"] else "",
            )
            for one in found
        ],
    )


def compartment(
    number: Annotated[str, typer.Argument(metavar="OFFICER", help=help_for("office-number"))],
    of: Annotated[str, typer.Option("--service", metavar="AGENCY", help=help_for("office-service"))],
    fields: Annotated[list[str] | None, typer.Option("--field", metavar="CODE", help=help_for("office-reads"))] = None,
    deputy: Annotated[bool, typer.Option("--deputy", help=help_for("office-deputy"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says to which service a member belongs and which fields the member may read."""
    asked = {"number": number, "service": of, "fields": list(fields or ()), "deputy": deputy}
    _ask("compartment", asked, officer, passphrase_fd, home, as_json=as_json, key="cli.office.given")


def rebuild(
    check: Annotated[bool, typer.Option("--check", help=help_for("office-check"))] = False,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Makes the register again out of what is stored."""
    found = ask_node(found_home(home), "office.rebuild", {"check": check}, who=NOBODY)
    if as_json:
        print_json(found)
    else:
        facts([(told(f"cli.office.{name.replace('_', '-')}"), found[name]) for name in _MADE])


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    one = "01a2…"
    made = group("office", parent=app, examples=["tansiq office register --as ES-3300"])
    for name, deed, example in (
        ("register", the_register, "tansiq office register --channel embassy --overdue --as ES-3300"),
        ("show", show, f"tansiq office show {one} --as ES-3300"),
        ("assign", assign, f"tansiq office assign {one} ES-3301 --as ES-3300"),
        ("prioritise", prioritise, f"tansiq office prioritise {one} first --as ES-3300"),
        ("comment", comment, f"tansiq office comment {one} 'To be settled by Friday.' --language en --as ES-3300"),
        ("remind", remind, f"tansiq office remind {one} --as ES-3300"),
        ("join", join, f"tansiq office join {one} 01a3… --as ES-3300"),
        ("part", part, f"tansiq office part {one} --as ES-3300"),
        ("flag", flag, f"tansiq office flag {one} 01a3… --as ES-3300"),
        ("apart", apart, f"tansiq office apart {one} 01a3… --as ES-3300"),
        ("members", members, "tansiq office members --as ES-3300"),
        (
            "compartment",
            compartment,
            "tansiq office compartment ES-3301 --service es.cgi --field offence.terrorism --as ES-3300",
        ),
        ("rebuild", rebuild, "tansiq office rebuild --check"),
    ):
        command(made, name, key=f"office-{name}", examples=[example])(deed)
