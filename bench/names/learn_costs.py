"""Learns what it costs to write one sign for another: expectation and maximisation over pairs of spellings.

    PYTHONPATH=src python bench/names/learn_costs.py /path/to/tokens src/tansiq/names/costs.json

The model is the memoryless transducer of Ristad and Yianilos (1998): a pair is a sequence of sign pairs, either side may
be nothing. Deterministic: no chance, pairs in sorted order. The result holds, for Latin–Arabic, Latin–Latin and
Arabic–Arabic, costs in hundredths of a nat: 0 where two signs are each other's best.
"""

from __future__ import annotations

import collections
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pairs import across, within

from tansiq.names.signs import ALPHABET
from tansiq.names.skeleton import coarse, fine_and_gaps

Table = npt.NDArray[Any]
N = len(ALPHABET)
ROUNDS = 8


def _class(sign: str) -> str:
    plain = sign.strip("$^?")
    return coarse(fine_and_gaps(plain)[0]) if plain and plain != "#" else "~"


def _start() -> Table:
    table = np.full((N, N), 1e-6)
    classes = [_class(sign) for sign in ALPHABET]
    for a in range(1, N):
        for b in range(1, N):
            if classes[a] == classes[b]:
                table[a, b] = 1.0 if a == b else 0.05
    table[1:, 0] = table[0, 1:] = 0.002
    for a in range(1, N):
        if classes[a] == "~":
            table[a, 0] = table[0, a] = 0.05
    table[0, 0] = 0.0
    return np.asarray(table / table.sum())


def _expect(  # noqa: C901, PLR0912 (forward, backward, counted: one thought)
    x: Table, y: Table, w: Table, p: Table, counts: Table
) -> float:
    (size, m), n = x.shape, y.shape[1]
    f = np.zeros((m + 1, n + 1, size))
    b = np.zeros((m + 1, n + 1, size))
    f[0, 0] = b[m, n] = 1.0
    both = p[x[:, :, None], y[:, None, :]].transpose(1, 2, 0)
    left, right = p[x, 0].T, p[0, y].T
    for i in range(m + 1):
        for j in range(n + 1):
            if i and j:
                f[i, j] += f[i - 1, j - 1] * both[i - 1, j - 1]
            if i:
                f[i, j] += f[i - 1, j] * left[i - 1]
            if j:
                f[i, j] += f[i, j - 1] * right[j - 1]
    for i in range(m, -1, -1):
        for j in range(n, -1, -1):
            if i < m and j < n:
                b[i, j] += b[i + 1, j + 1] * both[i, j]
            if i < m:
                b[i, j] += b[i + 1, j] * left[i]
            if j < n:
                b[i, j] += b[i, j + 1] * right[j]
    total = f[m, n]
    # a pair that fits badly is probably none: it teaches less
    bits = -np.log(np.maximum(total, 1e-300)) / (m + n)
    share = w / (1.0 + np.exp(4.0 * (bits - 2.9))) / np.maximum(total, 1e-300)
    for i in range(m + 1):
        for j in range(n + 1):
            if i < m and j < n:
                np.add.at(counts, (x[:, i], y[:, j]), share * f[i, j] * both[i, j] * b[i + 1, j + 1])
            if i < m:
                np.add.at(counts[:, 0], x[:, i], share * f[i, j] * left[i] * b[i + 1, j])
            if j < n:
                np.add.at(counts[0], y[:, j], share * f[i, j] * right[j] * b[i, j + 1])
    return float((w * bits).sum())


