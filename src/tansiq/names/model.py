"""From numbers to a probability: weights in log-odds, learnt by ``bench/names/learn_model.py`` and kept in ``model.json``.

Each candidate has log-odds against 'nobody here is meant', in a population of fixed size: twice the population halves the odds.
Among several candidates the probabilities share one whole with 'nobody', so equally good ones divide it.

Invariant: the log-odds of a candidate depend on question, record and the deployment's population alone.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.births import KINDS
from tansiq.names.features import FEATURES

__all__ = ["DEFAULT_POPULATION", "Model", "model", "probabilities"]

Array = npt.NDArray[Any]
DEFAULT_POPULATION: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """``constant`` and ``weights`` for FEATURES, ``births`` for the kinds of fit, ``facts`` for what else is known; the weights again as they
    are ``named``.
    """

    constant: float
    weights: Array
    births: Array
    facts: Mapping[str, float]
    named: Mapping[str, float]

    def prior(self, population: int) -> float:
        """The log-odds before anything is compared."""
        return self.constant - math.log(population / DEFAULT_POPULATION)


@functools.cache
def model() -> Model:
    """The model of this version."""
    made = json.loads(resources.files(__package__).joinpath("model.json").read_text(encoding="utf-8"))
    return Model(
        made["constant"],
        np.array([made["features"][name] for name in FEATURES], np.float32),
        np.array([made["births"][name] for name in KINDS], np.float32),
        made["facts"],
        made["features"],
    )


def probabilities(log_odds: Sequence[float]) -> list[float]:
    """The probability of each of one question's candidates, 'nobody' being one more of log-odds 0."""
    highest = max((0.0, *log_odds))
    shares = [math.exp(one - highest) for one in log_odds]
    whole = math.exp(-highest) + sum(shares)
    return [share / whole for share in shares]
