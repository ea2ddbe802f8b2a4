"""Checks of the relations: peers that fail or are silent, gaps, what was set aside, journals not witnessed, restores under way.

Invariant: as in `doctor`. A silent peer is a warning, never a fault of this node.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from tansiq.directory.queries import partners
from tansiq.exchange.peers import peer_states
from tansiq.exchange.queries import gaps, has_work
from tansiq.exchange.restoring import restoring_peers
from tansiq.exchange.used_twice import proofs
from tansiq.journal.queries import relation_states
from tansiq.node.checks import HOUR_MS, Check, Patient

__all__ = ["check_gaps", "check_peers", "check_quarantine", "check_restoring", "check_witness"]

_FAILURES = 3
_SILENT_MS = 24 * HOUR_MS


def check_peers(patient: Patient) -> Iterator[Check]:
    """Every partner was confirmed, answers, and was heard of not long ago when something waits for it."""
    known = [one for one in partners() if not one.is_self and (one.confirmed_ms or not one.introduced_by)]
    if not known:
        yield Check("peers", "warn", "peers-none")
        return
    bad = False
    states = {state.peer: state for state in peer_states()}
    for one in known:
        state = states.get(one.agency)
        if not one.confirmed_ms:
            bad = True
            yield Check("peers", "warn", "peer-unconfirmed", {"peer": one.agency})
        elif state is not None and state.failures >= _FAILURES:
            bad = True
            values = {"peer": one.agency, "failures": state.failures, "error": state.last_error or "-"}
            yield Check("peers", "warn", "peer-failing", values)
        elif state is not None and patient.now_ms - state.heard_ms > _SILENT_MS and has_work(one.agency):
            bad = True
            hours = (patient.now_ms - state.heard_ms) // HOUR_MS if state.heard_ms else 0
            yield Check("peers", "warn", "peer-silent", {"peer": one.agency, "hours": hours})
    if not bad:
        yield Check("peers", "ok", "peers-ok", {"count": len(known)})


def check_gaps(patient: Patient) -> Iterator[Check]:
    """No number of a peer is missing while later ones are here."""
    found = [(state.peer, gap) for state in peer_states() for gap in gaps(state.peer)]
    for peer, (epoch, lane, number) in found:
        yield Check("gaps", "warn", "gap", {"peer": peer, "epoch": epoch, "lane": lane, "number": number})
    if not found:
        yield Check("gaps", "ok", "gaps-ok")


def check_quarantine(patient: Patient) -> Iterator[Check]:
    """Nothing that came was set aside, and no peer used a number twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT peer, code, COUNT(*) FROM exchange_quarantine GROUP BY peer, code ORDER BY peer, code")
        rows = cursor.fetchall()
    for peer, code, count in rows:
        yield Check("quarantine", "warn", "set-aside", {"peer": peer, "error": code, "count": count})
    twice = proofs()
    for one in twice:
        yield Check("quarantine", "warn", "used-twice", {"peer": one.peer, "number": one.number})
    if not rows and not twice:
        yield Check("quarantine", "ok", "quarantine-ok")


def check_witness(patient: Patient) -> Iterator[Check]:
    """Every journal is witnessed as it stands."""
    behind = [state for state in relation_states() if not state.cosigned]
    for state in behind:
        yield Check("witness", "warn", "witness-behind", {"peer": state.peer, "leaves": state.size - state.witnessed})
    if not behind:
        yield Check("witness", "ok", "witness-ok")


def check_restoring(patient: Patient) -> Iterator[Check]:
    """No peer owes us what a restored backup lacked."""
    waiting = sorted(restoring_peers())
    if waiting:
        yield Check("restoring", "warn", "restoring", {"peers": ", ".join(waiting)})
    else:
        yield Check("restoring", "ok", "restoring-ok")
