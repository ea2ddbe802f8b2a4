"""One's own account: how pages read, where to be notified, the passphrase, the second factor, recovery codes, sessions."""

from __future__ import annotations

from typing import Final

from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render

from tansiq.accounts import factors
from tansiq.accounts.answering import address_of, form_page, redirect
from tansiq.accounts.attempts import Kind, succeeded
from tansiq.accounts.attempts import begin as count
from tansiq.accounts.contacts import contact_of, set_contact
from tansiq.accounts.events import What, events_of, note
from tansiq.accounts.eyes_only import key_state, recovery_readers
from tansiq.accounts.models import Account
from tansiq.accounts.opened import opened
from tansiq.accounts.posts import named_posts
from tansiq.accounts.services import (
    CALENDARS,
    account_of,
    change_passphrase,
    end_sessions,
    set_preferences,
)
from tansiq.accounts.session_keys import keep_keys, keys_of
from tansiq.accounts.sessions import family_hash, row_identifier
from tansiq.accounts.zones import zones
from tansiq.directory.queries import own_directory
from tansiq.errors import Error, Refused
from tansiq.keystore.officers import has_officer
from tansiq.keystore.sessions import sessions_of
from tansiq.texts import LANGUAGES, text
from tansiq.web.access import SIGNED_IN, page
from tansiq.web.forms import Field, Form
from tansiq.web.languages import NAMES
from tansiq.web.visitor import Request

__all__ = ["account", "end_others", "factor", "fresh_codes", "passphrase", "remember_language", "sessions"]

_RENEW: Final = "renew"


def _account(request: Request) -> Account:
    return account_of(request.visitor.number)


def _preferences(request: Request, account: Account) -> Form:
    return Form(
        (
            Field(
                name="language", label="accounts.field.language", kind="select", required=True, size="middle",
                value=account.language, choices=tuple((code, NAMES[code]) for code in LANGUAGES),
            ),
            Field(
                name="zone", label="accounts.field.zone", kind="select", required=True, size="middle", value=account.zone,
                choices=tuple((name, name.replace("_", " ")) for name in zones()),
            ),
            Field(
                name="calendar", label="accounts.field.calendar", kind="radio", required=True, value=account.calendar,
                choices=tuple((name, text(f"accounts.calendar.{name}", request.language)) for name in CALENDARS),
            ),
            Field(
                name="contact", label="accounts.field.contact", help="accounts.help.contact", kind="email", longest=254,
                size="middle", value=contact_of(account.number),
            ),
        )
    )  # fmt: skip


@page(SIGNED_IN, methods=("GET", "POST"))
def account(request: Request) -> HttpResponse:
    """The own account, with what one may set."""
    own = _account(request)
    form, error, saved = _preferences(request, own), None, False
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            try:
                set_preferences(
                    own, language=form["language"].value, zone=form["zone"].value, calendar=form["calendar"].value
                )
                set_contact(own.number, form["contact"].value)
                saved = True
            except Error as raised:
                error = raised
    posts = request.visitor.posts
    context = {
        "own": own,
        "posts": named_posts(posts, own_directory(), request.language) if posts else (),
        "key": key_state(own.number, language=request.language, at_ms=opened().clock()),
        "key_open": bool(keys_of(request.session)),
        "has_keys": has_officer(own.number),
        "readers": recovery_readers(own.number),
        "codes_left": len(factors.unused_codes(own)),
        "saved": saved,
    }
    return form_page(request, "accounts/account.html", form, error, context)


def remember_language(request: Request, language: str) -> None:
    """The language that a visitor chooses is the account's from now on."""
    if request.visitor.number:
        own = _account(request)
        set_preferences(own, language=language, zone=own.zone, calendar=own.calendar)


def _passphrase_form(*, with_key: bool) -> Form:
    fields = [
        Field(
            name="old", label="accounts.field.old-passphrase", kind="password", required=True, longest=256, size="middle",
            autocomplete="current-password",
        ),
        Field(
            name="key", label="accounts.field.key-passphrase", help="accounts.help.key-passphrase", kind="password",
            longest=256, size="middle",
        ),
        Field(
            name="new", label="accounts.field.new-passphrase", help="accounts.help.passphrase", kind="password", required=True,
            longest=256, size="middle", autocomplete="new-password",
        ),
        Field(
            name="again", label="accounts.field.again", kind="password", required=True, longest=256, size="middle",
            autocomplete="new-password",
        ),
    ]  # fmt: skip
    return Form(tuple(one for one in fields if with_key or one.name != "key"))


