"""``tansiq bench``: how fast two nodes exchange, as ratios to the bare bound."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tansiq.cli.frame import command, group
from tansiq.cli.language import told
from tansiq.cli.options import JsonFlag, help_for
from tansiq.cli.showing import facts, print_json, progress, say

__all__ = ["exchange", "register"]


def _show(result: dict[str, Any]) -> None:
    bulk = result["bulk"]
    facts(
        [
            (told("cli.bench.messages"), result["messages"]),
            (told("cli.bench.size"), result["size"]),
            (told("cli.bench.bound"), f"{bulk['bound_us'] / 1000:.3f} ms"),
            (told("cli.bench.cpu"), f"{bulk['cpu_us'] / 1000:.3f} ms"),
            (told("cli.bench.ratio"), f"{bulk['ratio']:.2f}"),
            (told("cli.bench.rate"), f"{bulk['per_second']:.0f}/s"),
        ]
    )
    for name, one in result["targets"].items():
        sign = "✓" if one["met"] else "✗"
        say(f"{sign} {name}: {one['value']:.4g} ({told('cli.bench.target')} {one['target']:.4g})")


def exchange(
    messages: Annotated[int, typer.Option("--messages", min=1, metavar="N", help=help_for("messages"))] = 2000,
    size: Annotated[int, typer.Option("--size", min=1, metavar="BYTES", help=help_for("size"))] = 2048,
    database: Annotated[str, typer.Option("--on", metavar="sqlite|postgres", help=help_for("on"))] = "sqlite",
    kind: Annotated[str, typer.Option("--kind", metavar="minimal|enquiry", help=help_for("kind"))] = "minimal",
    as_json: JsonFlag = False,
) -> None:
    """Measures the exchange between two nodes on this machine."""
    from tansiq.demo.bench import run

    stages = {name: f"cli.bench.stage.{name}" for name in ("warm", "bulk", "urgent", "beside")}
    with progress(stages) as show:
        result = run(messages=messages, size=size, on=database, kind=kind, progress=show)
    if as_json:
        print_json(result)
    else:
        _show(result)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("bench", parent=app, examples=["tansiq bench exchange --messages 2000 --size 2048"])
    command(
        made, "exchange", key="bench-exchange", examples=["tansiq bench exchange --messages 2000 --size 2048 --json"]
    )(exchange)
