"""Forms: what was written stays, what is wrong leads to its field, and nothing is judged that nobody asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict

from tansiq.texts import LANGUAGES, text
from tansiq.web.forms import Field, Form, choices_of

TONGUES = (("ar", "العربية"), ("es", "Español"))


def made() -> Form:
    return Form(
        (
            Field(
                name="purpose", label="web.who.why", kind="select", choices=choices_of("purposes", "es"), required=True
            ),
            Field(name="reason", label="web.match.why", kind="words", languages=TONGUES, required=True, longest=20),
            Field(name="sought", label="web.who.title", kind="ticks", choices=(("a", "A"), ("b", "B"))),
            Field(name="sure", label="web.row.unread", kind="tick"),
            Field(name="born", label="web.hijri.note", kind="date", calendars=True),
            Field(name="fixed", label="web.row.unread", value="stays", disabled=True),
        ),
        draft_url="/draft",
    )


def test_what_was_posted_is_in_its_fields() -> None:
    posted = QueryDict(
        "purpose=x&reason=+a%0D%0Ab+&reason.language=ar&sought=a&sought=b&sure=yes&born=1994-03-21&fixed=no&stranger=1"
    )
    values = made().bound(posted, language="es").values
    assert values == {
        "purpose": "x", "reason": " a\nb ", "reason.language": "ar", "sought": ("a", "b"), "sure": True, "born": "1994-03-21", "fixed": "stays",
    }  # fmt: skip


def test_a_draft_binds_as_what_was_posted() -> None:
    form = made().bound(QueryDict("reason=x&sought=a&sure=yes"), language="es")
    assert made().bound(form.values, language="es").values == form.values


def test_nothing_is_wrong_until_somebody_asks() -> None:
    assert not made().bound({}, language="es").faulty


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_lacks_is_too_long_or_no_choice_is_said_at_its_field(language: str) -> None:
    form = made().bound({"reason": "x" * 21, "sought": ("z",)}, language=language).checked(language)
    assert form.fault_count == 3
    assert form["purpose"].messages == (text("web.form.missing", language, field=text("web.who.why", language)),)
    assert "20" in form["reason"].messages[0] and "21" in form["reason"].messages[0]
    assert form["sought"].messages
    assert form["reason"].value == "x" * 21


def test_a_fault_of_no_field_stands_above_the_form() -> None:
    form = made().faulted({"elsewhere": ("Lost?",), "reason": ("Why?",)}, messages=("All of it",))
    assert form.messages == ("All of it", "Lost?")
    assert [one.name for one in form.faulty_fields] == ["reason"]
    assert form.fault_count == 3


def test_the_words_say_their_language_or_take_that_of_the_page() -> None:
    assert made().bound({"reason": "x"}, language="es")["reason"].language == "es"
    assert made().bound({"reason": "x", "reason.language": "ar"}, language="es")["reason"].direction == "rtl"
    assert made().bound({"reason": "x", "reason.language": "tlh"}, language="es")["reason"].language == ""


def test_a_date_has_its_other_date_beside() -> None:
    assert made().bound({"born": "1994-03-21"}, language="ar")["born"].hijri == "9 شوال 1414 هـ"
    assert made().bound({"born": "21/3/94"}, language="ar")["born"].hijri == ""


def test_a_field_that_is_not_there_is_a_defect() -> None:
    with pytest.raises(KeyError):
        made()["nothing"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_leads_to_the_fields_and_the_fields_name_their_faults(
    shown: Callable[..., str], language: str
) -> None:
    form = made().bound({"reason": '"><b>'}, language=language).faulted({"reason": ("<i>",)}).checked(language)
    page = shown(
        '{% include "web/components/error_summary.html" %}{% for field in form %}{% include "web/components/field.html" %}{% endfor %}',
        language,
        form=form,
    )
    assert 'href="#f-reason"' in page and 'id="f-reason"' in page and 'id="f-reason-wrong"' in page
    assert 'aria-describedby="f-reason-wrong"' in page and 'aria-invalid="true"' in page
    assert "<b>" not in page and "<i>" not in page
    assert "autofocus" in page


def test_a_password_is_never_shown_again(shown: Callable[..., Any]) -> None:
    field = Field(name="secret", label="web.row.unread", kind="password", value="hush")
    assert "hush" not in shown('{% include "web/components/field.html" %}', "es", field=field)


@pytest.mark.parametrize("kind", ["text", "hidden", "number", "date", "select", "email", "tel"])
@pytest.mark.parametrize("said", ["ES-4017\x00x", "a\x1bb", "a\nb", "a\x85b"])
def test_a_line_holds_no_control_characters(kind: str, said: str) -> None:
    form = Form((Field(name="one", label="web.who.why", kind=kind),)).bound({"one": said}, language="fr").checked("fr")
    assert form["one"].messages == (text("web.form.control", "fr", field=text("web.who.why", "fr")),)


def test_what_has_lines_and_what_is_never_shown_is_left_to_who_judges_it() -> None:
    fields = (Field(name="a", kind="long"), Field(name="b", kind="words"), Field(name="c", kind="password"))
    assert not Form(fields).bound({"a": "x\ny", "b": "x\ty", "c": "x\ty"}, language="es").checked("es").faulty
