"""How a node with a large register starts from its encrypted file of names: seconds and memory, as JSON.

    PYTHONPATH=src python bench/names/start.py --fill FOLDER --names /path/to/names --persons 1000000   # some minutes, 3 GB
    PYTHONPATH=src python bench/names/start.py --measure FOLDER                                         # a new process, seconds

``--fill`` makes a home with a register of invented persons (the distractors of the shared name data), stored as an import stores them,
each entry concealed under a key of its own; makes the index from the stored entries, keeps it, and says what that took.
``--measure`` starts as a node does, asks some questions, and says what each step took; memory is what the process holds beyond what it
held before. The folder is yours to remove.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECRET = b"an invented secret of a benchmark"
REGISTER = "bench"
AT_ONCE = 5_000
NATIONS = ("Morocco", "Spain", "Algeria", "France", "Tunisia")
QUESTIONS = 200


def _home(folder: Path) -> Any:
    from tansiq.node.home import Home  # noqa: PLC0415

    return Home(path=folder / "home", agency="es.cgi", population=1_000_000)


def _bound(folder: Path, *, new: bool) -> Any:
    """The opened key store of the home; Django is bound to its databases."""
    from tansiq.node.opening import bind  # noqa: PLC0415

    home = _home(folder)
    if new:
        for place in (home.path, home.data, home.run):
            place.mkdir(mode=0o700, parents=True)
    bind(home)
    from tansiq.keystore.store import create_key_store, open_key_store  # noqa: PLC0415
    from tansiq.node.creation import migrate  # noqa: PLC0415

    if not new:
        return home, open_key_store(SECRET)
    migrate()
    return home, create_key_store(SECRET)


def _persons(names: Path, count: int) -> Iterator[tuple[str, str, str]]:
    with gzip.open(names / "distractors.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in itertools.islice(lines, count):
            number, name, born = line.rstrip("\n").split("\t")[:3]
            yield number, name, born


def _fill(names: Path, count: int, keys: Any) -> None:
    from django.db import connection, transaction  # noqa: PLC0415

    from tansiq.keystore.store import Contents  # noqa: PLC0415
    from tansiq.protocol.cbor import encode  # noqa: PLC0415
    from tansiq.protocol.concealment import conceal  # noqa: PLC0415
    from tansiq.protocol.ids import IdMaker  # noqa: PLC0415
    from tansiq.registers.listed import BirthDate, ListedPerson, Name  # noqa: PLC0415
    from tansiq.registers.services import _ADD_ENTRY, _PUT_REGISTER, case_of  # noqa: PLC0415

    maker, now_ms = IdMaker(), 1_795_858_920_000
    persons = enumerate(_persons(names, count))
    while chunk := list(itertools.islice(persons, AT_ONCE)):
        contents, rows = [], []
        for at, (number, name, born) in chunk:
            entry = ListedPerson(
                reference=number,
                names=(Name(text=name, kind="main"),),
                births=(BirthDate(kind="exact", first=born, last=born),),
                nationalities=(NATIONS[at % len(NATIONS)],),
            )
            thing, entry_id = maker.make(now_ms), maker.make(now_ms)
            concealed = conceal(encode(entry.to_plain()), statement_id=thing, place=0)
            contents.append(Contents(thing, case_of(REGISTER), (concealed.key,)))
            rows.append(
                (entry_id, REGISTER, number, "person", 1, True, 0, now_ms, thing, concealed.commitment, concealed.ciphertext)
            )  # fmt: skip
        keys.put_contents(contents)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_ADD_ENTRY, rows)
    with connection.cursor() as cursor:
        thing = maker.make(now_ms)
        cursor.execute(_PUT_REGISTER, (REGISTER, 1, "2026-01-31", bytes(32), now_ms, thing, bytes(32), b"", ""))
        cursor.execute("ANALYZE")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _held() -> int:
    """MiB of memory that this process has now."""
    with Path("/proc/self/statm").open() as source:
        return int(source.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def _index(home: Any, keys: Any) -> Any:
    from tansiq.registers.matching import RegisterIndex  # noqa: PLC0415

    return RegisterIndex(keys, population=home.population, file=str(home.names_index))


def fill(folder: Path, names: Path, count: int) -> dict[str, Any]:
    """Makes everything; what it took."""
    began = time.perf_counter()
    home, keys = _bound(folder, new=True)
    _fill(names, count, keys)
    stored = time.perf_counter() - began
    index, before, began = _index(home, keys), _held(), time.perf_counter()
    index.rebuild()
    took = time.perf_counter() - began
    return {
        "stored_s": round(stored, 1), "rebuilt_s": round(took, 1), "rebuilt_grows_mib": _held() - before, "peak_mib": _peak(),
        **index.about(),
    }  # fmt: skip


def measure(folder: Path) -> dict[str, Any]:
    """Starts from the file, and asks."""
    from tansiq.policy.subjects import Name, Subject  # noqa: PLC0415

    home, keys = _bound(folder, new=False)
    from tansiq.registers.kept_index import kept_index  # noqa: PLC0415
    from tansiq.registers.queries import lost_entries  # noqa: PLC0415

    began = time.perf_counter()
    alone = kept_index(home.names_index, keys=keys)
    opened = time.perf_counter() - began
    if alone is None:
        sys.exit("there is no file of names that opens: --fill first")
    segment = next(iter(alone.segments.values()))
    asked = [segment.name_text(at * segment.names // QUESTIONS) for at in range(QUESTIONS)]
    del alone, segment
    began = time.perf_counter()
    lost = sum(1 for _ in lost_entries(keys))
    checked = time.perf_counter() - began
    index, before, began = _index(home, keys), _held(), time.perf_counter()
    index.refresh()
    started = time.perf_counter() - began
    held = _held() - before
    taken = []
    for name in asked:
        began = time.perf_counter()
        index.match(Subject(kind="subject.person", names=(Name(name, "Latn"),)))
        taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return {
        "persons": len(index),
        "file_mib": round(home.names_index.stat().st_size / 2**20, 1),
        "index_mib": round(index.about()["memory"] / 2**20, 1),
        "file_opened_s": round(opened, 2),
        "keys_checked_s": round(checked, 2),
        "started_s": round(started, 2),
        "grows_mib": held,
        "peak_mib": _peak(),
        "lost": lost,
        "question_median_ms": round(statistics.median(taken), 2),
        "question_p95_ms": round(taken[int(len(taken) * 0.95)], 2),
    }


def main() -> None:
    """Fills or measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fill", type=Path, metavar="FOLDER")
    parser.add_argument("--measure", type=Path, metavar="FOLDER")
    parser.add_argument("--names", type=Path, metavar="FOLDER", help="the shared name data")
    parser.add_argument("--persons", type=int, default=1_000_000)
    asked = parser.parse_args()
    if asked.fill is not None and asked.names is not None:
        print(json.dumps(fill(asked.fill, asked.names, asked.persons)))
    elif asked.measure is not None:
        print(json.dumps(measure(asked.measure)))
    else:
        parser.error("--fill FOLDER --names FOLDER, or --measure FOLDER")


if __name__ == "__main__":
    main()
