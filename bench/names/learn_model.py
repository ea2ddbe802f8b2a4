"""Learns how to weigh what an alignment says, and measures it: cross-validation over persons, never the sealed set.

    PYTHONPATH=src python bench/names/learn_model.py DEV_FOLDER POPULATION.tsv src/tansiq/names/model.json

A conditional choice (McFadden 1974): of all candidates and 'nobody' the right one shall be likely. One part of the persons
(by a hash of their id) is left out in turn; what is printed was learnt without it, what is written was learnt from all.
Needs scipy, which the node does not: `pip install scipy` in an environment of its own.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from tansiq.names.align import align
from tansiq.names.births import KINDS, birth_kinds
from tansiq.names.facts import Birth, Facts
from tansiq.names.features import FEATURES, features, told_of
from tansiq.names.model import DEFAULT_POPULATION
from tansiq.names.question import question_of
from tansiq.names.search import Searcher
from tansiq.names.segment import build

FOLDS, DEPTH, RIDGE = 5, 150, 3.0
MOST = {"both_count": -0.6}
"""In units of the feature's spread: a different name on both sides speaks against, whatever few examples say."""
BOUNDS = [(None, MOST.get(name, np.inf)) for name in ("constant", *FEATURES, *KINDS[1:])]
CONTRADICT = {"one-year": -1.0, "two-years": -1.0, "five-years": -2.0, "ten-years": -3.0, "far": -3.0}
"""Log-odds by judgement beside what is learnt of births that differ: in the lists the same person often stands with far
years of birth, which the papers of ordinary people do not show; without it every 20th question about nobody finds somebody."""
FACTS = {  # log-odds by judgement: the lists give too few of them to learn from
    "document-same": 9.0, "nationality-same": 0.7, "nationality-other": -0.7, "sex-same": 0.2, "sex-other": -3.0,
    "father-same": 2.5, "father-other": -1.5, "mother-same": 3.0, "mother-other": -1.5,
}  # fmt: skip


GIVEN = (
    ["كريم", "رشيد", "سمير", "عادل", "نبيل", "فؤاد", "جمال", "ياسين", "هشام", "طارق", "أنور", "بلال", "حمزة", "زكريا", "سفيان", "منير"],
    ["Karim", "Rachid", "Samir", "Adel", "Nabil", "Fouad", "Jamal", "Yassine", "Hicham", "Tariq", "Anwar", "Bilal", "Hamza",
     "Zakaria", "Javier", "Sergio", "Fernando", "Ricardo"],
)  # fmt: skip


