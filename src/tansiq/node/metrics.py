"""A node's numbers in Prometheus' text format, at an address of this machine alone.

Invariant: the address is a loopback address or a Unix socket, never the pages' or the door's; there is one page, ``/metrics``, and nothing
but numbers, agencies and codes on it. It is the worker that serves it: it answers also when the pages or the door do not.
A database that does not answer leaves the partners out and ``tansiq_up`` at 0; the scrape itself succeeds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from django.db import close_old_connections, connections
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from tansiq import __version__
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.node.counting import BOUNDS, COUNTED, TIMED, Counts, node_counts
from tansiq.node.home import Home
from tansiq.node.measures import Line, Measures, measure

__all__ = ["CONTENT_TYPE", "Place", "exposition", "parse_place", "serve_metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_UNIX: Final = "unix:"
_HEAD_BYTES, _HEAD_SECONDS = 8192, 5.0
_MOST_CALLERS: Final = 8
_ABOUT: Final = {
    "door": "Answers of the door to other nodes",
    "pages": "Answers of the pages",
    "deliveries": "Parcels that were brought to a partner",
    "dispatches": "Rounds in which what came was given to its handlers",
    "statements": "Statements that were looked at by their handlers",
    "notifications": "Messages to officers that something waits",
}
_TOOK: Final = {
    "door": "How long the door took to answer",
    "pages": "How long a page took to be answered",
    "delivery": "How long a parcel took, there and back",
    "dispatch": "How long a round of the handlers took",
}
_log = logging.getLogger("tansiq.metrics")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the numbers are served: a host and port of this machine, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""


def parse_place(text: str) -> Place:
    """``127.0.0.1:9464``, ``[::1]:9464`` or ``unix:/run/…/metrics.sock``. Raises BadInput for anything else, other machines' above all."""
    if text.startswith(_UNIX) and (path := text.removeprefix(_UNIX)).startswith("/"):
        return Place(path=path)
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback and 0 < int(port) < 65_536:
            return Place(host=host, port=int(port))
    raise BadInput("node.metrics-place", place=text[:80])


