"""``tansiq officer account``, ``invite`` and ``certify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.node import PASSPHRASE, Node, Nodes
from tansiq.node.identity import write_identity

pytestmark = pytest.mark.storage

WORDS = "cuatro palabras sin relación"
IDENTITY = "identity words here"


@pytest.fixture
def es(node: Nodes, tmp_path: Path) -> Node:
    made = node("es.cgi")
    write_identity(tmp_path / "es.identity", made.identity, IDENTITY)
    return made


def accept(es: Node, number: str, code: str) -> None:
    from tansiq.accounts.invitations import accept as take
    from tansiq.accounts.opened import opened

    es.use()
    take(number, code, WORDS, address="127.0.0.1", language="es", node=opened())


def roles(es: Node, number: str) -> str:
    from tansiq.accounts.services import account_of

    es.use()
    return account_of(number).roles


def test_an_officer_that_was_made_can_sign_in_and_gets_other_roles(es: Node, terminal: Any) -> None:
    assert roles(es, "ES-4017") == "officer"
    assert roles(es, "ES-1001") == "head"
    shown = terminal.json("officer", "account", "ES-4017", "--role", "supervisor", "--role", "officer", home=es)
    assert shown == {"officer": "ES-4017", "roles": ["supervisor", "officer"], "clearance": "", "made": False}
    assert roles(es, "ES-4017") == "officer supervisor"
    assert terminal("officer", "account", "ES-4017", "--role", "king", home=es) == 2
    assert terminal.code == "policy.unknown-code"
    assert terminal("officer", "account", "ES-4017", "--role", "administrator", "--role", "head", home=es) == 3
    assert terminal.code == "accounts.administrator-alone"


def test_an_officer_gets_a_clearance(es: Node, terminal: Any) -> None:
    words = ["officer", "account", "ES-4017", "--role", "officer", "--clearance"]
    assert terminal.json(*words, "class.secret", home=es)["clearance"] == "class.secret"
    assert terminal(*words, "class.cosmic", home=es) == 2
    assert terminal.json(*words, "", home=es)["clearance"] == ""


def test_an_account_without_keys_is_made_with_a_passphrase(es: Node, terminal: Any, descriptor: Any) -> None:
    words = ["officer", "account", "ES-0007", "--role", "administrator", "--passphrase-fd", descriptor(WORDS)]
    assert terminal.json(*words, home=es)["made"]
    assert roles(es, "ES-0007") == "administrator"
    short = ["officer", "account", "ES-0008", "--role", "auditor", "--passphrase-fd", descriptor("short")]
    assert terminal(*short, home=es) == 3
    assert terminal.code == "keystore.short-passphrase"


def test_an_account_for_keys_that_are_there_takes_their_passphrase(es: Node, terminal: Any, descriptor: Any) -> None:
    from tansiq.accounts.models import Account

    es.use()
    Account.objects.filter(number="ES-4017").delete()
    wrong = ["officer", "account", "ES-4017", "--passphrase-fd", descriptor(WORDS)]
    assert terminal(*wrong, home=es) == 3
    assert terminal.code == "keystore.wrong-passphrase"
    right = ["officer", "account", "ES-4017", "--passphrase-fd", descriptor(PASSPHRASE)]
    assert terminal.json(*right, home=es) == {"officer": "ES-4017", "roles": ["officer"], "clearance": "", "made": True}


def test_from_the_invitation_to_the_certificate(es: Node, terminal: Any, tmp_path: Path, descriptor: Any) -> None:
    shown = terminal.json("officer", "invite", "ES-4019", "--post", "counter-terrorism", "--role", "officer", home=es)
    assert shown["posts"] == ["es.cgi/counter-terrorism"]
    accept(es, "ES-4019", shown["code"])
    certify = ["officer", "certify", "ES-4019", "--identity", tmp_path / "es.identity", "--identity-passphrase-fd"]
    made = terminal.json(*certify, descriptor(IDENTITY), home=es)
    assert (made["document"], made["substitutes"], made["ended"]) == (2, [], [])
    (officer,) = made["officers"]
    assert officer["officer"] == "ES-4019"
    assert len(officer["words"]) == 16
    assert terminal("enquiry", "list", home=es, officer="ES-4019", passphrase=WORDS) == 0
    assert terminal(*certify, descriptor(IDENTITY), home=es) == 4
    assert terminal.code == "node.nothing-waits"
    everybody = ["officer", "certify", "--identity", tmp_path / "es.identity", "--identity-passphrase-fd"]
    assert terminal(*everybody, descriptor(IDENTITY), home=es) == 5
    assert terminal.code == "node.nothing-to-certify"


def test_a_second_account_for_a_number_is_not_invited(es: Node, terminal: Any) -> None:
    assert terminal("officer", "invite", "ES-4017", "--post", "head", "--role", "head", home=es) == 5
    assert terminal.code == "accounts.account-exists"
