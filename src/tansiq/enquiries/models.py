"""What this room keeps: enquiries sent and received, what was said in reply, and whom a register may know.

Invariant: rows hold codes, times, numbers and references. Nobody's name, no free text, no officer but by service
number.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Enquiry", "Match", "Reply"]


class Enquiry(models.Model):
    """One enquiry under its matter. ``direction`` 1: ours, 2: a partner's. Several codes in one column are separated by
    a space.

    ``received_ms`` is the addressee agency's receipt: for one of ours it is read from that agency's proof, and empty
    until it is here. ``state`` is a code: sent, received, partial, answered, refused; ``is_open`` while something is
    still to be said.
    """

    matter = models.BinaryField(primary_key=True, max_length=16)
    direction = models.SmallIntegerField()
    partner = models.CharField(max_length=64)
    own_post = models.CharField(max_length=96)
    their_post = models.CharField(max_length=96)
    office_post = models.CharField(max_length=96, default="")
    channel = models.CharField(max_length=64)
    case_ref = models.BinaryField(max_length=16, null=True)
    sought = models.CharField(max_length=256)
    field = models.CharField(max_length=64, default="")
    purpose = models.CharField(max_length=64)
    deadline_class = models.CharField(max_length=64)
    urgent = models.BooleanField()
    state = models.CharField(max_length=16)
    is_open = models.BooleanField()
    outcome = models.CharField(max_length=64, default="")
    request = models.BinaryField(max_length=16)
    officer = models.CharField(max_length=64)
    sent_ms = models.BigIntegerField()
    received_ms = models.BigIntegerField(null=True)
    deadline_ms = models.BigIntegerField(null=True)
    answered_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "enquiries_enquiry"
        indexes = [
            models.Index(fields=["own_post", "is_open", "deadline_ms"], name="enquiries_desk"),
            models.Index(fields=["office_post", "is_open", "deadline_ms"], name="enquiries_office"),
            models.Index(fields=["sent_ms"], name="enquiries_unproven", condition=models.Q(received_ms__isnull=True)),
        ]


class Reply(models.Model):
    """What was said in reply: an answer or a refusal, with its statement, who signed it, and what it amounts to in
    codes.

    ``at_ms`` is when the asking agency received it; at the answering side, when it was said.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16, db_index=True)
    kind = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    officer = models.CharField(max_length=64)
    outcome = models.CharField(max_length=64, default="")
    grounds = models.CharField(max_length=512, default="")
    items = models.SmallIntegerField(default=0)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "enquiries_reply"


class Match(models.Model):
    """An entry of a register that may be the person asked about: proposed by the machine with reasons, decided by a
    person.
    """

    pk = models.CompositePrimaryKey("request", "entry")
    request = models.BinaryField(max_length=16)
    entry = models.BinaryField(max_length=16)
    subject = models.SmallIntegerField()
    score = models.FloatField()
    reasons = models.CharField(max_length=1024)
    decision = models.CharField(max_length=64, default="")
    decided_by = models.CharField(max_length=64, default="")
    decided_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "enquiries_match"
