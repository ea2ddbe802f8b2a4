"""Keys of one officer: what the directory says of them, and who can read what is sealed to an eyes-only key if its owner can't.

Invariant: the recovery readers are those that the key itself names, as the offline identity certified them: nobody learns later that there
was another one.
"""

from __future__ import annotations

from dataclasses import dataclass

from tansiq.accounts.invitations import waiting
from tansiq.accounts.models import Invitation
from tansiq.directory.queries import own_directory
from tansiq.protocol.directory import Use
from tansiq.protocol.words import fingerprint_words

__all__ = ["KeyState", "key_state", "key_states", "recovery_readers"]


@dataclass(frozen=True, slots=True)
class KeyState:
    """What stands about an officer's signing key: 'certified', 'waiting' (with its words, to be compared) or 'none'."""

    state: str
    words: tuple[str, ...] = ()


def key_state(number: str, *, language: str, at_ms: int) -> KeyState:
    """The state of the signing key of ``number``."""
    for one in waiting(number):
        words = fingerprint_words(bytes(one.keys[0].identifier), language)
        return KeyState("waiting", tuple(words))
    if own_directory().current(Use.OFFICER_SIGNS, number, at_ms):
        return KeyState("certified")
    return KeyState("none")


def key_states(*, at_ms: int) -> dict[str, str]:
    """The states of all signing keys, by service number; who is not among them has none."""
    signing = [key for key in own_directory().keys if key.use == Use.OFFICER_SIGNS and not key.doubt_at(at_ms)]
    return {key.owner: "certified" for key in signing} | {one.number: "waiting" for one in waiting()}


def recovery_readers(number: str) -> tuple[str, ...] | None:
    """The custodians of the eyes-only key of ``number``, outermost first; None when there is no such key."""
    directory = own_directory()
    owners = {key.key.identifier: key.owner for key in directory.keys if key.use == Use.RECOVERY_OPENS}
    own = [key for key in directory.keys if key.use == Use.OFFICER_OPENS and key.owner == number]
    if own:
        return tuple(owners.get(identifier, "?") for identifier in own[-1].recovery)
    invited = Invitation.objects.filter(number=number, eyes_only=True).first()
    return None if invited is None else tuple(invited.recovery.split())
