"""The steps of signing in, between the library's flow (django-allauth) and the session.

    passphrase ─► second factor ─► visitor
         └──────► set one up ─► recovery codes and drill ─► visitor

Invariant: the session is renewed (another cookie) with the first step that signs in; it becomes a visitor's only at the end, when passphrase and
second factor were shown in it, the passphrase still being the account's, and the owner has shown once that the recovery codes are at hand.
"""

from __future__ import annotations

import hmac
from typing import Final

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect

from tansiq.accounts.answering import account_in, agent_of, home_of, next_of, redirect
from tansiq.accounts.events import What, note
from tansiq.accounts.factors import has_factor
from tansiq.accounts.middleware import NAME, PROVED, visitor_of
from tansiq.accounts.models import Account
from tansiq.accounts.opened import opened
from tansiq.accounts.services import Proved
from tansiq.accounts.session_keys import keep_keys
from tansiq.accounts.sessions import AGENT, FAMILY, family_hash
from tansiq.directory.officers import officer_name
from tansiq.web.visitor import Request

__all__ = ["FACTOR", "begin", "leave", "onward", "pending", "second_step_done", "settled"]

FACTOR: Final = "factor"
"""The entry of a session in which the second factor was shown."""
_NEXT: Final = "next"
_SHOWN: Final = "shown"
"""The entry that says, while the second step waits, which passphrase was shown: a keyed hash of what is kept of it."""
_STAGE: Final = "mfa_authenticate"


def begin(request: Request, proved: Proved, *, wanted: str) -> HttpResponse:
    """After the passphrase: on to the second factor, or to setting one up."""
    request.session.flush()
    keep_keys(request.session, proved.keys)
    request.session[NAME] = officer_name(proved.account.number, keys=opened().keys)
    request.session[_NEXT] = next_of(wanted)
    request.session[_SHOWN] = proved.account.get_session_auth_hash()
    response: HttpResponse = perform_password_login(
        request, {"username": proved.account.number}, Login(user=proved.account)
    )
    if account_in(request) is None:
        return response
    _tie(request, proved.account)
    return redirect("set-up")


def _tie(request: Request, account: Account) -> None:
    """Ties the session to its account, for the list of sessions and for ending them."""
    request.session[FAMILY] = family_hash(bytes(account.family)).hex()
    request.session[AGENT] = agent_of(request)


def pending(request: Request) -> tuple[LoginStage, Account] | None:
    """The second step that waits in this session, and whose it is; none once the account ended or has another passphrase."""
    stage = LoginStageController.enter(request, _STAGE)
    account = stage.login.user if stage is not None else None
    if stage is None or not isinstance(account, Account) or not account.is_active:
        return None
    shown = str(request.session.get(_SHOWN, ""))
    return (stage, account) if hmac.compare_digest(shown, account.get_session_auth_hash()) else None


def second_step_done(request: Request, stage: LoginStage, account: Account) -> HttpResponse:
    """After the second factor: signed in."""
    stage.exit()
    request.session.pop(_SHOWN, None)
    _tie(request, account)
    request.session[FACTOR] = True
    return onward(request, account)


def settled(request: Request, account: Account) -> bool:
    """Whether everything was shown in this session, so that it is a visitor's."""
    return bool(request.session.get(FACTOR)) and bool(account.drilled_ms) and has_factor(account)


def onward(request: Request, account: Account) -> HttpResponse:
    """To what is still lacking; then to where one wanted to go."""
    if not has_factor(account):
        return redirect("set-up")
    if not settled(request, account):
        return redirect("recovery-codes")
    if not request.session.get(PROVED):
        request.session[PROVED] = True
        with transaction.atomic():
            note(What.SIGNED_IN, account.number, now_ms=opened().clock())
    request.visitor = visitor_of(request)
    return HttpResponseRedirect(request.session.pop(_NEXT, "") or home_of(request))


def leave(request: Request) -> None:
    """Ends the session."""
    account = account_in(request)
    if account is not None:
        with transaction.atomic():
            note(What.SIGNED_OUT, account.number, now_ms=opened().clock())
    logout(request)
