"""The parcel: a frame whose every size is judged before anything in it is looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from peer import START_MS, seeded
from tansiq.errors import BadInput, Error, TooMuch
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.limits import MAX_DOCKET_BYTES, MAX_LEAVES, MAX_PARCEL_BYTES, MAX_PART_BYTES, MAX_TIME_MS
from tansiq.protocol.parcel import Fault, Item, JournalNews, Parcel, Receipts, parse_parcel

SMALL = Parcel(sender="es.cgi", receiver="ma.dgst", epoch=1, time_ms=START_MS, known_size=0)
ITEM = Item(
    entry=b"entry",
    statement=b"statement",
    docket=b"docket",
    proofs=[[bytes(32), bytes(32), 5]],
    parts=(b"part", None),
    wraps=(b"wrap", b"another"),
)
RECEIPTS = Receipts(
    batch=seeded("batch"), indices=(3, 4), times_ms=(START_MS, START_MS + 1), size=5, nodes=(seeded("node"),)
)
FULL = replace(
    SMALL,
    known_size=17,
    news=JournalNews(head=b"head", root=seeded("root"), first=3, leaves=seeded("leaves", 64)),
    witness=b"witness",
    batch=b"batch",
    items=(ITEM,),
    receipts=(RECEIPTS,),
    faults=(Fault(seeded("statement"), "protocol.other-docket"),),
    want=128,
    directory_version=2,
)


@pytest.mark.parametrize("parcel", [SMALL, FULL], ids=["small", "full"])
def test_a_parcel_travels_as_its_bytes_and_keeps_them(parcel: Parcel) -> None:
    data = parcel.to_bytes()
    parsed = parse_parcel(data)
    assert parsed == parcel
    assert parsed.encoded == data


def test_what_is_empty_is_not_sent() -> None:
    assert set(decode(SMALL.to_bytes())) == {0, 1, 2, 3, 4, 6}
    assert len(SMALL.to_bytes()) < 48


(VERSION, SENDER, RECEIVER, EPOCH, TIME, NEWS, KNOWN, WITNESS, BATCH, ITEMS, RECEIPTED, FAULTS, WANT,
 DIRECTORY) = range(14)  # fmt: skip


def item(**changes: Any) -> list[Any]:
    names = ["entry", "statement", "docket", "proofs", "parts", "wraps"]
    values = decode(FULL.to_bytes())[ITEMS][0]
    for name, value in changes.items():
        values[names.index(name)] = value
    return [values]


def received(**changes: Any) -> list[Any]:
    names = ["batch", "indices", "times", "size", "nodes"]
    values = decode(FULL.to_bytes())[RECEIPTED][0]
    for name, value in changes.items():
        values[names.index(name)] = value
    return [values]


WRONG: list[tuple[int, Any, str]] = [
    (VERSION, 0, "protocol.wrong-field"),
    (SENDER, "es.cgi/desk", "protocol.not-an-agency"),
    (RECEIVER, 1, "protocol.wrong-field"),
    (EPOCH, 0, "protocol.wrong-field"),
    (TIME, -1, "protocol.wrong-field"),
    (TIME, MAX_TIME_MS + 1, "protocol.wrong-field"),
    (KNOWN, -1, "protocol.wrong-field"),
    (WITNESS, "x", "protocol.wrong-field"),
    (WANT, 513, "protocol.wrong-field"),
    (DIRECTORY, -1, "protocol.wrong-field"),
    (NEWS, [b"head", bytes(31), 0, b""], "protocol.wrong-field"),
    (NEWS, [b"head", bytes(32), -1, b""], "protocol.wrong-field"),
    (NEWS, [b"head", bytes(32), 1 << 63, b""], "protocol.wrong-field"),
    (NEWS, [b"head", bytes(32), 0, bytes(33)], "protocol.wrong-field"),
    (NEWS, [b"head", bytes(32), 0, bytes(32 * (MAX_LEAVES + 1))], "protocol.wrong-field"),
    (NEWS, [b"head", bytes(32), 0], "protocol.wrong-field"),
    (ITEMS, [[]], "protocol.wrong-field"),
    (ITEMS, item(entry="x"), "protocol.wrong-field"),
    (ITEMS, item(proofs={}), "protocol.wrong-field"),
    (ITEMS, item(parts=["x"]), "protocol.wrong-field"),
    (ITEMS, item(wraps=[None]), "protocol.wrong-field"),
    (ITEMS, item() * 513, "protocol.wrong-field"),
    (ITEMS, item(parts=[None] * 257), "protocol.too-many-parts"),
    (ITEMS, item(wraps=[b""] * 1025), "protocol.too-many-wraps"),
    (ITEMS, item(docket=bytes(MAX_DOCKET_BYTES + 1)), "protocol.docket-too-large"),
    (ITEMS, item(parts=[bytes(MAX_PART_BYTES + 1)]), "protocol.part-too-large"),
    (RECEIPTED, received(batch=bytes(31)), "protocol.wrong-field"),
    (RECEIPTED, received(indices=[1]), "protocol.wrong-field"),
    (RECEIPTED, received(indices=[-1, 2]), "protocol.wrong-field"),
    (RECEIPTED, received(times=[1, 1 << 63]), "protocol.wrong-field"),
    (RECEIPTED, received(times=[1, MAX_TIME_MS + 1]), "protocol.wrong-field"),
    (RECEIPTED, received(times=[True, 1]), "protocol.wrong-field"),
    (RECEIPTED, received(nodes=[b""] * (MAX_LEAVES + 1)), "protocol.wrong-field"),
    (RECEIPTED, [[1]], "protocol.wrong-field"),
    (RECEIPTED, received(size=-1), "protocol.wrong-field"),
    (RECEIPTED, received(nodes=["x"]), "protocol.wrong-field"),
    (RECEIPTED, received(indices=[1] * 513, times=[1] * 513), "protocol.wrong-field"),
    (RECEIPTED, received() * 65, "protocol.wrong-field"),
    (FAULTS, [[bytes(31), "x"]], "protocol.wrong-field"),
    (FAULTS, [[1, "x"]], "protocol.wrong-field"),
    (FAULTS, [["x"]], "protocol.wrong-field"),
    (FAULTS, [[bytes(32), "free text about a person"]], "protocol.not-a-code"),
    (FAULTS, [[bytes(32), "x"]] * 513, "protocol.wrong-field"),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG, ids=range(len(WRONG)))
def test_a_field_that_is_none_is_refused(field: int, value: Any, code: str) -> None:
    with pytest.raises(Error) as caught:
        parse_parcel(encode(decode(FULL.to_bytes()) | {field: value}))
    assert caught.value.code == code


def test_what_is_just_within_its_limits_is_taken() -> None:
    largest = replace(
        ITEM, docket=bytes(MAX_DOCKET_BYTES), parts=(bytes(MAX_PART_BYTES), *(None,) * 255), wraps=(b"",) * 1024
    )
    receipts = replace(
        RECEIPTS, indices=((1 << 63) - 1,) * 512, times_ms=(MAX_TIME_MS,) * 512, nodes=(bytes(32),) * MAX_LEAVES
    )
    leaves = JournalNews(head=b"", root=bytes(32), first=(1 << 63) - 1, leaves=bytes(32 * MAX_LEAVES))
    parcel = replace(FULL, items=(largest,), receipts=(receipts,), news=leaves)
    assert parse_parcel(parcel.to_bytes()) == parcel
    with pytest.raises(BadInput):  # at the limit it is judged by what it is
        parse_parcel(bytes(MAX_PARCEL_BYTES))


@pytest.mark.parametrize("lacking", [BATCH, ITEMS])
def test_items_and_their_batch_come_together(lacking: int) -> None:
    fields = decode(FULL.to_bytes())
    del fields[lacking]
    with pytest.raises(BadInput):
        parse_parcel(encode(fields))


def test_an_oversized_parcel_is_not_even_decoded() -> None:
    with pytest.raises(TooMuch) as caught:
        parse_parcel(bytes(MAX_PARCEL_BYTES + 1))
    assert caught.value.code == "protocol.parcel-too-large"
