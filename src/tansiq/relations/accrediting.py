"""What a service does with accreditations: propose, accept, refuse, suspend, take up again, withdraw, tell when the officer is reached.

Invariant: a head of service or the office answers for it, on both sides, and signs; the law's fields are judged before anything is stored;
what is said, its row, the channels that it opens or closes and its leaf in the access journal are one commit. What proposes or
answers is institutional and goes by the embassy's office; what suspends, resumes, withdraws or tells the hours is the state of
a channel and passes always (docs/adr/0023-liaison.md). Council Decision 2003/170/JHA, Articles 2 to 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from tansiq.cases.casework import NewCase, open_case, require_no_matter
from tansiq.channels.accreditations import (
    AccreditationRow,
    Direction,
    WordRow,
    accreditation_row,
    accreditation_rows,
    standing_of,
    words_of,
)
from tansiq.channels.officers import ActingOfficer, post_in_role
from tansiq.channels.ways import Way, find
from tansiq.directory.queries import own_directory
from tansiq.enquiries.drafts import languages_of
from tansiq.errors import Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.readers import post_reader
from tansiq.exchange.service import SERVICE_CHANNEL
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.accreditation import Accreditation, Grant
from tansiq.policy.accreditation_course import Move, Side, may_say
from tansiq.policy.accreditation_words import Word, check_word
from tansiq.policy.values import Text
from tansiq.protocol.directory import Directory, Use
from tansiq.protocol.docket import Docket, agency_of, check_post
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.parts import Part
from tansiq.relations.accreditation_bounds import require_open_left, require_room
from tansiq.relations.accreditation_state import proposal_of, take_word, word_row

__all__ = [
    "ANSWERS_FOR", "EMBASSY_MOVES", "LIAISON", "Desk", "check_cases", "check_posting", "decide", "open_cases", "propose", "tell_reach",
]  # fmt: skip

ANSWERS_FOR: Final = ("head", "office")
"""The roles of posts that answer for an accreditation."""
LIAISON: Final = "liaison"
"""The role of a liaison officer's post."""
EMBASSY_MOVES: Final = frozenset({Move.PROPOSE, Move.ACCEPT, Move.REFUSE})
EMBASSY: Final = "embassy"
_CUSTODIANS: Final = 2
_maker = IdMaker()


class Desk:
    """A desk that gets a case by order of whoever accepts it."""

    __slots__ = ("number", "posts")

    def __init__(self, number: str, post: str) -> None:
        self.number = number
        self.posts = (post,)


def check_posting(proposal: Accreditation, directory: Directory) -> None:
    """Raises NotFound or Refused unless ``directory``, the sending service's, lists the officer in a liaison post, with a
    reading key of the officer's own that two custodians can recover.
    """
    officer, post = proposal.officer or "", proposal.post or ""
    posts = next((one.posts for one in directory.officers if one.number == officer), ())
    if post not in posts or not post_in_role((post,), (LIAISON,), directory):
        raise NotFound("relations.not-in-liaison-post", officer=officer, post=post)
    keys = [
        key for key in directory.keys if (key.use, key.owner) == (Use.OFFICER_OPENS, officer) and not key.revoked_ms
    ]
    if not keys:
        raise Refused("relations.no-own-key", officer=officer)
    if len(keys[-1].recovery) < _CUSTODIANS:
        raise Refused("relations.no-custodians", officer=officer)


def _deciding_post(officer: ActingOfficer) -> str:
    """The post in which the officer answers for it. Raises Refused."""
    found = post_in_role(officer.posts, ANSWERS_FOR, own_directory())
    if not found:
        raise Refused("relations.not-answering", officer=officer.number)
    return found


