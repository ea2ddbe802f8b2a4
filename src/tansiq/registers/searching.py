"""Searching the registers for a person, and looking at an entry: for a reason, logged, and only of what the reader may read.

Invariant: what the reader may not read is not asked at all, so it takes no part in ranking, cutting or counting. Every search is in the
access journal with its justification, found or not, and so is each entry that was shown by it or opened (Directive (EU) 2016/680,
Article 25): the journal can say who has seen whom. The name that was searched stands nowhere in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.protocol.ids import new_id
from tansiq.registers.asked import Asked, Why
from tansiq.registers.listed import Entry
from tansiq.registers.matching import PossibleMatch, index_of
from tansiq.registers.queries import Stored, open_entry, readable_registers, stored_entries

__all__ = ["MOST_FOUND", "Opened", "Reader", "Searched", "open_for", "readable", "search_persons"]

MOST_FOUND: Final = 20


class Reader(Protocol):
    """Who searches: the service number and the posts."""

    @property
    def number(self) -> str:
        """The service number."""

    @property
    def posts(self) -> Sequence[str]:
        """Where that person works or stands in now."""


@dataclass(frozen=True, slots=True)
class Searched:
    """Who may be meant, the best first, and how many registers were asked."""

    matches: tuple[PossibleMatch, ...]
    registers: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry and its content; None: it has left its list."""

    stored: Stored
    content: Entry | None


def _access(thing: bytes, why: Why, deed: str, *, reader: Reader, now_ms: int) -> Access:
    return Access(
        operation=Operation.CONSULTATION,
        officer=reader.number,
        thing=thing,
        purpose=why.purpose,
        justification=why.justification(deed),
        ordered_by=why.ordered,
        time_ms=now_ms,
    )


def search_persons(asked: Asked, why: Why, *, context: Context, reader: Reader) -> Searched:
    """The persons of the registers, as they are now, who may be meant; the reader may read them. Logged.

    Raises BadInput ('registers.no-reason'): then nothing was searched.
    """
    why.verify()
    index, registers = index_of(context), readable_registers(reader.posts)
    index.refresh()
    matches = index.match(asked.subject, limit=MOST_FOUND, registers=registers)
    now_ms = context.clock()
    accesses = [_access(new_id(now_ms), why, "register.search", reader=reader, now_ms=now_ms)]
    accesses += [_access(match.entry, why, "register.found", reader=reader, now_ms=now_ms) for match in matches]
    log_access(accesses, keys=context.keys)
    return Searched(tuple(matches), len(registers))


def readable(entry: bytes, *, reader: Reader) -> Stored:
    """An entry that the reader may read, unopened. Raises NotFound, the same for one of others as for none."""
    stored = stored_entries([entry]).get(entry)
    if stored is None or stored.register not in readable_registers(reader.posts):
        raise NotFound("registers.unknown-entry", entry=entry.hex())
    return stored


def open_for(entry: bytes, why: Why, *, context: Context, reader: Reader) -> Opened:
    """An entry with its content, logged. Raises NotFound (unknown, or its key is lost) and BadInput (no justification)."""
    why.verify()
    stored = readable(entry, reader=reader)
    opened = Opened(stored, open_entry(stored, context.keys))
    log_access(
        [_access(entry, why, "register.show", reader=reader, now_ms=context.clock())],
        keys=context.keys,
    )
    return opened
