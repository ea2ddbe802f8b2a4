"""A quarrel: the embassy's channel is suspended, and nothing is lost by it.

Invariant: what is said meanwhile waits at home and stays hidden from the partner; one matter takes another way, one is carried by hand
with its receipts back, one waits. After the resumption each has arrived once, in causal order, and the report on the gap is whole.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from tansiq.demo.scene import Json, Scenery, draft
from tansiq.demo.stage import Node
from tansiq.errors import Unavailable

__all__ = ["play"]

HEAD, DESK, HOST = "ES-1001", "ES-4017", "MA-2210"
ES, MA = "es.cgi", "ma.dgst"
CHANNEL: Final = "embassy"
_MATTERS: Final = ("rerouted", "carried", "waited")


def _set(scenery: Scenery, state: str, reason: str) -> None:
    scenery.act(HEAD, "channel.set", partner=MA, channel=CHANNEL, state=state, reason=reason, announce=True)


def _state(scenery: Scenery, agency: str, partner: str) -> str:
    channels = scenery.ask(agency, "channel.states", partner=partner)["partners"][0]["channels"]
    return next((str(one["state"]) for one in channels if one["channel"] == CHANNEL), "open")


def _known(scenery: Scenery, agency: str) -> dict[str, Json]:
    return {one["id"]: one for one in scenery.ask(agency, "enquiry.summaries")}


def _carried(scenery: Scenery, sender: Node, receiver: Node, name: str) -> None:
    """A courier file is exported, carried over and imported, by the command line. Raises Unavailable."""
    file = scenery.stage.folder / f"{name}.courier"
    for words in (
        ("export", "--to", receiver.agency, "--out", str(file), "--home", str(sender.home.path)),
        ("import", str(file), "--home", str(receiver.home.path)),
    ):
        ended = scenery.stage.shop.run("courier", *words)
        if ended.returncode:
            raise Unavailable("demo.waited", step=f"courier {words[0]}: {ended.stderr[:200]}")


def play(scenery: Scenery) -> Json:
    """The drill of a suspension, and the proof that nothing was lost."""
    step, es, ma = scenery.teller.step, scenery.node(ES), scenery.node(MA)
    with step("demo.scene.quarrel-suspend"):
        _set(scenery, "suspended", "state.political")
        scenery.until("suspend", lambda: _state(scenery, MA, ES) == "suspended")
    case = scenery.outcomes["liaison"]["cases"]["terrorism"]
    with step("demo.scene.quarrel-wait"):
        matters = {
            name: scenery.act(
                DESK, "enquiry.send", draft=draft("quarrel", name), case=case if name == "rerouted" else "",
                deviation="deviation.incident" if name == "rerouted" else "",
            )["id"]
            for name in _MATTERS
        }  # fmt: skip
        waiting = {one["matter"]: one for one in scenery.act(DESK, "channel.waiting", partner=MA, channel=CHANNEL)}
        hidden = not set(matters.values()) & set(_known(scenery, MA))
    with step("demo.scene.quarrel-refused"):
        refused = scenery.refused(
            "interpol", lambda: scenery.act(DESK, "channel.move", id=matters["waited"], channel="interpol")
        )
    with step("demo.scene.quarrel-reroute"):
        scenery.act(DESK, "channel.move", id=matters["rerouted"], channel="liaison")
        scenery.until("reroute", lambda: matters["rerouted"] in _known(scenery, MA), rounds=[ES, MA])
    with step("demo.scene.quarrel-courier"):
        scenery.act(DESK, "channel.by-hand", id=matters["carried"])
        _carried(scenery, es, ma, "madrid")
        scenery.until("courier", lambda: matters["carried"] in _known(scenery, MA))
        _carried(scenery, ma, es, "rabat")
        heard = scenery.until("courier", lambda: [one for one in es.ask("courier.list") if one["heard_at"]])
        still = matters["waited"] not in _known(scenery, MA)
    with step("demo.scene.quarrel-resume"):
        _set(scenery, "open", "state.settled")
        scenery.until("resume", lambda: set(matters.values()) <= set(_known(scenery, MA)))
        for matter in matters.values():
            scenery.act(HOST, "enquiry.answer", id=matter, draft=draft("quarrel", "answer"))
        scenery.until("resume", partial(_all_answered, scenery, matters), rounds=[MA, "es.rabat", ES])
    with step("demo.scene.quarrel-proof"):
        (gap,) = scenery.until("proof", partial(_whole, scenery), rounds=[MA, "es.rabat", ES])
    ends = {one["matter"]: one["how"] for one in gap["lines"]}
    order, once = _arrived(scenery, matters)
    return {
        "ok": hidden and still and bool(heard) and set(matters.values()) <= set(waiting)
        and [ends[matters[name]] for name in _MATTERS] == ["rerouted", "courier", "released"]
        and order == list(_MATTERS) and once and not gap["missing"],
        "matters": matters,
        "hidden_from_partner": hidden,
        "arrived_in_order": order,
        "arrived_once": once,
        "ended": gap["ended"],
        "gap": {name: gap[name] for name in ("from", "until", "waited", "pending", "missing", "whole", "deadlines_passed")},
        "refused": {"by_interpol": refused},
    }  # fmt: skip


def _arrived(scenery: Scenery, matters: dict[str, str]) -> tuple[list[str], bool]:
    """In which order they were received there, and whether each stands there once."""
    known = _known(scenery, ES)
    here = [one["matter"] for one in scenery.ask(MA, "demo.count")["statements"] if one["kind"] == "enquiry.request"]
    once = all(here.count(matter) == 1 for matter in matters.values())
    return sorted(matters, key=lambda name: str(known[matters[name]]["received_at"])), once


def _all_answered(scenery: Scenery, matters: dict[str, str]) -> bool:
    known = _known(scenery, ES)
    return all(known[matter]["answered_at"] and known[matter]["received_at"] for matter in matters.values())


def _whole(scenery: Scenery) -> list[Json]:
    """The report on the one interruption, once it is whole."""
    found: list[Json] = scenery.act(HEAD, "channel.report", partner=MA)
    return found if found and all(one["whole"] for one in found) else []
