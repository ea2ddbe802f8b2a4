"""What officers do with enquiries: ask, answer, refuse, decide on a possible match.

Invariant: the law is asked first and nothing is stored when it says no; what is said, its items, its enquiry's state
and its leaf in the access journal are one commit with the post room's. Directive (EU) 2016/680, Articles 8, 10, 25 and
35; Directive (EU) 2023/977, Articles 4 to 6.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from django.db import connection, transaction

from tansiq.cases.files_sending import OwnFile, note_sent_files, with_files
from tansiq.cases.services import add_items
from tansiq.cases.sql import marks
from tansiq.channels.agreed import check_agreed
from tansiq.channels.copies import note_said
from tansiq.channels.ways import Way
from tansiq.directory.queries import own_directory
from tansiq.enquiries.asked import own_enquiry, own_request, own_whence
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.closed import closed_item, end_unfound, refuse_closed
from tansiq.enquiries.drafts import (
    ANSWER,
    PARTIAL_REFUSAL,
    REFUSAL,
    reply_draft,
)
from tansiq.enquiries.going import way_in
from tansiq.enquiries.history import heads, require_permitted, settle
from tansiq.enquiries.leaving import CAUTIOUS, Leaving
from tansiq.enquiries.made import reply_items, word_whence
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import (
    Direction,
    EnquiryRow,
    ReplyRow,
    add_enquiries,
    add_replies,
    enquiry_rows,
    replies_of,
)
from tansiq.enquiries.seen import require_read
from tansiq.enquiries.translations import translation_items, translations_kept
from tansiq.enquiries.weighing import Sent, Weighing
from tansiq.enquiries.wording import check_wording, languages_read
from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.services import send_many
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.correspondence import Translation
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.policy.law import check_answer, check_refusal
from tansiq.protocol.ids import id_text

__all__ = [
    "MATCH_DECISIONS",
    "answer_enquiry",
    "decide_match",
    "disclosure",
    "held_matter",
    "refuse_enquiry",
    "send_enquiries",
    "send_enquiry",
]

MATCH_DECISIONS = frozenset({"match.same", "match.different"})
_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


def _today(now_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()


def send_enquiries(  # noqa: PLR0913 (a way, and what goes along it)
    requests: Sequence[Enquiry],
    *,
    context: Context,
    officer: ActingOfficer,
    from_post: str,
    to_post: str,
    via_office_post: str = "",
    channel: str = "embassy",
    persons: Mapping[str, str] = _NOBODY,
    weighing: Weighing = CAUTIOUS,
    case: bytes = b"",
    translations: Sequence[Sequence[Translation]] = (),
    files: Sequence[Sequence[OwnFile]] = (),
) -> list[bytes]:
    """Sends ``requests`` from one desk to another in one commit; returns their matters, which name the enquiries.

    ``channel`` is one of the four; ``via_office_post`` the embassy's office, ours or the partner's, or the liaison
    officer's desk between the two ('': the directories say it); ``persons`` says, by desk, who reads there with a key of
    one's own (`channels.ways.along`); ``weighing`` what the choice of the channel has to know besides, and why another than the
    recommended one is taken. ``translations`` are those of each request, by fields of its part 0, ``files`` the
    officer's own that go with it. Raises Refused (law, the channel or an approval of it, a language that the desk does not
    read, not in the post, partner not confirmed, attested by somebody else), NotFound (no such desk, no such file), BadInput.
    """
    leaving = Leaving(
        context=context, officer=officer, from_post=from_post, to_post=to_post, via_office_post=via_office_post,
        channel=channel, persons=persons, weighing=weighing, case=case,
    )  # fmt: skip
    ready = leaving.ready(requests, translations=translations, files=files)
    now_ms, way, matters, drafts = context.clock(), ready.way, ready.matters, ready.drafts
    with transaction.atomic():
        said = list(zip(requests, matters, send_many(drafts, context=context), strict=True))
        note_said([(one[2], draft.docket) for one, draft in zip(said, drafts, strict=True)], context=context)
        add_enquiries([own_enquiry(*one, way=way, case=case, officer=officer.number) for one in said])
        made = [
            own_request(*one, draft=draft, case=case, sender=context.agency)
            for one, draft in zip(said, drafts, strict=True)
        ]
        add_items(made, context=context)
        sent_by = [Sent(matter, statement.id, closed=way.closed) for _, matter, statement in said]
        ready.choosing.keep(list(zip(ready.weighed, sent_by, strict=True)), requests, officer=officer)
        for item, sent in zip(made, ready.sent_files, strict=True):
            note_sent_files(item.statement, sent, items=[item], context=context, officer=officer.number)
        for (request, matter, statement), given in zip(said, ready.translations, strict=True):
            if given and not way.closed:
                whence = own_whence(request, matter, statement, case=case, sender=context.agency)
                translations_kept(given, translation_items(given, whence, first=1), context=context)
        log_access(
            [
                disclosure(matter, request.law, way, officer=officer.number, now_ms=now_ms)
                for request, matter, _ in said
            ],
            keys=context.keys,
        )
    return matters


def send_enquiry(  # noqa: PLR0913 (as above)
    request: Enquiry,
    *,
    context: Context,
    officer: ActingOfficer,
    from_post: str,
    to_post: str,
    via_office_post: str = "",
    channel: str = "embassy",
    persons: Mapping[str, str] = _NOBODY,
    weighing: Weighing = CAUTIOUS,
    case: bytes = b"",
    translations: Sequence[Translation] = (),
    files: Sequence[OwnFile] = (),
) -> bytes:
    """Sends one request; see `send_enquiries`."""
    return send_enquiries(
        [request],
        context=context,
        officer=officer,
        from_post=from_post,
        to_post=to_post,
        via_office_post=via_office_post,
        channel=channel,
        persons=persons,
        weighing=weighing,
        case=case,
        translations=[translations],
        files=[files],
    )[0]


def disclosure(matter: bytes, law: LawBasis | None, way: Way, *, officer: str, now_ms: int) -> Access:
    """What the law wants logged of a transfer: who, to whom, for what purpose, on what basis (Article 25)."""
    law = law or LawBasis()
    return Access(
        operation=Operation.DISCLOSURE,
        officer=officer,
        thing=matter,
        purpose=law.purpose or "",
        justification=" ".join(code for code in (law.legal_basis, law.offence) if code),
        recipients=way.route[1:],
        time_ms=now_ms,
    )


def held_matter(
    matter: bytes, officer: ActingOfficer, direction: Direction, *, context: Context
) -> tuple[EnquiryRow, list[ReplyRow]]:
    """An enquiry of the officer's desk, held until the transaction ends, and what was said in it. Raises NotFound, and Refused for an officer
    who may not read what was asked.
    """
    rows = enquiry_rows("matter = %s AND direction = %s", (matter, int(direction)), lock=True)
    if not rows or rows[0].own_post not in officer.posts:
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    require_read(rows[0], officer, context)
    return rows[0], replies_of([matter]) if rows[0].said != 0 else []


def _say_closed(said: ReplyRow, enquiry: EnquiryRow, *, draft: Draft, context: Context) -> ReplyRow:
    """Keeps of a word that is for an officer's own eyes what its docket says; returns its row."""
    bare = replace(said, outcome="", grounds=(), items=0)
    add_replies([bare])
    add_items([closed_item(word_whence(enquiry, bare, sender=context.agency), draft.docket)], context=context)
    return bare


