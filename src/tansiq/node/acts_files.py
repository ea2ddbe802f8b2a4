"""Acts on files: taking one in slice by slice, where an upload goes on, giving a range of one back.

Invariant: a slice is small, so that an act's line stays small; what leaves is an export, decided by `policy.handling` and logged.
"""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from typing import Any, Final

from tansiq.cases.cases import case_row
from tansiq.cases.exits import reader_of
from tansiq.cases.files import UploadRow, add_slice, begin_upload, finish_upload, upload_of
from tansiq.cases.files_reading import FileRow, file_rows, open_file
from tansiq.enquiries.reading import parse_matter
from tansiq.errors import BadInput
from tansiq.node.acts import Asked
from tansiq.node.arguments import number_of, text_of
from tansiq.policy.handling import Use
from tansiq.protocol.ids import id_text
from tansiq.protocol.limits import MAX_INTEGER

__all__ = ["FILES", "add", "begin", "finish", "get"]

RANGE: Final = 4 << 20
"""The most bytes that one act gives back."""


def _state(row: UploadRow) -> dict[str, Any]:
    return {"upload": id_text(row.id), "received": row.received, "size": row.size, "slice": RANGE}


def begin(asked: Asked) -> dict[str, Any]:
    """Begins an upload of ``size`` bytes under ``name``, into the ``case``; or says where ``upload`` goes on."""
    officer = asked.require_officer()
    if known := text_of(asked, "upload", default=""):
        return _state(upload_of(parse_matter(known), context=asked.context, officer=officer.number))
    case = text_of(asked, "case", default="")
    upload = begin_upload(
        name=text_of(asked, "name", default=""),
        size=number_of(asked, "size", default=0, most=MAX_INTEGER),
        context=asked.context,
        officer=officer.number,
        purpose=text_of(asked, "purpose", default="purpose.investigation"),
        case=case_row(parse_matter(case), officer.posts).id if case else b"",
    )
    return _state(upload_of(upload, context=asked.context, officer=officer.number))


def add(asked: Asked) -> dict[str, Any]:
    """The ``data`` (base64) of ``upload`` from ``offset`` on."""
    officer = asked.require_officer()
    try:
        data = b64decode(text_of(asked, "data"), validate=True)
    except ValueError as error:
        raise BadInput("node.wrong-argument", name="data") from error
    row = add_slice(
        parse_matter(text_of(asked, "upload")),
        io.BytesIO(data),
        offset=number_of(asked, "offset", default=0, most=MAX_INTEGER),
        context=asked.context,
        officer=officer.number,
    )
    return _state(row)


def _plain(row: FileRow) -> dict[str, Any]:
    return {
        "id": id_text(row.item.id),
        "media": row.media,
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "tells": list(row.tells),
        "parts": row.progress.total,
    }


def finish(asked: Asked) -> dict[str, Any]:
    """Makes a file of a complete ``upload``."""
    officer = asked.require_officer()
    item = finish_upload(parse_matter(text_of(asked, "upload")), context=asked.context, officer=officer.number)
    return _plain(file_rows([item])[0])


def get(asked: Asked) -> dict[str, Any]:
    """The bytes of the file ``id`` from ``offset`` on (base64), for a ``purpose``, with a ``justification``."""
    officer = asked.require_officer()
    offset = number_of(asked, "offset", default=0, most=MAX_INTEGER)
    opened = open_file(
        parse_matter(text_of(asked, "id")),
        reader_of(officer, context=asked.context, purpose=text_of(asked, "purpose", default="")),
        context=asked.context,
        use=Use.EXPORT,
        justification=text_of(asked, "justification", default=""),
    )
    data = b"".join(opened.pieces(offset, offset + RANGE - 1)) if offset < opened.size else b""
    return {"name": opened.name, "media": opened.media, "size": opened.size, "data": b64encode(data).decode()}


FILES: Final = {"file.add": add, "file.begin": begin, "file.finish": finish, "file.get": get}
"""The acts of this module, by name."""
