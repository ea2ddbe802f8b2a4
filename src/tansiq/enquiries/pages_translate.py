"""Adding a translation of one text of a matter: the original above, its translator named.

Invariant: the original stays as it was said; the translation is kept here, beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tansiq.enquiries.correspondence import translate
from tansiq.enquiries.pages_common import AT_A_DESK, answer_page, looking, node_of, told
from tansiq.enquiries.pages_matter import shown_matter
from tansiq.enquiries.reading import parse_matter
from tansiq.errors import Error
from tansiq.policy.values import Text
from tansiq.texts import LANGUAGES
from tansiq.web.access import page
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.numbers import whole
from tansiq.web.visitor import Request

__all__ = ["translation"]


def _original(shown: Mapping[str, Any], statement: str, part: int, path: str) -> Mapping[str, Any] | None:
    """The text that the reader may view; None when there is none."""
    content: Any = None
    if statement == shown["request"]["statement"]:
        content = shown["request"]["content"]
    for word in shown["words"]:
        if statement == word["statement"]:
            item = next((one for one in word["items"] if one["place"] == part), None)
            content = word["content"] if part == 0 else item["content"] if item is not None else None
    for step in path.split("."):
        if isinstance(content, Mapping):
            content = content.get(step)
        elif isinstance(content, list) and (place := whole(step)) is not None and place < len(content):
            content = content[place]
        else:
            return None
    return content if isinstance(content, Mapping) and {"language", "value"} <= set(content) else None


@page(*AT_A_DESK, methods=("GET", "POST"))
def translation(request: Request, matter: UUID) -> HttpResponse:
    """The form, and by POST the keeping."""
    data = request.POST if request.method == "POST" else request.GET
    statement, path = str(data.get("statement", "")), str(data.get("field", ""))[:96]
    part = whole(data.get("part")) or 0
    shown = shown_matter(request, matter)
    original = _original(shown, statement, part, path)
    if original is None:
        raise Http404
    language = request.language
    back = reverse(
        "enquiry" if statement == shown["request"]["statement"] else "enquiry-replies", kwargs={"matter": matter}
    )
    form = Form(
        (
            Field(name="statement", kind="hidden", value=statement),
            Field(name="part", kind="hidden", value=str(part)),
            Field(name="field", kind="hidden", value=path),
            Field(
                name="text", label="enquiries.field.translation", kind="words", required=True, rows=6, language=language,
                languages=choices_of("languages", language, only=LANGUAGES), longest=16_000,
            ),
        )
    )  # fmt: skip
    if request.method == "POST":
        form = form.bound(request.POST, language=language).checked(language)
        if not form.faulty:
            try:
                translate(
                    parse_matter(str(matter)), parse_matter(statement), part=part, field=path,
                    text=Text(form["text"].language or language, form["text"].value.strip()),
                    context=node_of(request), officer=looking(request),
                )  # fmt: skip
            except Error as error:
                form = form.faulted({}, [told(error, language)])
            else:
                return HttpResponseRedirect(back)
    return answer_page(
        request,
        "enquiries/translate.html",
        {"form": form, "original": original, "back": back, "here": request.path},
        faulty=form.faulty,
    )
