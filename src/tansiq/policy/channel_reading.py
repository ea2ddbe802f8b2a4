"""An agency's rules from their file: everything that is wrong with it, each with its line, or the rules.

Invariant: nothing is half taken: `parse_rules` gives a whole set or raises; a key, a code, a channel or a role that does
not exist is an error and never ignored, for a rule that says less than its writer meant is dangerous.
"""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from tansiq.errors import BadInput
from tansiq.policy.channel_lines import Lines
from tansiq.policy.channel_matter import CHANNELS, Channel
from tansiq.policy.channel_rules import APPROVERS, CONDITIONS, Condition, Emergency, Rule, Rules
from tansiq.policy.channel_values import Effect
from tansiq.policy.codes import CODE, CodeEntry, code_list
from tansiq.texts import LANGUAGES, text

__all__ = ["MOST_BYTES", "RuleFault", "Rulebook", "default_rules", "parse_rules", "read_rules"]

MOST_BYTES: Final = 4_000_000
"""The longest rules file that is read."""
_MOST_RULES: Final = 10_000
_LOWEST_RANK: Final = 9
_LONGEST_REVIEW: Final = 24
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}(?:\.\*)?", re.ASCII)
_AT: Final = re.compile(r"at line (\d+)")
_TOP: Final = frozenset({"profile", "title", "emergency", "reasons", "rule"})
_RULE: Final = frozenset({"id", "channels", "effect", "reason", "source", "when", "approver", "rank"})


