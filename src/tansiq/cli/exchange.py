"""``tansiq exchange``: how it goes with each partner, and what was set aside."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from tansiq.cli.asking import ask_node
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import HomeOption, JsonFlag, found_home, help_for
from tansiq.cli.showing import done, facts, is_terminal, moment, print_json, say, table
from tansiq.errors import Error

__all__ = ["quarantine", "register", "retry", "status"]

_TITLES: Final = ("partner", "sent", "received", "receipts", "waiting", "journal", "cosigned", "heard", "trouble")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    journal = one["journal"] or {"size": 0, "cosigned": False}
    trouble = f"{one['last_error']} ({one['failures']})" if one["failures"] else ""
    return (
        one["peer"],
        one["sent"],
        one["received"],
        one["receipts"],
        one["waiting"] + one["pending"],
        journal["size"],
        told("cli.word.yes" if journal["cosigned"] else "cli.word.no"),
        moment(one["heard_at"]),
        trouble if one["confirmed"] else told("cli.partner.unconfirmed"),
    )


def status(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Shows how it goes with each partner."""
    shown = ask_node(found_home(home), "exchange.status")
    if as_json:
        print_json(shown)
        return
    rows = [_row(one) for one in shown["peers"]]
    names = [told(f"cli.field.{name}") for name in _TITLES]
    if is_terminal():
        for row in rows:
            facts(list(zip(names, row, strict=True)))
            say()
    else:
        table(names, rows)
    if shown["quarantined"]:
        say(told("cli.exchange.quarantined", count=shown["quarantined"]))


def quarantine(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Shows what was set aside, and why."""
    found = ask_node(found_home(home), "exchange.quarantine")
    if as_json:
        print_json(found)
        return
    if not found:
        done("cli.exchange.nothing")
    for one in found:
        say(f"{one['statement']}  {one['peer']}  {moment(one['since'])}  ×{one['tries']}")
        values = dict(pair.split("=", 1) for pair in one["detail"].split(", ") if "=" in pair)
        try:
            words = Error(one["code"], **values).advice(LANGUAGE).what
        except (KeyError, IndexError, ValueError):  # the sentence wants more than was kept
            words = ""
        say(f"    {words} [{one['code']}] {one['detail']}".rstrip())


def retry(
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help=help_for("set-aside"))] = "",
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Tries again what was set aside."""
    made = ask_node(found_home(home), "exchange.retry", {"statement": statement})
    if as_json:
        print_json(made)
        return
    for one in made:
        outcome = told(f"cli.exchange.outcome.{one['outcome']}")
        say(f"{one['statement']}  {outcome}  {one['code']}".rstrip())
    done("cli.exchange.retried", count=len(made))


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("exchange", parent=app, examples=["tansiq exchange status", "tansiq exchange quarantine"])
    command(made, "status", key="exchange-status", examples=["tansiq exchange status --json"])(status)
    command(made, "quarantine", key="exchange-quarantine", examples=["tansiq exchange quarantine"])(quarantine)
    command(made, "retry", key="exchange-retry", examples=["tansiq exchange retry"])(retry)
