"""The addresses of this room's pages, and what it shows in the frame."""

from __future__ import annotations

from django.urls import URLPattern, path

from tansiq.enquiries import (
    pages_cases,
    pages_compose,
    pages_desk,
    pages_matter,
    pages_print,
    pages_times,
    pages_translate,
    pages_words,
)
from tansiq.enquiries.pages_frame import register_frame

__all__ = ["register_frame", "urlpatterns"]

_DRAFT = "enquiries/new/<slug:draft>/"
_MATTER = "enquiries/<uuid:matter>/"
_WORD = "enquiries/<uuid:matter>/say/<slug:word>/"

urlpatterns: list[URLPattern] = [
    path("", pages_desk.desk, name="desk"),
    path("enquiries/", pages_desk.enquiries, name="enquiries"),
    path("enquiries/times/", pages_times.times, name="channel-times"),
    path("enquiries/new/", pages_compose.new, name="enquiry-new"),
    path(_DRAFT, pages_compose.compose, name="enquiry-compose"),
    path(f"{_DRAFT}draft/", pages_compose.draft, name="enquiry-draft"),
    path(f"{_DRAFT}approval/", pages_compose.approval, name="enquiry-draft-approval"),
    path(f"{_DRAFT}preview/", pages_compose.preview, name="enquiry-preview"),
    path(f"{_DRAFT}forget/", pages_compose.forget, name="enquiry-draft-forget"),
    path(_MATTER, pages_matter.matter, name="enquiry"),
    path(f"{_MATTER}replies/", pages_matter.replies, name="enquiry-replies"),
    path(f"{_MATTER}matches/", pages_matter.matches, name="enquiry-matches"),
    path(f"{_MATTER}files/", pages_cases.files, name="enquiry-files"),
    path(f"{_MATTER}timeline/", pages_matter.timeline, name="enquiry-timeline"),
    path(f"{_MATTER}proof/", pages_matter.proof, name="enquiry-proof"),
    path(f"{_MATTER}print/", pages_print.printed, name="enquiry-print"),
    path(f"{_MATTER}decide/", pages_matter.decide, name="enquiry-decide"),
    path(f"{_MATTER}origin/", pages_matter.origin, name="enquiry-origin"),
    path(f"{_MATTER}translate/", pages_translate.translation, name="enquiry-translate"),
    path(_WORD, pages_words.word, name="enquiry-word"),
    path(f"{_WORD}draft/", pages_words.word_draft, name="enquiry-word-draft"),
    path(f"{_WORD}preview/", pages_words.word_preview, name="enquiry-word-preview"),
    path(f"{_WORD}forget/", pages_words.forget, name="enquiry-word-forget"),
]
