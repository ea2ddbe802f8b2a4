"""How a node that restored a backup asks a peer for what it lost, and how the peer answers: CBOR, page by page.

Invariant: every page is understood alone, so asking can end at any moment and begin again, and a page can travel by courier.
Every number that is read fits the column that it is compared with or kept in.
Nothing here is believed: the asker proves each answer with signatures that it made or knows (`recovery`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.cbor import Fields, Plain, decode, encode, is_moment
from tansiq.protocol.docket import check_code
from tansiq.protocol.envelope import Lane
from tansiq.protocol.limits import MAX_BATCH, MAX_EPOCH, MAX_INTEGER, MAX_LEAVES, MAX_PARCEL_BYTES
from tansiq.protocol.parcel import Fault, Item

__all__ = [
    "Directories", "ItemsPage", "JournalPage", "LaneStart", "Question", "Returned", "Topic", "lanes_from_bytes", "lanes_to_bytes",
]  # fmt: skip

VERSION: Final = 1
LaneStart = tuple[int, int, int]
"""Epoch, lane, number."""
_MOST_LANE_START: Final = (MAX_EPOCH, max(Lane), MAX_INTEGER - 1)
"""After a number there is always one that could follow."""
_MOST_LANES: Final = 4096
_MOST_DOCUMENTS: Final = 2


class Topic(IntEnum):
    """What is asked for."""

    DIRECTORIES = 0
    ASKERS_JOURNAL = 1
    ANSWERERS_JOURNAL = 2
    ASKER_SENT = 3
    ANSWERER_SENT = 4
    OFFER = 5
    """The other way round: who can't be called offers its answers to the one that restored."""


def _wrong(number: int) -> BadInput:
    return BadInput("protocol.wrong-field", what="restore", field=number)


def _lanes(values: list[Plain], number: int) -> tuple[LaneStart, ...]:
    out = []
    for value in values:
        if type(value) is not list or [type(part) for part in value] != [int, int, int]:
            raise _wrong(number)
        if not all(0 <= part <= most for part, most in zip(value, _MOST_LANE_START, strict=True)):
            raise _wrong(number)
        out.append((value[0], value[1], value[2]))
    return tuple(out)


def lanes_to_bytes(lanes: Sequence[LaneStart]) -> bytes:
    """Lane starts as a column keeps them."""
    return encode([list(lane) for lane in lanes])


