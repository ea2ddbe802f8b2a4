"""Madrid, Rabat, their bureaux and the hub as real nodes that have met, for tests of what travels over five desks in a browser.

Invariant: everybody is of the demonstration's cast; whoever speaks with somebody, or is passed by the other's statements, has compared
the words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from support.workshop import quick_stage
from tansiq.demo.stage import Node, Stage

__all__ = ["five_nodes", "meet"]

_NAMES: Final = ("es.cgi", "ma.dgst", "es.ncb", "int.hub", "ma.ncb")
_MET: Final = (
    ("es.cgi", "ma.dgst"), ("es.cgi", "es.ncb"), ("es.ncb", "int.hub"), ("int.hub", "ma.ncb"), ("ma.ncb", "ma.dgst"),
    ("es.ncb", "ma.ncb"), ("es.cgi", "int.hub"), ("es.cgi", "ma.ncb"), ("ma.dgst", "int.hub"), ("ma.dgst", "es.ncb"),
)  # fmt: skip
"""Neighbours on the way, and whoever is passed by what the other says."""


def meet(one: Node, other: Node) -> None:
    """Each takes the other's document and compares the words."""
    for node, partner in ((one, other), (other, one)):
        node.ask("directory.import", {"document": partner.ask("directory.export")["document"]})
        words = " ".join(partner.ask("directory.fingerprint")["words"]["en"])
        said = {"agency": partner.agency, "words": words, "language": "en"}
        node.ask("directory.confirm", said, officer=node.member.officer)


@contextmanager
def five_nodes() -> Iterator[Stage]:
    """The five, running; Madrid and Rabat name their bureaux and the hub as their own rules do."""
    with quick_stage(fellows=True) as made:
        made.nodes = tuple(node for node in made.nodes if node.agency in _NAMES)
        made.make()
        made.start()
        for one, other in _MET:
            meet(made.node(one), made.node(other))
        yield made
