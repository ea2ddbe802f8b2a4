"""A proposed match as a card: the names, and part by part why the node thinks that it may be the same person.

Invariant: the card explains, a person decides; what speaks against it stands there as plainly as what speaks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from tansiq.enquiries.pages_common import ms_of
from tansiq.errors import Error
from tansiq.names import compare
from tansiq.names.parts import parts
from tansiq.texts import catalogue, text

__all__ = ["Card", "Why", "cards_of"]

_AGAINST: Final = frozenset({
    "names.part-different", "names.birth-ten-years", "names.birth-far", "names.nationality-other", "names.sex-other",
    "names.father-other", "names.mother-other",
})  # fmt: skip
_MOST_NAMES: Final = 3


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


def _asked(content: Mapping[str, Any] | None, subject: int) -> list[str]:
    subjects = (content or {}).get("subjects") or []
    if subject >= len(subjects):
        return []
    return [str(one.get("value", "")) for one in subjects[subject].get("names", []) if one.get("value")]


def _said(code: str, language: str) -> str:
    key = code if "." in code else f"names.{code}"
    return text(key, language) if key in catalogue() else code


def _register(name: str, language: str) -> str:
    key = f"enquiries.register.{name}"
    return text(key, language) if key in catalogue() else name


def _why(match: Mapping[str, Any], asked: Sequence[str], language: str) -> list[Why]:
    """The reasons, each with the part of the name that it is about where the names are still here."""
    codes = list(match["reasons"])
    pairs = [(compare(one, held), one) for one in asked for held in match["names"]]
    best, question = max(pairs, key=lambda pair: pair[0].score, default=(None, ""))
    named: list[str] = []
    if best is not None:
        try:
            known = [part.text for part in parts(question)]
        except Error:
            known = []
        words = question.split()
        named = words if len(words) == len(known) else known
        rest = [code for code in codes if not code.startswith(("names.part-", "names.more"))]
        codes = [*best.reasons, *rest]
    out = []
    for at, code in enumerate(codes):
        told = _said(code, language)
        own = at < len(named) and code.startswith("names.part-")
        shown = format_html("<bdi>{}</bdi>: {}", named[at], told) if own else format_html("{}", told)
        out.append(Why(shown, code in _AGAINST))
    return list(dict.fromkeys(out))


def cards_of(shown: Mapping[str, Any], language: str) -> list[Card]:
    """The proposals of a matter, the best first."""
    contents = {shown["request"]["statement"]: shown["request"]["content"]}
    contents |= {word["statement"]: word["content"] for word in shown["words"]}
    out = []
    for match in shown["matches"]:
        asked = _asked(contents.get(match["statement"]), match["subject"])
        names = [match["name"], *(name for name in match["names"] if name != match["name"])][:_MOST_NAMES]
        source = f"{_register(match['register'], language)} {match['reference']}".strip()
        gone = "" if match["listed"] else text("enquiries.match.gone", language)
        out.append(
            Card(
                entry=match["entry"],
                names=[(name, _tongue(name)) for name in names if name],
                facts=gone,
                score=match["score"],
                why=_why(match, asked, language),
                decision=match["decision"].removeprefix("match."),
                source=source,
                decided_by=match["decided_by"],
                decided_ms=ms_of(match["decided_at"]),
            )
        )
    return out
