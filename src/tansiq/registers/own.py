"""Entries put in and ended one by one: whom another room keeps in a register, such as those who are sought or declared held.

Invariant: as for a list that is imported, an entry's content is concealed under a key of its own, which is kept before the row
and erased after the row has ended; the register's version counts each change, so every process's index follows. In the
caller's transaction: an entry is there exactly when what it stands for is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.db import connection, transaction

from tansiq.cases.sql import chunks, for_update, insert, marks
from tansiq.exchange.context import Context
from tansiq.keystore.store import Contents
from tansiq.policy.subjects import Identifier, Subject
from tansiq.policy.subjects import Name as Written
from tansiq.policy.values import PartialDate
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import conceal
from tansiq.protocol.docket import check_code
from tansiq.protocol.ids import IdMaker
from tansiq.registers.listed import BirthDate, Document, Entry, ListedPerson, Name
from tansiq.registers.queries import Stored, stored_entries
from tansiq.registers.services import case_of, sweep_superseded

__all__ = ["end_entries", "listed_person", "put_entries"]

_maker = IdMaker()
_ADD: Final = insert(
    "registers_entry",
    (
        "id", "register", "reference", "kind", "changed", "listed", "faults", "first_ms", "thing", "commitment",
        "concealed",
    ),
    "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, changed = excluded.changed, listed = excluded.listed, "
    "thing = excluded.thing, commitment = excluded.commitment, concealed = excluded.concealed",
)  # fmt: skip
_MAKE: Final = insert(
    "registers_register",
    ("name", "version", "generated", "digest", "imported_ms", "thing", "commitment", "report", "posts"),
)
_SUPERSEDE: Final = insert("registers_superseded", ("thing",), "ON CONFLICT DO NOTHING")
_QUALITIES: Final[Mapping[str, str]] = {"name.alias": "also", "name.nickname": "low", "name.previous": "former"}
_SEARCHED: Final = frozenset({"name.full", "name.alias", "name.previous", "name.nickname", "name.false"})


def _names(names: Sequence[Written]) -> Iterable[Name]:
    whole = [name for name in names if name.role in _SEARCHED]
    for name in whole:
        kind = "main" if name.role == "name.full" else "alias"
        yield Name(text=name.value, kind=kind, quality=_QUALITIES.get(name.role, ""))
    for script in dict.fromkeys(name.script for name in names):
        parts = [
            name.value for role in ("name.given", "name.family") for name in names if (name.role, name.script) == (role, script)
        ]  # fmt: skip
        if parts:
            yield Name(text=" ".join(parts), kind="main")


def _birth(date: PartialDate) -> BirthDate:
    if date.until_year is not None:
        return BirthDate(kind="between", first=f"{date.year:04}", last=f"{date.until_year:04}")
    first = "-".join([f"{date.year:04}"] + [f"{part:02}" for part in (date.month, date.day) if part is not None])
    return BirthDate(kind="approximate" if date.circa else "exact", first=first, last=first)


def _document(one: Identifier) -> Document:
    return Document(type=one.type, number=one.number, country=one.country or "")


def listed_person(subject: Subject, reference: str) -> ListedPerson:
    """A person as a register holds one: what tells the person from others, nothing of why."""
    return ListedPerson(
        reference=reference,
        names=tuple(_names(subject.names)),
        sex=subject.sex if subject.sex in {"F", "M"} else "",
        births=tuple(map(_birth, subject.births)),
        nationalities=subject.nationalities,
        documents=tuple(map(_document, subject.identifiers)),
    )


def _by_reference(register: str, references: Sequence[str]) -> dict[str, Stored]:
    """Those of the entries that are known, by reference; ended ones among them."""
    ids: list[bytes] = []
    for chunk in chunks(references):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id FROM registers_entry WHERE register = %s AND reference IN ({marks(chunk)})",
                [register, *chunk],
            )
            ids += [bytes(row[0]) for row in cursor.fetchall()]
    return {stored.reference: stored for stored in stored_entries(ids).values()}


def _next_version(register: str, *, context: Context) -> int:
    """The register's next version, held until the transaction ends; the register is made when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT version FROM registers_register WHERE name = %s{for_update()}", (register,))
        row = cursor.fetchone()
        if row is not None:
            cursor.execute(
                "UPDATE registers_register SET version = %s, imported_ms = %s WHERE name = %s",
                (row[0] + 1, context.clock(), register),
            )
            return int(row[0]) + 1
    now_ms = context.clock()
    thing = _maker.make(now_ms)
    report = conceal(encode({}), statement_id=thing, place=0)
    context.keys.put_contents([Contents(thing, case_of(register), (report.key,))])
    values = (register, 1, "", bytes(32), now_ms, thing, report.commitment, report.ciphertext, "")
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, values)
    return 1


def put_entries(register: str, entries: Sequence[Entry], *, context: Context) -> dict[str, bytes]:
    """Puts ``entries`` into ``register``, each in place of the one with its reference; returns their ids by reference.

    In the caller's transaction. Raises BadInput: the register's name is no code.
    """
    check_code(register)
    if not entries:
        return {}
    now_ms = context.clock()
    known = _by_reference(register, [entry.reference for entry in entries])
    things = [_maker.make(now_ms) for _ in entries]
    concealed = [
        conceal(encode(entry.to_plain()), statement_id=thing, place=0)
        for entry, thing in zip(entries, things, strict=True)
    ]
    ids = {one.reference: known[one.reference].id if one.reference in known else _maker.make(now_ms) for one in entries}
    context.keys.put_contents(
        [Contents(thing, case_of(register), (one.key,)) for thing, one in zip(things, concealed, strict=True)]
    )
    version = _next_version(register, context=context)
    with connection.cursor() as cursor:
        cursor.executemany(
            _ADD,
            [
                (
                    ids[entry.reference], register, entry.reference, "person" if isinstance(entry, ListedPerson) else "entity",
                    version, True, 0, now_ms, thing, one.commitment, one.ciphertext,
                )
                for entry, thing, one in zip(entries, things, concealed, strict=True)
            ],
        )  # fmt: skip
    _supersede([one.thing for one in known.values() if one.concealed is not None], context)
    return ids


def end_entries(register: str, references: Sequence[str], *, context: Context) -> int:
    """Ends the entries with these references, in the caller's transaction; returns how many were there."""
    known = [one for one in _by_reference(register, references).values() if one.listed]
    if not known:
        return 0
    version = _next_version(register, context=context)
    for chunk in chunks([one.id for one in known]):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE registers_entry SET listed = %s, changed = %s, concealed = NULL WHERE id IN ({marks(chunk)})",
                [False, version, *chunk],
            )
    _supersede([one.thing for one in known if one.concealed is not None], context)
    return len(known)


def _supersede(things: Sequence[bytes], context: Context) -> None:
    """Their keys are erased once the transaction holds; after a crash, with the next that are."""
    with connection.cursor() as cursor:
        cursor.executemany(_SUPERSEDE, [(thing,) for thing in things])
    if things:
        transaction.on_commit(lambda: _sweep(context), robust=True)


def _sweep(context: Context) -> None:
    sweep_superseded(context=context)
