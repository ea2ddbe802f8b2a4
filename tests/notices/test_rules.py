"""The rules of the channels hold for notices too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import resources

import pytest

from support.bureaux import Board
from support.noticed import WANTED, a_notice
from tansiq.channels.choices import choice_of
from tansiq.channels.profile import channel_rules, set_channel_rules
from tansiq.errors import Refused
from tansiq.notices.asking import ask_publication, executed, send_diffusion
from tansiq.notices.rows import notice_rows
from tansiq.policy.channel_reading import parse_rules
from tansiq.policy.notice import Notice
from tansiq.policy.subjects import Subject

pytestmark = pytest.mark.storage
RULES = resources.files("tansiq.policy").joinpath("channels.toml").read_text(encoding="utf-8")


def a_blue_notice(subject: Subject = WANTED) -> Notice:
    """Somebody is to be located; no court has ordered an arrest."""
    return replace(
        a_notice(), colour="notice.blue", subjects=(replace(subject, category="category.suspect"),), warrants=(),
        actions=("action.locate",), rpd_purpose="rpd.identify-interest", public=False,
    )  # fmt: skip


def test_terrorism_without_a_warrant_waits_for_the_head_and_nothing_is_stored(board: Board) -> None:
    officer, context = board.es.officer(), board.es.context
    ways: tuple[Callable[[], object], ...] = (
        lambda: ask_publication(a_blue_notice(), officer=officer, context=context),
        lambda: send_diffusion(a_blue_notice(), to=["ma.ncb"], officer=officer, context=context),
    )
    for sending in ways:
        board.es.use()
        with pytest.raises(Refused) as caught:
            sending()
        assert (caught.value.code, caught.value.values["roles"]) == ("channels.approval-needed", "head")
        assert notice_rows("1 = 1", ()) == []


def test_what_an_agency_s_own_rules_refuse_does_not_leave(board: Board) -> None:
    text = RULES.replace(
        'effect = "approve"\napprover = "head"\nwhen.kind = ["notice.red"',
        'effect = "refuse"\nwhen.kind = ["notice.red"',
    )
    assert text != RULES
    before = channel_rules()
    set_channel_rules(parse_rules(text))
    try:
        with pytest.raises(Refused) as caught:
            ask_publication(a_blue_notice(), officer=board.es.officer(), context=board.es.use())
    finally:
        set_channel_rules(before)
    assert (caught.value.code, caught.value.values["reasons"]) == ("channels.refused", "reason.terrorism-notice")
    assert notice_rows("1 = 1", ()) == []


def test_a_warning_of_an_imminent_threat_leaves_at_once(board: Board) -> None:
    orange = replace(
        a_notice(), colour="notice.orange", warrants=(), actions=("action.beware",), rpd_purpose="rpd.warn", public=False
    )  # fmt: skip
    matter = ask_publication(orange, officer=board.es.officer(), context=board.es.use())
    kept = choice_of(matter)
    assert kept is not None
    assert (kept.verdict, kept.kind, kept.approver) == ("recommended", "notice.orange", "")


def test_what_goes_by_it_leaves_its_choice(board: Board) -> None:
    matter = ask_publication(a_notice(), officer=board.es.officer(), context=board.es.use())
    kept = choice_of(matter)
    assert kept is not None
    assert (kept.channel, kept.verdict, kept.partner, kept.kind) == ("interpol", "recommended", "int.hub", "notice.red")
    diffusion = send_diffusion(a_notice(), to=["ma.ncb"], officer=board.es.officer(), context=board.es.context)
    kept = choice_of(diffusion)
    assert kept is not None
    assert kept.partner == "ma.ncb"
    executed(matter, officer=board.es.officer(), context=board.es.context)
