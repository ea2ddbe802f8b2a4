"""An officer at work: the service number, the posts, and the signing key, open for one act or one page.

Invariant: the key comes from the officer's own passphrase alone and must be certified by our directory now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import OfficerAct
from tansiq.keystore.officers import OfficerKey, open_officer_keys
from tansiq.protocol.directory import Use
from tansiq.protocol.keys import SealingKey, SigningKey

__all__ = ["SignedIn", "sign_in", "signed_in"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An officer for the length of one act; ``reading`` are eyes-only keys, ``recovery`` those of a custodian, if there are any."""

    number: str
    posts: tuple[str, ...]
    signer: SigningKey = field(repr=False)
    reading: tuple[SealingKey, ...] = field(default=(), repr=False)
    recovery: tuple[SealingKey, ...] = field(default=(), repr=False)

    def acting(self, act: str, *, post: str) -> OfficerAct:
        """The signature for an act in ``post``. Raises Refused when the officer is not a member of it."""
        if post not in self.posts:
            raise Refused("node.not-in-post", officer=self.number, post=post)
        return OfficerAct(self.number, post, act, self.signer)


def sign_in(number: str, passphrase: str, *, context: Context) -> SignedIn:
    """Opens the officer's keys. Raises NotFound (unknown), Refused (wrong passphrase, or no longer certified)."""
    return signed_in(number, open_officer_keys(number, passphrase), context=context)


def signed_in(number: str, keys: Sequence[OfficerKey], *, context: Context) -> SignedIn:
    """The officer whose opened ``keys`` these are. Raises Refused when the directory does not certify the signing key now."""
    directory = context.directory
    current = {key.key.identifier for key in directory.current(Use.OFFICER_SIGNS, number, context.clock())}
    signers = [SigningKey(key.private) for key in keys if key.use == Use.OFFICER_SIGNS and key.identifier in current]
    posts = next((officer.posts for officer in directory.officers if officer.number == number), ())
    if not signers or not posts:
        raise Refused("node.officer-not-certified", officer=number)
    reading = tuple(SealingKey(key.private) for key in keys if key.use == Use.OFFICER_OPENS)
    recovery = tuple(SealingKey(key.private) for key in keys if key.use == Use.RECOVERY_OPENS)
    return SignedIn(number, posts, signers[0], reading, recovery)
