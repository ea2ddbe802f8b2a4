"""Enquiries of the demonstration sent by its nodes themselves, for tests of what comes after."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from support.desks import soon
from tansiq.demo.stage import Node

__all__ = ["ask", "draft", "state_at"]


def draft(name: str) -> Any:
    """A draft of the demonstration."""
    return tomllib.loads(resources.files("tansiq.demo").joinpath(f"{name}.toml").read_text("utf-8"))


def state_at(node: Node, matter: str) -> Any:
    """Where a matter stands at a node; None while it is not there."""
    return next((one for one in node.ask("enquiry.summaries") if one["id"] == matter), None)


def ask(asker: Node, asked: Node, name: str) -> str:
    """The matter of an enquiry that its officer sent, once it is on the other desk and its receipt is back."""
    matter = str(asker.ask("enquiry.send", {"draft": draft(name)}, officer=asker.member.officer)["id"])
    soon(lambda: state_at(asked, matter), what=f"the enquiry at {asked.agency}", seconds=60)
    soon(lambda: state_at(asker, matter)["received_at"], what=f"the receipt at {asker.agency}", seconds=60)
    return matter