def lanes_from_bytes(data: bytes) -> tuple[LaneStart, ...]:
    """Lane starts from a column. Raises BadInput."""
    value = decode(data)
    return _lanes(value if type(value) is list else [[]], 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. ``first`` is the leaf from which a journal is wanted; ``lanes`` from which numbers on items are
    wanted (a lane that is not named: all of it), ``after`` the last one that came (0, 0, 0: none yet). An offer carries
    in ``content`` the answer to the last question, and gets the next question back.
    """

    topic: Topic
    first: int = 0
    lanes: tuple[LaneStart, ...] = ()
    after: LaneStart = (0, 0, 0)
    content: bytes = field(default=b"", repr=False)

    def to_bytes(self) -> bytes:
        """The question's bytes."""
        lanes = [list(lane) for lane in self.lanes]
        return encode({0: VERSION, 1: int(self.topic), 2: self.first, 3: lanes, 4: list(self.after), 5: self.content})

    @classmethod
    def parse(cls, data: bytes) -> Question:
        """A question from its bytes. Raises BadInput or TooMuch."""
        if len(data) > MAX_PARCEL_BYTES:
            raise TooMuch("protocol.parcel-too-large", limit=MAX_PARCEL_BYTES)
        fields = Fields(decode(data), what="restore", known=frozenset(range(6)))
        fields.integer(0, least=1, most=255)
        return cls(
            topic=Topic(fields.integer(1, most=max(Topic))),
            first=fields.integer(2),
            lanes=_lanes(fields.items(3, most=_MOST_LANES), 3),
            after=_lanes([fields.items(4, most=3)], 4)[0],
            content=fields.octets(5),
        )


def _answer(data: bytes, topic: Topic) -> Fields:
    """The fields of an answer on ``topic``. Raises BadInput or TooMuch."""
    if len(data) > MAX_PARCEL_BYTES:
        raise TooMuch("protocol.parcel-too-large", limit=MAX_PARCEL_BYTES)
    fields = Fields(decode(data), what="restore", known=frozenset(range(8)))
    fields.integer(0, least=1, most=255)
    if fields.integer(1) != topic:
        raise BadInput("exchange.restore-other-answer", topic=int(topic))
    return fields


@dataclass(frozen=True, slots=True)
class Directories:
    """The newest directory documents that the answerer holds: its own and the asker's."""

    answerers: bytes
    askers: bytes

    def to_bytes(self) -> bytes:
        """The answer's bytes."""
        return encode({0: VERSION, 1: int(Topic.DIRECTORIES), 2: self.answerers, 3: self.askers})

    @classmethod
    def parse(cls, data: bytes) -> Directories:
        """From the answer's bytes. Raises BadInput or TooMuch."""
        fields = _answer(data, Topic.DIRECTORIES)
        return cls(fields.octets(2), fields.octets(3))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """Leaf hashes of a journal from ``first`` on, and its head as it stands: size, root, its owner's signature.

    Of the asker's journal also ``witness`` (the answerer's signature) and ``epoch``: the one under which the asker goes on, since
    from now on the answerer takes nothing of an older one.
    """

    topic: Topic
    first: int
    leaves: bytes = field(repr=False)
    size: int
    root: bytes
    head: bytes
    witness: bytes = b""
    epoch: int = 0

    def to_bytes(self) -> bytes:
        """The answer's bytes."""
        return encode(
            {
                0: VERSION, 1: int(self.topic), 2: self.first, 3: self.leaves, 4: self.size, 5: [self.root, self.head, self.witness],
                6: self.epoch,
            }
        )  # fmt: skip

    @classmethod
    def parse(cls, data: bytes, topic: Topic) -> JournalPage:
        """From the answer's bytes. Raises BadInput or TooMuch."""
        fields = _answer(data, topic)
        leaves = fields.octets(3, most=32 * MAX_LEAVES)
        if len(leaves) % 32:
            raise _wrong(3)
        triple = fields.octet_strings(5, most=3)
        if len(triple) != 3:
            raise _wrong(5)
        return cls(
            topic=topic,
            first=fields.integer(2),
            leaves=leaves,
            size=fields.integer(4),
            root=triple[0],
            head=triple[1],
            witness=triple[2],
            epoch=fields.integer(6, most=MAX_EPOCH),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A whole batch: its head, its items, and where its entries stand in the *receiver's* journal: indices and times.

    ``nodes`` prove it under the head of the page (of what the asker sent); of what the answerer sent the asker's own journal proves it.
    """

    head: bytes
    items: tuple[Item, ...] = field(repr=False)
    indices: tuple[int, ...]
    times_ms: tuple[int, ...]
    nodes: tuple[bytes, ...] = ()

    def to_plain(self) -> list[Plain]:
        """The batch as it travels."""
        items = [
            [one.entry, one.statement, one.docket, one.proofs, list(one.parts), list(one.wraps)] for one in self.items
        ]
        return [self.head, items, list(self.indices), list(self.times_ms), list(self.nodes)]


def _item(value: Plain) -> Item:
    if type(value) is not list or [type(part) for part in value] != [bytes, bytes, bytes, list, list, list]:
        raise _wrong(2)
    entry, statement, docket, proofs, parts, wraps = value
    if any(part is not None and type(part) is not bytes for part in parts) or any(
        type(wrap) is not bytes for wrap in wraps
    ):
        raise _wrong(2)
    return Item(entry, statement, docket, proofs, tuple(parts), tuple(wraps))


def _returned(value: Plain) -> Returned:
    if type(value) is not list or [type(part) for part in value] != [bytes, list, list, list, list]:
        raise _wrong(2)
    head, items, indices, times, nodes = value
    if (
        not 0 < len(items) <= MAX_BATCH
        or len(indices) != len(items)
        or len(times) != len(items)
        or len(nodes) > MAX_LEAVES
    ):
        raise _wrong(2)
    if any(type(index) is not int or not 0 <= index <= MAX_INTEGER for index in indices) or not all(
        map(is_moment, times)
    ):
        raise _wrong(2)
    if any(type(node) is not bytes for node in nodes):
        raise _wrong(2)
    return Returned(
        head=head,
        items=tuple(_item(item) for item in items),
        indices=tuple(indices),
        times_ms=tuple(times),
        nodes=tuple(nodes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPage:
    """Whole batches, oldest numbers first; ``more`` says whether to ask again after the last entry.

    ``size``, ``root`` and ``head`` are the answerer's journal, under which receipts for what the asker sent are
    proven; ``faults`` what of it the answerer took but could not use.
    """

    topic: Topic
    batches: tuple[Returned, ...] = field(repr=False)
    more: bool
    size: int = 0
    root: bytes = b""
    head: bytes = b""
    faults: tuple[Fault, ...] = ()

    def to_bytes(self) -> bytes:
        """The answer's bytes."""
        return encode(
            {
                0: VERSION, 1: int(self.topic), 2: [batch.to_plain() for batch in self.batches], 3: self.more,
                4: self.size, 5: [self.root, self.head], 6: [[fault.statement, fault.code] for fault in self.faults],
            }
        )  # fmt: skip

    @classmethod
    def parse(cls, data: bytes, topic: Topic) -> ItemsPage:
        """From the answer's bytes. Raises BadInput or TooMuch."""
        fields = _answer(data, topic)
        pair = fields.octet_strings(5, most=2)
        if len(pair) != 2:
            raise _wrong(5)
        faults = []
        for value in fields.items(6, most=MAX_BATCH * 2):
            if type(value) is not list or [type(part) for part in value] != [bytes, str] or len(value[0]) != 32:
                raise _wrong(6)
            faults.append(Fault(value[0], check_code(value[1])))
        return cls(
            topic=topic,
            batches=tuple(_returned(value) for value in fields.items(2, most=MAX_BATCH)),
            more=fields.true(3),
            size=fields.integer(4),
            root=pair[0],
            head=pair[1],
            faults=tuple(faults),
        )
