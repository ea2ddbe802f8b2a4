"""What a bureau does with its own notices: ask the hub to publish one, send a diffusion, and what follows until it ends.

Invariant: nothing leaves without its checks, which a person of this bureau has answered (Articles 2 and 3, the purpose of
Article 10), and nothing personal stands in what the hub alone reads. A wanted person's notice ends for everybody with one act:
the word that the warrant was executed. INTERPOL's Rules on the Processing of Data, Articles 5, 10, 34, 49 to 51 and 58.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tansiq.cases.files_sending import OwnFile, note_sent_files, with_files
from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.services import send
from tansiq.notices.desks import BUREAU, require_post
from tansiq.notices.given import given_to, mark_given
from tansiq.notices.kinds import (
    CANCELLATION,
    DIFFUSION,
    EXTENSION,
    NOTICE,
    REQUEST,
    RESTRICTION,
    UPDATE,
    Side,
)
from tansiq.notices.making import diffusion_draft, lane_of, to_hub_draft
from tansiq.notices.members import member_of
from tansiq.notices.passing import own_word
from tansiq.notices.rows import NoticeRow, WordRow, add_notice
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
from tansiq.notices.weighing import keep_choices, may_go
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import refuse
from tansiq.policy.notice import Cancellation, Extension, Notice, NoticeRequest, Restriction
from tansiq.policy.notice_course import Kind
from tansiq.policy.notice_law import NoticeWord, notice_faults, notice_word_faults
from tansiq.policy.plain import Record
from tansiq.policy.values import Text
from tansiq.protocol.ids import IdMaker, id_text
from tansiq.protocol.statement import Statement

__all__ = ["ask_publication", "cancel", "check_notice", "executed", "extend", "restrict", "send_diffusion", "update"]

_maker = IdMaker()


def check_notice(notice: Notice, *, said_ms: int) -> None:
    """Raises Refused unless the notice may leave: the law, and answers that persons of this agency gave."""
    refuse(notice_faults(notice, today=day_of(said_ms), said_ms=said_ms))
    own = own_directory()
    check_attested(notice.law, notice.subjects, own)
    if notice.article_2 is not None and notice.article_2.officer not in {one.number for one in own.officers}:
        raise Refused("enquiries.not-attested-here", officer=notice.article_2.officer)


def _own_row(kind: Kind, notice: Notice, statement: Statement, *, matter: bytes, post: str, officer: str) -> NoticeRow:
    law = notice.law or LawBasis()
    return NoticeRow(
        matter=matter,
        kind=kind,
        side=Side.SOURCE,
        colour=notice.colour or "",
        source=statement.agency,
        source_post=post,
        first=statement.id,
        state="requested",
        field=law.offence or "",
        purpose=notice.rpd_purpose or "",
        classification=notice.conditions.classification or "" if notice.conditions else "",
        public=notice.public,
        officer=officer,
        said_ms=statement.time_ms,
        came_ms=statement.time_ms,
        known=True,
    )


@dataclass(frozen=True, slots=True)
class _Saying:
    """What is said with its files, once the draft is made."""

    draft: Draft
    files: Sequence[OwnFile]
    officer: ActingOfficer
    context: Context

    def send(self, kind: str, body: Record, *, matter: bytes, purpose: str = "") -> Statement:
        """Says it and keeps its item and files, in the caller's transaction."""
        draft, sent = with_files(self.draft, self.files, context=self.context, officer=self.officer.number)
        statement = send(draft, context=self.context)
        items = keep_item(
            statement,
            kind,
            body,
            matter=matter,
            received_ms=statement.time_ms,
            context=self.context,
            purpose=purpose,
        )
        note_sent_files(statement.id, sent, items=items, context=self.context, officer=self.officer.number)
        return statement


