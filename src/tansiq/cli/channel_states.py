"""``tansiq channel``: how the channels stand with each partner, and deciding it.

Invariant: what is decided is told with what it held or let go; the words of a decision are shown to an officer alone.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import clean, done, facts, label, moment, print_json, say, table

__all__ = ["accept", "agree", "decline", "list_states", "register_states", "report", "set_state"]

With = Annotated[str, typer.Option("--with", metavar="AGENCY", help=help_for("state-with"))]
Proposal = Annotated[str, typer.Argument(metavar="ID", help=help_for("proposal-id"))]


def _by(one: dict[str, Any] | None) -> str:
    """Who decided, why and until when, in one line."""
    if one is None:
        return ""
    who = "+".join(number for number in (one["officer"], one["second"]) if number)
    until = f" → {moment(one['until'])}" if one["until"] else ""
    words = f" «{clean(one['words'])}»" if one["words"] else ""
    return f"{label('channel_state_reasons', one['reason'])} ({who}){until}{words}"


def list_states(
    partner: With = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows how the channels stand."""
    who = credential(officer, passphrase_fd, required=False)
    found = ask_node(found_home(home), "channel.states", {"partner": partner}, who=who)
    if as_json:
        print_json(found)
        return
    titles = [
        told(f"cli.channel.title.{name}") for name in ("partner", "channel", "ours", "theirs", "since", "waiting")
    ]
    rows = [
        (
            one["partner"],
            label("channels", row["channel"]),
            f"{label('channel_states', row['own'])} {_by(row['ours'])}".strip(),
            f"{label('channel_states', row['announced'])} {_by(row['theirs'])}".strip(),
            moment(row["since"]),
            row["waiting"],
        )
        for one in found["partners"]
        for row in one["channels"]
    ]
    table(titles, rows)
    for one in found["partners"]:
        if one["accepts_emergency"]:
            done("cli.channel.accepts", partner=one["partner"])
    for one in found["proposals"]:
        state, channel = label("channel_states", one["state"]), label("channels", one["channel"])
        done("cli.channel.proposed", id=one["id"], partner=one["partner"], channel=channel, state=state)


def _settled(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(made)
    elif not made["in_force"]:
        done("cli.channel.waits-for-second", id=made["id"])
    else:
        done("cli.channel.in-force", held=made["held"], let_go=made["let_go"])


def set_state(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help=help_for("state-channel"))],
    state: Annotated[str, typer.Argument(metavar="STATE", help=help_for("channel-state"))],
    *,
    partner: With,
    reason: Annotated[str, typer.Option("--reason", metavar="CODE", help=help_for("state-reason"))],
    words: Annotated[str, typer.Option("--words", metavar="WORDS", help=help_for("said-words"))] = "",
    language: Annotated[str, typer.Option("--in", metavar="LANGUAGE", help=help_for("in-language"))] = LANGUAGE,
    begins: Annotated[str, typer.Option("--from", metavar="MOMENT", help=help_for("state-from"))] = "",
    until: Annotated[str, typer.Option("--until", metavar="MOMENT", help=help_for("state-until"))] = "",
    announce: Annotated[bool, typer.Option("--announce", help=help_for("state-announce"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Decides how a channel stands."""
    asked = {
        "partner": partner, "channel": channel, "state": state, "reason": reason, "words": words, "language": language,
        "from": begins, "until": until, "announce": announce,
    }  # fmt: skip
    made = ask_node(found_home(home), "channel.set", asked, who=credential(officer, passphrase_fd))
    _settled(made, as_json=as_json)


def agree(
    proposal: Proposal,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Agrees to a proposal."""
    who = credential(officer, passphrase_fd)
    _settled(ask_node(found_home(home), "channel.agree", {"id": proposal}, who=who), as_json=as_json)


def decline(
    proposal: Proposal,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Ends a proposal without effect."""
    made = ask_node(found_home(home), "channel.decline", {"id": proposal}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.declined", id=proposal)


def accept(
    *,
    partner: With,
    not_any_more: Annotated[bool, typer.Option("--not", help=help_for("accept-not"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Declares whether we take emergencies on a suspended channel."""
    asked = {"partner": partner, "accepts": not not_any_more}
    made = ask_node(found_home(home), "channel.accept", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
        return
    done("cli.channel.we-accept" if made["accepts"] else "cli.channel.we-accept-not", partner=partner)


def report(
    partner: With = "",
    number: Annotated[int, typer.Option("--id", metavar="N", help=help_for("interruption"))] = 0,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Reports on interruptions."""
    found = ask_node(found_home(home), "channel.report", {"partner": partner, "id": number})
    if as_json:
        print_json(found)
        return
    if not found:
        done("cli.channel.no-interruption")
    for one in found:
        _show_report(one)


def _show_report(one: dict[str, Any]) -> None:
    head = f"{one['id']}  {one['partner']}  {label('channels', one['channel'])}"
    say(f"{head}  {moment(one['from'])} – {moment(one['until'])}")
    ended = " · ".join(f"{told(f'channels.how.{how}')}: {count}" for how, count in one["ended"].items())
    facts(
        [
            (told("cli.channel.title.waited"), f"{one['waited']} ({ended})" if ended else one["waited"]),
            (told("cli.channel.title.passed"), one["deadlines_passed"]),
            (told("cli.channel.title.theirs"), len(one["theirs"])),
            (told("cli.channel.title.pending"), one["pending"]),
            (told("cli.channel.title.missing"), one["missing"]),
            (told("cli.channel.title.whole"), told("cli.word.yes" if one["whole"] else "cli.word.no")),
        ]
    )
    for line in one["lines"]:
        mark = told("cli.channel.receipted") if line["receipted"] else told("cli.channel.unreceipted")
        late = f"  {told('cli.channel.deadline-passed')}" if line["deadline_passed"] else ""
        hours = line["waited_ms"] / 3_600_000
        kind = label("message_kinds", line["kind"])
        say(f"    {line['matter']}  {kind}  {hours:.1f} h  {told('channels.how.' + line['how'])}  {mark}{late}")


def register_states(made: typer.Typer) -> None:
    """Adds the commands of this module to the group ``channel``."""
    command(made, "list", key="channel-list", examples=["tansiq channel list --with ma.dgst"])(list_states)
    command(
        made,
        "set",
        key="channel-set",
        examples=[
            "tansiq channel set embassy suspended --with ma.dgst --reason state.political --announce --as ES-1001",
            "tansiq channel set embassy open --with ma.dgst --reason state.settled --announce --as ES-1001",
        ],
    )(set_state)
    command(made, "agree", key="channel-agree", examples=["tansiq channel agree ID --as ES-1002"])(agree)
    command(made, "decline", key="channel-decline", examples=["tansiq channel decline ID --as ES-1002"])(decline)
    command(
        made,
        "accept-emergency",
        key="channel-accept",
        examples=["tansiq channel accept-emergency --with ma.dgst --as ES-1001"],
    )(accept)
    command(made, "report", key="channel-report", examples=["tansiq channel report --with ma.dgst --json"])(report)
