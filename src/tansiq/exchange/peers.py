"""How it goes with each peer: epochs, contact, failures, when to try again.

Invariant: a peer that is down costs the others nothing: its failures and its waiting stand in its own row alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from django.db import connection

__all__ = [
    "FIRST_WAIT_MS",
    "LONGEST_WAIT_MS",
    "PeerState",
    "ensure_peer",
    "epoch_heard",
    "failed",
    "heard",
    "peer_state",
    "peer_states",
]

FIRST_WAIT_MS = 200
LONGEST_WAIT_MS = 60_000
_FIELDS = "peer, our_epoch, their_epoch, heard_ms, skew_ms, failures, last_error, retry_ms, directory_sent"


@dataclass(frozen=True, slots=True)
class PeerState:
    """A peer's row; times in UTC milliseconds, ``skew_ms`` how far its clock is ahead of ours."""

    peer: str
    our_epoch: int
    their_epoch: int
    heard_ms: int
    skew_ms: int
    failures: int
    last_error: str
    retry_ms: int
    directory_sent: int


def ensure_peer(peer: str) -> None:
    """Makes the peer's row; does nothing when it is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_peer (peer, our_epoch, their_epoch, heard_ms, skew_ms, failures, last_error, retry_ms, directory_sent) "
            "VALUES (%s, 1, 1, 0, 0, 0, '', 0, 0) ON CONFLICT DO NOTHING",
            (peer,),
        )


def peer_states() -> list[PeerState]:
    """All peers with which anything was ever exchanged."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM exchange_peer ORDER BY peer")
        return [PeerState(*row) for row in cursor.fetchall()]


def peer_state(peer: str) -> PeerState:
    """The peer's state, made when there was none."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM exchange_peer WHERE peer = %s", (peer,))
        row = cursor.fetchone()
    if row is not None:
        return PeerState(*row)
    ensure_peer(peer)
    return peer_state(peer)


def heard(peer: str, *, epoch: int, peer_ms: int, now_ms: int) -> None:
    """The peer spoke: its epoch, and its clock beside ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_peer SET heard_ms = %s, skew_ms = %s, failures = 0, last_error = '', retry_ms = 0, their_epoch = %s WHERE peer = %s",
            (now_ms, peer_ms - now_ms, epoch, peer),
        )


def epoch_heard(peer: str, epoch: int) -> None:
    """A courier brought the peer's word: its epoch, and nothing of how the line or its clock are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_peer SET their_epoch = %s WHERE peer = %s AND their_epoch < %s", (epoch, peer, epoch)
        )


def failed(peer: str, *, code: str, now_ms: int) -> int:
    """The peer did not answer, or not well: when to try again (UTC ms), doubling with jitter up to a minute."""
    state = peer_state(peer)
    longest = min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(state.failures, 16))
    retry_ms = now_ms + int(longest * random.uniform(0.5, 1.0))  # noqa: S311 (jitter, not a secret)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_peer SET failures = failures + 1, last_error = %s, retry_ms = %s WHERE peer = %s",
            (code[:128], retry_ms, peer),
        )
    return retry_ms
