"""What is remembered of courier files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.room import Room
from tansiq.exchange.carried import CourierFile, courier_files, heard_of, keep_file, note_heard
from tansiq.protocol.heads import Direction

pytestmark = pytest.mark.storage


def test_nobody_marks_another_ones_file_as_whole(room: Room) -> None:
    begun = CourierFile(file=bytes(range(16)), peer="ma.dgst", direction=Direction.RECEIVED, made_ms=1, at_ms=2)
    keep_file(begun)
    keep_file(replace(begun, peer="fr.dgsi", whole=True, statements=9))
    assert courier_files("ma.dgst", file=begun.file) == [begun]
    assert heard_of("ma.dgst") == ()
    keep_file(replace(begun, whole=True, statements=3))
    assert heard_of("ma.dgst") == (begun.file,)


def test_a_name_that_a_partner_used_first_keeps_no_other_file_of_that_name_from_being_told(room: Room) -> None:
    """Whoever saw the header of a file on its way can be quicker with a file of that name than the one whose it is."""
    theirs = CourierFile(file=bytes(range(16)), peer="fr.dgsi", direction=Direction.RECEIVED, made_ms=1, at_ms=2)
    keep_file(theirs)
    whole = replace(theirs, peer="ma.dgst", whole=True, statements=3)
    keep_file(replace(whole, whole=False, statements=0))
    keep_file(whole)
    assert heard_of("ma.dgst") == (whole.file,)
    assert heard_of("fr.dgsi") == ()
    assert courier_files("ma.dgst") == [whole] and courier_files("fr.dgsi") == [theirs]
    ours = replace(theirs, file=bytes(16), peer="ma.dgst", direction=Direction.SENT, whole=True)
    keep_file(replace(ours, peer="fr.dgsi", direction=Direction.RECEIVED))
    keep_file(ours)
    note_heard("fr.dgsi", [ours.file], now_ms=5)
    assert courier_files("ma.dgst", file=ours.file) == [ours]
    note_heard("ma.dgst", [ours.file], now_ms=6)
    assert courier_files("ma.dgst", file=ours.file) == [replace(ours, heard_ms=6)]
