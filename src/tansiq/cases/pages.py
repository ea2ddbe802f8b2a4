"""The addresses of this room's pages, and what it shows in the frame."""

from __future__ import annotations

from django.urls import URLPattern, path

from tansiq.cases import pages_cases, pages_files, pages_items
from tansiq.cases.pages_common import AT_A_DESK
from tansiq.web.registry import NAVIGATION, TABS, Entry

__all__ = ["register_frame", "urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("cases/", pages_cases.cases, name="cases"),
    path("cases/new/", pages_cases.new_case, name="case-new"),
    path("cases/<str:named>/", pages_cases.case, name="case"),
    path("cases/<str:named>/rename/", pages_cases.rename, name="case-rename"),
    path("cases/<str:named>/add-file/", pages_files.add, name="case-add-file"),
    path("cases/<str:named>/do/<str:deed>/", pages_cases.act, name="case-act"),
    path("cases/<str:named>/<str:part>/", pages_cases.part, name="case-part"),
    path("items/<str:named>/", pages_items.item, name="item"),
    path("files/add/", pages_files.add, name="file-add"),
    path("files/begin/", pages_files.begin, name="upload-begin"),
    path("files/<str:named>/", pages_files.file, name="file"),
    path("files/<str:named>/state/", pages_files.state, name="upload-state"),
    path("files/<str:named>/slice/", pages_files.slice_, name="upload-slice"),
    path("files/<str:named>/finish/", pages_files.finish, name="upload-finish"),
    path("files/<str:named>/show/", pages_files.show, name="file-show"),
    path("files/<str:named>/content/", pages_files.content, name="file-content"),
    path("files/<str:named>/strip/", pages_files.remove_metadata, name="file-strip"),
]


def register_frame() -> None:
    """Registers the entry of the navigation and the tabs of a case; again does nothing new."""
    NAVIGATION.register("cases", Entry(label="cases.list.title", url="cases", roles=frozenset(AT_A_DESK)), order=300)
    TABS.register("cases", pages_cases.own_tabs, order=10)
