"""Whom its source denies a notice must be known before it goes; what is public no longer is not given out as public."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest
from django.db import connection

from support.bureaux import Board
from support.noticed import a_notice
from tansiq.errors import BadInput, Conflict
from tansiq.exchange.quarantine import retry_all
from tansiq.exchange.queries import quarantined
from tansiq.journal.access import read_access
from tansiq.notices import legal
from tansiq.notices.asking import ask_publication, restrict, update
from tansiq.notices.legal import publish
from tansiq.notices.public import Given, export_public
from tansiq.notices.rows import notice_rows
from tansiq.policy.notice import NoticeRequest

pytestmark = pytest.mark.storage


def test_what_came_without_its_request_is_not_published(board: Board) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer(), denied=["ma.ncb"])
    board.carry()
    context = board.hub.use()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notices_word WHERE kind = 'notice.request'")
        assert cursor.rowcount == 1
    with pytest.raises(Conflict, match="request-missing"):
        publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=context)


def test_a_version_that_is_public_no_longer_is_not_given_out(board: Board) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())

    def published() -> tuple[str, Given]:
        board.carry()
        number = publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
        board.carry()
        return number, export_public(
            colour="red", officer=board.es.officer(), context=board.es.use(), justification="x"
        )

    def logged() -> int:
        entries = [entry for _, entry in read_access(board.es.context.keys) if entry is not None]
        return sum(entry["justification"] == "x" for entry in entries)

    number, given = published()
    assert given.numbers == [number]
    assert logged() == 1
    update(matter, replace(a_notice(), public=False), officer=board.es.officer(), context=board.es.use())
    number, given = published()
    assert given.numbers == []
    assert given.left_out == [(number, ("not-public",))]
    assert logged() == 1, "what was not given out is not logged as given"


def at_the_hub_without_its_request(board: Board, monkeypatch: pytest.MonkeyPatch, denied: list[str]) -> bytes:
    """A notice that the hub published though the word on whom it is denied was set aside, as an older version did."""
    with monkeypatch.context() as patched:
        patched.setattr(NoticeRequest, "from_plain", _unreadable)
        matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer(), denied=denied)
        board.carry()
        assert [one.code for one in quarantined()] == ["protocol.wrong-field"]
    with monkeypatch.context() as patched:
        patched.setattr(legal, "denied_in", lambda *_, **__: ())
        publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    return matter


def _unreadable(_: object) -> NoReturn:
    raise BadInput("protocol.wrong-field", what="notice.request", field=0)


def state_in_rabat(board: Board, matter: bytes) -> str:
    board.ma.use()
    return notice_rows("matter = %s", (matter,))[0].state


def test_a_request_that_comes_late_restricts_from_then_on(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = at_the_hub_without_its_request(board, monkeypatch, ["ma.ncb"])
    assert state_in_rabat(board, matter) == "published"
    context = board.hub.use()
    assert [one.code for one in retry_all(context=context)] == [""]
    board.carry()
    assert state_in_rabat(board, matter) == "cancelled"


def test_a_request_that_comes_later_than_a_restriction_does_not_undo_it(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = at_the_hub_without_its_request(board, monkeypatch, ["ma.ncb"])
    restrict(matter, ["xx.ncb"], officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert [one.code for one in retry_all(context=board.hub.use())] == [""]
    board.carry()
    assert state_in_rabat(board, matter) == "published"