@dataclass(frozen=True, slots=True)
class RuleFault:
    """One thing that is wrong with a rules file: the line, the key, what it is (a code of texts) and the value if it is a code."""

    line: int
    key: str
    code: str
    value: str = ""

    def sentence(self, language: str) -> str:
        """What a person reads."""
        return text(self.code, language, line=self.line, key=self.key, value=self.value)

    def __str__(self) -> str:
        return f"{self.line} ({self.key})"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What a file holds: its rules when nothing is wrong with it, else all that is."""

    rules: Rules | None
    faults: tuple[RuleFault, ...]


def _shown(value: object) -> str:
    """A value that may be shown: one in the shape of a code."""
    return value if isinstance(value, str) and CODE.fullmatch(value.removesuffix(".*")) else "?"


class _Reader:
    """Reads one file, collecting what is wrong."""

    def __init__(self, source: str) -> None:
        self.source, self.lines = source, Lines(source)
        self.faults: list[RuleFault] = []
        self.reasons = code_list("channel_reasons")

    def fault(self, line: int, key: str, code: str, value: object = "") -> None:
        self.faults.append(RuleFault(line, key, f"policy.channel.{code}", _shown(value) if value != "" else ""))

    def _four(self, table: object) -> Mapping[str, str] | None:
        if not isinstance(table, dict) or set(table) != set(LANGUAGES):
            return None
        if not all(isinstance(label, str) and label.strip() for label in table.values()):
            return None
        return MappingProxyType({language: str(table[language]) for language in LANGUAGES})

    def _own_reasons(self, table: object) -> None:
        """Adds the agency's own reasons to those of the package."""
        if not isinstance(table, dict):
            self.fault(self.lines.of_key("reasons"), "reasons", "value-wrong")
            return
        made = {}
        for code, labels in table.items():
            line, key = self.lines.of_key(str(code), table="reasons"), f"reasons.{_shown(code)}"
            four = self._four(labels)
            if not CODE.fullmatch(code) or not code.startswith("reason.") or code in self.reasons:
                self.fault(line, key, "reason-taken", code)
            elif four is None:
                self.fault(line, key, "labels-missing")
            else:
                made[code] = CodeEntry(code, four, confirmed=False, text_required=False)
        entries = MappingProxyType({**self.reasons.entries, **made})
        self.reasons = replace(self.reasons, entries=entries) if made else self.reasons

    def _emergency(self, table: object) -> Emergency:
        if not isinstance(table, dict):
            self.fault(self.lines.of_key("emergency"), "emergency", "value-wrong")
            return Emergency()
        allowed, hours = table.get("allowed", True), table.get("review_hours", _LONGEST_REVIEW)
        for key in set(table) - {"allowed", "review_hours"}:
            self.fault(self.lines.of_key(key, table="emergency"), f"emergency.{_shown(key)}", "key-unknown")
        if not isinstance(allowed, bool):
            self.fault(self.lines.of_key("allowed", table="emergency"), "emergency.allowed", "value-wrong")
        if type(hours) is not int or not 1 <= hours <= _LONGEST_REVIEW:
            self.fault(self.lines.of_key("review_hours", table="emergency"), "emergency.review_hours", "value-wrong")
            hours = _LONGEST_REVIEW
        return Emergency(allowed=allowed is True, review_hours=hours)

    def _values(self, name: str, condition: Condition, value: object, *, line: int) -> tuple[str, ...]:
        """The values of one condition, as the rule keeps them."""
        key = f"when.{name}"
        if not condition.listed:
            if not isinstance(value, bool):
                self.fault(line, key, "value-wrong")
            return ("yes",) if value is True else ("no",)
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list) or not several or (condition.single and not isinstance(value, str)):
            self.fault(line, key, "value-wrong")
            return ()
        for one in several:
            if condition.listed == "*":
                if not isinstance(one, str) or not _NAME.fullmatch(one):
                    self.fault(line, key, "value-wrong")
            elif one not in code_list(condition.listed):
                self.fault(line, key, "code-unknown", one)
        return tuple(str(one) for one in several)

    def _when(self, table: object, effect: Effect | None, *, place: int) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(table, dict):
            self.fault(self.lines.of_rule(place, "when"), "when", "value-wrong")
            return MappingProxyType({})
        found = {}
        for name, value in table.items():
            line = self.lines.of_rule(place, f"when.{name}")
            condition = CONDITIONS.get(name)
            if condition is None:
                self.fault(line, f"when.{_shown(name)}", "key-unknown")
            elif effect is not None and effect not in condition.effects:
                self.fault(line, f"when.{name}", "only-narrows" if Effect.REFUSE in condition.effects else "only-opens")
            else:
                found[name] = self._values(name, condition, value, line=line)
        return MappingProxyType(found)

    def _channels(self, value: object, *, place: int) -> tuple[Channel, ...]:
        if not isinstance(value, list) or not value:
            self.fault(self.lines.of_rule(place, "channels"), "channels", "value-wrong")
            return ()
        for one in value:
            if one not in CHANNELS:
                self.fault(self.lines.of_rule(place, "channels"), "channels", "code-unknown", one)
        return tuple(Channel(one) for one in value if one in CHANNELS)

    def _effect(self, value: object, *, place: int) -> Effect | None:
        if not isinstance(value, str) or value not in set(Effect):
            self.fault(self.lines.of_rule(place, "effect"), "effect", "value-wrong")
            return None
        return Effect(value)

    def _weight(self, table: Mapping[str, Any], effect: Effect | None, *, place: int) -> tuple[str, int]:
        """The approver of a rule that wants an approval, and the rank of one that prefers."""
        approver, rank = table.get("approver", ""), table.get("rank", 0)
        if effect is Effect.APPROVE and approver not in APPROVERS:
            self.fault(self.lines.of_rule(place, "approver"), "approver", "value-wrong")
        if effect is Effect.PREFER and (type(rank) is not int or not 1 <= rank <= _LOWEST_RANK):
            self.fault(self.lines.of_rule(place, "rank"), "rank", "value-wrong")
        for key, at_home in (("approver", Effect.APPROVE), ("rank", Effect.PREFER)):
            if key in table and effect is not None and effect is not at_home:
                self.fault(self.lines.of_rule(place, key), key, "key-not-here")
        return str(approver), rank if type(rank) is int else 0

    def _rule(self, table: object, place: int) -> Rule:
        if not isinstance(table, dict):
            self.fault(self.lines.of_rule(place), "rule", "value-wrong")
            table = {}
        for key in set(table) - _RULE:
            self.fault(self.lines.of_rule(place, key), _shown(key), "key-unknown")
        texts = {}
        for key in ("id", "reason", "source"):
            value = table.get(key, "")
            if not isinstance(value, str) or not value.strip():
                self.fault(self.lines.of_rule(place, key), key, "value-wrong" if key in table else "key-missing")
                value = ""
            texts[key] = value
        if texts["id"] and not CODE.fullmatch(texts["id"]):
            self.fault(self.lines.of_rule(place, "id"), "id", "value-wrong")
        if texts["reason"] and texts["reason"] not in self.reasons:
            self.fault(self.lines.of_rule(place, "reason"), "reason", "code-unknown", texts["reason"])
        effect = self._effect(table.get("effect"), place=place)
        approver, rank = self._weight(table, effect, place=place)
        return Rule(
            **texts,
            channels=self._channels(table.get("channels"), place=place),
            effect=effect or Effect.REFUSE,
            when=self._when(table.get("when", {}), effect, place=place),
            approver=approver,
            rank=rank,
            line=self.lines.of_rule(place),
        )

    def _twice(self, rules: list[Rule]) -> Iterator[RuleFault]:
        seen: set[str] = set()
        for place, rule in enumerate(rules):
            if rule.id and rule.id in seen:
                yield RuleFault(self.lines.of_rule(place, "id"), "id", "policy.channel.id-twice", _shown(rule.id))
            seen.add(rule.id)

    def read(self, data: Mapping[str, Any]) -> Rules | None:
        """The rules of ``data``; None when anything is wrong."""
        for key in set(data) - _TOP:
            self.fault(self.lines.of_key(str(key)), _shown(key), "key-unknown")
        profile, title = data.get("profile"), self._four(data.get("title"))
        if not isinstance(profile, str) or not CODE.fullmatch(profile):
            self.fault(self.lines.of_key("profile"), "profile", "value-wrong" if "profile" in data else "key-missing")
        if title is None:
            self.fault(self.lines.of_key("title"), "title", "labels-missing")
        self._own_reasons(data.get("reasons", {}))
        emergency = self._emergency(data.get("emergency", {}))
        tables = data.get("rule")
        if not isinstance(tables, list) or not tables or len(tables) > _MOST_RULES:
            self.fault(self.lines.of_key("rule"), "rule", "value-wrong" if "rule" in data else "key-missing")
            tables = []
        rules = [self._rule(table, place) for place, table in enumerate(tables)]
        self.faults += self._twice(rules)
        if self.faults or title is None:
            return None
        digest = hashlib.sha256(self.source.encode()).hexdigest()
        return Rules(
            profile=str(profile), titles=title, rules=tuple(rules), emergency=emergency, reasons=self.reasons, digest=digest
        )  # fmt: skip


def read_rules(source: str) -> Rulebook:
    """What stands in a rules file, and all that is wrong with it, in the order of its lines."""
    reader = _Reader(source)
    if len(source) > MOST_BYTES:
        reader.fault(1, "rule", "value-wrong")
    elif line := reader.lines.multiline:
        reader.fault(line, "TOML", "multiline")
    else:
        try:
            data = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            found = _AT.search(str(error))
            reader.fault(int(found[1]) if found else len(source.splitlines()) or 1, "TOML", "toml")
        else:
            rules = reader.read(data)
            if rules is not None:
                return Rulebook(rules, ())
    return Rulebook(None, tuple(sorted(reader.faults, key=lambda one: one.line)))


def parse_rules(source: str) -> Rules:
    """The rules of a file. Raises BadInput('policy.channel-rules', count, lines) naming every line that is wrong."""
    book = read_rules(source)
    if book.rules is None:
        raise BadInput("policy.channel-rules", count=len(book.faults), lines=", ".join(map(str, book.faults)))
    return book.rules


@functools.cache
def default_rules() -> Rules:
    """The rules of the package (``channels.toml``), for an agency that has none of its own."""
    return parse_rules(resources.files("tansiq.policy").joinpath("channels.toml").read_text(encoding="utf-8"))
