"""An erasure ends an item for good: tombstone, key, ciphertext; whatever interrupts it, the sweep finishes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from support.matters import an_answer, an_enquiry, an_item, no_hit
from support.node import Node, Nodes, carry
from tansiq import faults
from tansiq.cases import erasure
from tansiq.cases.erasure import Ground, erase_due, erase_item, replay_erasures, sweep_erasures, unerased
from tansiq.cases.items import ITEM
from tansiq.cases.queries import ItemRow, item_faults, item_row, items_of, open_item
from tansiq.cases.services import add_own_item, answer_incoming
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import Conflict, NotFound, Refused
from tansiq.journal.access import read_access
from tansiq.keystore.store import KeyStore
from tansiq.policy.answer import IncomingCheck
from tansiq.protocol.cbor import decode
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage

PURPOSE = "purpose.investigation"


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def crash_at() -> Iterator[object]:
    def install(point: str) -> None:
        def hook(reached: str) -> None:
            if reached == point:
                faults.install(None)
                raise Crash

        faults.install(hook)

    yield install
    faults.install(None)


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


@pytest.fixture
def ma(node: Nodes, es: Node) -> Node:
    made = node("ma.dgst")
    es.use()
    return made


def own(es: Node) -> bytes:
    return add_own_item(an_item(), case=b"c" * 16, context=es.context, officer="ES-4017", purpose=PURPOSE)


def asked(es: Node, ma: Node) -> bytes:
    return send_enquiry(
        an_enquiry(),
        context=es.use(),
        officer=es.officer(),
        from_post=es.post(),
        to_post=ma.post(),
        via_office_post=es.post("embassy-office"),
    )


def answered(es: Node, ma: Node) -> bytes:
    """Both nodes hold a request and an answer with two items; ``es`` is bound."""
    matter = asked(es, ma)
    carry(es, ma)
    items = [an_item("يقيم بالناظور"), an_item("يسافر كثيرا")]
    answer_enquiry(matter, context=ma.use(), officer=ma.officer(), answer=an_answer(), items=items)
    carry(es, ma)
    return matter


def opens(es: Node, item: bytes) -> bool:
    try:
        open_item(item, context=es.context, officer="ES-4017", purpose=PURPOSE)
    except NotFound:
        return False
    return True


def tombstone(item: bytes) -> tuple[str, str, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ordered_by, ground, done_ms FROM cases_tombstone WHERE item = %s", (item,))
        ordered_by, ground, done_ms = cursor.fetchone()
    return ordered_by, ground, done_ms is not None


def test_nobody_opens_an_erased_item_and_the_tombstone_says_by_whose_order(es: Node) -> None:
    item = own(es)
    assert opens(es, item)
    erase_item(item, context=es.context, ordered_by="ES-1001")
    with pytest.raises(NotFound, match=r"cases\.erased"):
        open_item(item, context=es.context, officer="ES-4017", purpose=PURPOSE)
    assert tombstone(item) == ("ES-1001", "erasure.ordered", True)
    told = [told for _, told in read_access(es.context.keys) if told and told["operation"] == "erasure"]
    assert [(one["thing"], one["ordered_by"]) for one in told] == [(item, "ES-1001")]
    assert not list(item_faults(context=es.context))


def test_the_row_of_an_erased_item_tells_nothing_of_it(es: Node) -> None:
    item = own(es)
    erase_item(item, context=es.context, ordered_by="ES-1001")
    row = item_row(item)
    assert row.erased
    assert (row.evaluation, row.basis, row.handling, row.category, row.purpose, row.classification) == (
        "",
        "",
        (),
        (),
        "",
        "",
    )


def test_erasing_again_changes_nothing(es: Node) -> None:
    item = own(es)
    erase_item(item, context=es.context, ordered_by="ES-1001")
    erase_item(item, context=es.context, ordered_by="ES-4017")
    assert tombstone(item)[0] == "ES-1001"
    assert sweep_erasures(context=es.context) == 0


def test_what_was_said_of_how_it_was_obtained_ends_with_the_item(es: Node) -> None:
    item = own(es)
    answer_incoming(item, IncomingCheck(answer="obtained.no-sign", officer="ES-1001", at_ms=1), context=es.context)
    erase_item(item, context=es.context, ordered_by="ES-1001")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, concealed FROM cases_incoming_answer WHERE item = %s", (item,))
        answer, concealed = cursor.fetchone()
    assert concealed is None
    assert es.context.keys.contents(bytes(answer)) == (None,)
    with pytest.raises(NotFound, match=r"cases\.erased"):
        answer_incoming(item, IncomingCheck(answer="obtained.no-sign", officer="ES-1001", at_ms=1), context=es.context)


def test_one_part_of_an_answer_ends_and_the_others_stay(es: Node, ma: Node) -> None:
    matter = answered(es, ma)
    first, second = [row.id for row in items_of(matter) if row.kind == ITEM]
    erase_item(first, context=es.context, ordered_by="ES-1001", ground=Ground.RECALLED)
    assert not opens(es, first)
    assert opens(es, second)
    shown = show_enquiry(matter, context=es.context, officer=es.officer())
    assert [(item["erased"], item["content"] is None) for item in shown["replies"][0]["items"]] == [
        (True, True),
        (False, False),
    ]
    statement = item_row(first).statement
    assert statement is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT parts FROM exchange_statement WHERE id = %s", (statement,))
        parts = decode(bytes(cursor.fetchone()[0]))
    assert [part is None for part in parts] == [False, True, False, False]
    assert es.context.keys.contents(statement)[2] is None
    assert not es.context.keys.wraps([statement], "ma.dgst"), "a wrap that opens the erased part is still kept"
    assert not list(item_faults(context=es.context))


def test_what_has_no_receipt_yet_is_not_erased(es: Node, ma: Node) -> None:
    matter = asked(es, ma)
    (request,) = items_of(matter)
    with pytest.raises(Conflict, match=r"cases\.still-leaving"):
        erase_item(request.id, context=es.context, ordered_by="ES-1001")
    assert opens(es, request.id)
    carry(es, ma)
    erase_item(request.id, context=es.context, ordered_by="ES-1001")
    assert not opens(es, request.id)


@pytest.mark.parametrize("point", ["keystore.erase.before-commit", "keystore.erase.after-commit"])
def test_a_crash_in_the_middle_leaves_what_the_sweep_finishes(es: Node, crash_at: object, point: str) -> None:
    item = own(es)
    crash_at(point)  # type: ignore[operator]
    with pytest.raises(Crash):
        erase_item(item, context=es.context, ordered_by="ES-1001")
    assert not opens(es, item), "the tombstone was committed, and yet it opens"
    assert [fault for _, fault in item_faults(context=es.context)] == ["unfinished"]
    assert sweep_erasures(context=es.context) == 1
    assert tombstone(item) == ("ES-1001", "erasure.ordered", True)
    assert es.context.keys.contents(item) == (None,)
    assert not list(item_faults(context=es.context))


def test_a_restored_backup_does_not_bring_an_erased_item_back(es: Node, tmp_path: Path) -> None:
    if es.home.on_postgresql:
        with connection.cursor() as cursor:
            item = own(es)
            erase_item(item, context=es.context, ordered_by="ES-1001")
            # What a backup from before the erasure would hold.
            cursor.execute("DELETE FROM cases_tombstone")
            cursor.execute("UPDATE cases_item SET erased = %s WHERE id = %s", (False, item))
    else:
        item = own(es)
        connections.close_all()
        shutil.copy(es.home.main_database, tmp_path / "backup")
        es.use()
        erase_item(item, context=es.context, ordered_by="ES-1001")
        connections.close_all()
        for left in es.home.data.glob("tansiq.sqlite-*"):
            left.unlink()
        shutil.copy(tmp_path / "backup", es.home.main_database)
        es.reopen()
    assert not opens(es, item), "its key is gone"
    assert replay_erasures(context=es.context) == 1
    assert tombstone(item) == ("node", "erasure.replayed", True)
    assert not list(item_faults(context=es.context))
    assert replay_erasures(context=es.context) == 0


def test_when_its_time_has_come_an_item_ends_by_itself(es: Node, ma: Node) -> None:
    matter = asked(es, ma)
    carry(es, ma)
    ma.use()
    answer_enquiry(matter, context=ma.context, officer=ma.officer(), answer=no_hit())
    carry(es, ma)
    ma.use()
    (request,) = [row for row in items_of(matter) if row.kind == "enquiry.request"]
    es_clock = ma.context.clock
    es_clock.advance(days=29)  # type: ignore[attr-defined]
    assert erase_due(context=ma.context) == 0
    es_clock.advance(days=2)  # type: ignore[attr-defined]
    assert erase_due(context=ma.context) == 1
    assert tombstone(request.id) == ("node", "erasure.retention", True)
    assert show_enquiry(matter, context=ma.context, officer=ma.officer())["request"]["content"] is None
    es.use()
    assert opens(es, items_of(matter)[0].id), "the asking side keeps its own request"


def test_what_is_still_leaving_does_not_hold_up_what_came_due_later(es: Node, ma: Node) -> None:
    delivered = asked(es, ma)
    carry(es, ma)
    leaving = [asked(es, ma) for _ in range(3)]
    now_ms = es.context.clock()
    with connection.cursor() as cursor:
        for at, matter in enumerate([*leaving, delivered]):
            cursor.execute("UPDATE cases_item SET erase_ms = %s WHERE case_ref = %s", (now_ms - 9 + at, matter))
        cursor.execute("SELECT statement FROM cases_item WHERE case_ref = %s", (leaving[0],))
        statement = bytes(cursor.fetchone()[0])
        cursor.executemany(
            "INSERT INTO cases_item (id, case_ref, statement, place, kind, originator, source, information, basis, handling, "
            "classification, category, purpose, special, protected, incoming, review_ms, erase_ms, received_ms, created_ms, erased) "
            "VALUES (%s, %s, %s, %s, 'item', 'es.cgi', '', '', '', '', '', '', '', %s, %s, '', 1, 1, 1, 1, %s)",
            [(bytes([1, *divmod(n, 256)]) + leaving[0][3:], leaving[0], statement, n, False, False, False) for n in range(10, 2100)],
        )  # fmt: skip
    assert erase_due(context=es.context) == 1
    assert tombstone(items_of(delivered)[0].id) == ("node", "erasure.retention", True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_item WHERE place >= 10")
    carry(es, ma)
    assert erase_due(context=es.context, at_once=2) == 3
    assert erase_due(context=es.context) == 0


def due(es: Node, items: list[bytes]) -> None:
    """The end of ``items`` has come, of each a moment after the one before."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE cases_item SET erase_ms = %s WHERE id = %s",
            [(es.context.clock() - 100 + at, item) for at, item in enumerate(items)],
        )


