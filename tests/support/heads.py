"""Madrid and Rabat with their heads of service, each with a key of one's own, and a deputy at each head's desk.

Invariant: all are invented. ES-1001 and MA-1001 are the heads; ES-1002 and MA-1002 sit at the same desks and are nobody's deputy until
a head says so; ES-4017 and MA-2210 sit at desks below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from support.liaison import a_message
from support.node import PASSPHRASE, Clock, Node, Nodes, carry
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.policy.direct import Delegation, DirectMessage
from tansiq.relations.direct_delegating import delegate
from tansiq.relations.direct_reading import ReadMessage, read_thread
from tansiq.relations.direct_saying import say

__all__ = ["FIELD", "Heads", "heads_in", "message"]

FIELD = "offence.terrorism"
DAY_MS = 86_400_000
_POSTS = {
    "es.cgi": (
        NewPost("head", "head", {"es": "Jefatura"}, ("es", "fr")),
        NewPost("counter-terrorism", "desk", {"es": "Unidad antiterrorista"}, ("es", "fr")),
    ),
    "ma.dgst": (
        NewPost("head", "head", {"ar": "المدير العام"}, ("ar", "es")),
        NewPost("counter-terrorism", "desk", {"ar": "مكتب مكافحة الإرهاب"}, ("ar", "fr")),
    ),
}
_PEOPLE = {"es.cgi": ("ES-1001", "ES-1002", "ES-4017"), "ma.dgst": ("MA-1001", "MA-1002", "MA-2210")}


def message(by: str, words: str = "El objetivo cruza esta noche.", *, language: str = "es") -> DirectMessage:
    """A message of ``by``, complete in law."""
    return DirectMessage.from_plain(a_message(by, words, language=language).to_plain())


@dataclass(frozen=True, slots=True)
class Heads:
    """The two nodes."""

    es: Node
    ma: Node
    clock: Clock

    def node_of(self, officer: str) -> Node:
        return self.es if officer.startswith("ES-") else self.ma

    def carry(self) -> None:
        carry(self.es, self.ma)

    def say(self, by: str, words: str = "El objetivo cruza esta noche.", *, matter: bytes = b"") -> tuple[bytes, bytes]:
        """A head says something to the other; that node stays bound."""
        node, other = self.node_of(by), self.ma if by.startswith("ES-") else self.es
        return say(
            message(by, words), to=other.post("head"), field=FIELD, context=node.use(), officer=node.officer(by),
            matter=matter,
        )  # fmt: skip

    def read(self, by: str, matter: bytes) -> list[ReadMessage]:
        node = self.node_of(by)
        return read_thread(matter, context=node.use(), officer=node.officer(by))

    def words(self, by: str, matter: bytes) -> list[str | None]:
        """The words as somebody reads them; None for what does not open."""
        found = self.read(by, matter)
        return [one.message.words.value if one.message and one.message.words else None for one in found]

    def delegate(self, by: str, deputy: str, *, days: int = 7) -> bytes:
        """The head lets somebody stand in, from now for some days; the partner hears of it."""
        node, now_ms = self.node_of(by), self.clock()
        delegation = Delegation(deputy=deputy, from_ms=now_ms, until_ms=now_ms + days * DAY_MS)
        made = delegate(delegation, context=node.use(), officer=node.officer(by))
        self.carry()
        return made


def _made(nodes: Nodes, agency: str) -> Node:
    below = {"ES-4017", "MA-2210"}
    officers = tuple(
        NewOfficer(
            number, ("counter-terrorism" if number in below else "head",), PASSPHRASE, eyes_only=number not in below
        )
        for number in _PEOPLE[agency]
    )
    return nodes.new(agency, posts=_POSTS[agency], officers=officers)


def _met(nodes: Nodes) -> Sequence[Node]:
    es, ma = _made(nodes, "es.cgi"), _made(nodes, "ma.dgst")
    nodes.meet(es, ma)
    return es, ma


def heads_in(nodes: Nodes) -> Heads:
    """Copies of both nodes, which have met."""
    es, ma = nodes.played(_met)
    for one in (es, ma):
        nodes.clock.now_ms = max(nodes.clock.now_ms, one.use().directory.time_ms + 60_000)
    return Heads(es, ma, nodes.clock)
