"""Readers by what the directory says: a post, or an officer's own eyes with the custodians behind them.

Invariant: whoever has recovery readers always gets them: what is sealed to an officer's own key is sealed to the
named custodians too, nested, so that both of them are needed; and the sender can say who they are
(`Certified.recovery`).
"""

from __future__ import annotations

from tansiq.directory.queries import current_directory, sealing_key_of
from tansiq.errors import NotFound
from tansiq.exchange.drafts import Reader
from tansiq.protocol.directory import Directory, Use
from tansiq.protocol.keys import PublicSealingKey

__all__ = ["officer_readers", "post_reader"]


def post_reader(post: str, *, peer: str, now_ms: int, docket_only: bool = False) -> Reader:
    """The reader for ``post`` on the hop to ``peer``. Raises NotFound."""
    _, key = sealing_key_of(post, now_ms)
    return Reader(peer, key, docket_only)


def _custodian(directory: Directory, identifier: bytes) -> PublicSealingKey:
    return PublicSealingKey(directory.certified(identifier, Use.RECOVERY_OPENS).public)


def officer_readers(agency: str, number: str, *, peer: str, now_ms: int) -> list[Reader]:
    """The officer's own key, and the recovery readers behind it when there are any. Raises NotFound."""
    directory = current_directory(agency)
    keys = directory.current(Use.OFFICER_OPENS, number, now_ms)
    if not keys:
        raise NotFound("exchange.no-reading-key", officer=number)
    own = PublicSealingKey(keys[0].public)
    readers = [Reader(peer, own)]
    if keys[0].recovery:
        custodians = tuple(_custodian(directory, identifier) for identifier in keys[0].recovery)
        readers.append(Reader(peer, custodians[-1], custodians=custodians))
    return readers
