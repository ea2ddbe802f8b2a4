"""What arrives for this room: notices, diffusions and the words about them, verified before a row is written.

Invariant: what is not signed by an officer of its desk, contradicts its docket, lacks what the law wants, is not brought by the
hub (or a service's own bureau), or was not its speaker's to say is refused as a whole: the post room quarantines it with the
reason. Whether a word was permitted is judged by its speaker's past, so an honest one is never refused because another crossed
it. At the hub what is for the members goes on to them in the same commit; at a bureau, to the services of its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tansiq.cases.files_sending import files_in, note_files
from tansiq.channels.arriving import came_by_their_way
from tansiq.channels.officers import verified_act
from tansiq.directory.queries import current_directory
from tansiq.enquiries.notices import ring
from tansiq.errors import BadInput, Conflict, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, follow_handled, register
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices import legal, passing
from tansiq.notices.answering import found_in_answer
from tansiq.notices.declaring import take_status
from tansiq.notices.desks import bureaux_of, carriers, hub_agency, is_hub, legal_posts, own_desk
from tansiq.notices.flagging import flag_asked, flag_bound, take_flags
from tansiq.notices.forgetting import register_forgetting
from tansiq.notices.given import given_to
from tansiq.notices.kinds import (
    ANSWER,
    BODIES,
    CANCELLATION,
    CHANNEL,
    DIFFUSION,
    FIRST,
    FLAG,
    MEMBERS,
    MOVES,
    NOTICE,
    PUBLICATION,
    REQUEST,
    RESTRICTED,
    RESTRICTION,
    STATUS,
    UPDATE,
    WITHHELD,
    Side,
    speaker_of,
)
from tansiq.notices.members import member_of, members, take_members
from tansiq.notices.recovered import register_recovered_kinds
from tansiq.notices.rows import NoticeRow, WordRow, add_notice, notice_rows, words_of
from tansiq.notices.saying import day_of, keep_item, known_words, note_said, require_room
from tansiq.notices.settling import on_bound, settle
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.notice import Cancellation, Notice, NoticeAnswer, NoticeRequest, Restriction
from tansiq.policy.notice_course import Kind, Move, past_of, permits
from tansiq.policy.notice_law import notice_faults, notice_word_faults
from tansiq.policy.plain import Record
from tansiq.protocol.acts import Act
from tansiq.protocol.docket import agency_of

__all__ = ["register_kinds"]

NODE: Final = "node"
_NEWER: Final = "policy.law.code-unknown"
"""A newer code of the sender's is shown as it is: it makes nothing unlawful."""
_HUBS_OWN: Final = frozenset({REQUEST, RESTRICTION})


def _known_codes(faults: Faults) -> Faults:
    return Faults(fault for fault in faults if fault.code != _NEWER)


def _body(arrived: Arrived, kind: type[Record]) -> Record:
    """The record in part 0. Raises NotFound (the body is not for us to read) and BadInput."""
    if not arrived.body_open:
        raise NotFound("notices.body-closed")
    part = arrived.parts[0] if arrived.parts else None
    if part is None or part.kind != arrived.docket.kind:
        raise BadInput("notices.part-missing", kind=arrived.docket.kind)
    return kind.from_plain(part.content)


def _require_docket(arrived: Arrived, notice: Notice) -> None:
    """Raises BadInput unless the notice says what its docket says."""
    docket, conditions = arrived.docket, notice.conditions
    said = {
        "field": (docket.field, (notice.law or LawBasis()).offence or ""),
        "classification": (docket.classification, conditions.classification or "" if conditions else ""),
        "handling": (set(docket.handling), set(conditions.codes) if conditions else set()),
    }
    for name, (of_docket, of_body) in said.items():
        if of_docket != of_body:
            raise BadInput("notices.docket-differs", field=name)


def _require_carried(arrived: Arrived) -> None:
    """Raises NotProven unless what is for all came by the hands that bring us such things, or, at the hub, from its source."""
    if arrived.docket.channel != CHANNEL:
        raise BadInput("notices.other-channel")
    expected = {arrived.statement.agency} if is_hub() else carriers()
    if arrived.peer not in expected:
        raise NotProven("notices.not-the-carrier", agency=arrived.peer)


def _require_answering(one: Arrived, row: NoticeRow, context: Context) -> None:
    """Raises unless an answer came by the organisation's channel, on its way, from the bureau of a member that has the notice."""
    agency, sender = one.statement.agency, one.docket.sender
    if one.docket.channel != CHANNEL:
        raise BadInput("notices.other-channel")
    came_by_their_way([one], context)
    known = {member.agency for member in members()}
    given = given_to(row.matter) if row.kind is Kind.DIFFUSION else []
    if (
        sender not in bureaux_of(current_directory(agency))
        or (known and agency not in known)
        or (given and agency not in given)
    ):
        raise Refused("notices.not-theirs-to-say", agency=agency)


