"""The directory document: what an agency says of itself, signed by its offline identity key.

Invariant: only the identity key changes a directory; an online key, stolen or not, certifies nothing. A document has a
number that only grows and the hash of the one before. The identity key is pinned at the first meeting, by its
fingerprint compared aloud (`words`). A revocation says from when; what a peer witnessed before that stays believed, and
whoever judges a signature later shows the doubt (`Certified.doubt_at`) beside the witness, not instead of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tansiq.errors import BadInput, NotFound, NotProven, TooMuch
from tansiq.protocol.cbor import Fields, Plain, decode, encode
from tansiq.protocol.cose import Sign1, parse_sign1, sign1
from tansiq.protocol.docket import agency_of, check_agency, check_code, check_post
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey, Signer
from tansiq.protocol.limits import MAX_DIRECTORY_BYTES, MAX_DIRECTORY_ITEMS

__all__ = [
    "KIND", "Certified", "Directory", "Officer", "Post", "Use", "fingerprint", "make_directory", "parse_directory",
    "verify_successor",
]  # fmt: skip

KIND: Final = "directory"
VERSION: Final = 1
(_VERSION, _AGENCY, _NUMBER, _TIME, _IDENTITY, _PREVIOUS, _NAMES, _ADDRESSES, _TLS, _KEYS, _POSTS, _OFFICERS,
 _PULLS) = range(13)  # fmt: skip
_KNOWN: Final = frozenset(range(13))
(_K_USE, _K_OWNER, _K_PUBLIC, _K_FROM, _K_UNTIL, _K_REVOKED, _K_REASON, _K_RECOVERY) = range(8)
_K_KNOWN: Final = frozenset(range(8))
_P_ID, _P_ROLE, _P_NAMES, _P_LANGUAGES = range(4)
_P_KNOWN: Final = frozenset(range(4))
_O_NUMBER, _O_POSTS = range(2)
_O_KNOWN: Final = frozenset(range(2))
_MOST: Final = 100_000
_NOT_IN_A_NAME: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff\ufffe\uffff]")
"""Control characters, lone surrogates and what turns the direction of what follows: the same as ``policy`` takes in no line."""


class Use(StrEnum):
    """What a certified key is for. Grammar: who holds it, then what it does.

    A key of a use that this version doesn't know is passed over: nothing here would ask for it.
    """

    NODE_SIGNS = "node.sign"
    NODE_OPENS = "node.seal"
    POST_OPENS = "post.seal"
    OFFICER_SIGNS = "officer.sign"
    OFFICER_OPENS = "officer.seal"
    RECOVERY_OPENS = "recovery.seal"


_SEALING: Final = frozenset((Use.NODE_OPENS, Use.POST_OPENS, Use.OFFICER_OPENS, Use.RECOVERY_OPENS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A key that the identity key certifies for one use and one owner (agency, post or service number).

    Times are UTC milliseconds; ``until_ms`` and ``revoked_ms`` are 0 when there is none. ``recovery`` names the
    custodians (identifiers of recovery keys) who can read what is sealed to this key, outermost first. ``key`` is the
    key itself, of the sort that its use wants. Raises BadInput when ``public`` is no such key.
    """

    use: Use
    owner: str
    public: bytes = field(repr=False)
    from_ms: int
    until_ms: int = 0
    revoked_ms: int = 0
    reason: str = ""
    recovery: tuple[bytes, ...] = ()
    key: PublicSigningKey | PublicSealingKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = PublicSealingKey(self.public) if self.use in _SEALING else PublicSigningKey(self.public)
        object.__setattr__(self, "key", key)

    def doubt_at(self, time_ms: int) -> str:
        """Why the key should not be believed at this time: '' (believed), 'early', 'expired' or 'revoked'."""
        if time_ms < self.from_ms:
            return "early"
        if self.revoked_ms and time_ms >= self.revoked_ms:
            return "revoked"
        if self.until_ms and time_ms >= self.until_ms:
            return "expired"
        return ""

    def to_plain(self) -> dict[int, Plain]:
        """The key as it stands in the document; what is empty is left out."""
        values = {
            _K_USE: str(self.use),
            _K_OWNER: self.owner,
            _K_PUBLIC: self.public,
            _K_FROM: self.from_ms,
            _K_UNTIL: self.until_ms,
            _K_REVOKED: self.revoked_ms,
            _K_REASON: self.reason,
            _K_RECOVERY: list(self.recovery),
        }
        return {key: value for key, value in values.items() if value or key <= _K_FROM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A desk that can be written to; ``role`` is a code, ``names`` by language, ``languages`` what it reads."""

    id: str
    role: str
    names: Mapping[str, str]
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """An officer as others see one: the service number and the posts, never the name."""

    number: str
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """An agency's directory document; `encoded` and `signature` are set when it was parsed.

    ``addresses`` are the node's https addresses (none: it can't be called and pulls), ``tls`` the certificates
    (DER) that its node may show, pinned here and nowhere else.
    """

    agency: str
    number: int
    time_ms: int
    identity: bytes
    previous: bytes
    names: Mapping[str, str]
    addresses: tuple[str, ...]
    tls: tuple[bytes, ...]
    keys: tuple[Certified, ...]
    posts: tuple[Post, ...]
    officers: tuple[Officer, ...]
    pulls: bool = False
    encoded: bytes = field(default=b"", repr=False)
    signature: Sign1 | None = field(default=None, repr=False)

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the document's bytes: what the next one names as the one before."""
        return hashlib.sha256(self.encoded).digest()

    def certified(self, identifier: bytes, use: Use) -> Certified:
        """The certified key with this identifier for this use. Raises NotFound."""
        for key in self.keys:
            if key.use == use and key.key.identifier == identifier:
                return key
        raise NotFound("protocol.unknown-key", agency=self.agency)

    def current(self, use: Use, owner: str, time_ms: int) -> tuple[Certified, ...]:
        """The keys of ``owner`` for ``use`` that are believed at ``time_ms``, the newest first."""
        found = [key for key in self.keys if key.use == use and key.owner == owner and not key.doubt_at(time_ms)]
        return tuple(sorted(found, key=lambda key: key.from_ms, reverse=True))


