"""What signing in needs of its node: the secret that Django signs with, the names of its cookies, and how long a session lasts.

Invariant: the secret is the node's own, kept in its key store, so that sessions hold over processes and restarts; the names are the agency's, so
that several nodes can be open side by side in one browser. What depends on the address alone is set by `site`.
"""

from __future__ import annotations

from django.conf import settings

from tansiq.accounts.opened import Opened, open_accounts, secret_of
from tansiq.exchange.context import Context
from tansiq.node.home import Home
from tansiq.node.visiting import serves

__all__ = ["open_sessions"]


def open_sessions(home: Home, context: Context, *, secret: bytes = b"") -> bytes:
    """Makes this process serve the accounts and sessions of ``home``. Returns the secret of its pages; given as ``secret``, it is not read."""
    node = Opened(
        agency=context.agency,
        keys=context.keys,
        secret=secret or secret_of(context.keys, agency=context.agency),
        clock=context.clock,
        idle_ms=home.session_minutes * 60_000,
        most_ms=home.session_hours * 3_600_000,
    )
    open_accounts(node)
    serves(context)
    name = f"tansiq-{home.agency.replace('.', '-')}"
    settings.SECRET_KEY = node.derived("django").hex()
    settings.SESSION_COOKIE_NAME = name
    settings.CSRF_COOKIE_NAME = f"{name}-form"
    return node.secret
