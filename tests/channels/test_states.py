"""A channel's state: who decides, what is in force when, what the partner is told and shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.node import Clock
from support.notes_said import Notes, rows
from tansiq.channels import handlers
from tansiq.channels.queries import OURS, THEIRS, decision, decisions, proposals, standings, waiting, words_of
from tansiq.channels.rules import Rules, set_rules
from tansiq.channels.settling import settle_due
from tansiq.channels.states import agree, decide, decline
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange import drafts
from tansiq.exchange.queries import quarantined
from tansiq.policy.channel_matter import Channel, Standing, State
from tansiq.policy.channel_word import StateWord
from tansiq.policy.values import Text
from tansiq.protocol.limits import MAX_TIME_MS

pytestmark = pytest.mark.storage
EMBASSY = Channel.EMBASSY


def test_what_nobody_decided_on_is_open(notes: Notes) -> None:
    notes.es.use()
    assert standings("ma.dgst") == {channel: Standing() for channel in Channel}


def test_one_side_decides_alone_and_the_other_learns_nothing(notes: Notes) -> None:
    notes.set_state("suspended", words="Hasta nueva orden.")
    assert standings("ma.dgst")[EMBASSY] == Standing(own=State.SUSPENDED)
    assert standings("ma.dgst")[Channel.DIRECT] == Standing()
    notes.carry()
    notes.ma.use()
    assert standings("es.cgi")[EMBASSY] == Standing()


def test_an_announcement_is_shown_and_holds_on_the_partners_side_too(notes: Notes) -> None:
    notes.set_state("suspended", announce=True, reason="state.other", words="Hasta nueva orden.")
    notes.carry()
    context = notes.ma.use()
    assert standings("es.cgi")[EMBASSY] == Standing(announced=State.SUSPENDED)
    [told] = decisions("es.cgi", "embassy")
    assert (told.side, told.word.officer, told.word.reason) == (THEIRS, "ES-1001", "state.other")
    assert words_of(told, keys=context.keys) == Text("es", "Hasta nueva orden.")
    notes.say("wait", node=notes.ma)
    assert [row.kind for row in waiting()] == ["note"]


@pytest.mark.parametrize("far", [MAX_TIME_MS + 1, 253_402_300_800_000, (1 << 63) - 2])
def test_an_announcement_said_beyond_the_calendar_is_set_aside(
    notes: Notes, monkeypatch: pytest.MonkeyPatch, far: int
) -> None:
    """When it was said is shown on the channel's page, and decides which of two words is the later."""
    sign = drafts.sign_concealed
    with monkeypatch.context() as patch:
        patch.setattr(drafts, "sign_concealed", lambda **said: sign(**said | {"time_ms": far}))
        notes.set_state("strained", node=notes.ma, announce=True)
    notes.carry()
    notes.es.use()
    assert standings("ma.dgst")[EMBASSY] == Standing()
    assert rows("SELECT peer, code FROM exchange_quarantine") == [("ma.dgst", "protocol.wrong-field")]


def test_the_words_of_a_decision_stand_nowhere_in_clear(notes: Notes) -> None:
    identifier = notes.set_state("suspended", words="unas palabras inconfundibles", announce=True)
    for (table,) in rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        if notes.es.home.on_postgresql
        else "SELECT name FROM sqlite_master WHERE type = 'table'"
    ):
        for row in rows(f'SELECT * FROM "{table}"'):
            assert not any(
                "inconfundibles" in (one.decode("latin-1") if isinstance(one, bytes) else str(one)) for one in row
            )
    found = decision(identifier)
    assert found is not None
    assert words_of(found, keys=notes.es.context.keys) == Text("es", "unas palabras inconfundibles")


def test_from_and_until_come_with_the_clock(notes: Notes, clock: Clock) -> None:
    start = clock.now_ms
    notes.set_state("suspended", from_ms=start + 60_000, until_ms=start + 120_000)
    context = notes.es.context
    assert standings("ma.dgst")[EMBASSY].worst == State.OPEN
    assert settle_due(context=context) == 0
    clock.advance(minutes=1)
    assert settle_due(context=context) == 1
    assert standings("ma.dgst")[EMBASSY].worst == State.SUSPENDED
    clock.advance(minutes=1)
    assert settle_due(context=context) == 1
    assert standings("ma.dgst")[EMBASSY].worst == State.OPEN
    assert settle_due(context=context) == 0


