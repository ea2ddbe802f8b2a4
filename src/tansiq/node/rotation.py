"""Changing keys: rotate, revoke, renew the certificate; each makes a new directory document that the identity signs.

Invariant: a new key is in the key store before the document that names it; an old one stays until nothing is sealed
to it any more, since what was sealed must open. A revocation says from when and never reaches behind the last head
that a peer witnessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tansiq.directory.queries import own_directory
from tansiq.directory.services import publish_own
from tansiq.errors import NotFound, Refused
from tansiq.journal.queries import last_witnessed_ms
from tansiq.keystore.store import KeyStore
from tansiq.node.certificate import keep_certificate, make_certificate
from tansiq.protocol.directory import Certified, Directory, Use, make_directory
from tansiq.protocol.keys import SealingKey, Signer, SigningKey

__all__ = ["renew_certificate", "revoke_key", "rotate_node_keys", "rotate_post_key"]


def _publish(
    identity: Signer, *, now_ms: int, keys: Sequence[Certified] | None = None, tls: tuple[bytes, ...] | None = None
) -> Directory:
    current = own_directory()
    following = replace(
        current,
        number=current.number + 1,
        time_ms=now_ms,
        previous=current.digest,
        keys=current.keys if keys is None else tuple(keys),
        tls=current.tls if tls is None else tls,
        encoded=b"",
        signature=None,
    )
    signed = make_directory(following, identity=identity)
    publish_own(signed, now_ms=now_ms)
    return signed


def _ended(keys: Sequence[Certified], use: Use, owner: str, until_ms: int) -> list[Certified]:
    """``keys`` with those of ``owner`` for ``use`` ending at ``until_ms``."""
    return [
        replace(key, until_ms=until_ms)
        if key.use == use and key.owner == owner and not key.until_ms and not key.revoked_ms
        else key
        for key in keys
    ]


def rotate_node_keys(keys: KeyStore, *, identity: Signer, now_ms: int, overlap_ms: int = 7 * 86_400_000) -> Directory:
    """New signing and sealing keys for the node; the old ones are believed for ``overlap_ms`` more."""
    agency = own_directory().agency
    signing, sealing = SigningKey.generate(), SealingKey.generate()
    keys.put_secret(identifier=signing.identifier, use=str(Use.NODE_SIGNS), owner=agency, private=signing.private)
    keys.put_secret(identifier=sealing.identifier, use=str(Use.NODE_OPENS), owner=agency, private=sealing.private)
    certified = list(own_directory().keys)
    for use in (Use.NODE_SIGNS, Use.NODE_OPENS):
        certified = _ended(certified, use, agency, now_ms + overlap_ms)
    certified += [
        Certified(use=Use.NODE_SIGNS, owner=agency, public=signing.public.public, from_ms=now_ms),
        Certified(use=Use.NODE_OPENS, owner=agency, public=sealing.public.public, from_ms=now_ms),
    ]
    return _publish(identity, now_ms=now_ms, keys=certified)


def rotate_post_key(
    keys: KeyStore, post: str, *, identity: Signer, now_ms: int, overlap_ms: int = 7 * 86_400_000
) -> Directory:
    """A new sealing key for one of our posts. Raises NotFound when there is no such post."""
    directory = own_directory()
    if post not in {known.id for known in directory.posts}:
        raise NotFound("directory.unknown-post", post=post)
    sealing = SealingKey.generate()
    keys.put_secret(identifier=sealing.identifier, use=str(Use.POST_OPENS), owner=post, private=sealing.private)
    certified = _ended(directory.keys, Use.POST_OPENS, post, now_ms + overlap_ms)
    certified.append(Certified(use=Use.POST_OPENS, owner=post, public=sealing.public.public, from_ms=now_ms))
    return _publish(identity, now_ms=now_ms, keys=certified)


def revoke_key(identifier: bytes, *, identity: Signer, reason: str, from_ms: int, now_ms: int) -> Directory:
    """Revokes a key of ours from ``from_ms`` on, with a coded reason.

    Raises NotFound, and Refused when ``from_ms`` lies before the last head of ours that a peer witnessed.
    """
    directory = own_directory()
    if not any(key.key.identifier == identifier for key in directory.keys):
        raise NotFound("protocol.unknown-key", agency=directory.agency)
    if from_ms < last_witnessed_ms():
        raise Refused("node.revoked-behind-witness", witnessed=last_witnessed_ms())
    certified = [
        replace(key, revoked_ms=from_ms, reason=reason) if key.key.identifier == identifier else key
        for key in directory.keys
    ]
    return _publish(identity, now_ms=now_ms, keys=certified)


def renew_certificate(keys: KeyStore, hosts: Sequence[str], *, identity: Signer, now_ms: int) -> Directory:
    """A new TLS certificate beside the newest; the node shows it once every partner has the document that pins it."""
    directory = own_directory()
    certificate, private = make_certificate(directory.agency, list(hosts), now_ms=now_ms)
    keep_certificate(keys, directory.agency, certificate, private)
    return _publish(identity, now_ms=now_ms, tls=(*directory.tls[-1:], certificate))
