"""What heads said to one another ends after a time of the agency's choice: the words are gone for good, that they were said stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from support.heads import FIELD, Heads, message
from support.matters import CONDITIONS
from support.node import SECRET, Node
from support.returned import back_to
from tansiq import faults
from tansiq.cases.exits import reader_of, take_out
from tansiq.cases.queries import items_of
from tansiq.errors import BadInput, NotFound
from tansiq.exchange import drafts
from tansiq.exchange.eyes_only import is_closed, open_with
from tansiq.exchange.queries import quarantined
from tansiq.journal.access import read_access
from tansiq.node.backup import backup
from tansiq.node.fsck import fsck
from tansiq.node.home import Home, load_home
from tansiq.node.opening import open_node
from tansiq.oversight.queries import kept_counts, kept_page, things_of
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Use
from tansiq.policy.values import Text
from tansiq.protocol import statement
from tansiq.protocol.cbor import decode
from tansiq.protocol.ids import id_text
from tansiq.relations.direct import thread, unread_direct
from tansiq.relations.direct_ending import erase_direct_due, set_direct_days
from tansiq.relations.direct_handing import hand_down
from tansiq.relations.direct_saying import say

pytestmark = pytest.mark.storage

ES, MA, DESK = "ES-1001", "MA-1001", "es.cgi/counter-terrorism"
DAY_MS = 86_400_000
WORDS = "El objetivo cruza esta noche."


@pytest.fixture(autouse=True)
def as_left_out() -> Iterator[None]:
    yield
    faults.install(None)
    set_direct_days(365)


def parts_of(statement: bytes) -> list[bytes | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT parts FROM exchange_statement WHERE id = %s", (statement,))
        return list(decode(bytes(cursor.fetchone()[0])))


def erasures(node: Node, statement: bytes) -> list[tuple[str, str]]:
    """The erasures of a statement in the access journal: by whose order, why."""
    context = node.use()
    logged = [one for _, one in read_access(context.keys) if one is not None and one["thing"] == statement]
    return [(one["officer"], one["justification"]) for one in logged if one["operation"] == "erasure"]


def swept(node: Node) -> int:
    return erase_direct_due(context=node.use())


def test_after_its_time_nobody_opens_it_and_its_trace_stays(heads: Heads) -> None:
    matter, said = heads.say(ES, WORDS)
    heads.carry()
    heads.read(MA, matter)
    heads.carry()
    heads.clock.advance(days=364)
    _, later = heads.say(ES, "Otra cosa.", matter=matter)
    heads.carry()
    assert (swept(heads.es), swept(heads.ma)) == (0, 0)
    heads.clock.advance(days=1)
    for node, number in ((heads.es, ES), (heads.ma, MA)):
        assert swept(node) == 1
        assert swept(node) == 0
        context, officer = node.use(), node.officer(number)
        assert set(parts_of(said)) == {None}
        assert is_closed([said], context=context) == set()
        with pytest.raises(NotFound, match="wraps-erased"):
            open_with(said, officer.reading, context=context)
        first, second = heads.read(number, matter)
        assert (first.message, first.fault) == (None, "")
        assert first.row.erased_ms == heads.clock()
        assert (first.row.read_by, first.row.their_post.endswith("/head")) == (MA, True)
        assert second.message is not None
        assert erasures(node, said) == [("node", "erasure.retention")]
        assert context.keys.contents(said)[0] is not None, "the docket stays"
        assert fsck(context).clean
    assert later != said


def test_each_agency_sets_its_own_time(heads: Heads) -> None:
    set_direct_days(30)
    matter, said = heads.say(ES, WORDS)
    set_direct_days(365)
    heads.carry()
    heads.clock.advance(days=30)
    assert (swept(heads.es), swept(heads.ma)) == (1, 0)
    assert heads.words(ES, matter) == [None]
    assert heads.words(MA, matter) == [WORDS]
    assert said


@pytest.mark.parametrize("days", [-366, 80 * 365])
def test_whoever_dates_a_message_does_not_choose_how_long_its_reader_keeps_it(
    heads: Heads, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Dated back it would be gone before the head opens it, dated ahead it would stay for ever."""
    sign = statement.sign_concealed
    with monkeypatch.context() as liar:
        liar.setattr(
            drafts, "sign_concealed", lambda **said: sign(**said | {"time_ms": said["time_ms"] + days * 86_400_000})
        )
        _, said = heads.say(ES, WORDS)
    heads.carry()
    heads.clock.advance(days=364)
    assert swept(heads.ma) == 0
    assert any(parts_of(said))
    heads.clock.advance(days=2)
    assert swept(heads.ma) == 1
    assert not any(parts_of(said))


def test_what_nobody_read_ends_too_and_is_no_longer_counted(heads: Heads) -> None:
    matter, _ = heads.say(ES)
    heads.carry()
    heads.clock.advance(days=365)
    assert swept(heads.ma) == 1
    assert unread_direct([heads.ma.post("head")]) == 0
    assert heads.words(MA, matter) == [None]


def test_the_originator_s_earlier_end_holds_on_both_sides(heads: Heads) -> None:
    made = replace(message(ES), conditions=replace(CONDITIONS, erase_by_ms=heads.clock() + 10 * DAY_MS))
    matter, _ = say(made, to=heads.ma.post("head"), field=FIELD, context=heads.es.use(), officer=heads.es.officer(ES))
    heads.carry()
    heads.read(MA, matter)
    heads.clock.advance(days=9)
    assert (swept(heads.es), swept(heads.ma)) == (0, 0)
    heads.clock.advance(days=1)
    assert (swept(heads.es), swept(heads.ma)) == (1, 1)


