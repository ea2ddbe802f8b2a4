"""The container of an evidence file: one archive for its members, which any program opens and none may change."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.exhibits import Story, archive, refused, story
from tansiq.errors import NotProven
from tansiq.node.evidence import verify_archive
from tansiq.node.evidence_manifest import MANIFEST, README, SIGNATURE
from tansiq.node.evidence_zip import MAX_MEMBERS, read_zip, write_zip

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


def with_a_link(members: Mapping[str, bytes]) -> bytes:
    """A member is a symbolic link to a file of the machine."""
    out = io.BytesIO()
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(out, "w") as writer:
        for name, data in members.items():
            writer.writestr(name, data)
        writer.writestr(link, b"/etc/passwd")
    return out.getvalue()


def endless(members: Mapping[str, bytes]) -> bytes:
    """The first member is said to be larger than any disk, in the form for such (ZIP64)."""
    name, data = next(iter(sorted(members.items())))
    more = struct.pack("<HHQQ", 1, 16, 1 << 62, 1 << 62)
    common = struct.pack("<5H3L2H", 45, 0, 0, 0, 33, zlib.crc32(data), 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(more))
    return b"PK\x03\x04" + common + name.encode() + more + write_zip(members)[30 + len(name) :]


CONTAINERS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "packed again": packed_by_zipfile,
    "compressed": lambda members: packed_by_zipfile(members, zipfile.ZIP_DEFLATED),
    "a bomb": lambda _: packed_by_zipfile({"bomb": bytes(30_000_000)}, zipfile.ZIP_DEFLATED),
    "a name twice": twice,
    "a way out": lambda members: write_zip({**members, "../escape": b"x"}),
    "an absolute name": lambda members: write_zip({**members, "/etc/escape": b"x"}),
    "a hidden name": lambda members: write_zip({**members, "statements/.hidden": b"x"}),
    "a name with a blank": lambda members: write_zip({**members, "a b": b"x"}),
    "a link": with_a_link,
    "a member without an end": endless,
    "too many members": lambda _: write_zip({f"a{number}": b"" for number in range(MAX_MEMBERS + 1)}),
    "nothing": lambda _: write_zip({}),
}


@pytest.mark.parametrize("wrong", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_an_archive_that_is_not_the_one_we_write_is_refused(
    story: Story, archive: bytes, wrong: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    refused(wrong(read_zip(archive)), story.pins)


HEADERS: dict[str, Callable[[bytearray], None]] = {
    "encrypted": lambda file: struct.pack_into("<H", file, 6, 1),
    "a size beyond the file": lambda file: struct.pack_into("<LL", file, 18, 0xFFFFFFFE, 0xFFFFFFFE),
    "a name beyond the file": lambda file: struct.pack_into("<H", file, 26, 0xFFFF),
    "more members than there are": lambda file: struct.pack_into("<HH", file, len(file) - 14, 0xFFFF, 0xFFFF),
    "a directory elsewhere": lambda file: struct.pack_into("<L", file, len(file) - 6, 0xFFFFFFFF),
    "a comment": lambda file: file.__setitem__(slice(len(file) - 2, None), b"\x09\0a comment"),
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_that_lies_is_refused(story: Story, archive: bytes, change: Callable[[bytearray], None]) -> None:
    wrong = bytearray(archive)
    change(wrong)
    assert refused(bytes(wrong), story.pins).code == "evidence.altered-container"


def test_members_out_of_order_are_refused(archive: bytes) -> None:
    one, other = write_zip({"a": b""}), write_zip({"b": b""})
    with pytest.raises(NotProven):
        read_zip(other[:31] + one)


def test_a_file_is_read_in_little_more_than_its_own_size() -> None:
    """Whatever it holds: 30 megabytes of members, of which none is a manifest, or a manifest of nothing but lists."""
    for members in ({f"a{number}": bytes(10_000_000) for number in range(3)}, lists(10_000_000)):
        archive = write_zip(members)
        tracemalloc.start()
        with pytest.raises(NotProven):
            verify_archive(archive, pinned={})
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 1.2 * len(archive)


def lists(count: int) -> dict[str, bytes]:
    """Members whose manifest would fill twenty times its size in memory."""
    return {MANIFEST: b"[" + b"[]," * count + b"[]]", README: b"", SIGNATURE: b""}


@pytest.mark.parametrize("name", ["extra.txt", "statements/extra.cose", "disclosed/extra.cbor"])
def test_a_file_that_the_manifest_does_not_name_is_refused(story: Story, archive: bytes, name: str) -> None:
    assert refused(write_zip({**read_zip(archive), name: b"x"}), story.pins).code == "evidence.other-manifest"


def test_a_file_that_is_not_there_is_refused(story: Story, archive: bytes) -> None:
    members = read_zip(archive)
    for name in members:
        without = {other: data for other, data in members.items() if other != name}
        assert refused(write_zip(without), story.pins).code == "evidence.other-manifest", name
