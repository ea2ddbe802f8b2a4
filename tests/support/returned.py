"""A node that comes back from a backup and gets from its peer what is missing."""

from __future__ import annotations

from pathlib import Path

from support.node import SECRET, Node, carry
from tansiq.enquiries.receipts import note_receipts
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.recovery import recover
from tansiq.exchange.restoring import serve_restore
from tansiq.node.restore import restore

__all__ = ["back_to"]


def back_to(folder: Path, node: Node, peer: Node) -> None:
    """Restores ``node`` from the backup, gets back from ``peer`` what is missing, and goes on; ``node`` is bound."""
    node.use()
    restore(node.home, folder, keys=None, secret=SECRET, replace=True)
    node.reopen()

    def serve(question: bytes) -> bytes:
        answer = serve_restore(node.agency, question, context=peer.use())
        node.use()
        return answer

    recover(peer.agency, serve, context=node.context)
    for _ in range(4):
        carry(node, peer)
        settle_own(context=node.use())
    note_receipts()
