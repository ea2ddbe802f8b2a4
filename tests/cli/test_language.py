"""The language of a process: what is typed goes before the environment, and anything else speaks English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tansiq.cli.language import choose, wanted, without_language

CASES: tuple[tuple[Sequence[str], Mapping[str, str], str], ...] = (
    ([], {}, "en"),
    ([], {"LANG": "es_ES.UTF-8"}, "es"),
    ([], {"LANG": "fr"}, "fr"),
    ([], {"LANG": "de_DE.UTF-8"}, "en"),
    ([], {"LANG": "C.UTF-8"}, "en"),
    ([], {"TANSIQ_LANGUAGE": "ar", "LANG": "es_ES"}, "ar"),
    ([], {"LC_ALL": "fr_MA.UTF-8", "LANG": "es_ES"}, "fr"),
    ([], {"TANSIQ_LANGUAGE": "", "LANG": "es_ES"}, "es"),
    (["--language", "ar"], {"TANSIQ_LANGUAGE": "es"}, "ar"),
    (["enquiry", "list", "--language=fr", "--json"], {"LANG": "es"}, "fr"),
    (["--language", "es", "--language", "ar"], {}, "ar"),
    (["--language", "tlh"], {"LANG": "es"}, "es"),
    (["--language"], {}, "en"),
    (["--", "--language", "ar"], {}, "en"),
)


@pytest.mark.parametrize(("arguments", "environment", "language"), CASES)
def test_the_language_that_is_spoken(arguments: Sequence[str], environment: Mapping[str, str], language: str) -> None:
    assert choose(arguments, environment) == language


def test_no_command_sees_the_option() -> None:
    assert without_language(["demo", "--language", "es", "--once"]) == ["demo", "--once"]
    assert without_language(["demo", "--language=es"]) == ["demo"]
    assert without_language(["verify", "--", "--language", "es"]) == ["verify", "--", "--language", "es"]
    assert wanted(["demo"]) is None
    assert wanted(["--language"]) == ""
