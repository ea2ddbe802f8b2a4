"""The pages of one node: Django's settings that depend on its home, and its WSGI application.

Invariant: who asks for another host than the one of the home is not answered; over TLS no cookie leaves without it. The
names of the cookies carry the agency (here and in `sessions`), so that several nodes can be open side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from tansiq.node.home import Home

__all__ = ["Application", "bind_site", "make_application"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_YEAR = 365 * 24 * 3600


def bind_site(home: Home) -> None:
    """Makes Django's settings those of the pages of ``home``."""
    origin = urlsplit(home.pages_origin)
    secure = origin.scheme == "https"
    settings.ALLOWED_HOSTS = [origin.hostname or "localhost"]
    if origin.hostname in ("127.0.0.1", "::1", "localhost"):
        settings.ALLOWED_HOSTS = ["127.0.0.1", "[::1]", ".localhost"]
    settings.LANGUAGE_CODE = home.language
    settings.LANGUAGE_COOKIE_NAME = f"tansiq-{home.agency.replace('.', '-')}-language"
    settings.CSRF_COOKIE_SECURE = settings.SESSION_COOKIE_SECURE = secure
    settings.SECURE_HSTS_SECONDS = _YEAR if secure else 0
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = False
    # A proxy that speaks TLS before us says so; who speaks it ourselves believes no header.
    behind = secure and not home.pages_certificate
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if behind else None
    settings.BEHIND_PROXY = bool(home.pages_address) and not home.pages_certificate
    settings.CSRF_TRUSTED_ORIGINS = [home.pages_origin] if secure else []


def make_application(home: Home) -> Application:
    """The WSGI application of the pages of ``home``, which is open already."""
    bind_site(home)
    return WSGIHandler()