def test_a_suspension_is_ended_by_a_later_word_and_a_strain_does_not_hold(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("uno")
    notes.set_state("strained")
    assert standings("ma.dgst")[EMBASSY] == Standing(own=State.STRAINED)
    notes.say("dos")
    notes.carry()
    assert notes.heard() == ["uno", "dos"]


def test_the_stricter_side_holds(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.set_state("suspended", node=notes.ma, announce=True)
    notes.carry()
    notes.say("uno")
    notes.set_state("open")
    notes.carry()
    assert notes.heard() == []
    notes.set_state("open", node=notes.ma, announce=True)
    notes.carry()
    assert notes.heard() == ["uno"]


# ---------------------------------------------------------------------------------------------------- how many


@pytest.fixture
def told(notes: Notes, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Rabat announces a state, and has three words on a channel at Madrid; the states that are kept there, the latest first."""
    monkeypatch.setattr(handlers, "MOST_WORDS", 3)

    def announced(state: str, **word: int) -> list[str]:
        notes.set_state(state, node=notes.ma, announce=True, words="Hasta nueva orden.", **word)
        notes.carry()
        notes.es.use()
        clock.advance(minutes=1)
        return [one.word.state for one in decisions("ma.dgst", "embassy")]

    return announced


def test_a_partner_that_announces_without_end_leaves_its_latest_words(
    notes: Notes, told: Callable[..., list[str]]
) -> None:
    kept = [told(state) for state in ("open", "strained", "suspended", "open", "strained")]
    assert kept[-1] == ["strained", "open", "suspended"]
    assert standings("ma.dgst")[EMBASSY].announced == State.STRAINED
    assert all(words_of(one, keys=notes.es.context.keys) for one in decisions("ma.dgst", "embassy"))
    assert rows("SELECT COUNT(*) FROM exchange_statement WHERE agency = 'ma.dgst'") == [(5,)], "what was said stays"


def test_what_still_holds_is_kept_however_much_is_said_for_a_while(
    notes: Notes, told: Callable[..., list[str]], clock: Clock
) -> None:
    told("suspended")
    kept = [told("strained", until_ms=clock() + 30_000) for _ in range(4)]
    assert kept[-1] == ["strained", "strained", "suspended"]
    clock.advance(minutes=1)
    settle_due(context=notes.es.use())
    assert standings("ma.dgst")[EMBASSY].announced == State.SUSPENDED


def test_more_words_for_later_than_may_hold_are_set_aside_until_one_takes_the_place_of_all(
    notes: Notes, told: Callable[..., list[str]], clock: Clock
) -> None:
    begins = clock() + 86_400_000
    hours = [begins + 3_600_000 * hour for hour in range(4)]
    kept = [told("strained", from_ms=from_ms, until_ms=from_ms + 60_000) for from_ms in hours]
    assert kept[-1] == ["strained"] * 3
    assert [one.code for one in quarantined()] == ["channels.too-many-states"]
    assert told("suspended") == ["suspended", "strained", "strained"]
    assert standings("ma.dgst")[EMBASSY].announced == State.SUSPENDED


def test_only_deciders_decide(notes: Notes) -> None:
    context = notes.es.use()
    word = StateWord(channel="embassy", state="suspended", reason="state.political", from_ms=context.clock())
    with pytest.raises(Refused, match=r"channels\.not-a-decider"):
        decide("ma.dgst", word, announce=False, officer=notes.es.officer("ES-4017"), context=context)
    set_rules(Rules(deciders=("office",)))
    decide("ma.dgst", word, announce=True, officer=notes.es.officer("ES-3300"), context=context)
    assert standings("ma.dgst")[EMBASSY].own == State.SUSPENDED


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ({"reason": "state.other"}, "channels.words-needed"),
        ({"until": -1}, "channels.already-over"),
        ({"reason": "state.no-such"}, "policy.unknown-code"),
        ({"channel": "pigeon"}, "policy.unknown-code"),
    ],
)
def test_what_says_too_little_is_refused(notes: Notes, word: dict[str, str | int], error: str) -> None:
    context = notes.es.use()
    now_ms = context.clock()
    until = word.pop("until", None)
    said = StateWord(
        **({"channel": "embassy", "reason": "state.political"} | word), state="suspended", from_ms=now_ms - 10,
        until_ms=None if until is None else now_ms + int(until),
    )  # fmt: skip
    with pytest.raises(BadInput, match=error):
        decide("ma.dgst", said, announce=False, officer=notes.es.officer("ES-1001"), context=context)
    assert rows("SELECT * FROM channels_decision") == []


def test_with_nobody_whose_words_were_not_compared(notes: Notes) -> None:
    context = notes.es.use()
    word = StateWord(channel="embassy", state="suspended", reason="state.political", from_ms=context.clock())
    with pytest.raises(NotFound):
        decide("fr.dgsi", word, announce=False, officer=notes.es.officer("ES-1001"), context=context)


# ---------------------------------------------------------------------------------------------------- two persons


@pytest.fixture
def two(notes: Notes) -> Notes:
    set_rules(Rules(two_persons=True, deciders=("head", "office")))
    return notes


def test_where_two_are_wanted_one_alone_changes_nothing(two: Notes) -> None:
    identifier = two.set_state("suspended", announce=True)
    assert standings("ma.dgst")[EMBASSY].worst == State.OPEN
    assert [row.id for row in proposals()] == [identifier]
    context, head, office = two.es.context, two.es.officer("ES-1001"), two.es.officer("ES-3300")
    with pytest.raises(Refused, match=r"channels\.same-person"):
        agree(identifier, officer=head, context=context)
    with pytest.raises(Refused, match=r"channels\.not-a-decider"):
        agree(identifier, officer=two.es.officer("ES-4017"), context=context)
    agree(identifier, officer=office, context=context)
    assert standings("ma.dgst")[EMBASSY].own == State.SUSPENDED
    assert proposals() == []
    with pytest.raises(Conflict, match=r"channels\.decision-closed"):
        agree(identifier, officer=office, context=context)
    two.carry()
    two.ma.use()
    [told] = decisions("es.cgi", "embassy")
    assert (told.word.officer, told.word.second) == ("ES-1001", "ES-3300")


def test_a_proposal_that_is_declined_has_no_effect(two: Notes) -> None:
    identifier = two.set_state("suspended")
    decline(identifier, officer=two.es.officer("ES-3300"), context=two.es.context)
    assert standings("ma.dgst")[EMBASSY].worst == State.OPEN
    assert proposals() == []
    found = decision(identifier)
    assert found is not None
    assert (found.side, found.open, found.taken_ms) == (OURS, False, None)
