"""Ports for what a test starts: no other test, nor another run on this machine, is given the same.

Invariant: each is given once by a process, out of blocks that it holds to its end (`tansiq.demo.ports`).
"""

from __future__ import annotations

from tansiq.demo.ports import Block

__all__ = ["free_port"]

_blocks: list[Block] = []


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens."""
    if not _blocks or not _blocks[-1].ports:
        _blocks.append(Block())
    return _blocks[-1].ports.pop()
