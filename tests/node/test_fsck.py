"""Fsck finds nothing in a node that works, and every single thing that somebody altered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, connections

from support.node import Node, Nodes, carry
from support.notes import effects, notes, send_notes, value
from tansiq.exchange.erasure import erase
from tansiq.keystore.store import Contents
from tansiq.node.findings import Finding
from tansiq.node.fsck import fsck
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage
__all__ = ["notes"]


def write(sql: str, *values: bytes | int | str, alias: str = "default") -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount, f"nothing was altered: {sql}"


def flip(table: str, column: str, where: str = "1 = 1", *, at: int = -1) -> None:
    """Alters one bit of the first value of a column."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {where} ORDER BY 1 LIMIT 1")
        before = bytes(cursor.fetchone()[0])
        after = bytearray(before)
        after[at] ^= 1
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", (bytes(after), before))
        assert cursor.rowcount


def played(node: Nodes) -> list[Node]:
    es, ma = node("es.cgi"), node("ma.dgst")
    for lane in Lane:
        first = send_notes(es, ma, 3, lane=lane)
        send_notes(ma, es, 3, lane=lane, follows=lambda _, first=first: [first[0].id])
    carry(es, ma)
    send_notes(es, ma, 2)
    send_notes(ma, es, 140)
    carry(es, ma)
    send_notes(es, ma, 2)
    return [es]


@pytest.fixture
def madrid(node: Nodes, notes: None) -> Node:
    """A node that exchanged notes both ways, has some waiting, and is bound."""
    return node.played(played)[0]


def test_a_node_that_works_is_clean(madrid: Node) -> None:
    report = fsck(madrid.context)
    assert report.clean, [finding.text() for finding in report.findings]
    assert report.counts["statements"] == value("SELECT COUNT(*) FROM exchange_statement") == 162
    assert report.counts["entries"] == 160
    assert report.counts["receipts"] == 11
    assert report.counts["leaves"] == 160
    assert report.counts["things"] == len(effects(madrid)) == 149
    assert report.counts["orphans"] == 0


def test_a_new_node_is_clean(node: Nodes) -> None:
    assert fsck(node("es.cgi").context).clean


