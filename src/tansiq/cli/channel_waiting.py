"""``tansiq channel``: what waits for a suspended channel, and what may be done with it.

Invariant: a matter is named by its reference; nothing of what was said is shown.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import done, label, moment, print_json, table

__all__ = ["emergency", "hand", "list_waiting", "move", "register_waiting", "review", "take_back"]

Matter = Annotated[str, typer.Argument(metavar="MATTER", help=help_for("matter-waiting"))]
Words = Annotated[str, typer.Option("--words", metavar="WORDS", help=help_for("said-words"))]
InLanguage = Annotated[str, typer.Option("--in", metavar="LANGUAGE", help=help_for("in-language"))]


def list_waiting(
    partner: Annotated[str, typer.Option("--with", metavar="AGENCY", help=help_for("state-with"))] = "",
    channel: Annotated[str, typer.Option("--on", metavar="CHANNEL", help=help_for("state-channel"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows what waits for its channel."""
    asked = {"partner": partner, "channel": channel}
    found = ask_node(found_home(home), "channel.waiting", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    if not found:
        done("cli.channel.nothing-waits")
        return
    names = ("matter", "kind", "partner", "channel", "since", "deadline", "offers")
    table(
        [told(f"cli.channel.title.{name}") for name in names],
        [
            (
                one["matter"], label("message_kinds", one["kind"]), one["partner"], label("channels", one["channel"]),
                moment(one["held_at"]), moment(one["deadline"]), _offers(one),
            )
            for one in found
        ],
    )  # fmt: skip


def _offers(one: dict[str, Any]) -> str:
    if one["by_hand"]:
        return str(told("cli.channel.by-hand"))
    named = [f"{row['channel']} ({label('channel_verdicts', row['verdict'])})" for row in one["offers"]]
    return " · ".join([*named, told("cli.channel.courier")])


def move(
    matter: Matter,
    *,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help=help_for("state-channel"))],
    via: Annotated[str, typer.Option("--via", metavar="POST", help=help_for("via"))] = "",
    deviation: Annotated[str, typer.Option("--deviation", metavar="CODE", help=help_for("deviation"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says by another channel what waits."""
    asked = {"id": matter, "channel": channel, "via": via, "deviation": deviation}
    made = ask_node(found_home(home), "channel.move", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.moved", channel=label("channels", channel), count=len(made["statements"]))


def take_back(
    matter: Matter,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Takes back what waits."""
    made = ask_node(found_home(home), "channel.take-back", {"id": matter}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.taken-back", count=len(made["statements"]))


def hand(
    matter: Matter,
    *,
    not_any_more: Annotated[bool, typer.Option("--not", help=help_for("by-hand-not"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lets a courier take what waits."""
    asked = {"id": matter, "not": not_any_more}
    made = ask_node(found_home(home), "channel.by-hand", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.not-by-hand" if not_any_more else "cli.channel.for-the-courier", count=made["statements"])


def emergency(
    matter: Matter,
    *,
    words: Words,
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lets something pass for imminent danger to life."""
    asked = {"id": matter, "words": words, "language": language}
    made = ask_node(found_home(home), "channel.emergency", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.passed", id=made["emergency"])


def review(
    identifier: Annotated[str, typer.Argument(metavar="ID", help=help_for("emergency-id"))],
    verdict: Annotated[str, typer.Argument(metavar="VERDICT", help=help_for("emergency-verdict"))],
    *,
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Judges an emergency passage."""
    asked = {"emergency": identifier, "verdict": verdict, "words": words, "language": language}
    made = ask_node(found_home(home), "channel.review", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.reviewed", verdict=label("emergency_verdicts", verdict))


def register_waiting(made: typer.Typer) -> None:
    """Adds the commands of this module to the group ``channel``."""
    command(made, "waiting", key="channel-waiting", examples=["tansiq channel waiting --as ES-4017"])(list_waiting)
    command(made, "move", key="channel-move", examples=["tansiq channel move MATTER --channel direct --as ES-1001"])(
        move
    )
    command(made, "take-back", key="channel-take-back", examples=["tansiq channel take-back MATTER --as ES-4017"])(
        take_back
    )
    command(made, "by-hand", key="channel-by-hand", examples=["tansiq channel by-hand MATTER --as ES-4017"])(hand)
    command(
        made,
        "emergency",
        key="channel-emergency",
        examples=['tansiq channel emergency MATTER --words "…" --as ES-4017'],
    )(emergency)
    command(
        made, "review", key="channel-review", examples=["tansiq channel review ID emergency.justified --as ES-1001"]
    )(review)
