"""Doctor: what is wrong with this installation, and the cure.

Invariant: never raises and changes nothing; each check stands alone, so a broken database still lets the disk be looked at, and the
node need not run. A check names numbers, files, agencies and settings, never a person and nothing of a content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connections

from tansiq.errors import Error
from tansiq.exchange.context import system_clock
from tansiq.node.checks import Check, Patient
from tansiq.node.databases import databases_for
from tansiq.node.doctor_machine import check_clock, check_disk, check_home, check_running, check_unlock
from tansiq.node.doctor_peers import check_gaps, check_peers, check_quarantine, check_restoring, check_witness
from tansiq.node.doctor_service import check_fonts, check_metrics, check_notices, check_pages
from tansiq.node.doctor_stores import (
    check_backup,
    check_certificate,
    check_database,
    check_erasures,
    check_key_store,
    check_keys,
    check_mirror,
    check_schema,
)
from tansiq.node.home import Home, load_home
from tansiq.node.opening import bind

__all__ = ["doctor"]


@dataclass(frozen=True, slots=True)
class _Examination:
    name: str
    check: Callable[[Patient], Iterator[Check]]


_EXAMINATIONS = (
    _Examination("home", check_home),
    _Examination("unlock", check_unlock),
    _Examination("disk", check_disk),
    _Examination("running", check_running),
    _Examination("database", check_database),
    _Examination("schema", check_schema),
    _Examination("key-store", check_key_store),
    _Examination("certificate", check_certificate),
    _Examination("keys", check_keys),
    _Examination("clock", check_clock),
    _Examination("peers", check_peers),
    _Examination("gaps", check_gaps),
    _Examination("quarantine", check_quarantine),
    _Examination("witness", check_witness),
    _Examination("restoring", check_restoring),
    _Examination("backup", check_backup),
    _Examination("mirror", check_mirror),
    _Examination("erasures", check_erasures),
    _Examination("pages", check_pages),
    _Examination("fonts", check_fonts),
    _Examination("metrics", check_metrics),
    _Examination("notices", check_notices),
)


def doctor(home: Home | Path, *, now_ms: int | None = None) -> list[Check]:
    """Looks at a node, whether it runs or not, and says of each thing how it is. ``now_ms`` is UTC (the machine's when None)."""
    try:
        found = home if isinstance(home, Home) else load_home(home)
    except Error as error:
        return [Check("home", "fail", "home-missing", {"home": str(home), "error": error.code})]
    _bind_once(found)
    patient = Patient(found, system_clock() if now_ms is None else now_ms)
    checks: list[Check] = []
    for examination in _EXAMINATIONS:
        try:
            checks += examination.check(patient)
        except Exception as error:
            told = error.code if isinstance(error, Error) else type(error).__name__
            checks.append(Check(examination.name, "fail", "check-broken", {"error": told}))
    return checks


def _bind_once(home: Home) -> None:
    """Binds this process to the home, unless it is bound to it already (inside the running node)."""
    wanted = databases_for(home)
    if not settings.configured or any(
        connections.databases.get(alias, {}).get("NAME") != values["NAME"] for alias, values in wanted.items()
    ):
        bind(home)
