"""The names of agencies in templates: ``{% agency "ma.dgst" %}``, in the reader's language, isolated.

Invariant: a template reads each agency's document once; an agency that is not known is called by its identifier.
"""

from __future__ import annotations

from typing import Any, cast

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from tansiq.directory.queries import current_directory
from tansiq.errors import NotFound
from tansiq.web.markup import reference, written
from tansiq.web.templatetags.tansiq import language_of

__all__ = ["agency", "register"]

register = template.Library()


def _name(identifier: str, language: str) -> str:
    try:
        names = current_directory(identifier).names
    except NotFound:
        return ""
    return names.get(language) or names.get("en") or next(iter(names.values()), "")


@register.simple_tag(takes_context=True)
def agency(context: Context, identifier: str) -> SafeString:
    """The name of an agency."""
    known = cast(dict[str, Any], context.render_context).setdefault("agencies", {})
    if identifier not in known:
        known[identifier] = _name(identifier, language_of(context))
    return written(known[identifier]) if known[identifier] else reference(identifier, whole=True)
