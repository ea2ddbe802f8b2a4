"""A browser for tests of pages, in this process: signs in through the pages, as a person does.

    anna = Browser()
    anna.sign_in("ES-4017", PASSPHRASE, clock=clock)     # sets up the second factor the first time
    anna.get("/account/")

Invariant: nothing is put into a session from outside; what a browser holds it got by the pages.
"""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from support.node import PASSPHRASE, Clock
from tansiq.accounts.factors import code_now

__all__ = ["Browser"]


class Browser:
    """A browser with its cookies. ``secret`` is the authenticator's, ``codes`` the recovery codes, once they were set up."""

    def __init__(self, *, language: str = "en", agent: str = "Firefox/140") -> None:
        self.client = Client(headers={"accept-language": language, "user-agent": agent}, enforce_csrf_checks=True)
        self.secret = ""
        self.codes: list[str] = []

    def get(self, path: str, **more: Any) -> Any:
        """A page."""
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        """What a form sends, with its token; when there is none yet, the sign-in page gives one."""
        token = next((cookie.value for name, cookie in self.client.cookies.items() if name.endswith("-form")), "")
        if not token:
            self.get("/sign-in/")
            token = next(cookie.value for name, cookie in self.client.cookies.items() if name.endswith("-form"))
        return self.client.post(path, {**(data or {}), "csrfmiddlewaretoken": token}, **more)

    def passphrase(self, number: str, passphrase: str = PASSPHRASE, **more: Any) -> Any:
        """The first step."""
        return self.post("/sign-in/", {"number": number, "passphrase": passphrase, **more})

    def code(self, *, clock: Clock) -> str:
        """What the authenticator shows; the clock moves on a step first, for a code is taken once."""
        clock.advance(seconds=30)
        return code_now(self.secret, now_ms=clock())

    def sign_in(self, number: str, passphrase: str = PASSPHRASE, *, clock: Clock) -> Any:
        """All steps; the first time with setting up the second factor and the drill. Returns the last answer."""
        answer = self.passphrase(number, passphrase)
        assert answer.status_code == 302, answer.content.decode()
        if answer["Location"] == "/set-up/":
            return self.set_up(clock=clock)
        return self.post(answer["Location"], {"code": self.code(clock=clock)})

    def set_up(self, *, clock: Clock) -> Any:
        """Sets up the authenticator, reads the recovery codes and does the drill."""
        page = self.get("/set-up/").content.decode()
        found = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
        assert found is not None
        self.secret = found[1].replace(" ", "")
        answer = self.post("/set-up/", {"code": self.code(clock=clock)})
        assert answer.status_code == 302, answer.content.decode()
        page = html.unescape(self.get("/set-up/codes/").content.decode())
        self.codes = [one.replace(" ", "") for one in re.findall(r"<li><bdi[^>]*>(\d{4} \d{4})</bdi>", page)]
        assert len(self.codes) == 10
        return self.post("/set-up/codes/", {"code": self.codes[0]})
