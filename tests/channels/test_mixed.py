"""Whatever is mixed (network, courier, suspensions, other channels, deaths in the middle), nothing is lost, doubled or put out of order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from support.hand import frames, joined, made, taken
from support.node import Node, Nodes
from support.notes_said import HEADS, Notes, rows
from tansiq import faults
from tansiq.channels.emergencies import pass_emergency
from tansiq.channels.passing import by_hand, reroute, take_back
from tansiq.channels.queries import waiting
from tansiq.channels.states import accept_emergency
from tansiq.errors import Error
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.queries import counts, gaps, quarantined
from tansiq.exchange.release import next_batch
from tansiq.node.fsck import fsck
from tansiq.policy.channel_matter import Channel
from tansiq.policy.values import Text
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parcel import parse_parcel

pytestmark = pytest.mark.storage
CHANNELS = ("embassy", "liaison", "direct")
LANES = tuple(Lane)
EXPECTED = {
    "channels.approval-needed",
    "channels.emergency-no-danger",
    "channels.emergency-not-ours",
    "channels.refused",
    "channels.reroute-same",
    "channels.not-waiting",
}


class Killed(BaseException):
    """The process ends here."""


class World:
    """Two nodes, what they said, and the files that are under way."""

    def __init__(self, notes: Notes, seed: int) -> None:
        self.notes = notes
        self.chance = random.Random(seed)
        self.said: dict[tuple[str, str], list[tuple[str, bytes]]] = {}
        """By agency and matter: each word and its statement, in order."""
        self.files: list[tuple[Node, bytes]] = []
        self.deaths = 0
        self.done: Counter[str] = Counter()

    def mortal(self, work: Callable[[], object]) -> None:
        """Does ``work``; sometimes the process dies at some point of it."""
        left = self.chance.randrange(1, 12) if self.chance.random() < 0.4 else 0

        def hook(point: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        faults.install(hook)
        try:
            work()
        except Killed:
            self.deaths += 1
        except Error as error:
            if error.code not in EXPECTED:
                raise
        finally:
            faults.install(None)

    def either(self) -> tuple[Node, Node]:
        one = self.chance.choice((self.notes.es, self.notes.ma))
        return one, self.notes.other(one)

    # -------------------------------------------------------------------------------------------- what may happen

    def say(self) -> None:
        one, _ = self.either()
        matter = f"{one.agency} {self.chance.randrange(4)}"
        mine = self.said.setdefault((one.agency, matter), [])
        word = f"{matter} {self.chance.getrandbits(40):x}"
        channel, lane = CHANNELS[int(matter[-1]) % 3], Lane(self.chance.randrange(3))
        one.use()
        before = set(rows("SELECT id FROM exchange_statement"))
        self.mortal(lambda: self.notes.say(word, node=one, matter=matter, channel=channel, lane=lane))
        for (statement,) in set(rows("SELECT id FROM exchange_statement")) - before:
            mine.append((word, statement))
        self.notes.follow(one, matter, mine[-1][1] if mine else b"")

    def decide(self) -> None:
        one, _ = self.either()
        state, channel = (
            self.chance.choice(("open", "strained", "suspended", "suspended", "suspended")),
            self.chance.choice(CHANNELS),
        )
        announce = self.chance.random() < 0.5
        self.mortal(lambda: self.notes.set_state(state, node=one, channel=channel, announce=announce))

    def dispose(self) -> None:
        one, _ = self.either()
        context = one.use()
        found = waiting()
        if not found:
            return
        matter, officer = self.chance.choice(found).matter, one.officer()
        kind = self.chance.choice(("by hand", "reroute", "emergency", "take back"))
        if kind == "by hand":
            self.mortal(lambda: by_hand(matter, officer=officer, context=context))
        elif kind == "emergency":
            self.mortal(lambda: pass_emergency(matter, Text("es", "peligro"), officer=officer, context=context))
        elif kind == "reroute":
            self.mortal(lambda: reroute(matter, Channel.EMBASSY, officer=officer, context=context))
        elif self.chance.random() < 0.3:
            self.mortal(lambda: take_back(matter, officer=officer, context=context))
        self.done[kind] += 1
        self.look_again(one)

    def look_again(self, one: Node) -> None:
        """What was said again by another channel has another statement; what was taken back is expected no longer."""
        ended = {
            statement: (how, instead)
            for statement, how, instead in rows("SELECT statement, how, instead FROM channels_wait")
        }
        for (agency, matter), mine in self.said.items():
            if agency == one.agency:
                kept = [(word, ended.get(statement, ("", None)), statement) for word, statement in mine]
                mine[:] = [
                    (word, instead or statement) for word, (how, instead), statement in kept if how != "withdrawn"
                ]
                self.notes.follow(one, matter, mine[-1][1] if mine else b"")

    def network(self) -> None:
        one, other = self.either()
        lost = self.chance.random()

        def exchange() -> None:
            context = one.use()
            batch = next_batch(other.agency, LANES, context=context, limit=3)
            parcel = make_parcel(other.agency, context=context, batch=batch)
            if lost < 0.15:
                return
            heard = other.use()
            intake = take(parse_parcel(parcel.to_bytes()), peer=one.agency, context=heard)
            answer = make_parcel(one.agency, context=heard, taken=[intake.taken] if intake.taken else [])
            if lost < 0.3:
                return
            take(parse_parcel(answer.to_bytes()), peer=other.agency, context=one.use())

        self.mortal(exchange)

    def make_file(self) -> None:
        one, other = self.either()

        def work() -> None:
            self.files.append((other, made(one, other.agency)))

        self.mortal(work)

    def take_file(self) -> None:
        if not self.files:
            return
        at = self.chance.randrange(len(self.files))
        to, file = self.files[at]
        fate = self.chance.random()
        if fate < 0.15:
            self.files.pop(at)  # lost on the way
            return
        if fate < 0.3:
            sealed = list(frames(file))
            file = joined(file, sealed[: self.chance.randrange(1, len(sealed) + 1)])
        elif fate < 0.8:
            self.files.pop(at)
        self.mortal(lambda: taken(to, file, dispatch=False))

    def work(self) -> None:
        one, _ = self.either()

        def dispatch() -> None:
            context = one.use()
            while dispatch_once(context=context):
                continue

        self.mortal(dispatch)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_nothing_is_lost_doubled_or_put_out_of_order(notes: Notes, node: Nodes, seed: int) -> None:
    for one in (notes.es, notes.ma):
        one.use()
        accept_emergency(
            notes.other(one).agency, accepts=True, officer=one.officer(HEADS[one.agency]), context=one.context
        )
    notes.carry()
    world = World(notes, seed)
    acts = [world.say] * 3 + [world.dispose] * 3 + [world.network] * 2
    acts += [world.decide, world.make_file, world.take_file, world.work]
    for _ in range(150):
        world.chance.choice(acts)()
        node.clock.advance(seconds=1)
    for channel in CHANNELS:
        for one in (notes.es, notes.ma):
            notes.set_state("open", node=one, channel=channel, announce=True)
    notes.carry()
    for one in (notes.es, notes.ma):
        other = notes.other(one)
        heard = notes.heard(other)
        expected = {
            matter: [word for word, _ in mine] for (agency, matter), mine in world.said.items() if agency == one.agency
        }
        assert Counter(heard) == Counter(word for words in expected.values() for word in words)
        assert {matter: [word for word in heard if word.startswith(f"{matter} ")] for matter in expected} == expected
        one.use()
        assert waiting() == []
        counted = counts(other.agency)
        assert (counted.waiting, counted.pending, gaps(other.agency), quarantined()) == (0, 0, [], [])
        assert fsck(one.context).findings == ()
        assert len(heard) > 5
    assert world.deaths > 10
    assert len(world.done) > 2
