"""What is left on the desks of everybody for whoever opens the pages after the story: nothing of it is counted."""

from __future__ import annotations

from tansiq.demo.scene import Scenery, draft

__all__ = ["leave"]


def leave(scenery: Scenery) -> None:
    """A notice that binds at every bureau, one that waits for the hub's legal desk, a head's message unread, one for the liaison officer."""
    yellow = scenery.act("MA-5301", "demo.notice-ask", draft=draft("notices", "yellow"))["id"]
    scenery.until("notice", lambda: scenery.ask("int.hub", "demo.notice", id=yellow))
    scenery.act("IX-0001", "demo.notice-publish", id=yellow)
    red = scenery.act("ES-5301", "demo.notice-ask", draft=draft("notices", "red"))["id"]
    scenery.act(
        "ES-1001", "demo.direct-say", draft=draft("heads", "message"), to="ma.dgst/head", field="offence.terrorism"
    )
    liaison = scenery.outcomes["liaison"]
    channel = scenery.ask(
        "es.cgi", "demo.liaison-channel", id=liaison["accreditation"], case=liaison["cases"]["migration"]
    )
    scenery.act("MA-2210", "demo.liaison-say", id=channel, to="officer", draft=draft("liaison", "told-migration"))
    scenery.until("notice", lambda: scenery.ask("int.hub", "demo.notice", id=red))
