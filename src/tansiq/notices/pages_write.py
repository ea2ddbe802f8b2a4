"""Writing a notice or a diffusion: kept while one writes, judged by the law, shown as it will be read, then laid on the desk for its check.

Invariant: nothing leaves from here: what is laid on the desk is checked by a person and only then sent (`pages_check`). An update is
written from the version that binds.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.notices.contents import notices_in
from tansiq.notices.desks import BUREAU
from tansiq.notices.drafts import DraftRow, draft_of, keep_draft, unchecked_faults
from tansiq.notices.forms import INITIAL, flat_notice, notice_from, notice_sections
from tansiq.notices.kinds import UPDATE
from tansiq.notices.pages_common import (
    AT_A_DESK,
    EDITING,
    acting,
    has_role,
    looking,
    node_of,
    notice_blocks,
    reader_here,
    thing_of,
)
from tansiq.notices.pages_warned import warned_in_words
from tansiq.notices.queries import show_notice
from tansiq.notices.rows import NoticeRow, notice_rows
from tansiq.policy.codes import code_list
from tansiq.policy.faults import Faults
from tansiq.policy.notice import Notice
from tansiq.policy.notice_course import Kind
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.moments import local
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "new", "preview", "write"]

_KINDS: Final = {"notice": Kind.NOTICE, "diffusion": Kind.DIFFUSION, "update": Kind.NOTICE, "draft": Kind.NOTICE}


@dataclass(frozen=True, slots=True)
class _Written:
    """What is being written: a new notice or diffusion, the update of ``row``, or ``laid``, which lies on the desk already."""

    request: Request
    what: str
    about: str
    kind: Kind
    row: NoticeRow | None = None
    laid: DraftRow | None = None
    before: Notice | None = None

    @property
    def here(self) -> str:
        return reverse("notice-write", kwargs={"what": self.what, "about": self.about})

    @property
    def back(self) -> str:
        if self.row is not None:
            return reverse("notice", kwargs={"matter": self.about})
        if self.laid is not None:
            return reverse("notice-draft", kwargs={"draft": self.about})
        return reverse("interpol")

    @property
    def title(self) -> str:
        name = self.what if self.what in {"update", "draft"} else f"new-{self.kind}"
        return text(f"notices.page.{name}", self.request.language)

    def writing(self) -> Writing:
        return Writing(
            kind=f"notice.{self.what}",
            about=self.about,
            here=self.here,
            sections=lambda data: notice_sections(data, self.request),
            initial=self._initial(),
        )

    def _initial(self) -> Mapping[str, Any]:
        if self.before is None:
            return INITIAL
        data = flat_notice(self.before)
        zone = reader_here(self.request).zone
        for name in ("until_ms", "conditions.expires_at_ms"):
            if isinstance(data.get(name), int):
                data[name] = local(data[name], zone).date().isoformat()
        return data


def _written(request: Request, what: str, about: str) -> _Written:
    """What the address names. Raises Http404, NotFound."""
    if what not in _KINDS or not has_role(request, BUREAU):
        raise Http404
    context = node_of(request)
    if what == "update":
        shown = show_notice(thing_of(about), officer=looking(request), context=context, log=False)
        if UPDATE not in shown["may"]:
            raise Http404
        row = notice_rows("matter = %s", (thing_of(about),))[0]
        version = row.version or row.pending or row.first
        return _Written(
            request, what, about, row.kind, row=row, before=notices_in([version], context=context).get(version)
        )
    if what == "draft":
        laid, notice = draft_of(thing_of(about), looking(request).posts, context=context)
        return _Written(request, what, about, laid.kind, laid=laid, before=notice)
    return _Written(request, what, about, _KINDS[what])


def _judge(written: _Written, data: Data) -> Judged:
    """What the law says to it, apart from what its checker answers for."""
    request = written.request
    notice, unread = notice_from(data, request)
    if notice is None:
        return Judged(faults=unread)
    form = form_of(notice_sections(data, request))
    today = dt.datetime.fromtimestamp(request.now_ms / 1000, dt.UTC).date()
    found = unchecked_faults(notice, today=today, said_ms=node_of(request).clock())
    judged = Judged.of(Faults(found), form=form, language=request.language)
    if judged.faults:
        return judged
    if written.row is not None and notice.colour != written.row.colour:
        return Judged(faults={"colour": (text("notices.form.other-colour", request.language),)})
    return Judged(made=notice)


@page(*AT_A_DESK)
def new(request: Request, what: str) -> HttpResponse:
    """A new draft."""
    if what not in {"notice", "diffusion"} or not has_role(request, BUREAU):
        raise Http404
    return HttpResponseRedirect(reverse("notice-write", kwargs={"what": what, "about": secrets.token_hex(6)}))


@page(*AT_A_DESK, methods=EDITING)
def write(request: Request, what: str, about: str) -> HttpResponse:
    """The form."""
    written = _written(request, what, about)
    context = {
        "title": written.title,
        "lead": text("notices.page.title", request.language),
        "back": written.back,
        "forget": f"{written.here}forget/",
        "submit": "notices.form.preview",
    }
    return page_of(
        request, written.writing(), lambda data: _judge(written, data), template="enquiries/word.html", context=context
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, what: str, about: str) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _written(request, what, about).writing())


@page(*AT_A_DESK, methods=EDITING)
def forget(request: Request, what: str, about: str) -> HttpResponse:
    """Throws away what is being written, after asking."""
    written = _written(request, what, about)
    if request.method == "POST":
        drop(request, written.writing())
        return HttpResponseRedirect(written.back)
    return render(request, "enquiries/forget.html", {"back": written.here, "url": request.path})


def _as_read(written: _Written, notice: Notice) -> Mapping[str, Any]:
    """The notice as its readers will read it."""
    request, language = written.request, written.request.language
    plain: dict[str, Any] = dict(notice.to_plain())
    showing = Showing(reader_here(request))
    conditions = plain.get("conditions", {})
    words = conditions.get("words") or {}
    return {
        "title": written.title,
        "colour": code_list("notice_colours").label(notice.colour or "", language),
        "handling": tuple(conditions.get("codes", ())),
        "classification": conditions.get("classification", ""),
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "subjects": showing.subjects(plain),
        "blocks": notice_blocks(plain, showing, language),
        "warned": warned_in_words(notice.subjects, request),
    }


@page(*AT_A_DESK, methods=EDITING)
def preview(request: Request, what: str, about: str) -> HttpResponse:
    """How it will be read; by POST it is laid on the desk, to be checked."""
    written = _written(request, what, about)

    def lay(notice: Notice) -> str:
        made = keep_draft(
            notice,
            officer=acting(request),
            context=node_of(request),
            kind=written.kind,
            draft=written.laid.id if written.laid is not None else b"",
            matter=written.row.matter if written.row is not None else b"",
        )
        return reverse("notice-draft", kwargs={"draft": UUID(id_text(made))})

    return preview_of(
        request,
        written.writing(),
        lambda data: _judge(written, data),
        template="notices/preview.html",
        context=lambda notice: _as_read(written, notice),
        send=lay,
    )
