"""A notice from the request to its end, between two bureaux and the hub."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from support.bureaux import Board, with_hub
from support.node import Node, Nodes, carry
from support.noticed import (
    DAY_MS,
    WANTED,
    a_notice,
    a_yellow_notice,
    an_answer,
    attested,
    cancelled,
    extended,
    refused,
)
from tansiq.cases.erasure import erase_due
from tansiq.errors import BadInput, Conflict, Error, NotFound, Refused
from tansiq.exchange import drafts
from tansiq.exchange.queries import quarantined
from tansiq.node.creation import NewPost
from tansiq.notices import answering, asking
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, cancel, executed, extend, restrict, send_diffusion, update
from tansiq.notices.contents import notices_in
from tansiq.notices.kinds import Side
from tansiq.notices.legal import cancel_by_hub, publish, refuse
from tansiq.notices.members import admit
from tansiq.notices.rows import NoticeRow, WordRow, notice_rows, words_of
from tansiq.notices.saying import SHARES
from tansiq.notices.settling import REGISTER, expire
from tansiq.policy.notice import Cancellation, Notice
from tansiq.policy.notice_needs import needs
from tansiq.policy.values import Text
from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.registers.matching import match_person

pytestmark = pytest.mark.storage


def states(board: Board, matter: bytes) -> list[str]:
    """Where it stands at its source, the hub and the other member."""
    found = []
    for node in (board.es, board.hub, board.ma):
        node.use()
        rows = notice_rows("matter = %s", (matter,))
        found.append(rows[0].state if rows else "")
        assert [one.code for one in quarantined()] == []
    return found


def row(node: Node, matter: bytes) -> NoticeRow:
    node.use()
    return notice_rows("matter = %s", (matter,))[0]


def said(node: Node, matter: bytes) -> list[WordRow]:
    node.use()
    return words_of([matter])[matter]


def statements_of(agency: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM exchange_statement WHERE agency = %s", (agency,))
        return int(cursor.fetchone()[0])


def ask_and_carry(board: Board) -> bytes:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    return matter


def published(board: Board, *, days: int = 0) -> bytes:
    """A red notice of Madrid's that binds everywhere."""
    matter = ask_and_carry(board)
    publish(
        matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use(),
        until_ms=board.clock() + days * DAY_MS if days else None,
    )  # fmt: skip
    board.carry()
    return matter


def test_asked_published_answered_and_withdrawn_everywhere(board: Board) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    assert states(board, matter) == ["requested", "", ""]
    board.carry()
    assert states(board, matter) == ["requested", "requested", ""]
    board.clock.advance(hours=2)
    number = publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    assert number.endswith("/1")
    board.carry()
    assert states(board, matter) == ["published", "published", "published"]
    board.clock.advance(days=3)
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    board.clock.advance(hours=1)
    executed(matter, officer=board.es.officer(), context=board.es.use(), body=cancelled())
    board.carry()
    assert states(board, matter) == ["cancelled", "cancelled", "cancelled"]


