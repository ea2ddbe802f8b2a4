"""A record of the policy as a person reads it: each field by its name, each code by its label, in the reader's language.

Invariant: what a record holds is shown whole, also a code that this version does not know and words in a language that the reader does not
speak (with their language beside them); what was erased is said to be erased.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from tansiq.cli.language import told
from tansiq.cli.showing import clean, label, moment
from tansiq.errors import Error
from tansiq.policy.answer import Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.plain import Code, Many, One, Record, Slot, slots_of
from tansiq.policy.subjects import Name
from tansiq.policy.values import MOMENT, Attestation, PartialDate, Text
from tansiq.protocol.evidence_report import utc_text

__all__ = ["lines_of", "title_of"]

_WIDEST, _LEAST, _DEEPEST = 110, 30, 24
_OWN_TITLES: Mapping[tuple[type[Record], str], str] = {
    (Item, "words"): "item-words",
    (Conditions, "words"): "condition-words",
}


def title_of(name: str) -> str:
    """The name of a field in the reader's language; the field's own when there is none."""
    try:
        return told(f"cli.field.{name}")
    except KeyError:
        return name


def _title(name: str, kind: type[Record]) -> str:
    """The name of a field, where its record gives it a meaning of its own."""
    return title_of(_OWN_TITLES.get((kind, name), name))


def _wrapped(title: str, values: list[str]) -> Iterator[str]:
    """``title`` and its values, each on a line; what is longer than the terminal is wide goes on below, set in."""
    width = max(min(shutil.get_terminal_size().columns, _WIDEST), len(title) + _LEAST)
    first = title
    for value in values:
        for paragraph in value.splitlines() or [""]:
            for line in textwrap.wrap(paragraph, width - len(first), break_long_words=False) or [""]:
                yield first + line
                first = " " * min(len(title), _DEEPEST)


def _attested(plain: Mapping[str, Any]) -> str:
    answer = told("cli.word.yes" if plain.get("answer") else "cli.word.no")
    note = plain.get("note")
    words = f": {clean(note.get('value', ''))}" if isinstance(note, dict) else ""
    return f"{answer} ({clean(plain.get('officer', '?'))}){words}"


def _date(plain: Mapping[str, Any]) -> str:
    try:
        return str(PartialDate.from_plain(plain))
    except Error:
        return "?"


def _small(value: Mapping[str, Any], kind: type[Record]) -> str | None:
    """A record that fits on one line; None for one with fields of its own."""
    if kind is Text:
        return f"{clean(value.get('value', ''))}  [{clean(value.get('language', '?'))}]"
    if kind is Attestation:
        return _attested(value)
    if kind is PartialDate:
        return _date(value)
    if kind is Name:
        return f"{clean(value.get('value', ''))}  [{label('name_roles', value.get('role', 'name.full'))}]"
    return None


def _one(value: Any, slot: Slot) -> str | None:
    """A value that fits on one line (or several lines of one text); None for a record with fields of its own."""
    inner = slot.inner
    if isinstance(inner, Code):
        return label(inner.name, value)
    if isinstance(inner, One):
        return _small(value, inner.kind) if isinstance(value, dict) else "?"
    if isinstance(value, bool):
        return told("cli.word.yes" if value else "cli.word.no")
    return moment(utc_text(value)) if inner is MOMENT and isinstance(value, int) else clean(value)


def lines_of(plain: Mapping[str, Any] | None, kind: type[Record], indent: int = 2) -> Iterator[str]:
    """The lines of a record that is given in its plain form; one line saying so when it was erased (None)."""
    margin = " " * indent
    if plain is None:
        yield f"{margin}{told('cli.word.erased')}"
        return
    for slot in slots_of(kind):
        value = plain.get(slot.name)
        if value is None or value == [] or value is False:
            continue
        values = list(value) if isinstance(slot.shape, Many) else [value]
        shown = [_one(one, slot) for one in values]
        if all(one is not None for one in shown):
            yield from _wrapped(f"{margin}{_title(slot.name, kind)}: ", [one for one in shown if one is not None])
            continue
        for one in values:
            yield f"{margin}{_title(slot.name, kind)}:"
            if isinstance(slot.inner, One) and isinstance(one, dict):
                yield from lines_of(one, slot.inner.kind, indent + 4)
