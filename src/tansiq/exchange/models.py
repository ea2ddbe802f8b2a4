"""What the post room keeps.

Invariant: rows of `Statement`, `Sent`, `Received`, `Batch` and `ReceiptRow` are added and never changed (but for contents that are
erased); what waits stands in small queue tables (`Outbox`, `Pending`, `Queue`) whose rows go when the work is done.
Longer than 400 lines because Django wants the tables of a room in one module.
"""

from __future__ import annotations

from django.db import models

__all__ = [
    "Batch", "Carried", "Chunk", "FileChunk", "FileComing", "FileGoing", "Handled", "Lane", "Outbox", "Owed", "Peer", "Pending", "Quarantine",
    "Queue", "ReceiptRow", "Received", "Reported", "Restore", "Sent", "Statement", "Tombstone",
]  # fmt: skip


class Statement(models.Model):
    """A statement with its ciphertexts, own or received. ``matter`` and ``kind`` are filled once its docket is read."""

    id = models.BinaryField(primary_key=True, max_length=16)
    agency = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    encoded = models.BinaryField()
    docket = models.BinaryField()
    proofs = models.BinaryField()
    parts = models.BinaryField()
    stored_ms = models.BigIntegerField()

    class Meta:
        db_table = "exchange_statement"


class Outbox(models.Model):
    """What waits to be released to a peer; ``held`` rows wait, ``by_hand`` ones of them for a courier.

    ``partners`` are the agencies to whom the docket is addressed, ours left out, separated by a space.
    """

    id = models.BigAutoField(primary_key=True)
    peer = models.CharField(max_length=64)
    lane = models.SmallIntegerField()
    statement = models.BinaryField(max_length=16)
    handovers = models.BinaryField()
    held = models.BooleanField(default=False)
    by_hand = models.BooleanField(db_default=False)
    channel = models.CharField(max_length=64, db_default="")
    partners = models.CharField(max_length=1100, db_default="")
    matter = models.BinaryField(max_length=16, null=True)
    kind = models.CharField(max_length=64, db_default="")
    since_ms = models.BigIntegerField()

    class Meta:
        db_table = "exchange_outbox"
        indexes = [
            models.Index(fields=["peer", "lane", "id"], name="exchange_outbox_order"),
            models.Index(fields=["statement"], name="exchange_outbox_of"),
        ]


class Lane(models.Model):
    """The next number of a lane to a peer in our epoch, and up to where the peer's numbers came without a gap."""

    pk = models.CompositePrimaryKey("peer", "direction", "epoch", "lane")
    peer = models.CharField(max_length=64)
    direction = models.SmallIntegerField()
    epoch = models.IntegerField()
    lane = models.SmallIntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "exchange_lane"


class Peer(models.Model):
    """How it goes with a peer: epochs, last contact, skew of clocks, failures, and when to try again."""

    peer = models.CharField(primary_key=True, max_length=64)
    our_epoch = models.IntegerField(default=1)
    their_epoch = models.IntegerField(default=1)
    heard_ms = models.BigIntegerField(default=0)
    skew_ms = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)
    last_error = models.CharField(max_length=128, default="")
    retry_ms = models.BigIntegerField(default=0)
    directory_sent = models.BigIntegerField(default=0)

    class Meta:
        db_table = "exchange_peer"


