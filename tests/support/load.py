"""What a node spends, holds and keeps open under load, looked at from outside, and whether that grows.

Invariant: only the kernel's own figures count (``/proc``): CPU that was charged, not time on the wall, so that a machine which others
use as well makes a run longer and not dearer. A look costs the nodes nothing that grows with what they store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from support.pair import RealNode
from tansiq.demo.bench_nodes import cpu_seconds

__all__ = ["Look", "check_flat", "look", "told"]

DEARER = 1.5
"""How much dearer a leaf may be in the last quarter than in the second. Both are means over thousands, and no wall clock is in them; but
a node that others leave more of the machine takes smaller batches, and each of them costs something, which made up to a quarter of
such a mean. From the middle of the one quarter to that of the other 7/3 as much is stored, so a cost that grows with what is stored
passes the limit once it is three eighths of the whole in the second quarter; a logarithm's growth stays far below."""
MORE_MEMORY, MORE_BYTES = 1.1, 8 * 2**20
"""The memory of the last quarter against that of the second, in the middle of each: a tenth and eight megabytes for caches that fill and for
what Python does not give back after a crowd (twenty thousand statements each way took 6 % more). That is about a kilobyte a statement."""
_FEWEST = 5
MORE_FILES = 4
"""A connection that is just being opened or not yet closed, at both of its ends."""


@dataclass(frozen=True, slots=True)
class Look:
    """A node at one moment: the leaves of its journal, CPU seconds so far, bytes of its own memory, open files."""

    leaves: int
    cpu: float
    memory: int
    files: int


def _own_bytes(pid: int) -> int:
    """The memory of a process that is no file's, what several share counted in proportion."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not tell Pss_Anon")


def look(node: RealNode) -> Look:
    """What a running node has done and what it takes."""
    assert node.process is not None
    memory = files = 0
    for pid in node.processes():
        with suppress(FileNotFoundError, ProcessLookupError):
            memory += _own_bytes(pid)
            files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    [(leaves,)] = node.rows("SELECT COALESCE(MAX(size), 0) FROM journal_journal")
    return Look(int(str(leaves)), sum(cpu_seconds(node.process.pid)), memory, files)


def _quarter(looks: Sequence[Look], number: int) -> list[Look]:
    """The looks of a quarter (1 to 4) of all that was done, not of the time that it took."""
    first, last = looks[0].leaves, looks[-1].leaves
    bounds = [first + (last - first) * part / 4 for part in (number - 1, number)]
    return [one for one in looks if bounds[0] <= one.leaves <= bounds[1]]


def _cost(looks: Sequence[Look]) -> float:
    """CPU seconds per leaf."""
    return (looks[-1].cpu - looks[0].cpu) / (looks[-1].leaves - looks[0].leaves)


def _typical(looks: Sequence[Look], what: Callable[[Look], int]) -> int:
    return int(median(what(one) for one in looks))


def told(looks: Sequence[Look]) -> str:
    """The four quarters in one line each, for whoever reads the run."""
    lines = []
    for number in range(1, 5):
        quarter = _quarter(looks, number)
        if len(quarter) < _FEWEST:
            lines.append(f"quarter {number}: {len(quarter)} looks")
            continue
        memory, files = (_typical(quarter, what) for what in (lambda one: one.memory, lambda one: one.files))
        lines.append(
            f"quarter {number}: {len(quarter)} looks, {1000 * _cost(quarter):.2f} ms of CPU a leaf, "
            f"{memory / 2**20:.1f} MiB, {files} open files"
        )
    return "\n".join(lines)


def check_flat(looks: Sequence[Look], *, who: str) -> None:
    """Asserts that the last quarter is no dearer than the second, takes no more memory and keeps no more files open."""
    second, last = _quarter(looks, 2), _quarter(looks, 4)
    assert min(len(second), len(last)) >= _FEWEST, f"{who}: too short a run to judge\n{told(looks)}"
    assert _cost(last) <= DEARER * _cost(second), f"{who}: a statement costs more and more\n{told(looks)}"
    memory = [_typical(quarter, lambda one: one.memory) for quarter in (second, last)]
    assert memory[1] <= MORE_MEMORY * memory[0] + MORE_BYTES, f"{who}: the memory grows\n{told(looks)}"
    files = [_typical(quarter, lambda one: one.files) for quarter in (second, last)]
    assert files[1] <= files[0] + MORE_FILES, f"{who}: more and more files are open\n{told(looks)}"
