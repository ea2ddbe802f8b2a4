"""What a page of a capability gets: the node at work, and the officer, if the own key is open and believed.

Invariant: the key comes from the visitor's session and is compared with the directory document for each request: what was revoked a moment ago
signs nothing any more. Who is not signed in, or has no certified key, is no officer.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from tansiq.accounts.session_keys import keys_of
from tansiq.errors import Refused, Unavailable
from tansiq.exchange.context import Context
from tansiq.node.officers import SignedIn, signed_in

__all__ = ["VisitingMiddleware", "officer_of", "served", "serves"]

_served: Context | None = None


def serves(context: Context) -> None:
    """Makes this the node that the pages of this process show."""
    global _served  # noqa: PLW0603 (one node per process is the point)
    _served = context


def served() -> Context:
    """The node that the pages show. Raises Unavailable before one is opened."""
    if _served is None:
        raise Unavailable("accounts.not-opened")
    return _served


def officer_of(request: HttpRequest, context: Context) -> SignedIn | None:
    """The officer who looks at this page, able to sign; None when the key is closed or not certified."""
    number = request.visitor.number  # type: ignore[attr-defined]
    if not number:
        return None
    keys = keys_of(request.session)
    if not keys:
        return None
    try:
        return signed_in(number, keys, context=context)
    except Refused:
        return None


class VisitingMiddleware:
    """Sets ``request.node``, its time and ``request.officer``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        context = served()
        request.node = context  # type: ignore[attr-defined]
        request.now_ms = context.clock()  # type: ignore[attr-defined]
        request.officer = officer_of(request, context)  # type: ignore[attr-defined]
        return self.get_response(request)
