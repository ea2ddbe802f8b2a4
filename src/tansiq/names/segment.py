"""Many persons' names as a few arrays: the vocabulary of parts, who bears which, and what else is known of each.

Invariant: the arrays never change after ``build`` (who leaves is marked in ``alive``), hold no Python objects, and are made
anew, equal, from the same persons. ``arrays`` and ``from_arrays`` are each other's inverse: whoever keeps a segment somewhere
encrypts those bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.compounds import Unit, units
from tansiq.names.distance import is_arabic
from tansiq.names.facts import Birth, Facts, number_key
from tansiq.names.fold import folded
from tansiq.names.parts import Part, part_of
from tansiq.names.signs import LONGEST

__all__ = ["Segment", "build", "contents", "identity"]

Array = npt.NDArray[Any]
_FIELDS: Final = (
    "signs", "lengths", "penalties", "arabic", "reading_offsets", "weights", "initials", "key_hashes", "key_parts",
    "name_offsets", "name_parts", "name_persons", "name_weights", "posting_offsets", "postings", "texts", "text_offsets",
    "ids", "id_offsets", "id_hashes", "id_order", "births", "facts", "fact_offsets", "document_hashes", "document_persons",
)  # fmt: skip


def identity(person: bytes) -> int:
    """A number for an id, by which it is looked up."""
    return int.from_bytes(hashlib.blake2b(person, digest_size=8).digest(), "little")


class Segment:
    """One set of persons. ``alive`` says for each person whether it still counts; everything else is fixed."""

    __slots__ = ("alive", *_FIELDS)

    signs: Array
    lengths: Array
    penalties: Array
    arabic: Array
    reading_offsets: Array
    weights: Array
    initials: Array
    key_hashes: Array
    key_parts: Array
    name_offsets: Array
    name_parts: Array
    name_persons: Array
    name_weights: Array
    posting_offsets: Array
    postings: Array
    texts: Array
    text_offsets: Array
    ids: Array
    id_offsets: Array
    id_hashes: Array
    id_order: Array
    births: Array
    facts: Array
    fact_offsets: Array
    document_hashes: Array
    document_persons: Array

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        for field in _FIELDS:
            setattr(self, field, arrays[field])
        self.alive = np.ones(self.persons, np.bool_)

    @property
    def persons(self) -> int:
        """How many persons were put in."""
        return len(self.id_offsets) - 1

    @property
    def names(self) -> int:
        """How many names were put in."""
        return len(self.name_offsets) - 1

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(int(getattr(self, field).nbytes) for field in _FIELDS)

    def arrays(self) -> dict[str, Array]:
        """Everything but ``alive``, by name."""
        return {field: getattr(self, field) for field in _FIELDS}

    def person_id(self, number: int) -> bytes:
        """The id under which a person was put in."""
        return self.ids[self.id_offsets[number] : self.id_offsets[number + 1]].tobytes()

    def name_text(self, number: int) -> str:
        """A name as it was put in."""
        return self.texts[self.text_offsets[number] : self.text_offsets[number + 1]].tobytes().decode("utf-8")

    def part_texts(self, number: int) -> list[str]:
        """The parts of a name, folded, in its order."""
        return [unit.text for unit in units(folded(self.name_text(number)))]

    def facts_of(self, number: int) -> Facts:
        """What else is known of a person."""
        stored = self.facts[self.fact_offsets[number] : self.fact_offsets[number + 1]].tobytes()
        first, last = self.births[number].tolist()
        return Facts.from_bytes(stored) if stored or not first else Facts(births=(Birth(first, last),))

    def names_of(self, number: int) -> list[str]:
        """All names of a person, in their order."""
        first, last = np.searchsorted(self.name_persons, (number, number + 1))
        return [self.name_text(name) for name in range(int(first), int(last))]

    def find(self, person: bytes) -> int:
        """The number of a person who counts; -1 when there is none."""
        wanted = np.uint64(identity(person))
        at = int(np.searchsorted(self.id_hashes, wanted))
        while at < len(self.id_hashes) and self.id_hashes[at] == wanted:
            number = int(self.id_order[at])
            if self.alive[number] and self.person_id(number) == person:
                return number
            at += 1
        return -1

    def bearers(self, document: str) -> list[int]:
        """The numbers of the persons who count and bear ``document``, a number as `number_key` writes it."""
        wanted = np.uint64(identity(document.encode()))
        first = int(self.document_hashes.searchsorted(wanted))
        last = first
        while last < len(self.document_hashes) and self.document_hashes[last] == wanted:
            last += 1
        return [
            number
            for number in self.document_persons[first:last].tolist()
            if self.alive[number] and document in map(number_key, self.facts_of(number).documents)
        ]


def _offsets(lengths: list[int]) -> Array:
    out = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=out[1:])
    return out if out[-1] > 2**31 - 1 else out.astype(np.int32)


class _Vocabulary:
    """Parts get numbers as they are met."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._numbers: dict[Unit, int] = {}

    def number(self, unit: Unit) -> int:
        found = self._numbers.get(unit)
        if found is None:
            found = self._numbers[unit] = len(self.parts)
            self.parts.append(part_of(unit))
        return found

    def arrays(self) -> dict[str, Array]:
        rows = [reading for part in self.parts for reading in part.readings]
        signs = b"".join(reading.signs.ljust(LONGEST, b"\0") for reading in rows)
        keys = np.fromiter((key for part in self.parts for key in part.keys), np.uint32)
        owners = np.repeat(np.arange(len(self.parts), dtype=np.int32), [len(part.keys) for part in self.parts])
        order = np.lexsort((owners, keys))
        return {
            "signs": np.frombuffer(signs, np.uint8).reshape(-1, LONGEST),
            "lengths": np.array([len(reading.signs) for reading in rows], np.uint8),
            "penalties": np.array([reading.penalty for reading in rows], np.float32),
            "arabic": np.array([is_arabic(reading.signs) for reading in rows], np.bool_),
            "reading_offsets": _offsets([len(part.readings) for part in self.parts]),
            "weights": np.array([part.weight for part in self.parts], np.float32),
            "initials": np.array([part.initial & 255 for part in self.parts], np.uint8),
            "key_hashes": keys[order],
            "key_parts": owners[order],
        }


