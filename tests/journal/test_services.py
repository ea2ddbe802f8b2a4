"""Our journals as their keepers write them: only added to, signed once per size, witnessed by the peer alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pytest
from django.db import connection, transaction

from support.node import Clock, Node, Nodes, carry
from support.notes import notes, send_notes
from tansiq.errors import Conflict, Error, NotProven
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.journal.queries import leaf_hashes, state_of, witnessed_size
from tansiq.journal.services import append, head_of, open_journal, position, record_witness, restart_epoch
from tansiq.protocol.heads import journal_name, make_head, parse_head
from tansiq.protocol.keys import PublicSigningKey, SigningKey
from tansiq.protocol.merkle import EMPTY_ROOT, MemoryNodes, leaf_hash, root_of

__all__ = ["notes"]

pytestmark = pytest.mark.storage

PEER = "ma.dgst"
OURS = journal_name("es.cgi", PEER)
LEAVES = [leaf_hash(bytes([number])) for number in range(70)]
THEIRS = SigningKey.generate()
KEYS = {THEIRS.identifier: THEIRS.public}


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


def stored() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, node FROM journal_leaf WHERE peer = %s ORDER BY number", [PEER])
        rows = cursor.fetchall()
    assert [row[0] for row in rows] == list(range(len(rows)))
    return [bytes(row[1]) for row in rows]


def witnessed() -> list[tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, witness FROM journal_witnessed WHERE peer = %s ORDER BY size", [PEER])
        return [(row[0], row[1] is not None) for row in cursor.fetchall()]


def code_of(error: type[Error], act: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        act()
    return caught.value.code


def grow(madrid: Node, count: int, *, time_ms: int = 1_000) -> bytes:
    """Appends up to ``count`` leaves in all; returns the signed head."""
    first = position(PEER).size
    append(PEER, LEAVES[first:count])
    return head_of(PEER, position(PEER), agency="es.cgi", time_ms=time_ms, signer=madrid.context.signer)


def witness(
    size: int,
    *,
    root: bytes | None = None,
    agency: str = PEER,
    journal: str = OURS,
    epoch: int = 1,
    signer: SigningKey = THEIRS,
) -> bytes:
    """The peer's signature over our journal at ``size``."""
    return make_head(
        signer_agency=agency,
        journal=journal,
        time_ms=2_000,
        epoch=epoch,
        size=size,
        root=root_of(LEAVES[:size]) if root is None else root,
        signer=signer,
    )


def record(encoded: bytes, *, keys: Mapping[bytes, PublicSigningKey] = KEYS) -> bool:
    return record_witness(PEER, encoded, agency="es.cgi", key_of=keys)


@pytest.mark.parametrize("batches", [[1] * 9, [70], [3, 1, 64, 2], [8, 8, 8], [0, 5, 0]], ids=str)
def test_appending_in_batches_gives_the_root_of_all(madrid: Node, batches: list[int]) -> None:
    assert position(PEER).root == EMPTY_ROOT == root_of([])
    size = 0
    for count in batches:
        first, at = append(PEER, LEAVES[size : size + count])
        assert first == size
        size += count
        assert (at.epoch, at.size, at.root) == (1, size, root_of(LEAVES[:size]))
        assert position(PEER) == at
    assert leaf_hashes(PEER, 0, size) == b"".join(LEAVES[:size])


def test_rows_are_only_added(madrid: Node) -> None:
    before: list[bytes] = []
    for count in (1, 2, 3, 7, 8, 33, 64, 70):
        grow(madrid, count)
        now = stored()
        assert now[: len(before)] == before
        assert len(now) == count
        before = now
    tree = MemoryNodes(LEAVES)
    assert before[63] == b"".join(
        tree.node(level, (64 >> level) - 1) for level in range(7)
    )  # the leaf that completes seven subtrees


def test_a_number_is_given_once(madrid: Node) -> None:
    def taken_back() -> None:
        with transaction.atomic():
            append(PEER, LEAVES[:5])
            raise LookupError

    with pytest.raises(LookupError):
        taken_back()
    assert (position(PEER).size, stored()) == (0, [])
    assert append(PEER, LEAVES[:3])[0] == 0
    open_journal(PEER)  # a journal that is there stays as it is
    assert position(PEER).size == 3


def test_a_journal_that_nobody_opened_is_not_written(madrid: Node) -> None:
    assert code_of(Conflict, lambda: append("fr.dgsi", LEAVES[:1])) == "journal.unknown-peer"
    assert code_of(Conflict, lambda: position("fr.dgsi")) == "journal.unknown-peer"
    open_journal("fr.dgsi")
    append("fr.dgsi", LEAVES[:1])
    assert position(PEER).size == 0


