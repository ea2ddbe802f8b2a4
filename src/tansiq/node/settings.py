"""Django's settings. The databases of a home are bound at run time (`opening.bind`); until then they are empty and in
memory; what the pages of a home need (cookies, addresses, secret) is set by `site.bind_site` before they are served.

Invariant: nothing here switches a protection off; there is no debug mode. Nothing on a page comes from elsewhere, runs
inline or is framed; what was uploaded is never put on the disk in clear.
"""

from __future__ import annotations

import os
from typing import Any

from csp.constants import NONE, SELF

from tansiq.node.databases import databases_for

DEBUG = False
SECRET_KEY = os.urandom(32).hex()
"""Until a node is opened: then it is derived from a secret in its key store (`sessions.open_sessions`)."""
ALLOWED_HOSTS: list[str] = []
BEHIND_PROXY = False
"""Whether browsers reach the pages through a proxy, whose address is then everybody's (`site.bind_site`)."""
INSTALLED_APPS = [
    "django_htmx", "tansiq.web",
    "django.contrib.contenttypes", "django.contrib.auth", "allauth", "allauth.account", "allauth.mfa",
    "tansiq.accounts", "tansiq.keystore", "tansiq.journal", "tansiq.directory", "tansiq.exchange", "tansiq.channels", "tansiq.cases",
    "tansiq.registers", "tansiq.enquiries", "tansiq.notices", "tansiq.relations", "tansiq.office", "tansiq.oversight",
]  # fmt: skip
DATABASES: dict[str, dict[str, Any]] = databases_for(None)
DATABASE_ROUTERS = ["tansiq.keystore.router.KeyStoreRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGES = [("ar", "العربية"), ("es", "Español"), ("fr", "Français"), ("en", "English")]
LANGUAGE_CODE = "en"
USE_I18N = True
LOGGING_CONFIG = None

# Who signs in (docs/adr/0016-sign-in.md): service number and passphrase, then the second factor; no mail, no signing up.
AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
SESSION_ENGINE = "tansiq.accounts.sessions"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
ACCOUNT_ADAPTER = "tansiq.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "number"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "tansiq.accounts.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# ---------------------------------------------------------------- pages
ROOT_URLCONF = "tansiq.node.urls"
MIDDLEWARE = [
    "tansiq.web.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "tansiq.web.assets.AssetsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tansiq.web.middleware.VisitorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tansiq.accounts.middleware.AccountMiddleware",  # sets request.visitor
    "tansiq.node.visiting.VisitingMiddleware",  # sets request.node, request.officer
    "tansiq.web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "tansiq.web.middleware.SentAgainMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tansiq.web.middleware.AccessMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request", "django.template.context_processors.csrf",
                "tansiq.web.frame.frame",
            ],
        },
    },
]  # fmt: skip
LOGIN_URL = "/sign-in/"
LANGUAGE_COOKIE_NAME = "tansiq-language"
CSRF_COOKIE_NAME = "tansiq-form"
CSRF_FAILURE_VIEW = "tansiq.web.error_pages.no_csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE], "script-src": [SELF], "style-src": [SELF], "img-src": [SELF], "font-src": [SELF],
        "connect-src": [SELF], "form-action": [SELF], "base-uri": [NONE], "frame-ancestors": [NONE], "object-src": [NONE],
    },
}  # fmt: skip
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 8
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_URL = "/static/"
APPEND_SLASH = True
