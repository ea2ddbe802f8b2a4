"""Files go by courier with their statements: chunks unasked, taken where what they belong to has come."""

from __future__ import annotations

import pytest

from support.files import a_text, put_in, say_file, talk
from support.hand import frames, joined, made, taken
from support.node import Node, Nodes
from support.notes import notes as notes_room
from tansiq.cases.files_reading import FileReader
from tansiq.exchange.files import Progress, given_of, progress_of
from tansiq.node.fsck import fsck
from tansiq.protocol.courier import MAX_FRAME_BYTES, Sort

pytestmark = pytest.mark.storage
__all__ = ["notes_room"]
SIZE = 3_000_000


@pytest.fixture
def pair(node: Nodes, notes_room: None) -> tuple[Node, Node]:
    return node("es.cgi"), node("ma.dgst")


def test_a_file_comes_whole_by_hand_and_its_sender_learns_it_the_same_way(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    data = a_text(SIZE)
    statement, files = say_file(es, ma, put_in(es, data))
    file = made(es, "ma.dgst")
    assert max(map(len, frames(file))) < MAX_FRAME_BYTES
    took = taken(ma, file)
    assert sum(one.chunks for one in took) == 12
    assert progress_of([(statement, 1)])[statement, 1].whole
    reader = FileReader(files[0].manifest)
    assert b"".join(iter(lambda: reader.read(1 << 16), b"")) == data
    taken(es, made(ma, "es.cgi"))
    assert given_of((statement, 1)) == {"ma.dgst": Progress(12, 12)}
    assert (
        sum(one.sort == Sort.FILES for one in taken(ma, made(es, "ma.dgst"))) <= 1
    )  # said to be whole: not carried again
    for one in pair:
        assert fsck(one.use()).clean


def test_chunks_of_what_has_not_come_are_let_go_and_come_again(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    statement, _ = say_file(es, ma, put_in(es, a_text(SIZE)))
    file = made(es, "ma.dgst")
    sealed = list(frames(file))
    took = taken(ma, joined(file, sealed[:1]))
    assert not took[0].statements
    taken(ma, file)
    assert progress_of([(statement, 1)])[statement, 1].whole


def test_what_was_begun_by_the_network_is_ended_by_hand(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    statement, _ = say_file(es, ma, put_in(es, a_text(SIZE)))
    first = made(es, "ma.dgst")
    taken(ma, joined(first, list(frames(first))[:2]))
    talk(ma, es, most=1)
    assert not progress_of([(statement, 1)])[statement, 1].whole
    taken(ma, first)
    assert progress_of([(statement, 1)])[statement, 1].whole
