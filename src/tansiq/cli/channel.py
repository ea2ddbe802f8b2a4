"""``tansiq channel``: which channel fits a matter and why, and the rules by which that is judged.

Invariant: a rules file is checked, shown and compared without a node, so that two sides can lay theirs side by side before they meet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.channel_states import register_states
from tansiq.cli.channel_times import register_times
from tansiq.cli.channel_view import show_advice, show_comparison, show_rules
from tansiq.cli.channel_waiting import register_waiting
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE
from tansiq.cli.options import (
    AsOfficer,
    HomeOption,
    JsonFlag,
    PassphraseFd,
    found_home,
    help_for,
    read_draft,
    read_file,
)
from tansiq.cli.showing import done, print_json, say
from tansiq.errors import BadInput
from tansiq.policy.channel_compare import compare as comparison
from tansiq.policy.channel_reading import MOST_BYTES, default_rules, parse_rules, read_rules
from tansiq.policy.channel_rules import Rules

__all__ = ["advise", "check", "compare", "register", "show"]

_RULES: Final = "channels.toml"
"""The name of the rules in a node's home."""
RulesFile = Annotated[Path, typer.Argument(metavar="FILE", help=help_for("rules-file"))]
OptionalRules = Annotated[Path | None, typer.Argument(metavar="FILE", help=help_for("rules-file"))]


def _source(file: Path) -> str:
    try:
        return read_file(file, most=MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("cli.wrong-draft", file=str(file), detail="UTF-8") from error


def _rules_here(file: Path | None, home: Path | None) -> Rules:
    """The rules of ``file``, else of the home's node, else of the package."""
    if file is not None:
        return parse_rules(_source(file))
    if home is not None and (own := found_home(home).path / _RULES).is_file():
        return parse_rules(_source(own))
    return default_rules()


def advise(
    *,
    to: Annotated[str, typer.Option("--to", metavar="POST", help=help_for("to"))] = "",
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help=help_for("draft"))] = None,
    from_post: Annotated[str, typer.Option("--from", metavar="POST", help=help_for("from"))] = "",
    via: Annotated[str, typer.Option("--via", metavar="POST", help=help_for("via"))] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="CODE", help=help_for("matter-kind"))] = "",
    field: Annotated[str, typer.Option("--field", metavar="CODE", help=help_for("matter-field"))] = "",
    nature: Annotated[str, typer.Option("--nature", metavar="CODE", help=help_for("nature"))] = "operational",
    harmless: Annotated[bool, typer.Option("--not-sensitive", help=help_for("not-sensitive"))] = False,
    classification: Annotated[
        str, typer.Option("--classification", metavar="CODE", help=help_for("matter-class"))
    ] = "",
    urgency: Annotated[str, typer.Option("--urgency", metavar="CODE", help=help_for("urgency"))] = "",
    warrant: Annotated[bool, typer.Option("--warrant", help=help_for("warrant"))] = False,
    missing: Annotated[bool, typer.Option("--missing", help=help_for("missing"))] = False,
    suspect: Annotated[bool, typer.Option("--suspect", help=help_for("suspect"))] = False,
    countries: Annotated[
        list[str] | None, typer.Option("--country", metavar="CC", help=help_for("matter-country"))
    ] = None,
    case: Annotated[str, typer.Option("--case", metavar="ID", help=help_for("case"))] = "",
    operation: Annotated[str, typer.Option("--operation", metavar="ID", help=help_for("operation"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says what may be done by each channel."""
    node = found_home(home)
    asked = {
        "to": to, "from": from_post, "via": via, "field": field, "nature": nature, "harmless": harmless,
        "classification": classification, "urgency_ground": urgency, "warrant": warrant, "missing": missing,
        "suspect": suspect, "countries": countries or [], "case": case, "operation": operation,
        **({"kind": kind} if kind else {}),
        **({"draft": read_draft(file)} if file is not None else {}),
    }  # fmt: skip
    found = ask_node(node, "channel.advise", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
    else:
        show_advice(found)


def check(file: RulesFile, as_json: JsonFlag = False) -> None:
    """Reads a rules file and names every line that is wrong."""
    book = read_rules(_source(file))
    if as_json:
        faults = [
            {"line": one.line, "key": one.key, "code": one.code, "words": one.sentence(LANGUAGE)} for one in book.faults
        ]
        number = len(book.rules.rules) if book.rules is not None else 0
        print_json({"whole": book.rules is not None, "rules": number, "faults": faults})
    elif book.rules is not None:
        done("cli.channel.whole", count=len(book.rules.rules), profile=book.rules.profile, digest=book.rules.digest)
    else:
        for one in book.faults:
            say(f"• {one.sentence(LANGUAGE)}")
        done("cli.channel.broken", count=len(book.faults))
    if book.rules is None:
        raise typer.Exit(2)


def show(
    file: OptionalRules = None,
    as_toml: Annotated[bool, typer.Option("--toml", help=help_for("rules-toml"))] = False,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows the rules in words, or as the file that the other side can compare."""
    if as_toml:
        say(_toml(file, home).rstrip("\n"))
        return
    show_rules(_rules_here(file, home), as_json=as_json)


def _toml(file: Path | None, home: Path | None) -> str:
    from importlib import resources

    _rules_here(file, home)  # what is wrong is not handed on
    if file is not None:
        return _source(file)
    if home is not None and (own := found_home(home).path / _RULES).is_file():
        return _source(own)
    return resources.files("tansiq.policy").joinpath(_RULES).read_text(encoding="utf-8")


def compare(
    theirs: RulesFile,
    ours: Annotated[Path | None, typer.Option("--with", metavar="FILE", help=help_for("rules-with"))] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lays two sides' rules side by side."""
    found = comparison(_rules_here(ours, home), parse_rules(_source(theirs)))
    show_comparison(found, as_json=as_json)
    if not found.same:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group(
        "channel",
        parent=app,
        examples=["tansiq channel advise --to ma.dgst/counter-terrorism --field offence.terrorism --as ES-4017"],
    )
    command(
        made,
        "advise",
        key="channel-advise",
        examples=[
            "tansiq channel advise --file enquiry.toml --to ma.dgst/counter-terrorism --as ES-4017",
            "tansiq channel advise --to ma.dgst/counter-terrorism --field offence.drugs --not-sensitive --warrant --json --as ES-4017",
        ],
    )(advise)
    register_states(made)
    register_waiting(made)
    register_times(made)
    own = group("channel-rules", examples=["tansiq channel rules check channels.toml"])
    made.add_typer(own, name="rules")
    command(own, "check", key="channel-rules-check", examples=["tansiq channel rules check channels.toml"])(check)
    command(
        own,
        "show",
        key="channel-rules-show",
        examples=["tansiq channel rules show", "tansiq channel rules show --toml --home /srv/tansiq > ours.toml"],
    )(show)
    command(
        own,
        "compare",
        key="channel-rules-compare",
        examples=["tansiq channel rules compare theirs.toml --home /srv/tansiq"],
    )(compare)
