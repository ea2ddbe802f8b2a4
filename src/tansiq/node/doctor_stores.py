"""Checks of what is stored: databases and their settings, schema, key store, certificate, keys, backup, mirror, erasures.

Invariant: as in `doctor`. A commit that was answered must survive a power cut, and an erased key must not survive in a log.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, connections

from tansiq.cases.erasure import unerased
from tansiq.directory.queries import own_directory
from tansiq.errors import Error
from tansiq.keystore.router import ALIAS
from tansiq.node.certificate import expires_ms, held_certificates
from tansiq.node.checks import DAY_MS, HOUR_MS, Check, Patient
from tansiq.node.loading import unapplied
from tansiq.node.marks import BACKUP, MIRROR, read_mark
from tansiq.protocol.directory import Use

__all__ = [
    "check_backup", "check_certificate", "check_database", "check_erasures", "check_key_store", "check_keys", "check_mirror",
    "check_schema",
]  # fmt: skip

_SOON_MS = 60 * DAY_MS
_LATE_MS = 14 * DAY_MS
_BACKUP_WARN_MS, _BACKUP_FAIL_MS = 36 * HOUR_MS, 8 * DAY_MS
_MIRROR_WARN_MS = 26 * HOUR_MS
_ERASED_HOURS = 3
"""What is due is erased every hour."""
_LITE = {
    "default": {"journal_mode": "wal", "synchronous": "2"},
    ALIAS: {"journal_mode": "wal", "synchronous": "2", "secure_delete": "1"},
}
_POSTGRES = {
    "default": {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
    ALIAS: {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "archive_mode": "off"},
}


def check_database(patient: Patient) -> Iterator[Check]:
    """Both databases answer, and keep what they were given."""
    for alias in ("default", ALIAS):
        connection = connections[alias]
        lite = connection.vendor == "sqlite"
        wanted = (_LITE if lite else _POSTGRES)[alias]
        name = "keys" if alias == ALIAS else "main"
        try:
            with connection.cursor() as cursor:
                found = {}
                for setting in wanted:
                    cursor.execute(f"PRAGMA {setting}" if lite else f"SHOW {setting}")
                    found[setting] = str(cursor.fetchone()[0])
        except DatabaseError as error:
            yield Check("database", "fail", "database-unreachable", {"database": name, "reason": type(error).__name__})
            continue
        unsafe = [setting for setting, value in wanted.items() if found[setting] != value]
        for setting in unsafe:
            yield Check(
                "database", "fail", "database-unsafe", {"database": name, "setting": setting, "value": found[setting]}
            )
        if not unsafe:
            yield Check("database", "ok", "database-ok", {"database": name})


def check_schema(patient: Patient) -> Iterator[Check]:
    """Both databases have the newest schema."""
    lacking = [*unapplied("default"), *(name for name in unapplied(ALIAS) if name.startswith("keystore."))]
    if lacking:
        yield Check("schema", "fail", "schema-behind", {"count": len(lacking), "first": lacking[0]})
    else:
        yield Check("schema", "ok", "schema-ok")


def check_key_store(patient: Patient) -> Iterator[Check]:
    """The key store opens and holds the keys of the node that the configuration names."""
    try:
        found = patient.context.agency
    except Error as error:
        yield Check(
            "key-store",
            "warn" if error.code == "node.no-unlock" else "fail",
            "key-store-closed",
            {"reason": error.code},
        )
        return
    if found != patient.home.agency:
        yield Check("key-store", "fail", "other-agency", {"agency": patient.home.agency, "found": found})
    else:
        yield Check("key-store", "ok", "key-store-ok")


def check_certificate(patient: Patient) -> Iterator[Check]:
    """The newest certificate that the directory pins is valid for long enough, and its key is here."""
    pinned = own_directory().tls
    if not pinned:
        yield Check("certificate", "fail", "certificate-none")
        return
    newest = max(pinned, key=expires_ms)
    days = (expires_ms(newest) - patient.now_ms) // DAY_MS
    left = expires_ms(newest) - patient.now_ms
    try:
        here = newest in held_certificates(patient.store)
    except Error:
        here = True
    if not here:
        yield Check("certificate", "fail", "certificate-keyless")
    elif left <= 0:
        yield Check("certificate", "fail", "certificate-expired", {"days": -days})
    elif left < _SOON_MS:
        yield Check("certificate", "warn" if left > _LATE_MS else "fail", "certificate-soon", {"days": days})
    else:
        yield Check("certificate", "ok", "certificate-ok", {"days": days})


def check_keys(patient: Patient) -> Iterator[Check]:
    """The node, its posts and its officers have keys that are believed for some time yet."""
    directory = own_directory()
    owners = {(key.use, key.owner) for key in directory.keys if key.use != Use.RECOVERY_OPENS}
    bad = False
    for use, owner in sorted(owners | {(Use.NODE_SIGNS, directory.agency), (Use.NODE_OPENS, directory.agency)}):
        current = directory.current(use, owner, patient.now_ms)
        values = {"use": str(use), "owner": owner}
        if not current:
            if use in {Use.NODE_SIGNS, Use.NODE_OPENS} or any(post.id == owner for post in directory.posts):
                bad = True
                yield Check("keys", "fail", "keys-none", values)
            continue
        last = max(key.until_ms or patient.now_ms + 10 * _SOON_MS for key in current)
        if last - patient.now_ms < _SOON_MS:
            bad = True
            yield Check("keys", "warn", "keys-soon", {**values, "days": (last - patient.now_ms) // DAY_MS})
    if not bad:
        yield Check("keys", "ok", "keys-ok")


def check_backup(patient: Patient) -> Iterator[Check]:
    """There is a backup that is not old."""
    mark = read_mark(patient.home, BACKUP)
    if mark is None:
        yield Check("backup", "warn", "backup-none")
        return
    age = patient.now_ms - mark.time_ms
    values = {"hours": age // HOUR_MS, "file": mark.file}
    if age > _BACKUP_WARN_MS:
        yield Check("backup", "fail" if age > _BACKUP_FAIL_MS else "warn", "backup-old", values)
    else:
        yield Check("backup", "ok", "backup-ok", values)


def check_mirror(patient: Patient) -> Iterator[Check]:
    """There is a copy of the key store elsewhere, and it follows erasures within a day."""
    mark = read_mark(patient.home, MIRROR)
    if mark is None:
        yield Check("mirror", "warn", "mirror-none" if patient.home.mirror else "mirror-unset")
        return
    age = patient.now_ms - mark.time_ms
    values = {"hours": age // HOUR_MS, "file": mark.file}
    if age > _MIRROR_WARN_MS:
        yield Check("mirror", "warn", "mirror-old", values)
    else:
        yield Check("mirror", "ok", "mirror-ok", values)


def check_erasures(patient: Patient) -> Iterator[Check]:
    """What was due for erasure is erased, but for what is still leaving."""
    count = unerased(patient.now_ms - _ERASED_HOURS * HOUR_MS)
    if count:
        yield Check("erasures", "warn", "erasures-late", {"count": count, "hours": _ERASED_HOURS})
    else:
        yield Check("erasures", "ok", "erasures-ok")
