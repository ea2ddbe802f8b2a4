"""``tansiq channel times``: where time goes, as the page of times shows it.

Invariant: figures of desks, never of persons; what no desk has signed for is not guessed.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import clean, done, label, print_json, say, table
from tansiq.web.spans import length

__all__ = ["register_times", "times"]

_TITLES: Final = ("what", "count", "median", "most", "longest")


def _stage(one: dict[str, Any]) -> str:
    desk = clean(one["desk"])
    if one["stage"] == "answer":
        return told("enquiries.times.answering", desk=desk)
    return told("enquiries.times.between", desk=desk, following=clean(one["to"])) if one["to"] else desk


def times(
    *,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help=help_for("state-channel"))] = "",
    days: Annotated[int, typer.Option("--days", metavar="DAYS", min=1, max=3_660, help=help_for("times-days"))] = 90,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows where time goes."""
    asked = {"channel": channel, "days": days}
    found = ask_node(found_home(home), "channel.times", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    if not found:
        done("enquiries.times.none")
        return
    for code in dict.fromkeys(one["channel"] for one in found):
        say(label("channels", code))
        rows = [
            (
                _stage(one),
                one["count"],
                *(length(one[name], LANGUAGE) for name in ("median_ms", "most_ms", "longest_ms")),
            )
            for one in found
            if one["channel"] == code
        ]
        table([told(f"enquiries.times.{name}") for name in _TITLES], rows)


def register_times(made: typer.Typer) -> None:
    """Adds the command to the group ``channel``."""
    command(
        made,
        "times",
        key="channel-times",
        examples=[
            "tansiq channel times --as ES-4002",
            "tansiq channel times --channel interpol --days 30 --json --as ES-4002",
        ],
    )(times)
