"""What this room keeps: notices and what was said about them, to whom they were given, the hub's members, drafts, declarations
about persons and the flags that came of them.

Invariant: rows hold codes, times, numbers and references. Nobody's name, no free text, no officer but by service number: the
content of a draft is concealed under the key kept for its ``thing``.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Declaration", "Draft", "Flag", "Given", "Member", "Notice", "Word"]


class Notice(models.Model):
    """One notice or diffusion under its matter, as this node has it. ``side`` 1: ours, 2: the hub, 3: a member.

    ``first`` is its first statement, ``version`` the one that binds (empty: none), ``pending`` the one that waits for the hub's
    legal desk. ``via`` is the peer that brought it ('' ours). ``state`` is a code of `policy.notice_course`; ``order_ms`` its
    place in a list, ``ends_ms`` when the clock has to look at it. ``known`` once it binds here, or may be seen before that.
    """

    matter = models.BinaryField(primary_key=True, max_length=16)
    kind = models.CharField(max_length=16)
    side = models.SmallIntegerField()
    colour = models.CharField(max_length=64, default="")
    source = models.CharField(max_length=64)
    source_post = models.CharField(max_length=96)
    via = models.CharField(max_length=64, default="")
    first = models.BinaryField(max_length=16)
    version = models.BinaryField(max_length=16, null=True)
    pending = models.BinaryField(max_length=16, null=True)
    state = models.CharField(max_length=16)
    number = models.CharField(max_length=96, default="")
    field = models.CharField(max_length=64, default="")
    purpose = models.CharField(max_length=64, default="")
    classification = models.CharField(max_length=64, default="")
    public = models.BooleanField(default=False)
    officer = models.CharField(max_length=64)
    said_ms = models.BigIntegerField()
    came_ms = models.BigIntegerField()
    published_ms = models.BigIntegerField(null=True)
    updated_ms = models.BigIntegerField(null=True)
    until_ms = models.BigIntegerField(null=True)
    ended_ms = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=64, default="")
    answers = models.SmallIntegerField(default=0)
    known = models.BooleanField(default=False)
    order_ms = models.BigIntegerField()
    ends_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "notices_notice"
        indexes = [
            models.Index(fields=["known", "state", "order_ms", "matter"], name="notices_by_state"),
            models.Index(fields=["known", "colour", "state", "order_ms", "matter"], name="notices_by_colour"),
            models.Index(fields=["side", "state", "order_ms", "matter"], name="notices_by_side"),
            models.Index(fields=["ends_ms"], name="notices_ending", condition=models.Q(ends_ms__isnull=False)),
            models.Index(fields=["said_ms"], name="notices_pending", condition=models.Q(pending__isnull=False)),
        ]


class Word(models.Model):
    """What was said about a notice after its first statement: its kind, who said it in which post, what it amounts to in codes.

    ``version`` is the statement that a publication or a refusal is about; ``follows`` the words that its speaker knew last (16
    bytes each); ``seen`` whether an officer of ours has looked at an answer.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16, db_index=True)
    kind = models.CharField(max_length=64)
    side = models.SmallIntegerField()
    agency = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    officer = models.CharField(max_length=64)
    code = models.CharField(max_length=64, default="")
    version = models.BinaryField(max_length=16, null=True)
    follows = models.BinaryField()
    until_ms = models.BigIntegerField(null=True)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    seen = models.BooleanField(default=True)

    class Meta:
        db_table = "notices_word"
        indexes = [models.Index(fields=["at_ms"], name="notices_unseen", condition=models.Q(seen=False))]


class Given(models.Model):
    """To whom this node has passed a notice: a member by the hub, an agency of its state by a bureau; or whom it is denied."""

    pk = models.CompositePrimaryKey("matter", "agency")
    matter = models.BinaryField(max_length=16)
    agency = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    denied = models.BooleanField(default=False)

    class Meta:
        db_table = "notices_given"
        indexes = [models.Index(fields=["agency"], name="notices_given_to")]


class Member(models.Model):
    """A bureau that the hub has admitted, with the desk to which notices go. ``told`` is the number of its directory document that
    the hub has sent to all others (0: none).
    """

    agency = models.CharField(primary_key=True, max_length=64)
    post = models.CharField(max_length=96)
    admitted_ms = models.BigIntegerField()
    officer = models.CharField(max_length=64, default="")
    ended_ms = models.BigIntegerField(null=True)
    told = models.BigIntegerField(default=0)

    class Meta:
        db_table = "notices_member"


class Draft(models.Model):
    """A notice that is being written, for all members of its desk: ``matter`` when it is to update one. ``checked_by`` is who
    answered for Articles 2 and 3 and for the purpose; another word written after that takes it away.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    post = models.CharField(max_length=96)
    kind = models.CharField(max_length=16)
    colour = models.CharField(max_length=64, default="")
    matter = models.BinaryField(max_length=16, null=True)
    officer = models.CharField(max_length=64)
    version = models.IntegerField(default=1)
    made_ms = models.BigIntegerField()
    changed_ms = models.BigIntegerField()
    checked_by = models.CharField(max_length=64, default="")
    checked_ms = models.BigIntegerField(null=True)
    thing = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)
    concealed = models.BinaryField()

    class Meta:
        db_table = "notices_draft"
        indexes = [models.Index(fields=["post", "changed_ms"], name="notices_drafts")]


class Declaration(models.Model):
    """What a service declared of a person: ``direction`` 1: ours, 2: a partner's. ``recipients`` are the agencies to which ours
    went, a space between ('*': all members); ``reference`` names the entry of the register in which the person stands.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16, db_index=True)
    direction = models.SmallIntegerField()
    agency = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    officer = models.CharField(max_length=64)
    status = models.CharField(max_length=64)
    reference = models.CharField(max_length=64)
    recipients = models.TextField(default="")
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "notices_declaration"
        indexes = [
            models.Index(fields=["reference"], name="notices_declared"),
            models.Index(fields=["direction", "ended_ms", "at_ms"], name="notices_declared_by"),
        ]


class Flag(models.Model):
    """That somebody asked about is declared held, found or dead: ``asked`` is the statement in which the person is named, in
    ``matter``, ``declaration`` the one that says so. ``direction`` 1: we told it to who asks, 2: it was told to us, 3: our own
    declaration was not made to who asks, so our desk is told.
    """

    pk = models.CompositePrimaryKey("asked", "declaration")
    asked = models.BinaryField(max_length=16)
    declaration = models.BinaryField(max_length=16)
    matter = models.BinaryField(max_length=16, db_index=True)
    direction = models.SmallIntegerField()
    agency = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    status = models.CharField(max_length=64)
    subject = models.SmallIntegerField()
    score = models.FloatField(default=0)
    reasons = models.CharField(max_length=1024, default="")
    at_ms = models.BigIntegerField()
    seen_by = models.CharField(max_length=64, default="")
    seen_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "notices_flag"
        indexes = [
            models.Index(fields=["post", "at_ms"], name="notices_flags", condition=models.Q(seen_ms__isnull=True))
        ]