@dataclass(slots=True)
class Asked:
    """One question: whose it is, whether the United Nations list has that person, the place of the right candidate (-1 nobody, -2 not
    found), and a row per candidate.
    """

    person: str
    listed: bool
    group: str
    pair: str
    right: int
    rows: Any


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _persons(path: Path) -> Iterator[tuple[bytes, list[str], Facts]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            number, name, date, _ = line.rstrip("\n").split("\t")
            born = Birth.of(date)
            yield number.encode(), [name], Facts(births=(born,) if born else ())


def _brothers(questions: list[Any]) -> list[Any]:
    """Questions about somebody with another given name in the same chain of names: nobody here is meant."""
    out = []
    for person, name, _, target, _, group in questions:
        words = name.split()
        if not target or len(words) < 3 or zlib.crc32(name.encode()) % 8:
            continue
        place = next((at for at, word in enumerate(words) if not word.isupper()), 0)
        given = GIVEN[1 if name.isascii() else 0]
        other = given[zlib.crc32(name.encode() + b"other") % len(given)]
        out.append((person, " ".join([*words[:place], other, *words[place + 1 :]]), "", "", "brother", group))
    return out


def asked(folder: Path, population: Path) -> list[Asked]:
    """Every question of the dev set, without and with the birth date."""
    searcher = Searcher(segment := build(_persons(population)))
    queries = [one for one in _lines(folder / "dev_queries.jsonl") if one["variant"]]
    absent = list(_lines(folder / "dev_absent.jsonl"))
    questions: list[Any] = [(q["target"], q["query"], q["dob"], q["target"], q["pair"], q["group"]) for q in queries]
    questions += [(q["qid"].split("-")[0], q["query"], q["dob"], "", "absent", q["group"]) for q in absent]
    questions += _brothers(questions)
    listed = {
        one["id"] for one in _lines(folder / "dev_targets.jsonl") if any(of.startswith("UN") for of in one["list_ids"])
    }
    out = []
    for person, name, date, target, pair, group in questions:
        question = searcher.prepared(question_of(name))
        aligned = align(searcher, question, searcher.candidates(question, DEPTH)[0])
        numbers = features(told_of(segment, question, aligned), question)
        owners = segment.name_persons[aligned.names]
        ids = [segment.person_id(int(owner)).decode() for owner in owners]
        right = -1 if not target else ids.index(target) if target in ids else -2
        for born in (None, Birth.of(date or "")):
            kinds = birth_kinds(born, segment.births[owners])
            rows = np.hstack([np.ones((len(ids), 1)), numbers, np.eye(len(KINDS))[kinds][:, 1:]])
            out.append(Asked(person, target in listed, group, pair, right, rows))
    return out


class Choice:
    """The questions as one block of rows."""

    def __init__(self, questions: list[Asked]) -> None:
        self.questions = questions
        self.rows = np.concatenate([one.rows for one in questions]).astype(np.float64)
        self.offsets = np.concatenate([[0], np.cumsum([len(one.rows) for one in questions])])
        self.owner = np.repeat(np.arange(len(questions)), np.diff(self.offsets))
        self.right = np.array([one.right for one in questions])
        self.folds = np.array([zlib.crc32(one.person.encode()) % FOLDS for one in questions])
        self.scale = self.rows.std(axis=0) + 1e-6
        self.scale[0] = 1.0

    def shares(self, points: Any) -> tuple[Any, Any]:
        """Log of each question's whole, and each candidate's share."""
        top = np.zeros(len(self.questions))
        np.maximum.at(top, self.owner, points)
        parts = np.exp(points - top[self.owner])
        whole = np.exp(-top) + np.bincount(self.owner, parts, len(self.questions))
        return top + np.log(whole), parts / whole[self.owner]

    def learn(self, kept: Any) -> Any:
        """The weights that make the right candidates of the ``kept`` questions likeliest."""
        kept = kept & (self.right != -2)
        mask = kept[self.owner]
        rows, owner = self.rows[mask] / self.scale, self.owner[mask]
        right = (self.offsets[:-1] + self.right)[kept & (self.right >= 0)]
        aim = (self.rows[right] / self.scale).sum(axis=0)
        count = len(self.questions)

        def loss(weights: Any) -> tuple[float, Any]:
            points = rows @ weights
            top = np.zeros(count)
            np.maximum.at(top, owner, points)
            parts = np.exp(points - top[owner])
            whole = np.exp(-top) + np.bincount(owner, parts, count)
            shares = parts / whole[owner]
            ridge = RIDGE * np.concatenate([[0.0], weights[1:]])
            value = (top + np.log(whole))[kept].sum() - aim @ weights + 0.5 * ridge @ weights
            return float(value), rows.T @ shares - aim + ridge

        found = minimize(
            loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300}, bounds=BOUNDS
        )
        return found.x / self.scale


def _outcome(top: Any, right: Any, known: Any, at: float) -> tuple[float, float]:
    passes = top >= at
    good = (passes & right).sum()
    precision, recall = good / max(1, passes.sum()), good / max(1, known.sum())
    return 2 * precision * recall / max(1e-9, precision + recall), 1000 * (passes & ~known).sum() / max(
        1, (~known).sum()
    )