def learn(pairs: dict[tuple[bytes, bytes], float]) -> Table:
    """The probability of each pair of signs."""
    boxes: dict[tuple[int, int], list[tuple[bytes, bytes, float]]] = collections.defaultdict(list)
    for (left, right), weight in sorted(pairs.items()):
        if 2 <= len(left) <= 12 and 2 <= len(right) <= 12 and abs(len(left) - len(right)) < 6:
            boxes[len(left), len(right)].append((left, right, weight))
    blocks = [
        (
            np.frombuffer(b"".join(left for left, _, _ in box), np.uint8).reshape(-1, m),
            np.frombuffer(b"".join(right for _, right, _ in box), np.uint8).reshape(-1, n),
            np.array([w for *_, w in box]),
        )
        for (m, n), box in sorted(boxes.items())
    ]
    p = _start()
    for number in range(ROUNDS):
        counts = np.zeros((N, N))
        bits = sum(_expect(*block, p, counts) for block in blocks)
        print(number, round(bits, 1), file=sys.stderr)
        counts += 0.02 * _start() * N
        p = counts / counts.sum()
    return p


KNOWN = tomllib.loads(Path(__file__).with_name("known.toml").read_text(encoding="utf-8"))


def _with_ends(table: Table) -> Table:
    """A sign at a word's end or beginning stands for what it stands for elsewhere, at little more."""
    for number, sign in enumerate(ALPHABET):
        plain = sign.strip("$^")
        if plain != sign and plain.removesuffix("h") in ALPHABET:
            other = ALPHABET.index(plain if plain in ALPHABET else plain.removesuffix("h"))
            table[number, 1:] = np.minimum(table[number, 1:], table[other, 1:] + 0.5)
            table[1:, number] = np.minimum(table[1:, number], table[1:, other] + 0.5)
    return table


def _known(kind: str, name: str) -> Iterator[tuple[int, int, float]]:
    for pair, cost in KNOWN[kind].get(name, {}).items():
        one, other = pair.split(" ")
        yield ALPHABET.index(one), ALPHABET.index(other), cost


def _with_known(table: Table, name: str) -> Table:
    table = _with_ends(table)
    for a, b, cost in _known("least", name):
        table[a, b] = table[b, a] = max(table[a, b], cost)
    for a, b, cost in _known("most", name):
        table[a, b] = min(table[a, b], cost)
        if name != "la":
            table[b, a] = table[a, b]
    return table


def costs(p: Table) -> Table:
    """Nats above what the likeliest partners cost; a sign left out is compared with the sign kept."""
    out = np.zeros((N, N))
    q = np.maximum(p, 1e-9)
    best_row, best_column = q[:, 1:].max(axis=1), q[1:, :].max(axis=0)
    out = -np.log(q / np.sqrt(np.outer(best_row, best_column)))
    out[1:, 0] = -np.log(q[1:, 0] / np.maximum(q[1:].max(axis=1), 1e-9))
    out[0, 1:] = -np.log(q[0, 1:] / np.maximum(q[:, 1:].max(axis=0), 1e-9))
    out[1:, 0] = np.clip(out[1:, 0], 0.0, 8.0)
    out[0, 1:] = np.clip(out[0, 1:], 0.0, 8.0)
    out[1, 0] = out[0, 1] = 0.0  # a joint is written or not
    np.fill_diagonal(out[1:, 1:], 0.0)
    return np.asarray(np.clip(out, 0.0, 10.0))


def main(folder: str, goal: str) -> None:
    """Learns and writes all three tables."""
    tables = {}
    for name, pairs in (
        ("la", across(Path(folder))),
        ("ll", within(Path(folder), latin=True)),
        ("aa", within(Path(folder), latin=False)),
    ):
        print(name, len(pairs), file=sys.stderr)
        tables[name] = _with_known(costs(learn(pairs)), name)
    rows = {name: [[round(100 * value) for value in row] for row in table.tolist()] for name, table in tables.items()}
    about = (
        "Costs of signs in hundredths of a nat, made by bench/names/learn_costs.py from wd_arabic (MIT-style) "
        "and google ar2en (Apache-2.0) with bench/names/known.toml."
    )
    Path(goal).write_text(
        json.dumps({"about": about, "alphabet": list(ALPHABET), **rows}, ensure_ascii=False, separators=(",", ":"))
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
