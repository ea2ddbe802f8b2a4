"""A file of 20 megabytes arrives whole although both nodes are killed in the middle of it, at every point and at random."""

from __future__ import annotations

import hashlib
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from support import postgres
from support.files import PURPOSE, a_text
from support.launcher import ECHO
from support.pair import Pair, RealNode, make_pair, until
from tansiq.cases.files import add_file
from tansiq.cases.files_reading import FileReader
from tansiq.cases.files_sending import file_parts_of
from tansiq.directory.queries import sealing_key_of
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.services import send
from tansiq.node.fsck import fsck
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.manifest import Manifest
from tansiq.protocol.parts import Part

pytestmark = [pytest.mark.crash, pytest.mark.storage]

SIZE = 20_000_000
POINTS = (
    "files.before-request:3", "files.given:2", "files.after-answer:5", "files.take.before-commit:4", "files.take.after-commit:6",
)  # fmt: skip


def say(sender: RealNode, receiver: RealNode, folder: Path) -> Manifest:
    """A note with a file of 20 megabytes, said by a node that does not run."""
    data = folder / "data"
    data.write_bytes(a_text(SIZE))
    context = sender.open()
    with data.open("rb") as stream:
        item = add_file(stream, name="larga.txt", size=SIZE, context=context, officer="TEST", purpose=PURPOSE)
    parts, sent = file_parts_of([(item, 0)], first=1, context=context, officer="TEST")
    desks = f"{sender.agency}/desk", f"{receiver.agency}/desk"
    docket = Docket(
        kind=ECHO, channel="embassy", matter=secrets.token_bytes(16), sender=desks[0], route=desks, addressees=desks[1:]
    )
    reader = Reader(receiver.agency, sealing_key_of(desks[1], context.clock())[1])
    send(Draft(docket=docket, parts=[Part("test", {0: 7}), *parts], readers=[reader], lane=Lane.BULK), context=context)
    connections.close_all()
    return sent[0].manifest


def come(node: RealNode) -> tuple[int, bool]:
    """How many chunks lie at a node, and whether a file is whole."""
    [(count,)] = node.rows("SELECT COUNT(*) FROM exchange_chunk")
    whole = node.rows("SELECT 1 FROM exchange_file_coming WHERE state = 1")
    return int(str(count)), bool(whole)


def check(pair: Pair, manifest: Manifest) -> None:
    """Both end; the file is what it was, nothing is at fault on either side."""
    until(lambda: come(pair.ma)[1], seconds=90, what=f"the whole file\n{pair.ma.tail()}\n---\n{pair.es.tail()}")
    until(lambda: not pair.es.rows("SELECT 1 FROM exchange_file_going WHERE done_ms IS NULL"), seconds=20, what="told")
    pair.wait_quiet()
    assert [node.stop() for node in pair.nodes] == [0, 0]
    for node in pair.nodes:
        report = fsck(node.open())
        assert report.clean, [finding.text("en") for finding in report.findings]
        reader = FileReader(manifest, hashing=True)
        while reader.read(1 << 18):
            continue
        assert reader.digest == manifest.digest == hashlib.sha256(a_text(SIZE)).digest()
        connections.close_all()


@pytest.fixture
def half_pulling(tmp_path: Path) -> Iterator[Pair]:
    made = make_pair(tmp_path, pulling={"es.cgi": True})
    try:
        yield made
    finally:
        made.close()


def test_killed_at_every_point_of_a_transfer(pair: Pair) -> None:
    """Each point kills whichever side comes there: the giver at `files.given`, the fetcher at the others."""
    manifest = say(pair.es, pair.ma, pair.folder)
    points = POINTS[1::2] if postgres.wanted() else POINTS
    for point in points:
        dying, living = (pair.es, pair.ma) if point.startswith("files.given") else (pair.ma, pair.es)
        living.start()
        dying.start(TEST_KILL=point)
        until(lambda dying=dying: not dying.running, seconds=60, what=f"death at {point}\n{dying.tail()}")  # type: ignore[misc]
        living.kill()
    count, whole = come(pair.ma)
    assert 0 < count < len(manifest.chunks) and not whole
    pair.start()
    check(pair, manifest)
    assert {point.partition(":")[0] for point in points} == {*pair.es.killed_at(), *pair.ma.killed_at()}


def test_killed_at_random_in_the_middle(pair: Pair) -> None:
    manifest = say(pair.es, pair.ma, pair.folder)
    chance = random.Random(5)
    before = 0
    for _ in range(3):
        pair.start()
        until(lambda before=before: come(pair.ma)[0] > before, seconds=60, what="some chunks")  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.3))
        for node in chance.sample(pair.nodes, 2):
            node.kill()
        before = come(pair.ma)[0]
        if before == len(manifest.chunks):
            break
    pair.start()
    check(pair, manifest)


def test_a_node_that_can_not_be_called_gives_its_file_although_it_dies(half_pulling: Pair) -> None:
    pair = half_pulling
    manifest = say(pair.es, pair.ma, pair.folder)
    pair.ma.start()
    pair.es.start(TEST_KILL="files.after-answer:6")
    until(lambda: not pair.es.running, seconds=60, what=f"death\n{pair.es.tail()}")
    pair.es.start()
    check(pair, manifest)
