"""The workshop of the demonstration for tests in a browser: ``python workshop.py``, as `quick_stage` starts it.

Invariant: what it forks is what the demonstration's own workshop forks, but that passphrases cost little where they are taken, as in the
other tests (`support.quick`).
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.quick import cheap_passphrases, cheap_sign_in
from tansiq.demo.commands import Workshop
from tansiq.demo.stage import Stage, stage
from tansiq.demo.workshop import main

__all__ = ["QUICK", "quick_stage"]

QUICK: Final[Mapping[str, Any]] = {"clock_seconds": 1.0}
"""What nodes of tests are set to: nobody waits half a minute for what needs no event."""


class _Shared(Workshop):
    """One workshop for all stages of a run, since loading everything is most of what it costs to make a node."""

    def close(self) -> None:
        """Does nothing: the workshop ends with the run."""


@cache
def _workshop() -> Workshop:
    made = _Shared(__file__)
    atexit.register(Workshop.close, made)
    return made


@contextmanager
def quick_stage(*, fellows: bool = False) -> Iterator[Stage]:
    """A stage of the demonstration, whose nodes are set to be quick."""
    with stage(fellows=fellows, shop=_workshop()) as made:
        for node in made.nodes:
            node.settings = {**node.settings, **QUICK}
        yield made


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    cheap_sign_in()
    with cheap_passphrases():
        sys.exit(main())
