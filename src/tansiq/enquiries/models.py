"""What this room keeps: enquiries sent and received, what was said in them, whom a register may know, who was reminded.

Invariant: rows hold codes, times, numbers and references. Nobody's name, no free text, no officer but by service
number.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Enquiry", "Match", "Notice", "Reply", "Translation"]


class Enquiry(models.Model):
    """One enquiry under its matter. ``direction`` 1: ours, 2: a partner's. Several codes in one column are separated by
    a space.

    ``received_ms`` is the addressee agency's receipt: for one of ours it is read from that agency's proof, and empty
    until it is here. ``state`` is a code of `policy.course`; ``is_open`` while something is still to be said.
    ``order_ms`` is its place on the desk (`rows.order_of`), ``said`` how many words followed the request (empty: not
    counted), ``remind_ms`` when the clock has to look at it next, ``delays`` how often a delay was announced. ``way`` is
    the route of the request and who got its docket, where the three posts don't tell it (`rows.way_text`).
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
    order_ms = models.BigIntegerField(null=True)
    said = models.SmallIntegerField(null=True)
    delays = models.SmallIntegerField(null=True)
    remind_ms = models.BigIntegerField(null=True)
    way = models.TextField(null=True)  # noqa: DJ001 (so that a large table gets it without being written anew)

    class Meta:
        db_table = "enquiries_enquiry"
        indexes = [
            models.Index(fields=["own_post", "direction", "state", "order_ms", "matter"], name="enquiries_of_post"),
            models.Index(
                fields=["office_post", "direction", "state", "order_ms", "matter"], name="enquiries_of_office"
            ),
            models.Index(
                fields=["own_post", "partner", "direction", "state", "order_ms", "matter"], name="enquiries_of_partner"
            ),
            models.Index(
                fields=["own_post", "channel", "direction", "state", "order_ms", "matter"], name="enquiries_of_channel"
            ),
            # An office has a whole country's matters: those with one partner are found among them by this one.
            models.Index(
                fields=["office_post", "partner", "direction", "state", "order_ms", "matter"],
                name="enquiries_office_partner",
            ),
            models.Index(fields=["sent_ms"], name="enquiries_unproven", condition=models.Q(received_ms__isnull=True)),
            models.Index(fields=["remind_ms"], name="enquiries_remind", condition=models.Q(remind_ms__isnull=False)),
        ]


class Reply(models.Model):
    """What was said in an enquiry after its request: an answer, a refusal, a question back and all the rest, with its
    statement, who signed it, and what it amounts to in codes (``outcome`` of an answer, ``grounds`` of anything else).

    ``at_ms`` is when this agency received it or said it. ``follows`` are the words that its speaker knew last (16 bytes
    each); ``until_ms`` is the end that a delay announces, and of a clarification when the addressee received it.
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
    follows = models.BinaryField(null=True)
    until_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "enquiries_reply"
        indexes = [
            models.Index(
                fields=["said_ms"],
                name="enquiries_clarifying",
                condition=models.Q(kind="enquiry.clarification", until_ms__isnull=True),
            ),
        ]


class Match(models.Model):
    """An entry of a register that may be the person asked about: proposed by the machine with reasons, decided by a
    person. ``request`` is the statement in which the person was named, in ``matter``.
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
    matter = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "enquiries_match"
        indexes = [models.Index(fields=["entry"], name="enquiries_match_entry")]


class Notice(models.Model):
    """That the clock has called somebody to a matter: with which code, when, and how many officers; each at most once."""

    pk = models.CompositePrimaryKey("matter", "code")
    matter = models.BinaryField(max_length=16)
    code = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    officers = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "enquiries_notice"


class Translation(models.Model):
    """A translation, kept as the item ``item``: of which field in which part of which statement, into which language, by
    which officer.
    """

    item = models.BinaryField(primary_key=True, max_length=16)
    statement = models.BinaryField(max_length=16)
    part = models.SmallIntegerField()
    field = models.CharField(max_length=96)
    language = models.CharField(max_length=35)
    officer = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "enquiries_translation"
        indexes = [models.Index(fields=["statement"], name="enquiries_translated")]
