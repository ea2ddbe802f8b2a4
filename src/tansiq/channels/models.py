"""What this room keeps: what was decided about each channel, which state is in force, what waited, and which emergency passed.

Invariant: rows hold codes, times, service numbers and references; free words are concealed under the key kept for the row's
id. A `Decision` is never changed but for the second person's word and its announcement, a `Wait` and an `Interruption` but for
their end, an `Emergency` but for its review.
"""

from __future__ import annotations

from django.db import models

__all__ = [
    "Acceptance", "Approval", "Choice", "Decision", "Emergency", "Interruption", "Passage", "Standing", "Stop", "Version", "Wait",
]  # fmt: skip


class Decision(models.Model):
    """One side's word on a channel with a partner. ``side`` 1: ours, 2: the partner's announcement.

    ``second`` is the other person, where the agency wants two; until that one has agreed (``taken_ms``) or not
    (``refused_ms``) it is a proposal without effect. ``announce``: the partner is told, in ``statement``.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    side = models.SmallIntegerField()
    state = models.CharField(max_length=16)
    reason = models.CharField(max_length=64)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField(null=True)
    officer = models.CharField(max_length=64)
    decided_ms = models.BigIntegerField()
    second = models.CharField(max_length=64, default="")
    taken_ms = models.BigIntegerField(null=True)
    refused_ms = models.BigIntegerField(null=True)
    announce = models.BooleanField(default=False)
    statement = models.BinaryField(max_length=16, null=True)
    commitment = models.BinaryField(max_length=32, null=True)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "channels_decision"
        indexes = [models.Index(fields=["partner", "channel", "decided_ms"], name="channels_decision_of")]


class Standing(models.Model):
    """The states in force of one channel with one partner: our ``own`` and the one that the partner ``announced``, with the
    decisions behind them, and since when here. No row: open. ``next_ms`` is when a from or an until changes it next.
    """

    pk = models.CompositePrimaryKey("partner", "channel")
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    own = models.CharField(max_length=16)
    announced = models.CharField(max_length=16)
    ours = models.BinaryField(max_length=16, null=True)
    theirs = models.BinaryField(max_length=16, null=True)
    since_ms = models.BigIntegerField()
    next_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "channels_standing"


class Version(models.Model):
    """One row, whose random ``number`` is another one whenever a `Standing` changes: who sends reads it in its own transaction
    and keeps the rest in memory. On PostgreSQL it is also what keeps a sending and a suspension from passing each other unseen.
    """

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()

    class Meta:
        db_table = "channels_version"


class Interruption(models.Model):
    """From when until when a channel with a partner was suspended, by either side."""

    id = models.BigAutoField(primary_key=True)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    began_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "channels_interruption"
        indexes = [models.Index(fields=["partner", "channel", "began_ms"], name="channels_interrupted")]


class Wait(models.Model):
    """A statement that waited, or waits, on the hop to ``peer`` because its channel with ``partner`` was suspended.

    ``how`` it ended: '' it still waits; released, rerouted, courier, emergency, withdrawn; by which officer, '' by itself.
    ``instead`` is the statement that took another channel in its place.
    """

    pk = models.CompositePrimaryKey("statement", "peer", "interruption")
    statement = models.BinaryField(max_length=16)
    peer = models.CharField(max_length=64)
    interruption = models.BigIntegerField(db_index=True)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    matter = models.BinaryField(max_length=16, db_index=True)
    kind = models.CharField(max_length=64)
    since_ms = models.BigIntegerField()
    held_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)
    how = models.CharField(max_length=16, default="")
    officer = models.CharField(max_length=64, default="")
    instead = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "channels_wait"
        indexes = [
            models.Index(
                fields=["partner", "channel", "held_ms"],
                name="channels_waits",
                condition=models.Q(ended_ms__isnull=True),
            ),
        ]


class Acceptance(models.Model):
    """Whether one side takes what concerns imminent danger to life while the other has suspended a channel. ``side`` as in
    `Decision`; ``statement`` is what said so.
    """

    pk = models.CompositePrimaryKey("partner", "side")
    partner = models.CharField(max_length=64)
    side = models.SmallIntegerField()
    accepts = models.BooleanField()
    officer = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    statement = models.BinaryField(max_length=16)

    class Meta:
        db_table = "channels_acceptance"


class Emergency(models.Model):
    """That something passed a channel which we had suspended, for danger to life: by whom, and how a supervisor judged it.
    ``due_ms`` is when that must have been done; ``statement`` the last of those that passed together.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    statement = models.BinaryField(max_length=16)
    matter = models.BinaryField(max_length=16, db_index=True)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    officer = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    verdict = models.CharField(max_length=64, default="")
    reviewer = models.CharField(max_length=64, default="")
    reviewed_ms = models.BigIntegerField(null=True)
    commitment = models.BinaryField(max_length=32, null=True)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "channels_emergency"
        indexes = [
            models.Index(fields=["due_ms"], name="channels_unreviewed", condition=models.Q(reviewed_ms__isnull=True))
        ]


