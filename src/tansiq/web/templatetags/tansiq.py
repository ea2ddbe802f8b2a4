"""The words that templates use: texts, codes, moments, deadlines, references, words that people wrote, addresses of files.

    {% t "room.key" name=value %}         a text; what is put into it is escaped and isolated (``<bdi>``)
    {% t_plain "room.key" name=value %}   the same without markup, for an attribute
    {% tn "room.key" count name=value %}  a text that counts
    {% code "offences" value %}           the label of a code
    {% when ms %} {% ago ms %} {% day date %} {% clock ms zone %} {% span ms %}
    {% deadline due_ms start_ms clock as one %}   → one.tone, one.words, one.percent (as `spans.Deadline`)
    {% words text language %}             what a person wrote, in its own direction
    {% ref id %}                          a reference: monospaced, left to right; a long one shortened, whole in its title
    {% number n %} {% country "MA" %} {% language "ary" %} {% percent 0.94 %}
    {% sign "embassy" %}                  the sign of a channel, with its name for who doesn't see it
    {% asset "app.css" %}

Invariant: everything is in the reader's language (``request.language``), and nothing that somebody wrote reaches the page
unescaped.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final, cast

from babel.numbers import format_decimal, format_percent
from django import template
from django.conf import settings
from django.template import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tansiq.policy.codes import code_list
from tansiq.texts import catalogue
from tansiq.web import moments, spans
from tansiq.web.assets import asset as asset_address
from tansiq.web.languages import locale_of
from tansiq.web.markup import reference, written
from tansiq.web.plurals import plural_key
from tansiq.web.visitor import Request

__all__ = [
    "ago",
    "asset",
    "clock",
    "code",
    "country",
    "day",
    "deadline",
    "language",
    "language_of",
    "number",
    "percent",
    "reader_of",
    "ref",
    "sign",
    "span",
    "t",
    "t_plain",
    "tn",
    "when",
    "words",
]

register = template.Library()

_ISOLATE: Final = "\u2068"  # the characters of <bdi>, where no markup can stand
_END: Final = "\u2069"


def _request(context: Context) -> Request | None:
    return cast("Request | None", getattr(context, "request", None) or context.get("request"))


def language_of(context: Context) -> str:
    """The language of the page that is made."""
    request = _request(context)
    return getattr(request, "language", None) or str(context.get("language") or settings.LANGUAGE_CODE)


def reader_of(context: Context) -> moments.Reader:
    """Who reads the page that is made."""
    request = _request(context)
    visitor = getattr(request, "visitor", None)
    return moments.Reader(
        language=language_of(context),
        now_ms=int(getattr(request, "now_ms", 0) or context.get("now_ms") or 0),
        zone=getattr(visitor, "zone", "UTC") or "UTC",
        calendar=getattr(visitor, "calendar", "gregorian"),
    )


def _template(key: str, language: str) -> str:
    entry = catalogue()[key]
    return entry.get(language) or entry["en"]


def _value(value: object, language: str) -> SafeString:
    if isinstance(value, SafeString):
        return value
    if isinstance(value, bool | int | float):
        return conditional_escape(format_decimal(value, locale=locale_of(language)))
    return format_html("<bdi>{}</bdi>", value)


def _filled(key: str, language: str, values: dict[str, Any]) -> SafeString:
    told = {name: _value(value, language) for name, value in values.items()}
    # The template is ours and escaped; the values are escaped or made by us.
    return mark_safe(conditional_escape(_template(key, language)).format_map(told))  # noqa: S308


@register.simple_tag(takes_context=True)
def t(context: Context, key: str, **values: Any) -> SafeString:
    """The text under ``key``."""
    return _filled(key, language_of(context), values)


@register.simple_tag(takes_context=True)
def t_plain(context: Context, key: str, **values: Any) -> str:
    """The text under ``key`` for an attribute: what is put in is isolated by characters, not by markup."""
    language = language_of(context)
    told = {
        name: format_decimal(value, locale=locale_of(language))
        if isinstance(value, int | float)
        else f"{_ISOLATE}{value}{_END}"
        for name, value in values.items()
    }
    return _template(key, language).format_map(told)


@register.simple_tag(takes_context=True)
def tn(context: Context, key: str, count: int, **values: Any) -> SafeString:
    """The text under ``key`` for ``count``."""
    language = language_of(context)
    return _filled(plural_key(key, count, language), language, {"count": count, **values})


@register.simple_tag(takes_context=True)
def code(context: Context, name: str, value: str) -> str:
    """The label of the code ``value`` in the list ``name``; an unknown one reads as itself, nothing as nothing."""
    return code_list(name).label(value, language_of(context)) if value else ""


def _beside(shown: SafeString, hijri: str, language: str) -> SafeString:
    if not hijri:
        return shown
    return format_html(
        '{} <span class="hijri" title="{}">{}</span>', shown, _template("web.hijri.note", language), hijri
    )


@register.simple_tag(takes_context=True)
def when(context: Context, ms: int | None) -> SafeString:
    """A moment: 'today, 04:52', the whole of it in the title, the Hijri date behind where the visitor wants it."""
    if ms is None:
        return SafeString("")
    told = moments.moment(ms, reader_of(context))
    shown = format_html('<time datetime="{}" title="{}">{}</time>', told.iso, told.full, told.short)
    return _beside(shown, told.hijri, reader_of(context).language)


@register.simple_tag(takes_context=True)
def ago(context: Context, ms: int | None) -> SafeString:
    """How long ago: '40 min ago', the moment in the title."""
    if ms is None:
        return SafeString("")
    reader = reader_of(context)
    told = moments.moment(ms, reader)
    words = spans.ago(reader.now_ms - ms, reader.language)
    return format_html('<time datetime="{}" title="{}">{}</time>', told.iso, told.full, words)


@register.simple_tag(takes_context=True)
def day(context: Context, on: date | None, width: str = "long") -> SafeString:
    """A date without a time, the Hijri date behind where the visitor wants it."""
    if on is None:
        return SafeString("")
    reader = reader_of(context)
    shown = format_html('<time datetime="{}">{}</time>', on.isoformat(), moments.day(on, reader, width=width))
    beside = moments.hijri(on, reader.language) if reader.calendar == "hijri" else ""
    return _beside(shown, beside, reader.language)


@register.simple_tag(takes_context=True)
def clock(context: Context, ms: int, zone: str) -> SafeString:
    """Hour and minute on the clock of ``zone``; its distance from UTC in minutes goes along, for browsers know other rules of zones."""
    told = moments.clock(ms, zone, language_of(context))
    ahead = moments.local(ms, zone).utcoffset() or timedelta()
    return format_html(
        '<time class="clock" data-ahead="{}" datetime="{}">{}</time>', ahead // timedelta(minutes=1), told, told
    )


@register.simple_tag(takes_context=True)
def span(context: Context, ms: int) -> str:
    """How long: '2 h 10'."""
    return spans.length(ms, language_of(context))


@register.simple_tag(takes_context=True)
def deadline(
    context: Context, due_ms: int | None, start_ms: int | None = None, clock: str = "running"
) -> spans.Deadline:
    """The deadline as it stands now; use with ``as``."""
    reader = reader_of(context)
    return spans.deadline(due_ms=due_ms, start_ms=start_ms, clock=clock, now_ms=reader.now_ms, language=reader.language)


@register.simple_tag
def words(text: object, language: str = "") -> SafeString:
    """What a person wrote, isolated, in its own direction and said to be in its language."""
    return written(text, language)


@register.simple_tag
def ref(identifier: object, whole: bool = False) -> SafeString:  # noqa: FBT001, FBT002 (a template's flag)
    """A reference."""
    return reference(identifier, whole=whole)


@register.simple_tag(takes_context=True)
def number(context: Context, value: float) -> str:
    """A number as the language writes it."""
    return str(format_decimal(value, locale=locale_of(language_of(context))))


@register.simple_tag(takes_context=True)
def percent(context: Context, value: float) -> str:
    """A share of one, in whole percent."""
    return str(format_percent(value, format="#,##0 %", locale=locale_of(language_of(context))))


@register.simple_tag(takes_context=True)
def country(context: Context, value: str) -> str:
    """The name of a country by its code of two letters; an unknown code reads as itself."""
    return str(locale_of(language_of(context)).territories.get(value.upper(), value))


@register.simple_tag(takes_context=True)
def language(context: Context, value: str) -> str:
    """The name of a language by its code; the code list of the field first, then Babel."""
    speaks = language_of(context)
    named = code_list("languages").label(value, speaks)
    return named if named != value else str(locale_of(speaks).languages.get(value, value))


@register.simple_tag(takes_context=True)
def sign(context: Context, channel: str, *, named: bool = False) -> SafeString:
    """The sign of a channel; its name is said to who can't see it, unless it stands beside (``named=True``)."""
    if channel not in code_list("channels"):
        return SafeString("")
    label = code_list("channels").label(channel, language_of(context))
    if named:
        return format_html(
            '<svg class="sign" aria-hidden="true"><use href="{}#{}"></use></svg>', asset_address("signs.svg"), channel
        )
    return format_html(
        '<svg class="sign" role="img" aria-label="{}"><title>{}</title><use href="{}#{}"></use></svg>',
        label, label, asset_address("signs.svg"), channel,
    )  # fmt: skip


@register.simple_tag
def asset(name: str) -> str:
    """The address of a file that pages load."""
    return asset_address(name)
