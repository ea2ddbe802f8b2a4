"""Restore: a backup and a copy of the key store become a node again, which then asks its peers for what came since.

Invariant: until the last commit nothing of what stood there before is touched, and the command may be given again at any time. What is
loaded was written by this node (`dump`). The loaded database says itself that it is being restored, in the same
commit, so it never speaks to a peer as if nothing had happened, whatever instruction it dies at.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, connections

from tansiq.cases.erasure import replay_erasures
from tansiq.errors import BadInput, Conflict
from tansiq.exchange.context import Context, system_clock
from tansiq.exchange.erasure import bury, tombstones
from tansiq.exchange.recovery import begin_recovery, prepare_recovery
from tansiq.exchange.standing import ERASED, LOST, MARGIN_MS
from tansiq.faults import reach
from tansiq.keystore.router import ALIAS
from tansiq.keystore.store import KeyStore, open_key_store
from tansiq.node import backup as backups
from tansiq.node import mirror as mirrors
from tansiq.node.concealed import chunks, thing_tables
from tansiq.node.dump import Reader, open_dump
from tansiq.node.home import CONFIGURATION, Home, find_unlock_secret, load_home
from tansiq.node.loading import load_dump
from tansiq.node.opening import open_node
from tansiq.node.places import Made, folders, place_of
from tansiq.node.running import held
from tansiq.node.snapshot import Progress, quiet, snapshot
from tansiq.protocol.ids import id_time
from tansiq.protocol.wraps import OwnSecret

__all__ = ["Finished", "Restored", "finish_loading", "restore"]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: of when backup and key store are (UTC ms), how many rows, which peers will be asked, how many
    things turned out to be erased since, and of how many the keys are lost because the copy of the key store was older.
    """

    agency: str
    backup_ms: int
    mirror_ms: int
    rows: int
    peers: tuple[str, ...]
    tombstones: int
    lost: int


@dataclass(frozen=True, slots=True)
class Finished:
    """What comparing a loaded database with its key store found."""

    tombstones: int
    lost: int


def restore(
    home: Home | Path,
    source: Path,
    *,
    keys: Path | None = None,
    secret: bytes | None = None,
    replace: bool = False,
    progress: Progress = quiet,
) -> Restored:
    """Restores the backup ``source``, with the copy ``keys`` of the key store or the one that is in place.

    A home that does not exist is made as the backup says. ``secret`` opens the key store (found as usual when None);
    ``replace`` allows what stands there to be replaced. Nothing that was made stays when it fails. Raises Conflict (the node runs, is another
    agency's, holds something, or what is there is no node), BadInput (no backup, or of a newer version), NotProven (altered, or not
    written by this node), NotFound.
    """
    with open_dump(source, what=backups.WHAT) as reader:
        target = _home(home, reader)
        with folders(target) as made, held(target, alone=True):
            return _restore(target, reader, keys=keys, secret=secret, replace=replace, progress=progress, made=made)


def _restore(
    target: Home,
    reader: Reader,
    *,
    keys: Path | None,
    secret: bytes | None,
    replace: bool,
    progress: Progress,
    made: Made,
) -> Restored:
    unlock = find_unlock_secret(target) if secret is None else secret
    place = place_of(target)
    if place.holds_something() and not replace:
        raise Conflict("node.not-empty", home=str(target.path))
    mirror_ms = now_ms = system_clock()
    secrets = {} if keys else _own_secrets(place.key_store(unlock))
    with place.loading(with_keys=keys is not None):
        if keys is not None:
            mirror_ms, secrets = _load_keys(keys, agency=target.agency, unlock=unlock, progress=progress)
        counts = load_dump(reader, "default", stage="restore", progress=progress)
        reach("restore.loaded")
        reader.prove(secrets, counts)
        backup_ms = _time(reader)
        peers = begin_recovery(agency=target.agency, backup_ms=backup_ms, mirror_ms=mirror_ms, now_ms=now_ms)
        reach("restore.before-commit")
    made.keep()
    reach("restore.after-commit")
    finished = finish_loading(context=open_node(target, secret=unlock))
    connections.close_all()
    return Restored(
        target.agency, backup_ms, mirror_ms, sum(counts.values()), tuple(peers), finished.tombstones, finished.lost
    )


def _home(home: Home | Path, reader: Reader) -> Home:
    """The home to restore into; made of the backup's configuration where there is none."""
    agency = reader.header.get("agency")
    if isinstance(home, Home):
        target = home
    elif (home / CONFIGURATION).exists():
        target = load_home(home)
    else:
        target = _made(home, agency, reader.header.get("configuration"))
    if target.agency != agency:
        raise Conflict("node.dump-of-other-agency", agency=target.agency)
    return target


def _made(path: Path, agency: Any, values: Any) -> Home:
    if type(agency) is not str or type(values) is not dict:
        raise BadInput("node.dump-cut-off")
    try:
        listen, language, pull_ms = values["listen"], values["language"], values["pull_ms"]
    except KeyError as error:
        raise BadInput("node.dump-cut-off") from error
    if type(listen) is not str or type(language) is not str or type(pull_ms) is not int or '"' in listen + language:
        raise BadInput("node.dump-cut-off")
    return Home(path=path.resolve(), agency=agency, listen=listen, language=language, pull_seconds=pull_ms / 1000)


def _time(reader: Reader) -> int:
    time_ms = reader.header.get("time_ms")
    if type(time_ms) is not int:
        raise BadInput("node.dump-cut-off")
    return time_ms


def _own_secrets(store: KeyStore) -> dict[bytes, OwnSecret]:
    secrets = [OwnSecret(private) for _, _, private in store.secrets("own")]
    return {one.identifier: one for one in secrets}


def _load_keys(path: Path, *, agency: str, unlock: bytes, progress: Progress) -> tuple[int, dict[bytes, OwnSecret]]:
    """Loads a copy of the key store; returns when it was made and the node's own secrets in it, which prove it."""
    with open_dump(path, what=mirrors.WHAT) as reader:
        if reader.header.get("agency") != agency:
            raise Conflict("node.dump-of-other-agency", agency=agency)
        counts = load_dump(reader, ALIAS, stage="restore-keys", progress=progress)
        secrets = _own_secrets(open_key_store(unlock))
        reader.prove(secrets, counts)
        return _time(reader), secrets


def finish_loading(*, context: Context) -> Finished:
    """Compares a database that was just loaded with its key store: erasures since are carried out again.

    Does nothing when that was done before; the worker calls it too, in case the restore ended here.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT mirror_ms FROM exchange_restore WHERE peer = %s", (context.agency,))
        row = cursor.fetchone()
    if row is None:
        return Finished(0, 0)
    erased = lost = 0
    with snapshot() as view:
        for table in thing_tables():
            for things in chunks(table.identifiers(view)):
                known = context.keys.has_contents(things) | tombstones(things)
                missing = [thing for thing in things if thing not in known]
                gone = [thing for thing in missing if id_time(thing) + MARGIN_MS < row[0]]
                bury(gone, reason=ERASED, now_ms=context.clock())
                bury([thing for thing in missing if thing not in gone], reason=LOST, now_ms=context.clock())
                erased, lost = erased + len(gone), lost + len(missing) - len(gone)
    erased += replay_erasures(context=context)
    found = prepare_recovery(context=context)
    return Finished(erased + (found.erased if found else 0), lost)
