"""A photograph with the enquiry, a scanned passport with the answer: sent by officers, seen by the desks of the route alone."""

from __future__ import annotations

import pytest

from support.files import put_in, talk
from support.matters import an_answer, an_enquiry, an_item
from support.node import Node, Nodes, carry
from support.pictures import jpeg, png
from tansiq.cases.exits import reader_of
from tansiq.cases.files_reading import file_rows, open_file, read_file
from tansiq.cases.queries import items_of
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import NotFound
from tansiq.node.fsck import fsck

pytestmark = pytest.mark.storage


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


@pytest.fixture
def ma(node: Nodes, es: Node) -> Node:
    made = node("ma.dgst")
    es.use()
    return made


def test_files_go_with_an_enquiry_and_with_its_answer(es: Node, ma: Node) -> None:
    photo, passport = jpeg(length=600_000), png(text=b"escaneado")
    item = put_in(es, photo, name="foto.jpg")
    matter = send_enquiry(
        an_enquiry(),
        context=es.context,
        officer=es.officer(),
        from_post=es.post(),
        to_post=ma.post(),
        via_office_post=es.post("embassy-office"),
        files=[(item, 0)],
    )
    carry(es, ma)
    talk(ma, es)
    context = ma.use()
    reader = reader_of(ma.officer(), context=context)
    [asked] = [row for row in items_of(matter) if row.kind == "file"]
    assert read_file(open_file(asked.id, reader, context=context)) == photo
    assert asked.handling == ("H1", "H2")
    with pytest.raises(NotFound):
        open_file(asked.id, reader_of(ma.officer("MA-1001"), context=context), context=context)
    scanned = put_in(ma, passport, name="جواز.png")
    answer_enquiry(
        matter, context=context, officer=ma.officer(), answer=an_answer(), items=[an_item()], files=[(scanned, 1)]
    )
    carry(ma, es)
    talk(es, ma)
    context = es.use()
    answered = [row for row in items_of(matter) if row.kind == "file" and row.originator == "ma.dgst"]
    opened = open_file(answered[0].id, reader_of(es.officer(), context=context), context=context)
    assert (opened.name, read_file(opened)) == ("جواز.png", passport)
    [file] = file_rows([answered[0].id])
    assert file.parent == next(row.id for row in items_of(matter) if row.kind == "item")
    office = reader_of(es.officer("ES-3300"), context=context)
    assert read_file(open_file(answered[0].id, office, context=context)) == passport
    with pytest.raises(NotFound):
        open_file(answered[0].id, reader_of(es.officer("ES-1001"), context=context), context=context)
    for node in (es, ma):
        assert fsck(node.use()).clean
