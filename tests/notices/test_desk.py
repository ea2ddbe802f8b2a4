"""What the desks see of notices, and the drafts that they share until one is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.bureaux import Board
from support.node import Node
from support.noticed import a_notice, a_yellow_notice, an_answer, cancelled, refused
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.journal.access import access_log
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, executed, send_diffusion, update
from tansiq.notices.desks import own_desk
from tansiq.notices.drafts import (
    Checks,
    check_draft,
    draft_of,
    drafts_of,
    drop_draft,
    keep_draft,
    send_checked,
    unchecked_faults,
)
from tansiq.notices.legal import publish, refuse
from tansiq.notices.queries import NoticeView, counts, notice_page, pending, show_notice, unseen
from tansiq.policy.notice_course import Kind
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage
LAWFUL = Checks(
    rpd_purpose="rpd.wanted", article_2=True, political=False, military=False, religious=False, racial=False
)


def desk(node: Node) -> tuple[str]:
    node.use()
    return (own_desk(),)


def published(board: Board) -> bytes:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    return matter


# ------------------------------------------------------------------------------------------------------------- drafts


def test_a_draft_is_written_checked_by_a_person_and_only_then_sent(board: Board) -> None:
    context, officer, posts = board.es.use(), board.es.officer(), desk(board.es)
    draft = keep_draft(a_notice(), officer=officer, context=context)
    row, kept = draft_of(draft, posts, context=context)
    assert (row.state, row.colour, [one.id for one in drafts_of(posts)]) == ("draft", "notice.red", [draft])
    assert (kept.article_2, kept.rpd_purpose) == (None, None), "what somebody else answered for is not taken over"
    assert kept.law is not None
    assert kept.law.neutrality is None
    assert not unchecked_faults(kept)
    with pytest.raises(Conflict, match="not-checked"):
        send_checked(draft, version=row.version, officer=officer, context=context)
    check_draft(draft, LAWFUL, version=row.version, officer=officer, context=context)
    row, kept = draft_of(draft, posts, context=context)
    assert (row.state, row.checked_by, kept.rpd_purpose) == ("checked", "ES-5001", "rpd.wanted")
    matter = send_checked(draft, version=row.version, officer=officer, context=context)
    assert drafts_of(posts) == []
    with pytest.raises(NotFound, match="no-contents"):
        context.keys.contents(row.thing)
    board.carry()
    board.hub.use()
    assert [one["id"] for one in pending()] == [id_text(matter)]


def test_who_changes_a_draft_takes_its_check_away(board: Board) -> None:
    context, officer, posts = board.es.use(), board.es.officer(), desk(board.es)
    draft = keep_draft(a_notice(), officer=officer, context=context)
    check_draft(draft, LAWFUL, version=1, officer=officer, context=context)
    first = draft_of(draft, posts, context=context)[0]
    keep_draft(replace(a_notice(), caution=None), officer=officer, context=context, draft=draft)
    row, kept = draft_of(draft, posts, context=context)
    assert (row.state, row.version, kept.caution) == ("draft", 3, None)
    with pytest.raises(NotFound, match="no-contents"):
        context.keys.contents(first.thing)
    with pytest.raises(Conflict, match="changed-meanwhile"):
        check_draft(draft, LAWFUL, version=2, officer=officer, context=context)
    with pytest.raises(Conflict, match="changed-meanwhile"):
        send_checked(draft, version=2, officer=officer, context=context)


def test_a_yes_to_a_question_of_article_3_is_kept_and_stops_it(board: Board) -> None:
    context, officer = board.es.use(), board.es.officer()
    for checks in (replace(LAWFUL, political=True), replace(LAWFUL, article_2=False)):
        draft = keep_draft(a_notice(), officer=officer, context=context)
        check_draft(draft, checks, version=1, officer=officer, context=context)
        with pytest.raises(Refused, match="law"):
            send_checked(draft, version=2, officer=officer, context=context)
        drop_draft(draft, officer=officer, context=context)
    assert drafts_of(desk(board.es)) == []


def test_a_draft_is_its_desks_alone(board: Board) -> None:
    draft = keep_draft(a_notice(), officer=board.es.officer(), context=board.es.use())
    with pytest.raises(NotFound):
        draft_of(draft, ("es.ncb/other",), context=board.es.context)
    assert drafts_of(()) == drafts_of(("es.ncb/other",)) == []
    with pytest.raises(Refused, match="not-your-desk"):
        keep_draft(a_notice(), officer=board.hub.officer("IX-0001"), context=board.es.context)
    hidden = drafts_of(desk(board.es))[0].concealed
    assert b"Cicatriz" not in hidden
    assert b"OCN-2026" not in hidden


def test_a_draft_becomes_a_diffusion_or_an_update(board: Board) -> None:
    context, officer = board.es.use(), board.es.officer()
    draft = keep_draft(a_notice(), officer=officer, context=context, kind=Kind.DIFFUSION)
    check_draft(draft, LAWFUL, version=1, officer=officer, context=context)
    with pytest.raises(BadInput, match="to-nobody"):
        send_checked(draft, version=2, officer=officer, context=context)
    matter = send_checked(draft, version=2, to=["ma.ncb"], officer=officer, context=context)
    changed = replace(a_notice(), caution=None)
    draft = keep_draft(changed, officer=officer, context=context, kind=Kind.DIFFUSION, matter=matter)
    check_draft(draft, LAWFUL, version=1, officer=officer, context=context)
    assert send_checked(draft, version=2, officer=officer, context=context) == matter
    board.carry()
    board.ma.use()
    assert show_notice(matter, officer=board.ma.officer(), context=board.ma.context)["state"] == "updated"


# ------------------------------------------------------------------------------------------------------------- lists


def test_what_binds_is_for_every_desk_what_is_asked_or_diffused_for_the_bureaus(board: Board) -> None:
    notice = published(board)
    board.clock.advance(minutes=1)
    asked = ask_publication(a_yellow_notice("ES-5001"), context=board.es.use(), officer=board.es.officer())
    diffused = send_diffusion(a_notice(), to=["ma.ncb"], context=board.es.use(), officer=board.es.officer())
    posts = desk(board.es)

    def ids(view: NoticeView) -> list[str]:
        return [one["id"] for one in notice_page(view)[0]]

    assert ids(NoticeView(posts=posts)) == [id_text(diffused), id_text(notice)]
    assert ids(NoticeView(posts=posts, kind="diffusion")) == [id_text(diffused)]
    assert ids(NoticeView(posts=posts, scope="asked")) == [id_text(asked)]
    assert ids(NoticeView(posts=posts, scope="asked", colour="notice.red")) == []
    assert counts(NoticeView(posts=posts, own=True)) == 2
    others = ("es.ncb/other",)
    assert ids(NoticeView(posts=others)) == [id_text(notice)]
    assert ids(NoticeView(posts=others, scope="asked")) == []
    page, after = notice_page(NoticeView(posts=posts), limit=1)
    assert [one["id"] for one in page] == [id_text(diffused)]
    page, after = notice_page(NoticeView(posts=posts), after=after, limit=1)
    assert ([one["id"] for one in page], after) == ([id_text(notice)], "")
    for wrong in ({"scope": "other"}, {}):
        with pytest.raises(BadInput, match="wrong-view"):
            notice_page(NoticeView(posts=posts, **wrong), after="" if wrong else "x.y")
    assert "El Fassi" not in repr(page), "lists name nobody"


def test_who_opens_one_is_logged_and_reads_what_the_conditions_let(board: Board) -> None:
    matter = published(board)
    context = board.ma.use()
    before = access_log().size
    shown = show_notice(matter, officer=board.ma.officer(), context=context, justification="Control")
    assert access_log().size == before + 1
    assert shown["content"]["reference"] == "OCN-2026-118"
    assert shown["may"] == ["notice.answer"]
    assert (shown["denied"], [word["kind"] for word in shown["words"]]) == ([], ["notice.publication"])
    board.es.use()
    mine = show_notice(matter, officer=board.es.officer(), context=board.es.context)
    assert set(mine["may"]) == {"notice.update", "notice.extension", "notice.cancellation", "notice.restriction"}
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    posts = desk(board.es)
    assert unseen(posts) == {id_text(matter): 1}
    show_notice(matter, officer=board.es.officer(), context=board.es.context)
    assert unseen(posts) == {}
    assert unseen(()) == {}


def test_of_what_has_ended_only_its_source_reads_the_contents(board: Board) -> None:
    matter = published(board)
    executed(matter, officer=board.es.officer(), context=board.es.use(), body=cancelled())
    board.carry()
    board.ma.use()
    theirs = show_notice(matter, officer=board.ma.officer(), context=board.ma.context)
    assert (theirs["state"], theirs["content"], theirs["may"]) == ("cancelled", None, [])
    assert all(word["content"] is None for word in theirs["words"])
    board.es.use()
    ours = show_notice(matter, officer=board.es.officer(), context=board.es.context)
    assert ours["content"]["reference"] == "OCN-2026-118"
    assert notice_page(NoticeView(posts=desk(board.es), scope="ended"))[0][0]["reason"] == "cancel.executed"


def test_the_legal_desk_sees_what_waits_the_longest_waiting_first(board: Board) -> None:
    first = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer(), denied=["ma.ncb"])
    board.clock.advance(minutes=1)
    second = ask_publication(a_yellow_notice("ES-5001"), context=board.es.use(), officer=board.es.officer())
    board.carry()
    board.hub.use()
    assert [one["id"] for one in pending()] == [id_text(first), id_text(second)]
    legal = board.hub.officer("IX-0001")
    shown = show_notice(first, officer=legal, context=board.hub.context)
    assert set(shown["may"]) == {"notice.publication", "notice.refusal"}
    assert shown["words"][0]["content"]["denied"] == ["ma.ncb"]
    with pytest.raises(NotFound, match="unknown"):
        show_notice(first, officer=board.hub.officer("IX-0002"), context=board.hub.context)
    refuse(first, refused(), officer=legal, context=board.hub.use())
    assert [one["id"] for one in pending()] == [id_text(second)]
    publish(second, lawful=board.lawful(), officer=legal, context=board.hub.context)
    assert pending() == []
    changed = replace(a_yellow_notice("ES-5001"), reference="OCN-2")
    board.carry()
    update(second, changed, officer=board.es.officer(), context=board.es.use())
    board.carry()
    board.hub.use()
    assert [(one["id"], one["state"]) for one in pending()] == [(id_text(second), "published")]
    both = show_notice(second, officer=legal, context=board.hub.context)
    assert "reference" not in both["content"], "what binds"
    assert both["pending_content"]["reference"] == "OCN-2"
