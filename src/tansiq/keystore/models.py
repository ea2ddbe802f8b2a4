"""What the key store keeps. Nothing here is readable without the root, and nothing names a person in clear.

Invariant: one row of `ContentKeys` per statement or stored thing holds the wrapped keys of its contents in slots of
40 bytes (docket first); an erased slot is all zeros.
"""

from __future__ import annotations

from django.db import models

__all__ = ["CaseKey", "ContentKeys", "KeptWraps", "OfficerSecret", "SealedSession", "Secret"]


class Secret(models.Model):
    """A private key or secret of the node or a post, sealed under the root. ``use`` as in the directory, or ``own``, ``tls``."""

    identifier = models.BinaryField(primary_key=True, max_length=32)
    use = models.CharField(max_length=32)
    owner = models.CharField(max_length=96)
    sealed = models.BinaryField()

    class Meta:
        db_table = "keystore_secret"


class OfficerSecret(models.Model):
    """A key of an officer, sealed under the owner's passphrase: the operator of the machine can't open it."""

    identifier = models.BinaryField(primary_key=True, max_length=32)
    officer = models.CharField(max_length=64, db_index=True)
    use = models.CharField(max_length=32)
    salt = models.BinaryField(max_length=16)
    cost = models.CharField(max_length=64)
    sealed = models.BinaryField()

    class Meta:
        db_table = "keystore_officer_secret"


class CaseKey(models.Model):
    """The key of a case (or of a matter that has none yet), wrapped by the root."""

    case_ref = models.BinaryField(primary_key=True, max_length=16)
    wrapped = models.BinaryField(max_length=40)

    class Meta:
        db_table = "keystore_case_key"


class ContentKeys(models.Model):
    """The keys of the contents of one thing, wrapped by its case's key, in slots of 40 bytes."""

    thing = models.BinaryField(primary_key=True, max_length=16)
    case_ref = models.BinaryField(max_length=16, db_index=True)
    wrapped = models.BinaryField()

    class Meta:
        db_table = "keystore_content_keys"


class KeptWraps(models.Model):
    """The wraps of a statement on one hop, sent or received, kept until the peer's backup covers them."""

    pk = models.CompositePrimaryKey("statement", "peer")
    statement = models.BinaryField(max_length=16)
    peer = models.CharField(max_length=64)
    kept_ms = models.BigIntegerField()
    wraps = models.BinaryField()

    class Meta:
        db_table = "keystore_kept_wraps"


class SealedSession(models.Model):
    """A session, encrypted under its cookie's secret: the row's own key is a hash of that secret, so it opens with the cookie alone.

    ``family`` is a hash that the sessions of one account share; ``agent`` a code for the sort of browser. It lies here, not in the main
    database, because it may hold an officer's opened key: no backup has it, and what is deleted is written over.
    """

    identifier = models.BinaryField(primary_key=True, max_length=32)
    family = models.BinaryField(max_length=32, db_index=True)
    agent = models.CharField(max_length=16, default="")
    created_ms = models.BigIntegerField()
    seen_ms = models.BigIntegerField()
    ends_ms = models.BigIntegerField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "keystore_session"
