"""The frame with the gallery of its components, without accounts and without a database; and the same in a browser."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # templates and middleware of this room are imported by its tests

import uvicorn  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.template import RequestContext, Template  # noqa: E402
from django.test import Client, RequestFactory, override_settings  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from support import gallery  # noqa: E402
from support.desks import PATIENCE_MS  # noqa: E402
from tansiq.node.guard import GuardedProtocol  # noqa: E402
from tansiq.node.pages import PageServer  # noqa: E402
from tansiq.web import registry  # noqa: E402
from tansiq.web.languages import direction_of  # noqa: E402

REGISTRIES: tuple[registry.Registry[Any], ...] = (
    registry.NAVIGATION, registry.GROUPS, registry.HEADER, registry.DESK, registry.TABS, registry.SEARCH, registry.NOTICES,
    registry.LANGUAGE, registry.ALERTS,
)  # fmt: skip


@contextmanager
def the_gallery() -> Iterator[None]:
    """Django with the gallery; what other rooms registered stands aside meanwhile."""
    kept = [dict(one._kept) for one in REGISTRIES]
    with ExitStack() as stack:
        stack.enter_context(override_settings(**gallery.gallery_settings()))
        for one in REGISTRIES:
            one._kept.clear()
        gallery.register()
        yield
    for one, before in zip(REGISTRIES, kept, strict=True):
        one._kept.clear()
        one._kept.update(before)


@pytest.fixture
def site() -> Iterator[Client]:
    """A browser without a window, signed in as an officer; ``headers={"X-Role": "nobody"}`` is nobody."""
    with the_gallery():
        yield Client(raise_request_exception=False)


@pytest.fixture
def shown() -> Iterator[Callable[..., str]]:
    """What a template shows in a language: ``shown("{% t 'web.error.home' %}", "es", name=value)``."""
    with the_gallery():

        def show(template: str, language: str = "es", *, calendar: str = "gregorian", **values: Any) -> str:
            request = RequestFactory().get("/")
            request.visitor = gallery.Somebody(calendar=calendar)  # type: ignore[attr-defined]
            request.language, request.direction, request.now_ms = language, direction_of(language), gallery.NOW_MS  # type: ignore[attr-defined]
            return Template("{% load tansiq %}" + template).render(RequestContext(request, values))

        yield show


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The gallery, served as a node serves its pages."""
    with the_gallery():
        config = uvicorn.Config(
            PageServer(WSGIHandler()), host="127.0.0.1", port=0, http=GuardedProtocol, loop="asyncio", lifespan="off", ws="none",
            log_config=None, access_log=False,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, as `make browser` installs it. It ends with its module, for its driver keeps an event loop running."""
    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE_MS
        )
        yield opened
        opened.close()
