"""Runs everything that a change must pass, as many things at a time as the machine has cores, and tells the total. Run by ``make test``.

* ``SQLite``: all tests but those of the lines below, with the coverage of this process.
* ``PostgreSQL``: the tests marked ``storage`` once more on a real server (``TANSIQ_TEST_DB=postgres``).
* ``crashes`` and ``crashes on PostgreSQL``: the tests marked ``crash``, which kill nodes that run.
* ``pages``: two browsers against two nodes (``tests/e2e``).
* ``check``: style, types, rooms, texts (``scripts/check.sh``).

What one of them prints is kept in ``build/reports/NAME.log`` and shown, if it went wrong, when it ends; meanwhile a line tells how far each
is. Every one runs even if another failed, so that one run tells all. Exit 0 only when all succeeded. Coverage is shown and no gate: a
number that must not fall invites tests that check nothing. It is that of lines: a tracer of branches makes some tests take five times as
long. ``JOBS=1`` runs one thing at a time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["main"]

HOUSE = Path(__file__).resolve().parent.parent
REPORTS = HOUSE / "build" / "reports"
NO_TESTS = 5  # pytest's exit code when nothing was collected: here a defect, since each run has tests to find
TELL_SECONDS = 30.0
BROWSERS = "tests/e2e"
COVERAGE = REPORTS / "coverage.json"
LEAST_COVERED = 20


@dataclass(frozen=True, slots=True)
class Count:
    """What one job came to; ``broken`` when it ended before it could count."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    broken: bool = False

    def __str__(self) -> str:
        told = f"{self.name:<22} {self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{told}, {self.seconds:.0f} s" + (" (ended early)" if self.broken else "")


@dataclass(slots=True)
class Job:
    """Something that runs beside others: its command, and with ``database`` (``sqlite`` or ``postgres``) tests to be counted;
    ``covering`` sees which lines they reach.
    """

    name: str
    command: list[str]
    database: str = ""
    covering: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    seconds: float = field(default=0.0, init=False)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return REPORTS / f"{self.name.lower().replace(' ', '-')}.log"

    @property
    def report(self) -> Path:
        """Where pytest writes what it counted."""
        return self.log.with_suffix(".xml")

    def start(self) -> None:
        """Starts it, and returns at once."""
        self.report.unlink(missing_ok=True)
        command, environment = list(self.command), dict(os.environ)
        if self.database:
            watched = ["-m", "slipcover", "--source", str(HOUSE / "src"), "--json", "--out", str(COVERAGE)]
            command = [
                sys.executable, *(watched if self.covering else []), "-m", "pytest", *command, f"--junitxml={self.report}",
            ]  # fmt: skip
            environment |= {"TANSIQ_TEST_DB": self.database, "PYTHONHASHSEED": "0"}
        self.started = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=HOUSE, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def text(self) -> str:
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def ended(self) -> bool:
        """Whether it is over; from the first time on that this is true, ``seconds`` is how long it took."""
        if self.process is None or self.process.poll() is None:
            return False
        self.seconds = self.seconds or time.monotonic() - self.started
        return True

    def progress(self) -> str:
        """How far it is."""
        shares = re.findall(r"\[ *(\d+)%\]", self.text())
        return f"{self.name} {shares[-1]} %" if shares else self.name

    def count(self) -> Count:
        """What it came to, once it has ended."""
        assert self.process is not None  # noqa: S101 (the caller has waited for it)
        code = self.process.returncode
        if not self.database:
            return Count(self.name, passed=int(not code), failed=int(bool(code)), seconds=self.seconds)
        if not self.report.exists() or code == NO_TESTS:
            return Count(self.name, failed=1, seconds=self.seconds, broken=True)
        suite = next(ET.parse(self.report).getroot().iter("testsuite"))  # noqa: S314 - just written by our own pytest
        tests, errors, failures, skipped = (
            int(suite.get(key, 0)) for key in ("tests", "errors", "failures", "skipped")
        )
        failed = errors + failures
        return Count(
            self.name,
            passed=max(tests - failed - skipped, 0),
            failed=failed or int(bool(code)),
            skipped=skipped,
            seconds=self.seconds,
            broken=bool(code and not failed),
        )

    def failures(self) -> list[str]:
        """Which tests failed, each with the first line of what was wrong."""
        if not self.database or not self.report.exists():
            return []
        cases = ET.parse(self.report).getroot().iter("testcase")  # noqa: S314 - just written by our own pytest
        found = [(case, wrong) for case in cases for wrong in case if wrong.tag in {"failure", "error"}]
        return [
            f"{self.name}: {case.get('classname')}::{case.get('name')}: {(wrong.get('message') or '').partition(chr(10))[0][:200]}"
            for case, wrong in found
        ]


