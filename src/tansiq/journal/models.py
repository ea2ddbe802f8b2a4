"""What the journals keep: leaves, the state at their right edge, heads, and the mirror of each peer's journal.

Invariant: leaf rows are only ever added. One row per leaf holds its hash and the subtrees that it completes (RFC 9162),
so appending costs a constant number of rows and a proof reads O(log n) of them.
"""

from __future__ import annotations

from django.db import models

__all__ = ["AccessCheck", "AccessEvent", "AccessJournal", "Journal", "Leaf", "Mirror", "MirrorLeaves", "Witnessed"]


class Journal(models.Model):
    """The exchange journal of the relation with ``peer``: its size, right edge, and epoch."""

    peer = models.CharField(primary_key=True, max_length=64)
    epoch = models.IntegerField(default=1)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField()

    class Meta:
        db_table = "journal_journal"


class Leaf(models.Model):
    """One leaf: ``node`` is its hash followed by the subtrees that it completes, 32 bytes each."""

    pk = models.CompositePrimaryKey("peer", "number")
    peer = models.CharField(max_length=64)
    number = models.BigIntegerField()
    node = models.BinaryField()

    class Meta:
        db_table = "journal_leaf"


class Witnessed(models.Model):
    """The last head of our journal that the peer signed after checking it, with its root; one row per peer and size kept."""

    pk = models.CompositePrimaryKey("peer", "epoch", "size")
    peer = models.CharField(max_length=64)
    epoch = models.IntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    head = models.BinaryField()
    witness = models.BinaryField(null=True)

    class Meta:
        db_table = "journal_witnessed"


class Mirror(models.Model):
    """What we witnessed of the peer's journal with us: its last head, and the right edge that it proves."""

    peer = models.CharField(primary_key=True, max_length=64)
    epoch = models.IntegerField()
    size = models.BigIntegerField()
    time_ms = models.BigIntegerField()
    frontier = models.BinaryField()
    root = models.BinaryField(max_length=32)
    head = models.BinaryField()
    witness = models.BinaryField()

    class Meta:
        db_table = "journal_mirror"


class MirrorLeaves(models.Model):
    """Leaf hashes of the peer's journal from number ``first`` on, as they came: what it needs after losing them.

    ``frontier`` is the right edge before ``first``, from which the root at any size within the row is found.
    """

    pk = models.CompositePrimaryKey("peer", "first")
    peer = models.CharField(max_length=64)
    first = models.BigIntegerField()
    frontier = models.BinaryField()
    leaves = models.BinaryField()

    class Meta:
        db_table = "journal_mirror_leaves"


class AccessJournal(models.Model):
    """The right edge of the access journal; one row."""

    name = models.CharField(primary_key=True, max_length=16)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField()

    class Meta:
        db_table = "journal_access"


class AccessEvent(models.Model):
    """One logged act: its leaf for ever; the event, concealed, until its retention ends."""

    number = models.BigIntegerField(primary_key=True)
    thing = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)
    time_ms = models.BigIntegerField(db_index=True)
    node = models.BinaryField()
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "journal_access_event"


class AccessCheck(models.Model):
    """A check of the access journal at ``size`` acts: by whose order, how far it is, what it found (see `checking.Check`).

    ``frontier`` is the right edge of what was looked at so far, ``root`` the one that the journal had.
    """

    id = models.BigAutoField(primary_key=True)
    officer = models.CharField(max_length=64)
    begun_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)
    size = models.BigIntegerField()
    done = models.BigIntegerField(default=0)
    frontier = models.BinaryField()
    root = models.BinaryField(max_length=32)
    outcome = models.CharField(max_length=16, default="")
    fault = models.BigIntegerField(null=True)

    class Meta:
        db_table = "journal_access_check"
