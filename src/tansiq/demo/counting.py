"""What is counted when the story has been told: at every node envelopes, receipts and journals, and by channel all that was said.

Invariant: everything is read from the nodes and compared with what their partners have; nothing is taken from the story. Envelopes are
counted at every hop; statements once where they were said, and once at each addressee that has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tansiq.demo.cast import HUB
from tansiq.demo.scene import Json, Scenery
from tansiq.demo.scene_meeting import BUREAUX
from tansiq.demo.stage import Stage
from tansiq.protocol.docket import ALL_MEMBERS, agency_of

__all__ = ["CHANNELS", "Lines", "by_channel", "counted", "is_whole", "lines_of", "settled"]

CHANNELS: Final = ("interpol", "embassy", "liaison", "direct")
Lines = dict[str, list[Json]]


def lines_of(stage: Stage) -> Lines:
    """How each node stands with each of its peers."""
    with ThreadPoolExecutor(len(stage.nodes)) as pool:
        found = pool.map(lambda node: node.ask("exchange.status")["peers"], stage.nodes)
        return {node.agency: list(peers) for node, peers in zip(stage.nodes, found, strict=True)}


def settled(stage: Stage) -> Lines | None:
    """The lines, when all that was sent has arrived and each journal with entries is co-signed; else None."""
    lines = lines_of(stage)
    by_pair = {(agency, line["peer"]): line for agency, peers in lines.items() for line in peers}
    for (agency, peer), line in by_pair.items():
        other = by_pair.get((peer, agency))
        crossed = (other or {}).get("received", 0) == line["sent"]
        journal = line["journal"]
        cosigned = not (journal and journal["size"]) or journal["cosigned"]
        if line["waiting"] or line["pending"] or not crossed or not cosigned:
            return None
    return lines


def counted(lines: Lines, checks: Mapping[str, str]) -> dict[str, Json]:
    """The nodes as `tansiq demo --json` tells them."""
    found = {}
    for agency, peers in lines.items():
        with_entries = [line for line in peers if line["journal"] and line["journal"]["size"]]
        found[agency] = {
            "sent": sum(line["sent"] for line in peers),
            "received": sum(line["received"] for line in peers),
            "receipts_held": sum(line["receipts"] for line in peers),
            "journal": {
                line["peer"]: {name: line["journal"][name] for name in ("size", "root", "cosigned")} for line in with_entries
            },
            "fsck": checks[agency],
        }  # fmt: skip
    return found


def is_whole(nodes: Mapping[str, Json]) -> bool:
    """Whether every node is clean, holds a receipt for all that it sent, and its journals are co-signed; and nothing is under way."""
    clean = all(one["fsck"] == "clean" and one["receipts_held"] == one["sent"] > 0 for one in nodes.values())
    crossed = sum(one["sent"] for one in nodes.values()) == sum(one["received"] for one in nodes.values())
    return (
        clean and crossed and all(journal["cosigned"] for one in nodes.values() for journal in one["journal"].values())
    )


# ---------------------------------------------------------------------------------------------------- by channel


def _is_for(statement: Json, agency: str) -> bool:
    """Whether something is for a desk of an agency that did not say it."""
    if agency == statement["agency"]:
        return False
    addressees = statement["addressees"]
    return (ALL_MEMBERS in addressees and agency in (*BUREAUX, agency_of(HUB))) or any(
        post != ALL_MEMBERS and agency_of(post) == agency for post in addressees
    )


def _leaves(statement: Json) -> bool:
    addressees = statement["addressees"]
    return any(post == ALL_MEMBERS or agency_of(post) != statement["agency"] for post in addressees)


def _channel(name: str, found: Mapping[str, Json], refused: Mapping[str, int]) -> Json:
    here = {agency: [one for one in all_["statements"] if one["channel"] == name] for agency, all_ in found.items()}
    sent = {one["id"]: one for agency, some in here.items() for one in some if one["agency"] == agency and _leaves(one)}
    taken = [(one["id"], agency) for agency, some in here.items() for one in some if _is_for(one, agency)]
    reached = {statement for statement, _ in taken}
    handovers: dict[tuple[str, str], Json] = {}
    for all_ in found.values():
        for one in all_["handovers"]:
            if one["statement"] in sent:
                handovers.setdefault((one["statement"], one["desk"]), one | {"kind": sent[one["statement"]]["kind"]})
    return {
        "sent": len(sent),
        "received": len(taken),
        "handovers": sorted(handovers.values(), key=lambda one: (one["taken_at"], one["statement"])),
        "refused": dict(refused),
        "missing": sorted(set(sent) - reached),
    }


def by_channel(scenery: Scenery) -> dict[str, Json]:
    """Each channel: what was sent and received, the handovers with their times, what was refused, and what never arrived."""
    found = scenery.everywhere(lambda node: node.ask("demo.count"))
    return {name: _channel(name, found, scenery.refusals.get(name, {})) for name in CHANNELS}
