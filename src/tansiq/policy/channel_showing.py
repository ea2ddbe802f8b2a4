"""What a person reads of the rules and of an advice: conditions, effects, verdicts and reasons, in four languages.

Invariant: every sentence is a label of a code list, of the agency's own rules, or a text; nothing of a matter but its codes
is ever in it.

>>> condition_words("nature", ("strategic",), "en")
'nature of the matter: Strategic: the lie of the land, or what a threat amounts to'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tansiq.policy.channel_rules import CONDITIONS, Rules
from tansiq.policy.channel_values import Advice, Effect, Reason
from tansiq.policy.codes import code_list
from tansiq.texts import text

__all__ = ["as_plain", "condition_words", "effect_words", "feature_words", "sentence"]

_LISTS: Final[Mapping[str, str]] = {
    "classification": "classification",
    "state": "channel_states",
    "kind": "message_kinds",
    **{name: one.listed for name, one in CONDITIONS.items() if one.listed not in {"", "*"}},
}


def sentence(reason: Reason, rules: Rules, language: str) -> str:
    """A reason as a person reads it."""
    return rules.reasons.label(reason.code, language)


def effect_words(effect: Effect, language: str) -> str:
    """What a rule does, in a word."""
    return text(f"policy.channel-effect.{effect}", language)


def _value(name: str, value: str, language: str) -> str:
    if value in {"yes", "no"}:
        return text(f"policy.channel-effect.{value}", language)
    return code_list(_LISTS[name]).label(value, language) if name in _LISTS else value


def condition_words(name: str, values: Sequence[str], language: str) -> str:
    """One condition and the values of which one is enough."""
    between = f" {text('policy.channel-effect.or', language)} "
    said = between.join(_value(name, value, language) for value in values)
    return f"{text(f'policy.channel-condition.{name}', language)}: {said}"


def feature_words(features: Mapping[str, str], language: str) -> str:
    """A situation in which two sides judge differently; the plain one in words of its own."""
    if not features:
        return text("policy.channel-effect.plain", language)
    return "; ".join(condition_words(name, (value,), language) for name, value in features.items())


def as_plain(advice: Advice, rules: Rules, *, languages: Sequence[str]) -> dict[str, Any]:
    """An advice as plain values fit for JSON: codes, and every reason's sentence in each of ``languages``."""
    return {
        "channel": str(advice.channel),
        "verdict": str(advice.verdict),
        "approvers": list(advice.approvers),
        "waits": advice.waits,
        "review_hours": advice.review_hours,
        "reasons": [
            {
                "code": reason.code,
                "effect": str(reason.effect),
                "rule": reason.rule,
                "words": {language: sentence(reason, rules, language) for language in languages},
            }
            for reason in advice.reasons
        ],
    }
