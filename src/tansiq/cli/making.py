"""Making a node from its profile: unlock secret, identity key, home, officers.

Invariant: when something fails, the files that were made for it are gone again; what was there before is never touched. The unlock secret
and the identity key lie outside the home, for whoever has the home alone must open nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tansiq.cli.options import read_lines
from tansiq.cli.profile import Profile
from tansiq.errors import BadInput, Conflict, NotFound, Refused, Unavailable
from tansiq.node.asking import LONGEST_SOCKET_PATH
from tansiq.node.home import MOST_UNLOCK, Home, is_origin
from tansiq.node.reading import read_at_most

if TYPE_CHECKING:
    from tansiq.protocol.directory import Directory
    from tansiq.protocol.keys import SigningKey

__all__ = ["Making", "check_address", "check_listen", "make_node", "officer_passphrases"]

_LISTEN: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})", re.ASCII)
_MOST_PORT: Final = 65_535
_LEAST_SECRET: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Everything a node is made of; ``passphrases`` by service number."""

    home: Home
    profile: Profile
    address: str
    identity: Path
    identity_passphrase: str = field(repr=False)
    passphrases: Mapping[str, str] = field(repr=False)
    pulls: bool = False


def check_listen(listen: str, *, name: str = "--listen") -> None:
    """Raises BadInput unless ``listen``, given for the option ``name``, is HOST:PORT."""
    found = _LISTEN.fullmatch(listen)
    if found is None or not 0 < int(found["port"]) <= _MOST_PORT:
        raise BadInput("cli.wrong-listen", name=name)


def check_address(address: str, *, name: str, schemes: tuple[str, ...] = ("https",)) -> None:
    """Raises BadInput unless ``address``, given for the option ``name``, is one of ``schemes``, a host and perhaps a port."""
    if not is_origin(address, schemes=schemes):
        raise BadInput("cli.wrong-address", name=name, schemes=" / ".join(f"{scheme}://" for scheme in schemes))


def _check_home(home: Home) -> None:
    """Raises Conflict, Refused and BadInput for a home that could be made and then not be used."""
    if home.path.exists() and not home.path.is_dir():
        raise Conflict("node.home-not-a-folder", home=str(home.path))
    if len(os.fsencode(home.socket)) > LONGEST_SOCKET_PATH:
        raise BadInput("node.socket-path-too-long", most=LONGEST_SOCKET_PATH)
    if home.mirror and Path(os.path.realpath(home.mirror)).is_relative_to(home.path):
        raise Refused("node.mirror-inside-home", file=home.mirror)


def officer_passphrases(descriptor: int, numbers: Sequence[str]) -> dict[str, str]:
    """The passphrases of ``numbers`` from a descriptor, one a line: service number, blank, passphrase. Raises BadInput."""
    found = {}
    for line in read_lines(descriptor):
        number, _, words = line.partition(" ")
        if number and words:
            found[number] = words
    if lacking := [number for number in numbers if number not in found]:
        raise BadInput("cli.passphrase-missing", officer=lacking[0])
    return found


@contextmanager
def _kept_if_done(path: Path) -> Iterator[bool]:
    """Whether ``path`` has to be made; if so it is taken away again when the block fails."""
    new = not path.exists()
    try:
        yield new
    except BaseException:
        if new:
            path.unlink(missing_ok=True)
        raise


def _unlock_secret(path: Path, *, new: bool) -> bytes:
    """The unlock secret in ``path``, made when it is not there. Raises Unavailable, NotFound, BadInput."""
    try:
        if new:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(os.urandom(32).hex().encode() + b"\n")
        secret = read_at_most(path, MOST_UNLOCK).strip()
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(path)) from error
    if len(secret) < _LEAST_SECRET:
        raise BadInput("cli.short-unlock", file=str(path), least=_LEAST_SECRET)
    return secret


def _identity(making: Making, *, new: bool) -> SigningKey:
    from tansiq.keystore.officers import MIN_PASSPHRASE
    from tansiq.node.identity import load_identity, write_identity
    from tansiq.protocol.keys import SigningKey

    if not new:
        return load_identity(making.identity, making.identity_passphrase)
    if len(making.identity_passphrase) < MIN_PASSPHRASE:
        raise BadInput("cli.short-identity", least=MIN_PASSPHRASE)
    key = SigningKey.generate()
    try:
        write_identity(making.identity, key, making.identity_passphrase)
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(making.identity)) from error
    return key


def make_node(making: Making) -> Directory:
    """Makes the node and returns its first directory document. Raises what making, loading and deriving raise."""
    from tansiq.directory.officers import name_officer
    from tansiq.node.creation import NewOfficer, NewPost, create_node
    from tansiq.node.opening import open_node

    home, profile = making.home, making.profile
    _check_home(home)
    unlock = Path(home.unlock_file)
    if making.identity.resolve().is_relative_to(home.path):
        raise Refused("cli.identity-inside-home", file=str(making.identity))
    if unlock.resolve().is_relative_to(home.path):
        raise Refused("node.unlock-inside-home", file=str(unlock))
    for file in (unlock, making.identity, home.path):
        if not file.parent.is_dir():
            raise NotFound("cli.no-folder", folder=str(file.parent))
    posts = [NewPost(post.name, post.role, post.names, post.languages) for post in profile.posts]
    officers = [
        NewOfficer(
            one.number,
            one.posts,
            making.passphrases[one.number],
            eyes_only=one.eyes_only,
            recovery=one.recovery,
            custodian=one.custodian,
            roles=one.roles,
            language=one.language or home.language,
            zone=one.zone,
        )
        for one in profile.officers
        if one.number in making.passphrases
    ]
    with _kept_if_done(unlock) as new_unlock, _kept_if_done(making.identity) as new_identity:
        secret = _unlock_secret(unlock, new=new_unlock)
        directory = create_node(
            home,
            secret=secret,
            identity=_identity(making, new=new_identity),
            names=profile.names or {"en": home.agency},
            address=making.address,
            posts=posts,
            officers=officers,
            pulls=making.pulls,
        )
    context = open_node(home, secret=secret)
    for one in profile.officers:
        if one.name:
            name_officer(one.number, one.name, keys=context.keys, now_ms=context.clock())
    return directory