def fingerprint(identity: bytes) -> bytes:
    """What is compared aloud at the first meeting: the identifier of the identity key (32 bytes)."""
    return PublicSigningKey(identity).identifier


def make_directory(directory: Directory, *, identity: Signer) -> Directory:
    """Signs ``directory`` with the agency's identity key."""
    payload = encode(
        {
            _VERSION: VERSION,
            _AGENCY: directory.agency,
            _NUMBER: directory.number,
            _TIME: directory.time_ms,
            _IDENTITY: directory.identity,
            _PREVIOUS: directory.previous,
            _NAMES: dict(directory.names),
            _ADDRESSES: list(directory.addresses),
            _TLS: list(directory.tls),
            _KEYS: [key.to_plain() for key in directory.keys],
            _POSTS: [
                {
                    _P_ID: post.id,
                    _P_ROLE: post.role,
                    _P_NAMES: dict(post.names),
                    _P_LANGUAGES: list(post.languages),
                }
                for post in directory.posts
            ],
            _OFFICERS: [{_O_NUMBER: officer.number, _O_POSTS: list(officer.posts)} for officer in directory.officers],
            _PULLS: directory.pulls,
        }
    )
    return parse_directory(sign1(payload, kind=KIND, signer=identity))


def _names(value: dict[Plain, Plain]) -> dict[str, str]:
    """Names by language, as a page shows them in one line. Raises BadInput."""
    if len(value) > 16:
        raise BadInput("protocol.wrong-field", what=KIND, field=_NAMES)
    for language, name in value.items():
        if type(language) is not str or type(name) is not str or len(name) > 200 or _NOT_IN_A_NAME.search(name):
            raise BadInput("protocol.wrong-field", what=KIND, field=_NAMES)
        check_code(language)
    return value


def _own_post(post: str, agency: str) -> str:
    """``post`` when it is one of ``agency``: nobody certifies anything for a desk of another. Raises BadInput."""
    if agency_of(check_post(post)) != agency:
        raise BadInput("protocol.foreign-post", agency=agency)
    return post