@page(SIGNED_IN, methods=("GET", "POST"))
def passphrase(request: Request) -> HttpResponse:
    """A new passphrase: the officer's keys are sealed anew under it, and other sessions end."""
    own = _account(request)
    closed = has_officer(own.number) and not keys_of(request.session)
    form = _passphrase_form(with_key=closed)
    if request.method != "POST":
        return form_page(request, "accounts/passphrase.html", form)
    form = form.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/passphrase.html", form)
    values = form.values
    try:
        if values["new"] != values["again"]:
            raise Refused("accounts.passphrases-differ")
        keys = change_passphrase(own, values["old"], values["new"], key_passphrase=values.get("key", ""), node=opened())
    except Error as error:
        return form_page(request, "accounts/passphrase.html", form, error)
    keep_keys(request.session, keys)
    update_session_auth_hash(request, own)
    request.session.save()
    end_sessions(own, but=row_identifier(str(request.session.session_key)))
    return redirect("account")


def _confirmed(request: Request, own: Account, form: Form) -> None:
    """Passphrase and present code, shown again before something that protects the account changes. Raises Refused, TooMuch."""
    who = {Kind.ADDRESS: address_of(request), Kind.FACTOR: own.number}
    count(who, node=opened())
    if not own.check_password(form["old"].value):
        raise Refused("accounts.wrong-passphrase")
    factors.check_code(own, form["code"].value, now_ms=opened().clock())
    succeeded(who, node=opened())


_CONFIRM: Final = Form(
    (
        Field(
            name="old", label="accounts.field.passphrase", kind="password", required=True, longest=256, size="middle",
            autocomplete="current-password",
        ),
        Field(
            name="code", label="accounts.field.code", help="accounts.help.code", required=True, longest=32, size="short",
            autocomplete="one-time-code",
        ),
    )
)  # fmt: skip


@page(SIGNED_IN, methods=("GET", "POST"))
def factor(request: Request) -> HttpResponse:
    """A new authenticator in the place of the old one."""
    if request.method != "POST":
        return form_page(request, "accounts/factor.html", _CONFIRM)
    form = _CONFIRM.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/factor.html", form)
    try:
        _confirmed(request, _account(request), form)
    except Error as error:
        return form_page(request, "accounts/factor.html", _CONFIRM, error)
    request.session[_RENEW] = True
    return redirect("set-up")


@page(SIGNED_IN, methods=("GET", "POST"))
def fresh_codes(request: Request) -> HttpResponse:
    """Ten new recovery codes; the old ones are worth nothing."""
    if request.method != "POST":
        return form_page(request, "accounts/fresh_codes.html", _CONFIRM)
    form = _CONFIRM.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/fresh_codes.html", form)
    own = _account(request)
    try:
        _confirmed(request, own, form)
    except Error as error:
        return form_page(request, "accounts/fresh_codes.html", _CONFIRM, error)
    factors.new_codes(own, now_ms=opened().clock())
    return redirect("recovery-codes")


@page(SIGNED_IN)
def sessions(request: Request) -> HttpResponse:
    """The own sessions and what happened to the account: codes and times alone."""
    own = _account(request)
    current = row_identifier(str(request.session.session_key))
    rows = [(row, row.identifier == current) for row in sessions_of(family_hash(bytes(own.family)))]
    return render(
        request, "accounts/sessions.html", {"rows": rows, "events": [happened for _, happened in events_of(own.number)]}
    )


@page(SIGNED_IN, methods=("POST",))
def end_others(request: Request) -> HttpResponse:
    """Ends the own other sessions."""
    own = _account(request)
    end_sessions(own, but=row_identifier(str(request.session.session_key)))
    with transaction.atomic():
        note(What.OTHERS_ENDED, own.number, now_ms=opened().clock())
    return redirect("sessions")