def _read_notice(arrived: Arrived) -> Notice:
    """The notice, lawful and saying what its docket says."""
    notice = _body(arrived, Notice)
    if not isinstance(notice, Notice):
        raise BadInput("notices.part-missing", kind=arrived.docket.kind)
    _require_docket(arrived, notice)
    said_ms = arrived.statement.time_ms
    refuse(_known_codes(notice_faults(notice, today=day_of(said_ms), said_ms=said_ms)))
    return notice


def _row_of(one: Arrived, notice: Notice | None, *, officer: str) -> NoticeRow:
    conditions = notice.conditions if notice is not None else None
    return NoticeRow(
        matter=one.docket.matter,
        kind=FIRST[one.docket.kind],
        side=Side.HUB if is_hub() else Side.MEMBER,
        colour=notice.colour or "" if notice is not None else "",
        source=one.statement.agency,
        source_post=one.docket.sender,
        via=one.peer,
        first=one.statement.id,
        state="requested",
        field=one.docket.field,
        purpose=notice.rpd_purpose or "" if notice is not None else "",
        classification=conditions.classification or "" if conditions is not None else one.docket.classification,
        public=notice.public if notice is not None else False,
        officer=officer,
        said_ms=one.statement.time_ms,
        came_ms=one.at_ms,
    )


def _collected(row: NoticeRow, now_ms: int) -> Access:
    return Access(
        operation=Operation.COLLECTION,
        officer=NODE,
        thing=row.matter,
        purpose=row.purpose,
        justification=" ".join(code for code in (row.colour, row.field) if code),
        time_ms=now_ms,
    )


def _keep(one: Arrived, body: Record, row: NoticeRow, context: Context) -> None:
    items = keep_item(
        one.statement,
        one.docket.kind,
        body,
        matter=row.matter,
        received_ms=one.at_ms,
        context=context,
        purpose=row.purpose,
    )
    note_files(one.statement.id, files_in(one), items=items, context=context)


def _call(row: NoticeRow, kind: str) -> None:
    """The desk whose business it is hears that something has come."""
    if row.side is Side.HUB:
        desks = [legal_posts(hub_agency())[0]] if row.pending or kind in _HUBS_OWN else []
    elif row.side is Side.SOURCE:
        desks = [row.source_post]
    else:
        desks = [own_desk()] if row.known and kind in {NOTICE, DIFFUSION, PUBLICATION, CANCELLATION, UPDATE} else []
    ring([(desk, row.colour == "notice.orange" or kind == ANSWER) for desk in desks if desk])


def _take_first(arrived: Sequence[Arrived], context: Context) -> None:
    """Notices and diffusions, as their first statement brings them."""
    for one in arrived:
        _require_carried(one)
        if notice_rows("matter = %s", (one.docket.matter,)):
            raise Conflict("notices.matter-known")
        if is_hub():
            member_of(one.statement.agency)
        closed = is_hub() and one.docket.kind == DIFFUSION and not one.body_open
        notice = None if closed else _read_notice(one)
        officer = "" if closed else verified_act(one).officer
        row = _row_of(one, notice, officer=officer)
        add_notice(row)
        if notice is not None:
            _keep(one, notice, row, context)
            log_access([_collected(row, context.clock())], keys=context.keys)
        until_ms = notice.until_ms if notice is not None and row.kind is Kind.DIFFUSION else None
        settled = settle(row, [], context=context, until_ms=until_ms)
        passing.first(one, settled, context=context)
        _call(settled, one.docket.kind)


# ---------------------------------------------------------------------------------------------------- words about it


def _side_of(one: Arrived, row: NoticeRow) -> Side:
    """Who speaks. Raises Refused (somebody to whom it is nothing)."""
    agency = one.statement.agency
    if agency == row.source and one.docket.sender == row.source_post:
        return Side.SOURCE
    if agency == hub_agency() and one.docket.sender in legal_posts(agency):
        return Side.HUB
    if one.docket.kind == ANSWER:
        return Side.MEMBER
    raise Refused("notices.not-theirs-to-say", agency=agency)


def _known(one: Arrived) -> NoticeRow:
    rows = notice_rows("matter = %s", (one.docket.matter,), lock=True)
    if not rows:
        raise NotFound("notices.never-heard")
    if rows[0].first not in one.docket.follows:
        raise NotProven("notices.about-another")
    return rows[0]


def _judge(word: WordRow, row: NoticeRow, words: Sequence[WordRow]) -> None:
    """Raises Conflict unless the word was its speaker's to say, by what the speaker knew; NotProven for what nobody said."""
    known = {one.id: one for one in known_words(words)}
    past = past_of(word.follows, known)
    allowed = permits(
        MOVES[word.kind],
        speaker_of(word.side),
        [known[one] for one in past],
        first=row.first,
        kind=row.kind,
        said_ms=word.said_ms,
        until_ms=row.until_ms if row.kind is Kind.DIFFUSION else None,
        version=word.version,
    )
    if not allowed:
        raise Conflict("notices.not-now", notice=row.matter.hex(), state=row.state)


