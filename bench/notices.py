"""One notice to many members, measured: ``python bench/notices.py --members 195 --rounds 5``; prints JSON.

A bureau and the hub are real nodes with real databases in this process; the members are simulated agencies, each with its own keys and
journals, that take the hub's parcels, verify the signature and the law of the way, open the notice with their own key and
answer with a receipt. There is no network between them. Counted for each notice: signatures, encryptions of a body part, wraps, at
the source and at the hub. Timed (wall and processor): what the source does, the hub's door and dispatch, the legal desk's publication, and the
delivery until the last member has it and the hub holds that member's receipt, the members' own work apart. Exit 1 when publication and
delivery take longer than ``--most`` seconds, or the counts are others than one signature, one encryption, a wrap for each.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")

MEMBERS = 195
MOST_SECONDS = 10.0


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often a statement is signed, a part concealed, keys sealed to somebody."""
    from tansiq.exchange import drafts  # noqa: PLC0415

    found: Counter[str] = Counter()
    names = ("sign_concealed", "conceal", "seal_wrap")
    before = {name: getattr(drafts, name) for name in names}

    def counting(name: str) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            found[name] += 1
            return before[name](*values, **named)

        return call

    for name in names:
        setattr(drafts, name, counting(name))
    try:
        yield found
    finally:
        for name in names:
            setattr(drafts, name, before[name])


class Watch:
    """Seconds of the clock and of the processor, by what was done."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Adds what is done meanwhile."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[what] = self.wall.get(what, 0.0) + time.perf_counter() - wall
        self.cpu[what] = self.cpu.get(what, 0.0) + time.process_time() - cpu


def delivered(world: Any, watch: Watch) -> int:
    """Everything that waits is brought to the members and their receipts back; returns how many parcels went out."""
    from tansiq.exchange.intake import take  # noqa: PLC0415
    from tansiq.exchange.parcels import make_parcel  # noqa: PLC0415
    from tansiq.exchange.release import next_batch  # noqa: PLC0415
    from tansiq.protocol.envelope import Lane  # noqa: PLC0415
    from tansiq.protocol.parcel import parse_parcel  # noqa: PLC0415

    context, count = world.hub.use(), 0
    for peer in world.members:
        while True:
            with watch.of("hub releases"):
                batch = next_batch(peer.agency, tuple(Lane), context=context)
                if batch is None:
                    break
                parcel = make_parcel(peer.agency, context=context, batch=batch).to_bytes()
            with watch.of("members verify and open"):
                answer = peer.take(parse_parcel(parcel)).to_bytes()
            with watch.of("hub takes receipts"):
                take(parse_parcel(answer), peer=peer.agency, context=context)
            count += 1
    return count


def one_round(board: Any, world: Any) -> dict[str, Any]:
    """One notice, from the source's act to the last member's receipt."""
    from support.node import carry  # noqa: PLC0415
    from support.noticed import a_notice  # noqa: PLC0415
    from tansiq.exchange.queries import counts  # noqa: PLC0415
    from tansiq.notices.asking import ask_publication  # noqa: PLC0415
    from tansiq.notices.kinds import NOTICE  # noqa: PLC0415
    from tansiq.notices.legal import publish  # noqa: PLC0415
    from tansiq.notices.rows import notice_rows  # noqa: PLC0415

    watch = Watch()
    context = board.es.use()
    with counted() as at_source, watch.of("source"):
        matter = ask_publication(a_notice(), context=context, officer=board.es.officer())
    with watch.of("to the hub"):
        carry(board.hub, board.es)
    context = board.hub.use()
    heard = [len(peer.received) for peer in world.members]
    started = time.perf_counter()
    with counted() as at_hub, watch.of("publication"):
        publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=context)
    parcels = delivered(world, watch)
    reached = time.perf_counter() - started
    (row,) = notice_rows("matter = %s", (matter,))
    told = sum(
        any(
            one.docket is not None and one.docket.kind == NOTICE and one.parts[0] is not None
            for one in peer.received[at:]
        )
        for peer, at in zip(world.members, heard, strict=True)
    )
    receipted = sum(counts(peer.agency).pending == 0 for peer in world.members)
    return {
        "number": row.number,
        "reached_seconds": round(reached, 3),
        "members_that_read_it": told,
        "members_whose_receipt_is_here": receipted,
        "parcels": parcels,
        "source": {"signatures": at_source["sign_concealed"], "encryptions": at_source["conceal"]},
        "hub": {"signatures": at_hub["sign_concealed"], "encryptions": at_hub["conceal"], "wraps": at_hub["seal_wrap"]},
        "wall_ms": {name: round(1000 * value, 1) for name, value in watch.wall.items()},
        "cpu_ms": {name: round(1000 * value, 1) for name, value in watch.cpu.items()},
    }


def measure(members: int, rounds: int, folder: Path) -> dict[str, Any]:
    """The rounds and their medians."""
    import django  # noqa: PLC0415

    django.setup()
    from support.bureaux import board_of, with_hub  # noqa: PLC0415
    from support.node import Clock, Nodes  # noqa: PLC0415
    from support.world import World  # noqa: PLC0415

    nodes = Nodes(folder, Clock())
    board = board_of(nodes)
    with_hub()
    board.es.use()
    source = board.es.context.directory
    world = World(board.hub)
    began = time.perf_counter()
    world.populate(members, besides=[source])
    delivered(world, Watch())
    admitted = time.perf_counter() - began
    done = []
    for _ in range(rounds):
        nodes.clock.advance(seconds=1)
        done.append(one_round(board, world))
    nodes.close()
    to = members + 1  # and the other bureau that the hub has admitted
    as_promised = all(
        # The source signs the notice and the request that the hub alone reads; the hub signs its own word and wraps both.
        one["source"] == {"signatures": 2, "encryptions": 6}
        and one["hub"] == {"signatures": 1, "encryptions": 3, "wraps": 2 * to + 1}
        and one["members_that_read_it"] == one["members_whose_receipt_is_here"] == members
        for one in done
    )
    return {
        "members": members,
        "rounds": len(done),
        "making_and_admitting_seconds": round(admitted, 1),
        "of_the_notice": {"signatures": 1, "encryptions_of_its_body": 1, "wraps_for_members": to},
        "as_promised": as_promised,
        "reached_seconds": {
            "median": statistics.median(one["reached_seconds"] for one in done),
            "slowest": max(one["reached_seconds"] for one in done),
        },
        "medians_ms": {
            kind: {
                name: round(statistics.median(one[f"{kind}_ms"].get(name, 0.0) for one in done), 1)
                for name in done[0][f"{kind}_ms"]
            }
            for kind in ("wall", "cpu")
        },
        "each": done,
    }


def main() -> int:
    """Measures, prints, and says by its exit code whether the limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=float, default=MOST_SECONDS)
    parser.add_argument("--folder", type=Path, help="where the databases lie; else a temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="tansiq-bench-") as folder:
        tempfile.tempdir = folder  # what is made once lies on the same disk
        found = measure(asked.members, asked.rounds, Path(folder))
    print(json.dumps(found, indent=2))
    return 0 if found["as_promised"] and found["reached_seconds"]["slowest"] <= asked.most else 1


if __name__ == "__main__":
    sys.exit(main())
