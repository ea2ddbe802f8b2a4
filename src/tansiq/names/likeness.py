"""How well two names fit, without an index: for parents' names, and to choose which of a person's names to show.

Invariant: as in a search; 0 to 1, 1 for equal names.

>>> likeness("Jaled Cherkaui", "خالد الشرقاوي") > 0.7, likeness("Jaled Cherkaui", "Karim Berrada") < 0.3
(True, True)
"""

from __future__ import annotations

import numpy as np

from tansiq.names.align import Aligned, align
from tansiq.names.facts import Facts
from tansiq.names.features import Told, told_of
from tansiq.names.question import Question, question_of
from tansiq.names.search import Searcher
from tansiq.names.segment import Segment, build

__all__ = ["Pair", "likeness", "pair_of", "share_of"]

Pair = tuple[Segment, Question, Aligned, Told]


def pair_of(asked: str, held: str) -> Pair | None:
    """The alignment of two names; None when one has no part. Raises BadInput (``names.too-long``)."""
    segment = build([(b"", [held], Facts())])
    searcher = Searcher(segment)
    question = question_of(asked)
    if not question.parts or not segment.names:
        return None
    question = searcher.prepared(question)
    aligned = align(searcher, question, np.zeros(1, np.int32))
    return segment, question, aligned, told_of(segment, question, aligned)


def share_of(pair: Pair) -> float:
    """How much of what both names tell they share."""
    told = pair[3]
    gain = float((told.weight * told.alike).sum())
    whole = float(told.weight.sum() + told.missing.sum() + told.extra.sum())
    return gain / whole if whole else 0.0


def likeness(asked: str, held: str) -> float:
    """How much of what two names tell they share; raises BadInput (``names.too-long``)."""
    pair = pair_of(asked, held)
    return 0.0 if pair is None else share_of(pair)
