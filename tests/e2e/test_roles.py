"""A crawl of all pages as each role: nothing opens that a role should not open, nothing that is linked is missing, nothing comes from elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import django
import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser

from support.desks import Desk
from tansiq.demo.cast import CAST
from tansiq.demo.stage import Node
from tansiq.demo.story import Story

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()

from tansiq.web.access import Access, Role, access_of  # noqa: E402

MOST = 150
"""Pages that one crawl looks at; more would only be more rows of the same lists."""
NAMES = ("Chaouni", "الشاوني", "Chauni", "Valcarcel", "Quintanilla", "Bulaix", "Xacruni")
"""Of whom the waiting matters speak."""
CONTENT = {"enquiries", "cases", "items", "files", "registers", "liaison", "interpol"}
"""Where pages of matters begin."""
PEOPLE = [person.number for member in CAST for person in member.people]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
ELSEWHERE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""", re.IGNORECASE)


@pytest.fixture(scope="session")
def waiting(scene: Story) -> Story:
    """The nodes with a matter on each desk."""
    scene.leave_waiting()
    return scene


def links(page: str, at: str) -> set[str]:
    """The pages of the same site to which a page leads."""
    found = set()
    for target in re.findall(r"""<a\b[^>]*\bhref=["']([^"'#]+)""", page):
        parts = urlsplit(urljoin(at, target.replace("&amp;", "&")))
        if not parts.netloc:
            found.add(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def shape(path: str) -> str:
    """A path without its ids: rows of the same list are alike."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9]+(?=/)|=[^&]+", "*", path)


def crawl(desk: Desk) -> dict[str, str]:
    """Every page that links lead to from the start, one of each shape and a few more, with what it says."""
    seen: dict[str, str] = {}
    shapes: dict[str, int] = {}
    todo = [urlsplit(desk.page.url).path]
    while todo and len(seen) < MOST:
        path = todo.pop(0)
        if path in seen or shapes.get(shape(path), 0) >= 3 or "sign-out" in path:
            continue
        shapes[shape(path)] = shapes.get(shape(path), 0) + 1
        answer = desk.fetch(path)
        assert answer.status == 200, f"{desk.person.number} {path}: {answer.status}"
        headers = answer.headers
        assert (
            "default-src 'none'" in headers["content-security-policy"]
            and "unsafe" not in headers["content-security-policy"]
        ), path
        if "text/html" not in headers["content-type"]:
            seen[path] = ""
            continue
        assert headers["cache-control"] == "no-store", path
        seen[path] = answer.text
        assert not INLINE.search(seen[path]), f"{path}: {INLINE.search(seen[path])}"
        assert not ELSEWHERE.search(seen[path]), f"{path}: {ELSEWHERE.search(seen[path])}"
        todo += sorted(links(seen[path], path))
    return seen


@pytest.fixture(scope="session")
def crawled(waiting: Story, desks: Callable[[str], Desk]) -> dict[str, dict[str, str]]:
    """What each person of the cast finds by following links."""
    found = {}
    for number in PEOPLE:
        desk = desks(number)
        desk.open("/")
        found[number] = crawl(desk)
    return found


def test_everybody_finds_something(crawled: dict[str, dict[str, str]]) -> None:
    assert all(len(pages) >= 3 for pages in crawled.values()), {number: len(pages) for number, pages in crawled.items()}


def test_the_pages_of_the_channels_are_found_by_who_may_look(crawled: dict[str, dict[str, str]]) -> None:
    looks = {"/channels/", "/channels/courier/", "/channels/with/ma.dgst/", "/channels/with/ma.dgst/embassy/"}
    for number in ("ES-4017", "ES-1001", "ES-4002", "ES-3300"):
        assert looks | {"/channels/courier/take/"} <= set(crawled[number]), number
    for number in ("ES-9001", "ES-9100"):
        assert looks <= set(crawled[number]), number
        assert "/channels/courier/take/" not in crawled[number], f"{number} only looks"
    assert not [path for path in crawled["ES-0007"] if path.startswith("/channels/")]
    assert "/channels/with/ma.dgst/embassy/decide/" in crawled["ES-1001"]
    assert "/channels/with/ma.dgst/embassy/decide/" not in crawled["ES-4017"]


@pytest.mark.parametrize("number", PEOPLE)
def test_nobody_opens_a_page_of_another_role(
    crawled: dict[str, dict[str, str]], desks: Callable[[str], Desk], number: str
) -> None:
    mine = {Role(role) for role in roles_of(number)}
    theirs = {path for other, pages in crawled.items() if other[:2] == number[:2] and other != number for path in pages}
    tried = 0
    for path in sorted(theirs):
        rule = rule_of(path)
        if rule is None or rule.open is not None or rule.roles & mine:
            continue
        tried += 1
        answer = desks(number).fetch(path)
        assert answer.status == 404, f"{number} opened {path}, which is for {sorted(rule.roles)}"
    assert tried, "there was something to try"


@pytest.mark.parametrize("number", [person.number for member in CAST for person in member.people if person.apart])
def test_whoever_has_no_desk_opens_no_page_of_a_matter_whatever_its_rule_says(
    crawled: dict[str, dict[str, str]], desks: Callable[[str], Desk], number: str
) -> None:
    theirs = {path for other, pages in crawled.items() if other[:2] == number[:2] for path in pages}
    content = sorted(path for path in theirs if path.split("/")[1] in CONTENT)
    assert len(content) > 10, "officers found matters to open"
    opened = [path for path in content if desks(number).fetch(path).status != 404]
    assert not opened, f"{number} opened {opened}"


@pytest.mark.parametrize("number", ["ES-4017", "ES-3300", "ES-5200", "MA-2210", "MA-5100"])
def test_an_officer_opens_no_page_of_the_administrator_whatever_its_rule_says(
    crawled: dict[str, dict[str, str]], desks: Callable[[str], Desk], number: str
) -> None:
    members = sorted(path for path in crawled[f"{number[:2]}-0007"] if path.startswith("/members/"))
    assert members, "the administrator found the accounts"
    opened = [path for path in members if desks(number).fetch(path).status != 404]
    assert not opened, f"{number} opened {opened}"


def test_the_administrator_and_whoever_is_outside_see_no_content(crawled: dict[str, dict[str, str]]) -> None:
    readers = [
        number for number, pages in crawled.items() if any(name in page for page in pages.values() for name in NAMES)
    ]
    assert readers, "the officers see of whom the matters speak"
    assert not {"ES-0007", "MA-0007"} & set(readers)


def test_nobody_signed_in_gets_nothing_but_the_sign_in(
    crawled: dict[str, dict[str, str]], browser: Browser, es: Node
) -> None:
    stranger = Desk(browser, es, "ES-4017")
    stranger.open("/sign-in/")
    for path in crawled["ES-4017"]:
        rule = rule_of(path)
        if rule is None or (rule.open is not None and rule.open.value == "anyone"):
            continue
        assert stranger.fetch(path).path == "/sign-in/", path
    stranger.close()


def rule_of(path: str) -> Access | None:
    try:
        return access_of(resolve(urlsplit(path).path).func)
    except Resolver404:
        return None


def roles_of(number: str) -> tuple[str, ...]:
    """What the profiles of the cast give; who has no post has the role of the cast."""
    import tomllib

    for member in CAST:
        for one in tomllib.loads(member.profile.read_text("utf-8"))["officers"]:
            if one["number"] == number:
                return tuple(one["roles"])
        for person in member.people:
            if person.number == number and person.apart:
                return (person.role,)
    raise AssertionError(number)