def jobs() -> list[Job]:
    """Everything there is to do, what takes longest first."""
    apart = ["--ignore", BROWSERS]
    found = [
        Job("PostgreSQL", [*apart, "-m", "storage and not crash and not soak"], "postgres"),
        Job("SQLite", [*apart, "-m", "not crash and not soak"], "sqlite", covering=True),
        Job("crashes", [*apart, "-m", "crash and not soak"], "sqlite"),
        Job("crashes on PostgreSQL", [*apart, "-m", "crash and storage and not soak"], "postgres"),
        Job("check", [str(HOUSE / "scripts" / "check.sh"), str(Path(sys.executable).parent)]),
    ]
    if (HOUSE / BROWSERS).is_dir():
        found.insert(2, Job("pages", [BROWSERS], "sqlite"))
    return found


def _show(job: Job) -> None:
    """Tells that a job ended; all that it printed, when it went wrong, and what it left out otherwise."""
    told = job.count()
    print(f"\n== {told}", flush=True)
    words = job.text()
    if told.failed or not job.database:
        print(words, flush=True)
    elif "what did not run" in words:
        print(words[words.rindex("\n", 0, words.index("what did not run")) + 1 :].rstrip(), flush=True)


def run(waiting: list[Job], *, at_once: int) -> None:
    """Runs all jobs, ``at_once`` at a time, in the order given."""
    running: list[Job] = []
    told = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(waiting.pop(0))
                running[-1].start()
                print(f"-- {running[-1].name} begins", flush=True)
            time.sleep(0.2)
            for job in [job for job in running if job.ended]:
                running.remove(job)
                _show(job)
            if running and time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                print("-- " + ", ".join(job.progress() for job in running), flush=True)
    finally:
        for job in running:
            if job.process is not None:
                job.process.terminate()
                job.process.wait()


def show_coverage() -> None:
    """Tells how many lines the tests reach, and where they reach least."""
    if not COVERAGE.exists():
        return
    told = json.loads(COVERAGE.read_text(encoding="utf-8"))
    share = {
        name: (about["summary"]["percent_covered"], about["summary"]["missing_lines"])
        for name, about in told["files"].items()
    }
    print(
        f"\n== coverage: {told['summary']['percent_covered']:.1f} % of the lines, by the tests' own process on SQLite (nodes started"
    )
    print("   beside it are not measured); most lines not reached:", flush=True)
    for name in sorted(share, key=lambda name: -share[name][1])[:LEAST_COVERED]:
        print(f"   {share[name][1]:4} of {name} ({share[name][0]:.0f} %)", flush=True)


def main() -> int:
    """All jobs; the exit code of the whole."""
    started = time.monotonic()
    REPORTS.mkdir(parents=True, exist_ok=True)
    COVERAGE.unlink(missing_ok=True)
    everything = jobs()
    run(list(everything), at_once=int(os.environ.get("JOBS") or os.cpu_count() or 1))
    show_coverage()

    counts = [job.count() for job in everything]
    tests = [count for count, job in zip(counts, everything, strict=True) if job.database]
    print(f"\n== {(time.monotonic() - started) / 60:.1f} minutes")
    print(*counts, sep="\n")
    passed, failed, skipped = (sum(getattr(count, part) for count in tests) for part in ("passed", "failed", "skipped"))
    print(*(failure for job in everything for failure in job.failures()), sep="\n")
    print(f"total: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return int(any(count.failed for count in counts))


if __name__ == "__main__":
    sys.exit(main())
