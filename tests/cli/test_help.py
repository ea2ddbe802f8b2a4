"""Help: every command, in every language, with an example that is a command of ours; nothing in another language."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from typer.main import get_command

from tansiq.cli.main import app
from tansiq.texts import LANGUAGES, catalogue

WALK = """
import json, sys
from typer.main import get_command
from tansiq.cli.main import app

def walk(command, context, found):
    with context:
        found[context.command_path] = command.get_help(context)
    for name, child in getattr(command, "commands", {}).items():
        walk(child, child.context_class(child, info_name=name, parent=context), found)
    return found

top = get_command(app)
print(json.dumps(walk(top, top.context_class(top, info_name="tansiq"), {})))
"""
THEIRS = ("Usage:", "Options:", "Show this message", "COMMAND [ARGS]", "[required]", "[default")
PROMISED = {
    "init", "run", "web", "worker", "directory export", "directory import", "directory confirm", "directory fingerprint", "officer add",
    "import un-list", "enquiry send", "enquiry list", "enquiry show", "enquiry answer", "enquiry refuse", "evidence export", "verify", "fsck",
    "doctor", "backup", "restore", "keys mirror", "upgrade", "exchange status", "exchange quarantine", "exchange retry", "bench exchange", "demo",
}  # fmt: skip


@cache
def helps(language: str) -> dict[str, str]:
    """The help of every command, as a process that speaks ``language`` gives it."""
    ended = subprocess.run(
        [sys.executable, "-c", WALK],
        env=os.environ | {"TANSIQ_LANGUAGE": language, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    found: dict[str, str] = json.loads(ended.stdout)
    return found


def leaves(command: Any, path: str = "") -> dict[str, Any]:
    children = getattr(command, "commands", None)
    if children is None:
        return {path: command}
    return {
        name: leaf for child in children for name, leaf in leaves(children[child], f"{path} {child}".strip()).items()
    }


def test_every_promised_command_is_there() -> None:
    assert set(leaves(get_command(app))) >= PROMISED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_help_with_an_example_of_itself(language: str) -> None:
    acts = {f"tansiq {name}" for name in leaves(get_command(app))}
    for path, shown in helps(language).items():
        example = shown.rpartition("\n\n")[2].splitlines()
        title, *lines = example
        assert title and not title.startswith(" "), f"{path} has no example"
        assert any(line.strip().startswith(path.split(" ")[0]) for line in lines), f"{path}: {lines}"
        if path in acts:
            assert any(line.strip().startswith(path) for line in lines), f"{path}: {lines}"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_help_is_in_the_language_that_was_asked_for(language: str) -> None:
    english = helps("en")
    for path, shown in helps(language).items():
        assert shown != english[path]
        assert shown.splitlines()[0] != english[path].splitlines()[0], path


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_the_librarys_own_words_is_shown(language: str) -> None:
    for path, shown in helps(language).items():
        for words in THEIRS if language != "en" else THEIRS[:3]:
            assert words not in shown, f"{path}: {words}"


def test_every_option_says_what_it_is_for() -> None:
    for path, command in leaves(get_command(app)).items():
        for parameter in command.params:
            assert parameter.help, f"{path} {parameter.name}"
            assert parameter.is_flag if not parameter.metavar and parameter.param_type_name == "option" else True, (
                f"{path} {parameter.name}"
            )


def named(advice: str) -> set[str]:
    """The commands that a text names: what follows `tansiq`, as far as it can be one."""
    return {match[1] for match in re.finditer(r"\btansiq ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", advice, re.ASCII)}


def known(words: list[str]) -> bool:
    """Whether these words lead to a command, or to one that takes the last of them."""
    at: Any = get_command(app)
    for word in words:
        children = getattr(at, "commands", None)
        if children is None:
            return True
        if word not in children:
            return False
        at = children[word]
    return True


PROSE = {"node.wrong-act.do"}  # "the tansiq command of the same version"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_that_a_text_names_exists(language: str) -> None:
    told = {key: named(text[language]) for key, text in catalogue().items() if key not in PROSE}
    assert sum(len(commands) for commands in told.values()) > 20
    wrong = {key: [one for one in commands if not known(one.split())] for key, commands in told.items()}
    assert not {key: commands for key, commands in wrong.items() if commands}


def test_what_reads_can_speak_json_and_what_needs_a_home_takes_it() -> None:
    without_home = {
        "init",
        "verify",
        "bench exchange",
        "demo",
        "systemd",
        "names match",
        "channel rules check",
        "names explain",
    }
    without_json = {"run", "web", "worker", "names match"}  # the last one speaks nothing else
    for path, command in leaves(get_command(app)).items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or path in without_json, path
        assert "--home" in options or path in without_home, path


def test_acts_of_officers_take_the_officer_and_a_descriptor() -> None:
    for path, command in leaves(get_command(app)).items():
        options = {option for parameter in command.params for option in parameter.opts}
        if path.startswith("enquiry ") or path == "directory confirm":
            assert {"--as", "--passphrase-fd"} <= options, path


def test_no_passphrase_can_be_written_on_the_command_line() -> None:
    for path, command in leaves(get_command(app)).items():
        for parameter in command.params:
            for option in parameter.opts:
                if "passphrase" in option:
                    assert re.fullmatch(r"--([a-z-]+-)?passphrases?-fd", option), f"{path} {option}"
