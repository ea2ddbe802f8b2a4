"""A node says whether it can work, in one word and codes, to whoever asks and however often."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import DatabaseError, connections

from support.node import Node, Nodes
from tansiq.node import acts_health, health
from tansiq.node.acts import perform
from tansiq.node.acts_health import serve_health
from tansiq.node.health import CODES, Health, HealthDoor, look
from tansiq.texts import text


@pytest.fixture
def es(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Node:
    """Madrid's node, whose other processes answer."""
    monkeypatch.setattr(health, "answers", lambda address: True)
    monkeypatch.setattr(health, "is_running", lambda home: True)
    made = node("es.cgi")
    made.use()
    return made


@pytest.mark.storage
def test_a_node_that_works_says_so(es: Node) -> None:
    assert look(es.home).to_plain() == {"state": "ok"}
    assert look(es.home, from_worker=True).ok


def refuse(*_: object, **__: object) -> Any:
    raise DatabaseError


FAULTS: dict[str, dict[str, Any]] = {
    "worker": {"is_running": lambda home: False},
    "door": {"answers": lambda address: False},
    "disk": {"_takes": lambda home: False},
}


@pytest.mark.storage
@pytest.mark.parametrize("code", FAULTS)
def test_what_is_wrong_has_a_code(es: Node, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    for name, value in FAULTS[code].items():
        monkeypatch.setattr(health, name, value)
    assert look(es.home).to_plain() == {"state": "degraded", "codes": [code]}


@pytest.mark.storage
@pytest.mark.parametrize(("alias", "code"), [("default", "database"), ("keys", "keys")])
def test_a_database_that_is_gone_is_told(es: Node, alias: str, code: str) -> None:
    connections.close_all()
    settings = connections.databases[alias]
    connections.databases[alias] = settings | {
        "NAME": "/nowhere/at-all.sqlite" if not es.home.on_postgresql else "no_such_database"
    }
    connections[alias].settings_dict = connections.databases[alias]
    assert look(es.home).codes == (code,)


@pytest.mark.storage
def test_a_database_that_only_reads_is_told(es: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    if es.home.on_postgresql:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
    else:
        monkeypatch.setattr(health.os, "access", lambda path, mode: not str(path).endswith("tansiq.sqlite"))
    assert look(es.home).codes == ("database",)


@pytest.mark.storage
def test_a_full_disk_is_told(es: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", full)
    assert look(es.home).codes == ("disk",)


@pytest.mark.storage
def test_a_node_that_waits_for_what_it_lost_is_told(es: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "restoring_peers", lambda: {"ma.dgst"})
    found = look(es.home)
    assert found.codes == ("restoring",)
    assert "ma.dgst" not in json.dumps(found.to_plain())


@pytest.mark.storage
def test_the_pages_ask_after_the_worker_and_the_worker_after_the_pages(
    es: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(health, "answers", lambda address: bool(asked.append(address)))
    home = replace(es.home, pages="127.0.0.1:8080")
    assert look(home, from_worker=True).codes == ("door", "pages")
    assert asked == [home.listen, home.pages]
    assert look(home).codes == ("door",)


@pytest.mark.storage
def test_the_node_says_it_at_its_socket(es: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts_health, "_homes", [])
    line = b'{"act": "node.health", "arguments": {}}\n'
    assert perform(line, es.context, lambda told: None)["error"]["code"] == "node.unknown-act"
    serve_health(es.home)
    assert perform(line, es.context, lambda told: None) == {"result": {"state": "ok"}}


def test_every_code_has_words() -> None:
    for code in CODES:
        for language in ("ar", "es", "fr", "en"):
            assert text(f"node.health.{code}", language)


# ---------------------------------------------------------------------------------------------------- over the network


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Asking:
    """Asks a door with ``look`` behind it."""

    def __init__(self, found: Any) -> None:
        self.passed: list[str] = []
        self.door = HealthDoor(self.application, None, look=found)  # type: ignore[arg-type]

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        self.passed.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def get(self, path: str, method: str = "GET") -> Answer:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        await self.door({"type": "http", "path": path, "method": method}, None, send)
        headers = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        return Answer(told[0]["status"], headers, b"".join(one["body"] for one in told[1:]))


def test_ready_and_alive_are_two_things() -> None:
    asking = Asking(lambda home: Health(("database", "disk")))

    async def play() -> None:
        ready, live = await asking.get("/health"), await asking.get("/health/live")
        assert (ready.status, json.loads(ready.body)) == (503, {"state": "degraded", "codes": ["database", "disk"]})
        assert (live.status, json.loads(live.body)) == (200, {"state": "ok"})
        for answer in (ready, live):
            assert answer.headers["cache-control"] == "no-store"
            assert "server" not in answer.headers
        head = await asking.get("/health", "HEAD")
        assert (head.status, head.body) == (503, b"")
        assert (await asking.get("/health", "POST")).status == 405

    asyncio.run(play())


def test_everything_else_is_passed_on() -> None:
    asking = Asking(lambda home: Health())

    async def play() -> None:
        for path in ("/", "/health/", "/healthy", "/health/live/x", "/HEALTH"):
            assert (await asking.get(path)).status == 204

    asyncio.run(play())
    assert len(asking.passed) == 5


def test_many_who_ask_cost_one_look() -> None:
    looks: list[int] = []

    def slowly(home: object) -> Health:
        looks.append(1)
        time.sleep(0.05)
        return Health()

    asking = Asking(slowly)

    async def play() -> None:
        answers = await asyncio.gather(*(asking.get("/health") for _ in range(200)))
        assert {answer.status for answer in answers} == {200}
        assert (await asking.get("/health")).status == 200

    asyncio.run(play())
    assert len(looks) == 1


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    ended = threading.Event()
    yield ended
    ended.set()


def test_a_database_that_hangs_is_itself_a_finding(hanging: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    looks: list[int] = []

    def hangs(home: object) -> Health:
        looks.append(1)
        hanging.wait(240)
        return Health()

    asking = Asking(hangs)

    async def play() -> None:
        for _ in range(3):
            answer = await asking.get("/health")
            assert json.loads(answer.body) == {"state": "degraded", "codes": ["slow"]}
        assert (await asking.get("/health/live")).status == 200
        assert looks == [1], "a second look would only hang as well"
        hanging.set()
        monkeypatch.setattr(
            health, "PATIENCE_SECONDS", 60.0
        )  # a look that does not hang takes its moment where other work runs
        assert (await asking.get("/health")).status == 200

    asyncio.run(play())
