"""The process of the pages: bodies of any size in flat memory, slow and rude clients, many requests at once."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tansiq.node import bodies, patience
from tansiq.node.guard import LINE
from tansiq.node.home import Home
from tansiq.node.pages import PageServer
from tansiq.node.site import bind_site

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the name of a session's cookie, and the addresses of the pages

Messages = list[dict[str, Any]]


COOKIE = (b"cookie", f"a=1; {settings.SESSION_COOKIE_NAME}=x".encode())
FILE = {"path": "/files/add/", "headers": [COOKIE, (b"content-type", b"multipart/form-data; boundary=x")]}
"""A file in a form, from somebody who may be signed in."""


@pytest.fixture(autouse=True)
def cookie_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever node was opened before."""
    monkeypatch.setattr(settings, "SESSION_COOKIE_NAME", COOKIE[1][5:-2].decode())


def scope(**values: Any) -> dict[str, Any]:
    made = {"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/a/é", "query_string": b"q=1",
            "headers": [], "client": ("127.0.0.1", 4), "server": ("127.0.0.1", 80)}  # fmt: skip
    return made | values


def ask(application: Any, pieces: Iterable[bytes | None], **values: Any) -> Messages:
    """What comes back for a request whose body comes in these pieces; None: the browser leaves."""
    out: Messages = []
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(60)
        piece = waiting.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    asyncio.run(PageServer(application, threads=2)(scope(**values), receive, send))  # type: ignore[arg-type]
    return out


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
    start("200 OK", [("Content-Type", "text/plain"), ("X-Length", environ.get("CONTENT_LENGTH", ""))])
    while part := environ["wsgi.input"].read(50_000):
        yield part


def body(messages: Messages) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


@pytest.mark.parametrize("values", [FILE, {"headers": [COOKIE]}], ids=["file", "form"])
@pytest.mark.parametrize(
    "pieces", [[b""], [b"abc"], [b"a", b"", b"bc"], [b"x" * 70_000] * 9, [b"x" * 300_000, b"", b"y"]]
)
def test_a_body_reaches_the_page_whole_and_comes_back(pieces: list[bytes], values: dict[str, Any]) -> None:
    out = ask(echo, pieces, **values)
    assert out[0]["status"] == 200
    assert body(out) == b"".join(pieces)
    assert [message.get("more_body", False) for message in out[1:]] == [True] * (len(out) - 2) + [False]
    assert max(len(message["body"]) for message in out[1:]) <= 65_536


def test_a_file_of_any_length_is_read_and_given_as_it_flows() -> None:
    sent = [bytes([place]) * 300_000 for place in range(10)]
    assert body(ask(echo, sent, **FILE)) == b"".join(sent)


