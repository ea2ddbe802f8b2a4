"""Courier files between the nodes of a test: made, carried, taken in, as the command line does it.

file = made(es, "ma.dgst")            # the bytes of the file; es stays bound
taken(ma, file)                       # what came of each frame; ma stays bound
"""

from __future__ import annotations

from collections.abc import Iterator

from support.node import Node
from tansiq.exchange.courier import begin, more
from tansiq.exchange.courier_taking import Took, take_frame
from tansiq.exchange.dispatch import dispatch_once
from tansiq.protocol.courier import HEADER_SIZE

__all__ = ["frames", "joined", "made", "taken"]


def made(node: Node, peer: str) -> bytes:
    """A courier file of ``node`` for ``peer``, whole."""
    context = node.use()
    piece, making = begin(peer, context=context)
    pieces = [piece]
    while not making.done:
        piece, making = more(making, context=context)
        pieces.append(piece)
    return b"".join(pieces)


def frames(file: bytes) -> Iterator[bytes]:
    """The sealed frames of a file."""
    at = HEADER_SIZE
    while at < len(file):
        size = int.from_bytes(file[at : at + 4], "big")
        yield file[at + 4 : at + 4 + size]
        at += 4 + size


def joined(file: bytes, sealed: list[bytes]) -> bytes:
    """A file with the header of ``file`` and these frames."""
    return file[:HEADER_SIZE] + b"".join(len(one).to_bytes(4, "big") + one for one in sealed)


def taken(node: Node, file: bytes, *, dispatch: bool = True) -> list[Took]:
    """What came of taking in ``file`` at ``node``. Raises what the frame raises that is refused."""
    context = node.use()
    took = [take_frame(file[:HEADER_SIZE], number, one, context=context) for number, one in enumerate(frames(file))]
    while dispatch and dispatch_once(context=context):
        continue
    return took
