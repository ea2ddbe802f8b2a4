"""The addresses of the pages: those of every room that has pages, one after another."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from tansiq.accounts.pages import register_frame
from tansiq.cases.pages import register_frame as register_cases
from tansiq.channels.pages_approvals import register_approvals
from tansiq.channels.pages_frame import register_frame as register_channels
from tansiq.enquiries.pages import register_frame as register_enquiries
from tansiq.notices.pages import register_frame as register_notices
from tansiq.office.pages import register_frame as register_office
from tansiq.oversight.pages import register_frame as register_oversight
from tansiq.registers.pages import register_frame as register_registers
from tansiq.relations.pages import register_frame as register_relations

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tansiq.web.pages")),
    path("", include("tansiq.accounts.pages")),
    path("", include("tansiq.channels.pages_approvals")),
    path("", include("tansiq.channels.pages_frame")),
    path("", include("tansiq.cases.pages")),
    path("", include("tansiq.registers.pages")),
    path("", include("tansiq.enquiries.pages")),
    path("", include("tansiq.notices.pages")),
    path("", include("tansiq.relations.pages")),
    path("", include("tansiq.office.pages")),
    path("", include("tansiq.oversight.pages")),
    path("", include("tansiq.node.pages_evidence")),
]
handler400 = "tansiq.web.error_pages.bad_request"
handler403 = "tansiq.web.error_pages.forbidden"
handler404 = "tansiq.web.error_pages.not_found"
handler500 = "tansiq.web.error_pages.fault"

register_frame()
register_approvals()
register_channels()
register_cases()
register_registers()
register_enquiries()
register_notices()
register_relations()
register_office()
register_oversight()
