"""The processes of a measurement: two real nodes, and who composes for one of them and watches both.

Invariant: a node here is the node of `node.processes.run_node`, with one kind more: ``bench.minimal``, whose handler opens the message,
checks it against its commitment and stores an item that points to it, as a capability does. Who composes is a process of its own, as a
page or a program is. It speaks JSON lines: a command in, an answer out.

    python -m tansiq.demo.bench_roles make|meet|node|compose|fill|bound HOME [JSON]
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tansiq.cases.items import NewItem
from tansiq.demo.bench_bound import bound_us
from tansiq.demo.bench_enquiry import DESK, OFFICERS, POSTS, EnquiryDesk, import_register
from tansiq.demo.bench_fill import Filler
from tansiq.demo.bench_watch import Watch
from tansiq.exchange.context import Context, system_clock
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.wake import OUTGOING, wake
from tansiq.node.creation import create_node
from tansiq.node.home import Home, load_home
from tansiq.node.opening import open_node
from tansiq.node.processes import run_node, settle_memory
from tansiq.node.worker import keep_up
from tansiq.office.folding import fold_came
from tansiq.protocol.cbor import encode
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.parts import Part

__all__ = ["KIND", "compose", "main", "make", "meet", "node"]

KIND = "bench.minimal"
BATCH = 256
_SPARE = 4096


def _store(arrived: Sequence[Arrived], context: Context) -> None:
    """The handler: every part is opened and checked, and becomes an item."""
    from tansiq.cases.services import add_items  # noqa: PLC0415 (only after Django is bound)

    add_items(
        [
            NewItem(
                case=one.docket.matter,
                statement=one.statement.id,
                place=place,
                kind=part.kind,
                originator=one.statement.agency,
                received_ms=one.at_ms,
            )
            for one in arrived
            for place, part in enumerate(one.parts)
        ],
        context=context,
    )


def make(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    """Makes a node; its unlock secret lies beside the home. Returns its directory document."""
    secret = secrets.token_hex(32).encode()
    home = Home(path=path, **values)
    Path(home.unlock_file).write_bytes(secret)
    directory = create_node(
        home,
        secret=secret,
        identity=SigningKey.generate(),
        names={"en": home.agency},
        address=f"https://{home.listen}",
        posts=POSTS,
        officers=OFFICERS,
    )
    return {"directory": directory.encoded.hex()}


def meet(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    """Takes the other's document, compares the words, and imports the register."""
    from tansiq.directory.services import confirm_partner, take_directory  # noqa: PLC0415 (only after Django is bound)
    from tansiq.protocol.directory import fingerprint  # noqa: PLC0415
    from tansiq.protocol.words import fingerprint_words  # noqa: PLC0415

    context = open_node(load_home(path))
    theirs = take_directory(bytes.fromhex(values["directory"]), now_ms=system_clock())
    words = list(fingerprint_words(fingerprint(theirs.identity), "en"))
    confirm_partner(theirs.agency, words=words, language="en", officer="BENCH", now_ms=system_clock())
    return {"met": theirs.agency, "register": import_register(context)}


