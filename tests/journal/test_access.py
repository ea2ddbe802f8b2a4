"""The access journal: every act leaves its leaf for ever, what it says goes with its key, and the chain stays whole."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from support.node import Node, Nodes
from tansiq.journal.access import Access, Operation, access_log, log_access, read_access
from tansiq.protocol.cbor import encode
from tansiq.protocol.merkle import (
    EMPTY_ROOT,
    Frontier,
    completing_leaf,
    inclusion_nodes,
    inclusion_path,
    leaf_hash,
    root_of,
    verify_inclusion,
)

pytestmark = pytest.mark.storage

REASON = "Auto judicial inventado 17/2026"


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


def access(number: int, operation: Operation = Operation.CONSULTATION) -> Access:
    return Access(
        operation=operation,
        officer="ES-4017",
        thing=bytes([number]) * 16,
        purpose="purpose.investigation",
        justification=REASON,
        ordered_by="ES-1001",
        recipients=("ma.dgst",),
        time_ms=1_782_043_200_000 + number,
    )


def events() -> list[tuple[int, bytes, bytes, int, bytes]]:
    """Number, thing, commitment, time and nodes of each event."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, thing, commitment, time_ms, node FROM journal_access_event ORDER BY number")
        return [(row[0], bytes(row[1]), bytes(row[2]), row[3], bytes(row[4])) for row in cursor.fetchall()]


def leaves() -> list[bytes]:
    """The leaves, computed anew from what stands beside them."""
    return [leaf_hash(encode([number, time_ms, commitment])) for number, _, commitment, time_ms, _ in events()]


def proven(index: int) -> None:
    """The leaf with this number is in the journal as it stands, by the nodes that are stored."""
    stored = [row[4] for row in events()]
    log = access_log()
    nodes = {
        (level, at): stored[completing_leaf(level, at)][32 * level : 32 * level + 32]
        for level, at in inclusion_nodes(index, log.size)
    }
    verify_inclusion(
        leaf=leaves()[index], index=index, size=log.size, path=inclusion_path(index, log.size, nodes), root=log.root
    )


def test_an_empty_journal(madrid: Node) -> None:
    assert (access_log().size, access_log().root) == (0, EMPTY_ROOT)
    log_access([], keys=madrid.context.keys)
    assert (access_log().size, list(read_access(madrid.context.keys))) == (0, [])


def test_what_was_logged_can_be_read(madrid: Node) -> None:
    keys = madrid.context.keys
    logged = [access(number, operation) for number, operation in enumerate(Operation)]
    log_access(logged[:2], keys=keys)
    log_access(logged[2:], keys=keys)
    assert list(read_access(madrid.reopen().keys)) == [(number, one.to_plain()) for number, one in enumerate(logged)]
    assert [number for number, _ in read_access(keys, first=2, limit=3)] == [2, 3, 4]


def test_every_act_changes_the_root_and_is_proven(madrid: Node) -> None:
    roots = {access_log().root}
    for count in (1, 2, 5, 1, 8):
        log_access([access(number) for number in range(count)], keys=madrid.context.keys)
        log = access_log()
        assert log.root not in roots
        assert log.root == root_of(leaves())
        roots.add(log.root)
    assert access_log().size == 17
    for index in range(17):
        proven(index)


def test_the_same_act_twice_gives_two_leaves_that_nobody_can_guess(madrid: Node) -> None:
    log_access([access(1), access(1)], keys=madrid.context.keys)
    (_, first, commitment, *_), (_, second, other, *_) = events()
    assert first != second
    assert commitment != other


@pytest.mark.parametrize("place", [None, 0])
def test_an_erased_event_leaves_the_chain_whole(madrid: Node, place: int | None) -> None:
    keys = madrid.context.keys
    log_access([access(number) for number in range(7)], keys=keys)
    before = access_log()
    keys.erase(events()[3][1], place=place)
    assert [number for number, told in read_access(madrid.reopen().keys) if told is None] == [3]
    assert access_log() == before
    for index in range(7):
        proven(index)
    log_access([access(9)], keys=keys)
    assert access_log().root == root_of(leaves())
    proven(3)


def test_an_event_whose_ciphertext_is_gone_too(madrid: Node) -> None:
    keys = madrid.context.keys
    log_access([access(number) for number in range(3)], keys=keys)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_access_event SET concealed = NULL WHERE number = 1")
    assert [told is None for _, told in read_access(keys)] == [False, True, False]
    proven(1)


def test_what_was_not_committed_was_not_logged(madrid: Node) -> None:
    def taken_back() -> None:
        with transaction.atomic():
            log_access([access(2)], keys=madrid.context.keys)
            raise LookupError

    log_access([access(1)], keys=madrid.context.keys)
    before = access_log()
    with pytest.raises(LookupError):
        taken_back()
    assert access_log() == before
    log_access([access(3)], keys=madrid.context.keys)
    assert [told["thing"] for _, told in read_access(madrid.context.keys) if told] == [bytes([1]) * 16, bytes([3]) * 16]


def test_nothing_of_an_act_is_readable_in_the_database(madrid: Node) -> None:
    log_access([access(1)], keys=madrid.context.keys)
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing, commitment, node, concealed FROM journal_access_event")
        kept = b"".join(bytes(value) for value in cursor.fetchone())
        cursor.execute("SELECT frontier FROM journal_access")
        assert Frontier.from_bytes(bytes(cursor.fetchone()[0])).size == 1
    for readable in (REASON, "ES-4017", "ES-1001", "purpose", "ma.dgst", "consultation"):
        assert readable.encode() not in kept
    assert bytes([1]) * 16 not in kept
