"""What this room keeps: items, tombstones of erased ones, and what was answered about how incoming ones were obtained.

Invariant: rows hold codes, numbers, references and ciphertext. A row of `Item` is never deleted: an erased one keeps
its codes' place empty (`erasure`) and its `Tombstone` says when and by whose order it ended, not what it was.
"""

from __future__ import annotations

from django.db import models

__all__ = ["IncomingAnswer", "Item", "Tombstone"]


class Item(models.Model):
    """One item.

    ``statement`` and ``place`` say in which part of which statement the content is; an item that was entered here has
    ``concealed`` instead, under keys kept for ``id``. Several codes in one column are separated by a space.
    ``review_ms`` is when somebody must decide whether it stays; ``erase_ms`` when it ends in any case.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    case_ref = models.BinaryField(max_length=16, db_index=True)
    statement = models.BinaryField(max_length=16, null=True)
    place = models.SmallIntegerField(default=0)
    kind = models.CharField(max_length=64)
    originator = models.CharField(max_length=64)
    source = models.CharField(max_length=8, default="")
    information = models.CharField(max_length=8, default="")
    basis = models.CharField(max_length=64, default="")
    handling = models.CharField(max_length=128, default="")
    classification = models.CharField(max_length=64, default="")
    category = models.CharField(max_length=256, default="")
    purpose = models.CharField(max_length=64, default="")
    special = models.BooleanField(default=False)
    protected = models.BooleanField(default=False)
    incoming = models.CharField(max_length=64, default="")
    expires_ms = models.BigIntegerField(null=True)
    review_ms = models.BigIntegerField()
    erase_ms = models.BigIntegerField(null=True)
    received_ms = models.BigIntegerField()
    created_ms = models.BigIntegerField()
    erased = models.BooleanField(default=False)
    commitment = models.BinaryField(max_length=32, null=True)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "cases_item"
        constraints = [models.UniqueConstraint(fields=["statement", "place"], name="cases_item_part")]
        indexes = [
            models.Index(
                fields=["erase_ms"], name="cases_item_ends", condition=models.Q(erase_ms__isnull=False, erased=False)
            ),
        ]


class Tombstone(models.Model):
    """An erasure: which item, when, by whose order (a service number), on which ground; ``done_ms`` when all of it was
    carried out.
    """

    item = models.BinaryField(primary_key=True, max_length=16)
    at_ms = models.BigIntegerField()
    ordered_by = models.CharField(max_length=64)
    ground = models.CharField(max_length=64)
    done_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "cases_tombstone"
        indexes = [
            models.Index(fields=["at_ms"], name="cases_tombstone_open", condition=models.Q(done_ms__isnull=True))
        ]


class IncomingAnswer(models.Model):
    """'May this have been obtained by ill-treatment?': one answer about one item; later ones are added, none is
    changed.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    item = models.BinaryField(max_length=16, db_index=True)
    code = models.CharField(max_length=64)
    officer = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    commitment = models.BinaryField(max_length=32)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "cases_incoming_answer"
