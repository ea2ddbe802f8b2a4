"""``tansiq names``: the same person under any spelling, from the command line: match lists, explain a pair, keep the index.

Invariant: what is read is answered and forgotten; nothing of a name is written but where the output goes.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import HomeOption, JsonFlag, found_home, help_for, opened_here
from tansiq.cli.showing import clean, done, facts, print_json, say
from tansiq.errors import BadInput, NotFound

__all__ = ["build", "explain", "info", "match", "register"]

_COLUMNS: Final = 2
_MOST_LINE: Final = 1 << 20


def _population(path: Path) -> Iterator[tuple[bytes, list[str], Any]]:
    """The persons of a file: id, name, date of birth; tab-separated, plain or packed."""
    from tansiq.names import Birth, Facts

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\n").split("\t")
            if len(fields) < _COLUMNS:
                raise BadInput("cli.population-line", line=number)
            born = Birth.of(fields[2]) if len(fields) > _COLUMNS else None
            yield fields[0].encode(), [fields[1]], Facts(births=(born,)) if born else Facts()


def _questions() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)
            if not isinstance(question["qid"], str) or not isinstance(question["query"], str):
                raise TypeError
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput("cli.question-line", line=number) from error
        yield question


def _peak_mib() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def match(
    population: Annotated[Path, typer.Option("--population", metavar="FILE", help=help_for("population"))],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help=help_for("names-limit"))] = 50,
    size: Annotated[int | None, typer.Option("--size", min=1, metavar="N", help=help_for("names-size"))] = None,
) -> None:
    """Answers questions about a population, one JSON object a line."""
    from tansiq.names import Birth, Facts, NameIndex
    from tansiq.names import build as made_of

    began = time.perf_counter()
    try:
        segment = made_of(_population(population))
    except (OSError, UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise NotFound("cli.no-file", file=str(population)) from error
    index = NameIndex(size or max(1, segment.persons))
    index.load(segment)
    took = [time.perf_counter() - began]
    for question in _questions():
        before = time.perf_counter()
        born = Birth.of(str(question.get("dob") or ""))
        try:
            hits = index.search(question["query"], Facts(births=(born,)) if born else None, limit=limit, reasons=False)
        except BadInput:
            hits = []
        took.append(time.perf_counter() - before)
        answer = [{"id": hit.id.decode(), "p": round(hit.probability, 6)} for hit in hits]
        sys.stdout.write(json.dumps({"qid": question["qid"], "hits": answer}, ensure_ascii=False) + "\n")
    asked = sorted(took[1:]) or [0.0]
    figures = {
        "persons": segment.persons,
        "build_s": round(took[0], 2),
        "questions": len(took) - 1,
        "questions_per_s": round((len(took) - 1) / max(1e-9, sum(took[1:])), 1),
        "p50_ms": round(1000 * asked[len(asked) // 2], 2),
        "p95_ms": round(1000 * asked[int(len(asked) * 0.95)], 2) if len(asked) > 1 else round(1000 * asked[0], 2),
        "peak_mib": round(_peak_mib(), 1),
    }
    sys.stdout.flush()
    sys.stderr.write(json.dumps(figures) + "\n")


def _piece(piece: Any) -> str:
    names = " = ".join(clean(one) for one in (piece.asked, piece.held) if one)
    rules = ", ".join(f"{clean(one) or '∅'} = {clean(other) or '∅'}" for one, other in piece.rules)
    about = told(piece.code) + (f" ({rules})" if rules else "")
    return f"{piece.log_odds:+7.2f}  " + (f"{names}: {about}" if names else about)


def explain(
    asked: Annotated[str, typer.Argument(metavar="NAME", help=help_for("name-asked"))],
    held: Annotated[str, typer.Argument(metavar="NAME", help=help_for("name-held"))],
    as_json: JsonFlag = False,
) -> None:
    """Says part by part how two names fit."""
    from tansiq.names import explain as explained
    from tansiq.names import flags

    found = explained(asked, held)
    warnings = sorted({*flags(asked), *flags(held)})
    if as_json:
        pieces = [
            {
                "code": piece.code, "log_odds": round(piece.log_odds, 4), "asked": piece.asked, "held": piece.held,
                "rules": [list(rule) for rule in piece.rules],
            }
            for piece in found.pieces
        ]  # fmt: skip
        print_json(
            {
                "probability": round(found.probability, 4),
                "log_odds": round(found.log_odds, 4),
                "pieces": pieces,
                "flags": warnings,
            }
        )
        return
    for piece in found.pieces:
        say(_piece(piece))
    say(f"{found.log_odds:+7.2f}  {told('cli.names.sum', percent=f'{100 * found.probability:.1f}')}")
    for code in warnings:
        say(f"  ! {told(code)}")


def _index(home: Path | None) -> Any:
    node = found_home(home)
    from tansiq.registers.matching import index_of

    return index_of(opened_here(node))


def _show(about: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json(about)
    else:
        facts([(told(f"cli.names.{name}"), value) for name, value in about.items()])


def build(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Makes the index of names anew from the registers, and keeps it encrypted."""
    index = _index(home)
    index.rebuild()
    if not as_json:
        done("cli.names.built")
    _show(index.about(), as_json=as_json)


def info(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Says how large the index of names is."""
    _show(_index(home).about(), as_json=as_json)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("names", parent=app, examples=['tansiq names explain "Jaled Cherkaui" "خالد الشرقاوي"'])
    command(
        made,
        "match",
        key="names-match",
        examples=["tansiq names match --population persons.tsv.gz < questions.jsonl > hits.jsonl"],
    )(match)
    command(
        made, "explain", key="names-explain", examples=['tansiq names explain "Abdeslam Hamdaui" "عبد السلام الحمداوي"']
    )(explain)
    index = group("names-index", parent=None, examples=["tansiq names index info --home /srv/tansiq"])
    made.add_typer(index, name="index")
    command(index, "build", key="names-build", examples=["tansiq names index build --home /srv/tansiq"])(build)
    command(index, "info", key="names-info", examples=["tansiq names index info --home /srv/tansiq --json"])(info)
