"""What the hub's legal desk does: publish, refuse, cancel; and how what is for the members reaches them.

Invariant: the source's statement goes on byte for byte, signed and encrypted once, sealed to each member's desk by the legal desk,
which alone may read it here; beside it goes the hub's own word that it binds. Whom the source denies it gets nothing, not even
the docket. Each member is told once, in the commit that decides. INTERPOL's Constitution, Articles 2 and 3; its Rules on the
Processing of Data, Articles 58, 76 and 86.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from tansiq.cases.contents import open_statements
from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import own_directory, sealing_key_of
from tansiq.errors import Conflict, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.services import relay_many, send, send_many
from tansiq.notices.contents import body_of
from tansiq.notices.desks import LEGAL, hub_posts, is_hub, require_post
from tansiq.notices.given import given_to, mark_given
from tansiq.notices.kinds import CANCELLATION, CHANNEL, PUBLICATION, REFUSAL, REQUEST, RESTRICTION, WITHHELD, Side
from tansiq.notices.making import from_hub_draft, lane_of
from tansiq.notices.members import MemberRow, members, on_admitted
from tansiq.notices.rows import NoticeRow, WordRow, notice_rows, words_of
from tansiq.notices.saying import (
    day_of,
    follows_for,
    handling_of,
    held,
    keep_item,
    known_words,
    note_said,
    require_permitted,
)
from tansiq.notices.settling import settle
from tansiq.policy.faults import refuse as refuse_faults
from tansiq.policy.notice import Cancellation, HubRefusal, NoticeRequest, Publication, Restriction
from tansiq.policy.notice_course import BINDING, Kind, in_order, is_public
from tansiq.policy.notice_law import NoticeWord, notice_word_faults
from tansiq.policy.notice_needs import needs
from tansiq.policy.values import Attestation
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover
from tansiq.protocol.parts import Part

__all__ = ["cancel_by_hub", "denied_in", "pass_on", "publish", "refuse", "restrict_members"]

_log = logging.getLogger("tansiq.notices")


def _require_legal(officer: ActingOfficer) -> str:
    """The legal desk. Raises Refused unless this is the hub and the officer is at it."""
    if not is_hub():
        raise Refused("notices.not-the-hub")
    return require_post(officer, LEGAL)


def _members_for(row: NoticeRow, denied: Sequence[str]) -> list[MemberRow]:
    """The members who shall have a notice: all but its source and those denied."""
    return [one for one in members() if one.agency not in {*denied, row.source}]


def _wraps(found: Sequence[MemberRow], now_ms: int) -> dict[str, list[Reader]]:
    return {one.agency: [Reader(one.agency, sealing_key_of(one.post, now_ms)[1], agency=one.agency)] for one in found}


def pass_on(statement: bytes, to: Sequence[MemberRow], *, came_ms: int, context: Context) -> None:
    """Passes a statement to members, each with a wrap of the legal desk's, in the caller's transaction."""
    if not to:
        return
    now_ms = context.clock()
    posts = hub_posts()
    relay_many(
        statement,
        to=_wraps(to, now_ms),
        handovers=[Handover(post, came_ms, now_ms) for post in posts],
        context=context,
    )


def denied_in(row: NoticeRow, words: Sequence[WordRow], *, context: Context) -> tuple[str, ...]:
    """Whom its source denies a notice now: by its last restriction, else by its request.

    Raises Conflict ('notices.request-missing') when neither is here, or the last can't be read: then nobody gets it.
    """
    asked = [word for word in words if word.kind in {REQUEST, RESTRICTION} and word.side is Side.SOURCE]
    if not asked:
        raise Conflict("notices.request-missing")
    last = max(asked, key=lambda word: (word.said_ms, word.statement))
    stored = open_statements([last.statement], keys=context.keys).get(last.statement)
    record = NoticeRequest if last.kind == REQUEST else Restriction
    body = body_of(stored, [last.kind], record)
    if not isinstance(body, NoticeRequest | Restriction):
        raise Conflict("notices.request-missing")
    return body.denied


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What the legal desk says: ``version`` the statement that it is about, ``to`` the desks that are told."""

    kind: str
    body: NoticeWord
    to: Sequence[str]
    version: bytes = b""
    to_all: bool = True


