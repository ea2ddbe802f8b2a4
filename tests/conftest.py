"""What holds for every test: no network beyond this machine, fixed budgets, nothing skipped in silence.

Invariant: a test that reaches for another machine fails, even where the code under test swallows the error.
Shared helpers live in ``tests/support``; what only one room needs lives in that room's own ``conftest.py``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from support import network
from support.quick import cheap_sign_in, work_in_memory

settings.register_profile("house", derandomize=True, deadline=None, max_examples=60, database=None)
settings.register_profile(
    "soak", deadline=None, max_examples=5_000, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

work_in_memory()
cheap_sign_in()
network.watch()

_deselected: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def network_refusals() -> Iterator[list[str]]:
    """What this test tried beyond loopback; it fails at the end unless the test itself empties the list."""
    network.refusals.clear()
    yield network.refusals
    if network.refusals:
        pytest.fail("reached beyond this machine: " + ", ".join(network.refusals))


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what the marker expression leaves out, so that the summary can say so."""
    for item in items:
        _deselected["soak" if item.get_closest_marker("soak") else "other"] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the end what did not run, and why."""
    skipped = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    )
    if not skipped and not _deselected:
        return
    terminalreporter.write_sep("=", "what did not run")
    for reason, count in sorted(skipped.items()):
        terminalreporter.write_line(f"{count:5} skipped: {reason}")
    if _deselected["soak"]:
        terminalreporter.write_line(f"{_deselected['soak']:5} left to `make soak`")
    if _deselected["other"]:
        terminalreporter.write_line(f"{_deselected['other']:5} not asked for in this run")
