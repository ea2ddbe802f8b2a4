"""Measures the judgement on the four channels and prints JSON: ``python bench/advice.py --rules 1000 --matters 1000``.

Two sets of rules. *Spread*: rules of many partners, fields and kinds, of which a few hold for a matter, as an agency with a
treaty with everybody would have them. *Everything*: rules of which each one holds for every matter, the worst that can be
written. For each: seconds to read the file and to make its index, seconds for all the advice on one core, and how many reasons
an advice had. Exit 1 when the advice takes longer than ``--most`` seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from typing import Any

from tansiq.policy.channel_advice import advise
from tansiq.policy.channel_matter import CHANNELS, Accredited, Channel, Matter, Nature, Standing, State, World
from tansiq.policy.channel_reading import parse_rules
from tansiq.policy.codes import code_list

MOST_SECONDS = 1.0
_HEAD = """profile = "bench"
title = { ar = "قياس", es = "Medición", fr = "Mesure", en = "Bench" }
"""
_REASONS = {"carry": "operational", "prefer": "suspect", "refuse": "classified", "approve": "strained"}
_COUNTRIES = ("ma", "es", "fr", "pt", "tn", "it", "be", "nl", "de", "gb")
_CASES = tuple(bytes([number]) * 16 for number in range(8))


def _rule(number: int, effect: str, channel: str, conditions: dict[str, object]) -> str:
    lines = [f'[[rule]]\nid = "r{number}"\nchannels = ["{channel}"]\neffect = "{effect}"']
    if effect == "prefer":
        lines.append(f"rank = {1 + number % 9}")
    if effect == "approve":
        lines.append('approver = "supervisor"')
    lines += [f"when.{name} = {json.dumps(value)}" for name, value in conditions.items()]
    lines.append(f'reason = "reason.{_REASONS[effect]}"\nsource = "Bench"')
    return "\n".join(lines)


def spread(count: int, chance: random.Random) -> str:
    """Rules of which a few hold for a matter."""
    fields = list(code_list("offences"))
    rules = []
    for number in range(count):
        effect = ("carry", "prefer", "refuse", "approve")[number % 4]
        conditions: dict[str, object] = {
            "partner": [f"{chance.choice(_COUNTRIES)}.*"],
            "field": chance.sample(fields, 3),
        }
        if number % 3 == 0:
            conditions["nature"] = [chance.choice(list(Nature))]
        if number % 5 == 0:
            conditions["sensitive"] = chance.random() < 0.5
        if number % 7 == 0 and effect in {"refuse", "approve"}:
            conditions["classification_from"] = chance.choice(list(code_list("classification")))
        if number % 11 == 0:
            conditions["accreditation"] = ["in-force"]
        rules.append(_rule(number, effect, str(CHANNELS[number // 4 % 4]), conditions))
    return _HEAD + "\n\n".join(rules) + "\n"


def everything(count: int, _: random.Random) -> str:
    """Rules of which each holds for every matter."""
    effects = ("carry", "prefer", "refuse", "approve")
    return _HEAD + "\n\n".join(
        _rule(number, effects[number % 4], str(CHANNELS[number // 4 % 4]), {}) for number in range(count)
    )


def matters(count: int, chance: random.Random) -> list[tuple[Matter, World]]:
    """Matters and worlds of all sorts."""
    fields, classes = list(code_list("offences")), list(code_list("classification"))
    made = []
    for _ in range(count):
        field, case = chance.choice(fields), chance.choice(_CASES)
        matter = Matter(
            kind=chance.choice(["enquiry.request", "information.spontaneous", "notice.red"]),
            field=field,
            nature=chance.choice(list(Nature)),
            sensitive=chance.random() < 0.5,
            classification=chance.choice(classes),
            urgency_ground=chance.choice(["", "", "urgency.life", "urgency.perishable"]),
            warrant=chance.random() < 0.2,
            suspect=chance.random() < 0.5,
            countries=("MA",) if chance.random() < 0.8 else ("MA", "FR"),
            case=case,
        )
        officers = tuple(
            Accredited(
                officer=f"ES-{number}", fields=frozenset(chance.sample(fields, 4)),
                grants=frozenset({(chance.choice(_CASES), field)}), from_ms=0,
            )
            for number in range(chance.randrange(4))
        )  # fmt: skip
        standings = {Channel.EMBASSY: Standing(own=chance.choice(list(State)))}
        partner = f"{chance.choice(_COUNTRIES)}.police"
        made.append((matter, World(partner=partner, now_ms=1, standings=standings, accreditations=officers)))
    return made


def measure(source: str, asked: list[tuple[Matter, World]]) -> dict[str, Any]:
    """Reads the rules and gives all the advice."""
    begun = time.perf_counter()
    rules = parse_rules(source)
    read = time.perf_counter()
    found = [advise(matter, world, rules) for matter, world in asked]
    ended = time.perf_counter()
    reasons = sum(len(one.reasons) for four in found for one in four)
    return {
        "rules": len(rules.rules),
        "read_seconds": round(read - begun, 4),
        "advice": len(found),
        "advice_seconds": round(ended - read, 4),
        "reasons_per_advice": round(reasons / max(len(found), 1), 1),
    }


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--matters", type=int, default=1_000)
    parser.add_argument("--most", type=float, default=MOST_SECONDS)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asked = matters(arguments.matters, random.Random(arguments.seed))  # noqa: S311 (invented)
    found = {
        name: measure(made(arguments.rules, random.Random(arguments.seed)), asked)  # noqa: S311
        for name, made in (("spread", spread), ("everything", everything))
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return int(any(one["advice_seconds"] > arguments.most for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
