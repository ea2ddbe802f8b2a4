"""What the directory keeps: every document as it came, and which identity is pinned for which agency.

Invariant: documents are kept for ever, for old statements are verified with the keys of their time.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Document", "OfficerName", "Partner"]


class Partner(models.Model):
    """An agency that we know, ourselves among them; ``confirmed_ms`` is when its words were compared (0: not yet).

    ``introduced_by`` is the partner that vouches for its identity ('' nobody), since ``introduced_ms``: that counts for what
    comes by way of that partner, and for nothing else.
    """

    agency = models.CharField(primary_key=True, max_length=64)
    identity = models.BinaryField(max_length=32)
    is_self = models.BooleanField(default=False)
    confirmed_ms = models.BigIntegerField(default=0)
    confirmed_by = models.CharField(max_length=64, default="")
    introduced_by = models.CharField(max_length=64, default="")
    introduced_ms = models.BigIntegerField(default=0)
    current = models.BigIntegerField()
    since_ms = models.BigIntegerField()

    class Meta:
        db_table = "directory_partner"


class Document(models.Model):
    """One directory document of an agency, as it came."""

    pk = models.CompositePrimaryKey("agency", "number")
    agency = models.CharField(max_length=64)
    number = models.BigIntegerField()
    encoded = models.BinaryField()
    taken_ms = models.BigIntegerField()

    class Meta:
        db_table = "directory_document"


class OfficerName(models.Model):
    """The name of one of our own officers, concealed; its key lies in the key store."""

    number = models.CharField(primary_key=True, max_length=64)
    thing = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)
    concealed = models.BinaryField()

    class Meta:
        db_table = "directory_officer_name"
