"""Who was declared held, found or dead, by us and to us; declaring somebody, and ending what we declared.

Invariant: the list names services, states and times; who opens the page of one is logged and reads what its conditions let.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from tansiq.cases.contents import open_statements
from tansiq.cases.exits import reader_of, weigh
from tansiq.cases.queries import items_of_statements
from tansiq.directory.queries import own_directory
from tansiq.enquiries.pages_showing import Showing
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.contents import notices_in
from tansiq.notices.declared import DeclarationRow, Direction, declaration_rows
from tansiq.notices.kinds import ANSWER, STATUS
from tansiq.notices.pages_common import AT_A_DESK, Named, looking, node_of, reader_here, thing_of
from tansiq.notices.rows import notice_rows
from tansiq.policy.codes import code_list
from tansiq.policy.handling import Use
from tansiq.policy.notice import NoticeAnswer, StatusDeclaration
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = ["declared", "declared_one", "may_end", "open_rows", "own_desks", "subjects_in_notice"]

_MOST = 200


def own_desks(request: Request) -> dict[str, str]:
    """The reader's desks from which something may be declared, by name."""
    named, mine = Named(request.language), set(looking(request).posts)
    return {
        post.id: named.post(post.id)
        for post in own_directory().posts
        if post.id in mine and post.role in {"desk", "bureau"}
    }


def _row(row: DeclarationRow, request: Request, named: Named) -> Row:
    language = request.language
    status = code_list("person_status").label(row.status, language)
    ours = row.direction is Direction.OUT
    who = [named.agency(agency) for agency in row.recipients] if ours else [named.agency(row.agency)]
    key = ("notices.declared.to" if who else "notices.declared.to-nobody") if ours else "notices.declared.by"
    return Row(
        title=status,
        url=reverse("notices-declared-one", kwargs={"statement": UUID(id_text(row.statement))}),
        facts=(text(key, language, agency=", ".join(who)), named.post(row.post)),
        term=text("notices.declared.in-answer", language) if row.by_answer else "",
        clock="none",
    )


@page(*AT_A_DESK)
def declared(request: Request) -> HttpResponse:
    """All that lasts, the latest first."""
    named = Named(request.language)
    rows = declaration_rows("ended_ms IS NULL ORDER BY at_ms DESC LIMIT %s", (_MOST,))
    context = {
        "ours": [_row(row, request, named) for row in rows if row.direction is Direction.OUT],
        "theirs": [_row(row, request, named) for row in rows if row.direction is Direction.IN],
        "may_declare": bool(own_desks(request)),
    }
    return render(request, "notices/declared.html", context)


def open_rows(statement: bytes) -> DeclarationRow:
    """The declaration of an address. Raises Http404."""
    rows = declaration_rows("statement = %s", (statement,))
    if not rows:
        raise Http404
    return rows[0]


def subjects_in_notice(row: DeclarationRow, *, context: Context) -> list[Any]:
    """Of what was declared in an answer to a notice: the person, as the notice names it while it is here."""
    matter, _, place = row.reference.partition(".")
    rows = notice_rows("matter = %s", (row.matter,)) if place and matter == row.matter.hex() else []
    notice = notices_in([rows[0].version], context=context).get(rows[0].version) if rows else None
    if notice is None or int(place) >= len(notice.subjects):
        return []
    return [dict(notice.subjects[int(place)].to_plain())]


def may_end(row: DeclarationRow, request: Request) -> bool:
    """Whether the reader may end it."""
    return row.direction is Direction.OUT and row.ended_ms is None and row.post in looking(request).posts


def _content(row: DeclarationRow, request: Request, context: Context) -> tuple[dict[str, Any] | None, list[str]]:
    """What stands in a declaration as far as its reader may view it, and why not."""
    items = [item for item in items_of_statements([row.statement]).get(row.statement, ()) if item.place == 0]
    weighed = weigh(items, Use.VIEW, reader_of(looking(request), context=context), context=context)
    if not weighed:
        return None, []
    if not weighed[0].decision.allowed:
        return None, [text(reason, request.language) for reason in weighed[0].decision.reasons]
    stored = open_statements([row.statement], keys=context.keys).get(row.statement)
    part = next((part for kind in (STATUS, ANSWER) if stored and (part := stored.part(kind)) is not None), None)
    return (dict(part.content) if part is not None else None), []


def _about(row: DeclarationRow, content: dict[str, Any] | None, context: Context) -> dict[str, Any]:
    """Whom a declaration is about, for who may view it."""
    if content is None:
        return {}
    return {"subjects": content.get("subjects") or subjects_in_notice(row, context=context)}


@page(*AT_A_DESK)
def declared_one(request: Request, statement: UUID) -> HttpResponse:
    """One declaration; logged."""
    context, named, language = node_of(request), Named(request.language), request.language
    row = open_rows(thing_of(statement))
    content, withheld = _content(row, request, context)
    showing = Showing(reader_here(request))
    answered = row.by_answer
    record = NoticeAnswer if answered else StatusDeclaration
    only = ("on", "place", "authority", "words") if answered else ("since", "place", "authority", "reference")
    conditions = (content or {}).get("conditions") or {}
    access = Access(
        operation=Operation.CONSULTATION, officer=request.visitor.number, thing=row.statement, purpose="", justification=row.status,
        time_ms=context.clock(),
    )  # fmt: skip
    log_access([access], keys=context.keys)
    shown = {
        "named": statement,
        "status": code_list("person_status").label(row.status, language),
        "by": named.place(row.post) if row.direction is Direction.OUT else named.agency(row.agency),
        "officer": row.officer,
        "at_ms": row.said_ms,
        "to": [named.agency(agency) for agency in row.recipients],
        "ours": row.direction is Direction.OUT,
        "ended_ms": row.ended_ms,
        "handling": tuple(conditions.get("codes", ())),
        "classification": conditions.get("classification", ""),
        "subjects": showing.subjects(_about(row, content, context)),
        "facts": list(showing.facts(content or {}, record, only=only)),
        "law": list(showing.facts(content or {}, record, only=("law", "conditions"))),
        "withheld": withheld,
        "closed": content is None and not withheld,
        "notice": UUID(id_text(row.matter)) if answered else None,
        "may_end": may_end(row, request),
    }
    return render(request, "notices/declaration.html", shown)
