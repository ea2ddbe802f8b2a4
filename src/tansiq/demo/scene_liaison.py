"""The third channel: an officer is accredited for three cases, carries them, and leaves; a successor goes on without a lost word.

Invariant: what the officer says opens for the officer's own key and the addressee's desk; after the end the officer neither reads nor
writes, and the two custodians, one after the other, hand every word to the successor.
"""

from __future__ import annotations

import time
from typing import Any, Final

from tansiq.demo.scene import Json, Scenery, draft

__all__ = ["CASES", "play"]

HEAD, OFFICER, SUCCESSOR, DESK = "ES-1001", "ES-6100", "ES-6200", "ES-4017"
HOST_HEAD, HOST = "MA-1001", "MA-2210"
CUSTODIANS: Final = ("ES-4002", "ES-3300")
CASES: Final = ("terrorism", "migration", "smuggling")
_POSTS: Final = {OFFICER: "es.cgi/liaison-tangier", SUCCESSOR: "es.cgi/liaison-nador"}
_YEAR_MS: Final = 365 * 86_400_000


def _accredited(scenery: Scenery, officer: str, cases: dict[str, str]) -> str:
    """The officer is proposed by way of the office in Rabat, and the host accepts; returns the accreditation's id."""
    now_ms = int(time.time() * 1000)
    grants = [
        {
            "case": cases[name].replace("-", ""), "field": draft("liaison", name)["field"], "title": draft("liaison", name)["title"],
            "desk": "es.cgi/counter-terrorism", "counterpart": "ma.dgst/counter-terrorism",
        }
        for name in CASES
    ]  # fmt: skip
    proposal = draft("liaison", "proposal") | {
        "officer": officer, "post": _POSTS[officer], "grants": grants, "from_ms": now_ms, "until_ms": now_ms + _YEAR_MS,
    }  # fmt: skip
    made = scenery.act(HEAD, "demo.accredit", draft=proposal, to="ma.dgst/head", via="es.rabat/office")["id"]
    scenery.until("accredit", lambda: scenery.ask("ma.dgst", "demo.accreditation", id=made))
    scenery.act(HOST_HEAD, "demo.accreditation-say", id=made, move="accreditation.acceptance")
    scenery.until("accredit", lambda: scenery.ask("es.cgi", "demo.accreditation", id=made) == "in-force")
    return str(made)


def _channels(scenery: Scenery, accreditation: str, cases: dict[str, str]) -> dict[str, str]:
    return {
        name: scenery.ask("es.cgi", "demo.liaison-channel", id=accreditation, case=case) for name, case in cases.items()
    }


def _say(scenery: Scenery, channel: str, by: str, to: str, part: str) -> Any:
    return scenery.act(by, "demo.liaison-say", id=channel, to=to, draft=draft("liaison", part))["statement"]


def _arrived(scenery: Scenery, agency: str, channels: dict[str, str], count: int) -> None:
    ids = list(channels.values())
    scenery.until("liaison", lambda: scenery.ask(agency, "demo.liaison-count", ids=ids) >= count)


def _carry(scenery: Scenery, channels: dict[str, str]) -> int:
    """Everybody speaks on the three channels; returns how many messages there are."""
    for part, name in (("asked", "terrorism"), ("asked-migration", "migration"), ("asked-smuggling", "smuggling")):
        _say(scenery, channels[name], OFFICER, "counterpart", part)
    waiting = _say(scenery, channels["terrorism"], DESK, "counterpart", "from-the-desk")
    scenery.act(OFFICER, "demo.liaison-hand-on", statement=waiting)
    _arrived(scenery, "ma.dgst", channels, 4)
    for part, name in (("told", "terrorism"), ("told-migration", "migration"), ("told-smuggling", "smuggling")):
        _say(scenery, channels[name], HOST, "officer", part)
    _arrived(scenery, "es.cgi", channels, 7)
    return 7


def _read(scenery: Scenery, number: str, channels: dict[str, str]) -> list[Json]:
    return [one for channel in channels.values() for one in scenery.act(number, "demo.liaison-read", id=channel)]


def play(scenery: Scenery) -> Json:
    """The whole posting; what each read, and what was refused."""
    cases = {
        name: scenery.act(
            DESK, "demo.case", title=draft("liaison", name)["title"], language="es", field=draft("liaison", name)["field"],
            partner="ma.dgst",
        )["case"]
        for name in CASES
    }  # fmt: skip
    with scenery.teller.step("demo.scene.liaison-accredit"):
        accreditation = _accredited(scenery, OFFICER, cases)
        channels = _channels(scenery, accreditation, cases)
    with scenery.teller.step("demo.scene.liaison-carry"):
        said = _carry(scenery, channels)
        read = _read(scenery, OFFICER, channels)
    with scenery.teller.step("demo.scene.liaison-refused"):
        wrong = {"id": channels["migration"], "to": "counterpart", "draft": draft("liaison", "other-field")}
        law = scenery.refused("liaison", lambda: scenery.act(OFFICER, "demo.liaison-say", **wrong))
    with scenery.teller.step("demo.scene.liaison-end"):
        end = {"id": accreditation, "move": "accreditation.withdrawal", "reason": "accreditation.illness"}
        scenery.act(HEAD, "demo.accreditation-say", **end)
        scenery.until("withdraw", lambda: scenery.ask("ma.dgst", "demo.accreditation", id=accreditation) == "withdrawn")
        late = {"id": channels["terrorism"], "to": "counterpart", "draft": draft("liaison", "after-the-end")}
        closed = scenery.refused("liaison", lambda: scenery.act(OFFICER, "demo.liaison-say", **late))
        unread = scenery.refused("liaison", lambda: scenery.act(OFFICER, "demo.liaison-read", id=channels["terrorism"]))
    with scenery.teller.step("demo.scene.liaison-successor"):
        following = _accredited(scenery, SUCCESSOR, cases)
        after = _channels(scenery, following, cases)
        handover = scenery.act(HEAD, "demo.handover-order", id=accreditation, successor=following)["id"]
        scenery.act(CUSTODIANS[0], "demo.handover-first", id=handover)
        done = scenery.act(CUSTODIANS[1], "demo.handover-second", id=handover)
        handed = _read(scenery, SUCCESSOR, after)
    with scenery.teller.step("demo.scene.liaison-goes-on"):
        _say(scenery, after["terrorism"], SUCCESSOR, "counterpart", "from-the-successor")
        _arrived(scenery, "ma.dgst", after, 1)
    whole = [one["words"] for one in handed] == [one["words"] for one in read]
    return {
        "ok": bool(whole and done["done"] and len(read) == said and all(one["words"] for one in handed)),
        "cases": cases,
        "accreditation": following,
        "messages": said + 1,
        "read_by_officer": len(read),
        "read_by_successor": len(handed),
        "sealed_words_handed_over": done["words"],
        "refused": {"law": law, "write_after_the_end": closed, "read_after_the_end": unread},
    }
