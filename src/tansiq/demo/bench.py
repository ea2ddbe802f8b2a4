"""How fast two nodes exchange proven messages: the measurement behind `tansiq bench exchange`.

Invariant: what is compared is measured in one run, in turns: the bare bound, a transfer, the bare bound again; figures are medians of the
rounds and every round is told. A message counts when it is signed, sealed, in both journals (on disk), receipted, dispatched to a
handler that opened and stored it, and both journals are witnessed. CPU is of both nodes' whole process trees, of who composes,
and of what the clock does later for the office on an enquiry's way.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cryptography
from cryptography.hazmat.backends.openssl.backend import backend

from tansiq.demo.bench_nodes import Program, Running, pss_bytes, running
from tansiq.errors import BadInput, Conflict, TooMuch

__all__ = ["latency", "machine", "percentile", "run", "transfer"]

TARGETS: Final = {
    "sqlite": {"ratio": 2.0, "per_second": 1000.0, "urgent_p50_ms": 20.0, "urgent_p99_ms": 100.0},
    "postgres": {"ratio": 3.0, "per_second": 500.0, "urgent_p50_ms": 60.0, "urgent_p99_ms": 200.0},
}
_BESIDE_P99_MS, _STORED_BYTES, _MEMORY_BYTES, _START_S, _LARGE_RATIO = 500.0, 12 * 1024, 300e6, 5.0, 2.5
_ENQUIRY_RATIO: Final = 4.0
_KINDS: Final = ("minimal", "enquiry")
_LARGE: Final = 64 * 1024
_MOST_BYTES: Final = 1024 * 1024
"""The largest message: a whole batch of them is composed at once; what is larger travels as a file."""
_IDLE_PAUSE_S, _BESIDE_PAUSE_S = 0.15, 0.05


def _quiet(_stage: str, _done: int, _total: int) -> None:
    """Tells nobody."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of ``values`` do not pass; the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> dict[str, Any]:
    """Where it was measured: processor, cores, versions, the time (UTC)."""
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "cryptography": cryptography.__version__,
        "openssl": backend.openssl_version_text(),
        "load": os.getloadavg()[0],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def transfer(pair: Running, composer: Program, *, messages: int, size: int, kind: str) -> dict[str, Any]:
    """One transfer between two measurements of the bound."""
    times = max(20, min(200, 20_000_000 // (size + 100_000)))
    before = pair.bound_us(size=size, times=times)
    start = pair.cpu()
    moved = composer.ask(do="bulk", messages=messages, size=size, kind=kind)
    spent = {name: (seconds - start[name]) / messages * 1e6 for name, seconds in pair.cpu().items()}
    bound = (before + pair.bound_us(size=size, times=times)) / 2
    server = spent.pop("server", 0.0)
    spent["composer"] = moved["cpu_s"] / messages * 1e6
    if kind == "enquiry":
        spent["office"] = composer.ask(do="fold")["cpu_s"] / messages * 1e6
    total = sum(spent.values())
    return {
        "bound_us": bound,
        "cpu_us": total,
        "by_process_us": spent,
        "server_us": server,
        "ratio": total / bound,
        "per_second": messages / moved["dispatched_s"],
        "witnessed_s": moved["witnessed_s"],
    }


def _middle(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0] if name != "by_process_us"}
    parts = {
        name: statistics.median(one["by_process_us"][name] for one in rounds) for name in rounds[0]["by_process_us"]
    }
    return {
        **middle,
        "by_process_us": parts,
        "ratios": [one["ratio"] for one in rounds],
        "rates": [one["per_second"] for one in rounds],
    }


def _stored(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Bytes per message on each side, by table."""
    count = after["messages"] - before["messages"]
    out = {}
    for side, tables in after["sizes"].items():
        grown = {name: (size - before["sizes"][side].get(name, 0)) / count for name, size in tables.items()}
        told = {
            name: round(size, 1) for name, size in sorted(grown.items(), key=lambda item: -item[1]) if abs(size) >= 0.1
        }
        out[side] = {"bytes": round(sum(grown.values()), 1), "tables": told}
    return out


def latency(waits: Sequence[float]) -> dict[str, Any]:
    """Median, 99th percentile and longest of ``waits``, in milliseconds."""
    return {
        "messages": len(waits),
        "p50_ms": percentile(waits, 0.5),
        "p99_ms": percentile(waits, 0.99),
        "most_ms": max(waits),
    }


def _beside(pair: Running, composer: Program, *, messages: int, size: int) -> dict[str, Any]:
    """Urgent messages while another process sends in bulk; only those that were under way with it count."""
    other = pair.composer()
    composer.tell(do="bulk", messages=messages, size=size)
    waits: list[float] = []
    end = time.monotonic() + max(2.0, messages / 2000)
    while time.monotonic() < end:
        waits += other.ask(do="urgent", messages=4, size=size, pause_s=_BESIDE_PAUSE_S)["ms"]
    composer.answer()
    return latency(waits)


def _judged(result: Mapping[str, Any], on: str, size: int) -> dict[str, dict[str, Any]]:
    """Every target that applies, what was reached, and whether that is enough."""
    limits = dict(TARGETS[on])
    bulk, judged = result["bulk"], {}

    def judge(name: str, value: float, limit: float, *, least: bool = False) -> None:
        judged[name] = {"value": value, "target": limit, "met": value >= limit if least else value <= limit}

    large = size >= _LARGE
    if result["kind"] == "enquiry":
        judge("ratio", bulk["ratio"], _ENQUIRY_RATIO)
        return judged
    judge("ratio", bulk["ratio"], _LARGE_RATIO if large and on == "sqlite" else limits["ratio"])
    if not large:
        judge("per_second", bulk["per_second"], limits["per_second"], least=True)
        judge("stored_bytes", max(side["bytes"] for side in result["stored"].values()), _STORED_BYTES)
    if "urgent" in result and not large:
        judge("urgent_p50_ms", result["urgent"]["p50_ms"], limits["urgent_p50_ms"])
        judge("urgent_p99_ms", result["urgent"]["p99_ms"], limits["urgent_p99_ms"])
    if "urgent_beside_bulk" in result:
        judge("urgent_beside_bulk_p99_ms", result["urgent_beside_bulk"]["p99_ms"], _BESIDE_P99_MS)
    judge("memory_bytes", max(result["node"]["memory_bytes"]), _MEMORY_BYTES)
    judge("start_s", max(result["node"]["start_s"]), _START_S)
    return judged


def run(
    *,
    messages: int,
    size: int,
    on: str = "sqlite",
    urgent: int = 100,
    rounds: int = 5,
    beside: bool = True,
    kind: str = "minimal",
    progress: Callable[[str, int, int], None] = _quiet,
) -> dict[str, Any]:
    """Measures ``messages`` of ``size`` bytes, in ``rounds`` equal rounds, between two nodes on ``on`` ('sqlite' or
    'postgres'). ``kind`` 'minimal' is stored by its handler; 'enquiry' is the demonstration's (``size`` is what it is),
    judged and matched, and sent in bulk alone.

    ``urgent`` messages are sent one by one while the nodes are idle, and (``beside``) others beside a transfer. ``progress`` is told the
    stage, what is done and the total. Returns plain values for JSON; times in milliseconds or microseconds as their names say, sizes in
    bytes. Raises BadInput, TooMuch, Unavailable (no PostgreSQL here, a node ended), Conflict (messages were set aside: nothing was measured).
    """
    if kind not in _KINDS:
        raise BadInput("bench.unknown-kind", name=kind[:32])
    if size > _MOST_BYTES:
        raise TooMuch("bench.too-large", most=_MOST_BYTES)
    each, urgent = max(1, messages // rounds), urgent if kind == "minimal" else 0
    result: dict[str, Any] = {"machine": machine(), "database": on, "messages": each * rounds, "kind": kind}
    with running(on=on) as pair:
        composer = pair.composer()
        progress("warm", 0, rounds)
        if kind == "enquiry":
            size = composer.ask(do="enquiry_size")["size"]
        result["size"] = size
        composer.ask(do="bulk", messages=min(each, 256), size=size, kind=kind)
        time.sleep(2.5)
        result["node"] = {"memory_bytes": [pss_bytes(node.pid) for node in pair.nodes], "start_s": pair.start_s}
        before = composer.ask(do="sizes")
        told = []
        for at in range(rounds):
            progress("bulk", at, rounds)
            told.append(transfer(pair, composer, messages=each, size=size, kind=kind))
        after = composer.ask(do="sizes")
        result["bulk"], result["stored"] = _middle(told), _stored(before, after)
        if urgent:
            progress("urgent", 0, urgent)
            time.sleep(1.0)
            result["urgent"] = latency(
                composer.ask(do="urgent", messages=urgent, size=size, pause_s=_IDLE_PAUSE_S)["ms"]
            )
        if urgent and beside:
            progress("beside", 0, 1)
            result["urgent_beside_bulk"] = _beside(pair, composer, messages=max(each, 256), size=size)
        if composer.ask(do="sizes")["quarantined"]:
            raise Conflict("bench.quarantined")
    result["targets"] = _judged(result, on, size)
    return result
