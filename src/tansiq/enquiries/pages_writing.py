"""Something that is written on a page: kept as a draft with every step, judged before it is shown as it will be read, sent
only from there.

Invariant: what was written is in the draft before anything else happens with it, so a session that ends, a fault of law
or a peer that is away loses nothing; two windows never write over each other in silence. The draft belongs to its writer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from tansiq.accounts.drafts import drop_draft, load_draft, save_draft
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, Section, added, filled, form_of, removed
from tansiq.enquiries.pages_common import answer_page, told
from tansiq.errors import Conflict, Error
from tansiq.policy.faults import Faults
from tansiq.web.forms import Form
from tansiq.web.languages import countries
from tansiq.web.numbers import whole
from tansiq.web.visitor import Request

__all__ = ["Judged", "Writing", "Written", "drop", "keep", "load", "page_of", "preview_of"]

_MOST_FIELDS: Final = 1_500


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written: ``kind`` and ``about`` name its draft, ``here`` is its page; ``sections`` makes the form for what is
    written so far, which begins as ``initial``.
    """

    kind: str
    about: str
    here: str
    sections: Callable[[Data], Sequence[Section]]
    initial: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the form: ``version`` 0 and no ``saved_ms`` before it was kept for the first time."""

    data: dict[str, Any]
    version: int = 0
    saved_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the law and the forms say to it: ``made`` is what would be sent, None while anything is wrong; ``wanted`` are
    texts that need a translation, as (part, field).
    """

    made: Any = None
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    messages: Sequence[str] = ()
    wanted: Sequence[tuple[int, str]] = ()

    @classmethod
    def of(cls, faults: Faults, *, form: Form, language: str, at: str = "") -> Judged:
        """The faults of law at the fields that they are about."""
        found = by_field(faults, form=form, language=language, at=at)
        wanted = [(0, fault.field) for fault in faults if fault.code == "policy.law.language-not-read"]
        return cls(faults=found, wanted=wanted)


def load(request: Request, writing: Writing) -> Written:
    """What is written so far."""
    kept = load_draft(request.visitor.number, writing.kind, writing.about)
    if kept is None:
        return Written(dict(writing.initial))
    return Written(dict(kept.content.get("data", {})), kept.version, kept.saved_ms)


def _posted(request: Request, writing: Writing) -> Written:
    """What was sent, and on which version it was written."""
    plain = dict(list(request.POST.items())[:_MOST_FIELDS])
    form = form_of(writing.sections(plain)).bound(request.POST, language=request.language)
    said = {name: list(value) if isinstance(value, tuple) else value for name, value in form.values.items()}
    return Written(said, whole(request.POST.get("version")) or 0)


def _save(request: Request, writing: Writing, written: Written) -> Written:
    """Keeps it. Raises Conflict when another window has kept another version meanwhile."""
    version = save_draft(
        request.visitor.number, writing.kind, writing.about, {"data": written.data}, version=written.version
    )
    return Written(written.data, version, request.now_ms)


def drop(request: Request, writing: Writing) -> None:
    """Forgets the draft."""
    drop_draft(request.visitor.number, writing.kind, writing.about)


def keep(
    request: Request, writing: Writing, *, about: Callable[[Data], Mapping[str, Any]] = lambda _: {}
) -> HttpResponse:
    """The answer to a draft that is kept while one writes: how it stands, and ``about`` what is written; without htmx, the
    page again.
    """
    written, failed = _posted(request, writing), False
    try:
        written = _save(request, writing, written)
    except Error:
        failed = True
    if not request.htmx:
        return HttpResponseRedirect(writing.here)
    return render(
        request,
        "enquiries/draft_kept.html",
        {
            **about(written.data),
            "draft_url": f"{writing.here}draft/",
            "saved_ms": written.saved_ms,
            "failed": failed,
            "version": written.version,
        },
    )


