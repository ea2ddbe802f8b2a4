"""What makes the tests quick without making them easier: files in memory, and passphrases that cost little to try.

Invariant: nothing that a test asserts hangs on either. The tests kill processes, never the machine, so a disk that keeps what a
power cut would take shows nothing; and what a passphrase costs stands beside what it seals, so nodes made here open as others do.
What a passphrase costs in earnest is tested in ``tests/keystore``, and paid by every node that a test starts by its command.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from django.contrib.auth.hashers import ScryptPasswordHasher

__all__ = ["CHEAP_COST", "cheap_passphrases", "cheap_sign_in", "work_in_memory"]

CHEAP_COST = "1,1,8"
"""Passes, threads and KiB: the least that Argon2id takes."""
_MEMORY = Path("/dev/shm")
_LEAST_FREE = 4 * 2**30


def work_in_memory() -> None:
    """Lets temporary files lie in memory from now on, here and in whatever is started, where there is ample room for them.

    Does nothing when ``TMPDIR`` names a place already.
    """
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _LEAST_FREE:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None  # asked before: to be looked up anew


def cheap_sign_in() -> None:
    """A passphrase that signs somebody in costs little to check, in this process."""
    ScryptPasswordHasher.work_factor = 2**4


@contextmanager
def cheap_passphrases() -> Iterator[None]:
    """What is sealed meanwhile, under an unlock secret or a passphrase, opens at once."""
    from tansiq.keystore import officers, store
    from tansiq.keystore.sealing import Cost

    cost = Cost.parse(CHEAP_COST)
    with mock.patch.object(store, "ROOT_COST", cost), mock.patch.object(officers, "OFFICER_COST", cost):
        yield
