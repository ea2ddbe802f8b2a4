"""The catalogue of texts is whole: four languages, the same placeholders, an advice for every error that is raised."""

from __future__ import annotations

import ast
import re
import string
import tomllib
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from support.source import PACKAGE, calls, modules
from tansiq import errors
from tansiq.texts import LANGUAGES, advice, catalogue

ERRORS = frozenset(name for name in errors.__all__ if name != "Error")
PARTS = ("what", "means", "do")
FILES = sorted((PACKAGE / "texts").glob("*.toml"))
ERROR_FILES = [file for file in FILES if file.stem.startswith("errors")]
LATIN = {"LATIN", "MASCULINE", "FEMININE"}  # the last two are the º and ª of Spanish
LABELLED = sorted({*FILES, *(PACKAGE / "policy").rglob("*.toml"), *(PACKAGE / "demo" / "cast").glob("*.toml")})
"""Every file that says something in four languages."""
FRENCH = {
    "an apostrophe is ’": re.compile(r"\w'\w"),
    "a narrow space that does not break stands before ; ? !": re.compile(r"(?<![\u202f;?!])[;?!](?!\w)"),
    "a space that does not break stands before :": re.compile(r"(?<!\u00a0):(?=\s|$)"),
    "a space that does not break stands inside « »": re.compile(r"«(?!\u00a0)|(?<!\u00a0)»"),
}
ARABIC = re.compile("[\u064b-\u0650\u0652]{2}|[\u0621-\u064a][,;?]")
PAGE = re.compile(r"[a-z]+\.page(\.[a-z0-9]+(-[a-z0-9]+)*)+")
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def scripts(sentence: str) -> set[str]:
    """The scripts of the letters in ``sentence``, placeholders aside, by the first word of their Unicode names."""
    return {unicodedata.name(letter).split()[0] for letter in re.sub(r"\{[^{}]*\}", "", sentence) if letter.isalpha()}


