"""What the rules saw of a matter, as rows keep it: codes and references, never a person and never a word.

Invariant: ``matter_from(plain_of(matter))`` is the matter again, but for what the law wanted of it, which is met before anything is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from functools import lru_cache
from typing import Any

from tansiq.policy.channel_matter import Channel, Matter, Nature
from tansiq.protocol.cbor import decode, encode

__all__ = ["digest_of", "matter_from", "seen"]


def _plain(matter: Matter) -> dict[str, Any]:
    found = {one.name: getattr(matter, one.name) for one in fields(Matter) if one.name != "unmet"}
    return found | {"nature": str(matter.nature), "countries": list(matter.countries)}


@lru_cache(maxsize=256)
def seen(matter: Matter) -> bytes:
    """The matter as a row keeps it."""
    return encode(_plain(matter))


def matter_from(kept: bytes) -> Matter:
    """The matter of a row."""
    plain: Any = decode(kept)
    return Matter(**{**plain, "nature": Nature(plain["nature"]), "countries": tuple(plain["countries"])})


@lru_cache(maxsize=256)
def digest_of(matter: Matter, channel: Channel, partner: str) -> bytes:
    """What an approval is for: this matter, by this channel, to this partner."""
    return hashlib.sha256(encode([_plain(matter), str(channel), partner])).digest()
