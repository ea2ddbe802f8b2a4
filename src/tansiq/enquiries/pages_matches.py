"""A proposed match as a card: the names, and part by part why the node thinks that it may be the same person.

Invariant: the card explains, a person decides; what speaks against it stands there as plainly as what speaks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from babel.numbers import format_decimal
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tansiq.enquiries.pages_common import ms_of
from tansiq.exchange.context import Context
from tansiq.names import EQUALLY_GOOD, Piece
from tansiq.names.parts import parts
from tansiq.policy.subjects import Subject
from tansiq.protocol.ids import parse_id
from tansiq.registers.listed import ListedPerson
from tansiq.registers.matching import SAME_DOCUMENT, explain_match, names_of
from tansiq.registers.queries import entry_of
from tansiq.texts import catalogue, text
from tansiq.web.languages import locale_of

__all__ = ["Card", "Why", "cards_of"]

_AGAINST: Final = frozenset({
    "names.part-different", "names.birth-ten-years", "names.birth-far", "names.nationality-other", "names.sex-other",
    "names.father-other", "names.mother-other",
})  # fmt: skip
_UNTOLD: Final = frozenset({"names.whole", "names.population"})
_MOST_NAMES: Final = 3
_MOST_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Why:
    """One reason; ``against``: it speaks against the match."""

    words: SafeString
    against: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A match as `components/match_card.html` shows it, and what the decision needs."""

    entry: str
    names: list[tuple[str, str]]
    facts: str
    score: float
    why: list[Why]
    decision: str
    source: str
    decided_by: str
    decided_ms: int | None


def _tongue(name: str) -> str:
    return "ar" if any("؀" <= letter <= "ۿ" for letter in name) else ""


def _subject(content: Mapping[str, Any] | None, place: int) -> Subject | None:
    subjects = (content or {}).get("subjects") or []
    return Subject.from_plain(subjects[place]) if place < len(subjects) else None


def _said(code: str, language: str) -> str:
    key = code if "." in code else f"names.{code}"
    return text(key, language) if key in catalogue() else code


def _register(name: str, language: str) -> str:
    key = f"enquiries.register.{name}"
    return text(key, language) if key in catalogue() else name


def _written(names: Iterable[str]) -> dict[str, str]:
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


def _why(match: Mapping[str, Any], subject: Subject | None, language: str, context: Context) -> tuple[list[Why], float]:
    """The reasons, made anew from both names while they are there, and the log-odds; else the codes that were kept."""
    entry = entry_of(parse_id(match["entry"]), context=context) if match["names"] else None
    found = None
    if subject is not None and isinstance(entry, ListedPerson):
        found = explain_match(subject, entry, context=context)
    if subject is None or entry is None or found is None:
        kept = [Why(format_html("{}", _said(code, language)), code in _AGAINST) for code in match["reasons"]]
        return list(dict.fromkeys(kept)), 0.0
    asked, held = _written(names_of(subject)), _written(entry.searchable)
    out = [_piece(piece, asked, held, language) for piece in found.pieces if piece.code not in _UNTOLD]
    if SAME_DOCUMENT in match["reasons"] and all(piece.code != SAME_DOCUMENT for piece in found.pieces):
        out.append(Why(format_html("{}", _said(SAME_DOCUMENT, language)), against=False))
    return list(dict.fromkeys(out)), found.log_odds


def _equally_good(at: int, matches: Sequence[Mapping[str, Any]], log_odds: Sequence[float], language: str) -> str:
    """How many of the others proposed for the same person fit as well, in words; '' for none."""
    mine = matches[at]
    count = sum(
        other != at and one["subject"] == mine["subject"] and one["statement"] == mine["statement"]
        and bool(log_odds[at]) and abs(log_odds[other] - log_odds[at]) <= EQUALLY_GOOD
        for other, one in enumerate(matches)
    )  # fmt: skip
    return (
        text("names.equally-good", language, count=format_decimal(count, locale=locale_of(language))) if count else ""
    )


def cards_of(shown: Mapping[str, Any], language: str, context: Context) -> list[Card]:
    """The proposals of a matter, the best first."""
    contents = {shown["request"]["statement"]: shown["request"]["content"]}
    contents |= {word["statement"]: word["content"] for word in shown["words"]}
    matches = shown["matches"]
    why = [
        _why(match, _subject(contents.get(match["statement"]), match["subject"]), language, context)
        for match in matches
    ]
    log_odds = [points for _, points in why]
    out = []
    for at, match in enumerate(matches):
        names = [match["name"], *(name for name in match["names"] if name != match["name"])][:_MOST_NAMES]
        source = f"{_register(match['register'], language)} {match['reference']}".strip()
        gone = "" if match["listed"] else text("enquiries.match.gone", language)
        out.append(
            Card(
                entry=match["entry"],
                names=[(name, _tongue(name)) for name in names if name],
                facts=" · ".join(filter(None, (gone, _equally_good(at, matches, log_odds, language)))),
                score=match["score"],
                why=why[at][0],
                decision=match["decision"].removeprefix("match."),
                source=source,
                decided_by=match["decided_by"],
                decided_ms=ms_of(match["decided_at"]),
            )
        )
    return out
