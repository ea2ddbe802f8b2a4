"""What this room keeps: cases, items, files, tombstones of erased ones, and what was answered about how incoming ones
were obtained.

Invariant: rows hold codes, numbers, references and ciphertext. A row of `Item` is never deleted: an erased one keeps
its codes' place empty (`erasure`) and its `Tombstone` says when and by whose order it ended, not what it was.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Case", "CaseMatter", "CasePost", "File", "IncomingAnswer", "Item", "Tombstone", "Upload"]


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
            models.Index(fields=["review_ms"], name="cases_item_review", condition=models.Q(erased=False)),
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


class Case(models.Model):
    """A case. ``id`` is also the reference that travels where the case is shared; ``reference`` the service's own file
    number. The title is ``concealed``, under the key kept for ``thing``.

    ``agencies`` are the partners, ``fields`` those of crime, ``framework`` the legal bases; several are separated by a
    space. ``state`` is a code: open, closed.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    thing = models.BinaryField(max_length=16)
    reference = models.CharField(max_length=64)
    lead = models.CharField(max_length=64)
    agencies = models.CharField(max_length=512, default="")
    fields = models.CharField(max_length=512, default="")
    framework = models.CharField(max_length=512, default="")
    state = models.CharField(max_length=16, default="open")
    opened_ms = models.BigIntegerField()
    closed_ms = models.BigIntegerField(null=True)
    review_ms = models.BigIntegerField()
    erase_ms = models.BigIntegerField(null=True)
    officer = models.CharField(max_length=64)
    commitment = models.BinaryField(max_length=32)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "cases_case"


class CasePost(models.Model):
    """A post that may know that a case exists: its compartment. ``opened_ms`` and ``is_open`` are the case's, so that a
    desk's list needs no other table to be put in order.
    """

    pk = models.CompositePrimaryKey("post", "case_ref")
    post = models.CharField(max_length=96)
    case_ref = models.BinaryField(max_length=16, db_index=True)
    is_open = models.BooleanField(default=True)
    opened_ms = models.BigIntegerField()
    since_ms = models.BigIntegerField()
    officer = models.CharField(max_length=64)

    class Meta:
        db_table = "cases_case_post"
        indexes = [models.Index(fields=["post", "is_open", "opened_ms", "case_ref"], name="cases_post_list")]


class CaseMatter(models.Model):
    """A matter (an enquiry and all that follows) that belongs to a case though it was begun outside it."""

    matter = models.BinaryField(primary_key=True, max_length=16)
    case_ref = models.BinaryField(max_length=16, db_index=True)
    linked_ms = models.BigIntegerField()
    officer = models.CharField(max_length=64)

    class Meta:
        db_table = "cases_case_matter"


class File(models.Model):
    """What a file is, beside its item: held by ``thing`` at ``place`` (its statement, or the item itself), belonging to
    the item ``parent`` if to any.

    ``media`` is what its bytes were seen to be once ``checked`` is 1 (2: they are not what they were said to be);
    ``tells`` what it says beside its content (`media.Seen`); ``draft`` until it is sent or belongs to a case, seen by
    the ``officer`` alone.
    """

    item = models.BinaryField(primary_key=True, max_length=16)
    parent = models.BinaryField(max_length=16, null=True, db_index=True)
    thing = models.BinaryField(max_length=16)
    place = models.SmallIntegerField()
    media = models.CharField(max_length=128)
    size = models.BigIntegerField()
    width = models.IntegerField(default=0)
    height = models.IntegerField(default=0)
    tells = models.CharField(max_length=64, default="")
    checked = models.SmallIntegerField(default=0)
    draft = models.BooleanField(default=False)
    officer = models.CharField(max_length=64, default="")

    class Meta:
        db_table = "cases_file"
        indexes = [
            models.Index(fields=["thing"], name="cases_file_thing"),
            models.Index(fields=["officer"], name="cases_file_drafts", condition=models.Q(draft=True)),
        ]


class Upload(models.Model):
    """A file on its way in: how many bytes of how many are here. Its key and name are ``concealed``, under the key kept
    for ``thing``; ``id`` will be its item's.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    thing = models.BinaryField(max_length=16)
    case_ref = models.BinaryField(max_length=16, null=True)
    officer = models.CharField(max_length=64)
    purpose = models.CharField(max_length=64)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    media = models.CharField(max_length=128, default="")
    begun_ms = models.BigIntegerField(db_index=True)
    commitment = models.BinaryField(max_length=32)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "cases_upload"
