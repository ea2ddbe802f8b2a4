"""The fellows meet: each takes the documents of those with whom it speaks or whose words pass it, and the hub admits the bureaux.

Invariant: who has not compared the words aloud is nobody's partner; a bureau knows the others by the hub's word, a service by its own
bureau's.
"""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tansiq.demo.scene import Json, Scenery
from tansiq.demo.stage import Node

__all__ = ["BUREAUX", "admit", "meet"]

BUREAUX: Final = ("es.ncb", "ma.ncb", "mt.ncb", "sn.ncb")
_SPEAK: Final = (
    ("es.cgi", "es.ncb"), ("es.cgi", "es.rabat"), ("es.rabat", "ma.dgst"), ("ma.ncb", "ma.dgst"), ("es.ncb", "int.hub"),
    ("int.hub", "ma.ncb"), ("int.hub", "mt.ncb"), ("int.hub", "sn.ncb"), ("es.cgi", "int.hub"), ("ma.dgst", "int.hub"),
    ("es.cgi", "ma.ncb"), ("ma.dgst", "es.ncb"), ("es.ncb", "ma.ncb"),
)  # fmt: skip
"""Who speaks with whom, beside the two agencies; and at the end those whose statements pass without a line between them."""


_MET_BY_THEMSELVES: Final = frozenset({"es.ncb", "ma.ncb"})
"""Bureaux that some others know already by their own comparison of the words."""


def meet(scenery: Scenery) -> Json:
    """All documents are carried over, taken and confirmed; returns how many pairs have met."""
    documents = scenery.everywhere(lambda node: node.ask("directory.export")["document"])
    words = scenery.everywhere(lambda node: node.ask("directory.fingerprint")["words"])
    for agency, document in documents.items():
        (scenery.stage.folder / f"{agency}.directory").write_bytes(b64decode(document))

    def take(node: Node) -> int:
        others = [other for pair in _SPEAK if node.agency in pair for other in pair if other != node.agency]
        for other in others:
            language = scenery.node(other).member.language
            node.ask("directory.import", {"document": documents[other]})
            said = {"agency": other, "words": " ".join(words[other][language]), "language": language}
            node.ask("directory.confirm", said, officer=node.member.officer)
        return len(others)

    return {"pairs": sum(scenery.everywhere(take).values()) // 2 + 1}


def admit(scenery: Scenery) -> Json:
    """The hub admits the four bureaux; returns its members once every bureau knows the others."""
    admitted = scenery.act("IX-0002", "demo.admit", agencies=list(BUREAUX))
    knowing = BUREAUX

    def known(agency: str) -> bool:
        introduced = {one for one in BUREAUX if one != agency} - _MET_BY_THEMSELVES
        return introduced <= set(scenery.ask(agency, "demo.members"))

    def all_know() -> bool:
        with ThreadPoolExecutor(len(knowing)) as pool:
            return all(pool.map(known, knowing))

    scenery.until("admit", all_know)
    return {"members": admitted}