class Batch(models.Model):
    """A signed batch of entries, sent or received; ``entries`` are the hashes of its leaves, for proving one alone."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    peer = models.CharField(max_length=64)
    direction = models.SmallIntegerField()
    head = models.BinaryField()
    leaves = models.BinaryField()

    class Meta:
        db_table = "exchange_batch"


class Pending(models.Model):
    """A batch that was released and has no receipt yet; one that goes ``by_hand`` is not sent over the network."""

    batch = models.BinaryField(primary_key=True, max_length=32)
    peer = models.CharField(max_length=64)
    lane = models.SmallIntegerField()
    epoch = models.IntegerField()
    first = models.BigIntegerField()
    count = models.IntegerField()
    by_hand = models.BooleanField(db_default=False)

    class Meta:
        db_table = "exchange_pending"
        indexes = [models.Index(fields=["peer", "lane", "first"], name="exchange_pending_order")]


class Carried(models.Model):
    """A courier file, made here (``direction`` 1) or taken in (2): what was in it, and when it was made.

    ``file`` is its name, which is the peer's alone: another one's file may have the same. ``heard_ms`` of one that was made is when the
    peer said that it has it.
    """

    pk = models.CompositePrimaryKey("peer", "file")
    file = models.BinaryField(max_length=16)
    peer = models.CharField(max_length=64)
    direction = models.SmallIntegerField()
    made_ms = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    statements = models.IntegerField(default=0)
    receipts = models.IntegerField(default=0)
    chunks = models.IntegerField(default=0)
    whole = models.BooleanField(default=False)
    heard_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "exchange_carried"
        indexes = [models.Index(fields=["peer", "direction", "at_ms"], name="exchange_carried_of")]


class Owed(models.Model):
    """Receipts that we owe for a batch that came by courier, until the peer says that it has the file which took them."""

    batch = models.BinaryField(primary_key=True, max_length=32)
    peer = models.CharField(max_length=64, db_index=True)
    taken = models.BinaryField()
    since_ms = models.BigIntegerField()
    file = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "exchange_owed"


class Sent(models.Model):
    """An entry sent: its number, its bytes, its leaf in our journal."""

    pk = models.CompositePrimaryKey("peer", "epoch", "lane", "number")
    peer = models.CharField(max_length=64)
    epoch = models.IntegerField()
    lane = models.SmallIntegerField()
    number = models.BigIntegerField()
    statement = models.BinaryField(max_length=16, db_index=True)
    entry = models.BinaryField()
    batch = models.BinaryField(max_length=32)
    leaf = models.BigIntegerField()

    class Meta:
        db_table = "exchange_sent"


class Received(models.Model):
    """An entry received: its number, its bytes, its leaf in our journal and the time that the leaf states."""

    pk = models.CompositePrimaryKey("peer", "epoch", "lane", "number")
    peer = models.CharField(max_length=64)
    epoch = models.IntegerField()
    lane = models.SmallIntegerField()
    number = models.BigIntegerField()
    statement = models.BinaryField(max_length=16, db_index=True)
    entry = models.BinaryField()
    batch = models.BinaryField(max_length=32)
    leaf = models.BigIntegerField()
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "exchange_received"


class ReceiptRow(models.Model):
    """The peer's receipt for a batch: its signed head and root, where each leaf is, and one proof for all."""

    batch = models.BinaryField(primary_key=True, max_length=32)
    peer = models.CharField(max_length=64)
    head = models.BinaryField()
    root = models.BinaryField(max_length=32)
    proof = models.BinaryField()

    class Meta:
        db_table = "exchange_receipt"


class Queue(models.Model):
    """A received statement that waits for its handler; ``waits_for`` is what it follows and is not handled yet."""

    id = models.BigAutoField(primary_key=True)
    statement = models.BinaryField(max_length=16, unique=True)
    peer = models.CharField(max_length=64)
    lane = models.SmallIntegerField()
    at_ms = models.BigIntegerField()
    waits_for = models.BinaryField(max_length=16, null=True, db_index=True)

    class Meta:
        db_table = "exchange_queue"
        indexes = [models.Index(fields=["lane", "id"], name="exchange_queue_order")]


class Handled(models.Model):
    """A statement that is in effect here: sent by us, or handled by its kind's handler."""

    statement = models.BinaryField(primary_key=True, max_length=16)

    class Meta:
        db_table = "exchange_handled"


class Quarantine(models.Model):
    """A received statement that could not be used: why, since when, how often it was tried. It stays until a retry succeeds.

    ``statement`` is its digest. What could not be proven lies here whole in ``raw``; what is proven but not accepted by
    its kind's handler stands in the table of statements under the id ``thing``.
    """

    statement = models.BinaryField(primary_key=True, max_length=32)
    thing = models.BinaryField(max_length=16, null=True)
    peer = models.CharField(max_length=64)
    code = models.CharField(max_length=128)
    detail = models.CharField(max_length=512, default="")
    at_ms = models.BigIntegerField()
    since_ms = models.BigIntegerField()
    tries = models.IntegerField(default=1)
    raw = models.BinaryField(null=True)

    class Meta:
        db_table = "exchange_quarantine"


class Copy(models.Model):
    """What another peer brought of a statement that is set aside raw: its wraps may be others. ``raw`` as in `Quarantine`."""

    pk = models.CompositePrimaryKey("statement", "peer")
    statement = models.BinaryField(max_length=32)
    peer = models.CharField(max_length=64)
    code = models.CharField(max_length=128)
    at_ms = models.BigIntegerField()
    raw = models.BinaryField()

    class Meta:
        db_table = "exchange_copy"


class UsedTwice(models.Model):
    """The proof that a peer used a number for two entries, of which the second was refused.

    ``first`` and ``second`` each hold the entry, the signed head of its batch and the leaves over which that head stands.
    """

    pk = models.CompositePrimaryKey("peer", "epoch", "lane", "number")
    peer = models.CharField(max_length=64)
    epoch = models.IntegerField()
    lane = models.SmallIntegerField()
    number = models.BigIntegerField()
    at_ms = models.BigIntegerField()
    first = models.BinaryField()
    second = models.BinaryField()

    class Meta:
        db_table = "exchange_used_twice"