def test_a_correction_binds_once_it_is_published_and_a_refused_one_never(board: Board) -> None:
    matter = published(board)
    first = row(board.ma, matter).version
    board.clock.advance(days=1)
    update(matter, replace(a_notice(), caution=None), officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert [row(one, matter).state for one in board.nodes] == ["published"] * 3
    assert row(board.hub, matter).pending
    refuse(matter, refused(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    assert [row(one, matter).version for one in (board.es, board.ma)] == [first, first]
    assert [word.code for word in said(board.es, matter) if word.kind == "notice.refusal"] == ["hub.judicial-basis"]
    assert {word.kind for word in said(board.ma, matter)} == {"notice.publication"}, "a member learns nothing of it"
    board.clock.advance(days=1)
    changed = replace(a_notice(), facts=Text("es", "Visto en un puerto inventado."))
    update(matter, changed, officer=board.es.officer(), context=board.es.use())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    assert [row(one, matter).state for one in board.nodes] == ["updated"] * 3
    version = row(board.ma, matter).version
    board.ma.use()
    assert notices_in([version], context=board.ma.context)[version].facts == changed.facts
    assert row(board.ma, matter).number == row(board.hub, matter).number != ""


def test_it_expires_everywhere_by_the_clock_unless_its_source_needs_it_on(board: Board) -> None:
    matter = published(board, days=30)
    board.clock.advance(days=20)
    until_ms = board.clock() + 100 * DAY_MS
    extend(matter, extended("ES-5001", until_ms=until_ms), officer=board.es.officer(), context=board.es.use())
    board.carry()
    board.clock.advance(days=60)
    for one in board.nodes:
        assert expire(context=one.use()) == 0
    board.clock.advance(days=41)
    for one in board.nodes:
        assert expire(context=one.use()) == 1
        assert expire(context=one.context) == 0
    assert [row(one, matter).state for one in board.nodes] == ["expired"] * 3
    with pytest.raises(Conflict, match="ended"):
        executed(matter, officer=board.es.officer(), context=board.es.use())


def test_who_ends_it_has_ended_it_and_what_is_known_of_persons_goes_with_it(board: Board) -> None:
    matter = published(board)
    context = board.ma.use()
    assert [one.register for one in match_person(WANTED, context=context)] == [REGISTER]
    cancel_by_hub(
        matter, replace(cancelled("cancel.hub"), words=Text("en", "Not in keeping.")),
        officer=board.hub.officer("IX-0001"), context=board.hub.use(),
    )  # fmt: skip
    board.carry()
    assert [row(one, matter).reason for one in board.nodes] == ["cancel.hub"] * 3
    for one in board.nodes:
        assert match_person(WANTED, context=one.use()) == []
    version = row(board.ma, matter).version
    assert erase_due(context=board.ma.use()) > 0
    assert notices_in([version], context=board.ma.context) == {}
    assert erase_due(context=board.es.use()) == 0, "its source keeps what was its own for the term of review"
    assert version in notices_in([version], context=board.es.context)


def test_the_hub_does_not_publish_what_was_withdrawn_and_a_cancellation_holds_that_crosses_the_publication(
    board: Board,
) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    executed(matter, officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert states(board, matter) == ["cancelled"] * 3
    another = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    executed(another, officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert states(board, another) == ["cancelled", "cancelled", ""]
    with pytest.raises(Conflict, match="nothing-waits"):
        publish(another, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())


def test_whom_its_source_denies_it_has_nothing_of_it_and_who_loses_it_is_told(board: Board) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer(), denied=["ma.ncb"])
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    assert states(board, matter) == ["published", "published", ""]
    board.ma.use()
    assert statements_of("es.ncb") == 0, "not even the docket"
    restrict(matter, [], officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert states(board, matter) == ["published"] * 3
    board.clock.advance(days=1)
    restrict(matter, ["ma.ncb"], officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert states(board, matter) == ["published", "published", "cancelled"]
    assert row(board.ma, matter).reason == "cancel.restricted"
    assert match_person(WANTED, context=board.ma.use()) == []
    executed(matter, officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert states(board, matter) == ["cancelled"] * 3


def test_a_diffusion_is_at_once_for_whom_it_names_and_closed_to_the_hub(board: Board) -> None:
    matter = send_diffusion(a_notice(), to=["ma.ncb"], context=board.es.use(), officer=board.es.officer())
    assert row(board.es, matter).state == "published"
    board.carry()
    assert states(board, matter) == ["published"] * 3
    version = row(board.hub, matter).version
    board.hub.use()
    assert notices_in([version], context=board.hub.context) == {}
    assert (row(board.hub, matter).colour, row(board.hub, matter).field) == ("", "offence.terrorism")
    board.ma.use()
    assert version in notices_in([version], context=board.ma.context)
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    assert row(board.es, matter).answers == 1
    update(matter, replace(a_notice(), caution=None), officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert [row(one, matter).state for one in (board.es, board.ma)] == ["updated", "updated"]
    executed(matter, officer=board.es.officer(), context=board.es.use())
    board.carry()
    assert [row(one, matter).state for one in (board.es, board.ma)] == ["cancelled", "cancelled"]
    with pytest.raises(BadInput, match="only-notices"):
        restrict(matter, ["ma.ncb"], officer=board.es.officer(), context=board.es.use())


@pytest.mark.parametrize("named", [True, False])
def test_a_diffusion_dated_far_ahead_binds_no_longer_than_the_longest_term(
    board: Board, monkeypatch: pytest.MonkeyPatch, *, named: bool
) -> None:
    """Whoever dates it does not choose how long others keep whom it seeks; nor does one that names no end."""
    far, sign = MAX_TIME_MS - 3000 * DAY_MS, drafts.sign_concealed
    notice, context = a_notice(until_ms=far + 300 * DAY_MS if named else None), board.es.use()
    with monkeypatch.context() as liar:
        liar.setattr(drafts, "sign_concealed", lambda **said: sign(**said | {"time_ms": far}))
        liar.setattr(asking, "check_notice", lambda *_, **__: None)
        matter = send_diffusion(notice, to=["ma.ncb"], context=context, officer=board.es.officer())
    board.carry()
    held = row(board.ma, matter)
    assert (held.state, held.until_ms) == ("published", held.came_ms + needs().longest_ms)
    board.clock.advance(days=needs().longest_ms // DAY_MS + 1)
    assert expire(context=board.ma.use()) == 1
    assert row(board.ma, matter).state == "expired"
    assert match_person(WANTED, context=board.ma.context) == []


def test_a_missing_person_is_found(board: Board) -> None:
    matter = ask_publication(a_yellow_notice(), context=board.ma.use(), officer=board.ma.officer())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    answer_notice(
        matter, an_answer("ES-5001", result="result.found"), officer=board.es.officer(), context=board.es.use()
    )
    board.carry()
    cancel(matter, cancelled("cancel.found"), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    assert states(board, matter) == ["cancelled"] * 3


def test_what_is_not_lawful_does_not_leave(board: Board) -> None:
    def asking(notice: Notice, **more: object) -> str:
        with pytest.raises(Error) as caught:
            ask_publication(notice, context=board.es.use(), officer=more.get("officer", board.es.officer()))  # type: ignore[arg-type]
        return caught.value.code

    assert asking(replace(a_notice(), article_2=None)) == "policy.law"
    assert asking(replace(a_notice(), article_2=attested("MA-5001"))) == "enquiries.not-attested-here"
    assert asking(a_notice("MA-5001")) == "enquiries.not-attested-here"
    assert asking(a_notice(), officer=board.hub.officer("IX-0001")) == "notices.not-your-desk"
    with pytest.raises(NotFound, match="no-member"):
        send_diffusion(a_notice(), to=["xx.ncb"], context=board.es.use(), officer=board.es.officer())
    with pytest.raises(BadInput, match="to-nobody"):
        send_diffusion(a_notice(), to=[], context=board.es.use(), officer=board.es.officer())
    assert notice_rows("1 = 1", ()) == []
    matter = published(board)
    with pytest.raises(Refused, match="law"):
        answer_notice(matter, replace(an_answer(), law=None), officer=board.ma.officer(), context=board.ma.use())
    with pytest.raises(Refused, match="law"):
        publish(
            ask_and_carry(board), lawful=board.lawful(answer=False), officer=board.hub.officer("IX-0001"),
            context=board.hub.use(),
        )  # fmt: skip
    with pytest.raises(Refused, match="not-the-hub"):
        publish(matter, lawful=board.lawful(), officer=board.es.officer(), context=board.es.use())
    with pytest.raises(Refused, match="not-your-desk"):
        publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0002"), context=board.hub.use())


def test_a_member_that_joins_later_gets_what_binds(board: Board, node: Nodes) -> None:
    matter = published(board)
    board.clock.advance(days=1)
    changed = replace(a_notice(), caution=None)
    update(matter, changed, officer=board.es.officer(), context=board.es.use())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    ended = published(board)
    executed(ended, officer=board.es.officer(), context=board.es.use())
    board.carry()
    fr = node.new("fr.ncb", posts=(NewPost("bureau", "bureau"),), officers=())
    node.meet(board.hub, fr)
    with_hub()
    admit("fr.ncb", officer=board.hub.officer("IX-0002"), context=board.hub.use())
    carry(board.hub, fr)
    fr.use()
    assert [one.code for one in quarantined()] == []
    (known,) = notice_rows("1 = 1", ())
    assert (known.matter, known.state) == (matter, "updated")
    assert notices_in([known.version], context=fr.context)[known.version].caution is None


def test_a_member_that_says_too_much_silences_nobody_else(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a share, and its node says so; the node of a liar is not asked, and the hub's end of the notice passes all the same."""
    monkeypatch.setitem(SHARES, Side.MEMBER, 3)  # type: ignore[arg-type]
    matter = published(board)
    officer = board.ma.officer()
    with monkeypatch.context() as liar:
        liar.setattr(answering, "require_permitted", lambda *_, **__: None)
        for _ in range(5):
            answer_notice(matter, an_answer(), officer=officer, context=board.ma.use())
    with pytest.raises(Conflict, match="too-many-words"):
        answer_notice(matter, an_answer(), officer=officer, context=board.ma.use())
    board.carry()
    assert row(board.es, matter).answers == 3
    board.es.use()
    assert {one.code for one in quarantined()} == {"notices.too-many-words"}
    body = Cancellation(reason="cancel.hub", words=Text("en", "Article 3."))
    cancel_by_hub(matter, body, officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    assert [row(one, matter).state for one in board.nodes] == ["cancelled"] * 3


def test_a_source_that_has_said_all_it_may_still_ends_its_notice(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = published(board, days=30)
    officer = board.es.officer()
    room = sum(one.side is Side.SOURCE for one in said(board.es, matter)) + 2
    monkeypatch.setitem(SHARES, Side.SOURCE, room)  # type: ignore[arg-type]

    def extended_by(days: int) -> None:
        body = extended("ES-5001", until_ms=board.clock() + days * DAY_MS)
        extend(matter, body, officer=officer, context=board.es.use())

    extended_by(40)
    extended_by(50)
    with pytest.raises(Conflict, match="too-many-words"):
        extended_by(60)
    executed(matter, officer=officer, context=board.es.use())
    board.carry()
    assert states(board, matter) == ["cancelled"] * 3
