"""The word that this room's templates use beside those of the frame.

{% person number names %}   an officer: the service number and, where it is kept, the name
"""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

__all__ = ["person", "register"]

register = template.Library()


@register.simple_tag
def person(number: str, names: Mapping[str, str]) -> SafeString:
    """An officer in a list."""
    name = names.get(number, "")
    shown = format_html('<bdi class="ref" dir="ltr">{}</bdi>', number)
    return format_html('{} <bdi dir="auto">{}</bdi>', shown, name) if name else shown
