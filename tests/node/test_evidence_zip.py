"""The container of an evidence file: one archive for its members, which any program opens and none may change."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.exhibits import Story, archive, refused, story
from tansiq.errors import NotProven
from tansiq.node.evidence import verify_archive
from tansiq.node.evidence_manifest import MANIFEST
from tansiq.node.evidence_zip import read_zip, write_zip

__all__ = ["archive", "story"]


# ---------------------------------------------------------------------------------------------------- one bit


def flipped(archive: bytes, bit: int) -> bytes:
    wrong = bytearray(archive)
    wrong[bit // 8] ^= 1 << bit % 8
    return bytes(wrong)


def test_a_changed_bit_anywhere_is_refused(story: Story, archive: bytes) -> None:
    bits = random.Random(20251123).sample(range(8 * len(archive)), 400)
    ends = [*range(240), *range(8 * len(archive) - 176, 8 * len(archive))]
    for bit in {*bits, *ends}:
        refused(flipped(archive, bit), story.pins)


@pytest.mark.soak
def test_every_changed_bit_of_a_small_file_is_refused(story: Story) -> None:
    small = replace(story.evidence, exhibits=story.evidence.exhibits[:1])
    archive = story.archive(small)
    for bit in range(8 * len(archive)):
        refused(flipped(archive, bit), story.pins)


@pytest.mark.parametrize("cut", [0, 1, 21, 22, 400])
def test_a_file_cut_short_or_grown_is_refused(story: Story, archive: bytes, cut: int) -> None:
    for wrong in (archive[: len(archive) - cut - 1], archive + b"\0" * (cut + 1), b"\0" * (cut + 1) + archive):
        assert refused(wrong, story.pins).code == "evidence.altered-container"


@given(st.binary(max_size=200))
def test_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    with pytest.raises(NotProven):
        verify_archive(data, pinned={})


# ---------------------------------------------------------------------------------------------------- the container


def test_other_programs_open_the_archive(archive: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == read_zip(archive)
        assert {info.compress_type for info in opened.infolist()} == {zipfile.ZIP_STORED}
        opened.extractall(tmp_path)
    assert (tmp_path / MANIFEST).read_bytes() == read_zip(archive)[MANIFEST]


def packed_by_zipfile(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as writer:
        for name, data in members.items():
            writer.writestr(name, data)
    return out.getvalue()


def twice(members: Mapping[str, bytes]) -> bytes:
    """The first member stands twice."""
    name, data = next(iter(members.items()))
    longer = write_zip({name: data, name[:-1] + chr(ord(name[-1]) + 1): data})
    return longer.replace((name[:-1] + chr(ord(name[-1]) + 1)).encode(), name.encode())


CONTAINERS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "packed again": packed_by_zipfile,
    "compressed": lambda members: packed_by_zipfile(members, zipfile.ZIP_DEFLATED),
    "a bomb": lambda _: packed_by_zipfile({"bomb": bytes(30_000_000)}, zipfile.ZIP_DEFLATED),
    "a name twice": twice,
    "a way out": lambda members: write_zip({**members, "../escape": b"x"}),
    "an absolute name": lambda members: write_zip({**members, "/etc/escape": b"x"}),
    "a hidden name": lambda members: write_zip({**members, "statements/.hidden": b"x"}),
    "a name with a blank": lambda members: write_zip({**members, "a b": b"x"}),
    "nothing": lambda _: write_zip({}),
}


@pytest.mark.parametrize("wrong", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_an_archive_that_is_not_the_one_we_write_is_refused(
    story: Story, archive: bytes, wrong: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    refused(wrong(read_zip(archive)), story.pins)


@pytest.mark.parametrize("name", ["extra.txt", "statements/extra.cose", "disclosed/extra.cbor"])
def test_a_file_that_the_manifest_does_not_name_is_refused(story: Story, archive: bytes, name: str) -> None:
    assert refused(write_zip({**read_zip(archive), name: b"x"}), story.pins).code == "evidence.other-manifest"


def test_a_file_that_is_not_there_is_refused(story: Story, archive: bytes) -> None:
    members = read_zip(archive)
    for name in members:
        without = {other: data for other, data in members.items() if other != name}
        assert refused(write_zip(without), story.pins).code == "evidence.other-manifest", name
