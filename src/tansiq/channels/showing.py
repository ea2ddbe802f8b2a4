"""The four channels side by side, for whoever chooses: what may be done by each, why, and how long each took lately.

Invariant: every reason is shown, those that decide first; nothing is chosen in advance. A refused channel stands there with its reasons like
the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from babel.lists import format_list

from tansiq.channels.choices import ChoiceRow
from tansiq.channels.choosing import may_choose
from tansiq.channels.history import Expected
from tansiq.channels.profile import channel_rules
from tansiq.policy.channel_matter import CHANNELS, Channel
from tansiq.policy.channel_showing import sentence
from tansiq.policy.channel_values import Advice, Effect, Verdict
from tansiq.policy.codes import code_list
from tansiq.texts import text
from tansiq.web.languages import locale_of
from tansiq.web.plurals import plural
from tansiq.web.spans import length

__all__ = ["Card", "cards", "choice_words", "expected_words", "pending"]

_DECIDES: Final[Mapping[Verdict, frozenset[Effect]]] = {
    Verdict.RECOMMENDED: frozenset({Effect.PREFER}),
    Verdict.PERMITTED: frozenset({Effect.CARRY, Effect.PREFER}),
    Verdict.APPROVAL: frozenset({Effect.APPROVE}),
    Verdict.REFUSED: frozenset({Effect.REFUSE}),
}
_TONES: Final = {Verdict.RECOMMENDED: "accent", Verdict.PERMITTED: "", Verdict.APPROVAL: "due", Verdict.REFUSED: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One channel. ``verdict`` and ``name`` in the reader's language; ``tone`` of its chip; ``reasons`` decide, ``others`` are told
    besides; ``expected`` how long it took; ``approval`` who must approve ('' nobody), ``approved`` by whom it was. ``state``
    says that the channel is not plainly open, ``url`` leads to why; ``otherwise`` to a page that writes for this channel alone.
    """

    code: str
    name: str
    verdict: str = ""
    tone: str = ""
    reasons: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    expected: str = ""
    open: bool = False
    waits: bool = False
    review: str = ""
    approval: str = ""
    approved: str = ""
    asked: bool = False
    chosen: bool = False
    state: str = ""
    state_tone: str = ""
    url: str = ""
    otherwise: str = ""


def expected_words(expected: Expected | None, language: str) -> str:
    """How long a channel took lately: within which time half were answered, and nine of ten."""
    if expected is None:
        return text("channels.choice.no-history", language)
    return plural(
        "channels.choice.expected", expected.count, language,
        median=length(expected.median_ms, language), most=length(expected.most_ms, language),
    )  # fmt: skip


def _approval(advice: Advice, language: str) -> str:
    if not advice.approvers:
        return ""
    named = [code_list("roles").label(role, language) for role in advice.approvers]
    who = str(format_list(named, locale=locale_of(language)))
    return text("channels.choice.approval", language, who=who)


def _card(one: Advice, *, expected: Expected | None, chosen: bool, approved: str, asked: bool, language: str) -> Card:
    decides = _DECIDES[one.verdict]
    told = [(reason, sentence(reason, channel_rules(), language)) for reason in one.reasons]
    first = dict.fromkeys(
        words for reason, words in told if reason.effect in decides or reason.code == "reason.emergency"
    )
    review = text("channels.choice.review", language, hours=one.review_hours) if one.review_hours else ""
    return Card(
        code=str(one.channel),
        name=code_list("channels").label(one.channel, language),
        verdict=text("channels.choice.waits", language) if one.waits else code_list("channel_verdicts").label(one.verdict, language),
        tone="late" if one.waits else _TONES[one.verdict],
        reasons=tuple(first),
        others=tuple(dict.fromkeys(words for _, words in told if words not in first)),
        expected=expected_words(expected, language),
        open=may_choose(one),
        waits=one.waits,
        review=review,
        approval=_approval(one, language),
        approved=approved if one.approvers else "",
        asked=asked and bool(one.approvers),
        chosen=chosen,
    )  # fmt: skip


def cards(
    found: Sequence[Advice],
    *,
    expected: Mapping[Channel, Expected],
    chosen: str,
    language: str,
    approved: Mapping[Channel, str] | None = None,
    asked: frozenset[Channel] = frozenset(),
) -> list[Card]:
    """The four, in their order. ``approved`` says by whom a channel that needs it was approved, ``asked`` where that was asked."""
    return [
        _card(
            one, expected=expected.get(one.channel), chosen=one.channel == chosen, language=language,
            approved=(approved or {}).get(one.channel, ""), asked=one.channel in asked,
        )
        for one in found
    ]  # fmt: skip


def choice_words(row: ChoiceRow, language: str) -> str:
    """What is said of a choice that was made, on the page of its matter."""
    labels = code_list("channels")
    channel = labels.label(row.channel, language)
    if row.deviation:
        reason = code_list("deviation_reasons").label(row.deviation, language)
        recommended = labels.label(row.recommended, language)
        said = text("channels.choice.was-instead", language, channel=channel, recommended=recommended, reason=reason)
    else:
        waits = text("channels.choice.waits", language)
        verdict = waits if row.verdict == "waits" else code_list("channel_verdicts").label(row.verdict, language)
        said = text("channels.choice.was", language, channel=channel, verdict=verdict)
    approved = text("channels.choice.approved", language, officer=row.approver) if row.approver else ""
    return " ".join(part for part in (said, approved) if part)


def pending(language: str) -> list[Card]:
    """The four before it is said who is asked: nothing can be said of them yet."""
    later = text("channels.choice.later", language)
    return [
        Card(code=str(channel), name=code_list("channels").label(channel, language), reasons=(later,))
        for channel in CHANNELS
    ]