class Reported(models.Model):
    """A statement of ours that a peer took but could not use, as it told us: the reason's code."""

    pk = models.CompositePrimaryKey("statement", "peer")
    statement = models.BinaryField(max_length=32)
    peer = models.CharField(max_length=64)
    code = models.CharField(max_length=128)
    at_ms = models.BigIntegerField()

    class Meta:
        db_table = "exchange_reported"


class Restore(models.Model):
    """A peer that has not yet given back what we lost with a restored backup; until it has, nothing is sent to it.

    ``size`` is how long our journal was in the backup, ``mirror_ms`` how old the key store is; ``sent_from`` and
    ``received_from`` say per epoch and lane from which number on we ask; ``leaves`` gathers pages of leaf hashes.
    """

    peer = models.CharField(primary_key=True, max_length=64)
    step = models.SmallIntegerField(default=0)
    since_ms = models.BigIntegerField()
    backup_ms = models.BigIntegerField()
    mirror_ms = models.BigIntegerField()
    size = models.BigIntegerField()
    next_epoch = models.IntegerField(default=0)
    sent_from = models.BinaryField()
    received_from = models.BinaryField()
    after = models.BinaryField()
    leaves = models.BinaryField()

    class Meta:
        db_table = "exchange_restore"


class Tombstone(models.Model):
    """What was erased, written before its key goes: of a thing, the content at ``place`` (docket 0), or all of it (-1)."""

    pk = models.CompositePrimaryKey("thing", "place")
    thing = models.BinaryField(max_length=16)
    place = models.SmallIntegerField(default=-1)
    at_ms = models.BigIntegerField()
    reason = models.CharField(max_length=32)

    class Meta:
        db_table = "exchange_tombstone"


class Chunk(models.Model):
    """One encrypted chunk of a file, once, whoever holds it; named by the SHA-256 of its ciphertext."""

    hash = models.BinaryField(primary_key=True, max_length=32)
    size = models.IntegerField()
    data = models.BinaryField()
    stored_ms = models.BigIntegerField()

    class Meta:
        db_table = "exchange_chunk"


class FileChunk(models.Model):
    """Which chunks a file is made of: the file is the part at ``place`` of a statement, or an own one (``thing``).

    Of a statement that only passes here, whose body is closed, the chunks that were asked for stand at place -1, and at
    -2 those that its sender does not give.
    """

    pk = models.CompositePrimaryKey("thing", "place", "number")
    thing = models.BinaryField(max_length=16)
    place = models.SmallIntegerField()
    number = models.IntegerField()
    hash = models.BinaryField(max_length=32, db_index=True)

    class Meta:
        db_table = "exchange_file_chunk"


class FileComing(models.Model):
    """A file that a peer said it sends: fetched from ``peer``, state 0 while chunks are missing, 1 whole, 2 not to be
    had (``code``); ``told`` once the peer knows how it ended.
    """

    pk = models.CompositePrimaryKey("thing", "place")
    thing = models.BinaryField(max_length=16)
    place = models.SmallIntegerField()
    peer = models.CharField(max_length=64)
    total = models.IntegerField()
    state = models.SmallIntegerField(default=0)
    code = models.CharField(max_length=128, default="")
    tries = models.IntegerField(default=0)
    retry_ms = models.BigIntegerField(default=0)
    since_ms = models.BigIntegerField()
    done_ms = models.BigIntegerField(null=True)
    told = models.BooleanField(default=False)

    class Meta:
        db_table = "exchange_file_coming"
        indexes = [
            models.Index(fields=["peer", "since_ms"], name="exchange_file_open", condition=models.Q(state=0)),
            models.Index(
                fields=["peer"], name="exchange_file_untold", condition=models.Q(state__gt=0, told=False, place__gte=0)
            ),
        ]


class FileGoing(models.Model):
    """A file that goes to a peer: how many of its chunks were given, and how it ended there (``code`` '' when whole)."""

    pk = models.CompositePrimaryKey("peer", "thing", "place")
    peer = models.CharField(max_length=64)
    thing = models.BinaryField(max_length=16)
    place = models.SmallIntegerField()
    total = models.IntegerField()
    given = models.IntegerField(default=0)
    code = models.CharField(max_length=128, default="")
    since_ms = models.BigIntegerField()
    done_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "exchange_file_going"
        indexes = [
            models.Index(fields=["peer"], name="exchange_file_going_open", condition=models.Q(done_ms__isnull=True))
        ]
