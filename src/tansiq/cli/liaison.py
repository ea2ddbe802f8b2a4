"""``tansiq liaison``: the registry of liaison officers, and its export for a year (Council Decision 2003/170/JHA, Article 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import done, label, labels, print_json, table
from tansiq.errors import Conflict

__all__ = ["export", "register", "registry"]


def _show(found: list[dict[str, Any]]) -> None:
    table(
        [
            told("cli.liaison.officer"),
            told("cli.liaison.post"),
            told("cli.liaison.host"),
            told("cli.field.state"),
            told("cli.liaison.time"),
            told("cli.liaison.fields"),
            told("cli.liaison.reach"),
        ],
        [
            (
                one["officer"],
                one["post"],
                one["host"],
                label("accreditation_states", one["state"]),
                f"{one['since']} – {one['until']}",
                labels("offences", one["fields"]),
                label("reachability", "reach.away" if one["away_until"] else one["reach"]),
            )
            for one in found
        ],
    )


def registry(
    officer: AsOfficer = "", passphrase_fd: PassphraseFd = None, home: HomeOption = None, as_json: JsonFlag = False
) -> None:
    """Shows the liaison officers of ours abroad and of others with us."""
    node = found_home(home)
    found = ask_node(node, "liaison.registry", who=credential(officer, passphrase_fd))["postings"]
    if as_json:
        print_json(found)
    else:
        _show(found)


def export(
    year: Annotated[int, typer.Argument(metavar="YEAR", help=help_for("registry-year"))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=help_for("registry-out"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes the registry of a year, as a table of values or as JSON."""
    node = found_home(home)
    if out.exists():
        raise Conflict("cli.file-exists", file=str(out))
    asked = {"year": year, "language": LANGUAGE}
    found = ask_node(node, "liaison.registry", asked, who=credential(officer, passphrase_fd))
    if out.suffix == ".json":
        import json

        out.write_text(json.dumps(found["postings"], ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    else:
        out.write_text(found["csv"], encoding="utf-8", newline="")
    if as_json:
        print_json({"file": str(out), "postings": len(found["postings"])})
    else:
        done("cli.liaison.exported", file=str(out), count=len(found["postings"]), year=year)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("liaison", parent=app, examples=["tansiq liaison registry --as ES-1001"])
    command(made, "registry", key="liaison-registry", examples=["tansiq liaison registry --as ES-1001 --json"])(
        registry
    )
    command(
        made,
        "export",
        key="liaison-export",
        examples=["tansiq liaison export 2026 --out liaison-2026.csv --as ES-1001"],
    )(export)
