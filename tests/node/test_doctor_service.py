"""The doctor on pages, typefaces, metrics and messages: each fault is named, and what nobody asked for is none."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.node import Node, Nodes
from tansiq.exchange.context import system_clock
from tansiq.node import doctor_service
from tansiq.node.certificate import make_certificate
from tansiq.node.checks import DAY_MS, Check, Patient
from tansiq.node.doctor_service import check_fonts, check_metrics, check_notices, check_pages
from tansiq.node.home import Home
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage


@pytest.fixture
def home(node: Nodes) -> Home:
    made: Node = node("es.cgi")
    return made.home


def told(examination: Any, home: Home, now_ms: int | None = None) -> list[Check]:
    found = list(examination(Patient(home, now_ms or system_clock())))
    for check in found:
        for language in LANGUAGES:
            assert check.title(language)
            assert check.what(language)
            assert check.state == "ok" or check.cure(language)
    return found


def codes(examination: Any, home: Home, now_ms: int | None = None) -> list[tuple[str, str]]:
    return [(check.state, check.code) for check in told(examination, home, now_ms)]


@contextmanager
def pages(status: int = 200) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/live" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_service, "is_running", lambda home: True)


def test_a_node_without_pages_is_as_somebody_wanted_it(home: Home) -> None:
    assert codes(check_pages, home) == [("ok", "pages-none")]
    assert codes(check_fonts, home) == []
    assert codes(check_notices, home) == [("ok", "notices-none")]
    assert codes(check_metrics, home) == [("ok", "metrics-none")]


@pytest.mark.usefixtures("running")
def test_pages_that_answer_are_well_and_others_are_not(home: Home) -> None:
    with pages() as address:
        assert codes(check_pages, replace(home, pages=address)) == [("ok", "pages-ok")]
    assert codes(check_pages, replace(home, pages=address)) == [("fail", "pages-silent")]
    with pages(status=500) as address:
        [check] = told(check_pages, replace(home, pages=address))
    assert (check.code, check.values["reason"]) == ("pages-silent", "500")


def test_a_node_that_stands_still_has_silent_pages_without_fault(home: Home) -> None:
    assert codes(check_pages, replace(home, pages="127.0.0.1:9")) == [("ok", "pages-waiting")]


@pytest.mark.parametrize(
    ("values", "clear"),
    [
        ({"pages": "0.0.0.0:8080"}, True),
        ({"pages": "192.0.2.7:8080"}, True),
        ({"pages": "127.0.0.1:8080", "pages_address": "http://desk.interior.example"}, True),
        ({"pages": "127.0.0.1:8080", "pages_address": "https://desk.interior.example"}, False),
        ({"pages": "127.0.0.1:8080", "pages_address": "http://es-cgi.localhost:8080"}, False),
        ({"pages": "[::1]:8080"}, False),
    ],
)
def test_pages_that_leave_the_machine_in_clear_are_a_fault(home: Home, values: dict[str, str], clear: bool) -> None:
    assert (("fail", "pages-clear") in codes(check_pages, replace(home, **values))) is clear  # type: ignore[arg-type]


def test_the_certificate_of_the_pages_is_looked_at(home: Home, tmp_path: Path) -> None:
    now_ms = system_clock()
    certificate, private = make_certificate("es.cgi", ["127.0.0.1"], now_ms=now_ms)
    file, key = tmp_path / "pages.pem", tmp_path / "pages.key"
    file.write_text(ssl.DER_cert_to_PEM_cert(certificate), encoding="ascii")
    key.write_bytes(private)
    settings = replace(home, pages="0.0.0.0:8443", pages_certificate=str(file), pages_key=str(key))
    assert codes(check_pages, settings) == [("ok", "pages-waiting")]
    assert codes(check_pages, settings, now_ms + 810 * DAY_MS) == [("warn", "pages-certificate-soon")]
    assert codes(check_pages, settings, now_ms + 900 * DAY_MS) == [("fail", "pages-certificate-soon")]
    other = tmp_path / "other.key"
    other.write_bytes(make_certificate("es.cgi", ["127.0.0.1"], now_ms=now_ms)[1])
    for wrong in (
        {"pages_key": str(other)},
        {"pages_certificate": str(tmp_path / "none.pem")},
        {"pages_certificate": str(key)},
    ):
        assert codes(check_pages, replace(settings, **wrong)) == [("fail", "pages-certificate")]


def test_typefaces_are_here_or_the_cure_is_told(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = replace(home, pages="127.0.0.1:9")
    monkeypatch.setattr(doctor_service.resources, "files", lambda _package: tmp_path)
    assert codes(check_fonts, settings) == [("warn", "fonts-missing")]
    folder = tmp_path / "static" / "web" / "fonts"
    folder.mkdir(parents=True)
    for name in doctor_service._FONTS:
        (folder / f"{name}.woff2").touch()
    assert codes(check_fonts, settings) == [("ok", "fonts-ok")]


def test_metrics_are_where_they_should_be(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(check_metrics, replace(home, metrics="0.0.0.0:9464")) == [("fail", "metrics-wrong")]
    assert codes(check_metrics, replace(home, metrics="127.0.0.1:9")) == [("ok", "metrics-ok")]
    monkeypatch.setattr(doctor_service, "is_running", lambda home: True)
    with pages() as address:
        assert codes(check_metrics, replace(home, metrics=address)) == [("ok", "metrics-ok")]
    assert codes(check_metrics, replace(home, metrics=address)) == [("fail", "metrics-silent")]
    assert codes(check_metrics, replace(home, metrics="unix:/nowhere/metrics.sock")) == [("fail", "metrics-silent")]


def test_messages_are_set_up_tried_failing_or_wrong(home: Home) -> None:
    assert codes(check_notices, replace(home, pages="127.0.0.1:9")) == [("warn", "notices-none")]
    assert codes(check_notices, replace(home, mail="http://x")) == [("fail", "notices-wrong")]
    settings, now_ms = replace(home, notify_command=("/bin/true",)), system_clock()
    assert codes(check_notices, settings) == [("ok", "notices-untried")]
    waiting = {
        "officer": "ES-4017",
        "post": "es.cgi/head",
        "code": "notice.due",
        "urgent": False,
        "since_ms": 0,
        "next_ms": 0,
    }
    for standing, code in (
        ({"waiting": [], "succeeded_ms": now_ms - 7_200_000}, ("ok", "notices-ok")),
        ({"waiting": [waiting | {"tries": 0}], "succeeded_ms": now_ms}, ("ok", "notices-ok")),
        ({"waiting": [waiting | {"tries": 2}], "succeeded_ms": now_ms}, ("warn", "notices-failing")),
        (
            {"waiting": [], "succeeded_ms": 1, "failed_ms": 2, "reason": "node.notice-refused"},
            ("warn", "notices-failing"),
        ),
    ):
        (home.data / "notices.json").write_text(json.dumps(standing), encoding="utf-8")
        assert codes(check_notices, settings) == [code]
        assert "ES-4017" not in "".join(check.what("en") for check in told(check_notices, settings))
