"""What the room of accounts keeps.

Invariant: an officer stands here by service number; no name, no address and no free text stands in clear. What is ``sealed`` opens with a
key that lies in the key store under ``thing``. Posts and roles are codes; several in one column are separated by a space.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

__all__ = [
    "Account", "Accounts", "Attempt", "Contact", "Draft", "Duty", "Event", "Invitation", "Substitution", "WaitingKey",
]  # fmt: skip


class Accounts(BaseUserManager["Account"]):
    """Finds accounts by their service number."""

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account with this service number, as it is written."""
        return self.get(number=username)


class Account(AbstractBaseUser):
    """Somebody who may sign in. ``family`` ties the sessions of one account together (as a hash, see `sessions`).

    ``totp_step`` is the last time step whose code was used, so that none is taken twice; ``drilled_ms`` when the owner showed that
    the recovery codes are at hand (0: not yet); ``clearance`` a code of the classification ('' as the node's configuration says).
    ``uncertified``: an invitation made this account, and no certification has said since that its owner is whom the directory lists.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=64, unique=True)
    is_active = models.BooleanField(default=True)
    uncertified = models.BooleanField(default=False)
    roles = models.CharField(max_length=160, default="")
    clearance = models.CharField(max_length=32, default="")
    language = models.CharField(max_length=8, default="en")
    zone = models.CharField(max_length=64, default="UTC")
    calendar = models.CharField(max_length=16, default="gregorian")
    family = models.BinaryField(max_length=16)
    totp_step = models.BigIntegerField(default=0)
    drilled_ms = models.BigIntegerField(default=0)
    created_ms = models.BigIntegerField()

    last_login: Any = None
    """The journal of events says when somebody signed in."""
    USERNAME_FIELD = "number"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = Accounts()

    class Meta:
        db_table = "accounts_account"


class Contact(models.Model):
    """Where to notify somebody outside the system, sealed; set by its owner."""

    number = models.CharField(primary_key=True, max_length=64)
    thing = models.BinaryField(max_length=16)
    sealed = models.BinaryField()

    class Meta:
        db_table = "accounts_contact"


class Attempt(models.Model):
    """Failures to prove something, counted by a keyed hash of who (``kind`` account, factor, invitation) or from where (address)."""

    key = models.BinaryField(primary_key=True, max_length=32)
    kind = models.CharField(max_length=16)
    failures = models.IntegerField(default=0)
    last_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField(default=0)

    class Meta:
        db_table = "accounts_attempt"


class Event(models.Model):
    """Something that happened to an account: what (a code, see `events`), to whom, by whom (service numbers)."""

    id = models.BigAutoField(primary_key=True)
    at_ms = models.BigIntegerField(db_index=True)
    what = models.CharField(max_length=32)
    number = models.CharField(max_length=64, db_index=True)
    by = models.CharField(max_length=64, default="")

    class Meta:
        db_table = "accounts_event"


class Invitation(models.Model):
    """An invitation that waits or was used; ``code`` is a keyed hash of what was shown once."""

    number = models.CharField(primary_key=True, max_length=64)
    code = models.BinaryField(max_length=32)
    posts = models.CharField(max_length=1024, default="")
    roles = models.CharField(max_length=160, default="")
    eyes_only = models.BooleanField(default=False)
    recovery = models.CharField(max_length=256, default="")
    language = models.CharField(max_length=8, default="en")
    made_ms = models.BigIntegerField()
    made_by = models.CharField(max_length=64)
    ends_ms = models.BigIntegerField()
    used_ms = models.BigIntegerField(default=0)

    class Meta:
        db_table = "accounts_invitation"


class WaitingKey(models.Model):
    """A public key that an invited officer's first sign-in made and that the offline identity has yet to certify."""

    identifier = models.BinaryField(primary_key=True, max_length=32)
    number = models.CharField(max_length=64, db_index=True)
    use = models.CharField(max_length=32)
    public = models.BinaryField()
    made_ms = models.BigIntegerField()

    class Meta:
        db_table = "accounts_waiting_key"


class Substitution(models.Model):
    """Who stands in for whom in a post, from when until when (UTC ms), by whose order; ``listed``: the directory lists it."""

    id = models.BigAutoField(primary_key=True)
    post = models.CharField(max_length=96, db_index=True)
    absent = models.CharField(max_length=64)
    number = models.CharField(max_length=64, db_index=True)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    made_ms = models.BigIntegerField()
    made_by = models.CharField(max_length=64)
    listed = models.BooleanField(default=False)

    class Meta:
        db_table = "accounts_substitution"


class Duty(models.Model):
    """A turn of duty in a post: who, from when until when (UTC ms)."""

    id = models.BigAutoField(primary_key=True)
    post = models.CharField(max_length=96)
    number = models.CharField(max_length=64)
    from_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField()
    made_ms = models.BigIntegerField()
    made_by = models.CharField(max_length=64)

    class Meta:
        db_table = "accounts_duty"
        indexes = [models.Index(fields=["post", "from_ms"], name="accounts_duty_turns")]


class Draft(models.Model):
    """What somebody has begun to write, sealed: for which form, about what ('' for something new), in which version."""

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=64)
    form = models.CharField(max_length=64)
    about = models.CharField(max_length=64, default="")
    version = models.IntegerField()
    thing = models.BinaryField(max_length=16)
    sealed = models.BinaryField()
    saved_ms = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "accounts_draft"
        constraints = [models.UniqueConstraint(fields=["number", "form", "about"], name="accounts_draft_one")]
