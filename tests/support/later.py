"""Nodes of the demonstration started with a clock that is ahead, so that a deadline has passed without anybody waiting for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support import launcher
from support.desks import soon
from tansiq.demo.stage import Node
from tansiq.node.running import answers, is_running

__all__ = ["start_ahead"]


def start_ahead(node: Node, *, ms: int) -> None:
    """Starts the node with its clock ``ms`` milliseconds ahead, and waits until it answers."""
    node.process = subprocess.Popen(
        [sys.executable, str(Path(launcher.__file__)), str(node.home.path)],
        env=os.environ | {"TEST_CLOCK_MS": str(ms)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    addresses = (node.home.listen, node.home.pages)
    soon(lambda: is_running(node.home) and all(answers(one) for one in addresses), what=f"{node.agency} starts ahead")
