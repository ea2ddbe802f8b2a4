"""Handing over: ordered by who answers for it, done by two custodians one after the other, or by the former officer.

Invariant: nobody who takes part sees a word of what is handed over: the page shows how many there are and whose turn it is. Custodians
see only that there is a handover for them; who is none of those concerned is answered like of one that never was.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.accounts.eyes_only import recovery_readers
from tansiq.channels.accreditations import Direction, accreditation_row, accreditation_rows, state_at
from tansiq.enquiries.pages_common import told
from tansiq.errors import Error, NotFound
from tansiq.protocol.ids import id_text
from tansiq.relations.liaison_handover import (
    HandoverRow,
    begin_handing_over,
    finish_handing_over,
    hand_over_oneself,
    handover_row,
    handovers,
    left_to_hand_over,
    order_handover,
)
from tansiq.relations.pages_accreditations import answers_for, state_ended
from tansiq.relations.pages_common import AT_A_DESK, Looker, acting, looker, node_of, thing_of
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Field, Form
from tansiq.web.visitor import Request

__all__ = ["handover", "mine", "order", "step"]

_EDITING: Final = ("GET", "POST")
_STEPS: Final = {"begin": begin_handing_over, "finish": finish_handing_over, "oneself": hand_over_oneself}


def _custodians(row: HandoverRow) -> tuple[str, ...]:
    """Who together can open what is sealed to the former officer, the first one first."""
    return recovery_readers(accreditation_row(row.former).officer) or ()


def _concerns(row: HandoverRow, person: Looker) -> bool:
    concerned = {*_custodians(row), accreditation_row(row.former).officer, accreditation_row(row.successor).officer}
    return person.number in concerned or answers_for(person)


def _turn(row: HandoverRow, person: Looker, left: int) -> list[str]:
    """The steps that this person may take now."""
    if not left and row.done_ms is not None:
        return []
    steps, custodians = [], _custodians(row)
    if person.number == accreditation_row(row.former).officer:
        steps.append("oneself")
    if custodians[:1] == (person.number,):
        steps.append("begin")
    if row.first_by and custodians[-1:] == (person.number,) and person.number != row.first_by:
        steps.append("finish")
    return steps


def mine(request: Request) -> list[HandoverRow]:
    """The handovers in which it is the reader's turn as a custodian."""
    person, context = looker(request), node_of(request)
    found = []
    for row in handovers():
        if person.number in _custodians(row):
            left = len(left_to_hand_over(row, context=context))
            steps = _turn(row, person, left)
            if left and ("finish" in steps or ("begin" in steps and not row.first_by)):
                found.append(row)
    return found


@page(*AT_A_DESK, methods=_EDITING)
def order(request: Request, identifier: UUID) -> HttpResponse:
    """Orders that the cases of an ended accreditation go to a successor."""
    person = looker(request)
    try:
        former = accreditation_row(identifier.bytes)
    except NotFound as error:
        raise Http404 from error
    if former.direction != Direction.OURS or not answers_for(person) or not state_ended(former, request.now_ms):
        raise Http404
    known = [
        row
        for row in accreditation_rows("direction = %s AND host = %s", (int(Direction.OURS), former.host))
        if row.id != former.id and state_at(row, request.now_ms) in {"in-force", "coming"}
    ]
    choices = tuple((id_text(row.id), f"{row.officer} · {row.post}") for row in known)
    only = choices[0][0] if len(choices) == 1 else ""
    form = Form(
        (
            Field(
                name="successor",
                label="relations.field.successor",
                kind="select",
                choices=choices,
                value=only,
                required=True,
            ),
        )
    )
    back, status = reverse("liaison-accreditation", kwargs={"identifier": identifier}), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        status = 422
        if not form.faulty:
            try:
                made = order_handover(
                    former.id, thing_of(str(form["successor"].value)), context=node_of(request), officer=acting(request)
                )
                return HttpResponseRedirect(reverse("liaison-handover", kwargs={"identifier": id_text(made)}))
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
    context = {
        "title": text("relations.act.order", request.language),
        "question": text(
            "relations.ask.order" if choices else "relations.ask.no-successor", request.language, officer=former.officer
        ),
        "form": form,
        "url": request.path,
        "action": "relations.act.order",
        "grave": False,
        "back": back,
    }
    return render(request, "relations/say.html", context, status=status)


@page(*AT_A_DESK)
def handover(request: Request, identifier: UUID) -> HttpResponse:
    """How a handover stands, and what the reader may do in it."""
    return _page(request, identifier.bytes)


def _page(request: Request, identifier: bytes, *, wrong: Error | None = None) -> HttpResponse:
    person = looker(request)
    row = handover_row(identifier)
    if not _concerns(row, person):
        raise NotFound("relations.unknown-handover", handover=id_text(identifier))
    former, successor = accreditation_row(row.former), accreditation_row(row.successor)
    left = len(left_to_hand_over(row, context=node_of(request)))
    custodians = _custodians(row)
    context: dict[str, Any] = {
        "row": row,
        "named": id_text(row.id),
        "former": former,
        "successor": successor,
        "former_url": reverse("liaison-accreditation", kwargs={"identifier": id_text(former.id)}),
        "successor_url": reverse("liaison-accreditation", kwargs={"identifier": id_text(successor.id)}),
        "left": left,
        "done": not left and row.done_ms is not None,
        "first": custodians[0] if custodians else "",
        "second": custodians[-1] if len(custodians) > 1 else "",
        "steps": _turn(row, person, left),
        "wrong": told(wrong, request.language) if wrong is not None else "",
    }
    return render(request, "relations/handover.html", context, status=wrong.http_status if wrong is not None else 200)


@page(*AT_A_DESK, methods=("POST",))
def step(request: Request, identifier: UUID, deed: str) -> HttpResponse:
    """Takes one step of a handover."""
    row = handover_row(identifier.bytes)
    if deed not in _STEPS or not _concerns(row, looker(request)):
        raise Http404
    try:
        _STEPS[deed](row.id, context=node_of(request), officer=acting(request))
    except Error as error:
        return _page(request, row.id, wrong=error)
    return HttpResponseRedirect(reverse("liaison-handover", kwargs={"identifier": identifier}))
