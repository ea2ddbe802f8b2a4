"""Asking the judge: ``cwt``, which verifies and opens COSE in a process and an environment of its own.

Invariant: only what ``cwt`` itself says counts. It raises `Refused` with the judge's words; a judge that is missing or
dies is an error of another kind, never a refusal. One process serves a whole run of tests and ends with it.
"""

from __future__ import annotations

import atexit
import functools
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cbor2

__all__ = ["JUDGE", "Refused", "cwt_holds", "cwt_reads"]

JUDGE = Path(sys.prefix) / "judge" / "bin" / "python"
"""The interpreter of the judge's environment, which ``make setup`` makes."""

_one_at_a_time = threading.Lock()


class Refused(Exception):
    """What the judge said in place of a proof."""


@functools.cache
def _judge() -> subprocess.Popen[str]:
    if not JUDGE.exists():
        raise FileNotFoundError(f"the judge has no environment at {JUDGE}: run `make setup`")
    script = Path(__file__).with_name("judge_cwt.py")
    command = [JUDGE, "-I", "-W", "error", script]  # isolated; a warning refuses, as it does in the tests themselves
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def cwt_reads(
    message: bytes, key: Mapping[int, Any], *, external: bytes = b"", detached: bytes | None = None
) -> tuple[dict[Any, Any], dict[Any, Any], bytes]:
    """Protected headers, unprotected headers and payload of a COSE message that holds under the COSE key.

    Raises `Refused` with what ``cwt`` said.
    """
    question = cbor2.dumps([message, dict(key), external, detached])
    judge = _judge()
    assert judge.stdin is not None
    assert judge.stdout is not None
    with _one_at_a_time:
        judge.stdin.write(question.hex() + "\n")
        judge.stdin.flush()
        line = judge.stdout.readline()
    if not line:
        raise RuntimeError("the judge ended without an answer")
    proven, said = cbor2.loads(bytes.fromhex(line))
    if not proven:
        raise Refused(said)
    protected, unprotected, payload = said
    return protected, unprotected, payload


def cwt_holds(message: bytes, key: Mapping[int, Any], *, external: bytes = b"", detached: bytes | None = None) -> bool:
    """Whether ``cwt`` finds that the message holds under the COSE key."""
    try:
        cwt_reads(message, key, external=external, detached=detached)
    except Refused:
        return False
    return True
