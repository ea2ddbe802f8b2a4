"""`tansiq names`: lists matched as programs do it, pairs explained as people read it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

POPULATION = [
    "P1\tخالد الشرقاوي\t1979-03-05\tar",
    "P2\tKarim Alami\t1980\tlat",
    "P3\tAbdeslam El Hamdaoui\t\tlat",
    "P4\tHassan Tazi",
]


def run(*arguments: str, asked: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TANSIQ_LANGUAGE": "en", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "tansiq.cli", *arguments]
    return subprocess.run(command, input=asked, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_questions_are_answered_line_by_line_and_the_last_line_measures(tmp_path: Path, packed: bool) -> None:
    file = tmp_path / ("persons.tsv.gz" if packed else "persons.tsv")
    text = ("\n".join(POPULATION) + "\n").encode()
    file.write_bytes(gzip.compress(text) if packed else text)
    questions = [
        {"qid": "a", "query": "Jaled Cherkaui", "dob": "1979"},
        {"qid": "b", "query": "عبد السلام الحمداوي"},
        {"qid": "c", "query": "x" * 10_000},
        {"qid": "d", "query": "", "dob": None},
    ]
    made = run("names", "match", "--population", str(file), "--limit", "2", asked="\n".join(map(json.dumps, questions)))
    assert made.returncode == 0, made.stderr
    answers = {one["qid"]: one["hits"] for one in map(json.loads, made.stdout.splitlines())}
    assert list(answers) == ["a", "b", "c", "d"]
    assert answers["a"][0]["id"] == "P1"
    assert answers["b"][0]["id"] == "P3"
    assert answers["c"] == answers["d"] == []
    assert all(len(hits) <= 2 and all(0.0 <= hit["p"] <= 1.0 for hit in hits) for hits in answers.values())
    figures = json.loads(made.stderr.splitlines()[-1])
    assert (figures["persons"], figures["questions"]) == (4, 4)
    assert {"build_s", "questions_per_s", "p50_ms", "p95_ms", "peak_mib"} <= figures.keys()


@pytest.mark.parametrize("question", ["{", '{"qid": "a"}', "[]", '{"qid": 1, "query": "x"}'])
def test_a_question_that_is_none_is_told_by_its_line(tmp_path: Path, question: str) -> None:
    file = tmp_path / "persons.tsv"
    file.write_text("\n".join(POPULATION), encoding="utf-8")
    made = run("names", "match", "--population", str(file), asked=question)
    assert made.returncode == 2
    assert "[cli.question-line]" in made.stderr
    assert "Traceback" not in made.stderr


def test_a_population_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "persons.tsv"
    file.write_text("P1\n", encoding="utf-8")
    assert "[cli.population-line]" in run("names", "match", "--population", str(file)).stderr
    assert "[cli.no-file]" in run("names", "match", "--population", str(tmp_path / "none")).stderr


def test_a_pair_is_explained_part_by_part_and_adds_up() -> None:
    made = json.loads(run("names", "explain", "Jaled Cherkaui", "خالد الشرقاوي", "--json").stdout)
    assert sum(piece["log_odds"] for piece in made["pieces"]) == pytest.approx(made["log_odds"], abs=0.01)
    assert ["j", "خ"] in made["pieces"][0]["rules"]
    shown = run("--language", "ar", "names", "explain", "M\u043ehamed", "محمد").stdout
    assert "أبجدية" in shown
