"""What several processes count is one sum, and a process that is killed leaves its counts."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Any

import pytest

from tansiq.node.counted import Counted
from tansiq.node.counting import BOUNDS, COUNTED, TIMED, Counts


def in_child(work: object, *, kill: bool = False) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()  # type: ignore[operator]
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def test_everything_begins_at_nothing() -> None:
    counts = Counts()
    for name in COUNTED:
        assert set(counts.of(name).values()) == {0}
    for name in TIMED:
        assert counts.times(name).count == counts.times(name).seconds == 0


def test_processes_add_up_and_a_killed_one_leaves_its_counts() -> None:
    counts = Counts()
    counts.add("statements", "dispatched", 5)

    def work(part: int) -> None:
        counts.claim(part)
        for _ in range(1000):
            counts.add("door", "200")
            counts.took("door", 0.015)

    for part in (1, 2, 3):
        in_child(lambda part=part: work(part), kill=part == 2)  # type: ignore[misc]
    assert counts.of("door")["200"] == 3000
    assert counts.of("statements")["dispatched"] == 5
    assert counts.times("door").classes[BOUNDS.index(0.02)] == counts.times("door").count == 3000
    assert counts.times("door").seconds == pytest.approx(45)


def test_threads_of_one_process_lose_nothing() -> None:
    counts = Counts()
    threads = [threading.Thread(target=lambda: [counts.add("pages", "404") for _ in range(5000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.of("pages")["404"] == 20_000


def test_a_lock_that_was_held_at_the_fork_holds_nobody_up() -> None:
    counts = Counts()
    with counts._lock:
        in_child(lambda: (counts.claim(1), counts.add("door", "200")))
    assert counts.of("door")["200"] == 1


def test_what_is_not_known_is_counted_as_another_or_is_a_defect() -> None:
    counts = Counts()
    counts.add("door", "418")
    assert counts.of("door")["other"] == 1
    with pytest.raises(KeyError):
        counts.add("matters", "ok")
    with pytest.raises(KeyError):
        counts.took("matters", 1.0)
    with pytest.raises(ValueError, match="64"):
        counts.claim(64)


@pytest.mark.parametrize(("seconds", "place"), [(0.0, 0), (0.005, 0), (0.0051, 1), (10.0, 10), (10.1, 11), (1e9, 11)])
def test_a_duration_stands_in_the_class_that_it_fits(seconds: float, place: int) -> None:
    counts = Counts()
    counts.took("dispatch", seconds)
    assert counts.times("dispatch").classes.index(1) == place


def test_answers_are_counted_by_their_status_also_when_the_application_fails() -> None:
    counts = Counts()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/fails":
            raise RuntimeError
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    watched = Counted(application, "pages", counts=counts)
    asyncio.run(watched({"type": "http", "path": "/"}, None, send))  # type: ignore[arg-type]
    assert [message["type"] for message in told] == ["http.response.start", "http.response.body"]
    with pytest.raises(RuntimeError):
        asyncio.run(watched({"type": "http", "path": "/fails"}, None, send))  # type: ignore[arg-type]
    assert (counts.of("pages")["404"], counts.of("pages")["other"], counts.times("pages").count) == (1, 1, 2)
