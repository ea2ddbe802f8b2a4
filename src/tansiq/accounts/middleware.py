"""Who looks at a page: the visitor, from the session, the account and the directory document.

Invariant: only who has shown passphrase and second factor, and has the recovery codes at hand, is a visitor; everybody else is nobody, whatever
the session holds. Roles and posts are read anew for each request: what was taken away is gone with the next page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponseBase

from tansiq.accounts.invitations import is_waiting
from tansiq.accounts.models import Account
from tansiq.accounts.opened import opened
from tansiq.accounts.posts import posts_of
from tansiq.accounts.roles import effective_roles
from tansiq.directory.queries import own_directory
from tansiq.errors import NotFound
from tansiq.web.access import Role
from tansiq.web.visitor import ANONYMOUS, Visitor

__all__ = ["NAME", "PROVED", "AccountMiddleware", "SignedInVisitor", "visitor_of"]

PROVED: Final = "proved"
"""The entry of a session in which everything was shown."""
NAME: Final = "name"
"""The entry with the officer's name, as the directory keeps it concealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInVisitor:
    """A person who is signed in (see `web.visitor.Visitor`)."""

    number: str
    name: str
    roles: frozenset[Role]
    posts: tuple[str, ...]
    language: str
    zone: str
    calendar: str


def visitor_of(request: HttpRequest) -> Visitor:
    """Who looks at this page."""
    account = getattr(request, "user", None)
    if not isinstance(account, Account) or not request.session.get(PROVED):
        return ANONYMOUS
    try:
        directory = own_directory()
    except NotFound:
        return ANONYMOUS
    # Whoever used an invitation may be anybody: until the offline identity certifies the account nobody's listing is theirs.
    known = "" if is_waiting(account) else account.number
    return SignedInVisitor(
        number=account.number,
        name=str(request.session.get(NAME, "")),
        roles=effective_roles(known, account.roles, directory),
        posts=posts_of(known, directory, at_ms=opened().clock()),
        language=account.language,
        zone=account.zone,
        calendar=account.calendar,
    )


class AccountMiddleware:
    """Sets ``request.visitor``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        request.visitor = visitor_of(request)  # type: ignore[attr-defined]
        return self.get_response(request)