def _is_case(shared: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM cases_case WHERE id = %s", (shared,))
        return cursor.fetchone() is not None


def _require_cases(grants: tuple[Grant, ...]) -> None:
    """Raises NotFound for a case that our service does not have."""
    for one in grants:
        if not _is_case(bytes.fromhex(one.case or "")):
            raise NotFound("relations.unknown-case", case=one.case)


def check_cases(grants: Sequence[Grant], *, context: Context) -> None:
    """Raises Refused ('cases.reference-is-matter') for a case whose reference is that of a matter."""
    for one in grants:
        require_no_matter(bytes.fromhex(one.case or ""), context=context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saying:
    """What is about to be said: which move on which accreditation, after which words, from which post to which, and which two
    posts answer for it.
    """

    move: Move
    identifier: bytes
    words: Sequence[WordRow]
    sender: str
    addressee: str
    sent_by: str
    received_by: str
    via: str = ""

    def way(self, context: Context) -> Way:
        """The embassy's, or the straight one of the service statements."""
        now_ms = context.clock()
        if self.move in EMBASSY_MOVES:
            return find(EMBASSY, self.sender, self.addressee, context=context, now_ms=now_ms, via=self.via)
        reader = post_reader(self.addressee, peer=agency_of(self.addressee), now_ms=now_ms)
        return Way(channel=SERVICE_CHANNEL, route=(self.sender, self.addressee), readers=(reader,))

    def draft(self, word: Word, *, officer: ActingOfficer, context: Context) -> Draft:
        """The draft of ``word``, signed by the officer."""
        content, way = word.to_plain(), self.way(context)
        docket = Docket(
            kind=self.move,
            channel=way.channel,
            matter=self.identifier,
            follows=_heads(self.words),
            languages=languages_of(content),
            sender=self.sender,
            route=way.route,
            addressees=(self.addressee,),
            copies=way.copies,
        )
        return Draft(
            docket=docket,
            parts=[Part(self.move, dict(content))],
            readers=way.readers,
            act=officer.acting(self.move, post=self.sender),
            handovers=way.handovers,
        )


def _heads(words: Sequence[WordRow]) -> tuple[bytes, ...]:
    """The last word of each side: what a further one follows."""
    last = {word.side: word for word in sorted(words, key=lambda word: word.place)}
    return tuple(word.statement for word in last.values())


def _say(word: Word, saying: _Saying, *, officer: ActingOfficer, context: Context) -> AccreditationRow:
    """Says a word and takes it here too, in one commit; returns the row."""
    check_word(word, saying.move)
    side = Side.SENDER if agency_of(saying.sent_by) == context.agency else Side.HOST
    require_room(saying.words, side, saying.move)
    draft = saying.draft(word, officer=officer, context=context)
    with transaction.atomic():
        accreditation_rows("id = %s", (saying.identifier,), lock=True)
        if words_of(saying.identifier) != saying.words:
            raise Conflict("relations.said-meanwhile")
        statement = send(draft, context=context)
        said = word_row(
            word,
            saying.move,
            side,
            statement=statement,
            matter=saying.identifier,
            officer=officer.number,
            post=saying.sender,
            at_ms=statement.time_ms,
        )
        row = take_word(
            said, proposal=word.proposal, sent_by=saying.sent_by, received_by=saying.received_by, context=context
        )
        access = Access(
            operation=Operation.DISCLOSURE,
            officer=officer.number,
            thing=saying.identifier,
            purpose="",
            justification=saying.move,
            recipients=draft.docket.route[1:],
            time_ms=context.clock(),
        )
        log_access([access], keys=context.keys)
    return row


def propose(
    proposal: Accreditation,
    *,
    to_post: str,
    context: Context,
    officer: ActingOfficer,
    via: str = "",
    accreditation: bytes = b"",
) -> bytes:
    """Proposes to accredit an officer of ours with the service of ``to_post``, its head's or its office's; returns the
    accreditation's id. With ``accreditation`` it changes one of ours: until the host accepts, what was accepted holds.

    ``via`` is the embassy's office where several fit. Raises Refused (law, nobody who answers for it, no key of the officer's
    own, no two custodians, more than one side may say), NotFound (no such officer, case or desk), Conflict (a proposal waits
    already, or it is withdrawn).
    """
    sender = _deciding_post(officer)
    check_post(to_post)
    if agency_of(to_post) != proposal.host:
        raise Refused("relations.other-host", post=to_post, host=proposal.host or "")
    check_word(Word(place=1, number=1, proposal=proposal), Move.PROPOSE)
    check_posting(proposal, own_directory())
    if agency_of(proposal.post or "") != context.agency:
        raise Refused("relations.not-our-officer", officer=proposal.officer or "")
    _require_cases(proposal.grants)
    check_cases(proposal.grants, context=context)
    words = words_of(accreditation) if accreditation else []
    if accreditation:
        row = accreditation_row(accreditation)
        _require_sayable(Move.PROPOSE, row, words)
        if (row.side, row.officer, row.host) != (Side.SENDER, proposal.officer, proposal.host):
            raise Refused("relations.other-officer", officer=proposal.officer or "")
    else:
        require_open_left(proposal.host, Direction.OURS, now_ms=context.clock())
    standing = standing_of(words)
    identifier = accreditation or _maker.make(context.clock())
    word = Word(place=standing.said[Side.SENDER] + 1, number=standing.proposed + 1, proposal=proposal)
    saying = _Saying(
        move=Move.PROPOSE,
        identifier=identifier,
        words=words,
        sender=sender,
        addressee=to_post,
        sent_by=sender,
        received_by=to_post,
        via=via,
    )
    _say(word, saying, officer=officer, context=context)
    return identifier


def _require_sayable(move: Move, row: AccreditationRow, words: Sequence[WordRow]) -> None:
    if not may_say(move, row.side, standing_of(words)):
        raise Conflict("relations.not-now", state=row.state)


def _answering(move: Move, row: AccreditationRow, words: Sequence[WordRow], *, sender: str) -> _Saying:
    """A further word on an accreditation, to whoever answers for it at the other side."""
    return _Saying(
        move=move,
        identifier=row.id,
        words=words,
        sender=sender,
        addressee=row.received_by if row.direction == Direction.OURS else row.sent_by,
        sent_by=row.sent_by,
        received_by=row.received_by,
    )


def decide(
    accreditation: bytes,
    move: Move,
    *,
    context: Context,
    officer: ActingOfficer,
    reason: str = "",
    words: Text | None = None,
) -> AccreditationRow:
    """Says our side's word on an accreditation: accept, refuse, suspend, resume, withdraw; returns how it stands now.

    When we accept, its cases are opened at the desks that the proposal names. Raises NotFound, Refused (law, nobody who answers
    for it, a case that is a matter, more than one accreditation holds) and Conflict (it may not be said now).
    """
    row, said = accreditation_row(accreditation), words_of(accreditation)
    sender = _deciding_post(officer)
    _require_sayable(move, row, said)
    standing = standing_of(said)
    number = standing.pending if move in {Move.ACCEPT, Move.REFUSE} else standing.accepted or standing.proposed
    word = Word(place=standing.said[row.side] + 1, number=number, reason=reason or None, words=words)
    saying = _answering(move, row, said, sender=sender)
    with transaction.atomic():
        done = _say(word, saying, officer=officer, context=context)
        if move is Move.ACCEPT:
            open_cases(done, context=context, by=officer.number)
    return done


def open_cases(row: AccreditationRow, *, context: Context, by: str) -> None:
    """Opens the cases of an accreditation with us at their desks, as far as we do not have them, in the caller's transaction."""
    proposal = proposal_of(row.proposal, context=context)
    for one in proposal.grants if proposal is not None else ():
        shared = bytes.fromhex(one.case or "")
        if _is_case(shared):
            continue
        if one.title is not None and one.counterpart is not None:
            new = NewCase(
                title=one.title,
                posts=(one.counterpart,),
                fields=(one.field,) if one.field else (),
                agencies=(row.partner,),
                lead=row.partner,
                shared=shared,
            )
            open_case(new, context=context, officer=Desk(by, one.counterpart))


def tell_reach(
    accreditation: bytes, reach: str, *, context: Context, officer: ActingOfficer, until_ms: int | None = None
) -> AccreditationRow:
    """Tells the host when the officer is reached, or that the officer is away until then; the officer says it, or who answers.

    Raises as `decide`.
    """
    row, said = accreditation_row(accreditation), words_of(accreditation)
    own = officer.number == row.officer and row.post in officer.posts
    sender = row.post if own else _deciding_post(officer)
    _require_sayable(Move.REACH, row, said)
    standing = standing_of(said)
    word = Word(place=standing.said[row.side] + 1, number=standing.accepted, reach=reach, until_ms=until_ms)
    saying = _answering(Move.REACH, row, said, sender=sender)
    return _say(word, saying, officer=officer, context=context)
