"""Forms filled in by hand: what a draft of the demonstration says is written into the fields of a page, one by one.

Invariant: every field of the draft has its place on the form; one that has none fails the test, unless a form never asks
for it (`NOT_ASKED`), because it follows from others or from who signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from playwright.sync_api import Page, expect

from support.desks import Desk

__all__ = ["FORM", "Written", "preview", "say", "sign_and_send", "write", "written"]

FORM: Final = "form#form"
NOT_ASKED: Final = re.compile(r"(^|\.)(deadline_class|originator|kind)$|^from$|places\.\d+\.script$")
"""What follows from the urgency, from whose node it is, from the button that added the part, from who writes, from the name."""
_ONE_BY_ONE: Final = frozenset({"births", "nationalities"})
Written = Mapping[str, tuple[Any, str]]
"""By the name of a field: what is written there, and in which language."""


def _flat(value: Any, name: str, language: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    last = name.rpartition(".")[2]
    if isinstance(value, Mapping):
        tongue = str(value.get("language", language))
        for key, one in value.items():
            if key != "language":
                yield from _flat(one, f"{name}.{key}" if name else key, tongue)
    elif isinstance(value, list) and (last in _ONE_BY_ONE or any(isinstance(one, Mapping) for one in value)):
        for place, one in enumerate(value):
            yield from _flat(one, f"{name}.{place}", language)
    else:
        yield name, (value, language)


def written(draft: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """What a person writes to say the draft (as TOML has it; an answer's own fields stand beside its items)."""
    plain = dict(draft)
    return dict(_flat({**plain.pop("answer", {}), **plain}, "", ""))


def _make_room(page: Page, name: str, fields: Written) -> None:
    """Presses the buttons that add what ``name`` is a part of, as far as it is not there."""
    parts = name.split(".")
    for at, part in enumerate(parts):
        if not part.isdigit():
            continue
        group = ".".join(parts[:at])
        here = page.locator(f'{FORM} [name^="{group}.{part}."]')
        if at == len(parts) - 1 or here.count():
            continue
        kind = fields.get(f"{group}.{part}.kind", ("subject.person", ""))[0]
        button = page.locator(
            f'{FORM} button[name=add][value="{group}"], {FORM} button[name=add][value="{group}:{kind}"]'
        )
        button.first.click()
        here.first.wait_for(state="attached")
        page.wait_for_load_state()


def _write(page: Page, name: str, value: Any, language: str) -> None:
    controls = page.locator(f'{FORM} [name="{name}"]')
    if not controls.count():
        assert NOT_ASKED.search(name), f"the form does not ask for {name}"
        return
    kind = controls.first.evaluate("one => one.type")
    if kind in {"checkbox", "radio"} and not (kind == "checkbox" and isinstance(value, bool)):
        values = value if isinstance(value, list) else [{True: "yes", False: "no"}.get(value, value)]
        for one in values:
            page.locator(f'{FORM} [name="{name}"][value="{one}"]').check()
    elif kind == "checkbox":
        controls.first.set_checked(value)
    elif kind == "select-one":
        controls.first.select_option(value)
    elif kind != "hidden":
        controls.first.fill(str(value).strip())
    tongue = page.locator(f'{FORM} [name="{name}.language"]')
    if language and tongue.count():
        tongue.select_option(language)


def write(page: Page, fields: Written) -> None:
    """Fills in the form that the page shows."""
    for name in fields:
        _make_room(page, name, fields)
    for name, (value, language) in fields.items():
        _write(page, name, value, language)


def preview(page: Page) -> None:
    """Goes on to how it will be read, by the embassy's channel unless another is chosen; whatever is wrong stands in the failure."""
    channels = page.locator(f"{FORM} input[name=channel]")
    if channels.count() and not page.locator(f"{FORM} input[name=channel]:checked").count():
        page.locator(f"{FORM} input[name=channel][value=embassy]").check()
    with page.expect_navigation():
        page.locator(f"{FORM} .form-end button[name=preview]").click()
    if not page.url.endswith("/preview/"):
        wrong = page.locator("main .summary, main .wrong, main .notice").all_inner_texts()
        raise AssertionError(f"{page.url} goes no further: {wrong}")


def sign_and_send(page: Page) -> None:
    """Signs what the preview shows; the page of the matter follows."""
    page.locator("main form.form-end button:not([disabled])").first.click()
    expect(page).to_have_url(re.compile(r"/enquiries/[0-9a-f-]{36}/(replies/)?$"))


def say(desk: Desk, matter: str, word: str, fields: Mapping[str, Any], language: str = "") -> None:
    """Says a word in a matter: its button on the page of the matter, the form, the preview, the signature."""
    page = desk.open(f"/enquiries/{matter}/")
    page.locator(f'.heading a[href$="/say/{word}/"]').click()
    write(
        page,
        {
            name: value if isinstance(value, tuple) else (value, language or desk.language)
            for name, value in fields.items()
        },
    )
    preview(page)
    sign_and_send(page)
