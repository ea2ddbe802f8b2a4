"""Why an entry was proposed, in the reader's words: the parts of both names, what joins them, what speaks against.

Invariant: the words explain, a person decides; what speaks against an entry stands as plainly as what speaks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from babel.numbers import format_decimal
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tansiq.names import Explanation, Piece
from tansiq.names.parts import parts
from tansiq.texts import catalogue, text
from tansiq.web.languages import locale_of

__all__ = ["Why", "equally_good", "in_codes", "in_words", "likelihood", "shown_probability", "written"]

_AGAINST: Final = frozenset({
    "names.part-different", "names.birth-ten-years", "names.birth-far", "names.nationality-other", "names.sex-other",
    "names.father-other", "names.mother-other",
})  # fmt: skip
_UNTOLD: Final = frozenset({"names.whole", "names.population"})
_MOST_WORDS: Final = 4
_MANY: Final = 50
"""Of so many who fit as well, the count is no longer exact."""
_MOST: Final = 0.99
_LIKELY: Final = ((0.9, "very-likely"), (0.6, "likely"), (0.3, "possible"), (0.0, "unlikely"))


@dataclass(frozen=True, slots=True)
class Why:
    """One reason; ``against``: it speaks against the match."""

    words: SafeString
    against: bool


def _said(code: str, language: str) -> str:
    key = code if "." in code else f"names.{code}"
    return text(key, language) if key in catalogue() else code


def likelihood(probability: float, language: str) -> str:
    """A probability in plain words."""
    return text(f"registers.likely.{next(name for least, name in _LIKELY if probability >= least)}", language)


def shown_probability(probability: float) -> float:
    """A probability as it is shown: nobody is certain by what a machine compares."""
    return min(probability, _MOST)


def equally_good(count: int, language: str) -> str:
    """How many others fit as well; '' for none."""
    if not count:
        return ""
    told = format_decimal(min(count, _MANY), locale=locale_of(language))
    return text("registers.equally-good-many" if count >= _MANY else "names.equally-good", language, count=told)


def written(names: Iterable[str]) -> dict[str, str]:
    """For each part, in the one form in which parts are compared, how it stands in ``names``: 'عبد + الله'."""
    out: dict[str, str] = {}
    for name in names:
        words, at = name.split(), 0
        for part in parts(name):
            for end in range(at + 1, min(len(words), at + _MOST_WORDS) + 1):
                if [one.text for one in parts(" ".join(words[at:end]))] == [part.text]:
                    out.setdefault(part.text, " + ".join(words[at:end]))
                    at = end
                    break
    return out


def _piece(piece: Piece, asked: Mapping[str, str], held: Mapping[str, str], language: str) -> Why:
    """One reason in words: the parts of both names, what joins them, and the letters that stand for one another."""
    sides = [asked.get(piece.asked, piece.asked), held.get(piece.held, piece.held)]
    named = format_html_join(" = ", "<bdi>{}</bdi>", ((side,) for side in dict.fromkeys(sides) if side))
    rules = [rule for rule in piece.rules if all(rule)]
    letters = format_html_join(" · ", "<bdi>{}</bdi> = <bdi>{}</bdi>", rules)
    told = _said(piece.code, language)
    shown = format_html("{} ({})", told, letters) if rules else format_html("{}", told)
    return Why(format_html("{}: {}", named, shown) if named else shown, piece.code in _AGAINST)


def in_codes(codes: Iterable[str], language: str) -> list[Why]:
    """Reasons of which only the codes were kept."""
    kept = [Why(format_html("{}", _said(code, language)), code in _AGAINST) for code in codes]
    return list(dict.fromkeys(kept))


def in_words(
    found: Explanation, *, asked: Iterable[str], held: Iterable[str], codes: Sequence[str], language: str
) -> list[Why]:
    """An explanation part by part; ``asked`` and ``held`` are the names as they are written, ``codes`` what was said when it was
    proposed, of which what stands in no name is not lost.
    """
    one, other = written(asked), written(held)
    out = [_piece(piece, one, other, language) for piece in found.pieces if piece.code not in _UNTOLD]
    told = {piece.code for piece in found.pieces}
    return list(
        dict.fromkeys([*out, *in_codes((code for code in codes if code not in told and _lasting(code)), language)])
    )


def _lasting(code: str) -> bool:
    """Whether a reason is of the person's facts: what it says doesn't depend on which two names are compared."""
    return code == "names.document-same"
