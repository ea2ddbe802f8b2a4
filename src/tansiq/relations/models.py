"""What this room keeps: the channel of a liaison officer in one case, what was said on it, and who handed cases over to whom; what heads
said to one another, and who stands in for a head; the strategic reports of the office, and the papers of two services (agreements,
meetings, contact points) with what each side said of them.

Invariant: rows hold codes, times, service numbers and references; what was said stands in the bodies, sealed to their readers.
A `LiaisonWord` is never deleted.
"""

from __future__ import annotations

from django.db import models

__all__ = [
    "DirectDelegation", "DirectWord", "LiaisonChannel", "LiaisonHandover", "LiaisonWord", "Paper", "PaperWord", "Report",
]  # fmt: skip


class LiaisonChannel(models.Model):
    """The channel of one accreditation in one case. ``direction`` 1: our officer's, 2: the partner's with us.

    ``desk`` is the desk at the officer's service, ``counterpart`` the one at the host's; ``before`` the channel of the
    predecessor, whose words were handed over to this one. ``closed_ms`` is when the accreditation ceased to carry the case.
    """

    matter = models.BinaryField(primary_key=True, max_length=16)
    accreditation = models.BinaryField(max_length=16)
    direction = models.SmallIntegerField()
    partner = models.CharField(max_length=64)
    case_ref = models.BinaryField(max_length=16)
    field = models.CharField(max_length=64)
    officer = models.CharField(max_length=64)
    liaison_post = models.CharField(max_length=96)
    desk = models.CharField(max_length=96)
    counterpart = models.CharField(max_length=96)
    before = models.BinaryField(max_length=16, null=True)
    opened_ms = models.BigIntegerField()
    closed_ms = models.BigIntegerField(null=True)
    last_ms = models.BigIntegerField()

    class Meta:
        db_table = "relations_liaison_channel"
        constraints = [models.UniqueConstraint(fields=["accreditation", "case_ref"], name="relations_channel_of_case")]
        indexes = [
            models.Index(fields=["officer", "last_ms"], name="relations_channels_officer"),
            models.Index(fields=["desk", "last_ms"], name="relations_channels_desk"),
            models.Index(fields=["counterpart", "last_ms"], name="relations_channels_host"),
            models.Index(fields=["case_ref"], name="relations_channels_case"),
        ]


class LiaisonWord(models.Model):
    """One message. ``sender`` and ``addressee`` are posts, ``officer`` who signed it ('' as long as nobody opened it here).

    ``closed``: this node opens its docket alone, for it is sealed to the liaison officer's own key. ``handed_ms`` is when the
    officer handed it on, ``waits`` while that is still to be done before its addressee has it; ``read_ms`` when its addressee
    first read it here. ``late``: it was said after the channel had closed, before its sender could know.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16)
    sender = models.CharField(max_length=96)
    addressee = models.CharField(max_length=96)
    officer = models.CharField(max_length=64, default="")
    urgent = models.BooleanField(default=False)
    closed = models.BooleanField(default=False)
    waits = models.BooleanField(default=False)
    late = models.BooleanField(default=False)
    handed_by = models.CharField(max_length=64, default="")
    handed_ms = models.BigIntegerField(null=True)
    read_ms = models.BigIntegerField(null=True)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "relations_liaison_word"
        indexes = [
            models.Index(fields=["matter", "at_ms"], name="relations_words_of"),
            models.Index(fields=["matter"], name="relations_words_unread", condition=models.Q(read_ms__isnull=True)),
        ]


class LiaisonHandover(models.Model):
    """The cases of one accreditation handed over to another: by whose order, by which two custodians (or by the officer), when.

    ``statement`` is the signed word of the first custodian, ``second`` of the other; ``words`` how many were handed over.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    former = models.BinaryField(max_length=16, db_index=True)
    successor = models.BinaryField(max_length=16, db_index=True)
    ordered_by = models.CharField(max_length=64)
    ordered_ms = models.BigIntegerField()
    first_by = models.CharField(max_length=64, default="")
    first_ms = models.BigIntegerField(null=True)
    second_by = models.CharField(max_length=64, default="")
    done_ms = models.BigIntegerField(null=True)
    words = models.IntegerField(default=0)
    statement = models.BinaryField(max_length=16, null=True)
    second = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "relations_liaison_handover"


