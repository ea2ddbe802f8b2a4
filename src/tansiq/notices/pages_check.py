"""A notice on the desk before it leaves: its check by a person, who then will see it, and the signature.

Invariant: the button that sends stands only where the check stands; what is sent is the version that was checked. Whoever answers 'yes' to
a question of Article 3 has it kept, and it does not leave. INTERPOL's Constitution, Articles 2 and 3; its Rules on the
Processing of Data, Articles 10 and 34.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import ReaderRow
from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.notices.asking import check_notice
from tansiq.notices.desks import BUREAU, hub_agency, hub_posts, own_services
from tansiq.notices.drafts import Checks, DraftRow, check_draft, draft_of, drop_draft, send_checked
from tansiq.notices.forms_words import check_form, member_choices, recipients_form
from tansiq.notices.given import given_to
from tansiq.notices.members import members
from tansiq.notices.pages_common import (
    AT_A_DESK,
    EDITING,
    Named,
    acting,
    has_role,
    looking,
    node_of,
    notice_blocks,
    own_post,
    reader_here,
    state_words,
    text_in,
    thing_of,
    told,
)
from tansiq.notices.pages_warned import warned_in_words
from tansiq.notices.weighing import ask_approvals
from tansiq.policy.codes import code_list
from tansiq.policy.notice import Notice
from tansiq.policy.notice_course import Kind
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.numbers import whole
from tansiq.web.visitor import Request

__all__ = ["approval", "check", "desk_draft", "drop", "send"]

_ARTICLE_3 = ("political", "military", "religious", "racial")


def _draft(request: Request, draft: UUID) -> tuple[DraftRow, Notice]:
    """The draft of the reader's desk. Raises Http404 for who is at no bureau's, NotFound."""
    if not has_role(request, BUREAU):
        raise Http404
    return draft_of(thing_of(draft), looking(request).posts, context=node_of(request))


def _checks(form: Form) -> Checks:
    answers = {name: form[name].value == "yes" for name in ("article_2", *_ARTICLE_3)}
    return Checks(rpd_purpose=str(form["rpd_purpose"].value), note=text_in(form, "note"), **answers)


def _known(row: DraftRow, named: Named, context: Context) -> tuple[tuple[str, str], ...]:
    """The members among whom one chooses: none for an update, which goes to whoever has the notice."""
    return () if row.matter else member_choices(named, but=(context.agency,))


# ---------------------------------------------------------------------------------------------------- who will see it


def _reader(named: Named, name: str, agency: str, *, body: bool, why: str) -> ReaderRow:
    return ReaderRow(name=name, agency=agency, docket=True, body=body, why=text(why, named.language))


def _readers(row: DraftRow, request: Request, named: Named) -> list[ReaderRow]:
    """Who will have it: our desk and services, the hub's desks, the members in one line, and whoever operates the nodes."""
    language, ours = request.language, own_post(request, BUREAU)
    relay, legal = hub_posts()
    hub, own = named.agency(hub_agency()), named.agency(node_of(request).agency)
    diffusion = row.kind is Kind.DIFFUSION
    rows = [_reader(named, named.post(ours), own, body=True, why="notices.sight.own")]
    rows.append(_reader(named, named.post(relay), hub, body=False, why="notices.sight.relay"))
    if not diffusion:
        rows.append(_reader(named, named.post(legal), hub, body=True, why="notices.sight.legal"))
    count = sum(one.agency != node_of(request).agency for one in members()) if not diffusion else 0
    if row.matter and diffusion:
        count = len(given_to(row.matter))
    if count > 0:
        label = text("notices.sight.members-count", language, number=count)
        rows.append(_reader(named, label, "", body=True, why=f"notices.sight.{'chosen' if diffusion else 'members'}"))
    elif diffusion:
        label = text("notices.sight.those-chosen", language)
        rows.append(_reader(named, label, "", body=True, why="notices.sight.chosen"))
    if not diffusion:
        rows += [
            _reader(named, named.post(post), named.agency(agency), body=True, why="notices.sight.services")
            for agency, posts in own_services().items()
            for post in posts
        ]
    operator = text("enquiries.sight.operator", language)
    rows.append(_reader(named, operator, own, body=True, why="enquiries.sight.why-operator"))
    rows.append(_reader(named, operator, hub, body=not diffusion, why="enquiries.sight.why-operator"))
    return rows


# ---------------------------------------------------------------------------------------------------- the pages


