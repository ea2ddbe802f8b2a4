"""Every sentence that a person reads, as data: ``*.toml`` beside this file, in Arabic, Spanish, French and English.

Two shapes. ``errors.*.toml`` hold advice under an error's code, ``[room.name]`` with ``what``, ``means`` and ``do``;
all other files hold plain texts under a key. A leaf is always a table ``{ar, es, fr, en}``. Placeholders are
``{name}``; they are the same in all four languages (a test holds both).

>>> text("cli.done", "es")
'Hecho.'
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import tomli

__all__ = ["LANGUAGES", "Advice", "advice", "catalogue", "choose_language", "text"]

LANGUAGES = ("ar", "es", "fr", "en")


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, what it means, what to do: three sentences in one language."""

    what: str
    means: str
    do: str

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.means, self.do) if part)


def _flatten(table: Mapping[str, Any], prefix: str, out: dict[str, dict[str, str]]) -> None:
    if table and all(key in LANGUAGES and isinstance(value, str) for key, value in table.items()):
        out[prefix] = dict(table)
        return
    for key, value in table.items():
        _flatten(value, f"{prefix}.{key}" if prefix else key, out)


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All texts: key → language → template. Read once from the data files beside this module, by a reader that takes a third of the time
    of Python's own: every process and every command reads them.
    """
    out: dict[str, dict[str, str]] = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            _flatten(tomli.loads(entry.read_text(encoding="utf-8")), "", out)
    return out


def text(key: str, language: str, /, **values: object) -> str:
    """The text under ``key`` in ``language``, its placeholders filled with ``values``.

    An unknown language reads English; raises KeyError for an unknown key (a defect, held by a test).
    """
    entry = catalogue()[key]
    template = entry.get(language) or entry["en"]
    return template.format_map(values) if values else template


def advice(code: str, language: str, values: Mapping[str, object]) -> Advice:
    """The three sentences of the error ``code``; an unknown code reads as itself, so that nothing is hidden."""
    if f"{code}.what" not in catalogue():
        told = ", ".join(f"{name}={value}" for name, value in values.items())
        return Advice(what=f"{code} {told}".strip(), means="", do="")
    return Advice(*(text(f"{code}.{part}", language, **dict(values)) for part in ("what", "means", "do")))


def choose_language(wanted: str | None) -> str:
    """The language to speak for a setting such as ``es_ES.UTF-8``; English when it is none of ours."""
    code = (wanted or "").replace("-", "_").split("_")[0].split(".")[0].lower()
    return code if code in LANGUAGES else "en"