DAMAGES: dict[str, tuple[Callable[[], None], set[str]]] = {
    "a leaf is altered": (lambda: flip("journal_leaf", "node", "number = 3", at=0), {"entry-leaf", "journal-root", "leaf-node", "journal-edge"}),
    "an inner node is altered": (lambda: flip("journal_leaf", "node", "number = 3"), {"leaf-node"}),
    "a leaf is gone": (lambda: write("DELETE FROM journal_leaf WHERE number = 7"), {"leaf-missing", "entry-leaf", "journal-edge", "journal-root", "journal-short"}),
    "the journal's edge is altered": (lambda: flip("journal_journal", "frontier"), {"journal-edge"}),
    "the journal is rolled back": (
        lambda: write("DELETE FROM journal_leaf WHERE number >= 150"), {"entry-leaf", "journal-short", "journal-edge"},
    ),
    "a signed head is altered": (lambda: flip("journal_witnessed", "head"), {"journal-head"}),
    "a root is altered": (lambda: flip("journal_witnessed", "root"), {"journal-root"}),
    "a witness is altered": (lambda: flip("journal_witnessed", "witness", "witness IS NOT NULL"), {"journal-witness"}),
    "a mirrored leaf is altered": (lambda: flip("journal_mirror_leaves", "leaves"), {"mirror-leaves"}),
    "the mirror's head is altered": (lambda: flip("journal_mirror", "head"), {"mirror-head"}),
    "our witness is altered": (lambda: flip("journal_mirror", "witness"), {"mirror-head"}),
    "an act is altered": (lambda: flip("journal_access_event", "commitment"), {"access-leaf", "access-edge", "thing"}),
    "an act is gone": (lambda: write("DELETE FROM journal_access_event WHERE number = 4"), {"access-missing"}),
    "acts are cut off": (lambda: write("DELETE FROM journal_access_event WHERE number >= 100"), {"access-edge"}),
    "an entry is altered": (lambda: flip("exchange_sent", "entry"), {"entry-leaf", "batch", "receipt"}),
    "a received entry is altered": (lambda: flip("exchange_received", "entry"), {"entry-leaf", "batch"}),
    "an entry is gone": (lambda: write("DELETE FROM exchange_sent WHERE lane = 1 AND number = 2"), {"lane-gap", "batch", "receipt", "leaves-entries"}),
    "an entry is at another number": (
        lambda: write("UPDATE exchange_received SET number = 4000 WHERE lane = 1 AND number = 143"), {"entry", "lane-mark"},
    ),
    "the time of receipt is altered": (lambda: write("UPDATE exchange_received SET at_ms = at_ms + 1 WHERE lane = 0 AND number = 1"), {"entry-leaf"}),
    "a batch's head is altered": (lambda: flip("exchange_batch", "head"), {"batch"}),
    "a batch's head is gone": (lambda: write("DELETE FROM exchange_batch WHERE direction = 2"), {"batch"}),
    "a receipt's root is altered": (lambda: flip("exchange_receipt", "root"), {"receipt"}),
    "a receipt's proof is altered": (lambda: flip("exchange_receipt", "proof"), {"receipt"}),
    "a receipt is gone": (lambda: write("DELETE FROM exchange_receipt"), {"receipt-none"}),
    "a lane's mark is altered": (lambda: write("UPDATE exchange_lane SET number = number - 1 WHERE direction = 1 AND lane = 1"), {"lane-mark"}),
    "a statement is altered": (lambda: flip("exchange_statement", "encoded"), {"statement", "statement-signature"}),
    "a statement's digest is altered": (
        lambda: flip("exchange_statement", "digest", "id IN (SELECT statement FROM exchange_sent)"), {"statement", "entry-statement"},
    ),
    "a docket is altered": (lambda: flip("exchange_statement", "docket"), {"statement"}),
    "a part is altered": (lambda: flip("exchange_statement", "parts"), {"statement"}),
    "a handled mark is gone": (
        lambda: write("DELETE FROM exchange_handled WHERE statement IN (SELECT statement FROM exchange_received)"), {"standing-none"},
    ),
    "a handled statement waits again": (
        lambda: write(
            "INSERT INTO exchange_queue (statement, peer, lane, at_ms) SELECT statement, peer, lane, at_ms FROM exchange_received WHERE lane = 0"
        ),
        {"standing-twice"},
    ),
    "something that never came waits": (
        lambda: write("INSERT INTO exchange_queue (statement, peer, lane, at_ms) VALUES (%s, 'ma.dgst', 1, 1)", b"0123456789abcdef"), {"queue"},
    ),
    "the outbox has what is nowhere": (lambda: write("UPDATE exchange_outbox SET statement = %s", b"0123456789abcdef"), {"outbox", "wraps-missing"}),
    "a released batch is counted wrong": (
        lambda: write(
            "INSERT INTO exchange_pending (batch, peer, lane, epoch, first, count) SELECT batch, peer, lane, epoch, number, 9 FROM exchange_sent "
            "WHERE lane = 0 AND number = 1"
        ),
        {"pending", "receipt-pending"},
    ),
    "keys are gone": (lambda: write("DELETE FROM keystore_content_keys", alias="keys"), {"key-missing"}),
    "wraps of what waits are gone": (lambda: write("DELETE FROM keystore_kept_wraps", alias="keys"), {"wraps-missing"}),
    "case keys are swapped": (
        lambda: write(
            "UPDATE keystore_content_keys SET case_ref = (SELECT MAX(case_ref) FROM keystore_content_keys) "
            "WHERE thing = (SELECT MIN(thing) FROM keystore_content_keys)", alias="keys",
        ),
        {"thing"},
    ),
    "an act is concealed again": (lambda: flip("journal_access_event", "concealed"), {"thing"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_found(madrid: Node, damage: str) -> None:
    do, expected = DAMAGES[damage]
    do()
    connections["keys"].close()
    madrid.reopen()
    report = fsck(madrid.context)
    assert {finding.code for finding in report.findings} == expected
    assert fsck(madrid.context, first_only=True).findings == report.findings[:1]
    for finding in report.findings:
        assert len({finding.text(language) for language in LANGUAGES}) == len(LANGUAGES)


def test_what_was_erased_is_no_fault(madrid: Node) -> None:
    erase(effects(madrid)[0], context=madrid.context, reason="test")
    assert fsck(madrid.context).clean


def test_a_key_of_nothing_is_counted_and_no_fault(madrid: Node) -> None:
    made = new_id(madrid.context.clock() - 2 * 3_600_000)
    madrid.context.keys.put_contents([Contents(made, b"c" * 16, (b"k" * 32,))])
    report = fsck(madrid.context)
    assert report.clean
    assert report.counts["orphans"] == 1


def test_a_finding_says_where() -> None:
    assert Finding("leaf-missing", {"peer": "ma.dgst", "number": 7}).text("en").count("7") == 1
