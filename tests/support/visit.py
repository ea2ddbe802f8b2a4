"""A browser for tests of a running node: plain HTTP to its pages, cookies kept, forms sent with their token.

    anna = Visit("127.0.0.1:8080", host="es-cgi.localhost:8080")
    anna.sign_in("ES-4017", passphrase, factor)

Invariant: it reaches this machine alone, and knows of a page only what stands in it.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import http.cookies
import re
import struct
import time
from urllib.parse import urlencode

__all__ = ["Visit", "totp"]


def totp(secret: str, *, now_s: int) -> str:
    """What an authenticator shows (RFC 6238), written apart from the program that checks it."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", now_s // 30), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


class Visit:
    """Somebody at the pages of one node."""

    def __init__(self, address: str, *, host: str = "") -> None:
        self._address, self._host = address, host or address
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, where one is led, and the page."""
        headers = {"Host": self._host, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self._address, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode("utf-8", "replace")
            for line in answer.headers.get_all("Set-Cookie") or []:
                for name, morsel in http.cookies.SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return answer.status, answer.headers.get("Location", ""), page
        finally:
            connection.close()

    def send(self, path: str, **form: str) -> tuple[int, str, str]:
        """Opens the page, and sends its form."""
        _, _, page = self.ask("GET", path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, f"{path} has no form: {page[:300]}"
        return self.ask("POST", path, {**form, "csrfmiddlewaretoken": token[1]})

    def sign_in(self, number: str, passphrase: str, factor: str) -> None:
        """Both steps; waits for the next code when one was used a moment ago."""
        status, place, page = self.send("/sign-in/", number=number, passphrase=passphrase)
        assert (status, place) == (302, "/sign-in/code/"), page
        for _ in range(4):
            status, place, page = self.send("/sign-in/code/", code=totp(factor, now_s=int(time.time())))
            if status == 302:
                return
            time.sleep(10)
        raise AssertionError(page)
