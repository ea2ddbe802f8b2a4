"""What this room keeps: what was decided about each channel, which state is in force, what waited, and which emergency passed.

Invariant: rows hold codes, times, service numbers and references; a decision's words are concealed under the key kept for its
id. A `Decision` is never changed but for its second person and its announcement; a `Wait` but for its end; an `Emergency` but
for its review.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Decision", "Emergency", "Standing", "Version", "Wait"]


class Decision(models.Model):
    """One side's word on a channel with a partner. ``side`` 1: ours, 2: the partner's announcement.

    ``second`` is the other person, where the agency wants two; ``needs_second`` until that one has agreed: till then
    it is a proposal and has no effect, and ``taken_ms`` is empty. ``statement`` is the announcement that carried it;
    ``emergency``: whether that side takes what a danger to life makes urgent though the channel is suspended.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    side = models.SmallIntegerField()
    state = models.CharField(max_length=16)
    reason = models.CharField(max_length=64)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField(null=True)
    emergency = models.BooleanField(default=False)
    officer = models.CharField(max_length=64, default="")
    decided_ms = models.BigIntegerField()
    needs_second = models.BooleanField(default=False)
    second = models.CharField(max_length=64, default="")
    taken_ms = models.BigIntegerField(null=True)
    refused_ms = models.BigIntegerField(null=True)
    statement = models.BinaryField(max_length=16, null=True)
    commitment = models.BinaryField(max_length=32, null=True)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "channels_decision"
        indexes = [models.Index(fields=["partner", "channel", "side", "taken_ms"], name="channels_decision_of")]


class Standing(models.Model):
    """The state in force of one channel with one partner: of our side, of the partner's, and the stricter of the two
    (``state``), with the moment at which it came into force here. No row: open.

    ``next_ms`` is when a from or an until changes it next.
    """

    pk = models.CompositePrimaryKey("partner", "channel")
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    state = models.CharField(max_length=16)
    ours = models.BinaryField(max_length=16, null=True)
    theirs = models.BinaryField(max_length=16, null=True)
    since_ms = models.BigIntegerField()
    next_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "channels_standing"


class Version(models.Model):
    """One row, counted up whenever a `Standing` changes: who sends reads it in its own transaction and keeps the rest in
    memory. On PostgreSQL it is the lock that keeps a sending and a suspension from passing each other.
    """

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()

    class Meta:
        db_table = "channels_version"


class Wait(models.Model):
    """A statement that waited, or waits, on the hop to ``peer`` because its channel with ``partner`` was suspended.

    ``how`` it ended: "" it still waits; released, rerouted, courier, emergency, withdrawn. ``instead`` is the statement
    that took another channel in its place.
    """

    pk = models.CompositePrimaryKey("statement", "peer")
    statement = models.BinaryField(max_length=16)
    peer = models.CharField(max_length=64)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    matter = models.BinaryField(max_length=16, db_index=True)
    kind = models.CharField(max_length=64)
    sender = models.CharField(max_length=96)
    since_ms = models.BigIntegerField()
    held_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)
    how = models.CharField(max_length=16, default="")
    instead = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "channels_wait"
        indexes = [
            models.Index(
                fields=["partner", "channel", "held_ms"],
                name="channels_waits",
                condition=models.Q(ended_ms__isnull=True),
            ),
            models.Index(fields=["partner", "channel", "ended_ms"], name="channels_waited"),
        ]


class Emergency(models.Model):
    """That something passed a channel which we had suspended, for danger to life: by whom, on which ground, and how a
    supervisor judged it. ``due_ms`` is 24 hours later; the words are concealed under the key kept for the id.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    statement = models.BinaryField(max_length=16, db_index=True)
    matter = models.BinaryField(max_length=16)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    officer = models.CharField(max_length=64)
    ground = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    verdict = models.CharField(max_length=64, default="")
    reviewed_by = models.CharField(max_length=64, default="")
    reviewed_ms = models.BigIntegerField(null=True)
    commitment = models.BinaryField(max_length=32, null=True)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "channels_emergency"
        indexes = [
            models.Index(fields=["due_ms"], name="channels_unreviewed", condition=models.Q(reviewed_ms__isnull=True))
        ]
