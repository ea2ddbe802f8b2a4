"""Real browsers at the pages of two bureaux and of the hub between them, all in this process.

    with served(board) as pages:
        madrid = pages.desk(browser, "es", "ES-5001", language="es")
        madrid.open("/interpol/")
        pages.carry()

Invariant: one thread alone touches the databases (`Pages.run`): it answers the browsers one after another, each bound to its node, and
carries what waits. Who sits at a desk has signed in through the pages; the browser is given that session.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, Request

from support.browsing import Browser
from support.bureaux import Board
from support.desks import PATIENCE_MS, PICTURES, axe_faults, keep, settled
from support.node import Node
from tansiq.node.site import bind_site

__all__ = ["BureauDesk", "Pages", "served"]

_T = TypeVar("_T")
_AGENT = "Chromium of a test"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@dataclass(slots=True)
class BureauDesk:
    """Somebody at a desk, signed in; ``page`` is what the browser shows."""

    context: BrowserContext
    page: Page
    address: str
    language: str
    failures: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """A page of this node."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.page

    def fill(self, data: dict[str, Any]) -> None:
        """Writes into a form, field by field as a person does it."""
        for name, value in data.items():
            found = self.page.locator(f'main [name="{name}"], dialog[open] [name="{name}"]')
            first = found.first
            kind = first.evaluate("one => one.type || one.tagName")
            if kind in {"radio", "checkbox"}:
                for one in value if isinstance(value, list) else [value]:
                    chosen = (
                        found
                        if one in {"on", "yes"} and found.count() == 1
                        else found.and_(self.page.locator(f'[value="{one}"]'))
                    )
                    chosen.first.check()
            elif kind == "hidden":
                continue
            elif kind.startswith("select"):
                first.select_option(value)
            else:
                first.fill(value)

    def press(self, selector: str = "main .form-end button.first") -> None:
        """Presses a button and waits for what follows."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def picture(self, name: str, *, narrow: bool = False) -> None:
        """Keeps a picture of the whole page; what is wrong with it is among the failures of the desk."""
        folder = PICTURES / self.language
        settled(self.page)
        keep(self.page, folder / f"{name}.png", whole=True)
        self.failures += [f"{name}: {fault}" for fault in axe_faults(self.page)]
        for width in (1360, 390) if narrow else (1360,):
            self.page.set_viewport_size({"width": width, "height": 900})
            if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                self.failures.append(f"{name} scrolls sideways at {width}")
            if width == 390:
                keep(self.page, folder / f"{name}-narrow.png", whole=True)
                self.failures += [f"{name} narrow: {fault}" for fault in axe_faults(self.page)]
        self.page.set_viewport_size({"width": 1360, "height": 900})


class Pages:
    """The pages of the three nodes, and the one thread in which they are made."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="node")
        self._nodes: dict[str, Node] = {"es": board.es, "ma": board.ma, "hub": board.hub}
        self._servers: dict[str, WSGIServer] = {}
        self._desks: list[BureauDesk] = []
        for name, node in self._nodes.items():
            server = make_server("127.0.0.1", 0, self._application(node), server_class=_Server, handler_class=_Quiet)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._servers[name] = server

    def run(self, work: Callable[[], _T]) -> _T:
        """Does ``work`` in the thread of the nodes."""
        return self._pool.submit(work).result()

    def _bound(self, node: Node) -> None:
        node.use()
        bind_site(node.home)
        settings.ALLOWED_HOSTS = ["testserver", ".localhost"]

    def _application(self, node: Node) -> Callable[..., Any]:
        handler: list[WSGIHandler] = []

        def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
            told: list[Any] = []

            def made() -> list[bytes]:
                self._bound(node)
                if not handler:
                    handler.append(WSGIHandler())
                response = handler[0](environ, lambda *head: told.append(head))
                try:
                    return list(response)
                finally:
                    response.close()

            body = self.run(made)
            start(*told[0])
            return body

        return answer

    def carry(self) -> None:
        """Everything that waits goes to and fro."""
        self.run(self.board.carry)

    def desk(self, chromium: Chromium, where: str, number: str, *, language: str) -> BureauDesk:
        """Somebody's desk at a node."""
        node, anna = self._nodes[where], Browser(language=language, agent=_AGENT)

        def sign_in() -> None:
            self._bound(node)
            anna.sign_in(number, clock=self.board.clock)
            anna.post("/choose/", {"language": language, "next": "/"})

        self.run(sign_in)
        address = f"http://{where}.localhost:{self._servers[where].server_port}"
        context = chromium.new_context(
            base_url=address,
            user_agent=_AGENT,
            locale={"ar": "ar-MA"}.get(language, language),
            viewport={"width": 1360, "height": 900},
        )
        context.add_cookies(
            [{"name": name, "value": cookie.value, "url": address} for name, cookie in anna.client.cookies.items()]
        )
        desk = BureauDesk(context, context.new_page(), address, language)
        desk.page.set_default_timeout(PATIENCE_MS)
        desk.page.on("pageerror", lambda error: desk.failures.append(str(error)))

        def asked(request: Request) -> None:
            if not request.url.startswith(address):
                desk.failures.append(request.url)

        desk.page.on("request", asked)
        self._desks.append(desk)
        return desk

    def close(self) -> list[str]:
        """Ends it; returns what failed on the pages."""
        for desk in self._desks:
            desk.context.close()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        self.run(connections.close_all)
        self._pool.shutdown()
        return [failure for desk in self._desks for failure in desk.failures]


@contextmanager
def served(board: Board) -> Iterator[Pages]:
    """The pages of ``board``; nothing on them may have failed."""
    pages = Pages(board)
    try:
        yield pages
    except BaseException:
        pages.close()
        raise
    failures = pages.close()
    assert not failures, "\n".join(failures)
