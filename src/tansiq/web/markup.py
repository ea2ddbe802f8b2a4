"""Words that need markup, for code that makes rows and facts; templates say the same with tags.

Invariant: what comes in is escaped, what goes out is safe; a reference keeps its own direction wherever it stands.
"""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from tansiq.web.languages import direction_of

__all__ = ["reference", "written"]

_SHORT: Final = 18


def reference(identifier: object, *, whole: bool = False) -> SafeString:
    """A reference: monospaced, left to right; a long one shortened, whole in its title."""
    told = str(identifier)
    if whole or len(told) <= _SHORT:
        return format_html('<bdi class="ref" dir="ltr">{}</bdi>', told)
    return format_html('<bdi class="ref" dir="ltr" title="{}">{}…{}</bdi>', told, told[:8], told[-4:])


def written(text: object, language: str = "") -> SafeString:
    """What a person wrote, isolated, in its own direction and said to be in its language."""
    if not language:
        return format_html('<bdi dir="auto">{}</bdi>', text)
    return format_html('<bdi lang="{}" dir="{}">{}</bdi>', language, direction_of(language), text)
