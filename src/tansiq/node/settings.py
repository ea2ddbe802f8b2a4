"""Django's settings. The databases of a home are bound at run time (`opening.bind`); until then they are empty and in
memory.

Invariant: nothing here switches a protection off; there is no debug mode.
"""

from __future__ import annotations

import os
from typing import Any

from tansiq.node.databases import databases_for

DEBUG = False
SECRET_KEY = os.urandom(32).hex()
"""Sessions do not come from Django's signer; a key of this process is enough."""
ALLOWED_HOSTS: list[str] = []
INSTALLED_APPS = [
    "tansiq.keystore", "tansiq.journal", "tansiq.directory", "tansiq.exchange", "tansiq.cases", "tansiq.registers",
    "tansiq.enquiries",
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
