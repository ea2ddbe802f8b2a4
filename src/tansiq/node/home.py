"""The home of a node: one directory with its configuration and its embedded databases.

Invariant: what opens the key store (the *unlock secret*) never lies inside the home; `find_unlock_secret` looks for
it in a systemd credential, a file named outside, or a descriptor, and refuses a file within the home.

    HOME/node.toml          configuration; no secrets
    HOME/data/tansiq.sqlite the main database (unless PostgreSQL is configured)
    HOME/data/keys.sqlite   the key store (unless PostgreSQL is configured)
    HOME/run/               sockets of the running node
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tansiq.errors import BadInput, NotFound, Refused
from tansiq.node.reading import read_at_most
from tansiq.policy.codes import code_list
from tansiq.protocol.docket import check_agency
from tansiq.texts import LANGUAGES

__all__ = [
    "CONFIGURATION",
    "MOST_UNLOCK",
    "Home",
    "find_unlock_secret",
    "is_origin",
    "is_this_machine",
    "load_home",
    "write_configuration",
]

CONFIGURATION = "node.toml"
_MOST_PORT: Final = 65_535
MOST_UNLOCK: Final = 1 << 20
"""So many bytes of a file with an unlock secret are read."""


def is_this_machine(host: str) -> bool:
    """Whether ``host``, a name or an address, means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A node's configuration. ``database`` and ``keys_database`` are '' for embedded SQLite or postgresql:// addresses;
    ``listen`` is host:port for TLS; ``unlock_file`` the path of the unlock secret ('' when it comes otherwise);
    ``population`` among how many persons a name is judged (never counted from a register), ``names_file`` where their index
    is kept encrypted ('' in the home's data); ``clock_seconds`` how often what needs no event is looked after (see `worker.tick`);
    ``largest_file`` the bytes of a file that is taken in or fetched;
    ``clearance`` that of every officer to whom no other was given (a code of the classification);
    ``no_hit_days`` after how many days a partner's data end of which nothing was found; ``remind_before`` and ``remind_after`` which part
    of a deadline's length before and after it officers are called, ``remind_most_hours`` at most; ``pages`` is host:port of the pages
    that officers open ('' none), ``pages_address`` their address as a browser knows it when it is another, behind a proxy; ``pages_certificate`` and
    ``pages_key`` the files for TLS when the node itself speaks it there; a session ends after ``session_minutes`` without use and
    ``session_hours`` at most; ``metrics`` where the node's numbers are served
    ('' nowhere, see `metrics`); ``mail``, ``mail_from``, ``mail_credentials``, ``mail_authority`` and ``notify_command``
    how officers are told that something waits (nothing: they are not, see `notify`); ``channel_deciders`` roles of the desks
    whose members decide how channels stand, ``channel_two_persons`` whether it takes two of them. ``bureau`` is our national
    central bureau's desk, ``hub`` that of the organisation, ``offices`` our office by the state that it stands in, where the
    directories don't tell; ``direct_copies`` our desks that get the docket of what our head says or is told directly, ``direct_days`` after how
    many days what heads said to one another ends here.
    """

    path: Path
    agency: str
    database: str = ""
    keys_database: str = ""
    listen: str = "127.0.0.1:8443"
    unlock_file: str = ""
    pull_seconds: float = 5.0
    clock_seconds: float = 30.0
    mirror: str = ""
    language: str = "en"
    largest_file: int = 50_000_000
    clearance: str = "class.restricted"
    no_hit_days: int = 30
    remind_before: float = 0.25
    remind_after: float = 0.125
    remind_most_hours: int = 24
    population: int = 10_000
    names_file: str = ""
    pages: str = ""
    pages_address: str = ""
    pages_certificate: str = ""
    pages_key: str = ""
    session_minutes: int = 30
    session_hours: int = 10
    metrics: str = ""
    mail: str = ""
    mail_from: str = ""
    mail_credentials: str = ""
    mail_authority: str = ""
    notify_command: tuple[str, ...] = ()
    channel_deciders: tuple[str, ...] = ("head", "bureau")
    channel_two_persons: bool = False
    bureau: str = ""
    hub: str = ""
    offices: tuple[tuple[str, str], ...] = ()
    direct_copies: tuple[str, ...] = ()
    direct_days: int = 365

    @property
    def pages_origin(self) -> str:
        """The address of the pages as a browser writes it, without a path; '' when there are none."""
        if self.pages_address or not self.pages:
            return self.pages_address.rstrip("/")
        return f"{'https' if self.pages_certificate else 'http'}://{self.pages}"

    @property
    def names_index(self) -> Path:
        """Where the encrypted index of names is kept."""
        return Path(self.names_file) if self.names_file else self.data / "names.index"

    @property
    def data(self) -> Path:
        """Where the embedded databases lie."""
        return self.path / "data"

    @property
    def run(self) -> Path:
        """Where the sockets of the running node lie."""
        return self.path / "run"

    @property
    def socket(self) -> Path:
        """Where acts are asked for (see `node.acts`)."""
        return self.run / "node.sock"

    @property
    def main_database(self) -> Path:
        """The embedded main database."""
        return self.data / "tansiq.sqlite"

    @property
    def key_database(self) -> Path:
        """The embedded key store."""
        return self.data / "keys.sqlite"

    @property
    def on_postgresql(self) -> bool:
        """Whether the databases are on a PostgreSQL server."""
        return bool(self.database)

    def to_toml(self) -> str:
        """The configuration file's text."""
        lines = [
            "# Configuration of a Tansiq node. No secret belongs here.",
            f"agency = {_quoted(self.agency)}",
            f"listen = {_quoted(self.listen)}",
        ]
        names = (
            "database",
            "keys_database",
            "unlock_file",
            "mirror",
            "language",
            "pages",
            "pages_address",
            "pages_certificate",
            "pages_key",
            "metrics",
            "mail",
            "mail_from",
            "mail_credentials",
            "mail_authority",
            "names_file",
            "bureau",
            "hub",
        )
        lines.extend(f"{name} = {_quoted(getattr(self, name))}" for name in names if getattr(self, name))
        lines.append(f"pull_seconds = {self.pull_seconds}")
        if self.clock_seconds != _DEFAULTS["clock_seconds"]:
            lines.append(f"clock_seconds = {self.clock_seconds}")
        if self.largest_file != _DEFAULTS["largest_file"]:
            lines.append(f"largest_file = {self.largest_file}")
        if self.population != _DEFAULTS["population"]:
            lines.append(f"population = {self.population}")
        if self.no_hit_days != _DEFAULTS["no_hit_days"]:
            lines.append(f"no_hit_days = {self.no_hit_days}")
        numbers = ("session_minutes", "session_hours", "remind_before", "remind_after", "remind_most_hours")
        lines.extend(f"{name} = {getattr(self, name)}" for name in numbers if getattr(self, name) != _DEFAULTS[name])
        if self.clearance != _DEFAULTS["clearance"]:
            lines.append(f'clearance = "{self.clearance}"')
        if self.channel_deciders != _DEFAULTS["channel_deciders"]:
            lines.append(f"channel_deciders = {json.dumps(self.channel_deciders)}")
        if self.direct_copies:
            lines.append(f"direct_copies = {json.dumps(self.direct_copies)}")
        if self.direct_days != _DEFAULTS["direct_days"]:
            lines.append(f"direct_days = {self.direct_days}")
        if self.offices:
            lines.append("offices = { " + ", ".join(f'{state} = "{post}"' for state, post in self.offices) + " }")
        if self.channel_two_persons:
            lines.append("channel_two_persons = true")
        if self.notify_command:
            lines.append(f"notify_command = {json.dumps(self.notify_command, ensure_ascii=False)}")
        return "\n".join(lines) + "\n"


def _quoted(words: str) -> str:
    """``words`` as a string of TOML, which is written as one of JSON."""
    return json.dumps(words, ensure_ascii=False)


_DEFAULTS = {field.name: field.default for field in fields(Home)}
_TYPES = {
    "agency": str, "database": str, "keys_database": str, "listen": str, "unlock_file": str,
    "pull_seconds": (int, float), "clock_seconds": (int, float), "mirror": str, "language": str,
    "largest_file": int, "no_hit_days": int, "population": int, "names_file": str,
    "clearance": str, "pages": str, "pages_address": str, "pages_certificate": str, "pages_key": str,
    "session_minutes": int, "session_hours": int,
    "remind_before": (int, float), "remind_after": (int, float), "remind_most_hours": int,
    "metrics": str, "mail": str, "mail_from": str, "mail_credentials": str, "mail_authority": str, "notify_command": list,
    "channel_deciders": list, "channel_two_persons": bool,
    "bureau": str, "hub": str, "offices": dict, "direct_copies": list, "direct_days": int,
}  # fmt: skip
_BOUNDS: Final = {
    "pull_seconds": (0.05, 3600),
    "largest_file": (1, 1 << 40),
    "no_hit_days": (1, 3650),
    "session_minutes": (1, 1440),
    "session_hours": (1, 168),
    "clock_seconds": (0.5, 60),
    "population": (1, 10_000_000_000),
    "remind_before": (0.01, 1),
    "remind_after": (0.01, 1),
    "remind_most_hours": (1, 168),
    "direct_days": (1, 1095),
}


def _is_place(listen: str) -> bool:
    """Whether ``listen`` is HOST:PORT."""
    host, separator, port = listen.rpartition(":")
    return bool(separator and host) and port.isascii() and port.isdecimal() and int(port) <= _MOST_PORT


def is_origin(address: str, *, schemes: tuple[str, ...] = ("https", "http")) -> bool:
    """Whether ``address`` is a scheme, a host and perhaps a port, and nothing more: no account, no path, no question."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in schemes
        and port != 0
        and re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::[0-9]{1,5})?", parts.netloc) is not None
        and parts.path in {"", "/"}
        and not (parts.query or parts.fragment or "?" in address or "#" in address)
    )


def _is_agency(words: str) -> bool:
    try:
        check_agency(words)
    except BadInput:
        return False
    return True


def _is_clearance(code: str) -> bool:
    try:
        code_list("classification").require(code)
    except BadInput:
        return False
    return True


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "agency": _is_agency,
    "language": LANGUAGES.__contains__,
    "listen": _is_place,
    "pages": lambda words: not words or _is_place(words),
    "pages_address": lambda words: not words or is_origin(words),
    "clearance": _is_clearance,
}


def write_configuration(home: Home) -> None:
    """Writes the configuration file, readable by the node's account alone. Raises OSError."""
    descriptor = os.open(home.path / CONFIGURATION, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(descriptor, 0o600)
        stream.write(home.to_toml())


def _wrong(root: Path, detail: str) -> BadInput:
    return BadInput("node.wrong-configuration", home=str(root), detail=detail)


def _read(root: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((root / CONFIGURATION).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("node.no-home", home=str(root)) from error
    except PermissionError as error:
        raise Refused("node.no-permission", place=str(root)) from error
    except UnicodeDecodeError as error:
        raise _wrong(root, "UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise _wrong(root, str(error)) from error


def _faulty(values: Mapping[str, Any]) -> Iterator[str]:
    """The names of values that can't be."""
    for name, value in values.items():
        wanted: Any = _TYPES.get(name, ())
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            yield name
        elif isinstance(value, list | dict):
            words = value.values() if isinstance(value, dict) else value
            if not all(isinstance(word, str) for word in words):
                yield name
        elif (name in _BOUNDS and not _BOUNDS[name][0] <= value <= _BOUNDS[name][1]) or (
            name in _CHECKS and not _CHECKS[name](value)
        ):
            yield name
    if "agency" not in values:
        yield "agency"


def load_home(path: str | Path) -> Home:
    """The home at ``path``. Raises NotFound (no node there), Refused (this account may not read it) or BadInput (its configuration is
    not valid).
    """
    root = Path(path).resolve()
    values = _read(root)
    for name in _faulty(values):
        raise _wrong(root, name)
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    values["offices"] = tuple(sorted(values.get("offices", {}).items()))
    return Home(path=root, **values)


def find_unlock_secret(home: Home) -> bytes:
    """The secret that opens the key store: from ``$TANSIQ_UNLOCK_FD``, a systemd credential, ``$TANSIQ_UNLOCK_FILE``
    or the configured file. Raises NotFound (none) or Refused (it lies inside the home).
    """
    if descriptor := os.environ.get("TANSIQ_UNLOCK_FD"):
        with os.fdopen(int(descriptor), "rb", closefd=False) as stream:
            return stream.read(4096).strip()
    candidates = []
    if credentials := os.environ.get("CREDENTIALS_DIRECTORY"):
        candidates.append(Path(credentials) / "tansiq-unlock")
    if named := os.environ.get("TANSIQ_UNLOCK_FILE"):
        candidates.append(Path(named))
    if home.unlock_file:
        candidates.append(Path(home.unlock_file))
    for candidate in candidates:
        if candidate.is_file():
            if candidate.resolve().is_relative_to(home.path):
                raise Refused("node.unlock-inside-home", file=str(candidate))
            return read_at_most(candidate, MOST_UNLOCK).strip()
    raise NotFound("node.no-unlock", home=str(home.path))
