"""Runs everything that a change must pass and tells the total at the end. Run by ``make test``.

1. ``scripts/check.sh``: style, types, rooms, texts.
2. All tests (but those marked ``soak``) on SQLite.
3. The tests marked ``storage`` once more on a real PostgreSQL (``TANSIQ_TEST_DB=postgres``).
4. Coverage of this process, shown and no gate: a number that must not fall invites tests that check nothing.

Every step runs even if an earlier one failed, so that one run tells all. Exit 0 only when every step succeeded.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

__all__ = ["main"]

HOUSE = Path(__file__).resolve().parent.parent
REPORTS = HOUSE / "build" / "reports"
NO_TESTS = 5  # pytest's exit code when nothing was collected: here a defect, since each run has tests to find


@dataclass(frozen=True, slots=True)
class Count:
    """What one run of the tests came to; ``broken`` when it ended before it could count."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    broken: bool = False

    def __str__(self) -> str:
        told = f"{self.name:<10} {self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{told}, {self.seconds:.0f} s" + (" (ended early)" if self.broken else "")


def pytest(name: str, *options: str, database: str) -> Count:
    """Run pytest with ``options`` against ``database`` (``sqlite`` or ``postgres``) and count what it reports."""
    report = REPORTS / f"{database}.xml"
    report.unlink(missing_ok=True)
    print(f"\n== tests on {name}", flush=True)
    code = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junitxml={report}"],
        cwd=HOUSE,
        env=os.environ | {"TANSIQ_TEST_DB": database, "PYTHONHASHSEED": "0"},
        check=False,
    ).returncode
    if not report.exists() or code == NO_TESTS:
        return Count(name, failed=1, broken=True)
    suite = next(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - just written by our own pytest
    tests, errors, failures, skipped = (int(suite.get(key, 0)) for key in ("tests", "errors", "failures", "skipped"))
    failed = errors + failures
    return Count(
        name,
        passed=max(tests - failed - skipped, 0),
        failed=failed or (1 if code else 0),
        skipped=skipped,
        seconds=float(suite.get("time", 0)),
        broken=bool(code and not failed),
    )


def main() -> int:
    """All steps in order; the exit code of the whole."""
    started = time.monotonic()
    REPORTS.mkdir(parents=True, exist_ok=True)
    print("== check", flush=True)
    checked = subprocess.run([HOUSE / "scripts" / "check.sh", str(Path(sys.executable).parent)], check=False).returncode
    counts = [
        pytest("SQLite", "--cov", "--cov-report=", database="sqlite"),
        # The same code, so coverage would only cost time.
        pytest("PostgreSQL", "-m", "storage and not soak", database="postgres"),
    ]
    print("\n== coverage (of the tests' own process on SQLite; nodes started beside it are not measured)", flush=True)
    subprocess.run([sys.executable, "-m", "coverage", "report"], cwd=HOUSE, check=False)

    passed, failed, skipped = (
        sum(getattr(count, part) for count in counts) for part in ("passed", "failed", "skipped")
    )
    print(f"\n== {(time.monotonic() - started) / 60:.1f} minutes; check: {'wrong' if checked else 'ok'}")
    print(*counts, sep="\n")
    print(f"total: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if checked or failed else 0


if __name__ == "__main__":
    sys.exit(main())
