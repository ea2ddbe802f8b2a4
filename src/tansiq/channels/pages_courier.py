"""Pages of the courier: what would be carried to each partner, making a file, taking one in, and what came of each.

Invariant: whoever works at a desk may do it, with the own open key: a file is legible to the partner's node alone, and what a
suspended channel holds goes in only where its desk or a decider chose it. Nothing of a file is ever on the disk or whole in
memory. A file that comes in is proven frame by frame, so a form that is sent twice, or a line that breaks, does no harm. The
session's cookie is not sent from another site, and the origin is asked before the first byte is read.

    POST /channels/courier/take/part/?number=N&size=S   the header and frame N of the file  → {"last", "url"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from tansiq.channels.courier import Incoming, begin_file, check_frame, file_of, left_out, load_of
from tansiq.channels.pages_shared import AT_A_DESK, LOOKS, acting, agency_name, form_page, met, node_of, told
from tansiq.errors import BadInput, Error, NotFound
from tansiq.exchange.carried import CourierFile, courier_files
from tansiq.exchange.courier_taking import take_frame
from tansiq.protocol.courier import HEADER_SIZE, MAX_FRAME_BYTES, parse_header
from tansiq.protocol.heads import Direction
from tansiq.protocol.limits import MAX_INTEGER
from tansiq.texts import advice, text
from tansiq.web.access import page
from tansiq.web.forms import Field, Form
from tansiq.web.numbers import whole
from tansiq.web.visitor import Request

__all__ = ["urlpatterns"]

_ENDING: Final = ".courier"


def _at_a_desk(request: Request) -> bool:
    return bool(request.visitor.roles & frozenset(AT_A_DESK))


# ---------------------------------------------------------------------------------------------------- what there is


def _row(one: CourierFile, language: str) -> dict[str, Any]:
    """A file as a list shows it."""
    made = one.direction == Direction.SENT
    state, tone = ("whole", "proof") if one.whole else ("cut", "late")
    if made and one.whole:
        state, tone = ("heard", "proof") if one.heard_ms else ("not-heard", "due")
    return {
        "id": one.file.hex(),
        "partner": agency_name(one.peer, language),
        "agency": one.peer,
        "made": made,
        "made_ms": one.made_ms,
        "at_ms": one.at_ms,
        "statements": one.statements,
        "receipts": one.receipts,
        "chunks": one.chunks,
        "whole": one.whole,
        "heard_ms": one.heard_ms,
        "state": text(f"courier.state.{state}", language),
        "tone": tone,
    }


def _shown(request: Request, *, message: str = "", status: int = 200) -> HttpResponse:
    language = request.language
    shown = {
        "partners": [
            {"agency": one, "name": agency_name(one, language), "load": load_of(one)} for one in sorted(met())
        ],
        "files": [_row(one, language) for one in courier_files()],
        "may": _at_a_desk(request),
        "key_closed": _at_a_desk(request) and request.officer is None,
        "message": message,
    }
    return render(request, "channels/courier.html", shown, status=status)


@page(*LOOKS)
def courier(request: Request) -> HttpResponse:
    """What would be carried to each partner, and the files that were."""
    return _shown(request)


@page(*LOOKS)
def one_file(request: Request, partner: str, identifier: str) -> HttpResponse:
    """What came of one file: what it brought, what of it is not in effect, what is to be done next."""
    try:
        found = file_of(partner, bytes.fromhex(identifier))
    except ValueError as error:
        raise NotFound("courier.unknown-file") from error
    if found is None:
        raise NotFound("courier.unknown-file")
    language = request.language
    aside = [] if found.direction == Direction.SENT else left_out(found)
    shown = _row(found, language) | {
        "load": load_of(found.peer),
        "aside": [{"what": _what(one.code, language), "code": one.code, "since_ms": one.since_ms} for one in aside],
        "may": _at_a_desk(request),
    }
    return render(request, "channels/courier_file.html", shown)


def _what(code: str, language: str) -> str:
    """What a code says; '' where it says it of values that are not kept."""
    said = advice(code, language, {}).what
    return "" if "{" in said or said == code else said


# ---------------------------------------------------------------------------------------------------- making


@page(*AT_A_DESK, methods=("POST",))
def make(request: Request, partner: str) -> HttpResponseBase:
    """A file for a partner, as it is made; the browser keeps it."""
    try:
        if partner not in met():
            raise NotFound("directory.unknown-agency", agency=partner[:64])
        acting(request)
        identifier, pieces = begin_file(partner, context=node_of(request))
    except Error as error:
        return _shown(request, message=told(error, request.language), status=error.http_status)
    name = f"{partner}-{identifier.hex()[:8]}{_ENDING}"
    return StreamingHttpResponse(
        cast("Iterable[bytes]", pieces),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


# ---------------------------------------------------------------------------------------------------- taking in


class _Handler(FileUploadHandler):
    """Takes the file of a form in as it comes; Django keeps nothing of it."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._context = node_of(request)
        self.incoming: Incoming | None = None
        self.error: Error | None = None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Takes the next piece; what is refused ends the upload."""
        try:
            if self.incoming is None:
                self.incoming = Incoming(context=self._context)
            self.incoming.write(raw_data)
        except Error as error:
            self.error = error
            raise StopUpload(connection_reset=False) from error
        return None

    def file_complete(self, file_size: int) -> None:
        """Django is given no file."""


def _form(request: Request) -> Form:
    return Form(
        (Field(name="file", label="courier.take.file", help="courier.take.help", kind="file", required=True, accept=_ENDING),)
    )  # fmt: skip


def _taking(request: Request, error: Error | None = None) -> HttpResponse:
    context = {"begins": HEADER_SIZE, "key_closed": request.officer is None}
    return form_page(request, "channels/courier_take.html", _form(request), error, context)


def _taken(request: Request, handler: _Handler) -> HttpResponse:
    request.POST  # noqa: B018 (reads the form, and with it the file)
    error = handler.error
    try:
        if error is None and handler.incoming is None:
            raise BadInput("courier.nothing-came")
        if error is None and handler.incoming is not None:
            sender, identifier = handler.incoming.end()
            return HttpResponseRedirect(reverse("courier-file", args=(sender, identifier.hex())))
    except Error as raised:
        error = raised
    return _taking(request, error)


_protected = cast(Callable[..., HttpResponse], csrf_protect(_taken))
_asked = cast(Callable[..., HttpResponse], csrf_protect(_taking))


@page(*AT_A_DESK, methods=("GET", "POST"))
@csrf_exempt
def take(request: Request) -> HttpResponse:
    """A file to take in. Its form is protected once its handler is set."""
    if request.method != "POST":
        return _asked(request)
    try:
        acting(request)
    except Error as error:
        return _asked(request, error)
    handler = _Handler(request)
    request.upload_handlers = [handler]
    return _protected(request, handler)


def _number(request: Request, name: str) -> int:
    said = whole(request.GET.get(name))
    if said is None or said > MAX_INTEGER:
        raise BadInput("courier.no-courier-file")
    return said


@page(*AT_A_DESK, methods=("POST",))
def part(request: Request) -> HttpResponse:
    """One frame of a file that a script sends part by part: no file is too large for it, and progress can be seen."""
    try:
        acting(request)
        number, size = _number(request, "number"), _number(request, "size")
        header, sealed = request.read(HEADER_SIZE), request.read(min(size, MAX_FRAME_BYTES))
        check_frame(header, sealed, size=size)
        took = take_frame(header, number, sealed, context=node_of(request))
    except Error as error:
        return JsonResponse({"code": error.code, "words": told(error, request.language)}, status=error.http_status)
    address = reverse("courier-file", args=(took.sender, parse_header(header).file.hex()))
    return JsonResponse({"last": took.last, "url": address})


urlpatterns: list[URLPattern] = [
    path("channels/courier/", courier, name="courier"),
    path("channels/courier/to/<str:partner>/", make, name="courier-make"),
    path("channels/courier/take/", take, name="courier-take"),
    path("channels/courier/take/part/", part, name="courier-part"),
    path("channels/courier/files/<str:partner>/<str:identifier>/", one_file, name="courier-file"),
]