class Accreditation(models.Model):
    """A liaison officer's accreditation: what the host accepted last, or what is proposed as long as nothing was accepted.

    ``direction`` 1: our officer with the partner, 2: the partner's with us. ``state`` is what both sides' words come to (dates
    aside); ``accepted`` and ``pending`` are the numbers of proposals (0: none), ``proposal`` the statement whose words stand here.
    ``sent_by`` and ``received_by`` are the posts that answer for it. Several codes in one column are separated by a space.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    direction = models.SmallIntegerField()
    partner = models.CharField(max_length=64)
    officer = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    host = models.CharField(max_length=64)
    fields = models.CharField(max_length=2048)
    languages = models.CharField(max_length=320)
    tasks = models.CharField(max_length=1024)
    reach = models.CharField(max_length=64)
    away_until_ms = models.BigIntegerField(null=True)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    state = models.CharField(max_length=16)
    accepted = models.IntegerField(default=0)
    pending = models.IntegerField(default=0)
    proposal = models.BinaryField(max_length=16)
    sent_by = models.CharField(max_length=96)
    received_by = models.CharField(max_length=96)
    said_ms = models.BigIntegerField()
    changed_ms = models.BigIntegerField()

    class Meta:
        db_table = "channels_accreditation"
        indexes = [
            models.Index(fields=["partner", "direction", "state"], name="channels_accredited_with"),
            models.Index(fields=["officer"], name="channels_accredited_officer"),
        ]


class AccreditationCase(models.Model):
    """A case within what was accepted: its field, the desk of the officer's service and its counterpart at the host."""

    pk = models.CompositePrimaryKey("accreditation", "case_ref")
    accreditation = models.BinaryField(max_length=16)
    case_ref = models.BinaryField(max_length=16, db_index=True)
    field = models.CharField(max_length=64)
    desk = models.CharField(max_length=96)
    counterpart = models.CharField(max_length=96)

    class Meta:
        db_table = "channels_accreditation_case"


