"""The second factor: a code of the owner's authenticator (TOTP, RFC 6238), or one of ten recovery codes, each good for once.

Invariant: a code is taken once, also by two processes at a time and after a restart: the time step of the last one stands beside the account.
An account without a factor can do nothing but set one up.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

import segno
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt
from django.db import connection, transaction

from tansiq.accounts.events import What, note
from tansiq.accounts.models import Account
from tansiq.errors import Refused

__all__ = [
    "Proposed", "check_code", "code_now", "drill", "has_factor", "new_codes", "propose", "remove_factors", "set_factor",
    "unused_codes", "with_factor",
]  # fmt: skip

STEP_SECONDS: Final = 30
_AROUND: Final = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A secret to be taken into an authenticator: as text in groups of four, and as the address that its picture holds."""

    secret: str = field(repr=False)
    address: str = field(repr=False)

    @property
    def grouped(self) -> str:
        """The secret for typing."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))

    def picture(self) -> bytes:
        """The address as a QR code (SVG), dark on light so that a camera reads it in any colour scheme."""
        out = io.BytesIO()
        made = segno.make(self.address, error="m", micro=False)
        made.save(out, kind="svg", scale=5, border=4, dark="#191d22", light="#ffffff", xmldecl=False)
        return out.getvalue()


def propose(account: Account, secret: str = "") -> Proposed:
    """A new secret for ``account``, or the one that was proposed before."""
    made = secret or generate_totp_secret()
    return Proposed(made, get_adapter().build_totp_url(account, made))


def _stored(account: Account, kind: str) -> Authenticator | None:
    return Authenticator.objects.filter(user_id=account.pk, type=kind).first()


def has_factor(account: Account) -> bool:
    """Whether an authenticator is set up."""
    return _stored(account, Authenticator.Type.TOTP) is not None


def with_factor() -> set[int]:
    """The accounts (their keys) that have an authenticator."""
    return set(Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("user_id", flat=True))


def code_now(secret: str, *, now_ms: int) -> str:
    """The code that an authenticator with this secret shows now."""
    return str(format_hotp_value(hotp_value(secret, now_ms // 1000 // STEP_SECONDS)))


def _step(secret: str, code: str, now_ms: int) -> int | None:
    """The time step whose code this is: the present one or a neighbour, for clocks differ."""
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return None
    present = now_ms // 1000 // STEP_SECONDS
    return next((present + at for at in _AROUND if format_hotp_value(hotp_value(secret, present + at)) == code), None)


def _take_step(account: Account, step: int) -> bool:
    """Marks a step as used; False when it or a later one was used already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_account SET totp_step = %s WHERE id = %s AND totp_step < %s", (step, account.pk, step)
        )
        return bool(cursor.rowcount == 1)


def check_code(account: Account, code: str, *, now_ms: int) -> str:
    """Takes a code of the authenticator or a recovery code; returns which sort it was. Raises Refused."""
    plain = "".join(code.split()).replace("-", "")
    with transaction.atomic():
        stored = _stored(account, Authenticator.Type.TOTP)
        if stored is not None:
            step = _step(decrypt(stored.data["secret"]), plain, now_ms)
            if step is not None and _take_step(account, step):
                return str(Authenticator.Type.TOTP)
        spare = _stored(account, Authenticator.Type.RECOVERY_CODES)
        if stored is not None and spare is not None and plain and RecoveryCodes(spare).validate_code(plain):
            note(What.CODE_USED, account.number, now_ms=now_ms)
            return str(Authenticator.Type.RECOVERY_CODES)
    raise Refused("accounts.wrong-code")


def set_factor(account: Account, secret: str, code: str, *, now_ms: int) -> list[str]:
    """Takes the proposed secret once its code was shown; returns new recovery codes. Raises Refused."""
    step = _step(secret, "".join(code.split()), now_ms)
    if step is None:
        raise Refused("accounts.wrong-code")
    with transaction.atomic():
        Authenticator.objects.filter(user_id=account.pk).delete()
        TOTP.activate(account, secret)
        Account.objects.filter(pk=account.pk).update(totp_step=step)
        note(What.FACTOR_SET, account.number, now_ms=now_ms)
        return _made_codes(account, now_ms)


def _made_codes(account: Account, now_ms: int) -> list[str]:
    Authenticator.objects.filter(user_id=account.pk, type=Authenticator.Type.RECOVERY_CODES).delete()
    made = RecoveryCodes.activate(account)
    Account.objects.filter(pk=account.pk).update(drilled_ms=0)
    account.drilled_ms = 0
    note(What.CODES_MADE, account.number, now_ms=now_ms)
    return list(made.get_unused_codes())


def new_codes(account: Account, *, now_ms: int) -> list[str]:
    """Makes ten new recovery codes; the old ones are worth nothing, and the drill is due again."""
    with transaction.atomic():
        return _made_codes(account, now_ms)


def unused_codes(account: Account) -> list[str]:
    """The recovery codes that are unused."""
    spare = _stored(account, Authenticator.Type.RECOVERY_CODES)
    return list(RecoveryCodes(spare).get_unused_codes()) if spare is not None else []


def drill(account: Account, code: str, *, now_ms: int) -> None:
    """The owner shows that the recovery codes are at hand: one is compared and stays good. Raises Refused."""
    spare = _stored(account, Authenticator.Type.RECOVERY_CODES)
    plain = "".join(code.split()).replace("-", "")
    if spare is None or plain not in RecoveryCodes(spare).get_unused_codes():
        raise Refused("accounts.wrong-code")
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(drilled_ms=now_ms)
        account.drilled_ms = now_ms
        note(What.CODES_DRILLED, account.number, now_ms=now_ms)


def remove_factors(account: Account) -> None:
    """Takes all factors away: the next sign-in has to set one up."""
    Authenticator.objects.filter(user_id=account.pk).delete()
    Account.objects.filter(pk=account.pk).update(drilled_ms=0)
