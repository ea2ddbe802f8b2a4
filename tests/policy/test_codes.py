"""The code lists: whole in four languages, stable, checked when they are loaded."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import pytest

from support.source import HOUSE
from tansiq.errors import BadInput
from tansiq.policy.codes import CodeList, code_list, code_lists, parse_code_list, reference_page
from tansiq.policy.deadlines import term
from tansiq.protocol.docket import check_code
from tansiq.texts import LANGUAGES

LISTS = [code_list(name) for name in code_lists()]


def by_name(one: CodeList) -> str:
    return one.name


@pytest.mark.parametrize("one", LISTS, ids=by_name)
def test_every_code_reads_in_four_languages_each_in_its_own_script(one: CodeList) -> None:
    assert one.source
    assert len(one) > 0
    for code in one:
        labels = {language: one.label(code, language) for language in LANGUAGES}
        assert all(label == label.strip() and label for label in labels.values()), code
        for language, label in labels.items():
            scripts = {unicodedata.name(letter).split()[0] for letter in label if letter.isalpha()}
            assert "ARABIC" in scripts if language == "ar" else "ARABIC" not in scripts, f"{code} ({language}): {label}"
        if len(labels["en"].split()) > 4:
            assert len(set(labels.values())) == len(LANGUAGES), f"{code} is not translated"


@pytest.mark.parametrize("one", LISTS, ids=by_name)
def test_a_person_can_tell_the_codes_of_a_list_apart(one: CodeList) -> None:
    for language in LANGUAGES:
        twice = [label for label, count in Counter(one.label(code, language) for code in one).items() if count > 1]
        assert not twice, f"{one.name} ({language}): {twice}"


@pytest.mark.parametrize("one", LISTS, ids=by_name)
def test_every_code_may_stand_on_a_docket(one: CodeList) -> None:
    assert [check_code(code) for code in one] == list(one)


def test_a_code_with_a_prefix_stands_in_one_list_only() -> None:
    seen = Counter(code for one in LISTS for code in one if "." in code)
    assert not [code for code, count in seen.items() if count > 1]


@pytest.mark.parametrize(
    ("name", "count", "some"),
    [
        ("offences", 30, "offence.terrorism"),
        ("urgency_grounds", 4, "urgency.liberty"),
        ("refusal_grounds", 15, "refusal.third-party"),
        ("handling", 4, "H3"),
        ("evaluation_source", 4, "X"),
        ("evaluation_information", 4, "4"),
        ("basis", 2, "basis.personal-assessment"),
        ("special_category", 8, "special.biometrics"),
        ("rpd_purposes", 9, "rpd.border"),
        ("channels", 4, "liaison"),
        ("deviation_reasons", 3, "deviation.incident"),
        ("copy_exceptions", 3, "nocopy.terrorism"),
        ("sought", 11, "sought.sighting"),
    ],
)
def test_the_lists_of_the_field_are_complete(name: str, count: int, some: str) -> None:
    assert len(code_list(name)) == count
    assert code_list(name).require(some) == some


def test_the_classification_rises() -> None:
    ladder = code_list("classification")
    ranks = [ladder.rank(f"class.{step}") for step in ("none", "restricted", "confidential", "secret", "top-secret")]
    assert ranks == [0, 1, 2, 3, 4]


def test_what_is_only_reported_is_marked() -> None:
    grounds = code_list("refusal_grounds")
    assert grounds.entries["refusal.third-party"].confirmed
    assert not grounds.entries["refusal.sovereignty"].confirmed
    assert not code_list("special_category").confirmed


def test_every_deadline_class_has_its_length() -> None:
    lengths = {code: term(code).length_ms // 3_600_000 for code in code_list("deadline_classes")}
    assert lengths == {
        "urgent-direct": 8,
        "urgent-indirect": 72,
        "normal": 168,
        "supplementary": 12,
        "supplementary-at-once": 12,
        "none": 0,
    }
    assert [code for code in lengths if term(code).at_once] == ["supplementary-at-once"]


def test_an_unknown_code_reads_as_itself_and_is_not_accepted() -> None:
    offences = code_list("offences")
    assert offences.label("offence.new", "ar") == "offence.new"
    assert not offences.text_required("offence.new")
    with pytest.raises(BadInput) as caught:
        offences.require("offence.new")
    assert (caught.value.code, caught.value.values) == (
        "policy.unknown-code",
        {"list": "offences", "value": "offence.new"},
    )
    assert "offence.new" in str(caught.value.advice("es"))


@pytest.mark.parametrize("name", ["Mohamed Ben Ali", "", "x" * 65, "a\nb"])
def test_what_is_no_code_is_never_repeated(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        code_list("offences").require(name)
    assert caught.value.values["value"] == "?"


@pytest.mark.parametrize("name", ["../deadlines", "nothing", "", "offences.toml"])
def test_an_unknown_list_is_refused(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        code_list(name)
    assert caught.value.code == "policy.code-list-unknown"


def test_an_unknown_language_reads_english() -> None:
    assert code_list("sexes").label("F", "de") == "Female"
    assert code_list("sexes").choices("fr")[0] == ("F", "Femme")


LABELS = 'ar = "أ", es = "a", fr = "b", en = "c"'
HEAD = f'title = {{ {LABELS} }}\nsource = "A treaty"\nconfirmed = true\nprefix = "law"\n'


def test_an_agency_adds_its_own_treaties() -> None:
    own = parse_code_list(f'{HEAD}[codes]\n"law.es-pt-2005" = {{ {LABELS}, text = true }}\n', name="legal_bases")
    both = code_list("legal_bases").extended(own)
    assert "law.es-ma-2019" in both
    assert both.label("law.es-pt-2005", "en") == "c"
    assert both.text_required("law.es-pt-2005")
    assert "law.es-pt-2005" not in code_list("legal_bases")
    with pytest.raises(BadInput) as caught:
        both.extended(own)
    assert caught.value.values["entry"] == "law.es-pt-2005"


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("title = ", "TOML"),
        ("", "title"),
        (HEAD, "codes"),
        (HEAD + "[codes]\n", "codes"),
        (HEAD.replace('"A treaty"', '""') + f'[codes]\n"law.a" = {{ {LABELS} }}\n', "source"),
        (HEAD.replace("true", '"yes"') + f'[codes]\n"law.a" = {{ {LABELS} }}\n', "confirmed"),
        (HEAD.replace('"law"', "7") + f'[codes]\n"law.a" = {{ {LABELS} }}\n', "prefix"),
        (HEAD + f'more = 1\n[codes]\n"law.a" = {{ {LABELS} }}\n', "prefix"),
        (HEAD.replace('es = "a", ', "") + f'[codes]\n"law.a" = {{ {LABELS} }}\n', "title"),
        (HEAD + f'[codes]\n"other.a" = {{ {LABELS} }}\n', "?"),
        (HEAD + f'[codes]\n"law.a b" = {{ {LABELS} }}\n', "?"),
        (HEAD + '[codes]\n"law.a" = { es = "a", fr = "b", en = "c" }\n', "law.a"),
        (HEAD + '[codes]\n"law.a" = { ar = " ", es = "a", fr = "b", en = "c" }\n', "law.a"),
        (HEAD + '[codes]\n"law.a" = "a"\n', "law.a"),
        (HEAD + f'[codes]\n"law.a" = {{ {LABELS}, de = "d" }}\n', "law.a"),
        (HEAD + f'[codes]\n"law.a" = {{ {LABELS}, text = 1 }}\n', "law.a"),
    ],
)
def test_a_broken_list_is_refused_where_it_is_broken(text: str, entry: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_code_list(text, name="legal_bases")
    assert (caught.value.code, caught.value.values["entry"]) == ("policy.code-list-broken", entry)


def test_the_page_of_the_reference_is_made_from_the_lists() -> None:
    page = (HOUSE / "docs" / "reference" / "codes.md").read_text(encoding="utf-8")
    assert page == reference_page(), "run `make docs`"
    assert not re.search(r"^\|.*\|\|", page, re.MULTILINE)
