"""What the pages of this room share: who asks, from where, what went wrong in the reader's language, where one goes on.

Invariant: an address to go back to is one of this site's own paths, never another host.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tansiq.accounts.models import Account
from tansiq.errors import Error, TooMuch
from tansiq.web.access import Role
from tansiq.web.forms import Form
from tansiq.web.visitor import Request

__all__ = ["account_in", "address_of", "agent_of", "form_page", "home_of", "next_of", "redirect", "told"]

_AGENTS: Final = (("Firefox/", "firefox"), ("Edg/", "edge"), ("Chrome/", "chrome"), ("Safari/", "safari"))


def account_in(request: Request) -> Account | None:
    """The account that has shown its passphrase in this session, signed in as a visitor or not yet."""
    user: Account | AnonymousUser = request.user
    return user if isinstance(user, Account) else None


def address_of(request: Request) -> str:
    """From where the request comes; '' behind a proxy on this machine, for its address is everybody's, and a lock would shut all out."""
    said = str(request.META.get("REMOTE_ADDR", ""))
    return "" if settings.BEHIND_PROXY and _is_here(said) else said


def _is_here(address: str) -> bool:
    try:
        at = ip_address(address)
    except ValueError:
        return False
    return (getattr(at, "ipv4_mapped", None) or at).is_loopback


def agent_of(request: Request) -> str:
    """A code for the sort of browser."""
    said = request.headers.get("User-Agent", "")
    return next((code for mark, code in _AGENTS if mark in said), "other")


def next_of(wanted: object) -> str:
    """A path of this site, or '' for anything else."""
    plain = str(wanted or "")
    safe = plain.startswith("/") and url_has_allowed_host_and_scheme(plain, allowed_hosts=None)
    return plain if safe else ""


def home_of(request: Request) -> str:
    """Where somebody begins: at the desk, at the accounts, or, before the own keys are certified, at the own account."""
    roles = request.visitor.roles
    if Role.ADMINISTRATOR in roles:
        return reverse("members")
    return "/" if roles else reverse("account")


def redirect(name: str, **values: str) -> HttpResponse:
    """On to a page of this room."""
    return HttpResponseRedirect(reverse(name, kwargs=values or None))


def told(error: Error, language: str) -> str:
    """What went wrong and what to do, in one line."""
    advice = error.advice(language)
    return " ".join(part for part in (advice.what, advice.do) if part)


def form_page(
    request: Request, template: str, form: Form, error: Error | None = None, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A page with a form, and what was wrong with it above it."""
    if error is not None:
        form = form.faulted({}, [told(error, request.language)])
    status = 200 if not form.faulty else 429 if isinstance(error, TooMuch) else 422
    return render(request, template, {"form": form, **(context or {})}, status=status)
