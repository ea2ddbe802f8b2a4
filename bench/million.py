"""Measures whether sending costs more with a million statements stored: ``python bench/million.py --statements 1000000``.

Two pairs of nodes are made. In one, a real transfer is copied under new names until each side holds ``--statements`` (see
``tansiq.demo.bench_fill``); the other keeps its thousand. Both pairs then work in one run, in turns, and each round of one is set beside
the round of the other. Prints JSON: CPU per message with few and with many, what each process has of it, the ratio, and how long an urgent
message takes. Exit 1 when the ratio is over 1.2.

A million take about 14 GB for both sides. ``--fill FOLDER`` only fills, ``--measure FOLDER`` only measures what was filled, as often as you
like; the folder is yours to remove.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tansiq.demo.bench import latency, machine, transfer
from tansiq.demo.bench_nodes import Program, Running, at_work, made
from tansiq.protocol.envelope import Lane

TARGET = 1.2
FEW = 1_000
SAMPLE = 1_024
"""Copied again and again; a multiple of what one batch holds. Of messages that went one by one, a quarter."""
DAYS = 30
"""Over how long the copies came: less than wraps are kept, so that all of them are there."""
MOST_AT_ONCE = 16
"""Copies of the sample in one commit."""


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _agreed(sides: tuple[Program, Program], answer: str, **commands: Any) -> list[Any]:
    """One command to both sides at once; their answers under ``answer``."""
    for side in sides:
        side.tell(**commands)
    return [side.answer()[answer] for side in sides]


def _crossed(sides: tuple[Program, Program], answer: str, *, do: str, name: str, values: list[Any]) -> list[Any]:
    """What one side said, told to the other, both at once."""
    for side, value in zip(sides, reversed(values), strict=True):
        side.tell(do=do, **{name: value})
    return [side.answer()[answer] for side in sides]


def _grown(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (side, table): count - before[side].get(table, 0)
        for side, tables in after.items()
        for table, count in tables.items()
        if count != before[side].get(table, 0)
    }


def _sampled(homes: tuple[Path, Path], size: int, lane: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Real transfers; what the tables held before and after the one that will be copied."""
    with at_work(homes) as pair:
        composer = pair.composer()
        composer.ask(do="bulk", messages=256, size=size)
        composer.ask(do="urgent", messages=4, size=size, pause_s=0)
        time.sleep(2.5)
        before = composer.ask(do="rows", lane=lane)
        if lane == Lane.URGENT:
            composer.ask(do="urgent", messages=SAMPLE // 4, size=size, pause_s=0)
        else:
            composer.ask(do="bulk", messages=SAMPLE, size=size)
        time.sleep(2.5)
        return before, composer.ask(do="rows", lane=lane)


def fill(folder: Path, *, statements: int, size: int, lane: int) -> dict[str, Any]:
    """Makes both pairs in ``folder`` and fills one; what it took. Raises ValueError when a table was forgotten."""
    started = time.monotonic()
    made(folder / "few")
    homes = made(folder / "many")
    before, after = _sampled(homes, size, lane)
    agencies = [home.name for home in homes]
    sides = (
        Program("fill", homes[0], {"peer": agencies[1], "sends": True}),
        Program("fill", homes[1], {"peer": agencies[0], "sends": False}),
    )
    each = after["last"] - before["last"]
    times = max(1, round((statements - after["last"]) / each))
    now_ms, step_ms = time.time() * 1000, DAYS * 86_400_000 / (times * each)
    try:
        for side in sides:
            side.answer()
        _agreed(sides, "sample", do="sample", lane=lane, first=before["last"] + 1, last=after["last"])
        for done in range(0, times, MOST_AT_ONCE):
            since_ms = now_ms - DAYS * 86_400_000 + done * each * step_ms
            some = min(MOST_AT_ONCE, times - done)
            news = _agreed(sides, "news", do="grow", times=some, seed=done, since_ms=since_ms, step_ms=step_ms)
            witnesses = _crossed(sides, "witnesses", do="mirror", name="news", values=news)
            _crossed(sides, "witnessed", do="witnessed", name="witnesses", values=witnesses)
            if done % (8 * MOST_AT_ONCE) == 0:
                _say(f"{(done + some) * each:>9} copied, {time.monotonic() - started:.0f} s")
        _agreed(sides, "rested", do="rest")
    finally:
        for side in sides:
            side.end()
    with _watching(homes) as watch:
        full = watch.ask(do="rows", lane=lane)
    sample, filled = _grown(before["rows"], after["rows"]), _grown(after["rows"], full["rows"])
    # A batch's worth of rows is not the same everywhere: acknowledgements may be fewer than batches; they must be there.
    forgotten = [name for name, count in sample.items() if filled.get(name, 0) < count * times * 0.5]
    if forgotten:
        raise ValueError(f"not filled as the sample was: {forgotten}")
    return {
        "statements": full["last"],
        "rows": {
            side: {name: count for name, count in tables.items() if count} for side, tables in full["rows"].items()
        },
        "bytes": {home.name: sum(one.stat().st_size for one in home.rglob("*") if one.is_file()) for home in homes},
        "seconds": round(time.monotonic() - started, 1),
    }


@contextlib.contextmanager
def _watching(homes: tuple[Path, Path]) -> Iterator[Program]:
    """A composer that composes nothing."""
    watch = Program("compose", homes[0], {"peer": str(homes[1])})
    try:
        watch.answer()
        yield watch
    finally:
        watch.end()


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    parts = rounds[0]["by_process_us"]
    return {
        **{
            name: statistics.median(one[name] for one in rounds)
            for name in ("cpu_us", "bound_us", "ratio", "per_second")
        },
        "by_process_us": {name: statistics.median(one["by_process_us"][name] for one in rounds) for name in parts},
        "rounds_cpu_us": [one["cpu_us"] for one in rounds],
    }


def measure(folder: Path, *, rounds: int, messages: int, size: int, urgent: int) -> dict[str, Any]:
    """Both pairs at work in turns; what sending cost with few and with many."""
    told: dict[str, list[dict[str, Any]]] = {"few": [], "many": []}
    waits: dict[str, list[float]] = {"few": [], "many": []}
    with contextlib.ExitStack() as stack:
        pairs: dict[str, Running] = {
            name: stack.enter_context(at_work((folder / name / "es.cgi", folder / name / "ma.dgst"))) for name in told
        }
        composers = {name: pair.composer() for name, pair in pairs.items()}
        last = composers["few"].ask(do="last", lane=int(Lane.NORMAL))["last"]
        if last < FEW:
            composers["few"].ask(do="bulk", messages=FEW - last, size=size)
        composers["many"].ask(do="bulk", messages=256, size=size)
        time.sleep(2.5)
        for at in range(rounds):
            for name in ("few", "many") if at % 2 else ("many", "few"):
                told[name].append(transfer(pairs[name], composers[name], messages=messages, size=size, kind="minimal"))
        for _ in range(0, urgent, 10):
            for name, composer in composers.items():
                waits[name] += composer.ask(do="urgent", messages=10, size=size, pause_s=0.15)["ms"]
        stored = {
            name: sum(composer.ask(do="last", lane=int(lane))["last"] for lane in Lane)
            for name, composer in composers.items()
        }
        upkeep = {name: composer.ask(do="upkeep")["cpu_s"] for name, composer in composers.items()}
        if any(composer.ask(do="quarantined")["quarantined"] for composer in composers.values()):
            raise ValueError("messages were set aside: nothing was measured")
    result = {
        name: _middle(some)
        | {"stored": stored[name], "urgent": latency(waits[name]), "hourly_upkeep_cpu_s": upkeep[name]}
        for name, some in told.items()
    }
    few, many = result["few"], result["many"]
    grown = {
        part: {"few_us": few["by_process_us"][part], "many_us": many["by_process_us"][part]}
        for part in few["by_process_us"]
    }
    # Round beside round, for what the machine did meanwhile is in both.
    ratio = statistics.median(two["cpu_us"] / one["cpu_us"] for one, two in zip(told["few"], told["many"], strict=True))
    urgent_ratio = many["urgent"]["p50_ms"] / few["urgent"]["p50_ms"]
    return {
        **result,
        "by_process": grown,
        "ratio": ratio,
        "urgent_p50_ratio": urgent_ratio,
        "target": {"value": ratio, "target": TARGET, "met": ratio <= TARGET},
    }


def main() -> int:
    """Parses the arguments, fills, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=2_048, help="bytes of a message")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=1_000, help="of a round")
    parser.add_argument("--urgent", type=int, default=100)
    parser.add_argument(
        "--singly", action="store_true", help="copy messages that went one by one, each a batch of its own"
    )
    parser.add_argument("--fill", type=Path, metavar="FOLDER", help="only fill; keeps the folder")
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="only measure what was filled")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    lane = int(Lane.URGENT if arguments.singly else Lane.NORMAL)
    folder = arguments.measure or arguments.fill or Path(tempfile.mkdtemp(prefix="tansiq-million-"))
    result: dict[str, Any] = {"machine": machine()}
    try:
        if not arguments.measure:
            result["filled"] = fill(folder, statements=arguments.statements, size=arguments.size, lane=lane)
        if not arguments.fill:
            result |= measure(
                folder,
                rounds=arguments.rounds,
                messages=arguments.messages,
                size=arguments.size,
                urgent=arguments.urgent,
            )
    finally:
        if not arguments.measure and not arguments.fill:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result, indent=1))
    return 0 if arguments.fill or result["target"]["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