def _reply(
    matter: bytes,
    reply: Answer | Refusal,
    items: Sequence[Item],
    *,
    kind: str,
    context: Context,
    officer: ActingOfficer,
    translations: Sequence[Translation],
    files: Sequence[OwnFile] = (),
) -> bytes:
    now_ms = context.clock()
    with transaction.atomic():
        enquiry, words = held_matter(matter, officer, Direction.IN, context=context)
        said = ReplyRow(
            statement=b"",
            matter=matter,
            kind=kind,
            post=enquiry.own_post,
            officer=officer.number,
            said_ms=now_ms,
            at_ms=now_ms,
            follows=heads(words),
        ).saying(reply, items=len(items))
        require_permitted(said.move, enquiry, words, said_ms=now_ms)
        way = way_in(enquiry, context=context, officer=officer.number, now_ms=now_ms)
        check_agreed((reply.law if isinstance(reply, Answer) else None,), enquiry.partner, at_ms=now_ms)
        if way.between_persons:
            refuse_closed(reply if isinstance(reply, Answer) else None, files=files)
        act = officer.acting(kind, post=enquiry.own_post)
        draft = reply_draft(
            reply,
            items,
            enquiry=enquiry,
            follows=(enquiry.request, *said.follows),
            way=way,
            act=act,
            translations=translations,
        )
        check_wording(
            reply,
            items,
            languages=languages_read(enquiry.their_post),
            urgent=enquiry.urgent,
            translations=translations,
            own=own_directory(),
            tags=None if translations else draft.docket.languages,
        )
        draft, sent = with_files(draft, files, context=context, officer=officer.number)
        statement = send_many([draft], context=context)[0]
        note_said([(statement, draft.docket)], context=context)
        said = replace(said, statement=statement.id, said_ms=statement.time_ms)
        if way.closed:
            said = _say_closed(said, enquiry, draft=draft, context=context)
        else:
            add_replies([said])
            made = reply_items(reply, enumerate(items, 1), enquiry=enquiry, said=said, sender=context.agency)
            add_items(made, context=context)
            note_sent_files(statement.id, sent, items=made, context=context, officer=officer.number)
        if translations and not way.closed:
            whence = word_whence(enquiry, said, sender=context.agency)
            translations_kept(
                translations, translation_items(translations, whence, first=1 + len(items)), context=context
            )
        settle(enquiry, said, words, received_ms=enquiry.received_ms)
        if way.closed and isinstance(reply, Answer):
            end_unfound(enquiry, reply, at_ms=said.at_ms)
        law = reply.law if isinstance(reply, Answer) else LawBasis(purpose=enquiry.purpose or None)
        log_access([disclosure(matter, law, way, officer=officer.number, now_ms=now_ms)], keys=context.keys)
    return statement.id