def test_what_was_handed_down_lives_by_its_own_rule(heads: Heads) -> None:
    _, said = heads.say(MA, WORDS)
    heads.carry()
    item = Item(
        words=Text("es", "Vigilad el paso."), source="B", information="2", basis="basis.fact",
        conditions=Conditions(codes=("H1",), classification="class.restricted"),
    )  # fmt: skip
    check = IncomingCheck(answer="obtained.no-sign", officer=ES, at_ms=heads.clock())
    case = hand_down(
        said, item, desk=DESK, title=Text("es", "Paso"), check=check, context=heads.es.use(), officer=heads.es.officer(ES)
    )  # fmt: skip
    heads.clock.advance(days=365)
    assert swept(heads.es) == 1
    context = heads.es.use()
    (row,) = items_of(case)
    (shown,) = take_out([row.id], Use.VIEW, reader_of(heads.es.officer("ES-4017"), context=context), context=context)
    assert shown.part is not None


def test_what_its_addressee_has_not_got_waits(heads: Heads) -> None:
    matter, said = heads.say(ES, WORDS)
    heads.clock.advance(days=366)
    assert swept(heads.es) == 0
    assert [one.erased_ms for one in thread(matter, [heads.es.post("head")])] == [None]
    heads.carry()
    assert swept(heads.es) == 1
    assert erasures(heads.es, said) == [("node", "erasure.retention")]


@pytest.mark.parametrize("point", ["keystore.erase.before-commit", "keystore.erase.after-commit"])
def test_killed_in_the_middle_it_is_finished(heads: Heads, point: str) -> None:
    _, said = heads.say(ES, WORDS)
    heads.carry()
    heads.clock.advance(days=365)

    def die(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    faults.install(die)
    with pytest.raises(KeyboardInterrupt):
        swept(heads.es)
    faults.install(None)
    assert swept(heads.es) == 1
    assert set(parts_of(said)) == {None}
    assert erasures(heads.es, said) == [("node", "erasure.retention")], "it is said once"
    assert swept(heads.es) == 0


@pytest.mark.parametrize("agency", ["es.cgi", "ma.dgst"])
@pytest.mark.parametrize("here", [True, False])
def test_a_restored_backup_does_not_bring_it_back(heads: Heads, tmp_path: Path, agency: str, here: bool) -> None:
    restored, peer = (heads.es, heads.ma) if agency == "es.cgi" else (heads.ma, heads.es)
    number = ES if agency == "es.cgi" else MA
    if not here:
        backup(restored.home, tmp_path / "backup", context=restored.use())
        heads.clock.advance(hours=1)
    matter, said = heads.say(ES, WORDS)
    heads.carry()
    if here:
        backup(restored.home, tmp_path / "backup", context=restored.use())
    heads.clock.advance(days=365)
    assert swept(restored) == 1
    back_to(tmp_path / "backup", restored, peer)
    restored.use()
    assert quarantined() == []
    swept(restored)
    assert set(parts_of(said)) == {None}
    assert heads.words(number, matter) == [None]
    context = restored.use()
    assert context.keys.wraps([said], peer.agency) == {}


def test_those_who_watch_see_what_ends_and_find_it_by_its_matter(heads: Heads) -> None:
    matter, said = heads.say(ES, WORDS)
    heads.carry()
    heads.clock.advance(days=340)
    for node in (heads.es, heads.ma):
        context = node.use()
        assert kept_counts(now_ms=heads.clock())["ends"].number == 1
        (one,) = kept_page("ends", now_ms=heads.clock()).rows
        assert (one.id, one.kind, one.originator, one.review_ms) == (said, "direct.message", "es.cgi", None)
        after = f"{one.erase_ms}.{one.id.hex()}"
        assert kept_page("ends", now_ms=heads.clock(), after=after).rows == []
        assert kept_page("review", now_ms=heads.clock()).rows == []
        assert things_of(id_text(matter), context=context) >= {matter, said}
    heads.clock.advance(days=25)
    assert swept(heads.ma) == 1
    assert kept_counts(now_ms=heads.clock())["ends"].number == 0


def test_the_time_is_a_setting_of_the_node(heads: Heads) -> None:
    home = replace(heads.es.home, direct_days=20)
    assert "direct_days = 20" in home.to_toml()
    (home.path / "node.toml").write_text(home.to_toml(), encoding="utf-8")
    read: Home = load_home(home.path)
    assert read.direct_days == 20
    heads.es.use()
    open_node(read, secret=SECRET, clock=heads.clock)
    matter, _ = heads.say(ES)
    (row,) = thread(matter, [heads.es.post("head")])
    assert row.erase_ms == row.said_ms + 20 * DAY_MS
    for days in (0, 1096):
        with pytest.raises(BadInput):
            set_direct_days(days)
        (home.path / "node.toml").write_text(replace(home, direct_days=days).to_toml(), encoding="utf-8")
        with pytest.raises(BadInput, match="direct_days"):
            load_home(home.path)


def test_what_an_older_version_kept_ends_a_year_after_it_was_said(heads: Heads) -> None:
    matter, _ = heads.say(ES, WORDS)
    heads.carry()
    heads.es.use()
    for to in (["0003"], []):
        call_command("migrate", "relations", *to, database="default", verbosity=0, interactive=False)
    (row,) = thread(matter, [heads.es.post("head")])
    assert (row.erase_ms, row.erased_ms) == (row.said_ms + 365 * DAY_MS, None)
    heads.clock.advance(days=365)
    assert swept(heads.es) == 1
