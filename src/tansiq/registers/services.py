"""Importing a list into a register: read, brought together with what is known, stored in one commit.

Invariant: a file is taken whole or not at all; the same file again changes nothing; an older file than the last is
refused, and one of a day that has yet to come, for after it no list of today would be taken. A field of the newer list
that is damaged does not take the place of a good older value (``unlist.carry_over``), and an entry that could not be
read does not make the known one leave. Keys are committed before the entries, old keys are erased after; a crash
between leaves what `sweep_superseded`, and the next import, finish.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.db import connection, transaction

from tansiq.cases.sql import for_update, insert
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, Conflict, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Contents
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import Concealed, conceal
from tansiq.protocol.docket import check_code
from tansiq.protocol.ids import IdMaker
from tansiq.registers.damage import CHUNK, MAX_BYTES
from tansiq.registers.list_day import day_of
from tansiq.registers.listed import Entry, ListedPerson
from tansiq.registers.queries import Stored, entries, readable_entry, report_of
from tansiq.registers.unlist import ImportReport, Skipped, carry_over, read_un_list

__all__ = ["UN_REGISTER", "case_of", "import_un_list", "sweep_superseded"]

UN_REGISTER = "un"
_KEYS_AT_ONCE = 250
_AHEAD = dt.timedelta(days=2)
"""How far a list's day may lie before the node's clock: time zones, and clocks that go a little wrong."""
_ADD_ENTRY = insert(
    "registers_entry",
    (
        "id", "register", "reference", "kind", "changed", "listed", "faults", "first_ms", "thing", "commitment",
        "concealed",
    ),
    "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, changed = excluded.changed, listed = excluded.listed, "
    "faults = excluded.faults, thing = excluded.thing, commitment = excluded.commitment, "
    "concealed = excluded.concealed",
)  # fmt: skip
_ADD_SUPERSEDED = insert("registers_superseded", ("thing",), "ON CONFLICT DO NOTHING")
_PUT_REGISTER = insert(
    "registers_register",
    ("name", "version", "generated", "digest", "imported_ms", "thing", "commitment", "report", "posts"),
    "ON CONFLICT (name) DO UPDATE SET version = excluded.version, generated = excluded.generated, "
    "digest = excluded.digest, imported_ms = excluded.imported_ms, thing = excluded.thing, "
    "commitment = excluded.commitment, report = excluded.report, posts = excluded.posts",
)
_maker = IdMaker()
Progress = Callable[[Mapping[str, Any]], None]


def case_of(register: str) -> bytes:
    """The case to which the keys of a register's entries belong."""
    return hashlib.sha256(f"register {register}".encode()).digest()[:16]


@dataclass(slots=True)
class _Plan:
    """What an import will write: ``(id, thing, concealed, entry)`` of what is new or changed, and what leaves."""

    written: list[tuple[bytes, bytes, Concealed, Entry]] = field(default_factory=list)
    gone: list[Stored] = field(default_factory=list)
    superseded: list[bytes] = field(default_factory=list)
    damaged: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("added", "updated", "unchanged", "removed", "kept_older"), 0)
    )


def _digest(stream: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    stream.seek(0)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class _Known:
    """A register as it stands: all empty for one that is not there yet."""

    register: str
    version: int = 0
    generated: str = ""
    digest: bytes = b""
    thing: bytes = b""
    posts: str = ""


def _day_known(generated: str, *, today: dt.date) -> dt.date | None:
    """The day of the list that is in use; None where what was stored is no day, or one that no list can bear yet."""
    day = day_of(generated)
    return None if day is None or day > today + _AHEAD else day


def _check_day(generated: str, known: dt.date | None, *, today: dt.date) -> None:
    """Raises BadInput for a list of a day to come, Conflict for one older than ``known``."""
    day = day_of(generated)
    if day is not None and day > today + _AHEAD:
        raise BadInput("registers.future-list", generated=day, today=today)
    if day is not None and known is not None and day < known:
        raise Conflict("registers.older-list", generated=day, known=known)


def _known_register(register: str) -> _Known:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT version, generated, digest, thing, posts FROM registers_register WHERE name = %s{for_update()}",
            (register,),
        )
        row = cursor.fetchone()
    return _Known(register, row[0], row[1], bytes(row[2]), bytes(row[3]), row[4]) if row else _Known(register)


