"""What was being sent when a session ended is sent again with one press, although its form's token ended with that session.

Invariant: without a form's token only that goes through which this node itself showed to this browser to be sent again:
the very fields, to the very path, from a page of our own, within a day. The proof is a signature over them and over a
random cookie that signing in does not change. (OWASP, Cross-Site Request Forgery Prevention: signed double submit.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

__all__ = ["PROOF", "from_ourselves", "is_sent_again", "prove", "sent"]

PROOF: Final = "sent-again"
"""The field with the proof."""
_TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105 (the name of Django's field)
_PLAIN: Final = "application/x-www-form-urlencoded"
_DAY_SECONDS: Final = 86_400
_SALT: Final = "tansiq.web.sending-again"


def from_ourselves(request: HttpRequest) -> bool:
    """Whether the browser says that a page of ours sends a plain form."""
    ours = f"{request.scheme}://{request.get_host()}"
    return request.content_type == _PLAIN and request.headers.get("Origin") == ours


def sent(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields that a form sends, without token and proof."""
    return [
        (name, str(value)) for name, values in request.POST.lists() if name not in {_TOKEN, PROOF} for value in values
    ]


def _cookie() -> str:
    return f"{settings.CSRF_COOKIE_NAME}-again"


def _said(path: str, fields: Iterable[tuple[str, str]], browser: str) -> str:
    """A digest of what is signed; the order of fields of different names is no part of it."""
    parts = [path, browser, *(part for name, value in sorted(fields, key=lambda one: one[0]) for part in (name, value))]
    digest = hashlib.sha256()
    for part in parts:
        raw = part.replace("\r\n", "\n").encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def prove(request: HttpRequest, fields: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The proof for ``fields`` to the path of ``request``, and the browser's random word for `keep`."""
    browser = request.COOKIES.get(_cookie(), "") or secrets.token_urlsafe(24)
    return TimestampSigner(salt=_SALT).sign(_said(request.path, fields, browser)), browser


def keep(response: HttpResponse, browser: str) -> None:
    """Lets the browser keep its word while it is open."""
    response.set_cookie(
        _cookie(),
        browser,
        httponly=settings.CSRF_COOKIE_HTTPONLY,
        samesite="Strict",
        secure=settings.CSRF_COOKIE_SECURE,
    )


def is_sent_again(request: HttpRequest) -> bool:
    """Whether this is what we showed to this browser to be sent again."""
    browser = request.COOKIES.get(_cookie(), "")
    if request.method != "POST" or not browser or not from_ourselves(request):
        return False
    try:
        proven = TimestampSigner(salt=_SALT).unsign(request.POST.get(PROOF, ""), max_age=_DAY_SECONDS)
    except BadSignature:
        return False
    return hmac.compare_digest(proven, _said(request.path, sent(request), browser))