def ask_publication(
    notice: Notice,
    *,
    context: Context,
    officer: ActingOfficer,
    denied: Sequence[str] = (),
    words: Text | None = None,
    files: Sequence[OwnFile] = (),
) -> bytes:
    """Asks the hub to publish ``notice`` to all members but those ``denied``; returns its matter, which names the notice.

    The notice is signed and encrypted once, for all who will ever read it; whom it is denied, and ``words`` to the legal
    desk, are told to that desk alone. Raises Refused (law, not the bureau's officer, answered by somebody else, the
    rules of the channel), NotFound.
    """
    now_ms = context.clock()
    post = require_post(officer, BUREAU)
    check_notice(notice, said_ms=now_ms)
    judged = may_go(notice, kind=Kind.NOTICE, sender=post, officer=officer.number, context=context)
    matter, lane = _maker.make(now_ms), lane_of(notice.colour or "")
    with transaction.atomic():
        draft = to_hub_draft(
            NOTICE, notice, matter=matter, act=officer.acting(NOTICE, post=post), lane=lane, now_ms=now_ms, to_all=True
        )
        statement = _Saying(draft, files, officer, context).send(NOTICE, notice, matter=matter)
        row = _own_row(Kind.NOTICE, notice, statement, matter=matter, post=post, officer=officer.number)
        add_notice(row)
        request = NoticeRequest(notice=id_text(statement.id), denied=tuple(denied), words=words)
        _to_hub(request, REQUEST, row, [], officer=officer, context=context, answers=statement.id)
        keep_choices(judged, statement.id, matter=matter, officer=officer.number, now_ms=now_ms)
        settle(row, [], context=context)
        disclosed(matter, notice, draft.docket.route[1:], officer=officer, context=context, row=row)
    return matter


def _to_hub(
    body: NoticeWord,
    kind: str,
    row: NoticeRow,
    words: list[WordRow],
    *,
    officer: ActingOfficer,
    context: Context,
    answers: bytes = b"",
) -> WordRow:
    """Says to the hub's legal desk what no member reads, in the caller's transaction."""
    now_ms = context.clock()
    refuse(notice_word_faults(body, said_ms=now_ms))
    follows = follows_for(kind, row, words)
    draft = to_hub_draft(
        kind,
        body,
        matter=row.matter,
        act=officer.acting(kind, post=row.source_post),
        lane=lane_of(row.colour),
        now_ms=now_ms,
        to_all=False,
        follows=follows,
        answers=answers,
        field=row.field,
        classification=row.classification,
        handling=handling_of(row),
    )
    statement = _Saying(draft, (), officer, context).send(kind, body, matter=row.matter, purpose=row.purpose)
    return _noted(statement, kind, body, row, follows, officer=officer)


def _noted(
    statement: Statement, kind: str, body: Record, row: NoticeRow, follows: tuple[bytes, ...], *, officer: ActingOfficer
) -> WordRow:
    word = WordRow(
        statement=statement.id,
        matter=row.matter,
        kind=kind,
        side=Side.SOURCE,
        agency=statement.agency,
        post=row.source_post,
        officer=officer.number,
        follows=follows,
        said_ms=statement.time_ms,
        at_ms=statement.time_ms,
    )
    return note_said(word, body, row)


def send_diffusion(
    notice: Notice,
    *,
    to: Sequence[str],
    context: Context,
    officer: ActingOfficer,
    files: Sequence[OwnFile] = (),
) -> bytes:
    """Sends a diffusion to the members ``to`` (agencies), at once; returns its matter.

    It is sealed to these bureaux alone: the hub passes it on and reads its docket. Raises as `ask_publication`, and
    BadInput (to nobody).
    """
    now_ms = context.clock()
    post = require_post(officer, BUREAU)
    if not to:
        raise BadInput("notices.to-nobody")
    posts = [member_of(agency).post for agency in dict.fromkeys(to)]
    check_notice(notice, said_ms=now_ms)
    judged = may_go(notice, kind=Kind.DIFFUSION, sender=post, officer=officer.number, context=context, to=to)
    matter = _maker.make(now_ms)
    with transaction.atomic():
        draft = diffusion_draft(
            DIFFUSION,
            notice,
            matter=matter,
            act=officer.acting(DIFFUSION, post=post),
            lane=lane_of(notice.colour or ""),
            posts=posts,
            now_ms=now_ms,
        )
        statement = _Saying(draft, files, officer, context).send(DIFFUSION, notice, matter=matter)
        row = _own_row(Kind.DIFFUSION, notice, statement, matter=matter, post=post, officer=officer.number)
        add_notice(row)
        keep_choices(judged, statement.id, matter=matter, officer=officer.number, now_ms=now_ms)
        mark_given(matter, dict.fromkeys(to), now_ms=now_ms)
        settle(row, [], context=context, until_ms=notice.until_ms)
        disclosed(matter, notice, posts, officer=officer, context=context, row=row)
    return matter


# ---------------------------------------------------------------------------------------------------- what follows


