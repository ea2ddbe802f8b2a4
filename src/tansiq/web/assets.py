"""The files that pages load: style, script, typefaces and signs, served by the node itself from the package.

Invariant: every address holds a digest of all of them, so that a browser may keep a file for ever and still never shows an
old one beside a new one; nothing else than these files is served, and no step of collecting them is needed.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

__all__ = ["AssetsMiddleware", "asset", "asset_files"]

_PREFIX: Final = "/static/"
_HTMX: Final = "htmx.js"
_SERVED: Final = frozenset({".css", ".js", ".svg", ".woff2", ".txt"})


@functools.cache
def asset_files() -> dict[str, Path]:
    """Name → file of all that pages may load."""
    root = Path(str(resources.files("tansiq.web"))) / "static" / "web"
    found = {
        path.relative_to(root).as_posix(): path
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix in _SERVED
    }
    found[_HTMX] = Path(str(resources.files("django_htmx"))) / "static" / "django_htmx" / "htmx-2.min.js"
    return found


@functools.cache
def _digest() -> str:
    total = hashlib.sha256()
    for name, path in asset_files().items():
        total.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def asset(name: str) -> str:
    """The address of the file ``name``. Raises KeyError when there is none (a defect), except for a typeface."""
    if name not in asset_files():
        raise KeyError(name)
    return f"{_PREFIX}{_digest()}/{name}"


class AssetsMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # it ships no types
    """Serves `asset_files`, and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        for name, path in asset_files().items():
            self.add_file_to_dictionary(asset(name), str(path))

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Every address holds the digest."""
        return True
