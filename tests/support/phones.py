"""Telephones: what somebody at a desk sees on 390 pixels, by the same session.

Invariant: each picture that is kept has passed axe, and nothing on it stands wider than the telephone.
"""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize

from support.desks import PICTURES, Desk, axe_faults, keep, settled

__all__ = ["PHONE", "Phone"]

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


class Phone:
    """Somebody's telephone: the same session as at the desk, 390 pixels wide."""

    def __init__(self, browser: Browser, desk: Desk) -> None:
        self.desk = desk
        self.context = browser.new_context(
            base_url=desk.node.home.pages_address,
            storage_state=desk.context.storage_state(),
            locale={"es": "es-ES", "ar": "ar-MA"}[desk.language],
            viewport=PHONE,
            has_touch=True,
        )
        self.page = desk.watch(self.context.new_page())

    def open(self, path: str) -> Page:
        """A page of this person's node."""
        self.page.goto(path)
        return self.page

    def picture(self, name: str) -> None:
        """Keeps pictures of it where they are wanted; nothing may stand wider than the telephone or be closed to anybody."""
        folder = PICTURES / "phone" / self.desk.language
        settled(self.page)
        keep(self.page, folder / f"{name}.png", whole=True)
        keep(self.page, folder / f"{name}-view.png")
        faults = axe_faults(self.page)
        assert not faults, "\n".join(faults)
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
