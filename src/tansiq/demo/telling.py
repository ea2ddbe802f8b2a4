"""How the story is told: each step with its time while it happens, then what came of it.

Invariant: the story is told on the standard output for a person; with ``quiet`` (for a program that wants JSON) it goes to the standard
error, and only when that is a terminal. Nothing is told before it happened.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from tansiq.texts import text

__all__ = ["Teller"]

_WIDEST = 110


def _width(words: str) -> int:
    """How many columns a terminal needs for ``words``: marks that stand over a letter need none."""
    return sum(1 for sign in words if unicodedata.category(sign) not in {"Mn", "Cf"})


class Teller:
    """Tells the story in ``language``."""

    def __init__(self, language: str, *, quiet: bool = False) -> None:
        self.language = language
        self._out: TextIO | None = (sys.stderr if sys.stderr.isatty() else None) if quiet else sys.stdout
        self._number = 0

    def say(self, key: str, /, **values: object) -> None:
        """A text of the catalogue, a line of its own."""
        self.line(text(key, self.language, **values))

    def detail(self, key: str, /, **values: object) -> None:
        """A text of the catalogue that belongs to the step above."""
        self.prose(text(key, self.language, **values), indent=6)

    def prose(self, words: str, *, indent: int) -> None:
        """A longer text, wrapped to the terminal and set in; what follows its first line is set in a little more."""
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        margin = " " * indent
        self.line(
            textwrap.fill(words, width, initial_indent=margin, subsequent_indent=margin + "  ", break_long_words=False)
        )

    def line(self, words: str = "") -> None:
        """A line as it is."""
        if self._out is not None:
            self._out.write(f"{words}\n")
            self._out.flush()

    @property
    def is_live(self) -> bool:
        """Whether somebody looks at a terminal, where a line can be shown anew."""
        return self._out is not None and self._out.isatty()

    @contextmanager
    def live(self) -> Iterator[Callable[..., None]]:
        """A text of the catalogue that is shown in the same place again and again, on a terminal."""
        from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)
        from rich.live import Live  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        with Live(console=Console(file=self._out, highlight=False, markup=False), auto_refresh=False) as shown:

            def show(key: str, /, **values: object) -> None:
                shown.update(Text(text(key, self.language, **values)), refresh=True)

            yield show

    @contextmanager
    def step(self, key: str, /, **values: object) -> Iterator[None]:
        """A step: shown as under way on a terminal, then with its time."""
        self._number += 1
        words = text(key, self.language, **values)
        started = time.monotonic()
        if self.is_live:
            from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)

            with Console(file=self._out, highlight=False, markup=False).status(f"{self._number:2}  {words}"):
                yield
        else:
            yield
        self.line(f"{self._number:2}  ✓ {words}  ({time.monotonic() - started:.1f} s)")

    def columns(self, rows: Sequence[Sequence[str]], *, indent: int = 6) -> None:
        """Rows side by side."""
        widths = [max(_width(row[at]) for row in rows) for at in range(len(rows[0]))]
        for row in rows:
            cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
            self.line(" " * indent + "   ".join(cells).rstrip())
