"""Who of the registers may be meant: names by any spelling, birth years, numbers of documents.

Invariant: names stand in the memory of this process and nowhere else; the index is made from the stored entries once
per process and follows their register's version. It proposes, with reasons that a person can judge; it decides nothing
(Directive (EU) 2016/680, Article 11). The score is no probability.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from tansiq.exchange.context import Context
from tansiq.keystore.store import KeyStore
from tansiq.names import MAX_NAME, Hit, NameIndex, Years, folded
from tansiq.policy.subjects import Name, Subject
from tansiq.registers.listed import ListedPerson
from tansiq.registers.queries import Stored, entries, readable_entry, register_versions

__all__ = ["SAME_DOCUMENT", "PossibleMatch", "RegisterIndex", "index_of", "match_person", "names_of", "years_of"]

SAME_DOCUMENT = "registers.document-same"
_BY_DOCUMENT_ALONE = 0.6
_LEAST = 0.5
"""A name that fits worse is not proposed: it would bury the others."""
_CIRCA = 2
_MOST_NAMES = 8
_OF_THE_PERSON = frozenset({"name.full", "name.alias", "name.previous", "name.nickname", "name.false"})


@dataclass(frozen=True, slots=True)
class PossibleMatch:
    """An entry that may be meant: ``score`` 0 to 1, the ``name`` of it that fits best, and the reasons as codes."""

    entry: bytes
    register: str
    reference: str
    score: float
    name: str
    reasons: tuple[str, ...]


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


def years_of(subject: Subject) -> Years | None:
    """First and last year in which the person may be born, over all dates given."""
    years = [
        year
        for birth in subject.births
        for year in (birth.earliest().year - _CIRCA * birth.circa, birth.latest().year + _CIRCA * birth.circa)
    ]
    return (min(years), max(years)) if years else None


def _number(written: str) -> str:
    """A document's number in one form: letters and digits without what stands between."""
    return "".join(folded(written[:MAX_NAME]).split())


class RegisterIndex:
    """The persons of all registers of one node, in memory. May be shared by threads."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._names = NameIndex()
        self._known: dict[bytes, tuple[str, str, tuple[str, ...]]] = {}
        self._numbers: dict[str, set[bytes]] = {}
        self._versions: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def refresh(self) -> None:
        """Brings the index to the registers' present versions; cheap when nothing has changed."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        now = register_versions()
        if now == self._versions:
            return
        if any(now.get(register, 0) < version for register, version in self._versions.items()):
            self._clear()  # a backup was restored
        for register, version in now.items():
            for stored in entries(register, since=self._versions.get(register, 0)):
                self._take(stored)
            self._versions[register] = version

    def _take(self, stored: Stored) -> None:
        self._names.remove(stored.id)
        for number in self._known.pop(stored.id, ("", "", ()))[2]:
            self._numbers[number].discard(stored.id)
        entry = readable_entry(stored, self._keys)
        if not isinstance(entry, ListedPerson):
            return
        self._names.add(stored.id, entry.searchable, entry.birth_years)
        numbers = tuple({number for document in entry.documents if len(number := _number(document.number)) > 3})
        self._known[stored.id] = (stored.register, stored.reference, numbers)
        for number in numbers:
            self._numbers.setdefault(number, set()).add(stored.id)

    def match(self, subject: Subject, *, limit: int = 10) -> list[PossibleMatch]:
        """The persons who may be meant by ``subject``, the best first, at most ``limit``; none for what is no person.

        As the registers were at the last `refresh`.
        """
        if not subject.is_person:
            return []
        asked = {number for one in subject.identifiers if len(number := _number(one.number)) > 3}
        years, names = years_of(subject), names_of(subject)
        with self._lock:
            best: dict[bytes, Hit] = {}
            for name in names:
                for hit in self._names.search(name, birth=years, limit=limit):
                    if hit.score >= _LEAST and (hit.id not in best or hit.score > best[hit.id].score):
                        best[hit.id] = hit
            for entry in {entry for number in asked for entry in self._numbers.get(number, ())}:
                hit = best.get(entry, Hit(entry, 0.0, "", ()))
                raised = max(_BY_DOCUMENT_ALONE, hit.score + 0.5 * (1.0 - hit.score))
                best[entry] = replace(hit, score=round(raised, 4), reasons=(*hit.reasons, SAME_DOCUMENT))
            found = sorted(best.values(), key=lambda hit: (-hit.score, hit.id))[:limit]
            return [PossibleMatch(hit.id, *self._known[hit.id][:2], hit.score, hit.name, hit.reasons) for hit in found]


_indexes: WeakKeyDictionary[KeyStore, RegisterIndex] = WeakKeyDictionary()
_making = threading.Lock()


def index_of(context: Context) -> RegisterIndex:
    """The index of this node, made when it is asked for the first time."""
    with _making:
        index = _indexes.get(context.keys)
        if index is None:
            index = _indexes[context.keys] = RegisterIndex(context.keys)
        return index


def match_person(subject: Subject, *, context: Context, limit: int = 10) -> list[PossibleMatch]:
    """The persons of the registers, as they are now, who may be meant by ``subject``, the best first."""
    index = index_of(context)
    index.refresh()
    return index.match(subject, limit=limit)