@pytest.mark.parametrize("failing", ["keys", "room"])
def test_an_item_that_cannot_be_erased_keeps_no_other_from_its_end(
    es: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    items = [own(es) for _ in range(5)]
    due(es, items)
    bad = items[:2]
    erase = KeyStore.erase

    def damaged(keys: KeyStore, thing: bytes, **where: Any) -> None:
        if thing in bad:
            raise Refused("keystore.damaged")
        erase(keys, thing, **where)

    def follower(rows: Sequence[ItemRow]) -> None:
        if any(row.id in bad for row in rows):
            raise ValueError("what stands in the row")

    with monkeypatch.context() as fault:
        if failing == "keys":
            fault.setattr(KeyStore, "erase", damaged)
        else:
            fault.setattr(erasure, "_followers", [follower])
        for sweep in (erase_due, sweep_erasures) if failing == "keys" else (erase_due, erase_due):
            caplog.clear()
            with pytest.raises(Conflict, match=r"cases\.not-erased") as told:
                sweep(context=es.context, at_once=2)
            assert told.value.values == {"count": 2}
            said = [record.getMessage() for record in caplog.records if record.name == "tansiq.erasure"]
            assert [id_text(item) in one for item, one in zip(bad, said, strict=True)] == [True, True]
            assert not any("what stands in the row" in one for one in said)
        assert [opens(es, item) for item in items[2:]] == [False] * 3
    assert unerased(es.context.clock() + 1) == 2
    assert (erase_due if failing == "room" else sweep_erasures)(context=es.context) == 2
    assert unerased(es.context.clock() + 1) == 0
    assert not list(item_faults(context=es.context))


def test_a_damaged_statement_keeps_no_other_erasure_from_being_finished(es: Node, ma: Node) -> None:
    matter = answered(es, ma)
    bad = next(row.id for row in items_of(matter) if row.kind == ITEM)
    statement = item_row(bad).statement
    good = own(es)
    due(es, [bad, good])
    with connection.cursor() as cursor:
        cursor.execute("SELECT parts FROM exchange_statement WHERE id = %s", (statement,))
        parts = bytes(cursor.fetchone()[0])
        cursor.execute("UPDATE exchange_statement SET parts = %s WHERE id = %s", (parts[:-1], statement))
    with pytest.raises(Conflict):
        erase_due(context=es.context)
    assert tombstone(good) == ("node", "erasure.retention", True)
    assert not opens(es, bad), "its key is gone"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE exchange_statement SET parts = %s WHERE id = %s", (parts, statement))
    assert sweep_erasures(context=es.context) == 1


def test_after_a_restore_what_cannot_be_ended_again_holds_up_nothing_and_is_due(
    es: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = sorted(own(es) for _ in range(5))
    damaged, bad, *good = items
    for item in (bad, *good):
        erase_item(item, context=es.context, ordered_by="ES-1001")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_tombstone")
        cursor.execute("UPDATE cases_item SET erased = %s", (False,))
    with connections["keys"].cursor() as cursor:
        cursor.execute("UPDATE keystore_content_keys SET wrapped = %s WHERE thing = %s", (b"x" * 40, damaged))

    def follower(rows: Sequence[ItemRow]) -> None:
        if any(row.id == bad for row in rows):
            raise ValueError

    with monkeypatch.context() as fault:
        fault.setattr(erasure, "_followers", [follower])
        assert replay_erasures(context=es.context) == 3
    assert {item: item_row(item).erased for item in items} == {damaged: False, bad: False} | dict.fromkeys(good, True)
    es.context.clock.advance(minutes=1)  # type: ignore[attr-defined]
    assert unerased(es.context.clock()) == 1
    assert erase_due(context=es.context) == 1
    assert tombstone(bad) == ("node", "erasure.retention", True)


def plan(query: str, values: Sequence[object]) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # small tables are read whole unless it is told that this is dear
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + query, values)
        told = "\n".join(str(row[-1]) for row in cursor.fetchall())
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = on")
    return told


def test_what_is_due_is_found_by_indices_alone(es: Node) -> None:
    told = plan(erasure._DUE, (1, -1, -1, b"", 100))
    for index in ("cases_item_ends", "exchange_outbox_of", "exchange_sent_statement"):
        assert index in told, told
    assert "SCAN" not in told and "Seq Scan" not in told, told


def test_an_erasure_of_a_later_time_than_the_backup_is_found_among_many(es: Node) -> None:
    items = [own(es) for _ in range(5)]
    erase_item(items[3], context=es.context, ordered_by="ES-1001")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_tombstone")
        cursor.execute("UPDATE cases_item SET erased = %s", (False,))
    assert replay_erasures(context=es.context) == 1
    assert [row.erased for row in items_of(b"c" * 16)] == [False, False, False, True, False]
