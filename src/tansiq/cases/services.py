"""Writing items: those that stand in statements, those entered here, and the answer of how incoming ones were obtained.

Invariant: keys are in the key store before the row; items of a statement are added in the transaction of whoever sends
or receives it, and the same part twice is one item.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from tansiq.cases.items import ITEM, REVIEW_MS, NewItem, Whence, evaluated_item
from tansiq.cases.queries import item_row
from tansiq.cases.sql import insert
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Contents
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.law import incoming_faults
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import Concealed, conceal
from tansiq.protocol.ids import IdMaker, id_text
from tansiq.protocol.parts import Part

__all__ = ["add_items", "add_own_item", "answer_incoming", "bring_forward", "insert_item"]

_maker = IdMaker()
_INSERT = insert(
    "cases_item",
    (
        "id", "case_ref", "statement", "place", "kind", "originator", "source", "information", "basis", "handling",
        "classification", "category", "purpose", "special", "protected", "incoming", "expires_ms", "review_ms",
        "erase_ms", "received_ms", "created_ms", "erased", "commitment", "concealed",
    ),
    "ON CONFLICT DO NOTHING",
)  # fmt: skip


def _values(new: NewItem, item: bytes, now_ms: int, own: Concealed | None = None) -> tuple[Any, ...]:
    return (
        item, new.case, new.statement or None, new.place, new.kind, new.originator, new.source, new.information,
        new.basis, new.handling, new.classification, new.category, new.purpose, new.special, new.protected, "",
        new.expires_ms, new.received_ms + REVIEW_MS, new.erase_ms, new.received_ms, now_ms, False,
        own.commitment if own else None, own.ciphertext if own else None,
    )  # fmt: skip


def insert_item(new: NewItem, item: bytes, own: Concealed, *, now_ms: int) -> None:
    """Stores an own item under its id, in the caller's transaction; its key is kept and its act is logged before."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, _values(new, item, now_ms, own))


def add_items(items: Sequence[NewItem], *, context: Context) -> list[bytes]:
    """Stores items whose contents are parts of statements, sent or received, in the caller's transaction.

    Returns their ids; a part that is an item already stays that item, and the id returned for it is not used.
    """
    now_ms = context.clock()
    ids = [_maker.make(now_ms) for _ in items]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, [_values(new, item, now_ms) for item, new in zip(ids, items, strict=True)])
    return ids


def add_own_item(item: Item, *, case: bytes, context: Context, officer: str, purpose: str) -> bytes:
    """Stores an item that ``officer`` (a service number) entered into ``case`` for ``purpose`` (a code); returns its
    id.
    """
    now_ms = context.clock()
    made = _maker.make(now_ms)
    content = Part(ITEM, dict(item.assessed().to_plain()))
    concealed = conceal(content.to_bytes(), statement_id=made, place=0)
    context.keys.put_contents([Contents(made, case, (concealed.key,))])
    new = evaluated_item(item, Whence(case=case, sender=context.agency, received_ms=now_ms, purpose=purpose))
    access = Access(operation=Operation.COLLECTION, officer=officer, thing=made, purpose=purpose, time_ms=now_ms)
    with transaction.atomic():
        log_access([access], keys=context.keys)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, _values(new, made, now_ms, concealed))
    return made


def bring_forward(statements: Sequence[bytes], *, review_ms: int, erase_ms: int | None = None) -> None:
    """Lets the items of ``statements`` be reviewed by ``review_ms`` and end by ``erase_ms``; earlier moments stay.

    In the caller's transaction.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE cases_item SET review_ms = %s WHERE statement = %s AND review_ms > %s",
            [(review_ms, statement, review_ms) for statement in statements],
        )
        if erase_ms is not None:
            cursor.executemany(
                "UPDATE cases_item SET erase_ms = %s WHERE statement = %s AND (erase_ms IS NULL OR erase_ms > %s)",
                [(erase_ms, statement, erase_ms) for statement in statements],
            )


def answer_incoming(item: bytes, check: IncomingCheck, *, context: Context) -> None:
    """Records an officer's answer to 'may this have been obtained by ill-treatment?'.

    Raises NotFound, and Refused('policy.law') for a code that its list does not have or that lacks its reason.
    Convention against Torture, Article 15.
    """
    wrong = {"policy.law.incoming-reason-missing", "policy.law.code-unknown"}
    refuse(Faults(fault for fault in incoming_faults(check) if fault.code in wrong))
    row = item_row(item)
    if row.erased:
        raise NotFound("cases.erased", item=id_text(item))
    now_ms = context.clock()
    made = _maker.make(now_ms)
    concealed = conceal(encode(check.to_plain()), statement_id=made, place=0)
    context.keys.put_contents([Contents(made, row.case, (concealed.key,))])
    access = Access(
        operation=Operation.ALTERATION, officer=check.officer, thing=item, purpose=row.purpose, time_ms=now_ms
    )
    columns = ("id", "item", "code", "officer", "at_ms", "commitment", "concealed")
    values = (made, item, check.answer, check.officer, now_ms, concealed.commitment, concealed.ciphertext)
    with transaction.atomic():
        log_access([access], keys=context.keys)
        with connection.cursor() as cursor:
            cursor.execute(insert("cases_incoming_answer", columns), values)
            cursor.execute("UPDATE cases_item SET incoming = %s WHERE id = %s", (check.answer, item))
