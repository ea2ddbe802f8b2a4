"""What this room keeps: registers, their entries, and keys that wait to be erased.

Invariant: rows hold references of the published list, numbers and ciphertext, never a name. ``thing`` names the keys of
one content: a content that changes gets another thing, and the old one waits in `Superseded` until its key is erased.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Entry", "Register", "Superseded"]


class Register(models.Model):
    """A register: ``version`` counts the imports that changed something; ``digest`` is that of the file last imported,
    ``generated`` the day on which its publisher made it; the report of that import is concealed. ``posts`` are those that may read
    it, a space between; none: every desk.
    """

    name = models.CharField(primary_key=True, max_length=32)
    version = models.IntegerField()
    generated = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32)
    imported_ms = models.BigIntegerField()
    thing = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)
    report = models.BinaryField()
    posts = models.TextField(default="")

    class Meta:
        db_table = "registers_register"


class Entry(models.Model):
    """One entry. ``changed`` is the register's version that changed it last; ``listed`` False: the newest list has it
    no more, and its content is gone. ``faults`` counts its fields that were left out or read with doubt.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    register = models.CharField(max_length=32)
    reference = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    changed = models.IntegerField()
    listed = models.BooleanField(default=True)
    faults = models.IntegerField(default=0)
    first_ms = models.BigIntegerField()
    thing = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "registers_entry"
        constraints = [models.UniqueConstraint(fields=["register", "reference"], name="registers_entry_reference")]
        indexes = [models.Index(fields=["register", "changed"], name="registers_entry_changed")]


class Superseded(models.Model):
    """The thing of a content that was replaced or left the list; its key is erased next."""

    thing = models.BinaryField(primary_key=True, max_length=16)

    class Meta:
        db_table = "registers_superseded"
