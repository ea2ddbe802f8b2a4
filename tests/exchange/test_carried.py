"""What is remembered of courier files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.room import Room
from tansiq.exchange.carried import CourierFile, courier_files, heard_of, keep_file
from tansiq.protocol.heads import Direction

pytestmark = pytest.mark.storage


def test_nobody_marks_another_ones_file_as_whole(room: Room) -> None:
    begun = CourierFile(file=bytes(range(16)), peer="ma.dgst", direction=Direction.RECEIVED, made_ms=1, at_ms=2)
    keep_file(begun)
    keep_file(replace(begun, peer="fr.dgsi", whole=True, statements=9))
    assert courier_files(file=begun.file) == [begun]
    assert heard_of("ma.dgst") == heard_of("fr.dgsi") == ()
    keep_file(replace(begun, whole=True, statements=3))
    assert heard_of("ma.dgst") == (begun.file,)
