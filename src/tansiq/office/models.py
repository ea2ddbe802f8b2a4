"""What this room keeps: the register of the flow with its counts, what was directed, who belongs to which service, reminders that came.

Invariant: rows hold codes, times, service numbers, desks and references; the words of a comment are concealed under the key kept for its id.
A `Docket` is never changed but for the moment in which its desk took it; a `Flow` is what `policy.flow` makes of the dockets of its matter;
`Tally` counts the rows of `Flow`. What `Came` holds is not in them yet; it goes in the commit that folds it.
"""

from __future__ import annotations

from django.db import models

__all__ = ["Came", "Direct", "Docket", "Flow", "Link", "Member", "Reminder", "Tally"]


class Came(models.Model):
    """What came or was said and waits to be folded into the register of ``office``, in order: one row a commit.

    ``what``: 'came' (``rows`` are dockets' codes), 'taken' (statements of which it is known now when their desk took them), 'back'
    (statements that were taken back); ``number`` how many; ``rows`` is CBOR.
    """

    id = models.BigAutoField(primary_key=True)
    office = models.CharField(max_length=96)
    what = models.CharField(max_length=8)
    number = models.IntegerField()
    rows = models.BinaryField()

    class Meta:
        db_table = "office_came"


class Flow(models.Model):
    """One matter in the register of the desk ``office``. ``direction`` 1: from our state to the partner, 2: the other way.

    ``service`` is our state's agency that has it, ``partner`` the other side's; ``channel`` that of the last docket, ``channels`` all
    of them, with a space between. ``order_ms``: when it is due, else as `queries` orders what has no deadline.
    ``together`` the joint reference of matters that belong together; ``flagged``: also by another channel.
    """

    pk = models.CompositePrimaryKey("office", "matter")
    office = models.CharField(max_length=96)
    matter = models.BinaryField(max_length=16)
    service = models.CharField(max_length=64)
    partner = models.CharField(max_length=64)
    direction = models.SmallIntegerField()
    own_post = models.CharField(max_length=96)
    their_post = models.CharField(max_length=96)
    field = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    channels = models.CharField(max_length=128)
    state = models.CharField(max_length=16)
    is_open = models.BooleanField()
    urgent = models.BooleanField(default=False)
    priority = models.CharField(max_length=16, default="ordinary")
    opened_ms = models.BigIntegerField()
    moved_ms = models.BigIntegerField()
    deadline_ms = models.BigIntegerField(null=True)
    order_ms = models.BigIntegerField()
    case_ref = models.BinaryField(max_length=16, null=True)
    assigned = models.CharField(max_length=64, default="")
    together = models.BinaryField(max_length=16, null=True)
    flagged = models.BooleanField(default=False)

    class Meta:
        db_table = "office_flow"
        indexes = [
            models.Index(fields=["office", "service", "is_open", "order_ms", "matter"], name="office_flow_due"),
            models.Index(
                fields=["office", "service", "field", "channel", "state", "order_ms", "matter"], name="office_flow_by"
            ),
            models.Index(
                fields=["office", "assigned", "is_open", "order_ms", "matter"],
                name="office_flow_mine",
                condition=~models.Q(assigned=""),
            ),
            models.Index(
                fields=["office", "case_ref"], name="office_flow_case", condition=models.Q(case_ref__isnull=False)
            ),
            models.Index(
                fields=["office", "together"], name="office_flow_joined", condition=models.Q(together__isnull=False)
            ),
            models.Index(fields=["office", "priority", "is_open", "order_ms", "matter"], name="office_flow_first",
                         condition=~models.Q(priority="ordinary")),
        ]  # fmt: skip


class Docket(models.Model):
    """One docket that covers the desk ``office``: its codes. ``counts``: one of the matter's two
    ends said it; ``taken_ms`` when the desk that it is for took it, as far as that is known here.
    """

    pk = models.CompositePrimaryKey("office", "statement")
    office = models.CharField(max_length=96)
    statement = models.BinaryField(max_length=16)
    matter = models.BinaryField(max_length=16)
    kind = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    sender = models.CharField(max_length=96)
    addressee = models.CharField(max_length=96)
    deadline_class = models.CharField(max_length=64, default="")
    counts = models.BooleanField(default=True)
    answers = models.BinaryField(max_length=16, null=True)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    taken_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "office_docket"
        indexes = [
            models.Index(fields=["matter", "office", "said_ms"], name="office_dockets_of"),
        ]


class Tally(models.Model):
    """How many matters there are of one sort, if there are any. ``day`` is the day on which they were opened (days since 1970, UTC) while
    they are open, else 0.
    """

    id = models.BigAutoField(primary_key=True)
    office = models.CharField(max_length=96)
    service = models.CharField(max_length=64)
    field = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    state = models.CharField(max_length=16)
    day = models.IntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "office_tally"
        constraints = [
            models.UniqueConstraint(
                fields=["office", "service", "field", "channel", "state", "day"], name="office_one_tally"
            )
        ]
        indexes = [
            models.Index(
                fields=["office", "service", "field", "channel", "state", "day", "number"], name="office_tallied"
            )
        ]


class Direct(models.Model):
    """What an officer of the office directed in a matter, in order. ``what``: a code of `flow_directs`; ``value`` a code, a service
    number or a desk, ``other`` another matter or the statement that left; the words of a comment are concealed.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    office = models.CharField(max_length=96)
    matter = models.BinaryField(max_length=16)
    what = models.CharField(max_length=32)
    value = models.CharField(max_length=96, default="")
    other = models.BinaryField(max_length=16, null=True)
    officer = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()
    commitment = models.BinaryField(max_length=32, null=True)
    concealed = models.BinaryField(null=True)

    class Meta:
        db_table = "office_direct"
        indexes = [models.Index(fields=["matter", "office", "id"], name="office_directs_of")]


class Link(models.Model):
    """What a person decided of two matters, ``matter`` the lesser reference: 'joined', 'flagged' (the same over two channels) or 'apart'."""

    pk = models.CompositePrimaryKey("office", "matter", "other")
    office = models.CharField(max_length=96)
    matter = models.BinaryField(max_length=16)
    other = models.BinaryField(max_length=16)
    verdict = models.CharField(max_length=16)
    officer = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "office_link"
        indexes = [models.Index(fields=["other", "office"], name="office_links_back")]


class Member(models.Model):
    """To which service an officer of the office belongs, and for which fields the officer is cleared (codes with a space between; '' all).

    ``deputy``: sees the whole register, as the head does. ``given_by`` is another person.
    """

    pk = models.CompositePrimaryKey("office", "number")
    office = models.CharField(max_length=96)
    number = models.CharField(max_length=64)
    service = models.CharField(max_length=64)
    fields = models.CharField(max_length=2048, default="")
    deputy = models.BooleanField(default=False)
    given_by = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "office_member"


class Reminder(models.Model):
    """That an office reminded a desk of ours of a matter: how often, the last time when, by whom, since when it says that it lies there.
    ``told_ms`` is when the desk was last called to it.
    """

    pk = models.CompositePrimaryKey("matter", "office")
    matter = models.BinaryField(max_length=16)
    office = models.CharField(max_length=96)
    post = models.CharField(max_length=96)
    officer = models.CharField(max_length=64)
    statement = models.BinaryField(max_length=16)
    since_ms = models.BigIntegerField()
    said_ms = models.BigIntegerField()
    told_ms = models.BigIntegerField()
    times = models.IntegerField(default=1)

    class Meta:
        db_table = "office_reminder"
        indexes = [models.Index(fields=["post", "told_ms"], name="office_reminded")]