def test_an_answer_without_a_body_still_starts_and_ends() -> None:
    def empty(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("204 No Content", [])
        return []

    out = ask(empty, [b""])
    assert [message["type"] for message in out] == ["http.response.start", "http.response.body"]
    assert out[0]["status"] == 204


def test_the_page_sees_the_request_as_it_came() -> None:
    seen: dict[str, Any] = {}

    def look(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start("200 OK", [])
        return [b""]

    headers = [(b"host", b"es-cgi.localhost:1"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"content-type", b"text/plain"),
               (b"x_forwarded_for", b"9.9.9.9"), (b"accept", b"a"), (b"accept", b"b")]  # fmt: skip
    ask(look, [b""], headers=headers)
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/a/é"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"
    assert seen["HTTP_ACCEPT"] == "a,b"
    assert seen["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_X_FORWARDED_FOR" not in seen
    assert (seen["QUERY_STRING"], seen["REMOTE_ADDR"], seen["REQUEST_METHOD"]) == ("q=1", "127.0.0.1", "POST")


def refused(application: Any, receive: Callable[[], Awaitable[dict[str, Any]]], **values: Any) -> int:
    """The status of an answer that no page made."""

    def never(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        raise AssertionError("a page runs")

    out: Messages = []

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    asyncio.run(PageServer(application or never, threads=1)(scope(**values), receive, send))  # type: ignore[arg-type]
    return int(out[0]["status"])


def test_more_than_the_most_is_refused_before_a_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WHOLE", 1_000)
    out = ask(echo, [b"x" * 600, b"x" * 600])
    assert out[0]["status"] == 413


@pytest.mark.parametrize(
    ("values", "most"),
    [
        ({}, bodies.WHOLE),
        (FILE | {"headers": FILE["headers"][1:]}, bodies.WHOLE),
        ({"headers": [COOKIE]}, bodies.FORM),
        (FILE | {"path": "/sign-in/"}, bodies.FORM),
        (
            {"path": "/files/add/", "headers": [COOKIE, (b"content-type", b"application/x-www-form-urlencoded")]},
            bodies.FORM,
        ),
        (FILE, bodies.MOST),
    ],
    ids=["nobody", "nobody's file", "form", "file elsewhere", "form instead of a file", "file"],
)
@pytest.mark.parametrize("says", [True, False])
def test_how_long_a_body_may_be_depends_on_who_sends_it_where(values: dict[str, Any], most: int, says: bool) -> None:
    """Nothing is read of one that says so itself; of another, no more than that."""
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        assert not says
        read += 65_536
        return {"type": "http.request", "body": bytes(65_536), "more_body": True}

    told = [(b"content-length", str(most + 1).encode())] if says else []
    asked = values | {"headers": [*values.get("headers", []), *told]}
    if most == bodies.MOST and not says:
        with pytest.raises(bodies.TooLargeError):  # a page reads it, and is told
            refused(lambda environ, start: [environ["wsgi.input"].read()], receive, **asked)
    else:
        assert refused(None, receive, **asked) == 413
    assert read <= most + 65_536


def test_who_sends_nothing_more_holds_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.05)

    async def silent() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    assert refused(None, silent) == 408


@pytest.mark.parametrize("values", [{}, {"headers": [COOKIE]}, FILE], ids=["nobody", "form", "file"])
def test_who_sends_byte_after_byte_is_not_listened_to_for_long(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    pieces = 0

    async def byte() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    assert refused(None, byte, **values) == 408
    assert pieces <= 11


def test_who_sends_slowly_but_steadily_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    left = 20

    async def steady() -> dict[str, Any]:
        nonlocal left
        left -= 1
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": bytes(8_192), "more_body": left > 0}

    out: Messages = []

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    asyncio.run(PageServer(echo, threads=1)(scope(), steady, send))  # type: ignore[arg-type]
    assert len(body(out)) == 20 * 8_192


def test_files_that_come_slowly_hold_no_page() -> None:
    """All threads for files wait for one; a page is made meanwhile."""
    assert while_held(echo, {**FILE}, [bytes(300_000)])


def test_answers_that_nobody_takes_hold_no_page() -> None:
    """Of static files and pages, and of a file that is made as it leaves: the threads are free, but for those of files."""
    assert while_held(echo, {}, [b"x", b""], taken=False)

    def endless(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        start("200 OK", [])
        while environ["PATH_INFO"] != "/":
            yield bytes(300_000)

    assert while_held(endless, {"path": "/files/x/content/", "headers": [COOKIE]}, [b""], taken=False)


class Line:
    """The connection of a browser, as far as we are concerned with it."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


def while_held(application: Any, values: dict[str, Any], pieces: list[bytes], *, taken: bool = True) -> bool:
    """Whether a page is made while two requests send no more, or take no answer, at a server with one thread of each kind."""

    async def held(server: PageServer) -> None:
        waiting = list(pieces)

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": waiting.pop(0), "more_body": taken or bool(waiting)}

        async def send(message: dict[str, Any]) -> None:
            if not taken:
                await asyncio.sleep(60)

        await server(scope(**values), receive, send)  # type: ignore[arg-type]

    async def run() -> bool:
        server = PageServer(application, threads=1, flowing=1)
        rude = [asyncio.create_task(held(server)) for _ in range(2)]
        await asyncio.sleep(0.2)
        out: Messages = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            out.append(message)

        try:
            async with asyncio.timeout(20):
                await server(scope(path="/"), receive, send)  # type: ignore[arg-type]
        finally:
            assert not any(one.done() for one in rude)
            for one in asyncio.all_tasks() - {asyncio.current_task()}:
                one.cancel()
        return out[0]["status"] == 200 and not out[-1]["more_body"]

    return asyncio.run(run())


@pytest.mark.parametrize("long", [False, True])
def test_who_takes_no_answer_loses_the_connection(monkeypatch: pytest.MonkeyPatch, long: bool) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.05)
    line, closed, given = Line(), threading.Event(), 0
    told: Messages = []

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(1_000 if long else 1):
                nonlocal given
                given += 1
                yield bytes(300_000)

        def close(self) -> None:
            closed.set()

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Answer:
        start("200 OK", [])
        return Answer()

    async def receive() -> dict[str, Any]:
        told.append({"type": "http.disconnect"} if told else {"type": "http.request", "body": b"", "more_body": False})
        return told[-1]

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(60)

    asked = scope(path="/files/x/content/", headers=[COOKIE], extensions={LINE: {"transport": line}})
    asyncio.run(PageServer(answering, threads=1)(asked, receive, send))  # type: ignore[arg-type]
    assert line.aborted
    assert closed.is_set()
    assert given <= 4
    assert told[-1]["type"] == "http.disconnect"  # else the web server would log a fault of ours


def test_an_answer_to_a_browser_that_left_is_not_made_to_its_end() -> None:
    line, given = Line(), 0

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        nonlocal given
        start("200 OK", [])
        for _ in range(1_000):
            given += 1
            yield bytes(300_000)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        line.aborted = given > 8

    asked = scope(path="/files/x/content/", extensions={LINE: {"transport": line}})
    asyncio.run(PageServer(answering, threads=1)(asked, receive, send))  # type: ignore[arg-type]
    assert given <= 11


def views(patterns: list[Any], before: str = "/") -> Iterator[tuple[str, Any]]:
    """Every page, by its address with something in each gap."""
    for one in patterns:
        here = before + "".join("x" if place % 2 else part for place, part in enumerate(_GAP.split(str(one.pattern))))
        if isinstance(one, URLResolver):
            yield from views(one.url_patterns, here)
        elif isinstance(one, URLPattern):
            yield here, one.callback


_GAP = re.compile("(<[^>]+>)")


def test_files_flow_to_exactly_those_pages_that_know_the_visitor_before_they_read() -> None:
    """A view that Django asks for no token before it runs asks itself, after the rule of the page was judged."""
    flowing = {
        path
        for path, _ in views(get_resolver("tansiq.node.urls").url_patterns)
        if bodies.flows(scope(**FILE | {"path": path}))  # type: ignore[arg-type]
    }
    exempt = {
        path
        for path, view in views(get_resolver("tansiq.node.urls").url_patterns)
        if getattr(view, "csrf_exempt", False)
    }
    assert flowing == exempt == {"/files/add/", "/cases/x/add-file/", "/channels/courier/take/"}


def test_a_part_of_a_courier_file_flows_as_bytes_alone() -> None:
    path = reverse("courier-part", "tansiq.node.urls")
    for kind, flows in ((b"application/octet-stream", True), (b"application/x-www-form-urlencoded", False), (b"multipart/form-data", False)):  # fmt: skip
        asked = scope(path=path, headers=[COOKIE, (b"content-type", kind)])
        assert bodies.flows(asked) is flows  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["file-show", "file-content", "courier-make"])
def test_a_page_whose_answer_is_made_as_it_leaves_has_the_threads_of_files(name: str) -> None:
    path = reverse(name, "tansiq.node.urls", args=("x",))
    assert bodies.takes_its_time(scope(path=path, headers=[COOKIE]))  # type: ignore[arg-type]
    assert not bodies.takes_its_time(scope(path=path))  # type: ignore[arg-type]


def test_who_leaves_before_the_body_is_whole_gets_no_page() -> None:
    assert ask(echo, [b"x", None])[0]["status"] == 408


def test_an_application_is_told_when_its_answer_is_done() -> None:
    closed = threading.Event()

    class Answer(list[bytes]):
        def close(self) -> None:
            closed.set()

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Answer:
        start("200 OK", [])
        return Answer([b"a", b"b"])

    assert body(ask(answering, [b""])) == b"ab"
    assert closed.is_set()


def test_what_is_no_request_is_not_answered() -> None:
    async def lifespan() -> None:
        async def nothing(*_: Any) -> Any:
            pytest.fail("nothing is asked")

        await PageServer(echo)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type, typeddict-item]

    asyncio.run(lifespan())


@pytest.mark.parametrize(
    ("values", "origin", "hosts", "secure", "believes"),
    [
        ({}, "", ["localhost"], False, False),
        ({"pages": "127.0.0.1:8000"}, "http://127.0.0.1:8000", ["127.0.0.1", "[::1]", ".localhost"], False, False),
        (
            {"pages": "127.0.0.1:8000", "pages_address": "https://mesa.example/"},
            "https://mesa.example",
            ["mesa.example"],
            True,
            True,
        ),
        ({"pages": "10.0.0.1:443", "pages_certificate": "c.pem"}, "https://10.0.0.1:443", ["10.0.0.1"], True, False),
    ],
)
def test_the_pages_know_their_address(
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, str],
    origin: str,
    hosts: list[str],
    secure: bool,
    believes: bool,
    tmp_path: Any,
) -> None:
    names = ("ALLOWED_HOSTS", "LANGUAGE_CODE", "LANGUAGE_COOKIE_NAME", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS",
             "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_PROXY_SSL_HEADER", "CSRF_TRUSTED_ORIGINS", "BEHIND_PROXY")  # fmt: skip
    for name in names:
        monkeypatch.setattr(settings, name, getattr(settings, name))
    home = Home(path=tmp_path, agency="es.cgi", **values)  # type: ignore[arg-type]
    bind_site(home)
    assert home.pages_origin == origin
    assert hosts == settings.ALLOWED_HOSTS
    assert settings.CSRF_COOKIE_SECURE is settings.SESSION_COOKIE_SECURE is secure
    assert bool(settings.SECURE_HSTS_SECONDS) is secure
    assert bool(settings.SECURE_PROXY_SSL_HEADER) is believes
    assert settings.BEHIND_PROXY is believes
    assert settings.LANGUAGE_COOKIE_NAME == "tansiq-es-cgi-language"
