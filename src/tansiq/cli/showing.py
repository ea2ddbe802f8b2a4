"""What a person sees: lines, tables, moments and labels on the terminal, or JSON for programs.

Invariant: what came from elsewhere is shown without control characters, so that no text of a partner can move the cursor, colour the
screen or turn the direction of what stands around it. Results go to the standard output, everything else to the standard error.
A result that can't be shown is said to be done all the same.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tansiq.cli.language import LANGUAGE, told
from tansiq.errors import BadInput, Error, Unavailable
from tansiq.policy.codes import code_list
from tansiq.policy.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = [
    "clean",
    "done",
    "facts",
    "finish",
    "give",
    "hint",
    "is_terminal",
    "label",
    "labels",
    "moment",
    "murmur",
    "print_error",
    "print_json",
    "progress",
    "say",
    "table",
]


def clean(words: object) -> str:
    """``words`` without control, format and direction marks; line ends stay."""
    return "".join(
        sign for sign in str(words) if sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co"}
    )


def label(listed: str, code: object) -> str:
    """The label of a code in the reader's language; '' for no code, the code itself when its list does not know it."""
    if not code:
        return ""
    try:
        return clean(code_list(listed).label(str(code), LANGUAGE))
    except BadInput:
        return clean(code)


def labels(listed: str, codes: Sequence[object]) -> str:
    """Several labels, one after the other."""
    return " · ".join(label(listed, code) for code in codes)


def moment(iso: object) -> str:
    """A moment of JSON (ISO 8601, UTC) for a reader: day and minute, UTC; '–' for none."""
    if not iso:
        return "–"
    try:
        at = dt.datetime.fromisoformat(str(iso)).astimezone(dt.UTC)
    except ValueError:
        return clean(iso)
    return f"{at:%Y-%m-%d %H:%M} UTC"


def is_terminal() -> bool:
    """Whether a person reads the standard output, and no program."""
    return sys.stdout.isatty()


@contextmanager
def _showing() -> Iterator[None]:
    """Words for the standard output. Raises Unavailable when it takes none: what was done before stays done, and that must be told."""
    try:
        yield
    except BrokenPipeError:  # whoever reads has gone; see `main`
        raise
    except OSError as error:
        raise Unavailable("cli.not-shown") from error


def say(words: str = "") -> None:
    """A line on the standard output."""
    with _showing():
        sys.stdout.write(f"{words}\n")


def give(content: bytes) -> None:
    """The bytes of a file on the standard output."""
    with _showing():
        sys.stdout.buffer.write(content)


def finish() -> None:
    """Sees that everything that was said is out. Raises Unavailable."""
    with _showing():
        sys.stdout.flush()


def murmur(words: str) -> None:
    """A line on the standard error, which is not part of the result: whether it can be read changes nothing."""
    with suppress(OSError):
        sys.stderr.write(f"{words}\n")


def done(key: str, /, **values: object) -> None:
    """A text of the catalogue on the standard output."""
    say(told(key, **values))


def hint(key: str, /, **values: object) -> None:
    """A text of the catalogue on the standard error: not part of the result."""
    murmur(told(key, **values))


def print_json(value: object) -> None:
    """``value`` as JSON on the standard output."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def facts(rows: Sequence[tuple[str, object]]) -> None:
    """Names and values, one a line, the empty ones left out."""
    shown = [(name, clean(value)) for name, value in rows if value not in (None, "", [], ())]
    widest = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        first, *rest = value.splitlines() or [""]
        say(f"{name:<{widest}}  {first}")
        for line in rest:
            say(" " * (widest + 2) + line)


def _console(*, error: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=error, highlight=False, markup=False)


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on the standard output; without a terminal, one line a row with tabulators, for other programs."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if not is_terminal():
        say("\t".join(titles))
        for row in cells:
            say("\t".join(cell.replace("\n", " ") for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        shown.add_column(Text(title), overflow="fold")
    for row in cells:
        shown.add_row(*(Text(cell) for cell in row))
    with _showing():
        _console().print(shown)


@contextmanager
def progress(stages: Mapping[str, str] | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """Shows how far something long is, on a terminal only: call it with a stage, how much is done and the whole (0: unknown).

    ``stages`` names the text of each stage's code; one that it does not name is looked for under ``node.stage``.
    """
    if not sys.stderr.isatty():
        yield lambda _stage, _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_console(error=True),
        transient=True,
    ) as bars:
        known: dict[str, Any] = {}

        def show(stage: str, so_far: int, total: int) -> None:
            if stage not in known:
                known[stage] = bars.add_task(_stage(stage, stages or {}), total=None)
            bars.update(known[stage], completed=so_far, total=total or None)

        yield show


def _stage(stage: str, stages: Mapping[str, str]) -> str:
    for key in (stages.get(stage, ""), f"node.stage.{stage}"):
        try:
            return told(key)
        except KeyError:
            continue
    return stage


def print_error(error: Error) -> None:
    """What happened, what it means and what to do, with the code at the end for whoever is asked for help."""
    faults = error.values.get("faults")
    lines = [clean(error.advice(LANGUAGE))]
    if isinstance(faults, Faults):
        lines += [f"  • {told(fault.code)} ({fault.field}; {fault.source})" for fault in faults]
    reasons = str(error.values.get("reasons", "")).split(", ")
    lines += [f"  • {told(reason)}" for reason in reasons if reason.startswith("policy.")]
    murmur("\n".join([*lines, f"[{error.code}]"]))
