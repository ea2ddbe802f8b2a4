"""From what a person writes by hand to the plain form of a record: plain words, plain dates, plain answers.

Invariant: nothing is guessed and nothing is lost. Words take the language that the draft names, a date that a calendar knows becomes the
incomplete date of the policy, ``true`` and ``false`` become an officer's answer; a name that no field has is refused, for a field that was
misspelt would otherwise be left out in silence.

>>> written({"language": "es", "words": "Visto en Nador.", "as_of": "2026-05"}, Item)
{'words': {'language': 'es', 'value': 'Visto en Nador.'}, 'as_of': {'year': 2026, 'month': 5}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tansiq.errors import BadInput
from tansiq.policy.answer import Item
from tansiq.policy.plain import Many, One, Record, slots_of
from tansiq.policy.values import Attestation, PartialDate, Text

__all__ = ["Item", "written"]

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(~?)(?:/(\d{4})~?)?", re.ASCII)
_DEPTH: Final = 12


def _date(words: str, field: str) -> dict[str, Any]:
    """A date as ``str(PartialDate)`` writes it. Raises BadInput."""
    found = _DATE.fullmatch(words.strip())
    if found is None:
        raise BadInput("node.wrong-date", field=field)
    year, month, day, about, until = found.groups()
    named = {"year": year, "month": month, "day": day, "until_year": until}
    plain: dict[str, Any] = {name: int(value) for name, value in named.items() if value is not None}
    return plain | {"circa": True} if about else plain


def _value(value: object, kind: type[Record], language: str, field: str, depth: int) -> object:
    if isinstance(value, dict):
        return _record(value, kind, language, field, depth + 1)
    if kind is Text and isinstance(value, str):
        return {"language": language, "value": value.strip()}
    if kind is Attestation and isinstance(value, bool):
        return {"answer": value}
    if kind is PartialDate and isinstance(value, int) and not isinstance(value, bool):
        return {"year": value}
    if kind is PartialDate and isinstance(value, str):
        return _date(value, field)
    return value


_KNOWN: Final[dict[type[Record], Mapping[str, tuple[type[Record] | None, bool]]]] = {}


def _slots(kind: type[Record]) -> Mapping[str, tuple[type[Record] | None, bool]]:
    """By the name of a field, which records it holds (None: it holds none), and whether many of them."""
    if kind in _KNOWN:
        return _KNOWN[kind]
    slots = {
        slot.name: (slot.inner.kind if isinstance(slot.inner, One) else None, isinstance(slot.shape, Many))
        for slot in slots_of(kind)
    }
    return _KNOWN.setdefault(kind, slots)


def _record(plain: Mapping[str, Any], kind: type[Record], language: str, path: str, depth: int) -> dict[str, Any]:
    if depth > _DEPTH:
        raise BadInput("node.wrong-argument", name=path)
    slots = _slots(kind)
    out: dict[str, Any] = {}
    for name, value in plain.items():
        if name not in slots:
            raise BadInput("node.unknown-field", field=f"{path}{name}")
        inner, many = slots[name]
        if inner is None:
            out[name] = value
        elif many and isinstance(value, list | tuple):
            out[name] = [_value(one, inner, language, f"{path}{name}.{at}.", depth) for at, one in enumerate(value)]
        else:
            out[name] = _value(value, inner, language, f"{path}{name}.", depth)
    return out


def written(draft: Mapping[str, Any], kind: type[Record], *, path: str = "") -> dict[str, Any]:
    """The plain form of the record ``kind`` that ``draft`` writes; ``language`` in it is that of its plain words.

    Raises BadInput: a field that there is not, or a date that says nothing. Everything else is checked by the record.
    """
    named = dict(draft)
    language = named.pop("language", "") if "language" not in _slots(kind) else ""
    return _record(named, kind, str(language), path, 0)
