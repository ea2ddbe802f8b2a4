"""The numbers of a node: right, bounded, without a name or a matter, and on this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection, connections
from prometheus_client.parser import text_string_to_metric_families

from support.node import CAST, Clock, Node, Nodes, carry
from support.notes import notes, send_notes
from support.ports import free_port
from tansiq.errors import BadInput
from tansiq.keystore.sessions import SessionRow, add_session
from tansiq.node import measures, metrics
from tansiq.node.backup import backup
from tansiq.node.counting import Counts
from tansiq.node.measures import measure
from tansiq.node.metrics import Place, exposition, parse_place, serve_metrics
from tansiq.node.running import answers
from tansiq.protocol.envelope import Lane

__all__ = ["notes"]
Numbers = dict[tuple[str, ...], float]


def numbers(text: bytes) -> Numbers:
    """Every sample by its name and the values of its labels."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def read(node: Node, counts: Counts | None = None) -> Numbers:
    context = node.use()
    return numbers(exposition(node.home, now_ms=context.clock(), counts=counts or Counts()))


@pytest.mark.storage
def test_what_waits_and_since_when(node: Nodes, clock: Clock, notes: None) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    peer = "ma.dgst"
    quiet = read(es)
    assert quiet["tansiq_up",] == 1
    assert quiet["tansiq_peer_waiting_envelopes", peer] == quiet["tansiq_peer_oldest_waiting_seconds", peer] == 0
    assert quiet["tansiq_peer_last_heard_timestamp_seconds", peer] == 0
    send_notes(es, ma, 3)
    clock.advance(minutes=2)
    send_notes(es, ma, 2, lane=Lane.URGENT)
    waiting = read(es)
    assert waiting["tansiq_peer_waiting_envelopes", peer] == 5
    assert waiting["tansiq_peer_oldest_waiting_seconds", peer] == 120
    from tansiq.exchange.release import next_batch

    next_batch(peer, (Lane.NORMAL,), context=es.use())
    clock.advance(minutes=1)
    released = read(es)
    assert released["tansiq_peer_waiting_envelopes", peer] == 2
    assert released["tansiq_peer_pending_batches", peer] == 1
    assert released["tansiq_peer_oldest_waiting_seconds", peer] == 60, "the pending one says when it was released"
    assert released["tansiq_peer_unwitnessed_entries", peer] == 3


@pytest.mark.storage
def test_when_all_is_delivered_nothing_waits_and_the_partner_was_heard(node: Nodes, clock: Clock, notes: None) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 3)
    carry(es, ma)
    after = read(es)
    for name in (
        "waiting_envelopes",
        "pending_batches",
        "oldest_waiting_seconds",
        "failures",
        "set_aside_statements",
        "restoring",
    ):
        assert after[f"tansiq_peer_{name}", "ma.dgst"] == 0, name
    assert after["tansiq_peer_last_heard_timestamp_seconds", "ma.dgst"] == clock.now_ms / 1000
    assert read(ma)["tansiq_queued_statements",] == 0


@pytest.mark.storage
def test_how_the_node_itself_stands(node: Nodes, clock: Clock, tmp_path: Path) -> None:
    es = node("es.cgi")
    before = read(es)
    assert before["tansiq_last_backup_timestamp_seconds",] == before["tansiq_last_mirror_timestamp_seconds",] == 0
    assert 800 < before["tansiq_certificate_days_left",] <= 825
    assert before["tansiq_disk_free_bytes",] > 1_000_000
    assert before["tansiq_database_bytes", "main"] > 100_000
    assert before["tansiq_database_bytes", "keys"] > 100_000
    backup(es.home, tmp_path / "backup", context=es.use())
    assert read(es)["tansiq_last_backup_timestamp_seconds",] == clock.now_ms / 1000
    clock.advance(days=830)
    assert read(es)["tansiq_certificate_days_left",] < 0


@pytest.mark.storage
def test_no_count_goes_beyond_its_bound(node: Nodes, notes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 12)
    monkeypatch.setattr(measures, "MOST", 10)
    es.use()
    assert measure(es.home, now_ms=es.context.clock()).lines[0].waiting == 10


@pytest.mark.storage
def test_sessions_that_have_not_ended_are_counted(node: Nodes, clock: Clock) -> None:
    es = node("es.cgi")
    es.use()
    for number, ends_ms in enumerate((clock.now_ms - 1, clock.now_ms + 1, clock.now_ms + 2)):
        times = {"created_ms": 0, "seen_ms": clock.now_ms, "ends_ms": ends_ms}
        add_session(SessionRow(bytes([number]) * 32, b"f" * 32, "", **times))
    assert read(es)["tansiq_sessions",] == 2


@pytest.mark.storage
def test_nobody_is_named(node: Nodes, notes: None) -> None:
    """What stands there is agencies and words of ours: no officer, no post, no reference."""
    es, ma = node("es.cgi"), node("ma.dgst")
    said = send_notes(es, ma, 2)
    carry(es, ma)
    context = es.use()
    text = exposition(es.home, now_ms=context.clock(), counts=Counts()).decode()
    for member in CAST.values():
        for officer in member.officers:
            assert officer.number not in text
        for post in member.posts:
            assert not re.search(rf'"[^"\n]*{post.name}', text)
    assert not [one for one in said if one.id.hex() in text]
    labels = set(re.findall(r"\{(.*?)\}", text))
    assert {name for label in labels for name in re.findall(r"(\w+)=", label)} == {
        "peer",
        "version",
        "database",
        "status",
        "outcome",
        "le",
    }