def _read(stream: BinaryIO, progress: Progress) -> tuple[list[Entry], list[Skipped], ImportReport]:
    report = ImportReport()
    found: list[Entry] = []
    skipped: list[Skipped] = []
    for count, outcome in enumerate(read_un_list(stream, report=report), 1):
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            found.append(outcome)
        if count % 100 == 0:
            progress({"phase": "reading", "done": count, "total": 0})
    return found, skipped, report


def _bring_together(found: list[Entry], known: dict[str, Stored], plan: _Plan, context: Context) -> None:
    """Fills the plan with what each entry of the file does to what is known."""
    now_ms = context.clock()
    for read in found:
        entry, stored = read, known.get(read.reference)
        kept = False
        older = readable_entry(stored, context.keys) if stored is not None else None
        if older is not None:
            entry, rule = carry_over(older, read)
            kept = rule.startswith("damage.kept-older")
            plan.counts["kept_older"] += kept
        plan.damaged += [
            {"reference": entry.reference, "field": fault.field, "reason": fault.reason, "kept_older": kept}
            for fault in entry.faults
        ]
        if older is not None and older == entry:
            plan.counts["unchanged"] += 1
            continue
        thing = _maker.make(now_ms)
        concealed = conceal(encode(entry.to_plain()), statement_id=thing, place=0)
        entry_id = stored.id if stored is not None else _maker.make(now_ms)
        plan.written.append((entry_id, thing, concealed, entry))
        plan.counts["updated" if stored is not None else "added"] += 1
        if stored is not None and stored.concealed is not None:
            plan.superseded.append(stored.thing)


def _leave(
    known: dict[str, Stored], found: list[Entry], skipped: list[Skipped], plan: _Plan, *, removals: bool
) -> None:
    """Adds to the plan what is listed no more. Raises Conflict when that is more than half."""
    named = {entry.reference for entry in found} | {gap.reference for gap in skipped}
    listed = [stored for stored in known.values() if stored.listed]
    plan.gone = [stored for stored in listed if stored.reference not in named]
    if len(plan.gone) * 2 > len(listed) and not removals:
        raise Conflict("registers.many-gone", gone=len(plan.gone), known=len(listed))
    plan.superseded += [stored.thing for stored in plan.gone]
    plan.counts["removed"] = len(plan.gone)


def _write_entries(plan: _Plan, *, register: str, version: int, now_ms: int) -> None:
    written = [
        (
            entry_id, register, entry.reference, "person" if isinstance(entry, ListedPerson) else "entity", version,
            True, len(entry.faults), now_ms, thing, concealed.commitment, concealed.ciphertext,
        )
        for entry_id, thing, concealed, entry in plan.written
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_ENTRY, written)
        cursor.executemany(
            "UPDATE registers_entry SET listed = %s, changed = %s, concealed = NULL WHERE id = %s",
            [(False, version, stored.id) for stored in plan.gone],
        )
        cursor.executemany(_ADD_SUPERSEDED, [(thing,) for thing in plan.superseded])


def _keep_keys(plan: _Plan, case: bytes, context: Context, progress: Progress) -> None:
    for at in range(0, len(plan.written), _KEYS_AT_ONCE):
        chunk = plan.written[at : at + _KEYS_AT_ONCE]
        context.keys.put_contents([Contents(thing, case, (concealed.key,)) for _, thing, concealed, _ in chunk])
        progress({"phase": "storing", "done": at + len(chunk), "total": len(plan.written)})


def _store(
    plan: _Plan, result: dict[str, Any], *, known: _Known, digest: bytes, posts: str, context: Context, officer: str
) -> None:
    """Writes everything in one commit; its keys are kept. Raises Conflict when another import was quicker."""
    now_ms, register = context.clock(), known.register
    thing = _maker.make(now_ms)
    report = conceal(encode(result), statement_id=thing, place=0)
    context.keys.put_contents([Contents(thing, case_of(register), (report.key,))])
    access = Access(
        operation=Operation.COLLECTION,
        officer=officer,
        thing=thing,
        purpose="",
        justification=f"register.{register}",
        time_ms=now_ms,
    )
    with transaction.atomic():
        log_access([access], keys=context.keys)
        if _known_register(register) != known:
            raise Conflict("registers.import-running", register=register)
        if known.thing:
            plan.superseded.append(known.thing)
        values = (
            register, known.version + 1, result["generated"], digest, now_ms, thing, report.commitment,
            report.ciphertext, posts,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_PUT_REGISTER, values)
        _write_entries(plan, register=register, version=known.version + 1, now_ms=now_ms)


