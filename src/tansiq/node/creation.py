"""Making a node: home, databases, key store, keys, certificate, first directory document.

Invariant: nothing is left behind when it fails half-way: the home is made beside its place and renamed at the end
(embedded databases), and a home that exists is never touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import connections

from tansiq.directory.queries import own_directory
from tansiq.directory.services import publish_own
from tansiq.errors import Conflict, NotFound, Refused, Unavailable
from tansiq.exchange.context import system_clock
from tansiq.keystore.officers import OfficerKey, put_officer_keys
from tansiq.keystore.store import KeyStore, create_key_store
from tansiq.node.causes import cause_of, symbol
from tansiq.node.certificate import keep_certificate, make_certificate
from tansiq.node.home import Home, write_configuration
from tansiq.node.migrating import bring_up_to_date
from tansiq.node.opening import bind
from tansiq.protocol.directory import Certified, Directory, Officer, Post, Use, make_directory
from tansiq.protocol.keys import SealingKey, Signer, SigningKey
from tansiq.protocol.wraps import OwnSecret

__all__ = ["NewOfficer", "NewPost", "add_officer", "create_node", "migrate"]


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post to make: its name within the agency, role code, names by language, languages that it reads."""

    name: str
    role: str
    names: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class NewOfficer:
    """An officer to make: service number, posts (within the agency), passphrase.

    ``eyes_only`` gives a reading key of one's own; ``recovery`` names the custodians (service numbers, outermost first)
    who can together read what is sealed to it; ``custodian`` gives the key with which an officer is one of them.
    ``roles`` are what the officer may do on the pages (those that go with the posts when none is named); ``language`` and ``zone``
    how pages read at first.
    """

    number: str
    posts: tuple[str, ...]
    passphrase: str = field(repr=False)
    eyes_only: bool = False
    recovery: tuple[str, ...] = ()
    custodian: bool = False
    roles: tuple[str, ...] = ()
    language: str = "en"
    zone: str = "UTC"


def migrate() -> None:
    """Brings both databases to the newest schema."""
    for alias in ("default", "keys"):
        bring_up_to_date(alias)


def _node_keys(keys: KeyStore, agency: str, now_ms: int) -> list[Certified]:
    signing, sealing, own = SigningKey.generate(), SealingKey.generate(), OwnSecret(os.urandom(32))
    keys.put_secret(identifier=signing.identifier, use=str(Use.NODE_SIGNS), owner=agency, private=signing.private)
    keys.put_secret(identifier=sealing.identifier, use=str(Use.NODE_OPENS), owner=agency, private=sealing.private)
    keys.put_secret(identifier=own.identifier, use="own", owner=agency, private=own.secret)
    return [
        Certified(use=Use.NODE_SIGNS, owner=agency, public=signing.public.public, from_ms=now_ms),
        Certified(use=Use.NODE_OPENS, owner=agency, public=sealing.public.public, from_ms=now_ms),
    ]


def _post_key(keys: KeyStore, post: str, now_ms: int) -> Certified:
    key = SealingKey.generate()
    keys.put_secret(identifier=key.identifier, use=str(Use.POST_OPENS), owner=post, private=key.private)
    return Certified(use=Use.POST_OPENS, owner=post, public=key.public.public, from_ms=now_ms)


def _custodians(numbers: Sequence[str], known: Sequence[Certified], now_ms: int) -> tuple[bytes, ...]:
    """The recovery keys of these custodians. Raises NotFound."""
    found = []
    for number in numbers:
        keys = [
            key for key in known if key.use == Use.RECOVERY_OPENS and key.owner == number and not key.doubt_at(now_ms)
        ]
        if not keys:
            raise NotFound("node.no-custodian", officer=number)
        found.append(keys[-1].key.identifier)
    return tuple(found)


def _officer_keys(officer: NewOfficer, known: Sequence[Certified], now_ms: int) -> list[Certified]:
    signing = SigningKey.generate()
    made = [OfficerKey(signing.identifier, str(Use.OFFICER_SIGNS), signing.private)]
    certified = [Certified(use=Use.OFFICER_SIGNS, owner=officer.number, public=signing.public.public, from_ms=now_ms)]
    if officer.eyes_only:
        reading = SealingKey.generate()
        made.append(OfficerKey(reading.identifier, str(Use.OFFICER_OPENS), reading.private))
        custodians = _custodians(officer.recovery, known, now_ms)
        certified.append(
            Certified(
                use=Use.OFFICER_OPENS,
                owner=officer.number,
                public=reading.public.public,
                from_ms=now_ms,
                recovery=custodians,
            )
        )
    if officer.custodian:
        recovery = SealingKey.generate()
        made.append(OfficerKey(recovery.identifier, str(Use.RECOVERY_OPENS), recovery.private))
        certified.append(
            Certified(use=Use.RECOVERY_OPENS, owner=officer.number, public=recovery.public.public, from_ms=now_ms)
        )
    put_officer_keys(officer.number, made, officer.passphrase)
    return certified


