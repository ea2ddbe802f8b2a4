"""Registers that others read are not any officer's to replace, and the hub's waiting list is its legal desk's."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from zlib import compress

import pytest

from fixtures.unlist import listed, person
from support.bureaux import Board, board_of, with_hub
from support.node import Node, Nodes
from support.noticed import a_notice
from tansiq.errors import Refused
from tansiq.node import register_keepers
from tansiq.node.acts import Asked
from tansiq.node.acts_enquiries import import_list
from tansiq.node.acts_notices import take_file, waiting
from tansiq.notices.asking import ask_publication
from tansiq.registers.queries import register_posts

pytestmark = pytest.mark.storage

DESK, HEAD = "ES-4017", "ES-1001"


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


@pytest.fixture
def board(node: Nodes) -> Iterator[Board]:
    made = board_of(node)
    undo = with_hub()
    yield made
    undo()


def asked(owner: Node, number: str, **arguments: object) -> Asked:
    officer = owner.officer(number) if number else None
    return Asked(context=owner.use(), officer=officer, arguments=arguments, progress=lambda _: None)


def imports(owner: Node, number: str, name: str, *, register: str = "un", **more: object) -> None:
    content = listed(person(1, (name, "Elinvento"), original="", aliases=[], births=[]))
    file = b64encode(compress(content)).decode()
    import_list(asked(owner, number, file=file, register=register, removals=True, **more))


def test_no_officer_replaces_a_register_that_others_read_nor_takes_it_for_the_own_desk(es: Node) -> None:
    imports(es, "", "Moktar")  # the machine's operator
    for more in ({}, {"posts": [es.post("head")]}, {"posts": []}):
        with pytest.raises(Refused, match=r"registers\.not-yours"):
            imports(es, HEAD, "Nadie", **more)
    assert register_posts() == {"un": frozenset()}
    imports(es, "", "Otro")


def test_an_officer_keeps_a_register_of_the_own_desk(es: Node) -> None:
    own = es.post()
    imports(es, DESK, "Moktar", register="own", posts=[own])
    imports(es, DESK, "Salma", register="own")
    with pytest.raises(Refused, match=r"registers\.not-yours"):
        imports(es, HEAD, "Nadie", register="own")
    with pytest.raises(Refused, match=r"registers\.not-yours"):
        imports(es, DESK, "Nadie", register="own", posts=[own, es.post("head")])
    assert register_posts() == {"own": frozenset({own})}


def test_an_administrator_imports_into_a_common_register(es: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    imports(es, "", "Moktar")
    monkeypatch.setattr(register_keepers, "roles_held", lambda number: {"administrator"} if number == HEAD else set())
    imports(es, HEAD, "Salma")
    with pytest.raises(Refused, match=r"registers\.not-yours"):
        imports(es, DESK, "Nadie")


def test_public_notices_are_taken_in_by_the_desk_for_notices(board: Board) -> None:
    others = [one.number for one in board.hub.use().directory.officers if one.number != "IX-0001"]
    assert others
    for number in others:
        with pytest.raises(Refused, match=r"registers\.not-yours"):
            take_file(asked(board.hub, number, file=b64encode(compress(b"[]")).decode(), colour="red", whole=True))


def test_what_waits_for_the_hub_is_listed_for_its_legal_desk_alone(board: Board) -> None:
    ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    assert len(waiting(asked(board.hub, "IX-0001"))) == 1
    with pytest.raises(Refused, match=r"notices\.not-your-desk"):
        waiting(asked(board.hub, "IX-0002"))
