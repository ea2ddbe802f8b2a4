"""Who of the registers may be meant: names by any spelling, births, nationalities, parents, sex, numbers of documents.

Invariant: names stand in the memory of this process and nowhere else but in the encrypted file (`kept_index`); the index is
made from the stored entries once per process and follows their register's version. Each register is an index of its own: one that
an asker may not read is not asked. It proposes, with reasons that a person can judge; it decides nothing (Directive (EU) 2016/680,
Article 11) and learns nothing from decisions.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.keystore.store import KeyStore
from tansiq.names import MAX_NAME, Birth, Explanation, Facts, NameIndex, build, explain, search_by_any
from tansiq.policy.subjects import Name, Subject
from tansiq.policy.values import PartialDate
from tansiq.registers.kept_index import Kept, keep_index, kept_index
from tansiq.registers.listed import BirthDate, ListedPerson
from tansiq.registers.nations import nations_of
from tansiq.registers.queries import (
    Stored,
    changed_entries,
    lost_entries,
    readable_entry,
    references_of,
    register_posts,
    register_versions,
)

__all__ = [
    "SAME_DOCUMENT", "PossibleMatch", "RegisterIndex", "explain_match", "facts_of", "index_of", "known_facts", "match_person",
    "names_of",
]  # fmt: skip

SAME_DOCUMENT = "names.document-same"
_LEAST = 0.05
"""Whoever is less probable is not proposed: it would bury the others."""
_CIRCA = 2
_MOST_NAMES = 8
_WORTH_KEEPING = 1000
"""Entries that must have been read anew before the index is written to its file."""
_REMEMBERED = 50_000
"""Entries whose register and reference are kept in memory; others are looked up when they are found."""
_OF_THE_PERSON = frozenset({"name.full", "name.alias", "name.previous", "name.nickname", "name.false"})
_SEXES = {"F": "F", "M": "M"}


@dataclass(frozen=True, slots=True)
class PossibleMatch:
    """An entry that may be meant: ``score``, the probability 0 to 1, the ``name`` of it that fits best, the reasons as codes, and
    how many ``others`` fit as well.
    """

    entry: bytes
    register: str
    reference: str
    score: float
    name: str
    reasons: tuple[str, ...]
    others: int = 0


def names_of(subject: Subject) -> list[str]:
    """The names under which a person is looked for: whole ones, and given and family names of one script together."""
    whole = [name.value for name in subject.names if name.role in _OF_THE_PERSON]
    for script in dict.fromkeys(name.script for name in subject.names):
        joined = " ".join(_of(subject.names, "name.given", script) + _of(subject.names, "name.family", script))
        if joined:
            whole.append(joined)
    return list(dict.fromkeys(name[:MAX_NAME] for name in whole))[:_MOST_NAMES]


def _of(names: Iterable[Name], role: str, script: str) -> list[str]:
    return [name.value for name in names if name.role == role and name.script == script]


def _birth(date: PartialDate) -> Birth:
    more = _CIRCA * 10000 * date.circa
    if date.until_year is not None or date.month is None:
        return Birth(date.year * 10000 - more, (date.until_year or date.year) * 10000 + 9999 + more)
    month = date.year * 10000 + date.month * 100
    return Birth(month + (date.day or 0) - more, month + (date.day or 99) + more)


def facts_of(subject: Subject) -> Facts:
    """What a subject's record tells beside the names under which the person is looked for."""
    father, mother = (
        [name.value for name in subject.names if name.role == role] for role in ("name.father", "name.mother")
    )
    return Facts(
        births=tuple(_birth(date) for date in subject.births),
        nationalities=subject.nationalities,
        documents=tuple(one.number for one in subject.identifiers),
        father=father[0][:MAX_NAME] if father else "",
        mother=mother[0][:MAX_NAME] if mother else "",
        sex=_SEXES.get(subject.sex or "", ""),
    )


def _listed_birth(born: BirthDate) -> Birth | None:
    first, last = Birth.of(born.first), Birth.of(born.last or born.first)
    if first is None or last is None:
        return None
    more = _CIRCA * 10000 * (born.kind == "approximate")
    return Birth(first.first - more, last.last + more)


def known_facts(entry: ListedPerson) -> Facts:
    """What a list tells of a person beside the names."""
    births = [_listed_birth(born) for born in entry.births] + [Birth.of(name.born) for name in entry.names if name.born]
    return Facts(
        births=tuple(dict.fromkeys(birth for birth in births if birth is not None)),
        nationalities=nations_of(entry.nationalities),
        documents=tuple(dict.fromkeys(document.number for document in entry.documents if document.number)),
        sex=_SEXES.get(entry.sex, ""),
    )


