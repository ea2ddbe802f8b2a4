"""The code lists of the field: stable codes with labels in four languages, their source, and whether it is confirmed.

Invariant: a list is data (``codes/NAME.toml``), checked when it is loaded and never changed afterwards; a code that
has been used keeps its meaning for ever. The order in the file is the order for people and, for the
classification, the rank. An agency adds its own codes (the treaties in force with a partner) with ``extended``.

A label is what a person reads; an unknown code, such as one of a partner's newer list, reads as itself, so that
nothing is hidden. ``python -m tansiq.policy.codes`` prints all lists as a page of the reference.

>>> code_list("handling").label("H2", "es")
'No puede difundirse sin permiso de quien la facilita'
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from tansiq.errors import BadInput
from tansiq.texts import LANGUAGES

__all__ = ["CODE", "CodeEntry", "CodeList", "code_list", "code_lists", "parse_code_list", "reference_page"]

CODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.+-]{0,62}[A-Za-z0-9+])?", re.ASCII)
"""The shape of a code, the same as on the docket."""

_FLAGS: Final = ("confirmed", "text")


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One code. ``text_required``: it says too little alone, a person adds words. ``confirmed``: see ``CodeList``."""

    code: str
    labels: Mapping[str, str]
    confirmed: bool
    text_required: bool


@dataclass(frozen=True, slots=True)
class CodeList:
    """One list of codes, in its order.

    ``source`` is where the codes come from (act and article); ``confirmed`` says that this was read there and not
    merely reported: what is not confirmed is for each agency to confirm or to change.
    """

    name: str
    title: Mapping[str, str]
    source: str
    confirmed: bool
    entries: Mapping[str, CodeEntry]

    def __contains__(self, code: object) -> bool:
        return code in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def label(self, code: str, language: str) -> str:
        """What a person reads for ``code``; English for a language that is none of ours, the code itself if unknown."""
        entry = self.entries.get(code)
        return code if entry is None else entry.labels.get(language) or entry.labels["en"]

    def choices(self, language: str) -> tuple[tuple[str, str], ...]:
        """All codes with their labels, for a form."""
        return tuple((code, self.label(code, language)) for code in self.entries)

    def require(self, code: str) -> str:
        """``code`` when the list has it. Raises BadInput('policy.unknown-code'); what is no code is shown as '?'."""
        if code not in self.entries:
            raise BadInput("policy.unknown-code", list=self.name, value=code if CODE.fullmatch(code) else "?")
        return code

    def rank(self, code: str) -> int:
        """The place of ``code`` in the list, from 0. Raises BadInput('policy.unknown-code')."""
        return list(self.entries).index(self.require(code))

    def text_required(self, code: str) -> bool:
        """Whether ``code`` says too little without words; False for an unknown code."""
        entry = self.entries.get(code)
        return entry is not None and entry.text_required

    def extended(self, more: CodeList) -> CodeList:
        """This list with the codes of ``more`` behind its own. Raises BadInput when a code would change its meaning."""
        for code in more:
            if code in self.entries:
                raise BadInput("policy.code-list-broken", list=self.name, entry=code)
        confirmed = self.confirmed and more.confirmed
        return replace(self, confirmed=confirmed, entries=MappingProxyType({**self.entries, **more.entries}))


def _labels(table: Mapping[str, Any], name: str, entry: str) -> Mapping[str, str]:
    found = {language: table.get(language) for language in LANGUAGES}
    if not all(isinstance(label, str) and label.strip() for label in found.values()):
        raise BadInput("policy.code-list-broken", list=name, entry=entry)
    return MappingProxyType({language: str(label) for language, label in found.items()})


def _entry(code: str, table: object, *, name: str, prefix: str, confirmed: bool) -> CodeEntry:
    shaped = CODE.fullmatch(code) and (not prefix or code.startswith(f"{prefix}."))
    if not shaped or not isinstance(table, dict) or not set(table) <= {*LANGUAGES, *_FLAGS}:
        raise BadInput("policy.code-list-broken", list=name, entry=code if shaped else "?")
    flags = {flag: table.get(flag, default) for flag, default in zip(_FLAGS, (confirmed, False), strict=True)}
    if not all(isinstance(flag, bool) for flag in flags.values()):
        raise BadInput("policy.code-list-broken", list=name, entry=code)
    return CodeEntry(code, _labels(table, name, code), flags["confirmed"], flags["text"])


def parse_code_list(source: str, *, name: str) -> CodeList:
    """A code list from its TOML text, an agency's own or one of the package.

    Arguments: ``source`` has ``title``, ``source``, ``confirmed``, optionally ``prefix``, and the table ``codes``.
    Raises BadInput('policy.code-list-broken') naming the entry that is wrong.
    """
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadInput("policy.code-list-broken", list=name, entry="TOML") from error
    expected = {"title": dict, "source": str, "confirmed": bool, "codes": dict}
    for key, kind in expected.items():
        if not isinstance(data.get(key), kind) or not (data[key] or kind is bool):
            raise BadInput("policy.code-list-broken", list=name, entry=key)
    prefix, confirmed = data.get("prefix", ""), data["confirmed"]
    if not isinstance(prefix, str) or not set(data) <= {*expected, "prefix"}:
        raise BadInput("policy.code-list-broken", list=name, entry="prefix")
    entries = {
        code: _entry(code, table, name=name, prefix=prefix, confirmed=confirmed)
        for code, table in data["codes"].items()
    }
    title = _labels(data["title"], name, "title")
    return CodeList(name, title, data["source"], confirmed, MappingProxyType(entries))


@functools.cache
def code_lists() -> tuple[str, ...]:
    """The names of all lists of the package."""
    folder = resources.files("tansiq.policy").joinpath("codes")
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


@functools.cache
def code_list(name: str) -> CodeList:
    """The list ``name``, read and checked once. Raises BadInput('policy.code-list-unknown')."""
    if name not in code_lists():
        raise BadInput("policy.code-list-unknown", list=name if CODE.fullmatch(name.replace("_", "-")) else "?")
    text = resources.files("tansiq.policy").joinpath("codes", f"{name}.toml").read_text(encoding="utf-8")
    return parse_code_list(text, name=name)


def reference_page() -> str:
    """All lists as one Markdown page, for ``docs/reference/codes.md``."""
    lines = [
        "# Code lists",
        "",
        "<!-- Made by `make docs` from the source; change it there. -->",
        "",
        "What travels as a code reads in every language. Codes keep their meaning for ever; new ones come behind.",
        "*to confirm*: the source was reported, not read; each agency confirms it or changes the list.",
        "*+ words*: the code says too little alone, so a person adds words.",
    ]
    for name in code_lists():
        one = code_list(name)
        mark = "" if one.confirmed else " *(to confirm)*"
        lines += ["", f"## {one.title['en']}", "", f"`{name}`. Source: {one.source}.{mark}", ""]
        lines += ["| code | English | español | français | العربية |", "|---|---|---|---|---|"]
        for entry in one.entries.values():
            notes = (" *to confirm*" if one.confirmed and not entry.confirmed else "") + (
                " *+ words*" if entry.text_required else ""
            )
            lines.append(
                f"| `{entry.code}`{notes} | " + " | ".join(entry.labels[key] for key in ("en", "es", "fr", "ar")) + " |"
            )
    return "\n".join(lines) + "\n"
