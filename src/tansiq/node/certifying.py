"""The offline identity's word on accounts: certify the keys of invited officers, list substitutes, take ended ones away.

Invariant: nothing of this is done by the running node: the identity key comes from its file, for this one document. What waits is deleted,
and the mark of an account that an invitation made is taken off, with the same commit that publishes the document, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from tansiq.accounts.events import What, note
from tansiq.accounts.invitations import Waiting, waiting
from tansiq.accounts.models import Account, WaitingKey
from tansiq.accounts.posts import StandIn, changes_to_list, mark_listed, substitutions
from tansiq.directory.queries import own_directory
from tansiq.directory.services import publish_own
from tansiq.errors import Conflict, NotFound
from tansiq.keystore.officers import aside, drop_officer_keys
from tansiq.protocol.directory import Certified, Directory, Officer, Use, make_directory
from tansiq.protocol.keys import Signer

__all__ = ["Certification", "certify"]


@dataclass(frozen=True, slots=True)
class Certification:
    """What a document newly says: officers whose keys it certifies, substitutions that it lists and takes away."""

    document: int
    officers: tuple[str, ...]
    listed: tuple[StandIn, ...]
    ended: tuple[StandIn, ...]


def _custodians(numbers: Sequence[str], directory: Directory, now_ms: int) -> tuple[bytes, ...]:
    found = []
    for number in numbers:
        keys = directory.current(Use.RECOVERY_OPENS, number, now_ms)
        if not keys:
            raise NotFound("node.no-custodian", officer=number)
        found.append(keys[0].key.identifier)
    return tuple(found)


def _keys(one: Waiting, directory: Directory, now_ms: int) -> list[Certified]:
    minute = now_ms // 60_000 * 60_000
    return [
        Certified(
            use=Use(key.use),
            owner=one.number,
            public=bytes(key.public),
            from_ms=minute,
            recovery=_custodians(one.recovery, directory, now_ms) if key.use == Use.OFFICER_OPENS else (),
        )
        for key in one.keys
    ]


def _kept(directory: Directory, new: Sequence[Waiting], now_ms: int) -> list[Certified]:
    """The keys of the present document; those that new ones replace are revoked from now on."""
    replaced = {one.number for one in new}
    return [
        replace(key, revoked_ms=now_ms, reason="replaced")
        if key.owner in replaced and key.use in {Use.OFFICER_SIGNS, Use.OFFICER_OPENS} and not key.revoked_ms
        else key
        for key in directory.keys
    ]


def _members(
    directory: Directory, new: Sequence[Waiting], begun: Sequence[StandIn], ended: Sequence[StandIn]
) -> tuple[Officer, ...]:
    """The officers with their posts as the next document lists them."""
    posts = {officer.number: list(officer.posts) for officer in directory.officers}
    for one in new:
        posts.setdefault(one.number, [])
        posts[one.number] += [post for post in one.posts if post not in posts[one.number]]
    for stand_in in begun:
        posts[stand_in.number].append(stand_in.post)
    for stand_in in ended:
        posts[stand_in.number] = [post for post in posts[stand_in.number] if post != stand_in.post]
    return tuple(Officer(number=number, posts=tuple(dict.fromkeys(listed))) for number, listed in posts.items())


def certify(number: str = "", *, identity: Signer, now_ms: int) -> Certification:
    """Publishes a document that certifies what waits, of one officer or of all, and that follows the substitutions.

    Raises NotFound (nothing waits for this number, no such custodian) or Conflict (nothing waits at all).
    """
    current = own_directory()
    new = waiting(number)
    if number and not new:
        raise NotFound("node.nothing-waits", officer=number)
    begun, ended = changes_to_list(at_ms=now_ms)
    members = {officer.number: set(officer.posts) for officer in current.officers}
    begun = [one for one in begun if one.number in members and one.post not in members[one.number]]
    standing = [one for one in substitutions([one.post for one in ended], at_ms=now_ms) if one.from_ms <= now_ms]
    kept = {(one.number, one.post) for one in standing}
    gone = [one for one in ended if (one.number, one.post) not in kept and one.number in members]
    if not new and not begun and not ended:
        raise Conflict("node.nothing-to-certify")
    following = replace(
        current,
        number=current.number + 1,
        time_ms=now_ms,
        previous=current.digest,
        keys=(*_kept(current, new, now_ms), *(key for one in new for key in _keys(one, current, now_ms))),
        officers=_members(current, new, begun, gone),
        encoded=b"",
        signature=None,
    )
    signed = make_directory(following, identity=identity)
    with transaction.atomic():
        publish_own(signed, now_ms=now_ms)
        for one in new:
            gone_keys, _ = WaitingKey.objects.filter(identifier__in=[key.identifier for key in one.keys]).delete()
            if gone_keys == len(
                one.keys
            ):  # else another invitation was used meanwhile: that account is somebody else's
                Account.objects.filter(number=one.number).update(uncertified=False)
            note(What.KEY_CERTIFIED, one.number, by="identity", now_ms=now_ms)
        mark_listed(begun, listed=True)
        mark_listed(ended, listed=False)
    for one in new:
        drop_officer_keys(aside(one.number))
    return Certification(signed.number, tuple(one.number for one in new), tuple(begun), tuple(gone))
