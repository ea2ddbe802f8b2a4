"""The reception of the demonstration: where its pages are, and who may sign in there with which passphrase and code.

On a terminal the codes of the second factor are shown anew as they change, so that nobody needs an authenticator to look around; otherwise
the secrets are told, from which any authenticator makes them.
"""

from __future__ import annotations

import time
from base64 import b32decode
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tansiq.demo.cast import Person
from tansiq.demo.stage import Node
from tansiq.demo.telling import Teller
from tansiq.policy.codes import code_list

__all__ = ["show_sign_ins"]

_STEP_SECONDS = 30
_PAUSE_SECONDS = 0.5


def _code(person: Person, at_s: float) -> str:
    """What the person's authenticator shows (RFC 6238)."""
    return TOTP(b32decode(person.factor), 6, SHA1(), _STEP_SECONDS).generate(int(at_s)).decode()  # noqa: S303 (what authenticators do)


def _rows(node: Node, language: str, second: Callable[[Person], str]) -> list[list[str]]:
    roles, member = code_list("roles"), node.member
    return [
        [
            one.number,
            member.desk_of(one.number, language) or roles.label(one.role, language),
            one.passphrase,
            second(one),
        ]
        for one in member.people
    ]


def show_sign_ins(nodes: Sequence[Node], teller: Teller, *, while_up: Callable[[], bool]) -> None:
    """Shows the sign-ins of ``nodes`` for as long as ``while_up`` says; on a terminal with codes that stay current."""
    teller.line()
    teller.say("demo.open")
    for node in nodes:
        teller.line(f"  {node.home.pages_address}")
    teller.say("demo.sign-ins")
    for node in nodes:
        teller.line()
        teller.columns(_rows(node, teller.language, lambda person: "" if teller.is_live else person.factor), indent=2)
    teller.line()
    teller.say("demo.stop")
    if not teller.is_live:
        while while_up():
            time.sleep(_PAUSE_SECONDS)
        return
    with teller.live() as show:
        while while_up():
            now = time.time()
            codes = [f"{one.number} {_code(one, now)}" for node in nodes for one in node.member.people]
            left = _STEP_SECONDS - int(now) % _STEP_SECONDS
            show("demo.codes", codes="   ".join(codes), seconds=left)
            time.sleep(_PAUSE_SECONDS)