def _key(value: Plain, agency: str) -> Certified | None:
    """A certified key, or None when its use is one that this version doesn't know. Raises BadInput."""
    fields = Fields(value, what="key", known=_K_KNOWN)
    use = check_code(fields.text(_K_USE, most=64))
    if use not in list(Use):
        return None
    owner = fields.text(_K_OWNER, most=96)
    return Certified(
        use=Use(use),
        owner=_own_post(owner, agency) if use == Use.POST_OPENS else owner,
        public=fields.octets(_K_PUBLIC),
        from_ms=fields.moment(_K_FROM),
        until_ms=fields.moment(_K_UNTIL) if fields.has(_K_UNTIL) else 0,
        revoked_ms=fields.moment(_K_REVOKED) if fields.has(_K_REVOKED) else 0,
        reason=fields.text(_K_REASON, most=64) if fields.has(_K_REASON) else "",
        recovery=fields.octet_strings(_K_RECOVERY, most=8, size=32) if fields.has(_K_RECOVERY) else (),
    )


def _post(value: Plain, agency: str) -> Post:
    fields = Fields(value, what="post", known=_P_KNOWN)
    return Post(
        id=_own_post(fields.text(_P_ID, most=96), agency),
        role=check_code(fields.text(_P_ROLE, most=64)),
        names=_names(fields.mapping(_P_NAMES)),
        languages=tuple(check_code(language) for language in fields.texts(_P_LANGUAGES, most=32)),
    )


def _officer(value: Plain, agency: str) -> Officer:
    fields = Fields(value, what="officer", known=_O_KNOWN)
    posts = tuple(_own_post(post, agency) for post in fields.texts(_O_POSTS, most=64))
    return Officer(number=check_code(fields.text(_O_NUMBER, most=64)), posts=posts)


def parse_directory(encoded: bytes) -> Directory:
    """A directory whose own signature holds: the identity key that it names signed it.

    Raises BadInput, TooMuch or NotProven. Whether that identity is the pinned one is `verify_successor`'s question.
    """
    if len(encoded) > MAX_DIRECTORY_BYTES:
        raise TooMuch("protocol.directory-too-large", limit=MAX_DIRECTORY_BYTES)
    signature = parse_sign1(encoded, kind=KIND)
    if signature.payload is None:
        raise BadInput("protocol.not-sign1")
    fields = Fields(decode(signature.payload, items=MAX_DIRECTORY_ITEMS), what=KIND, known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    identity = fields.octets(_IDENTITY, size=32)
    signature.verify(PublicSigningKey(identity))
    agency = check_agency(fields.text(_AGENCY, most=64))
    keys = [_key(value, agency) for value in fields.items(_KEYS, most=_MOST)]
    previous = fields.octets(_PREVIOUS, most=32)
    if len(previous) not in {0, 32}:
        raise BadInput("protocol.wrong-field", what=KIND, field=_PREVIOUS)
    return Directory(
        agency=agency,
        number=fields.integer(_NUMBER, least=1),
        time_ms=fields.moment(_TIME),
        identity=identity,
        previous=previous,
        names=_names(fields.mapping(_NAMES)),
        addresses=fields.texts(_ADDRESSES, most=8),
        tls=fields.octet_strings(_TLS, most=16),
        keys=tuple(key for key in keys if key is not None),
        posts=tuple(_post(value, agency) for value in fields.items(_POSTS, most=_MOST)),
        officers=tuple(_officer(value, agency) for value in fields.items(_OFFICERS, most=_MOST)),
        pulls=fields.true(_PULLS),
        encoded=encoded,
        signature=signature,
    )


def verify_successor(old: Directory, new: Directory) -> None:
    """Raises NotProven unless ``new`` may take the place of ``old``: same agency, same identity, a later number.

    When it is the very next one it must name the old one's hash; a gap in numbers is allowed, for documents get lost.
    """
    if new.agency != old.agency or new.identity != old.identity:
        raise NotProven("protocol.other-identity", agency=old.agency)
    if new.number <= old.number and new.encoded != old.encoded:
        raise NotProven("protocol.older-directory", agency=old.agency)
    if new.number == old.number + 1 and new.previous != old.digest:
        raise NotProven("protocol.broken-succession", agency=old.agency)
