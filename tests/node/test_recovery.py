"""A running node whose backup was restored asks its peer over the network, by itself, and goes on."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest
from django.db import connections

from support.node import SECRET, Nodes, carry
from support.notes import notes, send_notes
from support.pair import SECRET as PAIR_SECRET
from support.pair import Pair, RealNode, make_pair, until
from tansiq.directory.queries import current_directory
from tansiq.errors import Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.peers import peer_state
from tansiq.exchange.queries import Counts, counts
from tansiq.exchange.readers import post_reader
from tansiq.exchange.restoring import restoring_peers
from tansiq.exchange.services import send_many
from tansiq.exchange.wake import wake
from tansiq.node import recovery, worker
from tansiq.node.backup import backup
from tansiq.node.fsck import fsck
from tansiq.node.mirror import mirror_keys
from tansiq.node.restore import restore
from tansiq.protocol.docket import Docket
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = make_pair(tmp_path)
    yield made
    made.close()


def say(node: RealNode, to: RealNode, count: int) -> None:
    """Statements of a kind that nobody handles: they are kept and set aside."""
    context = node.open()
    reader = post_reader(f"{to.agency}/desk", peer=to.agency, now_ms=context.clock())
    drafts = [
        Draft(
            docket=Docket(
                kind="test.unknown",
                channel="direct",
                matter=secrets.token_bytes(16),
                sender=f"{node.agency}/desk",
                route=(f"{node.agency}/desk", f"{to.agency}/desk"),
                addressees=(f"{to.agency}/desk",),
            ),
            parts=[Part("test.unknown", {0: secrets.token_bytes(100)})],
            readers=[reader],
        )
        for _ in range(count)
    ]
    send_many(drafts, context=context)
    connections.close_all()
    wake(str(node.home.run))


def count(node: RealNode, other: RealNode) -> Counts:
    with node.bound():
        return counts(other.agency)


def test_a_real_node_with_a_backup_two_hundred_statements_old(pair: Pair, tmp_path: Path) -> None:
    es, ma = pair.nodes
    pair.start()
    say(es, ma, 20)
    say(ma, es, 20)
    pair.wait_quiet()
    backup(es.home, tmp_path / "backup", context=es.open())
    connections.close_all()
    say(es, ma, 200)
    say(ma, es, 200)
    pair.wait_quiet()
    mirror_keys(es.home, tmp_path / "keys", context=es.open())
    connections.close_all()
    before = count(es, ma)
    say(es, ma, 3)
    es.kill()
    say(ma, es, 5)  # Rabat goes on meanwhile

    restore(es.home, tmp_path / "backup", keys=tmp_path / "keys", secret=PAIR_SECRET, replace=True)
    es.start()
    es.wait_ready()

    def whole() -> bool:
        with es.bound():
            return not restoring_peers()

    until(whole, seconds=60, what="everything is back")
    say(es, ma, 2)
    pair.wait_quiet()
    after = count(es, ma)
    assert after.received == before.received + 5
    assert before.sent + 3 <= after.sent <= before.sent + 6  # the announcement, two more, and what left before the kill
    assert count(ma, es).received == after.sent
    for node in pair.nodes:
        assert node.stop() == 0
        report = fsck(node.open())
        assert report.clean, [finding.text() for finding in report.findings]
        assert report.counts["receipts"] == count(node, ma if node is es else es).sent


async def resume(context: Context) -> None:
    """What the worker does, with threads that leave no connection behind."""
    with ThreadPoolExecutor(1) as pool:
        try:
            async with aiohttp.ClientSession() as session:
                await recovery.resume(context, session, pool=pool)
        finally:
            pool.submit(connections.close_all).result()


def test_a_peer_that_does_not_answer_is_asked_again(
    node: Nodes, notes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 2)
    carry(es, ma)
    backup(es.home, tmp_path / "backup", context=es.context)
    restore(es.home, tmp_path / "backup", secret=SECRET, replace=True)
    es.reopen()
    asked: list[str] = []
    waits: list[float] = []
    sleep = asyncio.sleep

    async def post(_session: object, address: str, path: str, *_rest: object, **_named: object) -> bytes:
        asked.append(path)
        return b"garbage"

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 20:
            raise TimeoutError
        await sleep(0)

    monkeypatch.setattr(recovery, "post_signed", post)
    monkeypatch.setattr(recovery.asyncio, "sleep", pause)

    with pytest.raises(TimeoutError):
        asyncio.run(resume(es.context))
    assert set(asked) == {"/exchange/1/restore"}
    assert len(asked) > 5
    assert restoring_peers() == {"ma.dgst"}
    assert peer_state("ma.dgst").failures == len(asked)
    assert max(waits) > 10, "ever more rarely"


def test_a_node_that_is_whole_asks_nobody(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def post(*arguments: object, **_: object) -> bytes:
        asked.append(arguments)
        raise Unavailable("exchange.no-answer", reason="test")

    monkeypatch.setattr(recovery, "post_signed", post)
    asyncio.run(resume(node("es.cgi").context))
    assert not asked


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/internal/admin?do=it&x=", "HTTP://127.0.0.1:{port}"])
def test_nothing_is_asked_in_clear(
    node: Nodes, notes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Whatever addresses a partner writes into its document: a node that restores is no way into its own network."""
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 1)
    carry(es, ma)
    backup(es.home, tmp_path / "backup", context=es.context)
    restore(es.home, tmp_path / "backup", secret=SECRET, replace=True)
    es.reopen()
    heard: list[bytes] = []
    codes: list[str] = []
    failed = recovery.failed

    def noted(peer: str, *, code: str, now_ms: int) -> int:
        codes.append(code)
        return failed(peer, code=code, now_ms=now_ms)

    async def pause(_seconds: float) -> None:
        raise TimeoutError

    async def ask() -> None:
        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1000))
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        told = address.format(port=server.sockets[0].getsockname()[1])
        monkeypatch.setattr(
            recovery, "current_directory", lambda peer: dataclasses.replace(current_directory(peer), addresses=(told,))
        )
        async with server:
            await resume(es.context)

    monkeypatch.setattr(recovery, "failed", noted)
    monkeypatch.setattr(recovery.asyncio, "sleep", pause)
    with pytest.raises(TimeoutError):
        asyncio.run(ask())
    assert heard == []
    assert codes == ["exchange.no-address"]


def test_answers_are_taken_as_they_come_and_no_cookie_is_kept(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small answer that unpacks to a large one would pass by the limit on its size."""
    sessions: list[aiohttp.ClientSession] = []

    async def once(_context: Context, session: aiohttp.ClientSession, **_named: object) -> None:
        sessions.append(session)
        raise TimeoutError

    monkeypatch.setattr(worker, "resume", once)
    with pytest.raises(TimeoutError):
        asyncio.run(worker._restoring(node("es.cgi").context, None, None))  # type: ignore[arg-type]
    assert isinstance(sessions[0].cookie_jar, aiohttp.DummyCookieJar)
    assert sessions[0].auto_decompress is False