def create_node(
    home: Home,
    *,
    secret: bytes,
    identity: SigningKey,
    names: Mapping[str, str],
    address: str,
    posts: Sequence[NewPost],
    officers: Sequence[NewOfficer] = (),
    pulls: bool = False,
) -> Directory:
    """Makes the node and returns its first directory document. Raises Conflict (there is something), Refused, or Unavailable
    (the disk does not take it).
    """
    if home.path.exists() and not home.path.is_dir():
        raise Conflict("node.home-not-a-folder", home=str(home.path))
    if home.path.exists() and any(home.path.iterdir()):
        raise Conflict("node.home-exists", home=str(home.path))
    if home.unlock_file and Path(home.unlock_file).resolve().is_relative_to(home.path):
        raise Refused("node.unlock-inside-home", file=home.unlock_file)
    try:
        for folder in (home.path, home.data, home.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        bind(home)
        migrate()
        now_ms = system_clock() // 60_000 * 60_000
        keys = create_key_store(secret)
        host = home.listen.rpartition(":")[0]
        certificate, private = make_certificate(home.agency, sorted({host, "localhost", "127.0.0.1"}), now_ms=now_ms)
        keep_certificate(keys, home.agency, certificate, private)
        certified = _node_keys(keys, home.agency, now_ms)
        certified += [_post_key(keys, f"{home.agency}/{post.name}", now_ms) for post in posts]
        for officer in officers:
            certified += _officer_keys(officer, certified, now_ms)
        directory = Directory(
            agency=home.agency,
            number=1,
            time_ms=now_ms,
            identity=identity.public.public,
            previous=b"",
            names=names,
            addresses=() if pulls else (address,),
            tls=(certificate,),
            keys=tuple(certified),
            posts=tuple(
                Post(id=f"{home.agency}/{post.name}", role=post.role, names=post.names, languages=post.languages)
                for post in posts
            ),
            officers=tuple(
                Officer(number=one.number, posts=tuple(f"{home.agency}/{post}" for post in one.posts))
                for one in officers
            ),
            pulls=pulls,
        )
        signed = make_directory(directory, identity=identity)
        publish_own(signed, now_ms=now_ms)
        for officer in officers:
            _account(officer, signed, now_ms)
        write_configuration(home)
    except BaseException as error:
        connections.close_all()
        shutil.rmtree(home.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise cause_of(error, place=home.path) or Unavailable(
                "node.disk", file=str(home.path), reason=symbol(error)
            ) from error
        raise
    return signed


def _account(officer: NewOfficer, directory: Directory, now_ms: int) -> None:
    """Makes the account with which the officer signs in on the pages."""
    from tansiq.accounts.roles import roles_for_posts  # noqa: PLC0415 (only after Django is bound)
    from tansiq.accounts.services import create_account  # noqa: PLC0415

    named = {f"{directory.agency}/{post}" for post in officer.posts}
    create_account(
        officer.number,
        officer.passphrase,
        roles=officer.roles or roles_for_posts(post.role for post in directory.posts if post.id in named),
        language=officer.language,
        zone=officer.zone,
        now_ms=now_ms,
    )


def add_officer(officer: NewOfficer, *, identity: Signer, now_ms: int) -> Directory:
    """Makes an officer's keys and account, and publishes a directory document that names the service number.

    Raises Conflict (the number is taken), NotFound (no such post).
    """
    current = own_directory()
    if any(known.number == officer.number for known in current.officers):
        raise Conflict("node.officer-exists", officer=officer.number)
    known_posts = {post.id for post in current.posts}
    posts = tuple(f"{current.agency}/{post}" for post in officer.posts)
    for post in posts:
        if post not in known_posts:
            raise NotFound("directory.unknown-post", post=post)
    minute = now_ms // 60_000 * 60_000
    certified = _officer_keys(officer, current.keys, minute)
    following = replace(
        current,
        number=current.number + 1,
        time_ms=now_ms,
        previous=current.digest,
        keys=(*current.keys, *certified),
        officers=(*current.officers, Officer(number=officer.number, posts=posts)),
        encoded=b"",
        signature=None,
    )
    signed = make_directory(following, identity=identity)
    publish_own(signed, now_ms=now_ms)
    _account(officer, signed, now_ms)
    return signed