def node(path: Path) -> int:
    """Runs a node until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    register(KIND, _store)
    return run_node(load_home(path), ready=lambda: _tell({"ready": True}))


class _Composer:
    """Composes on one node for a desk of the other, and watches both."""

    def __init__(self, path: Path, peer: Path) -> None:
        from tansiq.directory.queries import sealing_key_of  # noqa: PLC0415 (only after Django is bound)
        from tansiq.exchange.services import send_many  # noqa: PLC0415

        self._home = load_home(path)
        self._context = open_node(self._home)
        receiver = load_home(peer)
        self._desks = (f"{self._home.agency}/{DESK}", f"{receiver.agency}/{DESK}")
        self._enquiries = EnquiryDesk(self._context, receiver.agency)
        self._reader = Reader(receiver.agency, sealing_key_of(self._desks[1], self._context.clock())[1])
        self._send_many = send_many
        self._noise = b""
        self._watch = Watch(self._home, receiver)

    def _draft(self, size: int, lane: Lane) -> Draft:
        sender, receiver = self._desks
        docket = Docket(
            kind=KIND,
            channel="embassy",
            matter=new_id(self._context.clock()),
            sender=sender,
            route=(sender, receiver),
            addressees=(receiver,),
        )
        at = secrets.randbelow(_SPARE)
        content = self._noise[at : at + size] if len(self._noise) >= at + size else self._refill(size)
        return Draft(docket=docket, parts=[Part("bench", {0: content})], readers=[self._reader], lane=lane)

    def _refill(self, size: int) -> bytes:
        """More noise, for drawing it for every message would be measured too."""
        self._noise = secrets.token_bytes(size + _SPARE)
        return self._noise[:size]

    def _send(self, count: int, size: int, lane: Lane) -> bytes:
        sent = self._send_many([self._draft(size, lane) for _ in range(count)], context=self._context)
        wake(str(self._home.run), OUTGOING)
        return sent[-1].id

    def _ask(self, count: int) -> None:
        self._enquiries.send(self._enquiries.requests(count))
        wake(str(self._home.run), OUTGOING)

    def enquiry_size(self) -> dict[str, Any]:
        """The bytes of an enquiry's body."""
        return {"size": len(encode(self._enquiries.requests(1)[0].to_plain()))}

    def bulk(self, *, messages: int, size: int, kind: str = "minimal") -> dict[str, Any]:
        """Composes ``messages`` and waits until all are receipted, dispatched and witnessed."""
        start, cpu = time.monotonic(), time.process_time()
        for done in range(0, messages, BATCH):
            count = min(BATCH, messages - done)
            if kind == "enquiry":
                self._ask(count)
            else:
                self._send(count, size, Lane.NORMAL)
        composed, cpu = time.monotonic() - start, time.process_time() - cpu
        self._watch.wait_for(self._watch.is_dispatched)
        dispatched = time.monotonic() - start
        self._watch.wait_for(self._watch.is_witnessed)
        return {
            "cpu_s": cpu,
            "composed_s": composed,
            "dispatched_s": dispatched,
            "witnessed_s": time.monotonic() - start,
        }

    def urgent(self, *, messages: int, size: int, pause_s: float) -> dict[str, Any]:
        """One urgent message after another: from the call to its row at the other side and its receipt verified here."""
        waits = []
        for _ in range(messages):
            time.sleep(pause_s * (0.75 + secrets.randbelow(500) / 1000))
            start = time.perf_counter()
            statement = self._send(1, size, Lane.URGENT)
            self._watch.wait_for(lambda statement=statement: self._watch.has_arrived(statement), every_s=0.0005)  # type: ignore[misc]
            waits.append((time.perf_counter() - start) * 1000)
        return {"ms": waits}

    def rows(self, *, lane: int) -> dict[str, Any]:
        """How many rows each table has, for both sides, and the last number sent on ``lane``."""
        return {"rows": self._watch.rows(), **self.last(lane=lane)}

    def last(self, *, lane: int) -> dict[str, Any]:
        """The last number sent on ``lane``: as many statements were."""
        return {"last": self._watch.last_number(lane)}

    def fold(self) -> dict[str, Any]:
        """The CPU seconds of entering what was sent since into the register of the office on its way, which the clock does."""
        start = time.process_time()
        fold_came(context=self._context)
        return {"cpu_s": time.process_time() - start}

    def upkeep(self) -> dict[str, Any]:
        """The CPU seconds of what the sender does every hour beside all this."""
        start = time.process_time()
        keep_up(self._home, self._context)
        return {"cpu_s": time.process_time() - start}

    def quarantined(self) -> dict[str, Any]:
        """How many messages the receiver set aside."""
        return {"quarantined": self._watch.quarantined()}

    def sizes(self) -> dict[str, Any]:
        """Bytes by table, for both sides, and how many messages there are."""
        return {
            "sizes": self._watch.sizes(),
            "messages": self._watch.messages(),
            "quarantined": self._watch.quarantined(),
        }


class _Bound:
    """Measures the bare bound, as often as it is asked."""

    def bound(self, *, size: int, times: int) -> dict[str, Any]:
        """The bare bound, in this process and at this moment."""
        return {"us": bound_us(size=size, times=times)}


def _obey(role: object) -> int:
    """Takes commands until the input ends."""
    _tell({"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        work: Callable[..., dict[str, Any]] = getattr(role, command.pop("do"))
        _tell(work(**command))
    return 0


def compose(path: Path, peer: Path) -> int:
    """Composes on one node for the other, as pages and programs of a node do: with its memory settled."""
    composer = _Composer(path, peer)
    settle_memory()
    return _obey(composer)


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 (the answer is what this program is for)


def main(arguments: Sequence[str]) -> int:
    """One role, as the module says."""
    role, path, values = arguments[0], Path(arguments[1]), json.loads(arguments[2]) if len(arguments) > 2 else {}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    if role == "make":
        _tell(make(path, values))
    elif role == "meet":
        _tell(meet(path, values))
    elif role == "node":
        return node(path)
    elif role == "compose":
        return compose(path, Path(values["peer"]))
    elif role == "fill":
        return _obey(Filler(path, **values))
    elif role == "bound":
        return _obey(_Bound())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
