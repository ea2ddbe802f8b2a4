"""The first channel: a wanted man is sought by all and found, a missing woman too; and nobody seeks whom a neighbour holds already.

Invariant: no notice binds before the hub's legal desk has found it lawful; one word of its source ends it for everybody. Whoever asks
about somebody who was declared held is told at once, by the own node before it leaves and by the other's when it arrives: the failure
of 2004 does not come again.
"""

from __future__ import annotations

from typing import Any, Final

from tansiq.demo.scene import Json, Scenery, draft
from tansiq.demo.scene_meeting import BUREAUX

__all__ = ["play_flag", "play_red", "play_yellow"]

HUB_LEGAL, MADRID, RABAT, VALLETTA, DAKAR = "IX-0001", "ES-5301", "MA-5301", "MT-5001", "SN-5001"
_BINDS: Final = frozenset({"published", "updated"})


def _states(scenery: Scenery, matter: str) -> dict[str, str]:
    """How the notice stands at every bureau and at the hub; '' where it is not known."""
    found = {agency: scenery.ask(agency, "demo.notice", id=matter) for agency in (*BUREAUX, "int.hub")}
    return {agency: one["state"] if one else "" for agency, one in found.items()}


def _until_all(scenery: Scenery, matter: str, states: frozenset[str]) -> dict[str, str]:
    def reached() -> Any:
        found = _states(scenery, matter)
        return found if set(found.values()) <= states else None

    found: dict[str, str] = scenery.until("notice", reached)
    return found


def _published(scenery: Scenery, matter: str) -> str:
    """The legal desk publishes what waits; returns the number once every bureau has the notice."""
    scenery.until("notice", lambda: scenery.ask("int.hub", "demo.notice", id=matter))
    number: str = scenery.act(HUB_LEGAL, "demo.notice-publish", id=matter)["number"]
    _until_all(scenery, matter, _BINDS)
    return number


def _answered(scenery: Scenery, number: str, source: str, matter: str, part: str, count: int) -> None:
    scenery.act(number, "demo.notice-answer", id=matter, draft=draft("notices", part))
    scenery.until("answer", lambda: scenery.ask(source, "demo.notice", id=matter)["answers"] >= count)


def play_red(scenery: Scenery) -> Json:
    """A red notice: refused once, asked for again, published, a hit, the arrest, and its end everywhere."""
    step = scenery.teller.step
    with step("demo.scene.red-refused"):
        lacking = scenery.act(MADRID, "demo.notice-ask", draft=draft("notices", "red"))["id"]
        scenery.until("notice", lambda: scenery.ask("int.hub", "demo.notice", id=lacking))
        scenery.act(HUB_LEGAL, "demo.notice-refuse", id=lacking, draft=draft("notices", "red-refused"))
        scenery.until("notice", lambda: scenery.ask("es.ncb", "demo.notice", id=lacking)["state"] == "refused")
        scenery.note_refusal("interpol", draft("notices", "red-refused")["grounds"][0])
    with step("demo.scene.red-publish"):
        matter = scenery.act(MADRID, "demo.notice-ask", draft=draft("notices", "red"))["id"]
        number = _published(scenery, matter)
        reached = [agency for agency, state in _states(scenery, matter).items() if state in _BINDS]
    with step("demo.scene.red-hit"):
        _answered(scenery, VALLETTA, "es.ncb", matter, "hit", 1)
        _answered(scenery, VALLETTA, "es.ncb", matter, "arrested", 2)
    with step("demo.scene.red-withdrawn"):
        scenery.act(MADRID, "demo.notice-cancel", id=matter, draft=draft("notices", "executed"))
        after = _until_all(scenery, matter, frozenset({"cancelled"}))
    return {
        "ok": len(reached) == len(BUREAUX) + 1,
        "notice": matter,
        "number": number,
        "published_at": reached,
        "answers": ["result.hit", "result.arrested"],
        "withdrawn_at": list(after),
        "refused": {"first_request": "hub.judicial-basis"},
    }


def play_yellow(scenery: Scenery) -> Json:
    """A yellow notice about a missing woman, who is found."""
    step = scenery.teller.step
    with step("demo.scene.yellow-publish"):
        matter = scenery.act(RABAT, "demo.notice-ask", draft=draft("notices", "yellow"))["id"]
        number = _published(scenery, matter)
    with step("demo.scene.yellow-found"):
        _answered(scenery, DAKAR, "ma.ncb", matter, "found", 1)
        scenery.act(RABAT, "demo.notice-cancel", id=matter, draft=draft("notices", "ended"))
        after = _until_all(scenery, matter, frozenset({"cancelled"}))
    return {"ok": True, "notice": matter, "number": number, "found_by": "sn.ncb", "ended_at": list(after)}


def play_flag(scenery: Scenery) -> Json:
    """Rabat declares that it holds somebody; Madrid asks about the same person under another spelling and is warned twice."""
    step = scenery.teller.step
    with step("demo.scene.flag-declared"):
        held = {"draft": draft("notices", "held"), "to": ["es.cgi/counter-terrorism"]}
        scenery.act("MA-2210", "demo.declare", **held)
        search = draft("notices", "search")
        warned = scenery.until("flag", lambda: scenery.act("ES-4017", "demo.warnings", draft=search))
    with step("demo.scene.flag-shown"):
        matter = scenery.act("ES-4017", "enquiry.send", draft=search)["id"]
        flags = scenery.until("flag", lambda: scenery.ask("es.cgi", "demo.flags", id=matter))
        scenery.act("MA-2210", "enquiry.answer", id=matter, draft=draft("notices", "search-answer"))
    return {
        "ok": all(one["agency"] == "ma.dgst" and one["status"] == "status.held" for one in (*warned, *flags)),
        "enquiry": matter,
        "warned_before_sending": warned,
        "flagged_on_arrival": flags,
    }