def report(choice: Choice, points: Any, chosen: Any, name: str) -> None:
    """Prints the figures of cross-validation, with 95 % intervals by bootstrap over persons."""
    _, shares = choice.shares(points)
    found: list[tuple[int, float, bool]] = []
    for number in np.flatnonzero(chosen):
        one = choice.questions[number]
        mine = shares[choice.offsets[number] : choice.offsets[number + 1]]
        rank = 999 if one.right < 0 else int((mine >= mine[one.right]).sum())  # of equally good ones it is the last
        found.append((rank, float(mine.max(initial=0.0)), rank == 1))
    ranks, tops, rights = (np.array(column) for column in zip(*found, strict=True))
    asked_ = [choice.questions[number] for number in np.flatnonzero(chosen)]
    known = np.array([one.pair != "absent" for one in asked_])
    steps = np.linspace(0.05, 0.95, 181)
    best = max(steps, key=lambda at: _outcome(tops, rights, known, at)[0])
    persons = np.array([zlib.crc32(one.person.encode()) for one in asked_])
    unique, inverse = np.unique(persons, return_inverse=True)
    chance = np.random.default_rng(7)
    drawn: dict[str, list[float]] = {}
    cross = np.array([one.pair in {"ar->lat", "lat->ar"} for one in asked_])
    maghreb = np.array([one.group == "maghreb" for one in asked_])
    outside = np.array([not one.listed for one in asked_])

    def figures(weight: Any) -> dict[str, float]:
        out = {}
        for label, mask in (
            ("all", known), ("cross", cross & known), ("maghreb", maghreb & known), ("not-un", outside & known),
            ("not-un-cross", outside & cross & known),
        ):  # fmt: skip
            for depth in (1, 10):
                out[f"{label}@{depth}"] = float(
                    (weight * mask * (ranks <= depth)).sum() / max(1, (weight * mask).sum())
                )
        passes = tops >= best
        good = (weight * passes * rights).sum()
        precision, recall = good / max(1, (weight * passes).sum()), good / max(1, (weight * known).sum())
        out["f1"] = 2 * precision * recall / (precision + recall)
        out["alarms"] = 1000 * float((weight * passes * ~known).sum() / max(1, (weight * ~known).sum()))
        return out

    now = figures(np.ones(len(ranks)))
    for _ in range(400):
        counts = np.bincount(chance.integers(0, len(unique), len(unique)), minlength=len(unique))
        for key, value in figures(counts[inverse]).items():
            drawn.setdefault(key, []).append(value)
    print(name, f"threshold {best:.3f}")
    for key, value in now.items():
        low, high = np.percentile(drawn[key], [2.5, 97.5])
        print(f"  {key:12} {value:.4f}  [{low:.4f}, {high:.4f}]")
    for low in np.arange(0.0, 1.0, 0.2):  # how often what is called p is so
        box = (tops >= low) & (tops < low + 0.2 + 1e-9)
        if box.any():
            print(f"  p {tops[box].mean():.2f} true {rights[box].mean():.2f} n {box.sum()}")


def _contradicting() -> Any:
    """CONTRADICT as weights."""
    more = np.zeros(1 + len(FEATURES) + len(KINDS) - 1)
    for kind, log_odds in CONTRADICT.items():
        more[len(FEATURES) + KINDS.index(kind)] = log_odds
    return more


def main(folder: str, population: str, goal: str) -> None:
    """Learns, measures, writes."""
    choice = Choice(asked(Path(folder), Path(population)))
    points = np.zeros(len(choice.rows))
    for fold in range(FOLDS):
        weights = choice.learn(choice.folds != fold) + _contradicting()
        mask = (choice.folds == fold)[choice.owner]
        points[mask] = choice.rows[mask] @ weights
    dated = np.arange(len(choice.questions)) % 2 == 1
    brothers = np.array([one.pair == "brother" for one in choice.questions])
    report(choice, points, ~dated & ~brothers, "name alone")
    report(choice, points, dated & ~brothers, "with birth date")
    weights = choice.learn(np.ones(len(choice.questions), np.bool_)) + _contradicting()
    made = {
        "about": "Weights in log-odds, made by bench/names/learn_model.py from the dev set of shared/names.",
        "population": DEFAULT_POPULATION,
        "constant": round(float(weights[0]), 4),
        "features": {name: round(float(value), 4) for name, value in zip(FEATURES, weights[1:], strict=False)},
        "births": {"unknown": 0.0}
        | {name: round(float(value), 4) for name, value in zip(KINDS[1:], weights[1 + len(FEATURES) :], strict=True)},
        "facts": FACTS,
    }
    Path(goal).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
