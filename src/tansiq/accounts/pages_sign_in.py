"""The pages before one is signed in: passphrase, second factor, setting one up, recovery codes and their drill, an invitation."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from tansiq.accounts import factors
from tansiq.accounts.answering import account_in, address_of, form_page, home_of, next_of, redirect
from tansiq.accounts.attempts import Kind, succeeded
from tansiq.accounts.attempts import begin as count
from tansiq.accounts.entering import FACTOR, begin, leave, onward, pending, second_step_done, settled
from tansiq.accounts.eyes_only import recovery_readers
from tansiq.accounts.invitations import accept
from tansiq.accounts.models import Account
from tansiq.accounts.opened import opened
from tansiq.accounts.services import Proved, open_keys, prove
from tansiq.errors import Error, Refused
from tansiq.web.access import ANYONE, page
from tansiq.web.forms import Field, Form
from tansiq.web.visitor import Request

__all__ = ["code", "codes", "invitation", "picture", "set_up", "sign_in", "sign_out"]

_PROPOSED: Final = "proposed"
_RENEW: Final = "renew"
_SIGN_IN: Final = Form(
    (
        Field(
            name="number", label="accounts.field.number", required=True, longest=64, size="middle", autocomplete="username"
        ),
        Field(
            name="passphrase", label="accounts.field.passphrase", kind="password", required=True, longest=256, size="middle",
            autocomplete="current-password",
        ),
        Field(name="next", kind="hidden", longest=400),
    )
)  # fmt: skip
_CODE: Final = Form(
    (
        Field(
            name="code", label="accounts.field.code", help="accounts.help.code", required=True, longest=32, size="short",
            autocomplete="one-time-code",
        ),
    )
)  # fmt: skip
_NEW_CODE: Final = Form(
    (
        Field(
            name="code", label="accounts.field.code", help="accounts.help.new-code", required=True, longest=32, size="short",
            autocomplete="one-time-code",
        ),
    )
)  # fmt: skip
_DRILL: Final = Form(
    (
        Field(
            name="code", label="accounts.field.recovery-code", help="accounts.help.drill", required=True, longest=32,
            size="short",
        ),
    )
)  # fmt: skip
_INVITATION: Final = Form(
    (
        Field(
            name="number", label="accounts.field.number", required=True, longest=64, size="middle", autocomplete="username"
        ),
        Field(
            name="code", label="accounts.field.invitation", help="accounts.help.invitation", required=True, longest=40,
            size="middle",
        ),
        Field(
            name="passphrase", label="accounts.field.new-passphrase", help="accounts.help.passphrase", kind="password",
            required=True, longest=256, size="middle", autocomplete="new-password",
        ),
        Field(
            name="again", label="accounts.field.again", kind="password", required=True, longest=256, size="middle",
            autocomplete="new-password",
        ),
    )
)  # fmt: skip


@page(ANYONE, methods=("GET", "POST"))
def sign_in(request: Request) -> HttpResponse:
    """Service number and passphrase."""
    if request.visitor.number:
        return HttpResponseRedirect(next_of(request.GET.get("next")) or home_of(request))
    if request.method != "POST":
        form = _SIGN_IN.bound({"next": next_of(request.GET.get("next"))}, language=request.language)
        return form_page(request, "accounts/sign_in.html", form)
    form = _SIGN_IN.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/sign_in.html", form)
    try:
        proved = prove(form["number"].value, form["passphrase"].value, address=address_of(request), node=opened())
    except Error as error:
        return form_page(request, "accounts/sign_in.html", form, error)
    return begin(request, proved, wanted=form["next"].value)


@page(ANYONE, methods=("GET", "POST"))
def code(request: Request) -> HttpResponse:
    """The second step: a code of the authenticator, or a recovery code."""
    waits = pending(request)
    if waits is None:
        return redirect("sign-in")
    stage, account = waits
    form = _CODE
    if request.method != "POST":
        return form_page(request, "accounts/code.html", form)
    form = form.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/code.html", form)
    who = {Kind.ADDRESS: address_of(request), Kind.FACTOR: account.number}
    try:
        count(who, node=opened())
        factors.check_code(account, form["code"].value, now_ms=opened().clock())
    except Error as error:
        return form_page(request, "accounts/code.html", _CODE, error)
    succeeded(who, node=opened())
    return second_step_done(request, stage, account)


def _may_set_up(request: Request, account: Account) -> bool:
    return not factors.has_factor(account) or bool(request.session.get(_RENEW))


@page(ANYONE, methods=("GET", "POST"))
def set_up(request: Request) -> HttpResponse:
    """Setting up an authenticator: the first, or a new one for who has just shown the old one."""
    account = account_in(request)
    if account is None:
        return redirect("sign-in")
    if not _may_set_up(request, account):
        return onward(request, account)
    proposed = factors.propose(account, str(request.session.get(_PROPOSED, "")))
    request.session[_PROPOSED] = proposed.secret
    context = {"proposed": proposed, "number": account.number}
    if request.method != "POST":
        return form_page(request, "accounts/set_up.html", _NEW_CODE, context=context)
    form = _NEW_CODE.bound(request.POST, language=request.language).checked(request.language)
    try:
        if not form.faulty:
            factors.set_factor(account, proposed.secret, form["code"].value, now_ms=opened().clock())
    except Error as error:
        return form_page(request, "accounts/set_up.html", _NEW_CODE, error, context)
    if form.faulty:
        return form_page(request, "accounts/set_up.html", form, context=context)
    for entry in (_PROPOSED, _RENEW):
        request.session.pop(entry, None)
    request.session[FACTOR] = True
    return redirect("recovery-codes")


@page(ANYONE)
def picture(request: Request) -> HttpResponse:
    """The proposed secret as a QR code, for whoever sets it up in this session and nobody else."""
    account, secret = account_in(request), str(request.session.get(_PROPOSED, ""))
    if account is None or not secret or not _may_set_up(request, account):
        return redirect("sign-in")
    return HttpResponse(factors.propose(account, secret).picture(), content_type="image/svg+xml")


@page(ANYONE, methods=("GET", "POST"))
def codes(request: Request) -> HttpResponse:
    """The recovery codes, shown until the owner has shown that they are at hand: the drill."""
    account = account_in(request)
    if account is None or not request.session.get(FACTOR):
        return redirect("sign-in")
    if settled(request, account):
        return onward(request, account)
    context = {
        "codes": factors.unused_codes(account),
        "readers": recovery_readers(account.number),
        "number": account.number,
    }
    if request.method != "POST":
        return form_page(request, "accounts/codes.html", _DRILL, context=context)
    form = _DRILL.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/codes.html", form, context=context)
    try:
        factors.drill(account, form["code"].value, now_ms=opened().clock())
    except Error as error:
        return form_page(request, "accounts/codes.html", _DRILL, error, context)
    return onward(request, account)


@page(ANYONE, methods=("GET", "POST"))
def invitation(request: Request) -> HttpResponse:
    """An invited person makes the own account and keys."""
    if request.method != "POST":
        return form_page(request, "accounts/invitation.html", _INVITATION)
    form = _INVITATION.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/invitation.html", form)
    try:
        if form["passphrase"].value != form["again"].value:
            raise Refused("accounts.passphrases-differ")
        account = accept(
            form["number"].value,
            form["code"].value,
            form["passphrase"].value,
            address=address_of(request),
            language=request.language,
            node=opened(),
        )
    except Error as error:
        return form_page(request, "accounts/invitation.html", form, error)
    keys = open_keys(account.number, form["passphrase"].value)
    return begin(request, Proved(account, keys), wanted="")


@page(ANYONE, methods=("POST",))
def sign_out(request: Request) -> HttpResponse:
    """Ends the session; the opened key is gone with it."""
    leave(request)
    return render(request, "accounts/signed_out.html")
