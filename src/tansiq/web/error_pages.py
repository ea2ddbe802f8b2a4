"""Pages for when something is not as it should be: in the reader's language, without a traceback, with a way out.

Invariant: these pages need no database and no signed-in visitor, for they are shown when those fail.
"""

from __future__ import annotations

import logging
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tansiq.errors import Error
from tansiq.texts import LANGUAGES, advice
from tansiq.web.sending_again import PROOF, from_ourselves, keep, prove, sent
from tansiq.web.visitor import Request

__all__ = [
    "STATUSES",
    "bad_request",
    "error_page",
    "fault",
    "forbidden",
    "no_csrf",
    "not_found",
    "plain_page",
    "session_ended",
]

STATUSES: Final = {
    400: "web.not-understood", 403: "web.not-permitted", 404: "web.no-page", 405: "web.no-method", 409: "web.changed-meanwhile",
    413: "web.too-large", 422: "web.not-proven", 429: "web.too-many", 500: "web.fault", 503: "web.not-available",
}  # fmt: skip
"""HTTP status → the advice that is given for it."""
_KEEPS_A_DRAFT: Final = "version"
"""The field by which a form that keeps a draft is known: no other form is shown again, for it may hold a passphrase."""
_BIG: Final = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def plain_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int
) -> HttpResponse:
    """A page of the frame without navigation."""
    return render(request, template, context or {}, status=status)


def error_page(request: HttpRequest, status: int, error: Error | None = None) -> HttpResponse:
    """The page for ``status``; ``error`` says more than the status does."""
    language = getattr(request, "language", "en")
    told = error.advice(language) if error is not None else advice(STATUSES.get(status, STATUSES[500]), language, {})
    context = {"status": status, "told": told, "code": error.code if error else ""}
    template = "web/error_part.html" if getattr(request, "htmx", False) else "web/error.html"
    return plain_page(request, template, context, status=status)


def _sent(request: Request) -> list[tuple[str, str]]:
    """What was being written, to be sent once more from the page that is shown: only what one of our own pages sent."""
    return sent(request) if from_ourselves(request) and _KEEPS_A_DRAFT in request.POST else []


def _path_before(request: Request) -> str:
    """The path of our own page from which the request comes; '/' for anything else that a browser may say."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    return before.path if before.netloc == request.get_host() and before.path.startswith("/") else "/"


def session_ended(request: Request) -> HttpResponse:
    """What was sent came after the end of a session, or from a page that is no longer open; and that nothing is lost."""
    sign_in = f"{settings.LOGIN_URL}?next={quote(_path_before(request))}"
    fields = _sent(request)
    proof, browser = prove(request, fields) if fields else ("", "")
    shown = {"sign_in": sign_in, "path": request.path, "sent": [*fields, (PROOF, proof)] if fields else []}
    response = plain_page(request, "web/session_ended.html", shown, status=403)
    if browser:
        keep(response, browser)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for what it could not read."""
    return error_page(request, 413 if isinstance(exception, _BIG) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for what is not permitted."""
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for what is not there."""
    return error_page(request, 404)


def fault(request: HttpRequest) -> HttpResponse:
    """Django's page for a defect of ours, which it has logged; bare words when even the frame fails."""
    try:
        return error_page(request, 500)
    except Exception:
        logging.getLogger("tansiq.web").exception("the page of a fault failed itself")
        words = "\n\n".join(str(advice(STATUSES[500], language, {})) for language in LANGUAGES)
        return HttpResponse(words, status=500, content_type="text/plain; charset=utf-8")


def no_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What was sent does not come from a page of ours that is still open."""
    logging.getLogger("tansiq.web").info("a form was not accepted: %s", reason)
    return session_ended(cast(Request, request))
