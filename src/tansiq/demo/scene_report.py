"""The second channel's own work: the embassy's office writes a strategic report to both sides, and sees the flow between them.

Invariant: a strategic report goes by the embassy's channel alone; the office can't be called, it fetches what is for it. Of the flow it
sees what dockets say.
"""

from __future__ import annotations

from typing import Any

from tansiq.demo.scene import Json, Scenery, draft

__all__ = ["play"]

OFFICER = "ES-3401"
READERS = {"ES-1001": "es.cgi", "MA-1001": "ma.dgst"}


def play(scenery: Scenery) -> Json:
    """The report, who read it, and what the office sees."""
    step, report = scenery.teller.step, draft("report", "report")
    with step("demo.scene.report-send"):
        refused = scenery.refused(
            "direct",
            lambda: scenery.act(OFFICER, "demo.report-send", draft=report, to="ma.dgst/head", channel="direct"),
        )
        sent = {
            number: scenery.act(OFFICER, "demo.report-send", draft=report, to=f"{agency}/head")["statement"]
            for number, agency in READERS.items()
        }
    with step("demo.scene.report-read"):
        titles: list[Any] = []
        for number, agency in READERS.items():
            asked = {"statement": sent[number], "post": f"{agency}/head"}
            scenery.until("report", lambda agency=agency, asked=asked: scenery.ask(agency, "demo.report", **asked))  # type: ignore[misc]
            titles.append(scenery.act(number, "demo.report-read", statement=sent[number])["title"])
            here = {"statement": sent[number], "post": "es.rabat/office"}
            scenery.until("report", lambda here=here: scenery.ask("es.rabat", "demo.report", **here)["read"])  # type: ignore[misc]
    with step("demo.scene.office-flow"):
        scenery.go_round("es.rabat")
        flow = scenery.act(OFFICER, "demo.flow")
    return {
        "ok": titles == [report["title"]] * 2,
        "statements": list(sent.values()),
        "read_by": list(READERS),
        "flow_seen_by_office": flow,
        "refused": {"by_direct": refused},
    }
