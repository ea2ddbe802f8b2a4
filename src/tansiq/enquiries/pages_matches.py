"""A proposed match as a card: the names, and part by part why the node thinks that it may be the same person.

Invariant: the card explains, a person decides; what speaks against it stands there as plainly as what speaks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from tansiq.enquiries.pages_common import ms_of
from tansiq.exchange.context import Context
from tansiq.names import EQUALLY_GOOD
from tansiq.policy.subjects import Subject
from tansiq.protocol.ids import parse_id
from tansiq.registers.listed import ListedPerson
from tansiq.registers.matching import explain_match, names_of
from tansiq.registers.queries import entry_of
from tansiq.registers.reasons import Why, equally_good, in_codes, in_words, likelihood, shown_probability
from tansiq.registers.wording import in_reader_script, register_name, tongue
from tansiq.texts import text

__all__ = ["Card", "cards_of"]

_MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class Card:
    """A match as `components/match_card.html` shows it, what the decision needs, and where the entry is and for which ``reason`` this
    matter opens it.
    """

    entry: str
    names: list[tuple[str, str]]
    facts: str
    score: float
    why: list[Why]
    decision: str
    source: str
    decided_by: str
    decided_ms: int | None
    url: str
    reason: dict[str, str]


def _subject(content: Mapping[str, Any] | None, place: int) -> Subject | None:
    subjects = (content or {}).get("subjects") or []
    return Subject.from_plain(subjects[place]) if place < len(subjects) else None


def _why(match: Mapping[str, Any], subject: Subject | None, language: str, context: Context) -> tuple[list[Why], float]:
    """The reasons, made anew from both names while they are there, and the log-odds; else the codes that were kept."""
    entry = entry_of(parse_id(match["entry"]), context=context) if match["names"] else None
    found = None
    if subject is not None and isinstance(entry, ListedPerson):
        found = explain_match(subject, entry, context=context)
    if subject is None or entry is None or found is None:
        return in_codes(match["reasons"], language), 0.0
    asked, held = names_of(subject), entry.searchable
    return in_words(found, asked=asked, held=held, codes=match["reasons"], language=language), found.log_odds


def _reason(shown: Mapping[str, Any], subject: Subject | None) -> dict[str, str]:
    """Why somebody who reads this matter looks at an entry: to learn more of the person about whom it asks."""
    return {
        "purpose": shown["purpose"],
        "aim": "aim.more-data",
        "category": (subject.category or "") if subject is not None else "",
        "matter": shown["id"],
        "offence": shown["field"],
    }


def _equally_good(at: int, matches: Sequence[Mapping[str, Any]], log_odds: Sequence[float], language: str) -> str:
    """How many of the others proposed for the same person fit as well, in words; '' for none."""
    mine = matches[at]
    count = sum(
        other != at and one["subject"] == mine["subject"] and one["statement"] == mine["statement"]
        and bool(log_odds[at]) and abs(log_odds[other] - log_odds[at]) <= EQUALLY_GOOD
        for other, one in enumerate(matches)
    )  # fmt: skip
    return equally_good(count, language)


def cards_of(shown: Mapping[str, Any], language: str, context: Context) -> list[Card]:
    """The proposals of a matter, the best first."""
    contents = {shown["request"]["statement"]: shown["request"]["content"]}
    contents |= {word["statement"]: word["content"] for word in shown["words"]}
    matches = shown["matches"]
    subjects = [_subject(contents.get(match["statement"]), match["subject"]) for match in matches]
    why = [_why(match, subject, language, context) for match, subject in zip(matches, subjects, strict=True)]
    log_odds = [points for _, points in why]
    out = []
    for at, match in enumerate(matches):
        names = [match["name"], *(name for name in match["names"] if name != match["name"])][:_MOST_NAMES]
        source = f"{register_name(match['register'], language)} {match['reference']}".strip()
        likely = likelihood(match["score"], language)
        transliterated = in_reader_script(match["names"], language)
        gone = "" if match["listed"] else text("enquiries.match.gone", language)
        out.append(
            Card(
                entry=match["entry"],
                names=[(name, tongue(name)) for name in names if name],
                facts=" · ".join(
                    filter(None, (likely, transliterated, gone, _equally_good(at, matches, log_odds, language)))
                ),
                score=shown_probability(match["score"]),
                why=why[at][0],
                decision=match["decision"].removeprefix("match."),
                source=source,
                decided_by=match["decided_by"],
                decided_ms=ms_of(match["decided_at"]),
                url=reverse("register-entry", kwargs={"entry": match["entry"]}) if match["names"] else "",
                reason=_reason(shown, subjects[at]),
            )
        )
    return out
