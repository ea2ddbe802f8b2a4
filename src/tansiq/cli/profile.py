"""A profile: the agency, its posts and its officers, as a file, for making a node.

Invariant: a profile holds no secret; each officer's passphrase is chosen by that officer when the node is made.

    agency = "es.cgi"
    names = { es = "Comisaría General de Información" }

    [[posts]]
    name = "counter-terrorism"        # written to as es.cgi/counter-terrorism
    role = "desk"                     # head, desk, office, bureau, liaison …
    names = { es = "Unidad antiterrorista" }
    languages = ["es", "fr"]

    [[officers]]
    number = "ES-4017"
    name = "…"                        # kept concealed at this node, never sent
    posts = ["counter-terrorism"]
    roles = ["officer"]               # what the pages offer; without it, what goes with the posts
    language = "es"                   # how the pages read at first, and the zone of their clocks
    zone = "Europe/Madrid"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

from tansiq.errors import BadInput, NotFound
from tansiq.policy.codes import code_list

__all__ = ["Profile", "ProfileOfficer", "ProfilePost", "built_in", "load_profile"]

_NAME: Final = re.compile(r"[a-z0-9-]{1,48}", re.ASCII)
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_KEYS: Final = {
    "": {"agency", "names", "posts", "officers"},
    "posts": {"name", "role", "names", "languages"},
    "officers": {"number", "name", "posts", "eyes_only", "recovery", "custodian", "roles", "language", "zone"},
}
_GENERAL: Final = "general"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePost:
    """A post: its name within the agency, role, names by language, languages that it reads."""

    name: str
    role: str
    names: Mapping[str, str]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOfficer:
    """An officer: service number, name ('' when the node shall not know it), posts, what own keys are wanted, the roles on the
    pages (none: those that go with the posts), and how pages read at first ('': as the node).
    """

    number: str
    posts: tuple[str, ...]
    name: str = field(default="", repr=False)
    eyes_only: bool = False
    recovery: tuple[str, ...] = ()
    custodian: bool = False
    roles: tuple[str, ...] = ()
    language: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a node is made with; ``agency`` is '' in a profile that suits any."""

    agency: str
    names: Mapping[str, str]
    posts: tuple[ProfilePost, ...]
    officers: tuple[ProfileOfficer, ...]


def _folder() -> Any:
    return resources.files("tansiq.demo").joinpath("profiles")


def built_in() -> tuple[str, ...]:
    """The names of the profiles that the package brings."""
    return tuple(sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".toml")))


def _wrong(field_name: str) -> BadInput:
    return BadInput("cli.wrong-profile", field=field_name)


def _names(value: object, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value.values()):
        raise _wrong(where)
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(where)
    return tuple(value)


def _tables(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    tables = data.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) and set(one) <= _KEYS[name] for one in tables):
        raise _wrong(name)
    return tables


def _post(table: Mapping[str, Any]) -> ProfilePost:
    name, role = table.get("name"), table.get("role")
    for value, where in ((name, "posts.name"), (role, "posts.role")):
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise _wrong(where)
    return ProfilePost(
        name=str(name),
        role=str(role),
        names=_names(table.get("names", {}), "posts.names"),
        languages=_texts(table.get("languages", ["en"]), "posts.languages"),
    )


def _officer(table: Mapping[str, Any], posts: set[str]) -> ProfileOfficer:
    number, name = table.get("number"), table.get("name", "")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise _wrong("officers.number")
    named = _texts(table.get("posts", []), "officers.posts")
    if not named or not set(named) <= posts:
        raise _wrong("officers.posts")
    flags = {flag: table.get(flag, False) for flag in ("eyes_only", "custodian")}
    if not isinstance(name, str) or not all(isinstance(flag, bool) for flag in flags.values()):
        raise _wrong("officers.name")
    recovery = _texts(table.get("recovery", []), "officers.recovery")
    roles = _texts(table.get("roles", []), "officers.roles")
    if not set(roles) <= set(code_list("roles")):
        raise _wrong("officers.roles")
    language, zone = table.get("language", ""), table.get("zone", "UTC")
    if not isinstance(language, str) or not isinstance(zone, str):
        raise _wrong("officers.language")
    return ProfileOfficer(
        number=number, name=name, posts=named, recovery=recovery, roles=roles, language=language, zone=zone, **flags
    )


def load_profile(wanted: str, agency: str) -> Profile:
    """The profile in the file ``wanted``, or the package's of that name; '' is the package's for ``agency``, else the general one.

    Raises NotFound, and BadInput for a profile of another agency or one that is not well formed.
    """
    name = wanted or (agency if agency in built_in() else _GENERAL)
    try:
        content = (
            _folder().joinpath(f"{name}.toml").read_text("utf-8")
            if name in built_in()
            else Path(name).read_text("utf-8")
        )
        data = tomllib.loads(content)
    except OSError as error:
        raise NotFound("cli.no-profile", file=name, known=", ".join(built_in())) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong("TOML") from error
    if not set(data) <= _KEYS[""]:
        raise _wrong(", ".join(sorted(set(data) - _KEYS[""]))[:64])
    if data.get("agency", agency) != agency:
        raise BadInput("cli.other-profile", agency=agency)
    posts = tuple(_post(table) for table in _tables(data, "posts"))
    officers = tuple(_officer(table, {post.name for post in posts}) for table in _tables(data, "officers"))
    if (
        not posts
        or len({post.name for post in posts}) < len(posts)
        or len({one.number for one in officers}) < len(officers)
    ):
        raise _wrong("posts")
    return Profile(agency=agency, names=_names(data.get("names", {}), "names"), posts=posts, officers=officers)
