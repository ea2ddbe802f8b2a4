"""What happens around every page, outermost first: headers, a visitor, a language, the rule of the page, errors.

Invariant: a view without a rule is never run; whatever goes wrong, the reader gets a page in the own language that says
what happened, what it means and what to do, and never a traceback.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tansiq.errors import Error
from tansiq.texts import LANGUAGES
from tansiq.web.access import access_of
from tansiq.web.error_pages import error_page, session_ended
from tansiq.web.languages import direction_of, preferred
from tansiq.web.sending_again import is_sent_again
from tansiq.web.visitor import ANONYMOUS, Request

__all__ = ["AccessMiddleware", "HeadersMiddleware", "LanguageMiddleware", "SentAgainMiddleware", "VisitorMiddleware"]

_Answer = Callable[[HttpRequest], HttpResponseBase]
_HEADERS: Final = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


class HeadersMiddleware:
    """The headers of every answer, files included; pages are kept by no cache, the browser's own included."""

    def __init__(self, get_response: _Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer with its headers."""
        response = self.get_response(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class VisitorMiddleware:
    """Nobody is signed in until accounts say who; and the moment of the request, one for the whole page."""

    def __init__(self, get_response: _Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        ours = cast(Request, request)
        ours.visitor = ANONYMOUS
        ours.now_ms = time.time_ns() // 1_000_000
        set_language(ours, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
        return self.get_response(request)


def set_language(request: Request, wanted: str) -> None:
    """Makes ``request`` speak the visitor's language, ``wanted``, the browser's or the node's, the first that is one."""
    asked = (request.visitor.language, wanted, preferred(request.headers.get("Accept-Language", "")))
    request.language = next((one for one in asked if one in LANGUAGES), settings.LANGUAGE_CODE)
    request.direction = direction_of(request.language)


class LanguageMiddleware:
    """The language of the page (see `languages`), also for the forms that Django words itself."""

    def __init__(self, get_response: _Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer in that language."""
        ours = cast(Request, request)
        set_language(ours, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
        with translation.override(ours.language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", ours.language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class SentAgainMiddleware:
    """Lets what we showed to be sent again pass without a form's token, which ended with the session (`sending_again`)."""

    def __init__(self, get_response: _Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """None: the page may run, once the rules after this one say so."""
        if is_sent_again(request):
            request.csrf_processing_done = True  # type: ignore[attr-defined]
        return None


class AccessMiddleware:
    """Judges the rule of a page before it runs, and turns errors of the tree into pages."""

    def __init__(self, get_response: _Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """None when the page may run; else the answer in its place. Raises ImproperlyConfigured without a rule."""
        rule = access_of(view)
        if rule is None:
            raise ImproperlyConfigured(f"{request.path_info} leads to a view without a rule")
        ours = cast(Request, request)
        if not rule.permits(ours.visitor):
            return _not_yet(ours) if not ours.visitor.number else error_page(ours, 404)
        if request.method not in rule.methods:
            response = error_page(ours, 405)
            response.headers["Allow"] = ", ".join(rule.methods)
            return response
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of an error of the tree; others go on to Django, which logs them and answers with our page of a fault."""
        if isinstance(exception, Error):
            return error_page(cast(Request, request), exception.http_status, exception)
        if isinstance(exception, Http404):
            return error_page(cast(Request, request), 404)
        return None


def _not_yet(request: Request) -> HttpResponse:
    """Who is not signed in goes to the sign-in and comes back after; what was being sent is answered, not lost in a redirect."""
    target = f"{settings.LOGIN_URL}?next={quote(request.get_full_path())}"
    if request.method not in ("GET", "HEAD"):
        return session_ended(request)
    if request.htmx:
        response = HttpResponse(status=204)
        response.headers["HX-Redirect"] = target
        return response
    return HttpResponseRedirect(target)
