"""Acts on the post room: how it goes with each partner, what is set aside, and trying that again.

Invariant: numbers, codes, times and references; nothing of any content.
"""

from __future__ import annotations

from typing import Any

from tansiq import __version__
from tansiq.directory.queries import partners
from tansiq.errors import BadInput
from tansiq.exchange.peers import peer_states
from tansiq.exchange.quarantine import retry, retry_all
from tansiq.exchange.queries import counts, gaps, quarantined
from tansiq.exchange.used_twice import proofs
from tansiq.journal.queries import relation_states
from tansiq.node.acts import Asked
from tansiq.node.arguments import text_of
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.evidence_report import utc_text

__all__ = ["quarantine", "retry_one", "status"]


def _time(ms: int) -> str | None:
    return utc_text(ms) if ms else None


def status(asked: Asked) -> dict[str, Any]:
    """Envelopes, receipts and journals with every partner, and what is wrong with the line."""
    states = {state.peer: state for state in peer_states()}
    journals = {state.peer: state for state in relation_states()}
    peers = []
    for partner in partners():
        if partner.is_self:
            continue
        counted, state, journal = counts(partner.agency), states.get(partner.agency), journals.get(partner.agency)
        peers.append(
            {
                "peer": partner.agency,
                "confirmed": bool(partner.confirmed_ms),
                "sent": counted.sent,
                "received": counted.received,
                "receipts": counted.receipts,
                "waiting": counted.waiting,
                "pending": counted.pending,
                "gaps": len(gaps(partner.agency)),
                "journal": None
                if journal is None
                else {
                    "epoch": journal.epoch,
                    "size": journal.size,
                    "root": journal.root.hex(),
                    "witnessed": journal.witnessed,
                    "mirrored": journal.mirrored,
                    "cosigned": journal.cosigned,
                },
                "heard_at": _time(state.heard_ms) if state else None,
                "skew_ms": state.skew_ms if state else 0,
                "failures": state.failures if state else 0,
                "last_error": state.last_error if state else "",
                "retry_at": _time(state.retry_ms) if state else None,
            }
        )
    context = asked.context
    return {"agency": context.agency, "version": __version__, "quarantined": len(quarantined()), "peers": peers}


def quarantine(asked: Asked) -> list[dict[str, Any]]:
    """What is set aside: from whom, why, since when, how often tried; then what was refused and is kept as a proof."""
    return [
        {
            "statement": one.statement.hex(),
            "peer": one.peer,
            "code": one.code,
            "detail": one.detail,
            "since": utc_text(one.since_ms),
            "tries": one.tries,
        }
        for one in quarantined()
    ] + [
        {
            "statement": parse_entry(one.second.entry).statement.hex(),
            "peer": one.peer,
            "code": "exchange.number-used-twice",
            "detail": f"peer={one.peer}, number={one.number}, epoch={one.epoch}, lane={one.lane}",
            "since": utc_text(one.at_ms),
            "tries": 1,
            "proof": {"first": one.first.to_bytes().hex(), "second": one.second.to_bytes().hex()},
        }
        for one in proofs()
    ]


def retry_one(asked: Asked) -> list[dict[str, Any]]:
    """Tries again what is set aside: the one whose ``statement`` digest (hexadecimal) is named, or everything; what came of each."""
    named = text_of(asked, "statement", default="")
    try:
        digest = bytes.fromhex(named)
    except ValueError as error:
        raise BadInput("node.wrong-argument", name="statement") from error
    tried = [retry(digest, context=asked.context)] if digest else retry_all(context=asked.context)
    return [{"statement": one.statement.hex(), "outcome": str(one.outcome), "code": one.code} for one in tried]
