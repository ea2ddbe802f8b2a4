"""Pages of files: one to take a file in, one that shows it, the bytes themselves; and the door for slices.

Invariant: bytes that came from outside are served as the type that they were seen to be, in a sandbox, never sniffed, and
only pictures are shown by the page; everything else is a download. Nothing of an upload is ever on the disk in clear or
whole in memory.

    POST /files/begin/            size, name, purpose, case → {"upload", "slice", "received"}
    POST /files/ID/slice/?at=N    the bytes from N on       → {"received", "complete"}; 409 with the right N
    POST /files/ID/finish/                                  → {"file"}
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import quote

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from tansiq.cases.cases import case_row
from tansiq.cases.files import (
    SLICE,
    Taking,
    abandon_upload,
    add_slice,
    begin_upload,
    finish_upload,
    upload_of,
)
from tansiq.cases.files_reading import FileRow, OpenFile, file_rows, open_file
from tansiq.cases.files_sending import strip_file
from tansiq.cases.forms import file_form
from tansiq.cases.media import INLINE
from tansiq.cases.pages_common import AT_A_DESK, form_page, node_of, person_of, reading, thing_of, told
from tansiq.cases.stripping import STRIPPABLE
from tansiq.errors import BadInput, Conflict, Error, NotFound
from tansiq.policy.handling import Use
from tansiq.protocol.ids import id_text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["add", "begin", "content", "file", "finish", "remove_metadata", "show", "slice_", "state"]

_SANDBOX: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
_ENDINGS: Final = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf", "text/plain": ".txt",
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------- taking in


class _Handler(FileUploadHandler):
    """Takes the file of a form in as it comes; Django keeps nothing of it."""

    def __init__(self, request: Request, case: bytes) -> None:
        super().__init__(request)
        self._page, self._case = request, case
        self.taking: Taking | None = None
        self.error: Error | None = None

    def _taking(self) -> Taking:
        if self.taking is None:
            self.taking = Taking(
                name=self.file_name or "",
                context=node_of(self._page),
                officer=person_of(self._page).number,
                purpose=_purpose(""),
                case=self._case,
            )
        return self.taking

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Takes the next piece; what is refused ends the whole upload."""
        try:
            self._taking().write(raw_data)
        except Error as error:
            self.error = error
            raise StopUpload(connection_reset=False) from error
        return None

    def file_complete(self, file_size: int) -> None:
        """Django is given no file."""

    def upload_interrupted(self) -> None:
        """The line broke off: nothing stays."""
        self.forget()

    def forget(self) -> None:
        """Nothing of it stays."""
        if self.taking is not None:
            with contextlib.suppress(NotFound):
                abandon_upload(self.taking.upload, context=node_of(self._page), officer=person_of(self._page).number)
            self.taking = None


def _purpose(said: str) -> str:
    return said if re.fullmatch(r"purpose\.[a-z-]{1,50}", said) else "purpose.investigation"


def _case_of(request: Request, named: str) -> bytes:
    """The case to which a file is added; b'' for none. Raises NotFound when the reader may not know of it."""
    if not named:
        return b""
    return case_row(thing_of(named), reading(request).posts).id


def _added(request: Request, named: str, handler: _Handler) -> HttpResponseBase:
    form = file_form(request.language)
    request.POST  # noqa: B018 (reads the form, and with it the file)
    error = handler.error
    form = form.bound(request.POST, language=request.language)
    if error is None and handler.taking is None:
        error = BadInput("cases.file-empty")
    if error is None and handler.taking is not None:
        try:
            made = handler.taking.end(purpose=_purpose(str(form["purpose"].value)))
            return HttpResponseRedirect(reverse("file", kwargs={"named": id_text(made)}))
        except Error as raised:
            error = raised
    return form_page(request, "cases/add_file.html", form, error, {"named": named, "slice": SLICE})


_protected = cast(Callable[..., HttpResponseBase], csrf_protect(_added))


@page(*AT_A_DESK, methods=("GET", "POST"))
@csrf_exempt
def add(request: Request, named: str = "") -> HttpResponseBase:
    """A file to take in: into a case, or as a draft that is sent later. Its form is protected once its handler is set."""
    case = _case_of(request, named)
    if request.method != "POST":
        return _form(request, named)
    handler = _Handler(request, case)
    request.upload_handlers = [handler]
    answer = _protected(request, named, handler)
    if answer.status_code != 302:
        handler.forget()
    return answer


@csrf_protect
def _form(request: Request, named: str) -> HttpResponse:
    return form_page(
        request, "cases/add_file.html", file_form(request.language), None, {"named": named, "slice": SLICE}
    )


def _refused(error: Error, language: str) -> JsonResponse:
    body: dict[str, Any] = {"code": error.code, "words": told(error, language)}
    if isinstance(error, Conflict) and "offset" in error.values:
        body["received"] = error.values["offset"]
    return JsonResponse(body, status=error.http_status)


@page(*AT_A_DESK, methods=("POST",))
def begin(request: Request) -> HttpResponse:
    """Begins an upload in slices."""
    try:
        size = str(request.POST.get("size", ""))
        if not (size.isascii() and size.isdigit() and len(size) < 16):
            raise BadInput("cases.file-empty")
        upload = begin_upload(
            name=str(request.POST.get("name", ""))[:1000],
            size=int(size),
            context=node_of(request),
            officer=person_of(request).number,
            purpose=_purpose(str(request.POST.get("purpose", ""))),
            case=_case_of(request, str(request.POST.get("case", ""))),
        )
    except Error as error:
        return _refused(error, request.language)
    return JsonResponse({"upload": id_text(upload), "slice": SLICE, "received": 0})


