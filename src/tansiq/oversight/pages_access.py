"""The access journal: who did what with which data, when, why and for whom; narrowed by time, kind, officer or reference.

Invariant: what is looked for stands in no address, for it says whom one suspects; it comes by POST, page after page. Whoever
looks into the journal is logged in it. A page opens a bounded number of acts and says how far it looked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.enquiries.pages_common import Named
from tansiq.errors import Error
from tansiq.journal.access import JOURNAL, Access, Operation, log_access
from tansiq.journal.reading import Act, Acts, Narrowed, acts
from tansiq.oversight.pages_common import WATCHES, justified, node_of
from tansiq.oversight.queries import kinds_of, things_of
from tansiq.policy.codes import code_list
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Field, Form
from tansiq.web.visitor import Request

__all__ = ["access"]

_WHY: Final = "oversight.access"
_DAY: Final = dt.timedelta(days=1)


def _form(language: str) -> Form:
    kinds = tuple((str(one), text(f"oversight.act.{one}", language)) for one in Operation)
    return Form(
        (
            Field(name="from", label="oversight.field.from", kind="date", size="short"),
            Field(name="until", label="oversight.field.until", kind="date", size="short"),
            Field(name="kind", label="oversight.field.kind", kind="select", choices=kinds),
            Field(name="officer", label="oversight.field.officer", longest=32),
            Field(name="reference", label="oversight.field.reference", longest=36),
        )
    )


def _midnight(day: str, zone: str, *, after: bool = False) -> int | None:
    """Where a day begins on the reader's clock, or where it ends (UTC milliseconds); None for none."""
    if not day:
        return None
    on = dt.date.fromisoformat(day) + (_DAY if after else dt.timedelta())
    return int(dt.datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def _narrowed(form: Form, request: Request) -> tuple[Form, Narrowed | None]:
    """What is looked for; None, with the faults in the form, when that can't be said."""
    values, zone = form.values, request.visitor.zone
    faults: dict[str, Sequence[str]] = {}
    bounds: dict[str, int | None] = {}
    for name in ("from", "until"):
        try:
            bounds[name] = _midnight(values[name], zone, after=name == "until")
        except (ValueError, OverflowError):
            faults[name] = (text("oversight.access.no-day", request.language),)
    things: frozenset[bytes] = frozenset()
    if values["reference"]:
        try:
            things = things_of(values["reference"], context=node_of(request))
        except Error:
            faults["reference"] = (text("oversight.access.no-reference", request.language),)
    form = form.faulted(faults)
    if form.faulty:
        return form, None
    return form, Narrowed(
        from_ms=bounds["from"], until_ms=bounds["until"], operation=values["kind"], officer=values["officer"], things=things
    )  # fmt: skip


def _thing(act: Act, kinds: dict[bytes, str], language: str) -> tuple[str, str]:
    """What an act touched: the sort of thing, and its reference."""
    if act.access is None:
        return "", ""
    if act.access.thing == JOURNAL:
        return text("oversight.thing.journal", language), ""
    kind = kinds.get(act.access.thing, "")
    named = text(f"oversight.thing.{kind}", language) if kind else ""
    return named, id_text(act.access.thing)


def _whom(recipient: str, named: Named) -> str:
    """A desk with its agency, or an agency, by name."""
    return named.place(recipient) if "/" in recipient else named.agency(recipient)


def _rows(found: Acts, language: str) -> list[dict[str, Any]]:
    named = Named(language)
    kinds = kinds_of([act.access.thing for act in found.acts if act.access is not None])
    rows = []
    for act in found.acts:
        row: dict[str, Any] = {"act": act, "thing": _thing(act, kinds, language)}
        if act.access is not None:
            purpose = code_list("purposes").label(act.access.purpose, language) if act.access.purpose else ""
            why, written = justified(act.access.justification, language)
            row |= {
                "what": text(f"oversight.act.{act.access.operation}", language),
                "purpose": purpose,
                "why": why,
                "written": written,
                "whom": [_whom(one, named) for one in act.access.recipients],
            }
        rows.append(row)
    return rows


@page(*WATCHES, methods=("GET", "POST"))
def access(request: Request) -> HttpResponse:
    """A page of acts."""
    context = node_of(request)
    form, narrowed, before = _form(request.language), Narrowed(), None
    asked: Narrowed | None = narrowed
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        written = str(request.POST.get("before", ""))
        before = int(written) if written.isdecimal() and len(written) < 19 else None
        form, asked = _narrowed(form, request) if not form.faulty else (form, None)
    found = acts(asked, keys=context.keys, before=before) if asked is not None else Acts([], 0, None, None)
    if asked is not None:
        looked = Access(
            operation=Operation.CONSULTATION, officer=request.visitor.number, thing=JOURNAL, purpose="", justification=_WHY,
            time_ms=request.now_ms,
        )  # fmt: skip
        log_access([looked], keys=context.keys)
    shown = {
        "form": form, "rows": _rows(found, request.language), "found": found, "narrowed": asked is not None and asked != narrowed,
        "before": before,
    }  # fmt: skip
    return render(request, "oversight/access.html", shown, status=422 if form.faulty else 200)
