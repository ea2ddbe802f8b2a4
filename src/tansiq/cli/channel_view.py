"""Channels on the terminal: an advice with its reasons, rules in words, two sides' rules side by side.

Invariant: every reason and every difference is shown; nothing by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.showing import clean, done, label, labels, print_json, say
from tansiq.policy.channel_compare import Comparison, Difference, Divergence
from tansiq.policy.channel_rules import Rule, Rules
from tansiq.policy.channel_showing import condition_words, effect_words, feature_words
from tansiq.web.spans import length

__all__ = ["show_advice", "show_comparison", "show_rules"]

_FIRST: Final[Mapping[str, frozenset[str]]] = {
    "recommended": frozenset({"prefer"}),
    "permitted": frozenset({"carry", "prefer"}),
    "approval": frozenset({"approve"}),
    "refused": frozenset({"refuse"}),
}


def _expected(found: Mapping[str, int] | None) -> str:
    if not found:
        return told("channels.choice.no-history")
    return told(
        "cli.channel.expected", count=found["count"], median=length(found["median_ms"], LANGUAGE),
        most=length(found["most_ms"], LANGUAGE),
    )  # fmt: skip


def show_advice(found: Mapping[str, Any]) -> None:
    """The four channels, one below the other, with all that was told of each."""
    for one in found["channels"]:
        verdict = told("channels.choice.waits") if one["waits"] else label("channel_verdicts", one["verdict"])
        say(f"{label('channels', one['channel'])}: {verdict}")
        first = _FIRST[one["verdict"]]
        for reason in sorted(one["reasons"], key=lambda reason: reason["effect"] not in first):
            mark = "•" if reason["effect"] in first else "–"
            rule = f" [{clean(reason['rule'])}]" if reason["rule"] else ""
            say(f"  {mark} {clean(reason['words'][LANGUAGE])}{rule}")
        if one["approvers"]:
            say(f"  {told('channels.choice.approval', who=labels('roles', one['approvers']))}")
        if one["review_hours"]:
            say(f"  {told('channels.choice.review', hours=one['review_hours'])}")
        say(f"  {_expected(one['expected'])}")
    if found["unmet"]:
        done("cli.channel.unmet", count=len(found["unmet"]))
    done("cli.channel.by-rules", profile=clean(found["profile"]), digest=found["rules"][:16])


def _rule_as_plain(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "channels": list(rule.channels),
        "effect": str(rule.effect),
        "rank": rule.rank,
        "approver": rule.approver,
        "when": {name: list(values) for name, values in rule.when.items()},
        "reason": rule.reason,
        "source": rule.source,
        "line": rule.line,
    }


def _show_rule(rule: Rule, rules: Rules) -> None:
    weight = f" {rule.rank}" if rule.rank else f": {label('roles', rule.approver)}" if rule.approver else ""
    say(f"{rule.id}  ·  {labels('channels', rule.channels)}  ·  {effect_words(rule.effect, LANGUAGE)}{weight}")
    for name, values in rule.when.items():
        say(f"    {condition_words(name, values, LANGUAGE)}")
    say(f"    {clean(rules.reasons.label(rule.reason, LANGUAGE))} ({clean(rule.source)})")


def show_rules(rules: Rules, *, as_json: bool) -> None:
    """All rules of a set, in the order of their file."""
    if as_json:
        print_json(
            {
                "profile": rules.profile,
                "digest": rules.digest,
                "emergency": {"allowed": rules.emergency.allowed, "review_hours": rules.emergency.review_hours},
                "rules": [_rule_as_plain(rule) for rule in rules.rules],
            }
        )
        return
    say(f"{clean(rules.titles[LANGUAGE])} ({rules.profile})")
    for rule in rules.rules:
        _show_rule(rule, rules)
    key = "cli.channel.emergency" if rules.emergency.allowed else "cli.channel.no-emergency"
    done(key, hours=rules.emergency.review_hours)


def _show_difference(one: Difference) -> None:
    where = " ".join(part for part in (one.rule, one.key) if part)
    say(f"  {clean(where)}: {clean(one.ours or '–')} | {clean(one.theirs or '–')}")


def _show_divergence(one: Divergence) -> None:
    ours, theirs = label("channel_verdicts", one.ours), label("channel_verdicts", one.theirs)
    say(f"  {label('channels', one.channel)}: {ours} | {theirs} ({one.count})")
    say(f"    {told('cli.channel.example')} {feature_words(one.example, LANGUAGE)}")


def show_comparison(found: Comparison, *, as_json: bool) -> None:
    """What differs between two sides' rules, and where the two judge differently."""
    if as_json:
        print_json(
            {
                "same": found.same,
                "situations": found.situations,
                "differences": [
                    {"rule": one.rule, "key": one.key, "ours": one.ours, "theirs": one.theirs}
                    for one in found.differences
                ],
                "divergences": [
                    {
                        "channel": str(one.channel),
                        "ours": str(one.ours),
                        "theirs": str(one.theirs),
                        "count": one.count,
                        "example": dict(one.example),
                    }
                    for one in found.divergences
                ],
            }
        )
        return
    if found.same:
        done("cli.channel.same", count=found.situations)
        return
    if found.differences:
        done("cli.channel.differences", count=len(found.differences))
        for difference in found.differences:
            _show_difference(difference)
    done("cli.channel.divergences", count=len(found.divergences), situations=found.situations)
    for divergence in found.divergences:
        _show_divergence(divergence)