class _Node:
    """What prometheus_client asks for the numbers."""

    def __init__(self, measures: Measures | None, counts: Counts) -> None:
        self._measures = measures
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Every number there is."""
        yield InfoMetricFamily("tansiq", "The software of this node", value={"version": __version__})
        yield GaugeMetricFamily(
            "tansiq_up", "Whether the node's databases answer", value=int(self._measures is not None)
        )
        if self._measures is not None:
            yield from _standing(self._measures)
            yield from _lines(self._measures)
        yield from _counted(self._counts)


def _standing(measures: Measures) -> Iterator[Metric]:
    for name, about, value in (
        ("queued_statements", "Statements that came and wait for their handlers", measures.queued),
        ("last_backup_timestamp_seconds", "When the last backup was made, 0 for never", measures.backup_ms / 1000),
        ("last_mirror_timestamp_seconds", "When the key store was copied last, 0 for never", measures.mirror_ms / 1000),
        ("certificate_days_left", "Whole days until the newest certificate ends", measures.certificate_days),
        ("sessions", "Sessions on the pages that have not ended", measures.sessions),
        ("disk_free_bytes", "Room where the node's data lie", measures.disk_free),
    ):
        yield GaugeMetricFamily(f"tansiq_{name}", about, value=value)
    size = GaugeMetricFamily("tansiq_database_bytes", "How much a database takes", labels=["database"])
    size.add_metric(["main"], measures.database_bytes)
    size.add_metric(["keys"], measures.keys_bytes)
    yield size


def _lines(measures: Measures) -> Iterator[Metric]:
    now = measures.now_ms
    rows: list[tuple[str, str, Callable[[Line], float]]] = [
        ("waiting_envelopes", "Envelopes that wait to leave", lambda line: line.waiting),
        ("pending_batches", "Batches that left and have no receipt", lambda line: line.pending),
        (
            "oldest_waiting_seconds",
            "How long the oldest envelope has waited to leave or for its receipt",
            lambda line: max(now - line.oldest_ms, 0) / 1000 if line.oldest_ms else 0,
        ),
        ("last_heard_timestamp_seconds", "When the partner was heard last, 0 for never", lambda line: line.heard_ms / 1000),
        ("clock_lead_seconds", "How far the partner's clock is ahead of ours", lambda line: line.skew_ms / 1000),
        ("failures", "Failures in a row to reach the partner", lambda line: line.failures),
        ("set_aside_statements", "Statements of the partner that were set aside", lambda line: line.set_aside),
        ("unwitnessed_entries", "Entries of our journal that the partner has not signed", lambda line: line.unwitnessed),
        ("restoring", "Whether the partner owes us what a restored backup lacked", lambda line: int(line.restoring)),
    ]  # fmt: skip
    for name, about, of in rows:
        family = GaugeMetricFamily(f"tansiq_peer_{name}", about, labels=["peer"])
        for line in measures.lines:
            family.add_metric([line.peer], of(line))
        yield family


def _counted(counts: Counts) -> Iterator[Metric]:
    for name in COUNTED:
        label = "status" if name in {"door", "pages"} else "outcome"
        stem = f"{name}_answers" if label == "status" else name
        family = CounterMetricFamily(f"tansiq_{stem}", _ABOUT[name], labels=[label])
        for told, count in counts.of(name).items():
            family.add_metric([told], count)
        yield family
    for name in TIMED:
        times = counts.times(name)
        buckets, below = [], 0
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], times.classes, strict=True):
            below += count
            buckets.append((bound, below))
        histogram = HistogramMetricFamily(f"tansiq_{name}_seconds", _TOOK[name])
        histogram.add_metric([], buckets, sum_value=times.seconds)
        yield histogram


def exposition(home: Home, *, now_ms: int, counts: Counts = node_counts) -> bytes:
    """All numbers as text; what the database does not tell is left out. Raises nothing."""
    measures = None
    try:
        close_old_connections()
        measures = measure(home, now_ms=now_ms)
    except Exception:
        _log.exception("the numbers could not be read")
    registry = CollectorRegistry()
    registry.register(_Node(measures, counts))
    return generate_latest(registry)


# ---------------------------------------------------------------------------------------------------- the address


def _answer(status: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def serve_metrics(home: Home, context: Context) -> None:
    """Serves the numbers where the home says until it is cancelled; nowhere when it says nothing. Raises BadInput and OSError."""
    if not home.metrics:
        await asyncio.Event().wait()
    place = parse_place(home.metrics)
    pool = ThreadPoolExecutor(1, "metrics")
    loop = asyncio.get_running_loop()
    callers = asyncio.Semaphore(_MOST_CALLERS)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if callers.locked():
                return
            async with callers, asyncio.timeout(_HEAD_SECONDS):
                words = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].split(b" ")
                if words[:2] != [b"GET", b"/metrics"]:
                    writer.write(_answer("404 Not Found", "text/plain", b"The numbers are at /metrics.\n"))
                else:
                    text = await loop.run_in_executor(pool, _expose)
                    writer.write(_answer("200 OK", CONTENT_TYPE, text))
                await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _expose() -> bytes:
        return exposition(home, now_ms=context.clock())

    if place.path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place.path)  # noqa: PTH108 (nothing else to do meanwhile)
        old = os.umask(0o117)  # the account and its group: who scrapes is made a member
        try:
            server = await asyncio.start_unix_server(serve, place.path, limit=_HEAD_BYTES)
        finally:
            os.umask(old)
    else:
        server = await asyncio.start_server(serve, place.host, place.port, limit=_HEAD_BYTES)
    try:
        async with server:
            await server.serve_forever()
    finally:
        pool.submit(connections.close_all)
        pool.shutdown(wait=False)
