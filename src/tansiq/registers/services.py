"""Importing a list into a register: read, brought together with what is known, stored in one commit.

Invariant: a file is taken whole or not at all; the same file again changes nothing; an older file than the last is
refused. A field of the newer list that is damaged does not take the place of a good older value
(``unlist.carry_over``), and an entry that could not be read does not make the known one leave. Keys are committed
before the entries, old keys are erased after; a crash between leaves what `sweep_superseded`, and the next import,
finish.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.db import connection, transaction

from tansiq.errors import Conflict
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Contents
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import Concealed, conceal
from tansiq.protocol.ids import IdMaker
from tansiq.registers.damage import CHUNK, MAX_BYTES
from tansiq.registers.listed import Entry, ListedPerson
from tansiq.registers.queries import Stored, entries, open_entry
from tansiq.registers.unlist import ImportReport, Skipped, carry_over, read_un_list

__all__ = ["UN_REGISTER", "case_of", "import_un_list", "sweep_superseded"]

UN_REGISTER = "un"
_KEYS_AT_ONCE = 250
_maker = IdMaker()
Progress = Callable[[Mapping[str, Any]], None]


def case_of(register: str) -> bytes:
    """The case to which the keys of a register's entries belong."""
    return hashlib.sha256(f"register {register}".encode()).digest()[:16]


@dataclass(slots=True)
class _Plan:
    """What an import will write: ``(id, thing, concealed, entry)`` of what is new or changed, and what leaves."""

    written: list[tuple[bytes, bytes, Concealed, Entry, bool]] = field(default_factory=list)
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


def _known_register(register: str) -> tuple[int, str, bytes]:
    """Version, publisher's day and file digest; zero and empty for a register that is not there yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, generated, digest FROM registers_register WHERE name = %s", (register,))
        row = cursor.fetchone()
    return (row[0], row[1], bytes(row[2])) if row else (0, "", b"")


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
        older = open_entry(stored, context.keys) if stored is not None else None
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
        plan.written.append(
            (stored.id if stored is not None else _maker.make(now_ms), thing, concealed, entry, stored is None)
        )
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
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO registers_entry (id, register, reference, kind, changed, listed, faults, first_ms, thing, commitment, concealed) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, "
            "changed = excluded.changed, listed = excluded.listed, faults = excluded.faults, thing = excluded.thing, "
            "commitment = excluded.commitment, concealed = excluded.concealed",
            [
                (
                    entry_id, register, entry.reference, "person" if isinstance(entry, ListedPerson) else "entity", version, True,
                    len(entry.faults), now_ms, thing, concealed.commitment, concealed.ciphertext,
                )
                for entry_id, thing, concealed, entry, _ in plan.written
            ],
        )  # fmt: skip
        cursor.executemany(
            "UPDATE registers_entry SET listed = %s, changed = %s, concealed = NULL WHERE id = %s",
            [(False, version, stored.id) for stored in plan.gone],
        )
        cursor.executemany(
            "INSERT INTO registers_superseded (thing) VALUES (%s) ON CONFLICT DO NOTHING",
            [(thing,) for thing in plan.superseded],
        )


def _store(
    plan: _Plan,
    result: dict[str, Any],
    *,
    register: str,
    version: int,
    digest: bytes,
    context: Context,
    officer: str,
    progress: Progress,
) -> None:
    """Keys first, then everything else in one commit. Raises Conflict when another import was quicker."""
    now_ms, case = context.clock(), case_of(register)
    for at in range(0, len(plan.written), _KEYS_AT_ONCE):
        chunk = plan.written[at : at + _KEYS_AT_ONCE]
        context.keys.put_contents([Contents(thing, case, (concealed.key,)) for _, thing, concealed, _, _ in chunk])
        progress({"phase": "storing", "done": at + len(chunk), "total": len(plan.written)})
    thing = _maker.make(now_ms)
    report = conceal(encode(result), statement_id=thing, place=0)
    context.keys.put_contents([Contents(thing, case, (report.key,))])
    access = Access(
        operation=Operation.COLLECTION,
        officer=officer,
        thing=thing,
        purpose="",
        justification=f"register {register}",
        time_ms=now_ms,
    )
    with transaction.atomic():
        log_access([access], keys=context.keys)
        if _known_register(register)[0] != version:
            raise Conflict("registers.import-running", register=register)
        with connection.cursor() as cursor:
            cursor.execute("SELECT thing FROM registers_register WHERE name = %s", (register,))
            if (row := cursor.fetchone()) is not None:
                plan.superseded.append(bytes(row[0]))
            cursor.execute(
                "INSERT INTO registers_register (name, version, generated, digest, imported_ms, thing, commitment, report) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET version = excluded.version, "
                "generated = excluded.generated, digest = excluded.digest, imported_ms = excluded.imported_ms, thing = excluded.thing, "
                "commitment = excluded.commitment, report = excluded.report",
                (
                    register,
                    version + 1,
                    result["generated"],
                    digest,
                    now_ms,
                    thing,
                    report.commitment,
                    report.ciphertext,
                ),
            )
        _write_entries(plan, register=register, version=version + 1, now_ms=now_ms)


def import_un_list(
    stream: BinaryIO,
    *,
    context: Context,
    officer: str,
    register: str = UN_REGISTER,
    progress: Progress = lambda _: None,
    removals: bool = False,
) -> dict[str, Any]:
    """Imports the list in ``stream`` into ``register`` by the hand of ``officer`` (a service number); returns the
    report.

    ``removals`` lets a list pass that more than half of the known entries have left. Raises BadInput (``unlist.…``,
    then nothing has changed) and Conflict: an older list than the last, too many removals, another import meanwhile.
    """
    whole = stream if stream.seekable() else io.BytesIO(stream.read(MAX_BYTES + 1))
    version, generated, digest = _known_register(register)
    new_digest = _digest(whole)
    if new_digest == digest:
        sweep_superseded(context=context)
        return {"register": register, "generated": generated, "changed": False, "entries": _listed(register)}
    found, skipped, report = _read(whole, progress)
    if report.generated and generated and report.generated < generated:
        raise Conflict("registers.older-list", generated=report.generated, known=generated)
    known = {stored.reference: stored for stored in entries(register)}
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
    _store(
        plan,
        result,
        register=register,
        version=version,
        digest=new_digest,
        context=context,
        officer=officer,
        progress=progress,
    )
    sweep_superseded(context=context)
    return result


def _listed(register: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM registers_entry WHERE register = %s AND listed", (register,))
        count: int = cursor.fetchone()[0]
    return count


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