def _decide(
    row: NoticeRow, words: Sequence[WordRow], said: _Word, *, officer: ActingOfficer, context: Context
) -> WordRow:
    """Says the hub's word and writes it down, in the caller's transaction."""
    now_ms = context.clock()
    refuse_faults(notice_word_faults(said.body, said_ms=now_ms, today=day_of(now_ms)))
    post = _require_legal(officer)
    require_permitted(said.kind, row, words, side=Side.HUB, said_ms=now_ms, version=said.version)
    follows = follows_for(said.kind, row, words, version=said.version)
    draft = from_hub_draft(
        said.kind,
        said.body,
        matter=row.matter,
        act=officer.acting(said.kind, post=post),
        lane=lane_of(row.colour),
        posts=said.to,
        now_ms=now_ms,
        to_all=said.to_all,
        follows=follows,
        answers=said.version or row.version or row.first,
        field=row.field,
        classification=row.classification,
        handling=handling_of(row),
    )
    statement = send(draft, context=context)
    keep_item(
        statement,
        said.kind,
        said.body,
        matter=row.matter,
        received_ms=statement.time_ms,
        context=context,
        purpose=row.purpose,
    )
    word = WordRow(
        statement=statement.id,
        matter=row.matter,
        kind=said.kind,
        side=Side.HUB,
        agency=context.agency,
        post=post,
        officer=officer.number,
        version=said.version,
        follows=follows,
        said_ms=statement.time_ms,
        at_ms=statement.time_ms,
    )
    return note_said(word, said.body, row)


def _next_number(now_ms: int) -> str:
    """The next number of the year: ``2026/1042``."""
    year = day_of(now_ms).year
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (0x7A6E6F74,))
        cursor.execute(
            "SELECT number FROM notices_notice WHERE number LIKE %s ORDER BY LENGTH(number) DESC, number DESC LIMIT 1",
            (f"{year}/%",),
        )
        row = cursor.fetchone()
    return f"{year}/{int(row[0].partition('/')[2]) + 1 if row else 1}"


def _pending(matter: bytes) -> tuple[NoticeRow, list[WordRow]]:
    row, words = held(matter, sides=(Side.HUB,))
    if not row.pending:
        raise Conflict("notices.nothing-waits", state=row.state)
    return row, words


def publish(
    matter: bytes,
    *,
    lawful: Attestation,
    officer: ActingOfficer,
    context: Context,
    until_ms: int | None = None,
) -> str:
    """The legal desk finds what waits lawful: it goes to all members but those denied, and binds. Returns its number.

    ``until_ms`` is five years from now unless it is said. Raises Refused (not the legal desk, law), NotFound, Conflict (nothing
    waits, or it can't be read whom the source denies it).
    """
    _require_legal(officer)
    if lawful.officer not in {one.number for one in own_directory().officers}:
        raise Refused("enquiries.not-attested-here", officer=lawful.officer)
    now_ms = context.clock()
    with transaction.atomic():
        row, words = _pending(matter)
        version = row.pending
        number = row.number or _next_number(now_ms)
        body = Publication(number=number, until_ms=until_ms or now_ms + needs().longest_ms, lawful=lawful)
        denied = denied_in(row, words, context=context)
        to = _members_for(row, denied)
        came = next((word.at_ms for word in words if word.statement == version), row.came_ms)
        pass_on(version, to, came_ms=came, context=context)
        mark_given(matter, [one.agency for one in to], now_ms=now_ms)
        mark_given(matter, denied, now_ms=now_ms, denied=True)
        posts = [*(one.post for one in to), row.source_post]
        said = _Word(kind=PUBLICATION, body=body, to=posts, version=version)
        word = _decide(row, words, said, officer=officer, context=context)
        settle(replace(row, number=number), [*words, word], context=context)
    return number


