"""What the sign-in library (django-allauth) asks of this house: how second factors are encrypted, and that it sends and says nothing itself.

Invariant: a second factor's secret and the seed of the recovery codes lie in the database only encrypted under a key of the key store. There
is no mail, no sign-up and no password reset; failures are counted by `attempts`, which holds over processes and restarts.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from tansiq.accounts.opened import opened
from tansiq.keystore.sealing import seal, unseal

__all__ = ["AccountAdapter", "FactorAdapter"]

_PURPOSE = "second factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library ships no types
    """Accounts of this node: made by invitation or on the command line, never by signing up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def add_message(self, *arguments: Any, **named: Any) -> None:
        """Pages say in our own texts what happened."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """No mail."""

    def send_notification_mail(self, *arguments: Any, **named: Any) -> None:
        """No mail."""

    def get_login_stages(self) -> list[str]:
        """After the passphrase, the second factor."""
        return ["allauth.mfa.stages.AuthenticateStage"]


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the same
    """Second factors of this node."""

    def encrypt(self, text: str) -> str:
        """``text`` as it lies in the database."""
        return b64encode(seal(text.encode(), key=opened().derived(_PURPOSE), bound_to=_PURPOSE.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` made. Raises Refused when it was altered."""
        sealed = b64decode(encrypted_text)
        plain = unseal(sealed, key=opened().derived(_PURPOSE), bound_to=_PURPOSE.encode(), code="keystore.damaged")
        return plain.decode()

    def get_totp_issuer(self) -> str:
        """Who shows the code in the owner's authenticator: the agency's node."""
        return f"Tansiq {opened().agency}"

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail."""
