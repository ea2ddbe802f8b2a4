"""What a file is, told from its bytes: what pretends, hides or breaks is refused; what a picture tells is named."""

from __future__ import annotations

import io
import zipfile

import pytest

from support.pictures import _chunk, exif, jpeg, pdf, png, segment, webp
from tansiq.cases.media import MAX_SIDE, look, sniff
from tansiq.cases.stripping import stripped
from tansiq.errors import BadInput, Error, Refused, TooMuch


def seen(data: bytes) -> object:
    return look(io.BytesIO(data), sniff(data[: 1 << 18]))


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "media", "size", "tells"),
    [
        (jpeg(), "image/jpeg", (640, 480), ()),
        (jpeg(tells=exif()), "image/jpeg", (640, 480), ("device", "location")),
        (jpeg(tells=exif(gps=False, make=False)), "image/jpeg", (640, 480), ()),
        (jpeg(more=segment(0xFE, b"un comentario")), "image/jpeg", (640, 480), ("words",)),
        (jpeg(tells=b"http://ns.adobe.com/xap/1.0/\0<?xpacket <x:xmpmeta exif:GPSLatitude"), "image/jpeg", (640, 480), ("location", "words")),
        (png(), "image/png", (4, 4), ()),
        (png(text=b"un comentario"), "image/png", (4, 4), ("words",)),
        (png(more=_chunk(b"eXIf", exif()[6:])), "image/png", (4, 4), ("device", "location")),
        (webp(), "image/webp", (32, 16), ()),
        (webp(tells=True), "image/webp", (32, 16), ("device", "location")),
        (pdf(), "application/pdf", (0, 0), ()),
        (pdf(active=True), "application/pdf", (0, 0), ("active",)),
        ("Un texto.\nيقيم بالناظور\n".encode(), "text/plain", (0, 0), ()),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(data: bytes, media: str, size: tuple[int, int], tells: tuple[str, ...]) -> None:
    found = seen(data)
    assert (found.media, (found.width, found.height), found.tells) == (media, size, tells)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (archive(), "type"),
        (b"MZ\x90\0" + bytes(100), "type"),
        (b"\x7fELF" + bytes(100), "type"),
        (b"\0\0\0\x18ftypmp42" + bytes(50), "type"),
        (b"#!/bin/sh\necho\n", "type"),
        (b"Un texto con \x07 campana", "type"),
        (b"caf\xe9 en latin-1", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "markup"),
        (b"\n\n<!DOCTYPE html><p>x", "markup"),
        (b"texto " * 40_000 + b"<script>alert(1)</script>", "markup"),
        (jpeg() + b"<html><script>", "trailing"),
        (jpeg() + archive(), "trailing"),
        (png() + pdf(), "polyglot"),
        (webp() + b"x", "trailing"),
        (jpeg(more=segment(0xFE, b"%PDF-1.7")), "polyglot"),
        (jpeg(more=segment(0xFE, b"<script>alert(1)</script>")), "polyglot"),
        (png(text=b"<html><script>"), "polyglot"),
        (pdf() + archive(), "polyglot"),
        (b"texto\n" + archive()[-22:].replace(b"\0", b"\x01"), "type"),
    ],
)
def test_what_pretends_to_be_another_kind_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises((Refused, BadInput)) as told:
        seen(data)
    if told.value.code == "cases.file-not-accepted":
        assert told.value.values["reason"] == reason
    else:
        assert reason == "polyglot" and told.value.code == "cases.file-cut-off"


@pytest.mark.parametrize(
    "data",
    [
        png()[:-20], png()[:40], jpeg()[:-2], jpeg()[:30], webp()[:-4], pdf()[:-8], b"\xff\xd8\xff\xd9",
        png().replace(b"IDAT", b"IDAX", 1), png(width=0), jpeg(width=0), b"\xff\xd8\xff\xe0\x00\x01", b"RIFF\x04\0\0\0WEBP",
        b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff",
    ],
)  # fmt: skip
def test_what_is_cut_off_or_damaged_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput) as told:
        seen(data)
    assert told.value.code == "cases.file-cut-off"


@pytest.mark.parametrize(
    "data", [png(width=MAX_SIDE + 1), png(width=MAX_SIDE, height=MAX_SIDE), jpeg(width=65_535, height=65_535)]
)
def test_dimensions_that_no_camera_has_are_refused(data: bytes) -> None:
    with pytest.raises(TooMuch):
        seen(data)


def test_nothing_is_no_file() -> None:
    with pytest.raises(BadInput) as told:
        sniff(b"")
    assert told.value.code == "cases.file-empty"


@pytest.mark.parametrize("data", [jpeg(tells=exif()), png(text=b"hola"), webp(tells=True), pdf()])
def test_no_byte_that_is_altered_or_lost_does_more_than_be_refused(data: bytes) -> None:
    """Every position, every cut: an answer or an error of the tree, never another exception."""
    for at in range(0, len(data), max(1, len(data) // 300)):
        for broken in (data[:at], data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :], data[at:]):
            try:
                seen(broken)
            except Error:
                pass


def strip(data: bytes) -> bytes:
    return b"".join(stripped(io.BytesIO(data), sniff(data[:1024])))


def test_a_stripped_picture_tells_nothing_and_has_the_same_pixels() -> None:
    more = (
        segment(0xFE, b"un comentario") + segment(0xED, b"Photoshop 3.0") + segment(0xE2, b"ICC_PROFILE\0\x01\x01icc")
    )
    told = jpeg(tells=exif(), more=more)
    silent = strip(told)
    assert seen(told).tells == ("device", "location", "words")
    assert seen(silent).tells == ()
    for kept in (b"ICC_PROFILE\0\x01\x01icc", b"JFIF"):
        assert kept in silent
    assert told[told.index(segment(0xDB, bytes(65))) :] == silent[silent.index(segment(0xDB, bytes(65))) :]
    assert b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in silent, "which side is up is lost"
    assert strip(silent) == silent
    assert seen(strip(png(text=b"hola", more=_chunk(b"tIME", bytes(7))))).tells == ()
    assert strip(png(text=b"hola")) == png()


def test_what_stands_behind_the_end_goes_with_the_rest() -> None:
    assert strip(jpeg() + archive()) == jpeg()
    with pytest.raises(BadInput):
        strip(webp())
