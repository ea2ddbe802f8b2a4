"""Who may answer a notice: the bureau of a member that has it, by the organisation's channel; anybody else is set aside."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connection

from support.bureaux import Board
from support.noticed import WANTED, a_notice, an_answer
from tansiq.errors import BadInput
from tansiq.exchange.queries import quarantined
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import send_diffusion
from tansiq.notices.flagging import warnings_for
from tansiq.notices.handlers import _require_answering
from tansiq.notices.rows import notice_rows

pytestmark = pytest.mark.storage


@pytest.mark.parametrize(
    "unlike",
    [
        "UPDATE notices_given SET agency = 'xx.ncb' WHERE agency = 'ma.ncb'",
        "UPDATE notices_member SET agency = 'xx.ncb' WHERE agency = 'ma.ncb'",
    ],
)
def test_who_was_not_given_a_diffusion_or_is_no_member_answers_nothing(board: Board, unlike: str) -> None:
    matter = send_diffusion(a_notice(), to=["ma.ncb"], context=board.es.use(), officer=board.es.officer())
    board.carry()
    board.es.use()
    with connection.cursor() as cursor:
        cursor.execute(unlike)
        assert cursor.rowcount == 1
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    context = board.es.use()
    assert [one.code for one in quarantined()] == ["notices.not-theirs-to-say"]
    assert notice_rows("matter = %s", (matter,))[0].answers == 0
    assert warnings_for([WANTED], context=context) == []


def test_an_answer_by_another_channel_is_not_taken(board: Board) -> None:
    matter = send_diffusion(a_notice(), to=["ma.ncb"], context=board.es.use(), officer=board.es.officer())
    (row,) = notice_rows("matter = %s", (matter,))
    one = SimpleNamespace(
        docket=SimpleNamespace(channel="embassy", sender="ma.ncb/bureau"), statement=SimpleNamespace(agency="ma.ncb")
    )
    with pytest.raises(BadInput, match="other-channel"):
        _require_answering(one, row, board.es.context)  # type: ignore[arg-type]  # what it reads of an arrival
