"""Notices on the terminal: the list, the drafts, one notice with what was said about it.

Invariant: nothing is shown by colour alone; what an officer may not view is named with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tansiq.cli.language import told
from tansiq.cli.reading_aloud import lines_of, title_of
from tansiq.cli.showing import clean, done, facts, label, moment, say, table
from tansiq.policy.notice import (
    Cancellation,
    Extension,
    HubRefusal,
    Notice,
    NoticeAnswer,
    NoticeRequest,
    Publication,
    Restriction,
)
from tansiq.policy.plain import Record

__all__ = ["show_drafts", "show_list", "show_one"]

_BODIES: Final[Mapping[str, type[Record]]] = {
    "notice.update": Notice,
    "notice.request": NoticeRequest,
    "notice.publication": Publication,
    "notice.refusal": HubRefusal,
    "notice.extension": Extension,
    "notice.restriction": Restriction,
    "notice.cancellation": Cancellation,
    "notice.answer": NoticeAnswer,
}


def _number(one: Mapping[str, Any]) -> str:
    return str(one["number"] or "–")


def show_list(found: Sequence[Mapping[str, Any]]) -> None:
    """The list, the latest first."""
    if not found:
        done("cli.notice.none")
        return
    table(
        [title_of(name) for name in ("id", "number", "colour", "state", "source-agency", "published", "until_ms")],
        [
            (
                one["id"],
                _number(one),
                label("notice_colours", one["colour"]) or label("message_kinds", f"notice.{one['kind']}"),
                label("notice_states", one["state"]),
                one["source"],
                moment(one["published_at"]),
                moment(one["until"]),
            )
            for one in found
        ],
    )


def show_drafts(found: Sequence[Mapping[str, Any]]) -> None:
    """The drafts of the desk."""
    if not found:
        done("cli.notice.no-drafts")
        return
    table(
        [title_of(name) for name in ("id", "kind", "colour", "state", "officer", "changed", "checked")],
        [
            (
                one["id"],
                label("message_kinds", f"notice.{one['kind']}"),
                label("notice_colours", one["colour"]),
                label("notice_states", one["state"]),
                one["officer"],
                moment(one["changed_at"]),
                one["checked_by"] or "–",
            )
            for one in found
        ],
    )


def _content(content: Any, withheld: Sequence[str], kind: type[Record]) -> None:
    for reason in withheld:
        say(f"  {told(reason)}")
    if not withheld:
        for line in lines_of(content, kind):
            say(line)


def show_one(one: Mapping[str, Any]) -> None:
    """One notice, whole."""
    facts(
        [
            (title_of("id"), one["id"]),
            (title_of("number"), one["number"]),
            (title_of("colour"), label("notice_colours", one["colour"])),
            (title_of("kind"), label("message_kinds", f"notice.{one['kind']}")),
            (title_of("state"), label("notice_states", one["state"])),
            (title_of("source-agency"), one["source_post"]),
            (title_of("sent_at"), moment(one["said_at"])),
            (title_of("published"), moment(one["published_at"])),
            (title_of("until_ms"), moment(one["until"])),
            (title_of("ended"), moment(one["ended_at"]) if one["ended_at"] else ""),
            (title_of("reason"), label("cancellation_reasons", one["reason"])),
            (title_of("given"), " ".join(one["given"])),
            (title_of("denied"), " ".join(one["denied"])),
        ]
    )
    say()
    _content(one["content"], one["withheld"], Notice)
    if one["pending_content"] is not None:
        say()
        done("cli.notice.pending")
        _content(one["pending_content"], (), Notice)
    for word in one["words"]:
        say()
        kind = label("message_kinds", word["kind"])
        where = f"{clean(word['officer'])} ({clean(word['post'])})"
        say(f"{kind}  ·  {where}  ·  {moment(word['said_at'])}")
        body = _BODIES.get(word["kind"])
        if body is not None and (word["content"] is not None or word["withheld"]):
            _content(word["content"], word["withheld"], body)
    for flag in one["flags"]:
        say()
        done("cli.notice.flag", agency=clean(flag["agency"]), status=label("person_status", flag["status"]))