class RegisterIndex:
    """The persons of all registers of one node, in memory; kept in ``file`` when it is named. May be shared by threads."""

    def __init__(self, keys: KeyStore, *, population: int, file: str = "") -> None:
        self._keys = keys
        self._file = Path(file) if file else None
        self._lock = threading.Lock()
        self._population = population
        self._started = False
        self._clear()

    def _clear(self) -> None:
        self._names: dict[str, NameIndex] = {}
        self._known: dict[bytes, tuple[str, str]] = {}
        self._versions: dict[str, int] = {}
        self._posts: dict[str, frozenset[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._names.values()))

    def refresh(self) -> None:
        """Brings the index to the registers' present versions; cheap when nothing has changed."""
        with self._lock:
            self._refresh()

    def rebuild(self) -> None:
        """Makes the index from the stored entries, and writes its file."""
        with self._lock:
            self._clear()
            self._started = True
            self._refresh(keep=True)

    def about(self) -> dict[str, int]:
        """Persons, names and bytes in memory, and the size of the file."""
        with self._lock:
            self._refresh()
            segments = [index.segment() for index in self._names.values()]
            return {
                "persons": len(self),
                "names": sum(segment.names for segment in segments),
                "memory": sum(segment.size for segment in segments),
                "file": self._file.stat().st_size if self._file is not None and self._file.exists() else 0,
            }

    def persons(self) -> dict[str, int]:
        """How many persons each register has."""
        with self._lock:
            self._refresh()
            return {register: len(index) for register, index in self._names.items()}

    def shared(self, posts: Collection[str]) -> frozenset[str]:
        """The registers that everybody in any of ``posts`` may read, as they were at the last `refresh`; without a post those for every
        desk. What is proposed out of them may be seen by all who see the matter.
        """
        with self._lock:
            return frozenset(name for name, own in self._posts.items() if not own or (posts and own.issuperset(posts)))

    def _refresh(self, *, keep: bool = False) -> None:
        now = register_versions()
        if not self._started:
            self._started = True
            self._start(now)
            self._posts = register_posts()
        if now == self._versions and not keep:
            return
        if any(now.get(register, 0) < version for register, version in self._versions.items()):
            self._clear()  # a backup was restored
        taken, self._posts = 0, register_posts()
        for register, version in now.items():
            if self._versions.get(register, 0) < version:
                taken += self._take_changes(register)
            self._versions[register] = version
        if self._file is not None and (keep or taken >= _WORTH_KEEPING):
            with contextlib.suppress(OSError):  # without it the next start takes longer, nothing else
                segments = {register: index.segment() for register, index in self._names.items()}
                keep_index(self._file, Kept(segments, self._versions), keys=self._keys)

    def _start(self, now: dict[str, int]) -> None:
        """Takes the kept index, where it is of these registers, without those whose keys are gone."""
        found = kept_index(self._file, keys=self._keys) if self._file is not None else None
        if found is None or any(now.get(register, 0) < version for register, version in found.versions.items()):
            return
        self._versions = dict(found.versions)
        for register, segment in found.segments.items():
            self._index(register).load(segment)
        for entry in lost_entries(self._keys):
            for index in self._names.values():
                index.remove(entry)

    def _index(self, register: str) -> NameIndex:
        return self._names.setdefault(register, NameIndex(self._population))

    def _take_changes(self, register: str) -> int:
        """Brings one register's index to what is stored; returns how many entries were read."""
        index, since = self._index(register), self._versions.get(register, 0)
        taken = 0

        def persons() -> Iterator[tuple[bytes, Sequence[str], Facts]]:
            nonlocal taken
            for stored in changed_entries(register, since=since):
                taken += 1
                index.remove(stored.id)
                self._known.pop(stored.id, None)
                try:
                    entry = readable_entry(stored, self._keys)
                except Error:  # altered: the node's self-check tells it, and all others are found
                    continue
                if isinstance(entry, ListedPerson):
                    self._remember(stored)
                    yield stored.id, entry.searchable, known_facts(entry)

        if len(index):
            for person in persons():
                index.add(*person)
        elif len((segment := build(persons())).id_hashes):
            index.load(segment)
        return taken

    def _remember(self, stored: Stored) -> None:
        if len(self._known) < _REMEMBERED:
            self._known[stored.id] = stored.register, stored.reference

    def _told(self, ids: Sequence[bytes]) -> dict[bytes, tuple[str, str]]:
        """Register and reference of entries, by id."""
        unknown = [one for one in ids if one not in self._known]
        found = references_of(unknown) if unknown else {}
        if len(self._known) + len(found) > _REMEMBERED:
            self._known.clear()
        self._known |= found
        return {one: self._known.get(one) or references_of([one])[one] for one in ids}

    def match(
        self, subject: Subject, *, limit: int = 10, registers: Collection[str] | None = None
    ) -> list[PossibleMatch]:
        """The persons of ``registers`` (None: of all) who may be meant by ``subject``, the best first, at most ``limit``; none for
        what is no person.

        As the registers were at the last `refresh`.
        """
        if not subject.is_person:
            return []
        facts, names = facts_of(subject), names_of(subject)
        if not names and not facts.documents:
            return []
        with self._lock:
            asked = [index for name, index in self._names.items() if registers is None or name in registers]
            found = search_by_any(asked, names, facts, limit=limit, least=_LEAST)
            told = self._told([hit.id for hit in found])
            return [
                PossibleMatch(hit.id, *told[hit.id], round(hit.probability, 4), hit.name, hit.reasons, hit.others)
                for hit in found
            ]


def explain_match(subject: Subject, entry: ListedPerson, *, context: Context) -> Explanation | None:
    """Why an entry was proposed for ``subject``, part by part, by the pair of names that fits best; None without names."""
    facts, known = facts_of(subject), known_facts(entry)
    found = [
        explain(asked, held, facts=facts, known=known, population=context.population)
        for asked in names_of(subject)
        for held in entry.searchable
    ]
    return max(found, key=lambda one: one.log_odds, default=None)


_indexes: WeakKeyDictionary[KeyStore, RegisterIndex] = WeakKeyDictionary()
_making = threading.Lock()


def index_of(context: Context) -> RegisterIndex:
    """The index of this node, made when it is asked for the first time."""
    with _making:
        index = _indexes.get(context.keys)
        if index is None:
            index = _indexes[context.keys] = RegisterIndex(
                context.keys, population=context.population, file=context.names_file
            )
        return index


def match_person(subject: Subject, *, context: Context, limit: int = 10) -> list[PossibleMatch]:
    """The persons of the registers, as they are now, who may be meant by ``subject``, the best first."""
    index = index_of(context)
    index.refresh()
    return index.match(subject, limit=limit)
