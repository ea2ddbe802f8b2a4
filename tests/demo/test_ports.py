"""The ports of a demonstration are nobody else's, from when they are chosen on, however long its nodes take to listen."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys

import pytest

from tansiq.demo import ports
from tansiq.demo.ports import Block


@pytest.fixture(autouse=True)
def chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody tries the same blocks in the same order: by chance it happens seldom."""

    numbers = itertools.cycle(range(7))
    monkeypatch.setattr(ports.secrets, "randbelow", lambda most: next(numbers))


OTHER = """
import itertools
from tansiq.demo import ports

numbers = itertools.cycle(range(7))
ports.secrets.randbelow = lambda most: next(numbers)
print(*ports.Block().ports)
"""


def test_what_one_has_chosen_no_other_process_chooses_although_nobody_listens_yet() -> None:
    one = Block()
    done = subprocess.run([sys.executable, "-c", OTHER], capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == len(one.ports) >= 16
    assert not {int(port) for port in done.stdout.split()} & set(one.ports)
    one.close()


def test_a_block_that_was_given_back_is_chosen_again() -> None:
    one = Block()
    one.close()
    others = [Block() for _ in range(2)]
    taken = [port for block in others for port in block.ports]
    assert len(set(taken)) == len(taken)
    for block in others:
        block.close()


def test_a_block_in_which_somebody_listens_is_left_out() -> None:
    one = Block()
    port = one.ports[-1]
    one.close()
    with socket.create_server(("127.0.0.1", port)):
        other = Block()
    assert port not in other.ports
    other.close()
