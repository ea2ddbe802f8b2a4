"""The names of agencies in templates: ``{% agency "ma.dgst" %}``, in the reader's language, isolated.

Invariant: a template reads each agency's document once.
"""

from __future__ import annotations

from typing import Any, cast

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from tansiq.directory.names import AgencyNames
from tansiq.web.templatetags.tansiq import language_of

__all__ = ["agency", "register"]

register = template.Library()


@register.simple_tag(takes_context=True)
def agency(context: Context, identifier: str) -> SafeString:
    """The name of an agency."""
    names: AgencyNames = cast(dict[str, Any], context.render_context).setdefault(
        "agencies", AgencyNames(language_of(context))
    )
    return names.of(identifier)