def _version_of(one: Arrived) -> bytes:
    """The statement that a publication or a refusal is about: what it answers, and so follows. Raises NotProven."""
    if one.docket.answers not in one.docket.follows:
        raise NotProven("notices.about-another")
    return one.docket.answers


def _word_row(one: Arrived, row: NoticeRow, *, side: Side, act: Act) -> WordRow:
    kind = one.docket.kind
    about = MOVES.get(kind) in {Move.PUBLISH, Move.REFUSE}
    return WordRow(
        statement=one.statement.id,
        matter=row.matter,
        kind=kind,
        side=side,
        agency=one.statement.agency,
        post=act.post,
        officer=act.officer,
        version=_version_of(one) if about else b"",
        follows=one.docket.follows,
        said_ms=one.statement.time_ms,
        at_ms=one.at_ms,
        seen=kind != ANSWER,
    )


def _lawful(one: Arrived, body: Record) -> None:
    said_ms = one.statement.time_ms
    if isinstance(body, Notice):
        _require_docket(one, body)
        faults = notice_faults(body, today=day_of(said_ms), said_ms=said_ms)
    else:
        faults = notice_word_faults(body, said_ms=said_ms, today=day_of(said_ms))  # type: ignore[arg-type]  # one of BODIES
    refuse(_known_codes(faults))


def _take_word(one: Arrived, context: Context) -> None:
    row = _known(one)
    kind = one.docket.kind
    if kind == ANSWER:
        _require_answering(one, row, context)
    else:
        _require_carried(one)
    if is_hub() and not one.body_open and row.kind is Kind.DIFFUSION:
        passing.word(one, row, None, context=context)
        return
    side = _side_of(one, row)
    if (kind in _HUBS_OWN and not is_hub()) or (side is Side.SOURCE and row.side is Side.SOURCE):
        raise Refused("notices.not-theirs-to-say", agency=one.statement.agency)
    body = _body(one, BODIES[kind])
    _lawful(one, body)
    act = verified_act(one)
    words = words_of([row.matter])[row.matter]
    require_room(kind, words, side=side, agency=one.statement.agency if side is Side.MEMBER else "")
    word = _word_row(one, row, side=side, act=act)
    if kind in MOVES:
        word = replace(word, until_ms=getattr(body, "until_ms", None))
        _judge(word, row, words)
    if kind == UPDATE and isinstance(body, Notice) and body.colour != row.colour:
        raise BadInput("notices.other-colour")
    word = note_said(word, body, row)
    _keep(one, body, row, context)
    log_access([_collected(row, context.clock())], keys=context.keys)
    settled = settle(_numbered(row, body), [*words, word], context=context)
    if isinstance(body, NoticeAnswer) and settled.side is Side.SOURCE:
        found_in_answer(word, body, settled, context=context)
    if is_hub() and isinstance(body, Restriction | NoticeRequest):
        _restrict(settled, [*words, word], context)
    passing.word(one, settled, word, context=context)
    _call(settled, kind)


def _restrict(row: NoticeRow, words: Sequence[WordRow], context: Context) -> None:
    """At the hub: its source's last word on whom a notice is denied holds from now on, in whichever order these words came. What
    waits to be published is judged by it then.
    """
    if row.binds or words[-1].kind == RESTRICTION:
        legal.restrict_members(row, words, legal.denied_in(row, words, context=context), context=context)


def _numbered(row: NoticeRow, body: Record) -> NoticeRow:
    """The row with what a publication, or another version, says of it."""
    number = getattr(body, "number", "")
    return replace(row, number=number) if number else row


def _take_words(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        _take_word(one, context)


def _take_withheld(arrived: Sequence[Arrived], context: Context) -> None:
    """The hub's node tells us that a source denies us its notice: it ends here, as if it were cancelled."""
    for one in arrived:
        hub = hub_agency()
        if one.statement.agency != hub or one.peer != hub or agency_of(one.docket.sender) != hub:
            raise NotProven("notices.not-the-carrier", agency=one.statement.agency)
        row = _known(one)
        words = words_of([row.matter])[row.matter]
        word = WordRow(
            statement=one.statement.id,
            matter=row.matter,
            kind=WITHHELD,
            side=Side.HUB,
            agency=hub,
            post=one.docket.sender,
            officer=NODE,
            follows=one.docket.follows,
            said_ms=one.statement.time_ms,
            at_ms=one.at_ms,
        )
        word = note_said(word, Cancellation(reason=RESTRICTED), row)
        settled = settle(row, [*words, word], context=context)
        passing.word(one, settled, word, context=context)


def register_kinds() -> None:
    """Registers the kinds of this room."""
    for kind in (NOTICE, DIFFUSION):
        register(kind, _take_first)
    for kind in BODIES:
        register(kind, _take_words)
    register(WITHHELD, _take_withheld)
    register(MEMBERS, take_members)
    register(STATUS, take_status)
    register(FLAG, take_flags)
    follow_handled(flag_asked)
    register_forgetting()
    on_bound(flag_bound)
    register_recovered_kinds()