def _page(
    request: Request, row: DraftRow, notice: Notice, *, check: Form | None = None, to: Form | None = None,
    messages: Sequence[str] = (), status: int = 200, approve: bool = False,
) -> HttpResponse:  # fmt: skip
    language, named, context = request.language, Named(request.language), node_of(request)
    plain: dict[str, Any] = dict(notice.to_plain())
    showing = Showing(reader_here(request))
    conditions = plain.get("conditions", {})
    words = conditions.get("words") or {}
    state, tone = state_words(row.state, language)
    known = _known(row, named, context)
    diffusion = row.kind is Kind.DIFFUSION
    readers: list[ReaderRow] = []
    try:
        readers = _readers(row, request, named) if row.checked_ms is not None else []
    except Error as error:  # no hub is named, or none was met: the page says so, and nothing can leave
        messages = [*messages, told(error, language)]
    shown: Mapping[str, Any] = {
        "named": id_text(row.id),
        "colour": code_list("notice_colours").label(row.colour, language),
        "kind": text(f"notices.kind.{row.kind}", language),
        "update": bool(row.matter),
        "state": state,
        "tone": tone,
        "checked": row.checked_ms is not None,
        "checked_by": row.checked_by,
        "checked_ms": row.checked_ms,
        "written_by": row.officer,
        "version": row.version,
        "handling": tuple(conditions.get("codes", ())),
        "classification": conditions.get("classification", ""),
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "subjects": showing.subjects(plain),
        "blocks": notice_blocks(plain, showing, language),
        "warned": warned_in_words(notice.subjects, request),
        "check": check or check_form(row.colour, language),
        "to": to or (recipients_form(language, known, diffusion=diffusion) if not row.matter else None),
        "many": len(known) > 12 and not diffusion,
        "readers": readers,
        "faults": _against(row, notice, request),
        "may_sign": request.officer is not None,
        "messages": messages,
        "approve": approve,
        "chosen": [(one.name, value) for one in to or () if one.kind == "ticks" for value in one.chosen]
        if approve
        else [],
    }
    return render(request, "notices/draft.html", shown, status=status)


def _against(row: DraftRow, notice: Notice, request: Request) -> list[str]:
    """What stands against a checked draft: a 'no' to Article 2, a 'yes' to Article 3, a date that has passed."""
    if row.checked_ms is None:
        return []
    try:
        check_notice(notice, said_ms=node_of(request).clock())
    except Error as error:
        faults = error.values.get("faults", ())
        found = [fault.sentence(request.language) for fault in faults] if isinstance(faults, tuple) else []
        return found or [told(error, request.language)]
    return []


@page(*AT_A_DESK)
def desk_draft(request: Request, draft: UUID) -> HttpResponse:
    """The draft: what it says, and its check, or who will see it and the button that sends."""
    return _page(request, *_draft(request, draft))


@page(*AT_A_DESK, methods=("POST",))
def check(request: Request, draft: UUID) -> HttpResponse:
    """A person's answers to Article 2, Article 3 and Article 10."""
    row, notice = _draft(request, draft)
    language = request.language
    form = check_form(row.colour, language).bound(request.POST, language=language).checked(language)
    if form.faulty:
        return _page(request, row, notice, check=form, status=422)
    try:
        version = whole(request.POST.get("version")) or 0
        check_draft(row.id, _checks(form), version=version, officer=acting(request), context=node_of(request))
    except Error as error:
        return _page(request, row, notice, check=form, messages=[told(error, language)], status=error.http_status)
    return HttpResponseRedirect(reverse("notice-draft", kwargs={"draft": draft}))


def _bound(request: Request, row: DraftRow) -> Form | None:
    """To whom it goes, as it was chosen."""
    if row.matter:
        return None
    known = _known(row, Named(request.language), node_of(request))
    form = recipients_form(request.language, known, diffusion=row.kind is Kind.DIFFUSION)
    return form.bound(request.POST, language=request.language).checked(request.language)


def _chosen(form: Form | None, name: str) -> tuple[str, ...]:
    value = form[name].value if form is not None and any(one.name == name for one in form) else ()
    return (value,) if isinstance(value, str) and value else tuple(value or ())


@page(*AT_A_DESK, methods=("POST",))
def send(request: Request, draft: UUID) -> HttpResponse:
    """Signs and sends exactly the version that was shown."""
    row, notice = _draft(request, draft)
    form = _bound(request, row)
    if form is not None and form.faulty:
        return _page(request, row, notice, to=form, status=422)
    try:
        matter = send_checked(
            row.id,
            version=whole(request.POST.get("version")) or 0,
            officer=acting(request),
            context=node_of(request),
            denied=_chosen(form, "denied"),
            to=_chosen(form, "to"),
            words=text_in(form, "words") if form is not None and row.kind is Kind.NOTICE else None,
        )
    except Error as error:
        return _page(
            request, row, notice, to=form, messages=[told(error, request.language)], status=error.http_status,
            approve=error.code == "channels.approval-needed",
        )  # fmt: skip
    return HttpResponseRedirect(reverse("notice", kwargs={"matter": UUID(id_text(matter))}))


@page(*AT_A_DESK, methods=("POST",))
def approval(request: Request, draft: UUID) -> HttpResponse:
    """Asks for the approval without which the channel may not be taken now."""
    row, notice = _draft(request, draft)
    form = _bound(request, row)
    ask_approvals(
        notice, kind=row.kind, sender=own_post(request, BUREAU), officer=request.visitor.number, context=node_of(request),
        to=_chosen(form, "to"),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("notice-draft", kwargs={"draft": draft}))


@page(*AT_A_DESK, methods=EDITING)
def drop(request: Request, draft: UUID) -> HttpResponse:
    """Throws the draft away, after asking."""
    row, _ = _draft(request, draft)
    if request.method == "POST":
        drop_draft(row.id, officer=acting(request), context=node_of(request))
        return HttpResponseRedirect(reverse("interpol"))
    return render(
        request,
        "enquiries/forget.html",
        {"back": reverse("notice-draft", kwargs={"draft": draft}), "url": request.path},
    )
