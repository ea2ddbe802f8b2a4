"""A photograph for tests, drawn by the browser itself: a real JPEG of nobody."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Browser

__all__ = ["a_photograph"]

_DRAWN: Final = """<body style="margin:0;background:#cfd8d3"><svg width="420" height="300" viewBox="0 0 420 300">
<rect width="420" height="300" fill="#dfe6e1"/><rect x="24" y="24" width="372" height="252" rx="8" fill="#f5f7f4" stroke="#7c8f86"/>
<rect x="44" y="52" width="110" height="140" fill="#b9c7c0"/><circle cx="99" cy="104" r="30" fill="#8fa39a"/>
<path d="M55 192 q44 -66 88 0z" fill="#8fa39a"/><g fill="#9fb0a8"><rect x="176" y="58" width="190" height="12"/>
<rect x="176" y="86" width="150" height="12"/><rect x="176" y="114" width="172" height="12"/><rect x="176" y="142" width="96" height="12"/>
<rect x="44" y="216" width="332" height="10"/><rect x="44" y="240" width="332" height="10"/></g></svg></body>"""


def a_photograph(browser: Browser) -> bytes:
    """A document that nobody has, as a camera would have taken it."""
    page = browser.new_page(viewport={"width": 420, "height": 300})
    page.set_content(_DRAWN)
    taken = page.screenshot(type="jpeg", quality=80)
    page.close()
    return taken
