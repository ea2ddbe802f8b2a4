"""Where a restore loads into: new files that take the old ones' place (SQLite), or one transaction over each database (PostgreSQL).

Invariant: until `Place.loading` ends well, what stood there before stands; then the key store changes first, the main database last.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from django.db import connections, transaction

from tansiq.errors import Conflict, NotFound
from tansiq.keystore.router import ALIAS
from tansiq.keystore.store import KeyStore, open_key_store
from tansiq.node.home import CONFIGURATION, Home, write_configuration
from tansiq.node.loading import empty_database
from tansiq.node.opening import bind

__all__ = ["Made", "Place", "folders", "place_of"]

_STAGING = "restoring"


@dataclass(slots=True)
class Made:
    """Folders that were made for a restore; they go again unless it was said to `keep` them."""

    new: list[Path]
    kept: bool = False

    def keep(self) -> None:
        """What was made stays: there is a node in it."""
        self.kept = True


@contextmanager
def folders(home: Home) -> Iterator[Made]:
    """The folders of ``home``, made where they are lacking; what was made is gone again, with all in it, when the block fails before
    they are to be kept. Raises Conflict when there is something that is no node, and OSError.
    """
    if home.path.exists() and not (home.path / CONFIGURATION).exists():
        _check_own(home)
    made = Made([])
    try:
        for folder in (*reversed(home.path.parents), home.path, home.data, home.run):
            if not folder.is_dir():
                folder.mkdir(mode=0o700)
                made.new.append(folder)
        yield made
    except BaseException:
        if not made.kept:
            for folder in reversed(made.new):
                shutil.rmtree(folder, ignore_errors=True)
        raise


def _check_own(home: Home) -> None:
    """Raises Conflict unless the folder is empty or holds only what a restore that was broken off leaves."""
    if not home.path.is_dir():
        raise Conflict("node.home-not-a-folder", home=str(home.path))
    if {one.name for one in home.path.iterdir()} - {home.data.name, home.run.name, _STAGING}:
        raise Conflict("node.home-exists", home=str(home.path))


class Place(Protocol):
    """Where a restore loads into."""

    def holds_something(self) -> bool:
        """Whether there is a database already."""

    def key_store(self, secret: bytes) -> KeyStore:
        """The key store that is in place, opened. Raises NotFound (there is none) and Refused (another secret)."""

    def loading(self, *, with_keys: bool) -> AbstractContextManager[None]:
        """Both databases empty (the key store only with ``with_keys``); when the block ends well they take their place."""


def place_of(home: Home) -> Place:
    """The place for the databases of ``home``."""
    return _Postgres(home) if home.on_postgresql else _Lite(home)


class _Lite:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._staging = replace(home, path=home.path / _STAGING)

    def holds_something(self) -> bool:
        return self._home.main_database.exists()

    def key_store(self, secret: bytes) -> KeyStore:
        if not self._home.key_database.exists():
            raise NotFound("keystore.missing")
        bind(self._home)
        return open_key_store(secret)

    @contextmanager
    def loading(self, *, with_keys: bool) -> Iterator[None]:
        shutil.rmtree(self._staging.path, ignore_errors=True)
        self._staging.data.mkdir(mode=0o700, parents=True)
        bind(self._staging)
        try:
            yield
            connections.close_all()
            if not (self._home.path / CONFIGURATION).exists():
                write_configuration(self._home)
            if with_keys:
                _take_place(self._staging.key_database, self._home.key_database)
            _take_place(self._staging.main_database, self._home.main_database)
        finally:
            connections.close_all()
            shutil.rmtree(self._staging.path, ignore_errors=True)
            bind(self._home)


def _take_place(new: Path, old: Path) -> None:
    """Renames ``new`` over ``old``; a log that belonged to the old file must not meet the new one."""
    for suffix in ("-wal", "-shm"):
        old.with_name(old.name + suffix).unlink(missing_ok=True)
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    new.replace(old)
    descriptor = os.open(old.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Postgres:
    def __init__(self, home: Home) -> None:
        self._home = home
        bind(home)

    def holds_something(self) -> bool:
        with connections["default"].cursor() as cursor:
            return bool(connections["default"].introspection.table_names(cursor))

    def key_store(self, secret: bytes) -> KeyStore:
        with connections[ALIAS].cursor() as cursor:
            if "keystore_secret" not in connections[ALIAS].introspection.table_names(cursor):
                raise NotFound("keystore.missing")
        return open_key_store(secret)

    @contextmanager
    def loading(self, *, with_keys: bool) -> Iterator[None]:
        with ExitStack() as stack:
            # What is entered last is committed first: the key store before the main database.
            for alias in ("default", ALIAS) if with_keys else ("default",):
                stack.enter_context(transaction.atomic(using=alias))
                empty_database(alias)
            yield
