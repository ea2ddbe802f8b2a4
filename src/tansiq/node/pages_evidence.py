"""The page from which an officer takes the proof of a matter along: a file that others verify with software that is not ours.

Invariant: only who may see the matter gets it, and that is logged by reading the matter; the file discloses no content. Contents are
disclosed on the command line, where a purpose and the recipients are said.
"""

from __future__ import annotations

import io
from uuid import UUID

from django.http import HttpResponse
from django.urls import URLPattern, path

from tansiq.enquiries.pages_common import AT_A_DESK, node_of
from tansiq.enquiries.pages_matter import shown_matter
from tansiq.enquiries.reading import parse_matter
from tansiq.node.evidence import export_evidence
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["evidence", "urlpatterns"]


@page(*AT_A_DESK)
def evidence(request: Request, matter: UUID) -> HttpResponse:
    """The evidence file of one matter (ZIP), without contents."""
    shown = shown_matter(request, matter)
    archive = io.BytesIO()
    export_evidence(node_of(request), out=archive, matter=parse_matter(shown["id"]))
    return HttpResponse(
        archive.getvalue(),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="tansiq-{shown["id"]}.zip"',
            "Cache-Control": "no-store",
        },
    )


urlpatterns: list[URLPattern] = [path("enquiries/<uuid:matter>/evidence.zip", evidence, name="evidence")]
