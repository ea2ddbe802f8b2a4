"""The process of the pages: bodies of any size in flat memory, slow and rude clients, many requests at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tansiq.node import pages
from tansiq.node.home import Home
from tansiq.node.pages import PageServer
from tansiq.node.site import bind_site

Messages = list[dict[str, Any]]


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


@pytest.mark.parametrize(
    "pieces", [[b""], [b"abc"], [b"a", b"", b"bc"], [b"x" * 70_000] * 9, [b"x" * 300_000, b"", b"y"]]
)
def test_a_body_reaches_the_page_whole_and_comes_back(pieces: list[bytes]) -> None:
    out = ask(echo, pieces)
    assert out[0]["status"] == 200
    assert body(out) == b"".join(pieces)
    assert [message.get("more_body", False) for message in out[1:]] == [True] * (len(out) - 2) + [False]


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


def test_more_than_the_most_is_refused_before_a_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST", 1_000)
    out = ask(echo, [b"x" * 600, b"x" * 600])
    assert out[0]["status"] == 413


def test_who_sends_nothing_more_holds_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_PATIENCE", 0.05)
    waiting = threading.Event()

    def never(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        waiting.set()
        return []

    async def silent() -> Messages:
        out: Messages = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            return {}

        async def send(message: dict[str, Any]) -> None:
            out.append(message)

        await PageServer(never, threads=1)(scope(), receive, send)  # type: ignore[arg-type]
        return out

    out = asyncio.run(silent())
    assert out[0]["status"] == 408
    assert not waiting.is_set()


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
    from django.conf import settings

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
