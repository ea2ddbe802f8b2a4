"""Why a record was proposed, part by part: what each part contributes, in log-odds, and which rules of writing join them.

Invariant: the contributions of all pieces add up to the log-odds of the hit (``log_odds``), and with the piece about others to
the log-odds of its probability. Codes stand in the catalogue of texts; the parts of names in a piece are for the eyes of
whoever may see the record and are never stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tansiq.names.align import Aligned
from tansiq.names.evidence import evidence
from tansiq.names.facts import Facts
from tansiq.names.features import RARE, SAME, TELLING, Told, features
from tansiq.names.likeness import likeness, pair_of, share_of
from tansiq.names.model import DEFAULT_POPULATION, model
from tansiq.names.question import Question
from tansiq.names.rules import Rule, rules_of
from tansiq.names.segment import Segment

__all__ = ["Explanation", "Fit", "Piece", "codes", "compare", "explain", "lacking", "pieces"]

_GOOD, _FAIR = 0.7, 0.5
_ENOUGH: Final = 15.0


@dataclass(frozen=True, slots=True)
class Piece:
    """One reason: its ``code``, the part ``asked`` and the part ``held`` ("" where there is none), what it adds to the
    ``log_odds``, and the ``rules`` of writing that differ.
    """

    code: str
    log_odds: float
    asked: str = ""
    held: str = ""
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """All pieces and their sum."""

    pieces: tuple[Piece, ...]
    log_odds: float

    @property
    def probability(self) -> float:
        """As long as nobody else comes into question."""
        return 1.0 / (1.0 + math.exp(-self.log_odds))

    def among(self, probability: float) -> Explanation:
        """The explanation of a hit that shares its probability with others."""
        shared = min(max(probability, 1e-9), 1.0 - 1e-9)
        whole = math.log(shared / (1.0 - shared))
        return Explanation((*self.pieces, Piece("names.others", whole - self.log_odds)), whole)


def _code(*, same: bool, cross: bool, joined: bool, alike: float) -> str:
    if same:
        return "names.part-same"
    if joined:
        return "names.part-joined"
    if alike < _FAIR:
        return "names.part-near"
    if alike < _GOOD:
        return "names.part-sounds-alike"
    return "names.part-transliterated" if cross else "names.part-spelling"


def pieces(
    segment: Segment, question: Question, aligned: Aligned, told: Told, at: int, *, rules: bool = True
) -> list[Piece]:
    """What the name of candidate ``at`` says: one piece for each part of the question in its order, then the others; with the
    ``rules`` of writing, which take their time.
    """
    weigh = model().named
    held = segment.part_texts(int(aligned.names[at]))
    gains = (told.weight[at] * told.alike[at]).astype(float)
    total = float(gains.sum())
    high = weigh["gain_high"] * (min(total, _ENOUGH) / total if total else 0.0)
    found: list[tuple[int, Piece]] = []
    for number, item in enumerate(question.items):
        if not told.found[at, number]:
            continue
        alike, cross = float(told.alike[at, number]), bool(told.cross[at, number])
        loss = float(told.weight[at, number]) * (1.0 - alike)
        kind = "cross" if cross else "same"
        joined = bool(told.joined[at, number])
        points = float(
            gains[number] * (weigh["gain"] + high)
            + loss * weigh[f"loss_{kind}"]
            + (1.0 - alike) * weigh[f"unlike_{kind}"]
            + (alike > SAME) * weigh["exact"]
            + weigh["pairs"]
            + bool(told.literal[at, number]) * weigh["literal"]
            + joined * weigh["joined"]
        )
        text = held[int(aligned.match[at, number])]
        code = _code(same=item.part.text == text, cross=cross, joined=joined, alike=alike)
        if len(item.part.text) == 1 and code == "names.part-near":
            code = "names.part-initial"
        place = (item.places & -item.places).bit_length()
        found.append(
            (place, Piece(code, points, item.part.text, text, rules_of(item.part.text, text) if rules else ()))
        )
    lacking = told.missing[at].astype(float).tolist()
    extra = [(column, float(told.extra[at, column])) for column in np.flatnonzero(told.extra[at])]
    other = any(value > TELLING for _, value in extra)
    for place, value in enumerate(lacking):
        if value > 0.0:
            points = (
                value * weigh["missing"]
                + max(value - RARE, 0.0) * weigh["missing_rare"]
                + (value > TELLING) * weigh["missing_count"]
            )
            text = question.parts[place].text if place < len(question.parts) else ""
            found.append((place + 1, Piece("names.part-different" if other else "names.part-missing", points, text)))
    out = [piece for _, piece in sorted(found, key=lambda one: one[0])]
    for column, value in extra:
        points = (
            value * weigh["extra"]
            + max(value - RARE, 0.0) * weigh["extra_rare"]
            + (value > TELLING) * weigh["extra_count"]
        )
        out.append(Piece("names.more-in-record", points, "", held[int(column)]))
    return out


def codes(segment: Segment, question: Question, aligned: Aligned, told: Told, at: int) -> tuple[str, ...]:
    """The codes alone, fit to be stored: one for each part of the question in its order, then those about the record."""
    found = [piece.code for piece in pieces(segment, question, aligned, told, at, rules=False)]
    more = "names.more-in-record"
    return (*(code for code in found if code != more), *((more,) if more in found else ()))


@dataclass(frozen=True, slots=True)
class Fit:
    """How much of two names is the same (``score`` 0 to 1, no probability) and the codes that explain it."""

    score: float
    reasons: tuple[str, ...]


def compare(asked: str, held: str) -> Fit:
    """How well the name of a question fits a name of a record; raises BadInput (``names.too-long``)."""
    pair = pair_of(asked, held)
    return Fit(0.0, ()) if pair is None else Fit(share_of(pair), codes(*pair, 0))


def lacking(asked: Facts, known: Facts) -> list[Piece]:
    """What one side alone tells: it says nothing for or against, and whoever decides should know that it was not compared."""
    told = (
        ("birth", asked.births, known.births), ("father", asked.father, known.father), ("mother", asked.mother, known.mother),
    )  # fmt: skip
    return [Piece(f"names.{what}-missing", 0.0) for what, left, right in told if bool(left) != bool(right)]


def explain(
    asked: str,
    held: str,
    *,
    facts: Facts | None = None,
    known: Facts | None = None,
    population: int = DEFAULT_POPULATION,
) -> Explanation:
    """Why a record under the name ``held`` is or is not who is ``asked`` for. Raises BadInput (``names.too-long``)."""
    weights = model()
    start = Piece("names.population", weights.prior(population))
    pair = pair_of(asked, held)
    if pair is None:
        return Explanation((start,), start.log_odds)
    segment, question, aligned, told = pair
    name = float(features(told, question)[0] @ weights.weights)
    told_parts = pieces(segment, question, aligned, told, 0)
    whole = Piece("names.whole", name - sum(piece.log_odds for piece in told_parts))
    more = [Piece(code, points) for code, points in evidence(facts or Facts(), known or Facts(), likeness=likeness)]
    found = (*told_parts, whole, *more, *lacking(facts or Facts(), known or Facts()), start)
    return Explanation(found, sum(piece.log_odds for piece in found))
