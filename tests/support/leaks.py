"""Looking for what must not be readable at rest: words in every encoding in which somebody might have left them.

Invariant: a search that finds nothing has shown before that it finds what is planted, in each encoding (`planted`). Letters are compared
without case, so base64 is compared a little too generously: what is found is then a suspicion too much, never one too few. Only what is so
short that a hundred megabytes of sealed bytes hold it by chance, once in some two hundred runs, must stand as somebody or a program writes it.
"""

from __future__ import annotations

import base64
import sqlite3
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

__all__ = ["Needles", "files_below", "planted", "rows_of_postgresql", "rows_of_sqlite", "unpacked_backup"]

_PREFIX = 6
_LEAST_LETTERS = 5
_RUN = 4
_SHORT = 8
"""Shorter needles than this must stand in one of `_cases`: in any mixture of cases they occur by chance."""


def _forms(words: str) -> Iterator[str]:
    """The words as written, and without accents as an index might hold them."""
    whole = " ".join(words.split())
    yield whole
    yield "".join(sign for sign in unicodedata.normalize("NFKD", whole) if not unicodedata.combining(sign))


def _base64(data: bytes) -> Iterator[bytes]:
    """``data`` as it looks inside base64, wherever in a group of three it begins; the ends that mix with neighbours are left out."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data)
        yield encoded[(0, 2, 3)[shift] : len(encoded) // 4 * 4 - 4]


def _encodings(words: str) -> Iterator[tuple[str, bytes]]:
    for form in _forms(words):
        plain = form.encode()
        yield "utf-8", plain
        yield "utf-16-le", form.encode("utf-16-le")
        yield "utf-16-be", form.encode("utf-16-be")
        try:
            yield "latin-1", form.encode("latin-1")
        except UnicodeEncodeError:
            pass
        yield "hex", plain.hex().encode()
        yield "escaped", form.encode("unicode_escape")
        yield from (("base64", one) for one in _base64(plain))


def _cases(words: str, encoding: str, encoded: bytes) -> frozenset[bytes]:
    """How one encoding of ``words`` stands where it was left: as it is, small, capital, or with capitals at the beginning; base64 as it is."""
    if encoding == "base64":
        return frozenset({encoded})
    written = {words, words.lower(), words.upper(), words.title(), words.capitalize()}
    others = {found for one in written for name, found in _encodings(one) if name == encoding}
    return frozenset({encoded, encoded.lower(), encoded.upper(), *others})


@dataclass(frozen=True)
class Needles:
    """The words to look for, by the beginning of each encoding; a short one with the cases in which it counts."""

    by_prefix: Mapping[bytes, list[tuple[bytes, str, frozenset[bytes]]]]

    @classmethod
    def of(cls, *, names: Iterable[str], texts: Iterable[str] = ()) -> Needles:
        """Needles for ``names``, each whole and each part of it, and for ``texts``, in runs of four words: a page may end in the middle."""
        found: dict[bytes, list[tuple[bytes, str, frozenset[bytes]]]] = {}
        pieces = {piece for name in names for piece in _parts(name)} | {run for words in texts for run in _runs(words)}
        for one in pieces:
            for encoding, encoded in _encodings(one):
                needle = encoded.lower()
                if len(needle) >= _PREFIX:
                    cases = _cases(one, encoding, encoded) if len(needle) < _SHORT else frozenset[bytes]()
                    found.setdefault(needle[:_PREFIX], []).append((needle, f"{one!r} in {encoding}", cases))
        return cls(found)

    def __len__(self) -> int:
        return sum(len(needles) for needles in self.by_prefix.values())

    def found_in(self, data: bytes) -> set[str]:
        """What of the needles stands in ``data``."""
        haystack, known = data.lower(), self.by_prefix
        found = set()
        for at in range(len(haystack) - _PREFIX + 1):
            candidates = known.get(haystack[at : at + _PREFIX])
            if candidates is not None:
                found.update(
                    told
                    for needle, told, cases in candidates
                    if haystack.startswith(needle, at) and (not cases or data[at : at + len(needle)] in cases)
                )
        return found


def _parts(name: str) -> Iterator[str]:
    """The name whole, and each part of it that is long enough to be told from chance."""
    parts = [part.strip(".,;:()«»") for part in name.split()]
    yield name.strip()
    yield from (part for part in parts if len(part) > _LEAST_LETTERS)


def _runs(words: str) -> Iterator[str]:
    """Every run of four words; a shorter text whole."""
    parts = words.split()
    yield from (" ".join(parts[at : at + _RUN]) for at in range(max(1, len(parts) - _RUN + 1)))


def planted(words: str) -> dict[str, bytes]:
    """``words`` left behind in each encoding, in the middle of other bytes: what a search has to find."""
    noise = bytes(range(7, 256, 11)) * 9
    left = {name: noise + encoded + noise for name, encoded in _encodings(words) if name != "base64"}
    left["utf-8, other case"] = noise + words.upper().encode() + noise
    for shift in range(3):
        left[f"base64 at {shift}"] = noise + base64.b64encode(b"x" * shift + words.encode() + b"yz") + noise
    return left


def files_below(folder: Path, *, without: Iterable[Path] = ()) -> dict[str, bytes]:
    """Every file below ``folder`` (sockets left out), by its path."""
    left_out = {path.resolve() for path in without}
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.resolve() not in left_out:
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def unpacked_backup(path: Path) -> bytes:
    """What a backup holds: its first line, and the rest unpacked."""
    line, _, packed = path.read_bytes().partition(b"\n")
    return line + zlib.decompress(packed)


def _joined(rows: Iterable[Iterable[object]]) -> bytes:
    out = bytearray()
    for row in rows:
        for value in row:
            if isinstance(value, str):
                out += value.encode() + b"\0"
            elif isinstance(value, bytes | memoryview):
                out += bytes(value) + b"\0"
    return bytes(out)


def rows_of_sqlite(path: Path) -> dict[str, bytes]:
    """All values of every table of a database, by table: whole, however they lie on the pages."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: _joined(connection.execute(f'SELECT * FROM "{table}"')) for table in tables}
    connection.close()
    return found


def rows_of_postgresql(address: str) -> dict[str, bytes]:
    """All values of every table of a database, by table: also those that PostgreSQL keeps compressed."""
    found = {}
    with psycopg.connect(address) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
            found[table] = _joined(rows)
    return found
