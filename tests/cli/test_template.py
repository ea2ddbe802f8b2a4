"""Templates: each is TOML in every language, and what stands in it would pass the law once its gaps are filled."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tansiq.cli import enquiry
from tansiq.cli.template import template
from tansiq.enquiries.reading import answer_from, request_from
from tansiq.errors import BadInput
from tansiq.node.written import written
from tansiq.policy.answer import Answer, Item
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.law import answer_faults, law_faults
from tansiq.texts import LANGUAGES, text


def filled(name: str, language: str) -> str:
    return template(name, language).replace("…", "Texto inventado")


def test_a_template_that_was_not_filled_in_does_not_pass() -> None:
    draft = tomllib.loads(template("enquiry", "es"))
    for way in ("from", "to", "via"):
        draft.pop(way)
    with pytest.raises(BadInput):
        request_from(written(draft, Enquiry), officer="ES-4017", now_ms=0)


@pytest.mark.parametrize(("name", "command"), [("enquiry", "tansiq enquiry send"), ("answer", "tansiq enquiry answer")])
def test_every_gap_of_a_template_is_told_at_once(name: str, command: str, tmp_path: Path) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(template(name, "en"), encoding="utf-8")
    open_lines = [line for line in template(name, "en").splitlines() if not line.startswith("#")]
    gaps = sum(len(re.findall('"…"|^…$', line)) for line in open_lines)
    with pytest.raises(BadInput, match=r"cli\.draft-not-filled") as caught:
        enquiry._draft(file, command)
    told = str(caught.value.values["fields"]).split(", ")
    assert len(told) == len(set(told)) == gaps > 2
    file.write_text(filled(name, "en"), encoding="utf-8")
    assert enquiry._draft(file, command)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["enquiry", "answer"])
def test_a_template_says_what_its_gaps_are(name: str, language: str) -> None:
    assert "…" in template(name, language).partition("\nlanguage")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_enquiry_written_after_the_template_is_lawful(language: str) -> None:
    draft = tomllib.loads(filled("enquiry", language))
    assert draft.pop("to") == "ma.dgst/counter-terrorism"
    assert not draft.pop("from")
    assert not draft.pop("via")
    request = request_from(written(draft, Enquiry), officer="ES-4017", now_ms=1_782_043_200_000)
    assert not law_faults(request)
    assert request.facts is not None
    assert request.facts.language == "es"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_written_after_the_template_is_lawful(language: str) -> None:
    draft = tomllib.loads(filled("answer", language))
    named = {"language": draft["language"]}
    plain = {
        "answer": written(named | draft["answer"], Answer),
        "items": [written(named | item, Item) for item in draft["items"]],
    }
    answer, items = answer_from(plain, officer="MA-2210", now_ms=1_782_043_200_000)
    assert not answer_faults(answer, items, agency="ma.dgst")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_codes_to_choose_from_stand_beside_their_fields(language: str) -> None:
    shown = template("enquiry", language)
    for listed in ("sought", "legal_bases", "purposes", "deadline_classes", "handling"):
        for code, label in code_list(listed).choices(language):
            assert f"#   {code}  {label}" in shown
    assert f"# {text('cli.field.facts', language)}" in shown
    assert "#:" not in shown
    assert "#=" not in shown