def import_un_list(
    stream: BinaryIO,
    *,
    context: Context,
    officer: str,
    register: str = UN_REGISTER,
    progress: Progress = lambda _: None,
    removals: bool = False,
    posts: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Imports the list in ``stream`` into ``register`` by the hand of ``officer`` (a service number); returns the
    report; of the same file again, what the report of that import said of single entries.

    ``posts`` are those that may read the register: none at all means every desk, None leaves it as it is. ``removals`` lets a list
    pass that more than half of the known entries have left. Raises BadInput (``unlist.…``, a day to come; then nothing has changed),
    NotFound (no such post) and Conflict: an older list than the last, too many removals, another import meanwhile.
    """
    _check_name(register)
    whole = stream if stream.seekable() else io.BytesIO(stream.read(MAX_BYTES + 1))
    digest = _digest(whole)
    today = dt.datetime.fromtimestamp(context.clock() / 1000, dt.UTC).date()
    with transaction.atomic():
        before = _known_register(register)
        named = before.posts if posts is None else _posts(posts)
    known = {stored.reference: stored for stored in entries(register)}
    known_day = _day_known(before.generated, today=today)
    if known_day is not None and digest == before.digest and named == before.posts and _keys_are_there(known, context):
        sweep_superseded(context=context)
        listed = sum(stored.listed for stored in known.values())
        last = report_of(register, context.keys)
        told: dict[str, Any] = {name: last[name] for name in ("skipped", "faults", "damaged") if name in last}
        return {"register": register, "generated": before.generated, "changed": False, "entries": listed, **told}
    found, skipped, report = _read(whole, progress)
    _check_day(report.generated, known_day, today=today)
    plan = _Plan()
    _bring_together(found, known, plan, context)
    _leave(known, found, skipped, plan, removals=removals)
    result: dict[str, Any] = {
        "register": register,
        "generated": report.generated,
        "changed": True,
        "entries": report.persons + report.entities,
        "persons": report.persons,
        "entities": report.entities,
        "names": report.names,
        "original_scripts": report.original_scripts + plan.counts["kept_older"],
        **plan.counts,
        "skipped": [{"reference": gap.reference, "reason": gap.reason, "detail": gap.detail} for gap in skipped],
        "faults": report.reasons(),
        "damaged": plan.damaged,
    }
    _keep_keys(plan, case_of(register), context, progress)
    _store(plan, result, known=before, digest=digest, posts=named, context=context, officer=officer)
    sweep_superseded(context=context)
    return result


def _check_name(register: str) -> None:
    """Raises BadInput for what can't name a register."""
    try:
        check_code(register)
    except BadInput as error:
        raise BadInput("registers.wrong-name") from error


def _posts(posts: Sequence[str]) -> str:
    """The posts as they are stored. Raises NotFound for one that is not ours."""
    own = {one.id for one in own_directory().posts}
    for post in posts:
        if post not in own:
            raise NotFound("registers.unknown-post", post=post)
    return " ".join(sorted(set(posts)))


def _keys_are_there(known: dict[str, Stored], context: Context) -> bool:
    """Whether every listed entry still has its key: after a restored backup some may be gone."""
    things = [stored.thing for stored in known.values() if stored.concealed is not None]
    return len(context.keys.has_contents(things)) == len(things)


def sweep_superseded(*, context: Context) -> int:
    """Erases the keys of contents that were replaced or left a list; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing FROM registers_superseded")
        things = [bytes(row[0]) for row in cursor.fetchall()]
    for thing in things:
        context.keys.erase(thing)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("DELETE FROM registers_superseded WHERE thing = %s", [(thing,) for thing in things])
    return len(things)
