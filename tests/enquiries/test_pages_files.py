"""A photograph with an enquiry and a passport with its answer, by hand: chosen in the form, shown in the preview, seen by the other side."""

from __future__ import annotations

import os
from typing import Any

import django
import pytest
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402

from support.browsing import Browser  # noqa: E402
from support.files import PURPOSE, put_in, talk  # noqa: E402
from support.node import Clock, Node  # noqa: E402
from support.pictures import jpeg, png  # noqa: E402
from support.two import Two  # noqa: E402
from support.writing import ANSWER, ENQUIRY, compose, hidden, messages  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402

pytestmark = pytest.mark.storage


def at(node: Node, number: str, clock: Clock) -> Browser:
    use(node)
    browser = Browser(language="en")
    browser.sign_in(number, clock=clock)
    return browser


def use(node: Node) -> None:
    node.use()
    bind_site(node.home)
    settings.ALLOWED_HOSTS = ["testserver"]


def taken_in(browser: Browser, data: bytes, name: str) -> str:
    answer = browser.post("/files/add/", {"purpose": PURPOSE, "file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302
    return str(answer["Location"]).split("/")[2]


def send(browser: Browser, data: dict[str, Any], name: str, **more: Any) -> str:
    answer = compose(browser, data, **more)
    assert answer.status_code == 302, messages(answer)
    preview = browser.get(answer["Location"])
    assert name in preview.content.decode()
    done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
    assert done.status_code == 302
    return str(done["Location"])


def test_files_are_chosen_in_the_form_and_seen_by_the_other_side(registered: Two, clock: Clock) -> None:
    madrid = at(registered.es, "ES-4017", clock)
    photo = taken_in(madrid, jpeg(length=300_000), "playa.jpg")
    theirs = id_text(put_in(registered.es, png(), officer="ES-1001"))
    page = send(madrid, {**ENQUIRY, "files": [photo, theirs]}, "playa.jpg")
    registered.carry()
    talk(registered.ma, registered.es)

    rabat = at(registered.ma, "MA-2210", clock)
    files = rabat.get(f"{page}files/").content.decode()
    assert files.count("JPEG picture") == 1 and "PNG picture" not in files
    passport = taken_in(rabat, png(text=b"escaneado"), "جواز.png")
    send(rabat, {**ANSWER, "files": [passport]}, "جواز.png", path=f"{page}say/answer/")
    registered.carry()
    talk(registered.es, registered.ma)

    use(registered.es)
    files = madrid.get(f"{page}files/").content.decode()
    assert "JPEG picture" in files and "PNG picture" in files
    assert madrid.get(f"/files/{photo}/").status_code == 404, "the draft is what was sent now"
