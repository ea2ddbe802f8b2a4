"""Who may open a page: a view without a rule is never run, and who may not open one learns nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import URLPattern, URLResolver

from support.gallery import Somebody
from tansiq.node import urls
from tansiq.policy.codes import code_list
from tansiq.web.access import ANYONE, SIGNED_IN, Role, access_of, page
from tansiq.web.visitor import ANONYMOUS


def views(patterns: list[Any]) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from views(one.url_patterns)
        elif isinstance(one, URLPattern):
            yield str(one.pattern), one.callback


def test_every_page_that_can_be_reached_says_who_may_open_it() -> None:
    found = list(views(urls.urlpatterns))
    assert found
    assert not [address for address, view in found if access_of(view) is None]


def test_a_view_without_a_rule_is_never_run(site: Client) -> None:
    answer = site.get("/gallery/without-rule/")
    assert answer.status_code == 500
    assert b"never" not in answer.content
    with pytest.raises(ImproperlyConfigured):
        Client().get("/gallery/without-rule/")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OFFICER])
def test_who_may_not_open_a_page_gets_the_answer_of_one_that_does_not_exist(site: Client, role: Role) -> None:
    refused, absent = (
        site.get(address, headers={"X-Role": role}) for address in ("/gallery/dialog/", "/nothing-here/")
    )
    assert refused.status_code == absent.status_code == 404
    same = [
        answer.content.replace(b"/gallery/dialog/", b"").replace(b"/nothing-here/", b"") for answer in (refused, absent)
    ]
    assert without_tokens(same[0]) == without_tokens(same[1])
    assert dict(refused.headers) | {"Content-Length": ""} == dict(absent.headers) | {"Content-Length": ""}


def without_tokens(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if b"oken" not in line]


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(site: Client) -> None:
    answer = site.get("/gallery/desk/?before=7", headers={"X-Role": "nobody"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in/?next=/gallery/desk/%3Fbefore%3D7"


def test_a_part_of_a_page_is_led_there_too(site: Client) -> None:
    answer = site.get("/gallery/desk/", headers={"X-Role": "nobody", "HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", "No se ha perdido nada"),
        ("ar", "لم يضِع شيء"),
        ("fr", "n’est perdu"),
        ("en", "Nothing that you wrote is lost"),
    ],
)
def test_what_was_sent_after_the_end_of_a_session_is_told_to_be_kept(site: Client, language: str, words: str) -> None:
    headers = {"X-Role": "nobody", "Accept-Language": language, "Referer": "http://testserver/gallery/form/"}
    answer = site.post("/gallery/form/", {"reason": "x"}, headers=headers)
    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert "/sign-in/?next=/gallery/form/" in answer.content.decode()


def test_a_form_that_is_not_ours_is_not_accepted(site: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/gallery/form/", {"reason": "x"})
    assert answer.status_code == 403
    assert b"summary" not in answer.content
    token = re.search(r'"csrfmiddlewaretoken" value="(\w+)"', strict.get("/gallery/form/").content.decode())
    assert token and strict.post("/gallery/form/", {"reason": "x", "csrfmiddlewaretoken": token[1]}).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_another_method_is_answered_with_the_right_ones(site: Client, method: str) -> None:
    answer = getattr(site, method)("/gallery/desk/")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_head_goes_with_get(site: Client) -> None:
    answer = site.head("/gallery/desk/")
    assert answer.status_code == 200
    assert not answer.content


@pytest.mark.parametrize(
    ("who", "visitor", "may"),
    [
        ((ANYONE,), ANONYMOUS, True),
        ((SIGNED_IN,), ANONYMOUS, False),
        ((SIGNED_IN,), Somebody(roles=frozenset()), True),
        ((Role.OFFICER,), ANONYMOUS, False),
        ((Role.OFFICER,), Somebody(), True),
        ((Role.OFFICER, Role.HEAD), Somebody(roles=frozenset({Role.HEAD})), True),
        ((Role.HEAD,), Somebody(), False),
        ((Role.OFFICER,), Somebody(number=""), False),
    ],
)
def test_the_rule(who: Any, visitor: Any, may: bool) -> None:
    @page(*who)
    def view() -> None: ...

    rule = access_of(view)
    assert rule is not None and rule.permits(visitor) == may


def test_a_page_for_nobody_in_particular_is_a_defect() -> None:
    with pytest.raises(ValueError, match="who may open it"):
        page()


def test_every_role_has_its_labels() -> None:
    assert set(code_list("roles")) == set(Role)


@pytest.mark.parametrize(
    "referer", ["http://[", "//[", "http://testserver:x/gallery/", "http://elsewhere/gallery/", "\x00"]
)
def test_whatever_a_browser_says_where_it_was_it_is_led_to_a_page_of_ours(site: Client, referer: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/gallery/form/", {"reason": "x"}, headers={"Referer": referer})
    assert answer.status_code == 403
    assert '/sign-in/?next=/"' in answer.content.decode()