class DirectWord(models.Model):
    """One message from head to head; its body opens for the two persons' own keys alone. ``direction`` 1: ours, 2: the partner's.

    ``officer`` is who signed it ('' as long as nobody opened it here), ``read_ms`` when the one whom it is for read it (by the
    partner's receipt where that is the partner's), ``read_by`` who that was. ``handed_to`` is the desk of ours to which a part of
    it was handed down, by the statement ``handed``. ``erase_ms`` is when its body ends here (NULL: it has), ``erased_ms`` when that
    was done.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16)
    direction = models.SmallIntegerField()
    partner = models.CharField(max_length=64)
    own_post = models.CharField(max_length=96)
    their_post = models.CharField(max_length=96)
    field = models.CharField(max_length=64)
    urgent = models.BooleanField(default=False)
    officer = models.CharField(max_length=64, default="")
    answers = models.BinaryField(max_length=16, null=True)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    read_ms = models.BigIntegerField(null=True)
    read_by = models.CharField(max_length=64, default="")
    handed_to = models.CharField(max_length=96, default="")
    handed = models.BinaryField(max_length=16, null=True)
    erase_ms = models.BigIntegerField(null=True)
    erased_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "relations_direct_word"
        indexes = [
            models.Index(fields=["matter", "at_ms"], name="relations_direct_of"),
            models.Index(fields=["own_post", "at_ms"], name="relations_direct_last"),
            models.Index(
                fields=["own_post"],
                name="relations_direct_unread",
                condition=models.Q(direction=2, read_ms__isnull=True),
            ),
            models.Index(fields=["handed_to", "at_ms"], name="relations_direct_handed"),
            models.Index(
                fields=["erase_ms", "statement"],
                name="relations_direct_ends",
                condition=models.Q(erase_ms__isnull=False),
            ),
        ]


class DirectDelegation(models.Model):
    """A head's word that a deputy reads and answers in the head's place; ``agency`` is whose head it is, ours or a partner's."""

    matter = models.BinaryField(primary_key=True, max_length=16)
    agency = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    head = models.CharField(max_length=64)
    deputy = models.CharField(max_length=64)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    said_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "relations_direct_delegation"
        indexes = [models.Index(fields=["post", "until_ms"], name="relations_direct_deputies")]


class Report(models.Model):
    """A strategic report. ``direction`` 1: ours, 2: the partner's. ``office`` is the embassy's office between the two ends ('': it is one
    of them); ``fields`` are codes of the offences, ``files`` how many came with it; ``read_ms`` when somebody at the desk that it is
    for first read it, ``withdrawn_ms`` when it was taken back while it waited.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    matter = models.BinaryField(max_length=16)
    direction = models.SmallIntegerField()
    partner = models.CharField(max_length=64)
    sender = models.CharField(max_length=96)
    office = models.CharField(max_length=96)
    addressee = models.CharField(max_length=96)
    fields = models.CharField(max_length=1024)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    officer = models.CharField(max_length=64)
    files = models.SmallIntegerField(default=0)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    read_ms = models.BigIntegerField(null=True)
    read_by = models.CharField(max_length=64, default="")
    withdrawn_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "relations_report"
        indexes = [
            models.Index(fields=["addressee", "at_ms"], name="relations_reports_to"),
            models.Index(fields=["sender", "at_ms"], name="relations_reports_from"),
            models.Index(fields=["office", "at_ms"], name="relations_reports_office"),
            models.Index(
                fields=["addressee", "at_ms"],
                name="relations_reports_unread",
                condition=models.Q(read_ms__isnull=True, withdrawn_ms__isnull=True),
            ),
        ]


class Paper(models.Model):
    """Something of which two services keep the same: an agreement, a meeting, the contact points of one of them (``kind``).

    ``direction`` 1: we said it first, 2: the partner did; ``proposal`` is the statement whose content stands. ``fields``, ``grounds``
    and ``channels`` are codes; ``from_ms`` is when it begins to hold or takes place, ``until_ms`` when it no longer holds. What it says stands in
    the statement.
    """

    id = models.BinaryField(primary_key=True, max_length=16)
    kind = models.CharField(max_length=16)
    direction = models.SmallIntegerField()
    partner = models.CharField(max_length=64)
    own_post = models.CharField(max_length=96)
    their_post = models.CharField(max_length=96)
    code = models.CharField(max_length=64, default="")
    fields = models.CharField(max_length=2048, default="")
    grounds = models.CharField(max_length=512, default="")
    channels = models.CharField(max_length=64, default="")
    state = models.CharField(max_length=16)
    pending = models.IntegerField(default=0)
    proposal = models.BinaryField(max_length=16)
    from_ms = models.BigIntegerField(default=0)
    until_ms = models.BigIntegerField(null=True)
    said_ms = models.BigIntegerField()
    changed_ms = models.BigIntegerField()

    class Meta:
        db_table = "relations_paper"
        indexes = [
            models.Index(fields=["kind", "partner", "from_ms"], name="relations_papers_of"),
            models.Index(fields=["kind", "from_ms", "id"], name="relations_papers_last"),
            models.Index(
                fields=["partner"],
                name="relations_papers_agreed",
                condition=models.Q(kind="agreement", state__in=["agreed", "ended"]),
            ),
            models.Index(
                fields=["kind", "partner"], name="relations_papers_waiting", condition=models.Q(pending__gt=0)
            ),
            models.Index(
                fields=["from_ms"], name="relations_papers_held", condition=models.Q(kind="meeting", state="held")
            ),
        ]


class PaperWord(models.Model):
    """One word on a paper, by its ``place`` among its side's words; ``side`` 1: of who said the paper first, 2: of the other.

    ``number`` is that of the proposal that it is about; ``item`` that of a decision, where one was carried out; ``until_ms`` when an end takes
    effect.
    """

    statement = models.BinaryField(primary_key=True, max_length=16)
    paper = models.BinaryField(max_length=16)
    kind = models.CharField(max_length=64)
    side = models.SmallIntegerField()
    place = models.IntegerField()
    number = models.IntegerField()
    item = models.IntegerField(default=0)
    officer = models.CharField(max_length=64)
    post = models.CharField(max_length=96)
    reason = models.CharField(max_length=64, default="")
    until_ms = models.BigIntegerField(null=True)
    said_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "relations_paper_word"
        constraints = [models.UniqueConstraint(fields=["paper", "side", "place"], name="relations_paper_word_place")]
