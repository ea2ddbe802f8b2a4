"""The docket: what a register may show of a statement.

Invariant: codes, numbers and random references only, never a person, never free text. It names the route and the
addressees, so a reader whom they do not cover refuses it (`Docket.covers`) and nobody can pass a statement off as
addressed to another.
Registers, deadlines, quarantine and recall run on dockets, also where the body stays closed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.cbor import Fields, decode, encode
from tansiq.protocol.limits import MAX_DOCKET_BYTES, MAX_FOLLOWS, MAX_ROUTE

__all__ = [
    "ALL_MEMBERS", "POST", "Docket", "agency_of", "check_agency", "check_code", "check_post", "parse_docket",
]  # fmt: skip

VERSION: Final = 1
ALL_MEMBERS: Final = "*"
"""An addressee that covers every post."""
_CODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.+-]{0,62}[A-Za-z0-9+])?")
_AGENCY: Final = re.compile(r"[a-z]{2,3}\.[a-z0-9-]{1,32}")
POST: Final = re.compile(rf"{_AGENCY.pattern}/[a-z0-9-]{{1,48}}")

(_VERSION, _KIND, _CHANNEL, _FIELD, _MATTER, _CASE, _ANSWERS, _FOLLOWS, _DEADLINE, _CLASSIFICATION, _HANDLING,
 _LANGUAGES, _SENDER, _ROUTE, _ADDRESSEES, _COPIES) = range(16)  # fmt: skip
_KNOWN: Final = frozenset(range(16))
_ALWAYS: Final = frozenset((_VERSION, _KIND, _CHANNEL, _MATTER, _SENDER, _ROUTE, _ADDRESSEES))
"""The fields that a docket has even where they are empty."""


@lru_cache(maxsize=4096)
def check_code(code: str) -> str:
    """``code`` when it has the shape of a code of a code list. Raises BadInput."""
    if not _CODE.fullmatch(code):
        raise BadInput("protocol.not-a-code")
    return code


@lru_cache(maxsize=4096)
def check_agency(agency: str) -> str:
    """``agency`` when it has the shape of an agency's identifier (``ma.dgst``). Raises BadInput."""
    if not _AGENCY.fullmatch(agency):
        raise BadInput("protocol.not-an-agency")
    return agency


@lru_cache(maxsize=4096)
def check_post(post: str) -> str:
    """``post`` when it has the shape ``agency/post``. Raises BadInput."""
    if not POST.fullmatch(post):
        raise BadInput("protocol.not-a-post")
    return post


def agency_of(post: str) -> str:
    """The agency whose post it is.

    >>> agency_of("ma.dgst/counter-terrorism")
    'ma.dgst'
    """
    return post.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Docket:
    """What a register may show of a statement; all texts are codes, ``matter`` and ``case`` random references.

    ``follows`` are statements that must be handled before this one; ``answers`` the one that it answers.
    ``route`` are the posts that it passes, sender's first; ``addressees`` those whom it is for (or ``ALL_MEMBERS``);
    ``copies`` those who get the docket, and it alone.
    """

    kind: str
    channel: str
    matter: bytes
    sender: str
    route: tuple[str, ...]
    addressees: tuple[str, ...]
    field: str = ""
    case: bytes = b""
    answers: bytes = b""
    follows: tuple[bytes, ...] = ()
    deadline_class: str = ""
    classification: str = ""
    handling: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The docket's bytes; empty fields are left out."""
        values = {
            _VERSION: VERSION,
            _KIND: self.kind,
            _CHANNEL: self.channel,
            _FIELD: self.field,
            _MATTER: self.matter,
            _CASE: self.case,
            _ANSWERS: self.answers,
            _FOLLOWS: list(self.follows),
            _DEADLINE: self.deadline_class,
            _CLASSIFICATION: self.classification,
            _HANDLING: list(self.handling),
            _LANGUAGES: list(self.languages),
            _SENDER: self.sender,
            _ROUTE: list(self.route),
            _ADDRESSEES: list(self.addressees),
            _COPIES: list(self.copies),
        }
        return encode({key: value for key, value in values.items() if value or key in _ALWAYS})

    def covers(self, post: str) -> bool:
        """Whether ``post`` stands on the route, among the addressees or among those who get a copy."""
        return post in (*self.route, *self.addressees, *self.copies) or ALL_MEMBERS in self.addressees

    def covers_agency(self, agency: str) -> bool:
        """Whether a post of ``agency`` is covered."""
        posts = (*self.route, *self.addressees, *self.copies)
        return ALL_MEMBERS in self.addressees or any(agency_of(post) == agency for post in posts)


def parse_docket(data: bytes) -> Docket:
    """A docket from its bytes.

    Raises TooMuch, and BadInput: a code that is none, a post that is none, a field of the wrong type.
    """
    if len(data) > MAX_DOCKET_BYTES:
        raise TooMuch("protocol.docket-too-large", limit=MAX_DOCKET_BYTES)
    fields = Fields(decode(data), what="docket", known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)

    def code(key: int) -> str:
        return check_code(fields.text(key, most=64)) if fields.has(key) else ""

    def codes(key: int, most: int) -> tuple[str, ...]:
        return tuple(check_code(value) for value in fields.texts(key, most=most)) if fields.has(key) else ()

    addressees = fields.texts(_ADDRESSEES, most=MAX_ROUTE)
    copies = fields.texts(_COPIES, most=MAX_ROUTE) if fields.has(_COPIES) else ()
    return Docket(
        kind=check_code(fields.text(_KIND, most=64)),
        channel=check_code(fields.text(_CHANNEL, most=64)),
        field=code(_FIELD),
        matter=fields.octets(_MATTER, size=16),
        case=fields.octets(_CASE, size=16) if fields.has(_CASE) else b"",
        answers=fields.octets(_ANSWERS, size=16) if fields.has(_ANSWERS) else b"",
        follows=fields.octet_strings(_FOLLOWS, most=MAX_FOLLOWS, size=16) if fields.has(_FOLLOWS) else (),
        deadline_class=code(_DEADLINE),
        classification=code(_CLASSIFICATION),
        handling=codes(_HANDLING, 32),
        languages=codes(_LANGUAGES, 16),
        sender=check_post(fields.text(_SENDER, most=96)),
        route=tuple(check_post(post) for post in fields.texts(_ROUTE, most=MAX_ROUTE)),
        addressees=tuple(post if post == ALL_MEMBERS else check_post(post) for post in addressees),
        copies=tuple(check_post(post) for post in copies),
    )
