"""What every scene stands on: the stage, who tells it, everybody by service number, what was refused, and what came of each scene.

Invariant: a scene is a function of a `Scenery` that returns its outcome, plain values for JSON; every value in it was read from a
node. What a scene wants refused is asked for in earnest (`Scenery.refused`): when it is not refused the scene fails.
"""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from typing import Any, Final

from tansiq.demo.stage import Node, Stage
from tansiq.demo.telling import Teller
from tansiq.errors import Error, Unavailable

__all__ = ["Json", "Scenery", "draft"]

Json = dict[str, Any]
_PATIENCE_SECONDS: Final = 160.0
_PAUSE_SECONDS: Final = 0.05
_ROUND_SECONDS: Final = 1.0


@cache
def _file(name: str) -> Json:
    return tomllib.loads(resources.files("tansiq.demo").joinpath("scenes", f"{name}.toml").read_text(encoding="utf-8"))


def draft(name: str, part: str) -> Json:
    """A draft of a scene: the table ``part`` of ``scenes/NAME.toml``; what it shares with others stands in ``[_common]`` tables
    that it names under ``like``.
    """
    file = _file(name)
    found: Json = dict(file[part])
    for like in found.pop("like", []):
        found = {**file["_common"][like], **found}
    return found


class Scenery:
    """The stage of one telling, as scenes use it."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        self.stage = stage
        self.teller = teller
        self.outcomes: dict[str, Json] = {}
        self.refusals: dict[str, Counter[str]] = {}
        self._homes = {person.number: node for node in stage.nodes for person in node.member.people}

    def node(self, agency: str) -> Node:
        """An agency's node."""
        return self.stage.node(agency)

    def act(self, number: str, act: str, /, **arguments: Any) -> Any:
        """What the officer with this service number asks of the own node. Raises what the act raises."""
        return self._homes[number].ask(act, arguments, officer=number)

    def ask(self, agency: str, act: str, /, **arguments: Any) -> Any:
        """What a node tells without anybody's word."""
        return self.node(agency).ask(act, arguments)

    def refused(self, channel: str, deed: Callable[[], Any]) -> str:
        """Does what must be refused; returns the error's code. Raises Unavailable when it is not refused."""
        try:
            deed()
        except Unavailable:
            raise
        except Error as error:
            codes = [str(fault.code) for fault in error.values.get("faults", ())] or [error.code]  # type: ignore[attr-defined]
            self.refusals.setdefault(channel, Counter()).update(codes)
            return error.code
        raise Unavailable("demo.not-refused", channel=channel)

    def note_refusal(self, channel: str, code: str) -> None:
        """Counts what another node refused by its own word."""
        self.refusals.setdefault(channel, Counter())[code] += 1

    def until(self, what: str, ready: Callable[[], Any], *, rounds: Iterable[str] = ()) -> Any:
        """What ``ready`` returns as soon as it is true; the clocks of the agencies ``rounds`` go round meanwhile.

        Raises Unavailable('demo.waited').
        """
        until, following = time.monotonic() + _PATIENCE_SECONDS, time.monotonic()
        clocks = tuple(rounds)
        while time.monotonic() < until:
            if found := ready():
                return found
            if clocks and time.monotonic() >= following:
                self.go_round(*clocks)
                following = time.monotonic() + _ROUND_SECONDS
            time.sleep(_PAUSE_SECONDS)
        raise Unavailable("demo.waited", step=what)

    def go_round(self, *agencies: str) -> None:
        """Lets the clocks of these nodes (of all, when none is named) go round at once, one after another."""
        for agency in agencies or tuple(node.agency for node in self.stage.nodes):
            self.ask(agency, "demo.tick")

    def everywhere(self, deed: Callable[[Node], Any]) -> dict[str, Any]:
        """Does something at every node, side by side; what came of it by agency."""
        with ThreadPoolExecutor(len(self.stage.nodes)) as pool:
            done = pool.map(deed, self.stage.nodes)
            return dict(zip((node.agency for node in self.stage.nodes), done, strict=True))
