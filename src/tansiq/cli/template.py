"""Templates of what an officer writes in a file: every field with its name and the codes to choose from, in the reader's language.

A template is data (``templates/NAME.toml``). ``#: field`` becomes the field's name as a comment, ``#? text`` a text of the catalogue, and
``#= list`` the codes of a list with their labels.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from importlib import resources
from typing import Final

from tansiq.cli.language import LANGUAGE
from tansiq.policy.codes import code_list
from tansiq.texts import text

__all__ = ["template"]

_WIDTH: Final = 100


def _line(line: str, language: str) -> Iterator[str]:
    mark, _, name = line.strip().partition(" ")
    indent = line[: len(line) - len(line.lstrip())]
    if mark == "#:":
        yield f"{indent}# {text(f'cli.field.{name}', language)}"
    elif mark == "#?":
        yield from (f"{indent}# {words}" for words in textwrap.wrap(text(name, language), _WIDTH))
    elif mark == "#=":
        yield from (f"{indent}#   {code}  {label}" for code, label in code_list(name).choices(language))
    else:
        yield line


def template(name: str, language: str = LANGUAGE) -> str:
    """The template ``name`` ('enquiry' or 'answer') in ``language``."""
    source = resources.files("tansiq.cli").joinpath("templates", f"{name}.toml").read_text(encoding="utf-8")
    return "\n".join(out for line in source.splitlines() for out in _line(line, language))