@page(*AT_A_DESK, methods=("GET",))
def state(request: Request, named: str) -> HttpResponse:
    """Where an upload goes on."""
    try:
        row = upload_of(thing_of(named), context=node_of(request), officer=person_of(request).number)
    except Error as error:
        return _refused(error, request.language)
    return JsonResponse({"received": row.received, "size": row.size, "complete": row.complete})


@page(*AT_A_DESK, methods=("POST",))
def slice_(request: Request, named: str) -> HttpResponse:
    """The next slice of an upload: the body, from ``at`` on."""
    at = str(request.GET.get("at", ""))
    try:
        if not (at.isascii() and at.isdigit() and len(at) < 16):
            raise BadInput("cases.file-cut-off")
        row = add_slice(
            thing_of(named),
            request,
            offset=int(at),
            context=node_of(request),
            officer=person_of(request).number,
        )
    except Error as error:
        return _refused(error, request.language)
    return JsonResponse({"received": row.received, "complete": row.complete})


@page(*AT_A_DESK, methods=("POST",))
def finish(request: Request, named: str) -> HttpResponse:
    """The end of an upload."""
    try:
        made = finish_upload(thing_of(named), context=node_of(request), officer=person_of(request).number)
    except Error as error:
        return _refused(error, request.language)
    return JsonResponse({"file": reverse("file", kwargs={"named": id_text(made)})})


# ---------------------------------------------------------------------------------------------------- showing


def _known(request: Request, item: bytes) -> tuple[FileRow, OpenFile | None, Error | None]:
    """The file of an address, opened when it is whole. Raises NotFound when the reader may not know of it."""
    try:
        opened = open_file(item, reading(request), context=node_of(request))
    except Conflict as error:
        return file_rows([item])[0], None, error
    return file_rows([item])[0], opened, None


@page(*AT_A_DESK)
def file(request: Request, named: str) -> HttpResponse:
    """One file: what it is, how it is handled, what it tells beside its content, how far it has come and gone."""
    row, opened, waits = _known(request, thing_of(named))
    context = {
        "row": row,
        "named": named,
        "opened": opened,
        "name": opened.name if opened is not None else "",
        "waits": told(waits, request.language) if waits is not None else "",
        "inline": opened is not None and opened.media in INLINE,
        "strippable": row.item.statement is None and bool(row.tells) and row.media in STRIPPABLE,
        "parent": id_text(row.parent) if row.parent is not None else "",
        "case": id_text(row.item.case) if row.item.case != row.item.id else "",
    }
    return render(request, "cases/file.html", context)


def _range(said: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a range (RFC 9110, section 14.2); None for none, or for one that is not understood.

    Raises ValueError for one that can't be satisfied.
    """
    found = _RANGE.fullmatch(said)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2]) if found[2] else size - 1, size - 1)
    if first > last:
        raise ValueError(said)
    return first, last


def _disposition(name: str, media: str, *, attached: bool) -> str:
    """RFC 6266: a name that is safe in ASCII, and the name itself (RFC 8187)."""
    endings = (".jpg", ".jpeg") if media == "image/jpeg" else (_ENDINGS.get(media, ""),)
    stem = next((name[: -len(one)] for one in endings if one and name.lower().endswith(one)), name)
    whole = f"{stem or 'file'}{endings[0]}"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", stem).strip("._ ")
    safe = f"{plain or 'file'}{endings[0]}"
    how = "attachment" if attached else "inline"
    return f"{how}; filename=\"{safe}\"; filename*=UTF-8''{quote(whole, safe='')}"


def _bytes(request: Request, opened: OpenFile, *, attached: bool) -> HttpResponseBase:
    headers = {
        "Content-Disposition": _disposition(opened.name, opened.media, attached=attached),
        "Content-Security-Policy": _SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
    }
    media = "text/plain; charset=utf-8" if opened.media == "text/plain" else opened.media
    try:
        asked = _range(request.headers.get("Range", ""), opened.size)
    except ValueError:
        headers["Content-Range"] = f"bytes */{opened.size}"
        return HttpResponse(status=416, headers=headers)
    first, last = asked or (0, opened.size - 1)
    answer = StreamingHttpResponse(
        opened.pieces(first, last), status=206 if asked else 200, content_type=media, headers=headers
    )
    answer.headers["Content-Length"] = str(last - first + 1)
    if asked:
        answer.headers["Content-Range"] = f"bytes {first}-{last}/{opened.size}"
    return answer


@page(*AT_A_DESK)
def show(request: Request, named: str) -> HttpResponseBase:
    """A picture, for the page that shows it. Anything else is not shown."""
    opened = open_file(thing_of(named), reading(request), context=node_of(request))
    if opened.media not in INLINE:
        raise NotFound("cases.unknown-item", item=named)
    return _bytes(request, opened, attached=False)


@page(*AT_A_DESK)
def content(request: Request, named: str) -> HttpResponseBase:
    """The file, to be kept or opened elsewhere. To keep a picture, which the page shows, is to export it."""
    item = thing_of(named)
    opened = open_file(item, reading(request), context=node_of(request))
    if opened.media in INLINE:
        opened = open_file(item, reading(request), context=node_of(request), use=Use.EXPORT)
    return _bytes(request, opened, attached=True)


@page(*AT_A_DESK, methods=("POST",))
def remove_metadata(request: Request, named: str) -> HttpResponse:
    """A copy of a picture without what it tells beside its pixels."""
    made = strip_file(thing_of(named), reading(request), context=node_of(request), officer=person_of(request).number)
    return HttpResponseRedirect(reverse("file", kwargs={"named": id_text(made)}))
