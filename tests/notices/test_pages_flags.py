"""The failure of 2004 on the pages of an enquiry: who is asked about was declared held; the sender reads it before and after sending."""

from __future__ import annotations

import os

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.matters import PERSON  # noqa: E402
from support.node import Clock, Nodes  # noqa: E402
from support.noticed import a_declaration  # noqa: E402
from support.noticing import Side, shown  # noqa: E402
from support.two import Two  # noqa: E402
from support.writing import ENQUIRY, compose, hidden, messages  # noqa: E402
from tansiq.enquiries.rows import enquiry_rows  # noqa: E402
from tansiq.notices.declaring import declare  # noqa: E402
from tansiq.notices.pages import register_frame  # noqa: E402

pytestmark = pytest.mark.storage


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    register_frame()
    return Two(node("es.cgi"), node("ma.dgst"), clock)


def desk_of(two: Two, number: str, language: str) -> Side:
    side = Side(two.es if number.startswith("ES") else two.ma, Browser(language=language))
    with side as browser:
        browser.sign_in(number, clock=two.clock)
        browser.post("/choose/", {"language": language, "next": "/"})
    return side


def held(two: Two, *, to: bool) -> None:
    declare(
        a_declaration("MA-2210", subject=PERSON), to=[two.es.post()] if to else [], officer=two.ma.officer(),
        from_post=two.ma.post(), context=two.ma.use(),
    )  # fmt: skip
    two.carry()


def asked(madrid: Side, two: Two) -> tuple[str, str]:
    """The preview of an enquiry about the same man, and its page once it was sent all the same."""
    with madrid as browser:
        answer = compose(browser, ENQUIRY)
        assert answer.status_code == 302, messages(answer)
        preview = shown(browser, answer["Location"])
        done = browser.post(answer["Location"], {"version": hidden(browser.get(answer["Location"]), "version")})
        assert done.status_code == 302
    two.carry()
    return preview, str(done["Location"])


def test_the_preview_warns_and_the_desk_and_the_matter_show_the_flag(two: Two) -> None:
    held(two, to=True)
    madrid = desk_of(two, "ES-4017", "es")
    preview, page = asked(madrid, two)
    assert "ma.dgst declaró" in preview
    assert "Privada de libertad" in preview
    assert "Personas declaradas" in preview
    with madrid as browser:
        for place in ("/", page, f"{page}timeline/"):
            told = shown(browser, place)
            assert "ma.dgst avisa sobre la persona 1: «Privada de libertad»" in told, place
            assert 'class="notice late" role="status"' in told, place
        flags = shown(browser, f"{page}flags/")
        assert "Abrir la declaración" in flags
        assert "ma.dgst avisa" not in shown(browser, "/"), "somebody of the desk has looked"
        assert "ma.dgst avisa" in shown(browser, page), "the matter shows it for as long as it is here"
        assert enquiry_rows("1 = 1", ()), "what the machine says stops nobody"


def test_about_somebody_else_nothing_is_said(two: Two) -> None:
    madrid = desk_of(two, "ES-4017", "es")
    preview, page = asked(madrid, two)
    assert "declaró" not in preview
    with madrid as browser:
        assert "avisa sobre" not in shown(browser, page)
        assert browser.get(f"{page}flags/").status_code == 200


def test_who_was_not_told_reads_nothing_and_the_desk_that_holds_him_decides(two: Two) -> None:
    held(two, to=False)
    madrid, rabat = desk_of(two, "ES-4017", "es"), desk_of(two, "MA-2210", "ar")
    preview, page = asked(madrid, two)
    assert "declaró" not in preview
    with madrid as browser:
        assert "avisa sobre" not in shown(browser, "/") + shown(browser, page)
    with rabat as browser:
        assert "لم تُبلَّغ بذلك، والقرار لكم" in shown(browser, "/")
        assert "لم تُبلَّغ بذلك، والقرار لكم" in shown(browser, page)


def test_a_flag_is_its_desks_alone(two: Two) -> None:
    held(two, to=True)
    _, page = asked(desk_of(two, "ES-4017", "es"), two)
    other = desk_of(two, "ES-1001", "es")
    with other as browser:
        assert "avisa sobre" not in shown(browser, "/")
        assert browser.get(f"{page}flags/").status_code == 404
