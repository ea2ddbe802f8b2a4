"""The language of this process: ``--language``, else ``TANSIQ_LANGUAGE``, else the locale.

Invariant: chosen once, when the process starts and before any text is asked for, for help texts are made while the commands are defined.
``--language`` may stand anywhere; `without_language` takes it out of the arguments, so that no command has to know it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from tansiq.texts import LANGUAGES, choose_language, text

__all__ = ["LANGUAGE", "choose", "told", "wanted", "without_language"]

_OPTION: Final = "--language"
_VARIABLES: Final = ("TANSIQ_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def _split(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without ``--language``, and what it said (the last one counts; '' when its value is missing)."""
    kept: list[str] = []
    said: str | None = None
    left = iter(arguments)
    for argument in left:
        if argument == "--":
            return [*kept, argument, *left], said
        if argument == _OPTION:
            said = next(left, "")
        elif argument.startswith(f"{_OPTION}="):
            said = argument.partition("=")[2]
        else:
            kept.append(argument)
    return kept, said


def without_language(arguments: Sequence[str]) -> list[str]:
    """``arguments`` without ``--language`` and its value."""
    return _split(arguments)[0]


def wanted(arguments: Sequence[str]) -> str | None:
    """What ``--language`` says; None when it is not there."""
    return _split(arguments)[1]


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language to speak: 'ar', 'es', 'fr' or 'en'; English when nothing names one of them."""
    said = wanted(arguments)
    if said in LANGUAGES:
        return said
    return choose_language(next((value for name in _VARIABLES if (value := environment.get(name))), None))


LANGUAGE: Final = choose(sys.argv[1:], os.environ)


def told(key: str, /, **values: object) -> str:
    """The text under ``key`` in the language of this process."""
    return text(key, LANGUAGE, **values)
