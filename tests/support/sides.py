"""Browsers of officers of both nodes, for tests of pages in this process: each is used with its node bound.

with side as browser:
    browser.get("/")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from support.browsing import Browser
from support.node import Clock, Node
from tansiq.node.site import bind_site

__all__ = ["Desks", "Side", "sides"]

LANGUAGES = {"ES": "es", "MA": "ar"}


@dataclass(slots=True)
class Side:
    """A node and a browser of one of its officers."""

    node: Node
    browser: Browser

    def __enter__(self) -> Browser:
        self.node.use()
        bind_site(self.node.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        return self.browser

    def __exit__(self, *_: object) -> None:
        pass


Desks = Callable[[str], Side]


def sides(node_of: Callable[[str], Node], clock: Clock) -> Desks:
    """Somebody's browser by service number, in the language of the state, signed in when it is asked for the first time."""
    known: dict[str, Side] = {}

    def desk(number: str) -> Side:
        if number not in known:
            language = LANGUAGES[number[:2]]
            side = Side(node_of(number), Browser(language=language))
            with side as browser:
                browser.sign_in(number, clock=clock)
                browser.post("/choose/", {"language": language, "next": "/"})
            known[number] = side
        return known[number]

    return desk
