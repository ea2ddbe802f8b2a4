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
from pathlib import Path

import numpy as np

from pairs import across, within
from tansiq.names.signs import ALPHABET
from tansiq.names.skeleton import coarse, fine_and_gaps

N = len(ALPHABET)
ROUNDS = 8


def _class(sign: str) -> str:
    plain = sign.strip("$^?")
    return coarse(fine_and_gaps(plain)[0]) if plain and plain != "#" else "~"


def _start() -> np.ndarray:
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
    return table / table.sum()


def _expect(x: np.ndarray, y: np.ndarray, w: np.ndarray, p: np.ndarray, counts: np.ndarray) -> float:
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
                np.add.at(counts, (x[:, i], 0), share * f[i, j] * left[i] * b[i + 1, j])
            if j < n:
                np.add.at(counts, (0, y[:, j]), share * f[i, j] * right[j] * b[i, j + 1])
    return float((w * bits).sum())


def learn(pairs: dict[tuple[bytes, bytes], float]) -> np.ndarray:
    """The probability of each pair of signs."""
    boxes: dict[tuple[int, int], list[tuple[bytes, bytes, float]]] = collections.defaultdict(list)
    for (left, right), weight in sorted(pairs.items()):
        if 2 <= len(left) <= 12 and 2 <= len(right) <= 12 and abs(len(left) - len(right)) < 6:
            boxes[len(left), len(right)].append((left, right, weight))
    blocks = [
        (
            np.frombuffer(b"".join(l for l, _, _ in box), np.uint8).reshape(-1, m),
            np.frombuffer(b"".join(r for _, r, _ in box), np.uint8).reshape(-1, n),
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


KNOWN = {
    "la": {("^u", "و"): 0.1, ("^i", "ي"): 0.1, ("qu", "ق"): 0.2, ("qu", "ك"): 0.2, ("au", "و"): 0.4, ("gu", "غ"): 0.8, ("gu", "ق"): 1.0, ("gu", "ج"): 1.0, ("gu", "گ"): 0.3, ("v", "و"): 0.5, ("v", "و$"): 0.7, ("x", "ش"): 0.7, ("j", "خ"): 0.9, ("g", "ج"): 0.4, ("p", "ب"): 0.5, ("y", "ج"): 1.6,
           ("ch", "چ"): 0.2, ("ts", "ت"): 1.5, ("z", "ذ"): 0.4, ("z", "ظ"): 0.4, ("z", "ض"): 0.4, ("d", "ذ"): 0.5, ("d", "ض"): 0.4,
           ("s", "ث"): 0.5, ("t", "ث"): 0.5, ("i$", "ي$"): 0.0, ("o", "ا"): 1.0, ("ou", "و"): 0.1, ("q", "غ"): 0.9, ("gh", "ق"): 0.9,
           ("a$", "ي$"): 0.5, ("t", "ه$"): 1.0, ("c", "س"): 2.5, ("c", "ص"): 2.5, ("e", ""): 0.4, ("h", "ح"): 0.3,
           ("s", "ص"): 0.3, ("t", "ط"): 0.3, ("d", "ض"): 0.3, ("k", "ق"): 0.8, ("c", "ق"): 1.0, ("a", ""): 0.7, ("i", ""): 0.8, ("u", ""): 0.8,
           ("o", ""): 0.9, ("ou", ""): 1.4, ("", "ع"): 0.8, ("oo", "و"): 0.1, ("ee", "ي"): 0.1, ("ai", "ي"): 0.3, ("ay", "ي"): 0.3,
           ("ei", "ي"): 0.3, ("ey", "ي"): 0.3, ("au", "و"): 0.4, ("aa", "ا"): 0.1, ("w", "و"): 0.1, ("y", "ي"): 0.1, ("dj", "ج"): 0.1},
    "ll": {("qu", "q"): 0.6, ("qu", "k"): 0.6, ("qu", "c"): 0.9, ("g", "y"): 2.2, ("y", "dj"): 1.4, ("^u", "w"): 0.4, ("^i", "y"): 0.4, ("u", "w"): 0.6, ("i", "y"): 0.8,
           ("ou", "w"): 0.7, ("au", "w"): 1.5, ("v", "w"): 0.9, ("j", "kh"): 1.3, ("x", "sh"): 1.0, ("x", "ch"): 1.0, ("j", "h"): 1.4, ("q", "g"): 1.3, ("g", "k"): 1.8,
           ("gu", "gh"): 0.8, ("gu", "g"): 0.6, ("i$", ""): 3.5, ("gh", "q"): 1.0, ("o", "a"): 3.0, ("e", "u"): 2.5, ("t", "ah$"): 2.0, ("t", "eh$"): 2.0, ("c", "k"): 0.4, ("b", "v"): 1.5, ("s", "z"): 1.0, ("ce", "z"): 0.8, ("y", "j"): 1.3,
           ("gh", "kh"): 2.2, ("dj", "g"): 1.3, ("b", "p"): 2.0, ("ce", "s"): 0.6, ("d", "t"): 2.5, ("dh", "z"): 0.8, ("dh", "d"): 0.8,
           ("th", "s"): 1.0, ("th", "t"): 1.0},
    "aa": {("ق", "ك"): 1.6, ("ق", "غ"): 1.0, ("گ", "ك"): 0.8, ("گ", "ج"): 1.2, ("پ", "ب"): 0.6, ("چ", "ش"): 1.0, ("چ", "ج"): 1.0,
           ("ڤ", "ف"): 0.5, ("ژ", "ز"): 1.0, ("ژ", "ج"): 1.0, ("ض", "ظ"): 0.7, ("ذ", "ز"): 1.0, ("ظ", "ز"): 1.2, ("ث", "س"): 1.2,
           ("ص", "س"): 1.0, ("ط", "ت"): 0.9, ("ح", "ه"): 1.2, ("ا$", "ه$"): 0.6, ("ا$", "ي$"): 0.8, ("د", "ذ"): 1.2},
}  # fmt: skip
"""What the word lists do not show, from knowledge of the writing systems: Persian and Turkish v, Spanish x and j, Egyptian g …"""


LEAST = {"aa": {("ع", ""): 1.2, ("ا", ""): 2.0, ("و", ""): 2.5, ("ي", ""): 2.5, ("ا", "ي"): 3.5, ("ا", "و"): 3.5, ("ا", "ع"): 2.0}}


def _with_ends(table: np.ndarray) -> np.ndarray:
    """A sign at a word's end or beginning stands for what it stands for elsewhere, at little more."""
    for number, sign in enumerate(ALPHABET):
        plain = sign.strip("$^")
        if plain != sign and plain.removesuffix("h") in ALPHABET:
            other = ALPHABET.index(plain if plain in ALPHABET else plain.removesuffix("h"))
            table[number, 1:] = np.minimum(table[number, 1:], table[other, 1:] + 0.5)
            table[1:, number] = np.minimum(table[1:, number], table[1:, other] + 0.5)
    return table


def _with_known(table: np.ndarray, name: str) -> np.ndarray:
    table = _with_ends(table)
    for (one, other), cost in LEAST.get(name, {}).items():
        a, b = ALPHABET.index(one), ALPHABET.index(other)
        table[a, b] = table[b, a] = max(table[a, b], cost)
    for (one, other), cost in KNOWN[name].items():
        a, b = ALPHABET.index(one), ALPHABET.index(other)
        table[a, b] = min(table[a, b], cost)
        if name != "la":
            table[b, a] = table[a, b]
    return table


def costs(p: np.ndarray) -> np.ndarray:
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
    return np.clip(out, 0.0, 10.0)


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
    about = "Costs of signs in hundredths of a nat, made by bench/names/learn_costs.py from wd_arabic (MIT-style) and google ar2en (Apache-2.0)."
    Path(goal).write_text(json.dumps({"about": about, "alphabet": list(ALPHABET), **rows}, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