def test_what_the_processes_counted_stands_there() -> None:
    counts = Counts()
    counts.add("door", "200", 3)
    counts.add("deliveries", "failed")
    for seconds in (0.001, 0.3, 60.0):
        counts.took("delivery", seconds)
    found = numbers(exposition_without_a_database(counts))
    assert found["tansiq_up",] == 0
    assert found["tansiq_door_answers_total", "200"] == 3
    assert found["tansiq_deliveries_total", "failed"] == 1
    assert found["tansiq_delivery_seconds_bucket", "0.005"] == 1
    assert found["tansiq_delivery_seconds_bucket", "0.5"] == 2
    assert found["tansiq_delivery_seconds_bucket", "+Inf"] == found["tansiq_delivery_seconds_count",] == 3
    assert found["tansiq_delivery_seconds_sum",] == pytest.approx(60.301)


def exposition_without_a_database(counts: Counts) -> bytes:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(metrics, "measure", lambda home, now_ms: 1 / 0)
        return exposition(None, now_ms=0, counts=counts)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- the address


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:9464", Place(host="127.0.0.1", port=9464)),
        ("127.3.2.1:1", Place(host="127.3.2.1", port=1)),
        ("[::1]:9464", Place(host="::1", port=9464)),
        ("unix:/run/tansiq/madrid/metrics.sock", Place(path="/run/tansiq/madrid/metrics.sock")),
    ],
)
def test_a_place_on_this_machine_is_accepted(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:9464", "192.0.2.1:9464", "[::]:9464", "localhost:9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "9464", ":9464", "unix:metrics.sock", "unix:", "127.0.0.1:x", "::ffff:10.0.0.1:9464"],
)  # fmt: skip
def test_no_other_place_is(text: str) -> None:
    with pytest.raises(BadInput):
        parse_place(text)


def ask(place: Place, request: bytes) -> bytes:
    family = socket.AF_UNIX if place.path else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(60)
        client.connect(place.path or (place.host, place.port))
        answer = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # who is left before all was read is told so
            client.sendall(request)
            while piece := client.recv(65_536):
                answer += piece
        return answer


def served(node: Node, where: str, requests: list[bytes]) -> list[bytes]:
    """What the node answers to each request at ``where``."""
    home = replace(node.home, metrics=where)
    place = parse_place(where)

    async def play() -> list[bytes]:
        serving = asyncio.create_task(serve_metrics(home, node.context))
        loop = asyncio.get_running_loop()
        try:
            until = loop.time() + 60
            while not answers(place.path or f"{place.host}:{place.port}"):
                assert not serving.done() and loop.time() < until, "it does not serve"
                await asyncio.sleep(0.02)
            return [await loop.run_in_executor(None, ask, place, request) for request in requests]
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    return asyncio.run(play())


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    connections.close_all()


@pytest.mark.storage
def test_prometheus_reads_them_and_nothing_else_is_there(node: Nodes) -> None:
    es = node("es.cgi")
    es.use()
    good, other, posted, noise = served(
        es,
        f"127.0.0.1:{free_port()}",
        [
            b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            b"\x16\x03\x01\r\n\r\n",
        ],
    )
    head, _, body = good.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/plain; version=0.0.4" in head
    # The database of a home that only this thread has opened answers in the thread of the numbers as well.
    assert numbers(body)["tansiq_up",] == 1
    for answer in (other, posted, noise):
        assert answer.startswith(b"HTTP/1.1 404 ")


@pytest.mark.storage
def test_a_socket_is_for_the_account_and_its_group(node: Nodes, tmp_path: Path) -> None:
    es = node("es.cgi")
    es.use()
    file = tmp_path / "m.sock"
    file.touch()
    [answer] = served(es, f"unix:{file}", [b"GET /metrics HTTP/1.1\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o660


@pytest.mark.storage
def test_a_head_that_never_ends_is_left(node: Nodes) -> None:
    es = node("es.cgi")
    es.use()
    [answer] = served(es, f"127.0.0.1:{free_port()}", [b"GET /metrics HTTP/1.1\r\n" + b"x: y\r\n" * 5000])
    assert answer == b""


@pytest.mark.storage
def test_every_query_goes_by_an_index(node: Nodes, notes: None) -> None:
    """A million rows that were exchanged cost a scrape nothing."""
    es, ma = node("es.cgi"), node("ma.dgst")
    if es.home.on_postgresql:
        pytest.skip("what PostgreSQL plans for so few rows says nothing")
    send_notes(es, ma, 3)
    carry(es, ma)
    from django.test.utils import CaptureQueriesContext

    es.use()
    with CaptureQueriesContext(connection) as made:
        measure(es.home, now_ms=es.context.clock())
    growing = {
        "exchange_sent",
        "exchange_received",
        "exchange_statement",
        "exchange_handled",
        "journal_leaf",
        "journal_witnessed",
        "exchange_receipt",
    }
    raw = connection.connection
    for query in made.captured_queries:
        for row in raw.execute(f"EXPLAIN QUERY PLAN {query['sql']}"):
            assert not (row[3].startswith("SCAN") and growing & set(row[3].split())), (row[3], query["sql"])
