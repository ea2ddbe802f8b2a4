"""What every answer carries, and what no page may hold: nothing inline, nothing from elsewhere, nothing in a cache."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from support.source import PACKAGE
from tansiq.texts import catalogue
from tansiq.web.assets import asset, asset_files

ANSWERS = {
    "a page": ("get", "/gallery/desk/", 200),
    "a redirect": ("post", "/choose/", 302),
    "a page that is not there": ("get", "/nothing-here/", 404),
    "another method": ("post", "/gallery/desk/", 405),
    "a defect": ("get", "/gallery/broken/defect/", 500),
    "an error": ("get", "/gallery/broken/conflict/", 409),
    "a file": ("get", asset("page.css"), 200),
}
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))
STYLE = (PACKAGE / "web" / "static" / "web" / "page.css").read_text(encoding="utf-8")
SCRIPT = (PACKAGE / "web" / "static" / "web" / "page.js").read_text(encoding="utf-8")


def by_name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_has_its_headers(site: Client, what: str) -> None:
    method, address, status = ANSWERS[what]
    answer = getattr(site, method)(address)
    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert {rules[f"{kind}-src"] for kind in ("script", "style", "img", "font", "connect")} == {"'self'"}
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    answer.close()
    assert ("immutable" if what == "a file" else "no-store") in answer.headers["Cache-Control"]


def test_no_header_says_what_serves_the_pages(site: Client) -> None:
    answer = site.get("/gallery/desk/")
    assert not {"Server", "X-Powered-By"} & set(answer.headers)


def test_no_script_and_no_other_site_reads_a_cookie(site: Client) -> None:
    answer = site.post("/choose/", {"language": "ar", "appearance": "dark"})
    assert answer.cookies
    for cookie in answer.cookies.values():
        assert cookie["httponly"] and cookie["samesite"]


@pytest.mark.parametrize("template", TEMPLATES, ids=by_name)
def test_a_template_holds_nothing_inline_and_nothing_from_elsewhere(template: Path) -> None:
    text = re.sub(
        r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    written = re.sub(r"{%.*?%}", " ", text, flags=re.DOTALL)  # a tag's own `with one=…` is no attribute
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", written), (
        "inline style or script"
    )
    assert not re.search(r"(?:https?:)?//[a-z]", text.replace("http://www.w3.org/2000/svg", "")), "another host"
    assert not re.search(r"\bhx-on|hx-vals='js|hx-vars|\|safe\b|autoescape off", text), (
        "something that runs or escapes nothing"
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=by_name)
def test_every_text_that_a_template_asks_for_exists(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    keys = set(catalogue())
    for tag, key in re.findall(r"""{% (t|t_plain|tn) ["']([\w.-]+)["']""", text):
        assert (f"{key}.other" if tag == "tn" else key) in keys, f"{template.name} asks for {key}"
    for key in re.findall(r"""(?:title|words|action)="(\w+\.[\w.-]+)\"""", text):
        assert key in keys, f"{template.name} asks for {key}"
    assert re.search(r"{% load [\w ]*tansiq", text) or "{% t" not in text


@pytest.mark.parametrize("template", [one for one in TEMPLATES if one.name != "field_marks.html"], ids=by_name)
def test_a_template_says_no_word_of_its_own(template: Path) -> None:
    """All that is read stands in the texts, in four languages."""
    text = re.sub(
        r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    bare = re.sub(
        r"<!doctype html>|<[^>]*>|{%.*?%}|{{.*?}}",
        " ",
        re.sub(r"<([^>{]|{[%{].*?[%}]})*>", " ", text, flags=re.DOTALL),
        flags=re.DOTALL,
    )
    words = re.findall(r"[^\W\d_]{2,}", bare)
    assert set(words) <= {"UTC"}, f"{template.name} says {words[:5]}"


def test_the_style_knows_no_left_and_no_right() -> None:
    bare = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    physical = re.findall(
        r"(?<![\w-])(?:(?:margin|padding|border|inset)-(?:left|right|top|bottom)[\w-]*|left|right|top|bottom|(?:min-|max-)?(?:width|height)"
        r"|text-align|float|clear)\s*:\s*[^;]*;",
        re.sub(r"@(?:media|container)[^{]*{", "{", bare),
    )
    assert not [one for one in physical if not re.match(r"text-align\s*:\s*(?:start|end|center)", one)]


def test_the_style_and_the_script_ask_nobody_else() -> None:
    assert not re.search(r"https?:|//[a-z]+\.|@import|expression\(", STYLE)
    assert not re.search(r"https?:|eval\(|Function\(|innerHTML|localStorage|sessionStorage|document\.cookie", SCRIPT)


def test_every_file_that_the_style_names_is_served_or_is_a_typeface() -> None:
    for name in re.findall(r"url\(\"([^\"]+)\"\)", STYLE):
        assert name in asset_files() or name.startswith("fonts/"), name


def test_nothing_but_the_files_of_the_pages_is_served(site: Client) -> None:
    base = asset("page.css").removesuffix("page.css")
    for name in ("../page.css", "fonts/made", "page.css/", "%2e%2e/apps.py", "page.css%00", "templates/web/frame.html"):
        assert site.get(f"{base}{name}").status_code == 404, name
    assert site.get("/static/0000000000000000/page.css").status_code == 404


@pytest.mark.parametrize("name", ["page.css", "page.js", "htmx.js", "signs.svg", "mark.svg"])
def test_a_file_is_kept_for_ever_under_the_digest_of_all(site: Client, name: str) -> None:
    answer = site.get(asset(name))
    assert b"".join(answer.streaming_content) == asset_files()[name].read_bytes()  # type: ignore[attr-defined]
    answer.close()
    assert "Set-Cookie" not in answer.headers


def test_a_file_that_is_not_there_is_a_defect() -> None:
    with pytest.raises(KeyError):
        asset("no.css")
