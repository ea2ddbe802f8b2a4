"""The pair of real nodes of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pair import Pair, make_pair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two nodes that know one another, not started; nothing of them is left afterwards."""
    made = make_pair(tmp_path)
    try:
        yield made
    finally:
        made.close()
