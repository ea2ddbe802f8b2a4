"""The courier file's frame as it was frozen; what is altered, moved, cut or from another file is refused.

What is sealed draws from chance, so the frozen bytes are opened, and what is signed inside is made again. They are written once by
``python tests/protocol/test_courier_frame.py``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from peer import seeded
from tansiq.errors import BadInput, NotFound, NotProven, TooMuch
from tansiq.protocol.courier import (
    HEADER_SIZE,
    MAX_FRAME_BYTES,
    End,
    Frame,
    Heading,
    Sort,
    make_header,
    open_frame,
    parse_header,
    seal_frame,
)
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.protocol.limits import MAX_TIME_MS

FILE = Path(__file__).parent.parent / "vectors" / "courier.json"
NODE = SigningKey(seeded("the courier's node", 32))
READER = SealingKey(seeded("the courier's reader", 96))
HEADER = make_header(seeded("a courier file", 16), READER.public)
FIRST = Frame(
    sender="es.cgi",
    receiver="ma.dgst",
    file=HEADER.file,
    number=0,
    made_ms=1_782_043_200_000,
    sort=Sort.HEADING,
    content=Heading(b"a directory document", (seeded("an earlier file", 16),)).to_bytes(),
)
LAST = replace(FIRST, number=1, sort=Sort.END, content=End(3, 2, 1).to_bytes(), last=True)
FRAMES = {"heading": FIRST, "end": LAST}


def frozen() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def sealed(name: str) -> bytes:
    """A frozen frame without its length."""
    data = bytes.fromhex(frozen()["frames"][name])
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    return data[4:]


def test_the_header_is_as_it_was_frozen() -> None:
    header = bytes.fromhex(frozen()["header"])
    assert len(header) == HEADER_SIZE
    assert parse_header(header) == HEADER
    assert HEADER.to_bytes() == header
    assert header.startswith(b"TANSIQ COURIER 1\n\x01")


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_a_frozen_frame_opens_and_is_signed(name: str) -> None:
    wanted = FRAMES[name]
    frame = open_frame(sealed(name), header=HEADER, number=wanted.number, key=READER)
    assert frame == wanted
    frame.verify(NODE.public)
    again = open_frame(
        seal_frame(wanted, reader=READER.public, signer=NODE)[4:], header=HEADER, number=wanted.number, key=READER
    )
    assert frame.signature is not None
    assert again.signature is not None
    assert again.signature == frame.signature, "what is signed is the same bytes"
    with pytest.raises(NotProven):
        frame.verify(SigningKey(seeded("somebody else", 32)).public)


def test_what_stands_in_the_heading_and_the_end() -> None:
    assert Heading.parse(FIRST.content) == Heading(b"a directory document", (seeded("an earlier file", 16),))
    assert End.parse(LAST.content) == End(3, 2, 1)
    for spoilt in (b"", b"\x80", b"\xa0", FIRST.content + b"\x00", b"\xa1\x20\x01"):
        with pytest.raises(BadInput):
            Heading.parse(spoilt)
        with pytest.raises(BadInput):
            End.parse(spoilt)


def test_what_is_counted_fits_where_it_is_kept() -> None:
    most = (1 << 31) - 1
    assert End.parse(End(most, most, most).to_bytes()) == End(most, most, most)
    for beyond in (End(most + 1, 0, 0), End(0, most + 1, 0), End(0, 0, most + 1)):
        with pytest.raises(BadInput):
            End.parse(beyond.to_bytes())


def test_a_file_made_beyond_the_calendar_is_refused() -> None:
    for made_ms in (MAX_TIME_MS, MAX_TIME_MS + 1):
        sealed_then = seal_frame(replace(FIRST, made_ms=made_ms), reader=READER.public, signer=NODE)[4:]
        if made_ms == MAX_TIME_MS:
            assert open_frame(sealed_then, header=HEADER, number=0, key=READER).made_ms == made_ms
        else:
            with pytest.raises(BadInput):
                open_frame(sealed_then, header=HEADER, number=0, key=READER)


def test_what_was_altered_moved_or_taken_from_another_file_is_refused() -> None:
    frame = sealed("heading")
    for at in (0, len(frame) // 2, len(frame) - 1):
        with pytest.raises(NotProven):
            open_frame(frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :], header=HEADER, number=0, key=READER)
    for other in (frame[:-1], b""):
        with pytest.raises(NotProven):
            open_frame(other, header=HEADER, number=0, key=READER)
    with pytest.raises(NotProven):
        open_frame(frame, header=HEADER, number=1, key=READER)
    with pytest.raises(NotProven):
        open_frame(frame, header=replace(HEADER, file=bytes(16)), number=0, key=READER)
    with pytest.raises(NotFound):
        open_frame(frame, header=HEADER, number=0, key=SealingKey(seeded("another reader", 96)))
    with pytest.raises(TooMuch):
        open_frame(bytes(MAX_FRAME_BYTES + 1), header=HEADER, number=0, key=READER)


@pytest.mark.parametrize(
    "data", [b"", b"TANSIQ COURIER 2\n" + bytes(49), HEADER.to_bytes()[:-1], b"TANSIQ COURIER 1\n\x02" + bytes(48)]
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_header(data)


if __name__ == "__main__":
    if not FILE.exists():
        frames = {name: seal_frame(one, reader=READER.public, signer=NODE).hex() for name, one in FRAMES.items()}
        about = "A courier file as it was frozen: never changed; another version stands beside it. The keys are drawn in the test."
        found = {"about": about, "header": HEADER.to_bytes().hex(), "frames": frames}
        FILE.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
