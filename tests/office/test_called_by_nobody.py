"""An office in the host's capital that nobody can call: it asks the others for what waits, and its register and its reminders are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from support.matters import no_hit
from support.node import Node, Nodes
from support.ways import MA, OFFICE, World
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.release import next_batch
from tansiq.office.compartments import compartment_of
from tansiq.office.queries import FlowView, flow_page
from tansiq.office.rebuilding import Checked, check_register
from tansiq.office.reminding import remind, reminders_of
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parcel import parse_parcel

pytestmark = pytest.mark.storage

RABAT, HEAD = "es.rabat", "ES-3300"


@dataclass(slots=True)
class CalledByNobody(World):
    """The world, where the office's node begins every conversation: what waits for it comes in the answer to its question."""

    asked: list[tuple[str, int]] = field(default_factory=list)

    def hop(self, sender: Node, receiver: Node, lanes: tuple[Lane, ...]) -> bool:
        if receiver.agency != RABAT:
            return World.hop(self, sender, receiver, lanes)
        answer = self._asks(receiver, sender, want=10)
        intake = take(answer, peer=sender.agency, context=receiver.use())
        if intake.taken is not None:
            self._asks(receiver, sender, taken=[intake.taken])
        return bool(answer.items)

    def _asks(self, rabat: Node, other: Node, **more: Any) -> Any:
        """What the door of ``other`` answers to a parcel of the office's."""
        question = parse_parcel(make_parcel(other.agency, context=rabat.use(), **more).to_bytes())
        self.asked.append((other.agency, question.want))
        context = other.use()
        intake = take(question, peer=RABAT, context=context)
        batch = next_batch(RABAT, tuple(Lane), context=context, limit=question.want) if question.want else None
        owed = [intake.taken] if intake.taken else []
        answer = parse_parcel(make_parcel(RABAT, context=context, batch=batch, taken=owed).to_bytes())
        if answer.items:
            self.parcels.append((other.agency, RABAT, answer))
        return answer


@pytest.fixture
def world(node: Nodes) -> CalledByNobody:
    made = World.of(node)
    return CalledByNobody(made.nodes, made.clock)


def test_its_register_is_that_of_any_office(world: CalledByNobody) -> None:
    asked = {channel: world.ask(channel) for channel in ("embassy", "interpol", "liaison")}
    world.carry()
    assert world.faults() == {}
    world.answer(asked["embassy"], no_hit())
    world.carry()
    assert world.faults() == {}
    context = world[RABAT].use()
    who = compartment_of(OFFICE, HEAD)
    still = flow_page(FlowView(), who, now_ms=context.clock()).rows
    assert {row.channel: row.matter for row in still} == {name: asked[name] for name in ("interpol", "liaison")}
    ended = flow_page(FlowView(ended=True), who, now_ms=context.clock()).rows
    assert [(row.matter, row.state) for row in ended] == [(asked["embassy"], "answered")]
    assert check_register(context=context) == Checked(3, 0, 0)
    assert {agency for agency, want in world.asked if want} == {"es.cgi", "ma.dgst"}


def test_its_reminder_reaches_the_desk(world: CalledByNobody) -> None:
    matter = world.ask("embassy")
    world.carry()
    rabat = world[RABAT]
    context = rabat.use()
    remind(matter, who=compartment_of(OFFICE, HEAD), officer=rabat.officer(HEAD), context=context)
    world.carry()
    assert world.faults() == {}
    world["ma.dgst"].use()
    assert [one.office for one in reminders_of(matter, [MA])] == [OFFICE]
