"""Makes the typefaces of the pages from the pinned packages: woff2 files of two weights, with the letters of our languages.

Run by ``make setup``. Files that are right already are left alone: a stamp names what they were made of. The pages read
well without them, in the system's own typeface; so nothing here is needed to run a node.

IBM Plex is licensed under the SIL Open Font License 1.1, whose text is put beside the files. It reserves the name for the
whole typeface, so these parts of it bear another one.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

__all__ = ["main", "make"]

FOLDER: Final = Path(__file__).resolve().parent.parent / "src" / "tansiq" / "web" / "static" / "web" / "fonts"
LATIN: Final = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x2B0, 0x2FF), (0x300, 0x36F), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x209F),
    (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF), (0x2713, 0x2717), (0xFB00, 0xFB04),
)  # fmt: skip
"""Letters of Spanish, French, English and the other languages in Latin script, marks, arrows and signs."""
ARABIC: Final = (
    (0x20, 0x20), (0xA0, 0xA0), (0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0x200B, 0x200F), (0x2010, 0x2011),
    (0xFB50, 0xFDFF), (0xFE70, 0xFEFF),
)  # fmt: skip
"""Letters of Arabic with the tatweel, those of its neighbours, and the presentation forms that older systems sent."""
MADE: Final = (
    ("sans-400", "fontpkg_ibm_plex_sans", "IBMPlexSans[wdth,wght].ttf", 400, LATIN),
    ("sans-600", "fontpkg_ibm_plex_sans", "IBMPlexSans[wdth,wght].ttf", 600, LATIN),
    ("arabic-400", "fontpkg_ibm_plex_sans_arabic", "IBMPlexSansArabic-Regular.ttf", None, ARABIC),
    ("arabic-600", "fontpkg_ibm_plex_sans_arabic", "IBMPlexSansArabic-SemiBold.ttf", None, ARABIC),
    ("mono-400", "fontpkg_ibm_plex_mono", "IBMPlexMono-Regular.ttf", None, LATIN),
)
"""Name of the file, package, its file, weight to take from a variable one, letters."""


def _stamp() -> str:
    packages = sorted({package for _, package, *_ in MADE} | {"fonttools"})
    told = [f"{name} {metadata.version(name.replace('_', '-'))}" for name in packages] + [repr(MADE)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _source(package: str, name: str) -> Path:
    return Path(str(resources.files(package))) / name


def make(name: str, package: str, file: str, weight: int | None, letters: tuple[tuple[int, int], ...]) -> int:
    """Writes ``name.woff2``; returns its size in bytes."""
    font: Any = TTFont(_source(package, f"files/{file}"))
    if weight is not None:
        font = instancer.instantiateVariableFont(font, {"wght": weight, "wdth": 100}, inplace=True)
    options = subset.Options(
        flavor="woff2",
        layout_features=["*"],
        hinting=False,
        notdef_outline=True,
        name_IDs=[0, 13, 14],
        name_languages=["*"],
    )
    options.drop_tables += ["DSIG", "STAT", "meta"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[point for first, last in letters for point in range(first, last + 1)])
    cutter.subset(font)
    for number in (1, 4, 6):  # family, full name, PostScript name
        font["name"].setName(f"Tansiq-{name}", number, 3, 1, 0x409)
    target = FOLDER / f"{name}.woff2"
    part = target.with_suffix(".part")
    subset.save_font(font, part, options)
    part.replace(target)
    return target.stat().st_size


def main() -> int:
    """Makes what is lacking; 0 when all is there."""
    stamp_file, stamp = FOLDER / "made", _stamp()
    there = all((FOLDER / f"{name}.woff2").is_file() for name, *_ in MADE)
    if there and stamp_file.is_file() and stamp_file.read_text(encoding="utf-8") == stamp:
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    sizes = [make(*one) for one in MADE]
    (FOLDER / "OFL.txt").write_bytes(_source("fontpkg_ibm_plex_sans", "LICENSE").read_bytes())
    stamp_file.write_text(stamp, encoding="utf-8")
    print(f"Made the typefaces of the pages ({sum(sizes) // 1024} KiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
