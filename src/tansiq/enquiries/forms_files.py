"""The officer's own files in the form of an enquiry or an answer: those that were taken in and not yet sent.

Invariant: only drafts of whoever writes are offered, so nobody sends a file that is another's.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.cases.files_reading import own_drafts
from tansiq.cases.files_sending import OwnFile
from tansiq.enquiries.forms import Data, Part, Section
from tansiq.enquiries.pages_common import node_of
from tansiq.enquiries.reading import parse_matter
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.forms import Field
from tansiq.web.visitor import Request

__all__ = ["file_section", "files_chosen", "files_in_words"]


def _offered(request: Request) -> dict[str, str]:
    """The officer's drafts: id → what it is, in the reader's language."""
    language = request.language
    found = own_drafts(request.visitor.number, context=node_of(request))
    return {
        id_text(row.item.id): " · ".join((text(row.media_text, language), *((name,) if name else ())))
        for row, name in found
    }


def file_section(request: Request) -> tuple[Section, ...]:
    """The section in which files are chosen; none when there is none to choose."""
    choices = tuple(_offered(request).items())
    if not choices:
        return ()
    chosen = Field(name="files", label="cases.attach.files", kind="ticks", choices=choices)
    return (
        Section(name="files", title="cases.attach.title", help="cases.attach.help", parts=(Part(fields=(chosen,)),)),
    )


def _ids(data: Data) -> Sequence[str]:
    value = data.getlist("files") if hasattr(data, "getlist") else data.get("files") or ()
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


def files_chosen(data: Data, request: Request, *, of: int) -> tuple[OwnFile, ...]:
    """The files that were ticked, each belonging to the part ``of``; what is no draft of the officer's is left out."""
    offered = _offered(request)
    return tuple((parse_matter(one), of) for one in _ids(data) if one in offered)


def files_in_words(files: Sequence[OwnFile], request: Request) -> list[str]:
    """What goes with it, as it is shown before it leaves."""
    offered = _offered(request)
    return [offered[id_text(item)] for item, _ in files if id_text(item) in offered]
