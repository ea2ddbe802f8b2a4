"""The course of a notice: the same words give the same state, and a member sees what the hub sees, cut to the words for all."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tansiq.policy.codes import code_list
from tansiq.policy.notice_course import (
    BINDING,
    ENDED,
    STATES,
    Kind,
    Move,
    NoticeCourse,
    NoticeWord,
    Side,
    course_of,
    in_order,
    is_public,
    permits,
    public_heads,
    sides_of,
)

DAY = 86_400_000
FIRST = b"first"
END = 900 * DAY


def said(move: Move, *, at: int = 1, side: Side | None = None, follows: tuple[bytes, ...] = (), version: bytes = b"",
         until: int | None = None, code: str = "") -> NoticeWord:  # fmt: skip
    return NoticeWord(
        id=f"{move}{at}".encode(),
        move=move,
        side=side or next(iter(sides_of(move))),
        said_ms=at * DAY,
        follows=follows,
        version=version,
        until_ms=until,
        code=code,
    )


def course(*words: NoticeWord, kind: Kind = Kind.NOTICE, now: int = 10, until: int | None = None) -> NoticeCourse:
    return course_of(words, first=FIRST, kind=kind, now_ms=now * DAY, until_ms=until)


PUBLISHED = said(Move.PUBLISH, version=FIRST, until=END)


def test_the_states_one_after_the_other() -> None:
    assert course().state == "requested"
    refused = said(Move.REFUSE, version=FIRST)
    assert course(refused).state == "refused"
    assert course(PUBLISHED).state == "published"
    changed = said(Move.UPDATE, at=2)
    waiting = course(PUBLISHED, changed)
    assert (waiting.state, waiting.version, waiting.pending) == ("published", FIRST, changed.id)
    taken = course(PUBLISHED, changed, said(Move.PUBLISH, at=3, version=changed.id, until=END, follows=(PUBLISHED.id,)))
    assert (taken.state, taken.version, taken.pending) == ("updated", changed.id, b"")
    not_taken = course(PUBLISHED, changed, said(Move.REFUSE, at=3, version=changed.id))
    assert (not_taken.state, not_taken.version, not_taken.pending) == ("published", FIRST, b"")
    assert course(PUBLISHED, now=900).state == "expired"
    again = said(Move.UPDATE, at=4)
    assert course(refused, again).state == "requested", "what was refused may be asked for again, corrected"


def test_a_cancellation_holds_whatever_crosses_it_and_says_why() -> None:
    ended = course(PUBLISHED, said(Move.CANCEL, at=5, side=Side.SOURCE, code="cancel.executed"),
                   said(Move.CANCEL, at=7, side=Side.HUB, code="cancel.hub"))  # fmt: skip
    assert (ended.state, ended.reason, ended.ended_ms) == ("cancelled", "cancel.executed", 5 * DAY)
    assert course(said(Move.CANCEL, side=Side.SOURCE), PUBLISHED, now=2000).state == "cancelled"


def test_the_end_only_moves_on() -> None:
    longer = said(Move.EXTEND, at=3, until=END + DAY)
    shorter = said(Move.EXTEND, at=4, until=5 * DAY)
    assert course(PUBLISHED, longer, shorter).until_ms == END + DAY
    assert course(PUBLISHED, longer, now=900).state == "published"
    assert course(PUBLISHED, said(Move.UPDATE, at=2, until=END + 9 * DAY)).until_ms == END, "nobody published that"


def test_a_diffusion_binds_from_the_moment_it_is_said() -> None:
    one = course(kind=Kind.DIFFUSION, until=END)
    assert (one.state, one.version, one.published_ms) == ("published", FIRST, None)
    changed = said(Move.UPDATE, at=2)
    assert course(changed, kind=Kind.DIFFUSION, until=END).version == changed.id
    assert course(kind=Kind.DIFFUSION, until=END, now=900).state == "expired"
    assert not permits(Move.CANCEL, Side.HUB, [], first=FIRST, kind=Kind.DIFFUSION, said_ms=DAY)


def test_only_what_waits_is_published_and_only_one_version_waits() -> None:
    def may(move: Move, side: Side, *words: NoticeWord, version: bytes = b"") -> bool:
        return permits(move, side, words, first=FIRST, kind=Kind.NOTICE, said_ms=9 * DAY, version=version)

    assert may(Move.PUBLISH, Side.HUB, version=FIRST)
    assert not may(Move.PUBLISH, Side.HUB, version=b"another")
    assert not may(Move.PUBLISH, Side.HUB, PUBLISHED, version=FIRST), "it is published"
    assert not may(Move.PUBLISH, Side.SOURCE, version=FIRST)
    changed = said(Move.UPDATE, at=2)
    assert may(Move.UPDATE, Side.SOURCE, PUBLISHED)
    assert not may(Move.UPDATE, Side.SOURCE, PUBLISHED, changed)
    assert not may(Move.ANSWER, Side.MEMBER), "nobody answers what is not published"
    assert may(Move.ANSWER, Side.MEMBER, PUBLISHED)


def test_a_word_to_all_follows_only_words_that_go_to_all() -> None:
    changed = said(Move.UPDATE, at=2)
    refused = said(Move.REFUSE, at=3, version=changed.id, follows=(PUBLISHED.id,))
    words = [PUBLISHED, changed, refused, said(Move.RESTRICT, at=4)]
    assert public_heads(words, Kind.NOTICE) == (PUBLISHED.id,)
    assert [word.id for word in words if is_public(word, words, Kind.NOTICE)] == [PUBLISHED.id]
    taken = said(Move.PUBLISH, at=5, version=changed.id, until=END, follows=(PUBLISHED.id,))
    assert public_heads([PUBLISHED, changed, taken], Kind.NOTICE) == (taken.id,)


def test_the_codes_of_the_states_are_those_of_the_course() -> None:
    assert set(code_list("notice_states")) == {"draft", "checked", *STATES}


@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_stays_ended(state: str) -> None:
    words = [PUBLISHED] + ([said(Move.CANCEL, at=2, side=Side.SOURCE)] if state == "cancelled" else [])
    at_ms = 3 * DAY if state == "cancelled" else END
    assert course_of(words, first=FIRST, kind=Kind.NOTICE, now_ms=at_ms).state == state
    may = [
        (move, side)
        for move in Move
        for side in Side
        if permits(move, side, words, first=FIRST, kind=Kind.NOTICE, said_ms=at_ms, version=FIRST)
    ]
    assert may == []


# ------------------------------------------------------ a source, a hub and members, whatever they do, whatever the order


@dataclass(slots=True)
class Party:
    """Somebody who speaks about the notice, as far as words have come there."""

    side: Side
    words: dict[bytes, NoticeWord] = field(default_factory=dict)
    waiting: list[NoticeWord] = field(default_factory=list)
    given: set[bytes] = field(default_factory=set)

    def course(self, now_ms: int, chance: random.Random) -> NoticeCourse:
        words = chance.sample(list(self.words.values()), len(self.words))
        return course_of(words, first=FIRST, kind=Kind.NOTICE, now_ms=now_ms)

    def may(self, move: Move, now_ms: int, version: bytes) -> bool:
        words = list(self.words.values())
        return permits(move, self.side, words, first=FIRST, kind=Kind.NOTICE, said_ms=now_ms, version=version)

    def follows(self, move: Move) -> tuple[bytes, ...]:
        words = list(self.words.values())
        to_all = move not in {Move.REFUSE, Move.RESTRICT}
        return public_heads(words, Kind.NOTICE) if to_all else tuple(word.id for word in in_order(words))


class World:
    """A source, a hub and three members; the hub passes on what is for all, and what comes is taken in any order."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.source, self.hub = Party(Side.SOURCE), Party(Side.HUB)
        self.members = [Party(Side.MEMBER) for _ in range(3)]
        self.now_ms = DAY
        self.made = 0

    @property
    def parties(self) -> list[Party]:
        return [self.source, self.hub, *self.members]

    def forward(self) -> None:
        words = list(self.hub.words.values())
        if any(one.move is Move.PUBLISH for one in words):
            for word in in_order([one for one in words if is_public(one, words, Kind.NOTICE)]):
                for member in self.members:
                    if word.id not in member.given:
                        member.given.add(word.id)
                        member.waiting.append(word)

    def deliver(self, to: Party) -> None:
        """One of the words of which all that it follows is here, as the post room does it."""
        known = {FIRST, b"", *to.words}
        ready = [word for word in to.waiting if {*word.follows, word.version} <= known]
        if ready:
            word = self.chance.choice(ready)
            to.waiting.remove(word)
            to.words[word.id] = word
            if to is self.hub:
                self.forward()

    def act(self, party: Party) -> None:
        """Something that the party may say."""
        pending = party.course(self.now_ms, self.chance).pending
        may = [move for move in Move if party.may(move, self.now_ms, pending)]
        if may and (party.given or party.side is not Side.MEMBER):
            self.say(party, self.chance.choice(may), pending)

    def say(self, party: Party, move: Move, pending: bytes) -> None:
        self.made += 1
        word = NoticeWord(
            id=b"%04d" % self.made,
            move=move,
            side=party.side,
            said_ms=self.now_ms,
            follows=party.follows(move),
            version=pending if move in {Move.PUBLISH, Move.REFUSE} else b"",
            until_ms=self.now_ms + self.chance.randrange(1, 900) * DAY if move in {Move.PUBLISH, Move.EXTEND} else None,
            code="cancel.executed" if move is Move.CANCEL else "",
        )
        party.words[word.id] = word
        for other in (self.source, self.hub):
            if other is not party:
                other.waiting.append(word)
        if party is self.hub:
            self.forward()

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.now_ms += self.chance.randrange(60 * DAY)
            party = self.chance.choice(self.parties)
            if party.waiting and self.chance.random() < 0.5:
                self.deliver(party)
            else:
                self.act(party)
        for _ in range(100 * steps):
            for party in self.parties:
                self.deliver(party)


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 40))
@example(seed=4729, steps=27).via("the first was refused, another version published: for a member nothing waits")
def test_everybody_agrees_in_the_end_on_what_everybody_may_know(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    world = World(chance)
    world.live(steps)
    assert not any(party.waiting for party in world.parties), "nothing waits for ever"
    at_ms = world.now_ms + chance.randrange(900) * DAY
    hub, source = (party.course(at_ms, chance) for party in (world.hub, world.source))
    assert source == hub
    for member in world.members:
        seen = member.course(at_ms, chance)
        assert member.given or not hub.version, "whoever a notice binds has been given it"
        if member.given:
            assert (seen.state, seen.version, seen.until_ms) == (hub.state, hub.version, hub.until_ms)
            assert not {word.move for word in member.words.values()} & {Move.REFUSE, Move.RESTRICT}
            assert (seen.pending, hub.state in BINDING) == (b"", seen.binds)
