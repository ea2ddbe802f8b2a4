"""Many members in one process: a real hub and simulated bureaux (`peer`), to which the hub's own code releases what it has to say.

Invariant: a member is a whole agency with its own keys and journals that verifies all that it takes; nothing of it is a node's code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from peer import SimulatedPeer
from support.node import Node
from tansiq.directory.services import confirm_partner, take_directory
from tansiq.exchange.context import Context
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.release import next_batch
from tansiq.notices.members import admit
from tansiq.protocol.directory import Directory, Post, fingerprint
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parcel import parse_parcel
from tansiq.protocol.words import fingerprint_words

__all__ = ["World", "country"]


def country(number: int) -> str:
    """An invented state: ``xaa``, ``xab``, …"""
    return f"x{chr(97 + number // 26)}{chr(97 + number % 26)}"


@dataclass(slots=True)
class World:
    """The hub and its members; the hub stays bound."""

    hub: Node
    members: list[SimulatedPeer] = field(default_factory=list)

    def populate(self, count: int, *, besides: Sequence[Directory] = (), **more: Any) -> None:
        """Makes ``count`` bureaux, which the hub meets and admits; they know those ``besides`` too, whose words may reach them."""
        context = self.hub.use()
        for number in range(count):
            peer = SimulatedPeer(f"{country(number)}.ncb", posts=("bureau",), clock=context.clock, **more)
            post = Post(id=f"{peer.agency}/bureau", role="bureau", names={"en": "Bureau"}, languages=("en",))
            peer.publish(posts=(post,))
            self.meet(peer, context)
            for document in besides:
                peer.know(document)
            self.members.append(peer)
        admit(*(peer.agency for peer in self.members), officer=self.hub.officer("IX-0002"), context=context)

    def meet(self, peer: SimulatedPeer, context: Context) -> None:
        """The hub and a bureau take each other's documents and compare the words."""
        take_directory(peer.directory.encoded, now_ms=context.clock())
        words = list(fingerprint_words(fingerprint(peer.directory.identity), "en"))
        confirm_partner(peer.agency, words=words, language="en", officer="IX-0002", now_ms=context.clock())
        peer.meet(context.directory)

    def deliver(self) -> int:
        """Releases and brings everything that waits for the members, with their receipts back; returns how many parcels."""
        context, count = self.hub.use(), 0
        for peer in self.members:
            while (batch := next_batch(peer.agency, tuple(Lane), context=context)) is not None:
                parcel = parse_parcel(make_parcel(peer.agency, context=context, batch=batch).to_bytes())
                take(parse_parcel(peer.take(parcel).to_bytes()), peer=peer.agency, context=context)
                count += 1
        return count
