"""Who is asked about, or sought, and was declared held, found or dead, in words: before anything is sent, and on what was sent.

Invariant: each says who declared it, as what, since when it is known here, and why the person is thought to be the same; whoever reads it
decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from tansiq.enquiries.pages_common import Named, node_of
from tansiq.enquiries.pages_said import reader_here
from tansiq.enquiries.warned import Caution
from tansiq.notices.flagging import FlagRow, Told, warnings_for
from tansiq.policy.codes import code_list
from tansiq.policy.subjects import Subject
from tansiq.registers.reasons import in_codes
from tansiq.texts import text
from tansiq.web.moments import moment
from tansiq.web.visitor import Request

__all__ = ["cautions", "flag_in_words", "warned_in_words"]


def warned_in_words(subjects: Sequence[Subject], request: Request) -> list[Mapping[str, Any]]:
    """What was declared of those asked about: the sentence, and the reasons."""
    language, named = request.language, Named(request.language)
    found: list[Mapping[str, Any]] = []
    for one in warnings_for(subjects, context=node_of(request)):
        declaration = one.declaration
        words = text(
            "notices.warned.sentence",
            language,
            number=one.place + 1,
            agency=named.agency(declaration.agency),
            status=code_list("person_status").label(declaration.status, language),
            day=moment(declaration.said_ms, reader_here(request)).short,
        )
        found.append({"words": words, "reasons": in_codes(one.reasons, language)})
    return found


def cautions(subjects: Sequence[Subject], request: Request) -> list[Caution]:
    """The same for the preview of an enquiry."""
    return [
        Caution(str(one["words"]), reverse("notices-declared"), "notices.warned.open")
        for one in warned_in_words(subjects, request)
    ]


def flag_in_words(flag: FlagRow, request: Request, named: Named) -> str:
    """A flag in one sentence, by who was told."""
    keys = {Told.IN: "notices.flag.told-us", Told.OUT: "notices.flag.told-them", Told.DESK: "notices.flag.for-you"}
    return text(
        keys[flag.direction],
        request.language,
        agency=named.agency(flag.agency),
        status=code_list("person_status").label(flag.status, request.language),
        number=flag.subject + 1,
    )