def _draft_to_readers(
    kind: str, body: Record, row: NoticeRow, follows: tuple[bytes, ...], *, officer: ActingOfficer, context: Context
) -> Draft:
    """A word to whoever has the notice: by the hub's legal desk for a notice, by the bureaux named for a diffusion."""
    act, now_ms = officer.acting(kind, post=row.source_post), context.clock()
    more: dict[str, Any] = {"follows": follows, "answers": row.version or row.first}
    if not isinstance(body, Notice):
        more |= {"field": row.field, "classification": row.classification, "handling": handling_of(row)}
    if row.kind is Kind.NOTICE:
        return to_hub_draft(
            kind, body, matter=row.matter, act=act, lane=lane_of(row.colour), now_ms=now_ms, to_all=True, **more
        )
    posts = [member_of(agency).post for agency in given_to(row.matter)]
    return diffusion_draft(
        kind, body, matter=row.matter, act=act, lane=lane_of(row.colour), posts=posts, now_ms=now_ms, **more
    )


def _say(
    matter: bytes,
    kind: str,
    body: Record,
    *,
    officer: ActingOfficer,
    context: Context,
    check: Callable[[NoticeRow], None],
    files: Sequence[OwnFile] = (),
) -> bytes:
    with transaction.atomic():
        row, words = held(matter, sides=(Side.SOURCE,))
        if row.source_post not in officer.posts:
            raise NotFound("notices.unknown", notice=id_text(matter))
        now_ms = context.clock()
        check(row)
        require_permitted(kind, row, words, side=Side.SOURCE, said_ms=now_ms)
        follows = follows_for(kind, row, words)
        draft = _draft_to_readers(kind, body, row, follows, officer=officer, context=context)
        statement = _Saying(draft, files, officer, context).send(kind, body, matter=matter, purpose=row.purpose)
        word = _noted(statement, kind, body, row, follows, officer=officer)
        settle(row, [*words, word], context=context)
        own_word(statement.id, kind, row, context=context)
        disclosed(matter, body, draft.docket.route[1:], officer=officer, context=context, row=row)
    return statement.id


def update(
    matter: bytes, notice: Notice, *, officer: ActingOfficer, context: Context, files: Sequence[OwnFile] = ()
) -> bytes:
    """Another version of a notice of ours, whole: of a diffusion it binds at once, of a notice once the hub publishes it.

    Raises NotFound, Conflict (it has ended, or another version waits), Refused (law), BadInput (another colour).
    """

    def check(row: NoticeRow) -> None:
        if notice.colour != row.colour:
            raise BadInput("notices.other-colour")
        check_notice(notice, said_ms=context.clock())

    return _say(matter, UPDATE, notice, officer=officer, context=context, check=check, files=files)


def _checked(body: NoticeWord, context: Context) -> Callable[[NoticeRow], None]:
    def check(_: NoticeRow) -> None:
        now_ms = context.clock()
        refuse(notice_word_faults(body, said_ms=now_ms, today=day_of(now_ms)))

    return check


def extend(matter: bytes, body: Extension, *, officer: ActingOfficer, context: Context) -> bytes:
    """Its source has examined it again and needs it on. Raises as `update`."""
    return _say(matter, EXTENSION, body, officer=officer, context=context, check=_checked(body, context))


def cancel(matter: bytes, body: Cancellation, *, officer: ActingOfficer, context: Context) -> bytes:
    """Ends a notice of ours for everybody who has it. Raises as `update`."""
    return _say(matter, CANCELLATION, body, officer=officer, context=context, check=_checked(body, context))


def executed(matter: bytes, *, officer: ActingOfficer, context: Context, body: Cancellation | None = None) -> bytes:
    """The warrant was executed: the notice is withdrawn everywhere by this one word. Raises as `update`."""
    made = body or Cancellation(reason="cancel.executed")
    if made.reason != "cancel.executed":
        raise BadInput("notices.wrong-reason")
    return cancel(matter, made, officer=officer, context=context)


def restrict(
    matter: bytes, denied: Sequence[str], *, officer: ActingOfficer, context: Context, words: Text | None = None
) -> bytes:
    """From now on these members, and no others, are denied a notice of ours; those who have it lose it.

    Raises as `update`, and BadInput for a diffusion, which goes only to whom it names.
    """
    body = Restriction(denied=tuple(dict.fromkeys(denied)), words=words)
    with transaction.atomic():
        row, said = held(matter, sides=(Side.SOURCE,))
        if row.source_post not in officer.posts:
            raise NotFound("notices.unknown", notice=id_text(matter))
        if row.kind is not Kind.NOTICE:
            raise BadInput("notices.only-notices")
        require_permitted(RESTRICTION, row, said, side=Side.SOURCE, said_ms=context.clock())
        word = _to_hub(body, RESTRICTION, row, said, officer=officer, context=context, answers=row.first)
        settle(row, [*said, word], context=context)
    return word.statement
