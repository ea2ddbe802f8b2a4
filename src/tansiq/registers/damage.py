"""Damaged copies of published lists: what a value lost, which of two values is good, and a file read all the same.

The fault this room knows best: a careless copy kept only the low byte of every character. ``خالد`` (U+062E U+0627
U+0644 U+062F) becomes ``.'D/``, a typographic apostrophe (U+2019) becomes a control character, and what falls on ``&``
or ``<`` breaks the XML. Invariant: nothing is repaired in silence. What looks damaged is named with its reason; what it
may have been is only a *hint*, for several alphabets share each low byte; a damaged value never replaces a good one.

>>> damage_of(".'D/ 'D41B'HJ")
Damage(reason='damage.high-byte-lost', hint='خالد الشرقاوي', legible=False)
>>> damage_of("D'ABADIE, J.-B."), damage_of("خالد الشرقاوي"), damage_of("山田 太郎")
(None, None, None)
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tansiq.errors import BadInput

__all__ = ["CHUNK", "MAX_BYTES", "MAX_RUN", "Chosen", "Damage", "Survey", "choose", "damage_of", "mended", "survey"]

MAX_BYTES = 64 * 2**20
"""The largest list accepted; the published one has 2 MB."""
MAX_RUN = 2**18
"""The most bytes without a tag; the longest text of a published list has 2 kB."""
CHUNK = 2**16

_PICTURES = {code: 0x2400 + code for code in range(32) if code not in {9, 10, 13}}  # a visible sign for each control
_CODES = {picture: code for code, picture in _PICTURES.items()}
_LOST = re.compile("[\u0080-\u009f\u2400-\u241f]")
_PUNCTUATION = {0x2413: "–", 0x2414: "—", 0x2418: "‘", 0x2419: "’", 0x241C: "“", 0x241D: "”"}
_NO_SIGNS = dict.fromkeys(_PUNCTUATION, "")

# The low bytes that names leave behind. Arabic: letters U+0621–063A and 0641–064A, tatweel, Persian and Urdu letters.
_ARABIC = re.compile(r"[ !-:@A-J~|\u0080-\u00ff]+")
_ARABIC_MARKS = re.compile(r"[K-R]")
_CYRILLIC = re.compile("[ -OQVW\u2410-\u241f]+")
_CYRILLIC_PAIR = re.compile("[;-?\u2410-\u241f][0-O]|[0-O][;-?]")  # a capital, or л м н о п, in a word
# What a word of a Latin name, a number or a code may look like.
_LATIN_WORD = re.compile(
    r"""[("'«]*[A-Za-zÀ-ÖØ-öø-ÿ]+(?:\.?['&/.-][A-Za-zÀ-ÖØ-öø-ÿ]+)*[.,;:)"'!»]*|[-&/+]"""
    r"""|[("#]*\d[\d.,/:;)"-]*"""
)
_CODE = re.compile(r"""[("#]*\d[\d.,/:-]*(?:[A-Z][.,;:)"]*|[;)"]*)|[("]*[A-Z]{1,3}[-/.]?\d+[.,;:)"]*""")


@dataclass(frozen=True, slots=True)
class Damage:
    """What happened to a value, as a code of the catalogue of texts, and what it may have been ("" if unknown).

    ``legible`` says that only punctuation or a stray letter is lost: the value still serves as a name.
    """

    reason: str
    hint: str = ""
    legible: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value to go on with and the code of the rule that chose it; ``damage`` of the newer one, if any."""

    value: str
    report: str
    damage: Damage | None = None


def damage_of(text: str, *, original_script: bool = False) -> Damage | None:
    """What is wrong with a name, or None for one that looks whole.

    Takes any text, answers in time proportional to it. Names in any script, initials, numbers and codes are whole; with
    ``original_script``, for a field that holds a name as its bearer writes it, codes are not.
    """
    if "\ufffd" in text or ("?" in text and not re.search(r"[^\W\d_]", text)):
        return Damage("damage.replaced", legible=bool(re.search(r"[^\W\d_]{3}", text)))
    if hint := _decoded_again(text):
        return Damage("damage.misread", hint)
    text = text.translate(_PICTURES)
    if any(ord(letter) > 0xFF and ord(letter) not in _CODES for letter in text):
        return None
    words = text.replace("\u00a0", " ").split(" ")
    if _LOST.search(text) and not any(_strange(word, codes=True) for word in text.translate(_NO_SIGNS).split(" ")):
        return Damage("damage.signs-lost", text.translate(_PUNCTUATION), legible=True)
    strange = any(_strange(word, codes=not original_script) for word in words)
    bare = _ARABIC_MARKS.sub("", text) if " " in text else text
    if strange and _ARABIC.fullmatch(bare) and re.search(r"['A-J]", text):
        return Damage("damage.high-byte-lost", _raised(bare, 0x0600))
    if strange and _CYRILLIC.fullmatch(text) and _CYRILLIC_PAIR.search(text):
        return Damage("damage.high-byte-lost", _raised(text, 0x0400))
    if _LOST.search(text):
        legible = re.search(r"[A-Za-z]{3}", text) is not None
        return Damage("damage.signs-lost" if legible else "damage.high-byte-lost", legible=legible)
    return None


def _strange(word: str, *, codes: bool) -> bool:
    """Whether no Latin name holds such a word: letters and signs mixed, or an Arabic article without its high bytes."""
    if len(word) < 3 or (codes and _CODE.fullmatch(word)):
        return False
    article = len(word) > 3 and word.startswith("'D") and not word.endswith("'")
    return article or not _LATIN_WORD.fullmatch(word)


def _raised(text: str, base: int) -> str:
    """``text`` with every character but the space put back into the block that begins at ``base``."""
    codes = (_CODES.get(ord(letter), ord(letter)) for letter in text)
    return "".join(" " if code in {0x20, 0xA0} else chr(base + code) for code in codes)


def _decoded_again(text: str) -> str:
    """What UTF-8 stood there before it was read as a Western single-byte encoding; "" if it was not."""
    if text.isascii():
        return ""
    for encoding in ("cp1252", "latin-1"):
        try:
            decoded = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if all(letter.isascii() or letter.isalpha() for letter in decoded):
            return decoded
    return ""


def choose(older: str, newer: str) -> Chosen:
    """Which of two editions of one value to go on with: the newer one unless it is damaged.

    A good older value survives a damaged newer one, with ``damage.kept-older`` when the newer is visibly what remains
    of it and ``damage.kept-older-unsure`` when it is not (the list may have changed the name meanwhile). Where neither
    is good the value is "".
    """
    damage = damage_of(newer)
    if damage is None or damage.legible:
        return Chosen(newer, "damage.unchanged" if older == newer else "damage.taken", damage)
    if not older or damage_of(older) is not None:
        return Chosen("", "damage.none-good", damage)
    sure = _low_bytes(older) == _low_bytes(newer)
    return Chosen(older, "damage.kept-older" if sure else "damage.kept-older-unsure", damage)


def _low_bytes(text: str) -> str:
    """What the careless copy leaves of ``text``, without spaces: it makes them of some letters, and files fold them."""
    return "".join(chr(_CODES.get(ord(letter), ord(letter)) & 0xFF) for letter in text).replace(" ", "")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first look at a file showed: its ``size`` in bytes, its ``encoding``, and whether high bytes are lost."""

    size: int
    encoding: str
    low_bytes: bool


_ORIGINAL = re.compile(rb"<NAME_ORIGINAL_SCRIPT>([^\n]{1,300}?)</NAME_ORIGINAL_SCRIPT>")
_CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")


def survey(source: BinaryIO) -> Survey:
    """Reads ``source`` once, in pieces, and says how to read it.

    Raises BadInput: ``unlist.too-large``, ``unlist.too-long``, ``unlist.entities``, ``unlist.not-utf8``,
    ``unlist.empty``.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, run, wrong_at, tail = 0, 0, -1, b""
    controls = lost = False
    while chunk := source.read(CHUNK):
        if b"\0" in chunk or (not size and chunk[:2] in {b"\xff\xfe", b"\xfe\xff"}):
            raise BadInput("unlist.not-utf8", at=size + max(0, chunk.find(b"\0")))
        if wrong_at < 0:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as fault:
                wrong_at = max(0, size + fault.start)
        size += len(chunk)
        if size > MAX_BYTES:
            raise BadInput("unlist.too-large", limit=MAX_BYTES // 2**20)
        pieces = chunk.split(b"<")
        if max(run + len(pieces[0]), *map(len, pieces)) > MAX_RUN:
            raise BadInput("unlist.too-long", limit=MAX_RUN)
        run = len(pieces[-1]) + (run if len(pieces) == 1 else 0)
        seen = tail + chunk
        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
            raise BadInput("unlist.entities")
        controls = controls or _CONTROLS.search(chunk) is not None
        lost = lost or any(_lost_letters(match[1]) for match in _ORIGINAL.finditer(seen))
        tail = seen[-400:]
    if not size:
        raise BadInput("unlist.empty")
    if wrong_at >= 0 and not (controls or lost):
        raise BadInput("unlist.not-utf8", at=wrong_at)
    return Survey(size, "utf-8" if wrong_at < 0 else "latin-1", controls or lost)


def _lost_letters(value: bytes) -> bool:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    damage = damage_of(text.strip())
    return damage is not None and damage.reason == "damage.high-byte-lost"


_STRAY = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)"
    r"""|<(?!/?[A-Z][A-Z0-9_]{3,60}\s*/?>|[A-Z][A-Z0-9_]{3,60}\s+[A-Za-z:]+\s*=|\?xml\s|!--)"""
)
_LONGEST_MARK = 80


def mended(source: BinaryIO, encoding: str) -> Iterator[str]:
    """The text of a file that lost high bytes, in pieces: markup that letters fell on is escaped, nothing else changes.

    A control character, which XML forbids, becomes its visible picture (U+2400 and up), so that ``damage_of`` sees it.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    while chunk := source.read(CHUNK):
        text = rest + decoder.decode(chunk).translate(_PICTURES)
        cut = max(text.rfind("<", -_LONGEST_MARK), text.rfind("&", -_LONGEST_MARK))
        text, rest = (text, "") if cut < 0 else (text[:cut], text[cut:])
        yield _STRAY.sub(lambda match: "&amp;" if match[0] == "&" else "&lt;", text)
    yield _STRAY.sub(lambda match: "&amp;" if match[0] == "&" else "&lt;", rest)
