"""Choosing a channel on the pages: the four with their reasons, what stands against one, a reason for another, an approval asked and given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import django
import pytest
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.node import Clock, Node  # noqa: E402
from support.two import Two  # noqa: E402
from support.writing import ENQUIRY, compose, hidden, messages  # noqa: E402
from tansiq.channels.choices import choice_of  # noqa: E402
from tansiq.channels.profile import channel_rules, set_channel_rules  # noqa: E402
from tansiq.enquiries import weighing  # noqa: E402
from tansiq.enquiries.reading import parse_matter  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.policy.channel_matter import CHANNELS  # noqa: E402
from tansiq.policy.channel_reading import parse_rules  # noqa: E402
from tansiq.policy.codes import code_list  # noqa: E402
from tansiq.texts import LANGUAGES, text  # noqa: E402

pytestmark = pytest.mark.storage
RULES = """profile = "ours"
title = { ar = "قواعد", es = "Reglas", fr = "Règles", en = "Rules" }

[[rule]]
id = "carries"
channels = ["embassy"]
effect = "carry"
reason = "reason.operational"
source = "A test"

[[rule]]
id = "asks"
channels = ["embassy"]
effect = "approve"
approver = "head"
reason = "reason.strained"
source = "A test"
"""


def label(code: str, language: str) -> str:
    return code_list("channel_reasons").label(f"reason.{code}", language)


@dataclass(slots=True)
class Person:
    """Somebody at a browser of Madrid."""

    node: Node
    browser: Browser

    def __enter__(self) -> Browser:
        self.node.use()
        bind_site(self.node.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        return self.browser

    def __exit__(self, *_: object) -> None:
        pass


def person(two: Two, number: str, language: str, clock: Clock) -> Person:
    found = Person(two.es, Browser(language=language))
    with found as browser:
        browser.sign_in(number, clock=clock)
        browser.post("/choose/", {"language": language, "next": "/"})
    return found


@pytest.fixture
def madrid(two: Two, clock: Clock) -> Person:
    return person(two, "ES-4017", "es", clock)


@pytest.fixture(autouse=True)
def rules_as_they_were() -> Iterator[None]:
    before = channel_rules()
    yield
    set_channel_rules(before)


def said(content: str, channel: str) -> str:
    """What a page says of a channel, without its markup."""
    found = re.search(rf'<div class="said-of" id="four-{channel}".*?</div>', content, re.DOTALL)
    assert found is not None, channel
    return unescape(re.sub(r"<[^>]+>", " ", found[0]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_four_stand_there_in_every_language_and_none_is_chosen(two: Two, clock: Clock, language: str) -> None:
    with person(two, "ES-4017", language, clock) as browser:
        page = browser.get(browser.get("/enquiries/new/")["Location"]).content.decode()
    assert re.search(r'name="channel"[^>]*checked', page) is None
    for channel in CHANNELS:
        assert code_list("channels").label(channel, language) in unescape(page)
    embassy = said(page, "embassy")
    assert code_list("channel_verdicts").label("recommended", language) in embassy
    assert text("channels.choice.no-history", language) in embassy
    assert label("not-a-head", language) in said(page, "direct")
    assert label("no-accreditation", language) in said(page, "liaison")


def test_what_is_kept_renews_what_is_said_of_the_channels(madrid: Person) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        page = browser.get(here)
        data = {"to": "ma.dgst/counter-terrorism", "sensitive": "no", "version": hidden(page, "version")}
        kept = browser.post(f"{here}draft/", data, headers={"HX-Request": "true"}).content.decode()
    assert kept.count('hx-swap-oob="true"') == 1 + len(CHANNELS)
    assert label("purely-operational", "es") in said(kept, "embassy")
    assert 'type="radio"' not in kept, "what somebody is choosing is never exchanged"


def test_nothing_goes_on_without_a_channel(madrid: Person) -> None:
    with madrid as browser:
        answer = compose(browser, {**ENQUIRY, "channel": ""})
        assert answer.status_code == 422
        assert messages(answer) == {"channel": text("channels.choice.missing", "es")}


def test_what_stands_against_a_channel_is_said_at_it(madrid: Person) -> None:
    with madrid as browser:
        answer = compose(browser, {**ENQUIRY, "sensitive": "no"})
        assert answer.status_code == 422
        assert messages(answer) == {"channel": label("purely-operational", "es")}


def test_a_reason_for_another_channel_is_asked_shown_and_kept(madrid: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "available", lambda *_, **__: "")
    with madrid as browser:
        answer = compose(browser, ENQUIRY)
        assert answer.status_code == 422
        assert set(messages(answer)) == {"deviation"}
        assert code_list("channels").label("direct", "es") in messages(answer)["deviation"], "a name, not a code"
        answer = compose(browser, {**ENQUIRY, "deviation": "deviation.incident"})
        assert answer.status_code == 302
        preview = browser.get(answer["Location"])
        words = code_list("deviation_reasons").label("deviation.incident", "es")
        assert text("channels.choice.instead", "es", reason=words) in unescape(preview.content.decode()).replace(
            "<bdi>", ""
        ).replace("</bdi>", "")
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        row = choice_of(parse_matter(done["Location"].split("/")[2]))
        page = unescape(browser.get(done["Location"]).content.decode())
        assert words in page, "the page of the matter says why"
    assert row is not None
    assert (row.recommended, row.channel, row.deviation) == ("direct", "embassy", "deviation.incident")


def test_an_approval_is_asked_on_one_page_and_given_on_another(two: Two, clock: Clock, madrid: Person) -> None:
    set_channel_rules(parse_rules(RULES))
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        answer: Any = compose(browser, ENQUIRY, path=here)
        assert answer.status_code == 422
        assert set(messages(answer)) == {"channel"}
        asked = browser.post(
            f"{here}approval/", {**ENQUIRY, "version": hidden(answer, "version"), "approve": "embassy"}
        )
        assert asked["Location"] == f"{here}#section-channel"
        assert text("channels.choice.asked", "es") in browser.get(here).content.decode()
        assert browser.get("/channels/approvals/").status_code == 404, "who may not approve has no such page"
    with person(two, "ES-1001", "ar", clock) as head:
        page = head.get("/channels/approvals/").content.decode()
        assert "ES-4017" in page
        assert label("strained", "ar") in unescape(page)
        assert "Benal" not in page, "the approver sees what the rules saw, and nobody's name"
        [identifier] = re.findall(r'action="/channels/approvals/([0-9a-f]{32})/"', page)
        done = head.post(f"/channels/approvals/{identifier}/", {"answer": "approve"})
        assert done.status_code == 302
        assert text("channels.approvals.approved", "ar") in head.get(done["Location"]).content.decode()
        assert head.post(f"/channels/approvals/{identifier}/", {"answer": "approve"}).status_code == 409
        assert head.post("/channels/approvals/none/", {"answer": "approve"}).status_code == 404
    with madrid as browser:
        assert "ES-1001" in said(browser.get(here).content.decode(), "embassy")
        answer = compose(browser, ENQUIRY, path=here)
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302
        row = choice_of(parse_matter(done["Location"].split("/")[2]))
    assert row is not None
    assert (row.verdict, row.approver) == ("approval", "ES-1001")


def test_an_approval_asked_of_a_draft_that_is_not_whole_stands_there_too(madrid: Person) -> None:
    """What the rules see of a draft is the same when it is asked and when it is shown."""
    set_channel_rules(parse_rules(RULES))
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        page = browser.get(here)
        data = {"to": "ma.dgst/counter-terrorism", "law.offence": "offence.drugs", "subjects.0.kind": "subject.person"}
        browser.post(f"{here}approval/", {**data, "version": hidden(page, "version"), "approve": "embassy"})
        assert text("channels.choice.asked", "es") in said(browser.get(here).content.decode(), "embassy")


def test_the_preview_says_by_which_channel_and_why(madrid: Person) -> None:
    with madrid as browser:
        answer = compose(browser, ENQUIRY)
        preview = unescape(browser.get(answer["Location"]).content.decode())
    assert text("channels.choice.chosen", "es") in preview
    assert label("sensitive-by-office", "es") in preview
