"""People at their desks: real browsers at the pages of two real nodes, each signed in as somebody of the demonstration's cast.

Invariant: everything goes through the pages, as a person does it. Pictures of what was seen are kept (``build/pictures``) where they are
wanted: ``PICTURES=1``, which `make e2e` and `make pictures` set.
"""

from __future__ import annotations

import os
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright

from tansiq.demo.cast import Person
from tansiq.demo.stage import Node

__all__ = [
    "PATIENCE_MS",
    "PICTURES",
    "RULES",
    "Desk",
    "Fetched",
    "a_browser",
    "axe_faults",
    "keep",
    "narrow_faults",
    "settled",
    "soon",
]

PICTURES: Final = Path("build/pictures")
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_PATIENCE_SECONDS: Final = 120.0
PATIENCE_MS: Final = int(_PATIENCE_SECONDS * 1000)
"""So long a browser waits for what it is asked to do and for what it is asked to see: it waits no longer than it must."""
_STEP_SECONDS: Final = 30
_used: Final[dict[tuple[str, str], int]] = {}
"""The step of the code that somebody used last, by the node and the number: a code is taken once."""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's chromium, which looks for nothing beyond this machine."""
    options = [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path="/usr/bin/chromium", args=options, timeout=PATIENCE_MS)
        yield opened
        opened.close()


def soon(ready: Callable[[], Any], *, what: str, seconds: float = _PATIENCE_SECONDS) -> Any:
    """What ``ready`` returns as soon as it is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := ready():
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited in vain: {what}")


def settled(page: Page) -> None:
    """Waits until the page looks as it will: its fonts are there, and what fades has faded."""
    page.evaluate(
        "document.fonts.ready.then(() => Promise.allSettled(document.getAnimations().map(one => one.finished)))"
    )


def keep(seen: Page | Locator, path: Path, *, whole: bool = False) -> None:
    """Keeps a picture of it where pictures are wanted; ``whole``: of the whole page, not of what stands in the window."""
    if os.environ.get("PICTURES"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(seen, Page):
            seen.screenshot(path=path, full_page=whole)
        else:
            seen.screenshot(path=path)


def axe_faults(page: Page) -> list[str]:
    """What axe finds wrong on the page, by the rules of WCAG 2.2 AA and good practice."""
    settled(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "options => axe.run(options).then(found => found.violations)",
        {"runOnly": RULES, "resultTypes": ["violations"]},  # what else it finds it need not write down
    )
    return [f"{page.url} {one['id']}: {[' '.join(node['target']) for node in one['nodes'][:3]]}" for one in found]


def narrow_faults(page: Page, name: str) -> list[str]:
    """What is wrong with a page in a narrow window."""
    wide = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    found = [f"{name}: {one}" for one in axe_faults(page)]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append(f"{name} scrolls sideways")
    if wide:
        page.set_viewport_size(wide)
    return found


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of a node: ``path`` is where the last redirect led."""

    status: int
    path: str
    headers: dict[str, str]
    text: str


class Desk:
    """Somebody at a desk, signed in; ``page`` is what the browser shows."""

    def __init__(self, browser: Browser, node: Node, number: str, *, ahead_ms: int = 0, **options: Any) -> None:
        self.node = node
        self.ahead_seconds = ahead_ms // 1000
        self.person: Person = next(one for one in node.member.people if one.number == number)
        self.language = node.member.language
        self.failures: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=node.home.pages_address,
            locale={"es": "es-ES", "ar": "ar-MA"}[self.language],
            viewport=options.pop("viewport", {"width": 1360, "height": 900}),
            **options,
        )
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Another tab."""
        return self.watch(self.context.new_page())

    def watch(self, page: Page) -> Page:
        """A tab on which nothing may fail and nothing be loaded from elsewhere."""
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        page.on("request", self._asked)
        return page

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.node.home.pages_address):
            self.failures.append(request.url)

    def code(self) -> str:
        """What the person's authenticator shows: the next code where this one was used, which a node takes as well, since clocks differ;
        it is waited for where that too was used.
        """
        present = int(time.time() + self.ahead_seconds) // _STEP_SECONDS
        place = (self.node.home.pages_address, self.person.number)
        step = max(present, _used.get(place, 0) + 1)
        if step > present + 1:
            time.sleep((step - 1) * _STEP_SECONDS - self.ahead_seconds - time.time() + 0.5)
        _used[place] = step
        return TOTP(b32decode(self.person.factor), 6, SHA1(), _STEP_SECONDS).generate(step * _STEP_SECONDS).decode()

    def sign_in(self, page: Page | None = None) -> Desk:
        """By the pages: number and passphrase, then the code."""
        page = page or self.page
        page.goto("/sign-in/")
        page.fill("input[name=number]", self.person.number)
        page.fill("input[name=passphrase]", self.person.passphrase)
        page.click("main form button.first")
        page.wait_for_url("**/sign-in/code/")
        page.fill("input[name=code]", self.code())
        page.click("main form button.first")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return self

    def sign_out(self) -> None:
        """Ends the session."""
        self.page.locator("form[action='/sign-out/'] button").first.click()

    def open(self, path: str) -> Page:
        """A page of this node."""
        self.page.goto(path)
        return self.page

    def fetch(self, path: str) -> Fetched:
        """What the node answers to this browser, redirects followed, without showing it."""
        told = self.page.evaluate(
            """async path => {
                const answer = await fetch(path);
                return [answer.status, new URL(answer.url).pathname, Object.fromEntries(answer.headers), await answer.text()];
            }""",
            path,
        )
        return Fetched(*told)

    def by_text(self, words: str) -> Locator:
        """Where these words stand in what is read."""
        return self.page.locator("main", has_text=words)

    def shot(self, name: str, *, view: bool = False) -> Path:
        """Where a picture of that name is kept; ``view``: of what stands in the window, not of the whole page."""
        folder = PICTURES / "view" / self.language if view else PICTURES / self.language
        return folder / f"{name}.png"

    def picture(self, name: str) -> None:
        """Keeps a picture of the whole page and of its window; what is wrong with it is among the failures of the desk."""
        settled(self.page)
        keep(self.page, self.shot(name), whole=True)
        self.page.evaluate("scrollTo(0, 0)")
        keep(self.page, self.shot(name, view=True))
        self.failures += [f"{name}: {fault}" for fault in axe_faults(self.page)]
        if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            self.failures.append(f"{name} scrolls sideways")

    def told(self) -> list[str]:
        """What failed on the pages since this was asked last."""
        found, self.failures[:] = list(self.failures), []
        return found

    def close(self) -> None:
        """The browser is closed; nothing on its pages may have failed or have been loaded from elsewhere."""
        self.context.close()
        assert not self.failures, self.failures