def answer_enquiry(
    matter: bytes,
    *,
    context: Context,
    officer: ActingOfficer,
    answer: Answer,
    items: Sequence[Item] = (),
    translations: Sequence[Translation] = (),
    files: Sequence[OwnFile] = (),
) -> bytes:
    """Answers a partner's enquiry; returns the statement's id. An outcome of ``answer.partial`` leaves it open.

    ``translations`` name fields of the answer (part 0) or of its items (parts from 1), and ``files``, the officer's own,
    the part that each belongs to. Raises NotFound (no such enquiry
    on the officer's desk), Conflict (it is closed), Refused (law, language, attested by somebody else).
    """
    assessed = tuple(item.assessed() for item in items)
    check_answer(answer, assessed, agency=context.agency, today=_today(context.clock()))
    check_attested(answer.law, [subject for item in assessed for subject in item.subjects], own_directory())
    return _reply(
        matter, answer, assessed, kind=ANSWER, context=context, officer=officer, translations=translations, files=files
    )


def refuse_enquiry(
    matter: bytes,
    *,
    context: Context,
    officer: ActingOfficer,
    refusal: Refusal,
    translations: Sequence[Translation] = (),
) -> bytes:
    """Refuses a partner's enquiry on coded grounds; returns the statement's id. A partial refusal leaves it open.

    Raises as `answer_enquiry`.
    """
    check_refusal(refusal)
    kind = PARTIAL_REFUSAL if refusal.partial else REFUSAL
    return _reply(matter, refusal, (), kind=kind, context=context, officer=officer, translations=translations)


def decide_match(matter: bytes, entry: bytes, decision: str, *, context: Context, officer: ActingOfficer) -> None:
    """Records an officer's decision whether a proposed entry is the person asked about; a later one takes its place.

    Raises BadInput (no such decision), NotFound (no such enquiry on the officer's desk, no such proposal).
    """
    if decision not in MATCH_DECISIONS:
        raise BadInput("enquiries.wrong-decision")
    now_ms = context.clock()
    with transaction.atomic():
        rows = enquiry_rows("matter = %s", (matter,), lock=True)
        if not rows or rows[0].own_post not in officer.posts:
            raise NotFound("enquiries.unknown", enquiry=id_text(matter))
        require_read(rows[0], officer, context)
        named = [rows[0].request, *(word.statement for word in replies_of([matter]))]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE enquiries_match SET decision = %s, decided_by = %s, decided_ms = %s "
                f"WHERE entry = %s AND request IN ({marks(named)})",
                (decision, officer.number, now_ms, entry, *named),
            )
            if not cursor.rowcount:
                raise NotFound("enquiries.unknown-match", enquiry=id_text(matter))
        access = Access(
            operation=Operation.COMBINATION,
            officer=officer.number,
            thing=matter,
            purpose=rows[0].purpose,
            justification=decision,
            time_ms=now_ms,
        )
        log_access([access], keys=context.keys)
