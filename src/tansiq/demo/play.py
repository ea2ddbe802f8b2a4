"""Playing the demonstration: the stage is made, the story is told, its proof is shown, everything is cleared away.

Invariant: exit 0 means that nothing was missing; everything is stopped on every way out, an interruption included.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from tansiq.demo import (
    scene_heads,
    scene_liaison,
    scene_meeting,
    scene_notices,
    scene_quarrel,
    scene_report,
    scene_waiting,
)
from tansiq.demo.counting import by_channel
from tansiq.demo.reception import show_sign_ins
from tansiq.demo.scene import Json, Scenery
from tansiq.demo.stage import Stage, clear, stage
from tansiq.demo.story import Story
from tansiq.demo.telling import Teller
from tansiq.errors import Error
from tansiq.policy.codes import code_list

__all__ = ["play", "scenes_of"]

_NOTHING: Final = {
    "ok": False, "nodes": {}, "enquiries": [], "evidence": {"file": "", "verified": False}, "channels": {}, "scenes": {},
}  # fmt: skip
_SCENES: Final[Mapping[str, Callable[[Scenery], Json]]] = {
    "liaison": scene_liaison.play,
    "heads": scene_heads.play,
    "wanted": scene_notices.play_red,
    "missing": scene_notices.play_yellow,
    "held": scene_notices.play_flag,
    "quarrel": scene_quarrel.play,
    "report": scene_report.play,
}
"""The scenes after the enquiry, in their order, by the name under which their outcome is told."""


@contextlib.contextmanager
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


def _show_channel(channel: str, shown: Mapping[str, Any], teller: Teller) -> None:
    """A channel's numbers; how long things stood at each desk between; what was refused, by its code."""
    teller.say(
        "demo.channel", channel=code_list("channels").label(channel, teller.language), sent=shown["sent"],
        received=shown["received"], missing=len(shown["missing"]),
    )  # fmt: skip
    spans: dict[str, list[float]] = {}
    for one in shown["handovers"]:
        taken, handed = (dt.datetime.fromisoformat(one[name]) for name in ("taken_at", "handed_on_at"))
        spans.setdefault(one["desk"], []).append((handed - taken).total_seconds())
    for desk, found in sorted(spans.items()):
        teller.detail("demo.handover", desk=desk, count=len(found), longest=f"{max(found):.1f}")
    for code, count in sorted(shown["refused"].items()):
        teller.detail("demo.refused", code=code, count=count)


def _show_result(result: Mapping[str, Any], teller: Teller, *, kept: bool) -> None:
    teller.line()
    for agency, node in result["nodes"].items():
        teller.say(
            "demo.node", agency=agency, sent=node["sent"], received=node["received"], receipts=node["receipts_held"], fsck=node["fsck"]
        )  # fmt: skip
        for peer, journal in node["journal"].items():
            teller.detail("demo.journal", peer=peer, size=journal["size"], root=journal["root"])
    for channel, shown in result["channels"].items():
        _show_channel(channel, shown, teller)
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


def scenes_of(scenery: Scenery) -> Callable[[], None]:
    """What follows the enquiry: the fellows meet, and every scene is played; its outcome stands in the scenery."""

    def play_all() -> None:
        with scenery.teller.step("demo.scene.meet"):
            scene_meeting.meet(scenery)
        with scenery.teller.step("demo.scene.admit"):
            scene_meeting.admit(scenery)
        for name, scene in _SCENES.items():
            begun = time.monotonic()
            outcome = scene(scenery)
            scenery.outcomes[name] = outcome | {"seconds": round(time.monotonic() - begun, 1)}
        scenery.until(
            "receipts", lambda: _all_received(scenery), rounds=("ma.dgst", "es.rabat", "int.hub", "es.ncb", "es.cgi")
        )

    return play_all


def _all_received(scenery: Scenery) -> bool:
    """Whether Madrid knows of every enquiry when it was received: the desks on the way tell it when their clocks go round."""
    return all(one["received_at"] for one in scenery.ask("es.cgi", "enquiry.summaries") if one["direction"] == "out")


def _grown(result: Json, scenery: Scenery) -> Json:
    """The result with every channel and every scene in it; whole only where nothing of them is missing either."""
    with scenery.teller.step("demo.scene.count"):
        channels = by_channel(scenery)
    carried = all(one["sent"] and one["received"] and not one["missing"] for one in channels.values())
    played = all(one["ok"] for one in scenery.outcomes.values())
    return result | {"ok": result["ok"] and carried and played, "channels": channels, "scenes": scenery.outcomes}


def play(*, once: bool, home: Path | None, un_list: Path | None, as_json: bool, language: str) -> int:
    """Plays the demonstration in ``home`` (None: a temporary folder); returns the exit code.

    Without ``once`` the nodes stay up until the person interrupts. Raises what a step raises, then nothing but the nodes' logs stays in
    ``home``, and KeyboardInterrupt when the story itself is interrupted.
    """
    teller = Teller(language, quiet=as_json)
    with _ended_by_signal(), contextlib.ExitStack() as last, stage(home, fellows=True, pages=not once) as made:
        story, scenery = Story(made, teller), Scenery(made, teller)
        try:
            result = _grown(story.play(un_list, then=scenes_of(scenery)), scenery)
        except Exception as error:
            if home is not None:
                last.callback(clear, made)  # once the nodes are stopped
            if as_json and isinstance(error, Error):
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
            scene_waiting.leave(scenery)
        _show_commands(story, made, teller)
        try:
            show_sign_ins(made.nodes, teller, while_up=lambda: all(node.is_up for node in made.nodes))
        except KeyboardInterrupt:
            teller.line()
            return code
    return 1