def _postings(name_offsets: Array, name_parts: Array, size: int) -> dict[str, Array]:
    owners = np.repeat(np.arange(len(name_offsets) - 1, dtype=np.int32), np.diff(name_offsets))
    order = np.argsort(name_parts, kind="stable")
    offsets = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(name_parts, minlength=size), out=offsets[1:])
    return {"posting_offsets": offsets.astype(np.int32), "postings": owners[order]}


def build(persons: Iterable[tuple[bytes, Iterable[str], Facts]]) -> Segment:
    """A segment of ``(id, names, facts)``; a name without a letter is left out. Raises BadInput (``names.too-long``)."""
    vocabulary = _Vocabulary()
    ids: list[bytes] = []
    numbers: list[int] = []
    counts: list[int] = []
    owners: list[int] = []
    texts: list[bytes] = []
    facts: list[bytes] = []
    births: list[tuple[int, int]] = []
    documents: list[tuple[int, int]] = []
    for person, names, known in persons:
        for name in dict.fromkeys(names):
            found = [vocabulary.number(unit) for unit in units(folded(name))]
            if found:
                numbers += found
                counts.append(len(found))
                owners.append(len(ids))
                texts.append(name.encode("utf-8", "replace"))
        keys = {key for number in known.documents if (key := number_key(number))}
        documents += [(identity(key.encode()), len(ids)) for key in keys]
        ids.append(person)
        facts.append(known.to_bytes() if known.beyond_span else b"")
        births.append(known.span)
    made = vocabulary.arrays()
    name_offsets, name_parts = _offsets(counts), np.array(numbers, np.int32)
    hashes = np.fromiter((identity(one) for one in ids), np.uint64, len(ids))
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    documents.sort()
    sums = np.zeros(len(numbers) + 1, np.float64)
    np.cumsum(made["weights"][name_parts] if len(numbers) else [], out=sums[1:])
    made |= _postings(name_offsets, name_parts, len(vocabulary.parts))
    made |= {
        "name_offsets": name_offsets,
        "name_parts": name_parts,
        "name_persons": np.array(owners, np.int32),
        "name_weights": (sums[name_offsets[1:]] - sums[name_offsets[:-1]]).astype(np.float32),
        "texts": np.frombuffer(b"".join(texts), np.uint8),
        "text_offsets": _offsets([len(text) for text in texts]),
        "ids": np.frombuffer(b"".join(ids), np.uint8),
        "id_offsets": _offsets([len(one) for one in ids]),
        "id_hashes": hashes[order],
        "id_order": order,
        "births": np.array(births, np.int32).reshape(-1, 2),
        "facts": np.frombuffer(b"".join(facts), np.uint8),
        "fact_offsets": _offsets([len(one) for one in facts]),
        "document_hashes": np.array([key for key, _ in documents], np.uint64),
        "document_persons": np.array([person for _, person in documents], np.int32),
    }
    return Segment(made)


def contents(segment: Segment) -> Iterator[tuple[bytes, list[str], Facts]]:
    """The persons who still count, as they were put in."""
    bounds = np.searchsorted(segment.name_persons, np.arange(segment.persons + 1))
    for number in np.flatnonzero(segment.alive):
        names = [segment.name_text(at) for at in range(int(bounds[number]), int(bounds[number + 1]))]
        yield segment.person_id(int(number)), names, segment.facts_of(int(number))
