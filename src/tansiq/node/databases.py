"""Where the two databases of a node are, as Django wants to be told.

Invariant: SQLite runs in WAL mode with synchronous=FULL (a commit that was answered survives a power cut) and its key
store overwrites what is deleted; writers wait for one another and begin IMMEDIATE, so that none fails in the middle.
Pages of 8 KiB: a commit writes whole pages, of which one message touches a score, so with larger ones an urgent message
waits longer for the disk; smaller ones store a message of 2 KiB in a quarter more. A PostgreSQL server on another machine
is spoken to over TLS alone, its certificate and name checked; no address holds a password.
"""

from __future__ import annotations

import operator
import sqlite3
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tansiq.errors import BadInput
from tansiq.node.home import Home, is_this_machine

__all__ = ["databases_for"]

_WAIT_SECONDS = 60
_LIBPQ = frozenset({"connect_timeout", "passfile", "sslcert", "sslkey", "sslmode", "sslrootcert"})
"""What an address may say beside its host, in the words of PostgreSQL's own library."""
# Else the driver looks in vain for an adapter at each of the sixty byte strings of a message, and of what is absent, true or false.
sqlite3.register_adapter(bytes, bytes.__bytes__)
sqlite3.register_adapter(bool, operator.index)
sqlite3.register_adapter(type(None), {None: None}.get)


def _sqlite(name: str, *, secure_delete: bool) -> dict[str, Any]:
    pragmas = [
        "page_size=8192",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"secure_delete={'ON' if secure_delete else 'OFF'}",
        "temp_store=MEMORY",
        "cache_size=-16384",
        "wal_autocheckpoint=2048",
    ]
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": _WAIT_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": ";".join(f"PRAGMA {p}" for p in pragmas),
        },
    }


def _postgresql(address: str) -> dict[str, Any]:
    try:
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port
    except ValueError as error:
        raise BadInput("node.wrong-database") from error
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/") or query.keys() - {"host", *_LIBPQ}:
        raise BadInput("node.wrong-database")
    if parts.password:
        raise BadInput("node.database-password")
    host = query.pop("host", parts.hostname or "")
    here = not host or host.startswith(("/", "@")) or is_this_machine(host)
    if not here and query.setdefault("sslmode", "verify-full") != "verify-full":
        raise BadInput("node.database-in-clear", host=host)
    return {
        "ENGINE": "tansiq.node.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "tansiq", **query},
    }


def databases_for(home: Home | None) -> dict[str, dict[str, Any]]:
    """Django's DATABASES for ``home``: ``default`` and, apart, ``keys``. Raises BadInput for an address that is unreadable, holds a
    password, or leads to another machine without TLS.
    """
    if home is None:
        return {"default": _sqlite(":memory:", secure_delete=False), "keys": _sqlite(":memory:", secure_delete=True)}
    if home.on_postgresql:
        return {"default": _postgresql(home.database), "keys": _postgresql(home.keys_database)}
    return {
        "default": _sqlite(str(home.main_database), secure_delete=False),
        "keys": _sqlite(str(home.key_database), secure_delete=True),
    }