def test_a_head_is_signed_once_per_size_and_key(madrid: Node) -> None:
    first = grow(madrid, 3)
    again = head_of(PEER, position(PEER), agency="es.cgi", time_ms=9_999, signer=madrid.context.signer)
    assert again == first
    head = parse_head(first)
    assert (head.signer, head.journal, head.epoch, head.size, head.time_ms) == ("es.cgi", OURS, 1, 3, 1_000)
    head.verify(madrid.context.signer.public, root_of(LEAVES[:3]))
    with pytest.raises(NotProven):
        head.verify(madrid.context.signer.public, root_of(LEAVES[:4]))
    assert grow(madrid, 4) != first
    fresh = SigningKey.generate()
    other = head_of(PEER, position(PEER), agency="es.cgi", time_ms=9_999, signer=fresh)
    parse_head(other).verify(fresh.public, root_of(LEAVES[:4]))
    assert head_of(PEER, position(PEER), agency="es.cgi", time_ms=1, signer=fresh) == other


def test_the_peers_signature_over_a_root_of_ours_is_kept_once(madrid: Node) -> None:
    for count in (2, 3, 5, 8):
        grow(madrid, count)
    assert record(witness(5))
    assert (witnessed_size(PEER), witnessed()) == (5, [(5, True), (8, False)])  # what lies behind proves nothing more
    assert not record(witness(5))
    assert record(witness(8))
    assert witnessed() == [(5, True), (8, True)]
    state = state_of(PEER)
    assert state is not None
    assert state.cosigned
    grow(madrid, 9)
    state = state_of(PEER)
    assert state is not None
    assert (state.size, state.witnessed, state.cosigned) == (9, 8, False)


def test_a_witness_that_was_overtaken_adds_nothing_and_a_false_one_is_refused(madrid: Node) -> None:
    for count in (3, 5, 8):
        grow(madrid, count)
    assert record(witness(8))
    before = witnessed()
    for size in (0, 3, 4, 5):
        assert not record(witness(size))
        false = witness(size, root=root_of(LEAVES[1 : size + 1] + LEAVES[:1]))
        assert code_of(NotProven, partial(record, false)) == "protocol.wrong-signature", size
    assert witnessed() == before


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        (lambda: witness(5, signer=SigningKey.generate()), "journal.other-witness"),
        (lambda: witness(5, agency="es.cgi"), "journal.other-witness"),
        (lambda: witness(5, journal=journal_name(PEER, "es.cgi")), "journal.other-witness"),
        (lambda: witness(5, journal=journal_name("es.cgi", "fr.dgsi")), "journal.other-witness"),
        (lambda: witness(5, epoch=2), "journal.other-witness"),
        (lambda: witness(4), "journal.other-witness"),
        (lambda: witness(6), "journal.other-witness"),
        (lambda: witness(5, root=root_of(LEAVES[1:6])), "protocol.wrong-signature"),
    ],
    ids=[
        "key",
        "agency",
        "their journal",
        "another relation",
        "epoch",
        "size that no head had",
        "size to come",
        "root",
    ],
)
def test_nothing_else_is_a_witness(madrid: Node, encoded: Callable[[], bytes], code: str) -> None:
    grow(madrid, 5)
    assert code_of(NotProven, lambda: record(encoded())) == code
    assert witnessed() == [(5, False)]


def test_a_journal_goes_on_under_a_later_epoch_only(madrid: Node) -> None:
    grow(madrid, 3)
    for epoch in (0, 1):
        assert code_of(Conflict, lambda epoch=epoch: restart_epoch(PEER, epoch=epoch)) == "journal.epoch-not-later"  # type: ignore[misc]
    restart_epoch(PEER, epoch=3)
    assert (position(PEER).epoch, position(PEER).size) == (3, 3)
    assert parse_head(grow(madrid, 4)).epoch == 3
    assert code_of(Conflict, lambda: restart_epoch("fr.dgsi", epoch=2)) == "journal.unknown-peer"


def test_two_nodes_witness_each_other(node: Nodes, clock: Clock, notes: None) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    for count in (3, 2):
        send_notes(es, ma, count)
        carry(es, ma)
        clock.advance(seconds=1)
    ma.use()
    head = make_parcel("es.cgi", context=ma.context)
    take(head, peer=PEER, context=es.use())
    for one, other in ((es, PEER), (ma, "es.cgi")):
        one.use()
        state = state_of(other)
        assert state is not None
        assert (state.size, state.mirrored) == (5, 5)
