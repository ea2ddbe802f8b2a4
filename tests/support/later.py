"""Nodes of the demonstration started with a clock that is ahead, so that a deadline has passed without anybody waiting for it.

Invariant: such a node is forked by the workshop of its stage, as any other, and is run by the launcher of the crash tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from support import launcher
from support.desks import soon
from tansiq.demo.stage import Node
from tansiq.node.running import answers, is_running

__all__ = ["start_ahead"]


def start_ahead(nodes: Sequence[Node], *, ms: int) -> None:
    """Starts nodes of a `quick_stage` with their clocks ``ms`` milliseconds ahead, and waits until they answer."""
    for node in nodes:
        node.process = node.shop.start(str(node.home.path), str(ms), module="support.later", acts=True)
    for node in nodes:
        addresses = (node.home.listen, node.home.pages)
        soon(
            lambda home=node.home, addresses=addresses: is_running(home) and all(map(answers, addresses)),  # type: ignore[misc]
            what=f"{node.agency} starts ahead",
        )


if __name__ == "__main__":
    os.environ["TEST_CLOCK_MS"] = sys.argv.pop()
    sys.exit(launcher.main())
