"""The node at work: its agency, its opened keys and its clock, passed to everything that needs them.

Invariant: made once per process from an opened key store; the post keys and the node's own keys are here, officers'
keys never.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tansiq.directory.queries import own_directory
from tansiq.errors import NotFound
from tansiq.keystore.store import KeyStore
from tansiq.protocol.directory import Certified, Directory, Use
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.protocol.wraps import OwnSecret

__all__ = ["CLEARANCE", "LARGEST_FILE", "Context", "OpeningKey", "system_clock"]

LARGEST_FILE = 50_000_000
"""Unless the node's configuration says otherwise; what SIENA carried in 2015."""
CLEARANCE = "class.restricted"
"""Unless the configuration says otherwise."""


def _newest(keys: Sequence[Certified], time_ms: int) -> Certified:
    """The newest of ``keys`` that has begun; else, for clocks are set back, the one that begins first."""
    begun = [key for key in keys if key.from_ms <= time_ms]
    return max(begun, key=lambda key: key.from_ms) if begun else min(keys, key=lambda key: key.from_ms)


def system_clock() -> int:
    """UTC now, in milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A sealing key of this node and the post (or agency) that it belongs to."""

    owner: str
    key: SealingKey


@dataclass(frozen=True, slots=True)
class Context:
    """What a verb needs of its node. Made by `Context.load`."""

    agency: str
    keys: KeyStore
    signer: SigningKey
    own: OwnSecret
    owns: Mapping[bytes, OwnSecret] = field(repr=False)
    opening: Mapping[bytes, OpeningKey] = field(repr=False)
    clock: Callable[[], int] = system_clock
    largest_file: int = LARGEST_FILE
    """In bytes: larger ones are neither taken in nor fetched."""
    clearance: str = CLEARANCE
    """Up to what every officer is cleared to whom no other clearance was given; a code of the classification."""

    names_file: str = ""
    """Where the index of names may be kept, encrypted; "" is nowhere."""
    population: int = 10_000
    """How many persons the registers of a deployment like this one hold: fixed, so that no probability tells what they hold."""

    @classmethod
    def load(cls, keys: KeyStore, *, clock: Callable[[], int] = system_clock) -> Context:
        """The node whose key store is ``keys``. Raises NotFound when it has no keys yet."""
        directory = own_directory()
        signing = {identifier: SigningKey(private) for identifier, _, private in keys.secrets(str(Use.NODE_SIGNS))}
        usable = [
            key
            for key in directory.keys
            if key.use == Use.NODE_SIGNS and key.key.identifier in signing and key.doubt_at(clock()) in {"", "early"}
        ]
        secrets = [OwnSecret(private) for _, _, private in keys.secrets("own")]
        if not usable or not secrets:
            raise NotFound("exchange.no-node-key", agency=directory.agency)
        opening = {
            identifier: OpeningKey(owner, SealingKey(private))
            for use in (Use.POST_OPENS, Use.NODE_OPENS)
            for identifier, owner, private in keys.secrets(str(use))
        }
        return cls(
            agency=directory.agency,
            keys=keys,
            signer=signing[_newest(usable, clock()).key.identifier],
            own=secrets[0],
            owns={secret.identifier: secret for secret in secrets},
            opening=opening,
            clock=clock,
        )

    @property
    def directory(self) -> Directory:
        """Our own current directory document."""
        return own_directory()
