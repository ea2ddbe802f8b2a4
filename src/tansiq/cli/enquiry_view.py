"""Enquiries on the terminal: the desk's list, and one enquiry with its way, its possible matches and its replies.

Invariant: what is due first stands first, in the list as the node gives it; nothing is shown by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tansiq.cli.language import told
from tansiq.cli.reading_aloud import lines_of, title_of
from tansiq.cli.showing import clean, facts, is_terminal, label, labels, moment, say, table
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.plain import Record

__all__ = ["show_list", "show_one", "state_text"]

_BODIES: Mapping[str, type[Record]] = {
    "enquiry.clarification-request": ClarificationRequest,
    "enquiry.clarification": Clarification,
    "enquiry.delay": DelayNotice,
    "enquiry.reminder": Reminder,
    "enquiry.withdrawal": Withdrawal,
    "enquiry.feedback": Feedback,
}


def state_text(one: Mapping[str, Any]) -> str:
    """Where an enquiry stands, in words."""
    state = told(f"cli.state.{one['state']}")
    return f"{state} ({label('answer_outcomes', one['outcome'])})" if one.get("outcome") else state


def _clock(one: Mapping[str, Any]) -> str:
    due, clock = moment(one["deadline"]), one["clock"]
    return f"{due} ({told(f'cli.clock.{clock}')})" if clock else due


def _show_entry(one: Mapping[str, Any]) -> None:
    """An enquiry in the desk's list, on three lines: a table would not fit a terminal."""
    direction = told(f"cli.direction.{one['direction']}")
    say(f"{one['id']}  {direction}  {clean(one['their_post'] or one['partner'])}")
    say(f"    {labels('sought', one['sought'])}")
    matches = f"{title_of('matches')}: {one['matches']}" if one["matches"] else ""
    say("    " + "  ·  ".join(words for words in (_clock(one), state_text(one), matches) if words))


def show_list(found: Sequence[Mapping[str, Any]]) -> None:
    """The desk's list."""
    if not found:
        say(told("cli.enquiry.none"))
        return
    if is_terminal():
        for one in found:
            _show_entry(one)
        return
    titles = ("id", "direction", "partner", "sought", "deadline", "state", "matches")
    table(
        [title_of(title) for title in titles],
        [
            (
                one["id"],
                told(f"cli.direction.{one['direction']}"),
                one["their_post"] or one["partner"],
                labels("sought", one["sought"]),
                _clock(one),
                state_text(one),
                one["matches"] or "",
            )
            for one in found
        ],
    )


def _way(route: Sequence[Mapping[str, Any]]) -> None:
    for stop in route:
        say(f"  {clean(stop['post'])}  {moment(stop['taken_at'])} → {moment(stop['handed_at'])}")


def _match(one: Mapping[str, Any]) -> None:
    decision = told(f"cli.decision.{one['decision'].removeprefix('match.') or 'none'}")
    say(
        f"  {one['score'] * 100:.0f} %  {clean(one['name'])}  ({clean(one['register'])} {clean(one['reference'])}) {decision}"
    )
    reasons = []
    for code in one["reasons"]:
        try:
            reasons.append(told(code if "." in code else f"names.{code}"))
        except KeyError:
            reasons.append(clean(code))
    say(f"      {' · '.join(dict.fromkeys(reasons))}")
    say(f"      {title_of('entry')}: {one['entry']}")


def _content(said: Mapping[str, Any], kind: type[Record]) -> None:
    """What was said, or why it is not shown."""
    for reason in said["withheld"]:
        say(f"  {told(reason)}")
    if not said["withheld"]:
        for line in lines_of(said["content"], kind):
            say(line)


def _word(word: Mapping[str, Any]) -> None:
    """What was said between and after the answers."""
    say()
    kind = label("message_kinds", word["kind"])
    say(
        told(
            "cli.enquiry.word",
            kind=kind,
            officer=clean(word["officer"]),
            post=clean(word["post"]),
            at=moment(word["said_at"]),
        )
    )
    _content(word, _BODIES[word["kind"]])
    _translations(word["translations"])
    _way(word["route"])


def _translations(made: Sequence[Mapping[str, Any]]) -> None:
    for one in made:
        words = clean(one["text"]["value"])
        say(f"  {title_of('translation')} ({clean(one['field'])}, {clean(one['officer'])}): {words}")


def _reply(reply: Mapping[str, Any]) -> None:
    refused = reply["kind"] != "enquiry.answer"
    say()
    say(
        told(
            "cli.enquiry.refusal" if refused else "cli.enquiry.answer",
            officer=clean(reply["officer"]),
            post=clean(reply["post"]),
            at=moment(reply["at"]),
        )
    )
    _content(reply, Refusal if refused else Answer)
    _translations(reply["translations"])
    for at, item in enumerate(reply["items"], 1):
        say(f"  {told('cli.enquiry.item', number=at, evaluation=clean(item['evaluation']))}")
        for line in lines_of(item["content"], Item, 4):
            say(line)
        _translations(item["translations"])
    _way(reply["route"])


def show_one(one: Mapping[str, Any]) -> None:
    """One enquiry, whole."""
    facts(
        [
            (title_of("id"), one["id"]),
            (title_of("direction"), told(f"cli.direction.{one['direction']}")),
            (title_of("from"), one["own_post"] if one["direction"] == "out" else one["their_post"]),
            (title_of("to"), one["their_post"] if one["direction"] == "out" else one["own_post"]),
            (title_of("via"), one["office"]),
            (title_of("channel"), label("channels", one["channel"])),
            (title_of("sent_at"), moment(one["sent_at"])),
            (title_of("received_at"), moment(one["received_at"])),
            (title_of("deadline"), _clock(one)),
            (title_of("state"), state_text(one)),
            (title_of("answered_at"), moment(one["answered_at"])),
        ]
    )
    request = one["request"]
    say()
    say(told("cli.enquiry.request", officer=clean(request["officer"]), post=clean(request["post"])))
    _content(request, Enquiry)
    _translations(request["translations"])
    _way(one["route"])
    if one["matches"]:
        say()
        say(told("cli.enquiry.matches", count=len(one["matches"])))
        for match in one["matches"]:
            _match(match)
    if one["duplicates"]:
        say()
        say(told("cli.enquiry.duplicates", count=len(one["duplicates"])))
        for other in one["duplicates"]:
            direction = told(f"cli.direction.{other['direction']}")
            say(f"  {other['id']}  {direction}  {clean(other['their_post'])}")
    for word in one["words"]:
        if word["kind"] in _BODIES:
            _word(word)
        else:
            _reply(word)
