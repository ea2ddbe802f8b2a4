"""After a backup was restored: what it lacks of the files, ours and theirs, is asked of the peer that has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.files import a_text, chunk_count, put_in, say_file, talk
from support.node import SECRET, Node, Nodes, carry
from support.notes import notes
from tansiq.cases.files_reading import FileReader
from tansiq.exchange.files import progress_of
from tansiq.exchange.recovery import recover
from tansiq.exchange.restoring import serve_restore
from tansiq.node.backup import backup
from tansiq.node.fsck import fsck
from tansiq.node.restore import restore

pytestmark = pytest.mark.storage
__all__ = ["notes"]


def test_files_of_both_directions_come_back(node: Nodes, notes: None, tmp_path: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    es.use()
    kept = a_text(400_000, seed=1)
    before, _ = say_file(es, ma, put_in(es, kept))
    carry(es, ma)
    talk(ma, es)
    es.use()
    backup(es.home, tmp_path / "backup", context=es.context)
    node.clock.advance(hours=1)

    ours, theirs = a_text(700_000, seed=2), a_text(900_000, seed=3)
    sent, ours_sent = say_file(es, ma, put_in(es, ours))
    came, theirs_sent = say_file(ma, es, put_in(ma, theirs))
    carry(es, ma)
    talk(ma, es)
    talk(es, ma)

    restore(es.home, tmp_path / "backup", secret=SECRET, replace=True)
    es.reopen()

    def serve(question: bytes) -> bytes:
        answer = serve_restore(es.agency, question, context=ma.use())
        es.use()
        return answer

    recover(ma.agency, serve, context=es.use())
    carry(es, ma)
    assert chunk_count(es) == 2
    talk(es, ma)
    progress = progress_of([(before, 1), (sent, 1), (came, 1)])
    assert all(one.whole for one in progress.values()) and len(progress) == 3
    for manifest, data in ((ours_sent[0].manifest, ours), (theirs_sent[0].manifest, theirs)):
        reader = FileReader(manifest)
        assert b"".join(iter(lambda reader=reader: reader.read(1 << 16), b"")) == data
    clean(es)
    clean(ma)


def clean(one: Node) -> None:
    report = fsck(one.use())
    assert report.clean, [finding.text("en") for finding in report.findings]
