"""Files as encrypted chunks: streamed, resumed, proven one by one."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import seeded
from tansiq.errors import BadInput, Error, NotProven, TooMuch
from tansiq.protocol import manifest as module
from tansiq.protocol.manifest import Manifest, conceal_chunk, conceal_file, parse_manifest, reveal_chunk
from tansiq.protocol.parts import Part, parse_part

KEY = seeded("file key")
CHUNK = 64


def concealed(data: bytes, *, chunk_size: int = CHUNK) -> tuple[Manifest, list[bytes]]:
    chunks: list[bytes] = []
    for step in conceal_file(io.BytesIO(data), key=KEY, media_type="image/jpeg", chunk_size=chunk_size):
        if isinstance(step, Manifest):
            return step, chunks
        assert step[0] == len(chunks)
        chunks.append(step[1])
    raise AssertionError("the manifest comes last")


@given(st.binary(max_size=400), st.integers(1, 100))
def test_a_file_comes_back_chunk_by_chunk(data: bytes, chunk_size: int) -> None:
    manifest, chunks = concealed(data, chunk_size=chunk_size)
    parsed = parse_manifest(parse_part(manifest.to_part().to_bytes()))
    assert parsed == manifest
    plain = [reveal_chunk(parsed, chunk, index=index) for index, chunk in enumerate(chunks)]
    assert b"".join(plain) == data
    assert parsed.digest == hashlib.sha256(data).digest()
    assert parsed.size == len(data)


def test_a_transfer_is_resumed_at_any_chunk() -> None:
    data = seeded("photo", 10 * CHUNK + 7)
    manifest, chunks = concealed(data)
    assert [reveal_chunk(manifest, chunks[index], index=index) for index in (10, 3)] == [
        data[10 * CHUNK :],
        data[3 * CHUNK : 4 * CHUNK],
    ]


def test_memory_stays_flat() -> None:
    class Endless(io.RawIOBase):
        """Counts how much is asked for at once."""

        most = 0
        left = 50

        def read(self, size: int = -1) -> bytes:
            self.most = max(self.most, size)
            self.left -= 1
            return bytes(size) if self.left else b""

    source = Endless()
    steps = conceal_file(source, key=KEY, media_type="video/mp4", chunk_size=CHUNK)  # type: ignore[arg-type]
    assert sum(1 for _ in steps) == 50
    assert source.most == CHUNK


def test_the_same_chunk_twice_shows_nothing_in_common() -> None:
    _, chunks = concealed(bytes(2 * CHUNK))
    assert chunks[0] != chunks[1]


WRONG_CHUNKS = {
    "another chunk": (1, 0),
    "a chunk that the manifest has not": (0, 3),
    "a chunk before the first": (0, -1),
}


@pytest.mark.parametrize(("chunk", "index"), WRONG_CHUNKS.values(), ids=WRONG_CHUNKS)
def test_a_chunk_has_its_place(chunk: int, index: int) -> None:
    manifest, chunks = concealed(seeded("photo", 3 * CHUNK))
    with pytest.raises(NotProven) as caught:
        reveal_chunk(manifest, chunks[chunk], index=index)
    assert caught.value.code == "protocol.other-chunk"


def test_an_altered_chunk_is_refused() -> None:
    manifest, chunks = concealed(seeded("photo", 100))
    with pytest.raises(NotProven) as caught:
        reveal_chunk(manifest, chunks[0][:-1] + b"\0", index=0)
    assert caught.value.code == "protocol.other-chunk"


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK + 1, 100 * CHUNK])
def test_a_chunk_is_as_long_as_the_manifest_says(size: int) -> None:
    """A hostile sender names a chunk that opens to more (or less) than fits into the file."""
    manifest, _ = concealed(seeded("photo", 2 * CHUNK))
    chunk = conceal_chunk(bytes(size), key=KEY, index=0)
    hostile = replace(manifest, chunks=(hashlib.sha256(chunk).digest(), *manifest.chunks[1:]))
    with pytest.raises(NotProven) as caught:
        reveal_chunk(hostile, chunk, index=0)
    assert caught.value.code == "protocol.other-chunk"


def test_a_chunk_under_another_key_does_not_open() -> None:
    manifest, chunks = concealed(seeded("photo", CHUNK))
    with pytest.raises(NotProven) as caught:
        reveal_chunk(replace(manifest, key=seeded("other")), chunks[0], index=0)
    assert caught.value.code == "protocol.not-opened"


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHUNKS", 3)
    concealed(bytes(3 * CHUNK))
    with pytest.raises(TooMuch) as caught:
        concealed(bytes(3 * CHUNK + 1))
    assert caught.value.code == "protocol.file-too-large"


@pytest.mark.parametrize(
    "change",
    [
        {0: bytes(31)},
        {1: -1},
        {1: 200},
        {2: 0},
        {2: (1 << 26) + 1},
        {3: []},
        {3: [bytes(31), bytes(32)]},
        {3: "x"},
        {4: 1},
        {4: "x" * 129},
        {5: bytes(33)},
        {-1: 1},
    ],
    ids=str,
)
def test_a_manifest_that_is_none_is_refused(change: dict[int, Any]) -> None:
    manifest, _ = concealed(seeded("photo", 2 * CHUNK))
    with pytest.raises(BadInput):
        parse_manifest(Part("file", manifest.to_part().content | change))


def test_another_part_is_no_manifest() -> None:
    manifest, _ = concealed(b"x")
    with pytest.raises(Error) as caught:
        parse_manifest(Part("note", manifest.to_part().content))
    assert caught.value.code == "protocol.wrong-field"
    assert KEY.hex() not in repr(manifest)