def _changed(data: Data, request: Request) -> tuple[dict[str, Any], str]:
    """What is written after 'add another' or 'take away', and where one goes on ('' when neither was asked)."""
    if group := str(request.POST.get("add", "")):
        group, _, kind = group.partition(":")
        more = added(data, group)
        name = next((name for name in more if name not in data), "").rstrip(".")
        if kind and name:
            more = {**data, f"{name}.kind": kind}
        return more, f"#part-{name.replace('.', '-')}"
    if removal := str(request.POST.get("remove", "")):
        group, _, said = removal.rpartition(":")
        place = whole(said)
        return (dict(data) if place is None else removed(data, group, place)), f"#part-{group.replace('.', '-')}"
    return dict(data), ""


def _shown(
    request: Request, writing: Writing, written: Written, template: str, context: Mapping[str, Any], *,
    judged: Judged | None = None, conflict: bool = False,
) -> HttpResponse:  # fmt: skip
    sections = writing.sections(written.data)
    empty = form_of(sections, draft_url=f"{writing.here}draft/")
    form = empty.bound({**empty.values, **written.data}, language=request.language)
    if judged is not None:
        form = form.faulted(judged.faults, judged.messages)
    answer = answer_page(
        request,
        template,
        {
            **context,
            "form": form,
            "sections": filled(sections, form),
            "version": written.version,
            "saved_ms": written.saved_ms,
            "here": writing.here,
            "conflict": conflict,
            "countries": countries(request.language),
        },
        faulty=form.faulty,
    )
    if conflict:
        answer.status_code = 409
    return answer


def page_of(
    request: Request, writing: Writing, judge: Callable[[Data], Judged], *, template: str, context: Mapping[str, Any],
    about: Callable[[Data], Mapping[str, Any]] = lambda _: {},
) -> HttpResponse:  # fmt: skip
    """The page on which it is written: each step keeps the draft, the last leads to how it will be read. ``about`` is what
    the template says of what is written so far.
    """
    if request.method != "POST":
        written = load(request, writing)
        judged = judge(written.data) if request.GET.get("check") and written.version else None
        return _shown(request, writing, written, template, {**context, **about(written.data)}, judged=judged)
    written = _posted(request, writing)
    kept = load(request, writing)
    if kept.version and kept.data == written.data:  # kept a moment ago, while the button was being pressed
        written = kept
    if request.POST.get("over"):
        written = Written(written.data, kept.version)
    data, anchor = _changed(written.data, request)
    judged = judge(data) if not anchor and request.POST.get("preview") else None
    for part, name in judged.wanted if judged is not None else ():
        data.setdefault(f"translation.{part}.{name}", "")
    try:
        written = _save(request, writing, Written(data, written.version))
    except Conflict:
        return _shown(
            request, writing, Written(data, written.version), template, {**context, **about(data)}, conflict=True
        )
    if anchor:
        return HttpResponseRedirect(f"{writing.here}{anchor}")
    if judged is None:
        return HttpResponseRedirect(writing.here)
    if judged.made is None:
        return _shown(request, writing, written, template, {**context, **about(written.data)}, judged=judged)
    return HttpResponseRedirect(f"{writing.here}preview/")


def preview_of(
    request: Request, writing: Writing, judge: Callable[[Data], Judged], *, template: str,
    context: Callable[[Any], Mapping[str, Any]], send: Callable[[Any], str],
) -> HttpResponse:  # fmt: skip
    """How it will be read, and, by POST, the sending of exactly that; ``send`` returns where one goes on."""
    written = load(request, writing)
    judged = judge(written.data) if written.version else Judged()
    if judged.made is None:
        return HttpResponseRedirect(f"{writing.here}?check=1" if written.version else writing.here)
    messages: list[str] = []
    status = 200
    if request.method == "POST":
        if str(request.POST.get("version")) == str(written.version):
            try:
                onward = send(judged.made)
            except Error as error:
                messages, status = [told(error, request.language)], error.http_status
            else:
                drop(request, writing)
                return HttpResponseRedirect(onward)
        else:
            messages, status = [told(Conflict("web.changed-meanwhile"), request.language)], 409
    shown = {
        **context(judged.made), "version": written.version, "here": writing.here, "messages": messages,
        "may_sign": request.officer is not None,
    }  # fmt: skip
    return render(request, template, shown, status=status)
