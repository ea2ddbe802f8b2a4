"""The fourth channel: two heads of service speak, sealed to their own keys, with nobody between them.

Invariant: neither a desk nor a node opens what they say; that it was read is told by the reader's signed word. What a head hands down
to a desk is written anew, under the partner's conditions and the head's own.
"""

from __future__ import annotations

from typing import Final

from tansiq.demo.scene import Json, Scenery, draft

__all__ = ["play"]

ES, MA, DESK_OFFICER = "ES-1001", "MA-1001", "ES-4017"
ES_HEAD, MA_HEAD, DESK = "es.cgi/head", "ma.dgst/head", "es.cgi/counter-terrorism"
FIELD: Final = "offence.terrorism"


def _thread(scenery: Scenery, agency: str, matter: str) -> list[Json]:
    found: list[Json] = scenery.ask(agency, "demo.direct-state", id=matter, post=f"{agency}/head")
    return found


def play(scenery: Scenery) -> Json:
    """One message, that it was read, an answer, and what was handed down."""
    step = scenery.teller.step
    with step("demo.scene.heads-say"):
        said = scenery.act(ES, "demo.direct-say", draft=draft("heads", "message"), to=MA_HEAD, field=FIELD)
        matter = said["id"]
        scenery.until("direct", lambda: _thread(scenery, "ma.dgst", matter))
    with step("demo.scene.heads-closed"):
        closed = scenery.refused("direct", lambda: scenery.act(DESK_OFFICER, "demo.direct-read", id=matter))
    with step("demo.scene.heads-read"):
        read = scenery.act(MA, "demo.direct-read", id=matter)
        scenery.until("direct", lambda: _thread(scenery, "es.cgi", matter)[0]["read"])
        answered = scenery.act(
            MA, "demo.direct-say", draft=draft("heads", "answer"), to=ES_HEAD, field=FIELD, id=matter, answers=said["statement"],
        )  # fmt: skip
        scenery.until("direct", lambda: len(_thread(scenery, "es.cgi", matter)) > 1)
        heard = scenery.act(ES, "demo.direct-read", id=matter)
        scenery.until("direct", lambda: all(one["read"] for one in _thread(scenery, "ma.dgst", matter)))
    with step("demo.scene.heads-hand-down"):
        case = scenery.act(
            ES, "demo.hand-down", statement=answered["statement"], draft=draft("heads", "item"), desk=DESK,
            title="Vehículo señalado en el puerto", language="es",
        )["case"]  # fmt: skip
        handed = [one["to"] for one in _thread(scenery, "es.cgi", matter)]
    return {
        "ok": [bool(one["words"]) for one in (*read, *heard)] == [True] * 3 and DESK in handed,
        "matter": matter,
        "messages": len(heard),
        "read": all(one["read"] for one in _thread(scenery, "es.cgi", matter)),
        "handed_down_to": DESK,
        "case": case,
        "refused": {"read_by_another": closed},
    }
