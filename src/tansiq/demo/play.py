"""Playing the demonstration: the stage is made, the story is told, its proof is shown, everything is cleared away.

Invariant: exit 0 means that nothing was missing; everything is stopped on every way out, an interruption included.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from tansiq.demo.reception import show_sign_ins
from tansiq.demo.stage import Stage, stage
from tansiq.demo.story import Story
from tansiq.demo.telling import Teller
from tansiq.errors import Error

__all__ = ["play"]

_NOTHING: Final = {"ok": False, "nodes": {}, "enquiries": [], "evidence": {"file": "", "verified": False}}


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Lets SIGTERM end the demonstration as Ctrl-C does, so that it clears away; and Ctrl-C where a shell had it ignored."""

    def interrupt(_signal: int, _frame: object) -> NoReturn:
        for number in before:
            signal.signal(number, signal.SIG_IGN)  # what is cleared away is not interrupted again
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_result(result: Mapping[str, Any], teller: Teller, *, kept: bool) -> None:
    teller.line()
    for agency, node in result["nodes"].items():
        for peer, journal in node["journal"].items():
            teller.say(
                "demo.node", agency=agency, sent=node["sent"], received=node["received"], receipts=node["receipts_held"], fsck=node["fsck"]
            )  # fmt: skip
            teller.detail("demo.journal", peer=peer, size=journal["size"], root=journal["root"])
    for one in result["enquiries"]:
        teller.say(
            "demo.enquiry",
            id=one["id"],
            received=one["received_at"],
            deadline=one["deadline"],
            answered=one["answered_at"],
        )
    teller.say("demo.proof" if kept else "demo.proof-gone", file=result["evidence"]["file"])
    teller.say("demo.whole" if result["ok"] else "demo.lacking")


def _print(result: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def _show_commands(story: Story, made: Stage, teller: Teller) -> None:
    """What one can try on the command line while the nodes stay up."""
    teller.line()
    teller.say("demo.try")
    for node in made.nodes:
        teller.line(f"  tansiq enquiry list --home {node.home.path} --as {node.member.officer}")
    teller.line(
        f"  tansiq enquiry show {story.enquiry} --home {story.madrid.home.path} --as {story.madrid.member.officer}"
    )
    teller.line(f"  tansiq exchange status --home {story.madrid.home.path}")
    pins = " ".join(f"--pin {story.document(node.agency)}" for node in made.nodes)
    teller.line(f"  tansiq verify {story.evidence} {pins}")


def play(*, once: bool, home: Path | None, un_list: Path | None, as_json: bool, language: str) -> int:
    """Plays the demonstration in ``home`` (None: a temporary folder); returns the exit code.

    Without ``once`` the nodes stay up until the person interrupts. Raises what a step raises, and KeyboardInterrupt when
    the story itself is interrupted.
    """
    teller = Teller(language, quiet=as_json)
    with _ended_by_signal(), stage(home) as made:
        story = Story(made, teller)
        try:
            result = story.play(un_list)
        except Error as error:
            if as_json:
                _print({**_NOTHING, "error": {"code": error.code, "values": error.values}})
            raise
        _show_result(result, teller, kept=home is not None or not once)
        if as_json:
            _print(result)
        code = 0 if result["ok"] else 1
        if once:
            return code
        with teller.step("demo.step.waiting"):
            story.leave_waiting()
        _show_commands(story, made, teller)
        try:
            show_sign_ins(made.nodes, teller, while_up=lambda: all(node.is_up for node in made.nodes))
        except KeyboardInterrupt:
            teller.line()
            return code
    return 1