class AccreditationWord(models.Model):
    """One word of one side on an accreditation, with its statement, who signed it in which post, and its reason's code.

    ``side`` 1: the sending service, 2: the host; ``place`` counts that side's words, ``number`` is the proposal it is about.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    accreditation = models.BinaryField(max_length=16)
    kind = models.CharField(max_length=64)
    side = models.SmallIntegerField()
    place = models.IntegerField()
    number = models.IntegerField()
    officer = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    reason = models.CharField(max_length=64, default="")
    until_ms = models.BigIntegerField(null=True)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "channels_accreditation_word"
        constraints = [
            models.UniqueConstraint(fields=["accreditation", "side", "place"], name="channels_accreditation_said")
        ]


class Passage(models.Model):
    """A statement that stands here for a desk of ours that is not the one it is for: passed on, or its docket copied.

    ``step`` is the desk's place on the way (`policy.ways`; 'copy'); ``peer`` who brought it ('' it is ours), ``onward`` to
    which agency it went; ``taken_ms`` and ``handed_ms`` when the desk had it; ``reads_body`` whether the desk may read it;
    ``ends_ms`` when its keys end here (empty: they have ended, or it is ours by another right).
    """

    pk = models.CompositePrimaryKey("statement", "post")
    statement = models.BinaryField(max_length=16)
    post = models.CharField(max_length=96)
    step = models.CharField(max_length=32)
    reads_body = models.BooleanField(default=False)
    kind = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    field = models.CharField(max_length=64, default="")
    matter = models.BinaryField(max_length=16, db_index=True)
    sender = models.CharField(max_length=96)
    addressee = models.CharField(max_length=96)
    deadline_class = models.CharField(max_length=64, default="")
    said_ms = models.BigIntegerField()
    peer = models.CharField(max_length=64, default="")
    onward = models.CharField(max_length=64, default="")
    taken_ms = models.BigIntegerField()
    handed_ms = models.BigIntegerField(null=True)
    ends_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "channels_passage"
        indexes = [
            models.Index(fields=["post", "taken_ms", "statement"], name="channels_passed_desk"),
            models.Index(fields=["post", "channel", "taken_ms", "statement"], name="channels_passed_by"),
            models.Index(fields=["ends_ms"], name="channels_passed_end", condition=models.Q(ends_ms__isnull=False)),
        ]


class Stop(models.Model):
    """When a statement was at a desk on its way, as the desk's own agency signed it (``encoded``); ``proven`` once its key
    was known here. ``place`` is the desk's on the route; ``told`` once the node that brought us the statement knows it too.
    """

    pk = models.CompositePrimaryKey("statement", "post")
    statement = models.BinaryField(max_length=16)
    post = models.CharField(max_length=96)
    place = models.SmallIntegerField()
    channel = models.CharField(max_length=64)
    taken_ms = models.BigIntegerField()
    handed_ms = models.BigIntegerField(null=True)
    encoded = models.BinaryField()
    proven = models.BooleanField(default=False)
    told = models.BooleanField(default=False)
    learned_ms = models.BigIntegerField()

    class Meta:
        db_table = "channels_stop"
        indexes = [
            models.Index(fields=["learned_ms"], name="channels_stops_untold", condition=models.Q(told=False)),
            models.Index(fields=["channel", "taken_ms"], name="channels_stops_of"),
        ]


class Choice(models.Model):
    """By which channel something was sent, and what the rules had said: ``recommended`` is the channel that they recommended
    ('' none), ``deviation`` the reason for another, ``approver`` who approved where that was wanted, ``profile`` the digest of the
    rules, ``judged`` what they saw of it: codes, so that it can be judged again while it waits. Written once, with what was sent.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16, db_index=True)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    verdict = models.CharField(max_length=16)
    recommended = models.CharField(max_length=64, default="")
    deviation = models.CharField(max_length=64, default="")
    approver = models.CharField(max_length=64, default="")
    officer = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    nature = models.CharField(max_length=16)
    sensitive = models.BooleanField()
    judged = models.BinaryField()
    profile = models.BinaryField(max_length=32)
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "channels_choice"
        indexes = [models.Index(fields=["at_ms"], name="channels_deviations", condition=~models.Q(deviation=""))]


class Approval(models.Model):
    """That somebody was asked to approve a channel for a matter, in one role, and what was answered. ``matter`` is what the
    rules saw of it: codes, never a word of it; ``digest`` names matter, channel and partner, so that an approval serves what was approved alone,
    and once: ``statement`` is what left by it.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    digest = models.BinaryField(max_length=32)
    partner = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    role = models.CharField(max_length=64)
    matter = models.BinaryField()
    officer = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    asked_ms = models.BigIntegerField()
    approver = models.CharField(max_length=64, default="")
    approved = models.BooleanField(default=False)
    decided_ms = models.BigIntegerField(null=True)
    statement = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "channels_approval"
        indexes = [
            models.Index(fields=["digest", "officer"], name="channels_approval_of"),
            models.Index(fields=["asked_ms"], name="channels_unapproved", condition=models.Q(decided_ms__isnull=True)),
        ]