def refuse(matter: bytes, body: HubRefusal, *, officer: ActingOfficer, context: Context) -> bytes:
    """The legal desk does not publish what waits; its source alone is told, with the grounds. Raises as `publish`."""
    with transaction.atomic():
        row, words = _pending(matter)
        said = _Word(kind=REFUSAL, body=body, to=[row.source_post], version=row.pending, to_all=False)
        word = _decide(row, words, said, officer=officer, context=context)
        settle(row, [*words, word], context=context)
    return word.statement


def cancel_by_hub(matter: bytes, body: Cancellation, *, officer: ActingOfficer, context: Context) -> bytes:
    """The hub ends a notice that is not in keeping with the rules, for everybody who has it. Raises as `publish`."""
    with transaction.atomic():
        row, words = held(matter, sides=(Side.HUB,))
        posts = [one.post for one in members() if one.agency in set(given_to(matter))]
        said = _Word(kind=CANCELLATION, body=body, to=[*posts, row.source_post])
        word = _decide(row, words, said, officer=officer, context=context)
        settle(row, [*words, word], context=context)
    return word.statement


# ------------------------------------------------------------------------------------------ without an officer's hand


def _withhold(row: NoticeRow, found: Sequence[MemberRow], *, context: Context) -> None:
    """Tells those who are denied it now that it has ended for them: the node's own word, for the source's will is done."""
    now_ms = context.clock()
    relay, _ = hub_posts()
    drafts = [
        Draft(
            docket=Docket(
                kind=WITHHELD,
                channel=CHANNEL,
                matter=row.matter,
                sender=relay,
                route=(relay, one.post),
                addressees=(one.post,),
                answers=row.first,
                follows=(row.first,),
            ),
            parts=[Part(WITHHELD, {})],
            readers=[Reader(one.agency, sealing_key_of(one.post, now_ms)[1], agency=one.agency)],
            lane=lane_of(row.colour),
        )
        for one in found
    ]
    if drafts:
        send_many(drafts, context=context)


def restrict_members(row: NoticeRow, words: Sequence[WordRow], denied: Sequence[str], *, context: Context) -> None:
    """What follows from a source's restriction, in the caller's transaction: who has it and is denied it now is told that it
    ends there; whoever may have it now and had not gets all that is for the members.
    """
    now_ms = context.clock()
    had, was_denied = set(given_to(row.matter)), set(given_to(row.matter, denied=True))
    _withhold(row, [one for one in members() if one.agency in had & set(denied)], context=context)
    mark_given(row.matter, denied, now_ms=now_ms, denied=True)
    if row.state in BINDING:
        _bring(
            row, words, [one for one in _members_for(row, denied) if one.agency in was_denied - had], context=context
        )


def _bring(row: NoticeRow, words: Sequence[WordRow], to: Sequence[MemberRow], *, context: Context) -> None:
    """All that is for the members of a notice that binds, in its order, to those who have not got it."""
    if not to:
        return
    known = known_words(words)
    public = [word.id for word in in_order([one for one in known if is_public(one, known, Kind.NOTICE)])]
    for statement in (row.first, *public):
        pass_on(statement, to, came_ms=row.came_ms, context=context)
    mark_given(row.matter, [one.agency for one in to], now_ms=context.clock())


def _bring_all(agencies: Sequence[str], context: Context) -> None:
    """Members that were admitted now get every notice that binds."""
    found = [one for one in members() if one.agency in set(agencies)]
    rows = notice_rows(
        "side = %s AND kind = %s AND state IN ('published', 'updated') ORDER BY said_ms",
        (int(Side.HUB), Kind.NOTICE.value),
    )
    words = words_of([row.matter for row in rows])
    for row in rows:
        try:
            denied = denied_in(row, words[row.matter], context=context)
        except Conflict:
            _log.warning(
                "a notice is not brought to new members: whom its source denies it can't be read: %s", row.matter.hex()
            )
            continue
        without = {*denied, *given_to(row.matter), row.source}
        _bring(row, words[row.matter], [one for one in found if one.agency not in without], context=context)


on_admitted(_bring_all)
