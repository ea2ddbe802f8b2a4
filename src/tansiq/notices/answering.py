"""What a member does with a notice: answer it, to its source alone.

Invariant: an answer gives away personal data, so it has its own basis in law; the hub passes it on and reads its docket. Nobody but
the source learns what another member found. INTERPOL's Rules on the Processing of Data, Articles 63 to 65 and 87.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.exchange.context import Context
from tansiq.exchange.services import send
from tansiq.notices.contents import notices_in
from tansiq.notices.declared import declared_in_answer
from tansiq.notices.desks import BUREAU, require_post
from tansiq.notices.kinds import ANSWER, Side
from tansiq.notices.making import answer_draft, lane_of
from tansiq.notices.rows import NoticeRow, WordRow
from tansiq.notices.saying import (
    day_of,
    disclosed,
    follows_for,
    handling_of,
    held,
    keep_item,
    note_said,
    require_permitted,
)
from tansiq.notices.settling import settle
from tansiq.policy.faults import refuse
from tansiq.policy.notice import NoticeAnswer
from tansiq.policy.notice_law import notice_word_faults

__all__ = ["answer_notice", "found_in_answer"]


def _bounds(body: NoticeAnswer, row: NoticeRow) -> dict[str, Any]:
    """What gives nothing away has no conditions of its own: it is handled as the notice is."""
    if body.conditions is not None:
        return {}
    return {"handling": handling_of(row), "classification": row.classification}


def found_in_answer(word: WordRow, body: NoticeAnswer, row: NoticeRow, *, context: Context) -> None:
    """That somebody sought was found, held or found dead is a declaration too, here and at the source: whoever is asked about
    again is flagged at once. In the caller's transaction.
    """
    notice = notices_in([row.version], context=context).get(row.version)
    if notice is None or body.subject >= len(notice.subjects) or not notice.subjects[body.subject].is_person:
        return
    declared_in_answer(
        word, body.result or "", notice.subjects[body.subject], place=body.subject, source=row, context=context
    )


def answer_notice(matter: bytes, body: NoticeAnswer, *, officer: ActingOfficer, context: Context) -> bytes:
    """Answers a notice that binds here; returns the statement's id.

    Raises NotFound, Conflict (it binds no longer), Refused (law, not the bureau's officer, answered for by somebody else).
    """
    now_ms = context.clock()
    post = require_post(officer, BUREAU)
    refuse(notice_word_faults(body, said_ms=now_ms, today=day_of(now_ms)))
    check_attested(body.law, (), own_directory())
    with transaction.atomic():
        row, words = held(matter, sides=(Side.MEMBER,))
        require_permitted(ANSWER, row, words, side=Side.MEMBER, said_ms=now_ms)
        follows = follows_for(ANSWER, row, words)
        draft = answer_draft(
            ANSWER,
            body,
            matter=matter,
            act=officer.acting(ANSWER, post=post),
            lane=lane_of(row.colour),
            to=row.source_post,
            now_ms=now_ms,
            follows=follows,
            answers=row.version,
            field=row.field,
            **_bounds(body, row),
        )
        statement = send(draft, context=context)
        keep_item(
            statement,
            ANSWER,
            body,
            matter=matter,
            received_ms=statement.time_ms,
            context=context,
            purpose=row.purpose,
        )
        word = WordRow(
            statement=statement.id,
            matter=matter,
            kind=ANSWER,
            side=Side.MEMBER,
            agency=context.agency,
            post=post,
            officer=officer.number,
            follows=follows,
            said_ms=statement.time_ms,
            at_ms=statement.time_ms,
        )
        word = note_said(word, body, row)
        settle(row, [*words, word], context=context)
        found_in_answer(word, body, row, context=context)
        disclosed(matter, body, draft.docket.route[1:], officer=officer, context=context, row=row)
    return statement.id
