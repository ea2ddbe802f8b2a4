"""Bureaux and a hub for tests, in this process: three real nodes (Madrid's bureau, Rabat's, the hub), and as many simulated members
as a test wants.

    board = made(node, clock)               # hub, es, ma: met, admitted, with the hub's directory of members
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()                           # everything to and fro, dispatched

Invariant: as in `support.node`; the hub is the one that every node's own configuration names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from support.node import PASSPHRASE, Clock, Node, Nodes, carry, carry_waiting
from support.switch import connected
from tansiq.channels.houserules import HouseRules, house_rules, set_house_rules
from tansiq.exchange.context import system_clock
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.notices.members import admit
from tansiq.policy.values import Attestation

__all__ = ["HUB", "Board", "board_of", "with_hub"]

HUB = "int.hub/centre"
_BUREAU = (NewPost("bureau", "bureau", {"en": "National central bureau"}, ("ar", "es", "fr", "en")),)


@dataclass(frozen=True, slots=True)
class Board:
    """The hub and two bureaux that it has admitted."""

    hub: Node
    es: Node
    ma: Node
    clock: Clock

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.hub, self.es, self.ma

    def carry(self) -> None:
        """Everything that waits goes to and fro, by the hub; which is bound afterwards."""
        bureaux = (self.es, self.ma)
        with connected():
            while sum(carry_waiting(self.hub, bureau) for bureau in bureaux):
                pass
            for bureau in bureaux:
                carry(self.hub, bureau)
            self.hub.use()

    def lawful(self, *, answer: bool = True) -> Attestation:
        """The word of the hub's legal officer."""
        return Attestation(answer=answer, officer="IX-0001", at_ms=self.clock())


def with_hub() -> Callable[[], None]:
    """Lets every node of this process know its hub; returns what undoes it."""
    before = house_rules()
    set_house_rules(HouseRules(hub=HUB))
    return lambda: set_house_rules(before)


def _bureau(nodes: Nodes, agency: str, number: str) -> Node:
    return nodes.new(agency, posts=_BUREAU, officers=(NewOfficer(number, ("bureau",), PASSPHRASE),))


def _three(nodes: Nodes) -> Sequence[Node]:
    """Made once per run: the three nodes, met."""
    hub = nodes.new(
        "int.hub",
        posts=(
            NewPost("centre", "hub", {"en": "Relay desk"}, ("en", "fr", "es", "ar")),
            NewPost("legal", "legal", {"en": "Legal desk"}, ("en", "fr", "es", "ar")),
        ),
        officers=(
            NewOfficer("IX-0001", ("legal",), PASSPHRASE),
            NewOfficer("IX-0002", ("centre",), PASSPHRASE),
        ),
    )
    es, ma = _bureau(nodes, "es.ncb", "ES-5001"), _bureau(nodes, "ma.ncb", "MA-5001")
    for bureau in (es, ma):
        nodes.meet(hub, bureau)
    undo = with_hub()
    admit("es.ncb", "ma.ncb", officer=hub.officer("IX-0002"), context=hub.use())
    for _ in range(2):
        for bureau in (es, ma):
            carry(hub, bureau)
    undo()
    return [hub, es, ma]


def board_of(nodes: Nodes) -> Board:
    """Copies of the three nodes for one test."""
    hub, es, ma = nodes.played(_three)
    # The first test of a run makes them while its clock stands: no key of theirs may begin later than now.
    nodes.clock.now_ms = max(nodes.clock.now_ms, system_clock())
    return Board(hub, es, ma, nodes.clock)
