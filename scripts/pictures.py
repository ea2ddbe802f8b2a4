"""Copies pictures that the tests of the pages took into the documentation. Run by ``make pictures``, after the tests.

Each is what stands in a window of 1360 by 900, with at most 256 colours, so that it is small: the most frequent that
differ are kept, each of the others becomes the nearest of these. The browser of the tests reads the pictures. Exit 1 when one
is missing or larger than `MOST` bytes.
"""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Page, sync_playwright

HOUSE: Final = Path(__file__).resolve().parent.parent
TAKEN: Final = HOUSE / "build" / "pictures" / "view"
SHOWN: Final = HOUSE / "docs" / "pictures" / "pages"
MOST: Final = 150_000
COLOURS: Final = 256
NEARLY: Final = 60
"""Two colours of which the squares of the differences come to less are one."""
CHOSEN: Final = {
    "es": {
        "desk": "01-desk", "compose": "03-compose", "preview": "04-preview", "sent": "06-received-there",
        "answer": "07-answer", "file": "08-file", "closed": "09-closed", "timeline": "12-timeline", "proof": "13-proof",
        "clock-stopped": "21-clock-stopped", "refusal": "20-refusal", "waits": "26-waits",
        "session-ended": "28-session-ended", "late": "30-late", "sign-in": "00-sign-in", "code": "00-code",
        "cases": "40-cases", "list": "40-list", "account": "40-account", "roster": "50-roster", "members": "51-members",
        "oversight": "52-9100-oversight", "access-journal": "52-9001-oversight-access",
    },
    "ar": {
        "desk": "01-desk", "request": "05-request", "matches": "07-decided", "answer": "08-answer",
        "preview": "09-answer-preview", "closed": "11-closed", "timeline": "12-timeline", "proof": "13-proof",
        "refusal": "20-refusal", "late": "30-late", "sign-in": "00-sign-in", "code": "00-code", "compose": "40-compose",
        "cases": "40-cases", "list": "40-list", "account": "40-account", "roster": "50-roster", "members": "51-members",
        "oversight": "52-9100-oversight", "access-journal": "52-9001-oversight-access",
    },
}  # fmt: skip
_READ: Final = """async address => {
    const image = new Image(); image.src = address; await image.decode();
    const sheet = new OffscreenCanvas(image.width, image.height).getContext('2d');
    sheet.drawImage(image, 0, 0);
    const bytes = sheet.getImageData(0, 0, image.width, image.height).data;
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return [image.width, image.height, btoa(text)];
}"""


def _pixels(page: Page, picture: Path) -> Any:
    """The picture as rows of pixels of red, green and blue."""
    address = "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
    width, height, content = page.evaluate(_READ, address)
    return np.frombuffer(base64.b64decode(content), np.uint8).reshape(height, width, 4)[:, :, :3].astype(np.int32)


def _palette(parts: Any) -> Any:
    """The most frequent colours of which none is nearly another, so that a rare one (an amber word) has its place too."""
    kept = parts[:1]
    for one in parts[1:]:
        if len(kept) == COLOURS:
            break
        if ((kept - one) ** 2).sum(axis=1).min() > NEARLY:
            kept = np.vstack([kept, one])
    return kept


def _few_colours(pixels: Any) -> tuple[Any, Any]:
    """The palette, and for each pixel its place in it."""
    packed = (pixels[:, :, 0] << 16) | (pixels[:, :, 1] << 8) | pixels[:, :, 2]
    found, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    parts = np.stack([(found >> 16) & 255, (found >> 8) & 255, found & 255], axis=1)
    palette = _palette(parts[np.argsort(-counts, kind="stable")])
    nearest = np.concatenate(
        [((some[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1) for some in np.array_split(parts, 64)]
    )
    return palette, nearest[places].reshape(packed.shape)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(palette: Any, places: Any) -> bytes:
    """A PNG with a palette (ISO/IEC 15948)."""
    height, width = places.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = places
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def main() -> int:
    """Copies all of them."""
    wrong = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        for language, chosen in CHOSEN.items():
            for name, taken in chosen.items():
                source, shown = TAKEN / language / f"{taken}.png", SHOWN / language / f"{name}.png"
                if not source.exists():
                    wrong.append(f"{source.relative_to(HOUSE)} was not taken")
                    continue
                shown.parent.mkdir(parents=True, exist_ok=True)
                shown.write_bytes(_png(*_few_colours(_pixels(page, source))))
                if shown.stat().st_size > MOST:
                    wrong.append(f"{shown.relative_to(HOUSE)} has {shown.stat().st_size} bytes, more than {MOST}")
        browser.close()
    if wrong:
        print(*wrong, sep="\n", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