def leaves(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table of ``table`` that holds a string: what should be a leaf with four languages."""
    if any(isinstance(value, str) for value in table.values()):
        yield prefix, table
        return
    for key, value in table.items():
        assert isinstance(value, dict), f"{prefix}.{key} is neither a table nor a text"
        yield from leaves(value, f"{prefix}.{key}" if prefix else key)


def raised() -> Iterator[tuple[str, str, ast.Call]]:
    """Every making of an error of the tree in the source: where, code, call."""
    for module in modules():
        for call in calls(module.tree, ERRORS):
            if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
                yield f"{module.path.name}:{call.lineno}", call.args[0].value, call


def advised() -> set[str]:
    """Every code that stands in a file of errors."""
    return {
        key.rpartition(".")[0]
        for file in ERROR_FILES
        for key, _ in leaves(tomllib.loads(file.read_text(encoding="utf-8")))
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_text_stands_in_four_languages(file: Any) -> None:
    for key, leaf in leaves(tomllib.loads(file.read_text(encoding="utf-8"))):
        assert set(leaf) == set(LANGUAGES), f"{key} has {sorted(leaf)}"
        assert all(isinstance(value, str) and value.strip() for value in leaf.values()), f"{key} is empty somewhere"
        assert len({frozenset(placeholders(value)) for value in leaf.values()}) == 1, f"{key}: placeholders differ"


def in_language(table: Any, language: str) -> Iterator[str]:
    """Everything that ``table`` says in ``language``, in lists too."""
    if isinstance(table, list):
        for one in table:
            yield from in_language(one, language)
    elif isinstance(table, dict):
        for key, value in table.items():
            if key == language and isinstance(value, str):
                yield value
            else:
                yield from in_language(value, language)


def test_french_is_set_as_french_is() -> None:
    """Lexique des règles typographiques en usage à l'Imprimerie nationale."""
    wrong = [
        f"{file.name}: {rule}: {sentence}"
        for file in LABELLED
        for sentence in in_language(tomllib.loads(file.read_text(encoding="utf-8")), "fr")
        for rule, pattern in FRENCH.items()
        if pattern.search(sentence)
    ]
    assert not wrong, "\n".join(wrong)


def test_arabic_is_set_as_arabic_is() -> None:
    """No letter carries two vowel signs, and commas, semicolons and question marks are Arabic ones."""
    wrong = [
        f"{file.name}: {sentence}"
        for file in LABELLED
        for sentence in in_language(tomllib.loads(file.read_text(encoding="utf-8")), "ar")
        if ARABIC.search(sentence)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_key_stands_in_two_files() -> None:
    seen: dict[str, str] = {}
    for file in FILES:
        for key, _ in leaves(tomllib.loads(file.read_text(encoding="utf-8"))):
            assert seen.setdefault(key, file.name) == file.name, f"{key} stands in {seen[key]} and in {file.name}"
    assert set(seen) == set(catalogue())


def test_each_language_is_written_in_its_own_script() -> None:
    for key, leaf in catalogue().items():
        for language, sentence in leaf.items():
            found = scripts(sentence)
            if language == "ar":
                assert "ARABIC" in found or not found, f"{key} has no Arabic letter: {sentence}"
            else:
                assert found <= LATIN, f"{key} ({language}): {sorted(found)}"


def test_a_long_text_differs_from_language_to_language() -> None:
    for key, leaf in catalogue().items():
        if len(leaf["en"].split()) > 4:
            assert len(set(leaf.values())) == len(LANGUAGES), f"{key} is not translated"


def test_direction_is_set_where_a_text_is_shown_not_inside_it() -> None:
    for key, leaf in catalogue().items():
        for language, sentence in leaf.items():
            assert not BIDI_CONTROLS & set(sentence), f"{key} ({language}) holds an invisible direction mark"
            assert sentence == sentence.strip(), f"{key} ({language}) begins or ends with a space"


def test_every_error_that_is_raised_says_what_happened_what_it_means_and_what_to_do() -> None:
    places: dict[str, list[str]] = {}
    for where, code, _ in raised():
        if any(f"{code}.{part}" not in catalogue() for part in PARTS):
            places.setdefault(code, []).append(where)
    assert not places, "no advice for\n" + "\n".join(f"{code} ({', '.join(at)})" for code, at in sorted(places.items()))


def test_an_advice_has_its_three_parts_and_stands_in_the_file_of_its_room() -> None:
    for file in ERROR_FILES:
        room = file.stem.removeprefix("errors").removeprefix("_")
        for code, advice_parts in tomllib.loads(file.read_text(encoding="utf-8")).items():
            assert code == room, f"[{code}.…] stands in {file.name}"
            for name, parts in advice_parts.items():
                assert set(parts) == set(PARTS), f"{code}.{name} has {sorted(parts)}"


def test_what_an_advice_wants_to_show_is_given_where_the_error_is_raised() -> None:
    lacking = []
    for where, code, call in raised():
        if any(keyword.arg is None for keyword in call.keywords):  # **values: known only when it runs
            continue
        given = {keyword.arg for keyword in call.keywords}
        wanted = {name for part in PARTS for name in placeholders(catalogue().get(f"{code}.{part}", {}).get("en", ""))}
        if wanted - given:
            lacking.append(f"{where}: {code} lacks {sorted(wanted - given)}")
    assert not lacking, "\n".join(lacking)


def test_no_advice_is_left_over() -> None:
    written = {
        node.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    orphans = sorted(advised() - written)
    assert not orphans, f"no source raises {orphans}"


def test_codes_are_written_out_so_that_they_can_be_found() -> None:
    joined = [
        f"{module.path.name}:{call.lineno}"
        for module in modules()
        for call in calls(module.tree, ERRORS)
        if call.args and isinstance(call.args[0], ast.JoinedStr)
    ]
    assert not joined, f"error codes put together while running: {joined}"


def test_every_text_that_is_asked_for_by_name_exists() -> None:
    absent = sorted(
        f"{module.path.name}:{call.lineno}: {call.args[0].value}"
        for module in modules()
        for call in calls(module.tree, frozenset({"text"}))
        if len(call.args) > 1
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and "." in call.args[0].value
        and call.args[0].value not in catalogue()
    )
    assert not absent, "\n".join(absent)


def test_every_text_of_a_page_that_is_named_exists() -> None:
    """Also where it is a constant, or a code that is looked up later: an absent one is the page of a fault."""
    tables = {key.rpartition(".")[0] for key in catalogue()}
    absent = sorted(
        f"{module.path.name}:{one.lineno}: {one.value}"
        for module in modules()
        for one in ast.walk(module.tree)
        if isinstance(one, ast.Constant)
        and isinstance(one.value, str)
        and PAGE.fullmatch(one.value)
        and one.value not in tables | catalogue().keys()
    )
    assert not absent, "\n".join(absent)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_advice_can_be_shown(language: str) -> None:
    for code in advised():
        values = {name: "7" for part in PARTS for name in placeholders(catalogue()[f"{code}.{part}"][language])}
        shown = str(advice(code, language, values))
        assert len(shown.splitlines()) == len(PARTS)
        assert "{" not in shown
