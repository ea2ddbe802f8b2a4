"""The worked example of two other countries: its file is whole, judges as its page says, and its commands end as they should."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from support.source import HOUSE
from tansiq.cli.main import main
from tansiq.policy.channel_advice import advise
from tansiq.policy.channel_matter import CHANNELS
from tansiq.policy.channel_reading import parse_rules
from tansiq.policy.channel_situations import situation
from tansiq.policy.channel_values import Verdict

HOW_TO: Final = HOUSE / "docs" / "how-to"
EXAMPLE: Final = HOW_TO / "profiles" / "pt-tn.toml"
R, P, A, X = Verdict.RECOMMENDED, Verdict.PERMITTED, Verdict.APPROVAL, Verdict.REFUSED


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"kind": "notice.red"}, (R, X, X, X)),
        ({"warrant": "yes", "field": "offence.terrorism"}, (R, X, X, P)),
        ({"suspect": "yes"}, (R, X, X, P)),
        ({"suspect": "yes", "classification": "class.restricted"}, (X, X, X, P)),
        ({"sensitive": "yes"}, (X, X, X, R)),
        ({"nature": "strategic"}, (X, X, X, R)),
        ({"accreditation": "in-force", "agreement": "yes"}, (X, X, R, P)),
        ({"accreditation": "in-force", "agreement": "yes", "sensitive": "yes"}, (X, X, R, P)),
        ({"accreditation": "in-force"}, (X, X, A, P)),
        ({"accreditation": "other-case", "agreement": "yes"}, (X, X, X, P)),
        ({"urgency": "urgency.life", "sensitive": "yes"}, (X, X, X, R)),
        ({"sensitive": "yes", "state": "strained"}, (X, X, X, A)),
        ({"urgency": "urgency.life", "state": "strained"}, (X, X, X, R)),
    ],
)
def test_the_example_judges_as_its_page_says(features: dict[str, str], expected: tuple[Verdict, ...]) -> None:
    rules, one = parse_rules(EXAMPLE.read_text("utf-8")), situation(features)
    found = advise(one.matter, replace(one.world, partner="tn.dgr"), rules)
    assert dict(zip(CHANNELS, (advice.verdict for advice in found), strict=True)) == dict(
        zip(CHANNELS, expected, strict=True)
    )


def test_what_the_page_shows_of_the_file_stands_in_it() -> None:
    page, file = (HOW_TO / "profile-for-another-pair.md").read_text("utf-8"), EXAMPLE.read_text("utf-8")
    shown = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(shown) == 2
    assert all(block in file for block in shown)
    named = re.findall(r"`([a-z]+\.[a-z-]+)`", page)
    assert {"liaison.other-field-by-the-head", "liaison.head-approves"} <= set(named)
    assert all(f'id = "{name}"' in file for name in named if name.split(".")[0] in CHANNELS)


def test_the_commands_of_the_page_end_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that need no node; what is put on a machine is tried in `tests/cli`."""
    page = (HOW_TO / "profile-for-another-pair.md").read_text("utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in found if not language]
    typed = [shlex.split(line) for block in blocks for line in block.splitlines()]
    rules = [words[1:] for words in typed if words[:3] == ["tansiq", "channel", "rules"]]
    assert [words[2] for words in rules] == ["show", "check", "show", "compare"]
    monkeypatch.chdir(tmp_path)
    assert main(rules[0][: rules[0].index(">")]) == 0
    assert "[[rule]]" in capsys.readouterr().out
    for name in ("pt-tn.toml", "theirs.toml"):
        (tmp_path / name).write_text(EXAMPLE.read_text("utf-8"), encoding="utf-8")
    for words in rules[1:]:
        assert main(words) == 0
    changed = EXAMPLE.read_text("utf-8").replace("rank = 4", "rank = 9")
    (tmp_path / "theirs.toml").write_text(changed, encoding="utf-8")
    capsys.readouterr()
    assert main(rules[3]) == 1
    assert "liaison.agreed-field" in capsys.readouterr().out
