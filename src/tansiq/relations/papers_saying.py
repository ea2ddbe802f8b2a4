"""What a service says of agreements, meetings and contact points: propose, confirm, refuse, end, record what was decided and done.

Invariant: a head of service or the office answers for it, on both sides, and signs; what a word lacks is judged before anything is
stored; what is said, its row and its leaf in the access journal are one commit. What proposes, answers or records is institutional and
goes by the embassy's office; what ends, and who is reached how, is the state of a relation and passes always
(docs/adr/0026-institutional-relations.md).

    paper = state_agreement(treaty, to_post="ma.dgst/head", context=context, officer=head)      # at the other node:
    say_paper("agreement", paper, Step.AGREE, context=context, officer=head)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from tansiq.channels.officers import ActingOfficer, post_in_role
from tansiq.channels.ways import Way, find
from tansiq.directory.queries import current_directory, own_directory
from tansiq.enquiries.drafts import languages_of
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.readers import post_reader
from tansiq.exchange.service import SERVICE_CHANNEL
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, KINDS, MEETING, Step, may_say
from tansiq.policy.papers import Contacts, Meeting, PaperWord, Treaty, check_paper_word
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import Docket, agency_of, check_post
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.parts import Part
from tansiq.relations.accrediting import ANSWERS_FOR, EMBASSY
from tansiq.relations.papers import (
    OURS,
    PaperRow,
    WordRow,
    paper_row,
    papers,
    require_open_left,
    require_room,
    standing_of,
    words_of,
)
from tansiq.relations.papers_state import take_paper_word, word_row

__all__ = [
    "SERVICE_STEPS",
    "answering_post",
    "check_about",
    "propose_meeting",
    "say_paper",
    "state_agreement",
    "tell_contacts",
]

SERVICE_STEPS: Final = frozenset({KINDS[AGREEMENT][Step.END], KINDS[MEETING][Step.END], KINDS[CONTACTS][Step.PROPOSE]})
"""The kinds that always pass: what ends, and how somebody is reached."""
BARE: Final = PaperWord(place=1, number=1)
"""A word that says nothing but its step."""
_maker = IdMaker()


def answering_post(officer: ActingOfficer) -> str:
    """The post in which an officer answers for papers. Raises Refused."""
    found = post_in_role(officer.posts, ANSWERS_FOR, own_directory())
    if not found:
        raise Refused("relations.not-answering", officer=officer.number)
    return found


def check_about(word: PaperWord, *, own: str, partner: str) -> None:
    """Raises BadInput unless a proposal of ``own`` (an agency) to ``partner`` is about these two: an agreement between their states, a
    meeting of their posts, the contact points of whoever says it.
    """
    if word.agreement is not None:
        states = {state_of(own).upper(), state_of(partner).upper()}
        if not states <= set(word.agreement.parties):
            raise BadInput("relations.other-parties", parties=", ".join(sorted(states)))
    if word.meeting is not None:
        _known(word.meeting.posts, (own, partner))
    if word.minutes is not None:
        decided = [one.post for one in word.minutes.decisions if one.post]
        _known((*word.minutes.posts, *decided), (own, partner))
    if word.contacts is not None:
        _known([one.post or "" for one in word.contacts.points], (own,))


def _known(posts: Sequence[str], agencies: Sequence[str]) -> None:
    """Raises NotFound for a post that none of these agencies lists."""
    listed = {post.id for agency in agencies for post in current_directory(agency).posts}
    for post in posts:
        if post not in listed:
            raise NotFound("directory.unknown-post", post=post)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saying:
    """What is about to be said: which step on which paper, after which words, from which post to which."""

    kind: str
    step: Step
    paper: bytes
    words: Sequence[WordRow]
    side: int
    sender: str
    addressee: str
    via: str = ""

    @property
    def code(self) -> str:
        return KINDS[self.kind][self.step]

    def way(self, context: Context) -> Way:
        """The embassy's, or the straight one of the service statements."""
        now_ms = context.clock()
        if self.code not in SERVICE_STEPS:
            return find(EMBASSY, self.sender, self.addressee, context=context, now_ms=now_ms, via=self.via)
        reader = post_reader(self.addressee, peer=agency_of(self.addressee), now_ms=now_ms)
        return Way(channel=SERVICE_CHANNEL, route=(self.sender, self.addressee), readers=(reader,))

    def draft(self, word: PaperWord, *, officer: ActingOfficer, context: Context) -> Draft:
        """The draft of ``word``, signed by the officer."""
        content, way = word.to_plain(), self.way(context)
        last = {one.side: one for one in sorted(self.words, key=lambda one: one.place)}
        docket = Docket(
            kind=self.code,
            channel=way.channel,
            matter=self.paper,
            follows=tuple(one.statement for one in last.values()),
            languages=languages_of(content),
            sender=self.sender,
            route=way.route,
            addressees=(self.addressee,),
            copies=way.copies,
        )
        return Draft(
            docket=docket,
            parts=[Part(self.code, dict(content))],
            readers=way.readers,
            act=officer.acting(self.code, post=self.sender),
            handovers=way.handovers,
        )


def _say(word: PaperWord, saying: _Saying, *, officer: ActingOfficer, context: Context) -> PaperRow:
    """Says a word and takes it here too, in one commit; returns the row."""
    check_paper_word(word, saying.kind, saying.step)
    check_about(word, own=context.agency, partner=agency_of(saying.addressee))
    require_room(saying.words, saying.side, saying.step, word)
    if not saying.words:
        require_open_left(saying.kind, agency_of(saying.addressee), OURS)
    draft = saying.draft(word, officer=officer, context=context)
    with transaction.atomic():
        papers(saying.kind, identifier=saying.paper, lock=True)
        if len(words_of(saying.paper)) != len(saying.words):
            raise Conflict("relations.said-meanwhile")
        statement = send(draft, context=context)
        said = word_row(
            word, saying.code, saying.side, statement=statement, paper=saying.paper, officer=officer.number,
            post=saying.sender, at_ms=statement.time_ms,
        )  # fmt: skip
        row = take_paper_word(
            said, word, kind=saying.kind, own_post=saying.sender, their_post=saying.addressee, context=context
        )
        access = Access(
            operation=Operation.DISCLOSURE,
            officer=officer.number,
            thing=saying.paper,
            purpose="",
            justification=saying.code,
            recipients=draft.docket.route[1:],
            time_ms=statement.time_ms,
        )
        log_access([access], keys=context.keys)
    return row


def _propose(
    kind: str, word: PaperWord, *, to_post: str, via: str, paper: bytes, context: Context, officer: ActingOfficer
) -> bytes:
    sender = answering_post(officer)
    check_post(to_post)
    words = words_of(paper) if paper else []
    standing = standing_of(kind, words)
    if paper:
        row = paper_row(kind, paper)
        if row.direction != OURS or not may_say(Step.PROPOSE, row.side, standing):
            raise Conflict("relations.paper-not-now", state=f"{kind}.{row.state}")
        to_post = row.their_post
    identifier = paper or _maker.make(context.clock())
    placed = replace(word, place=standing.said[1] + 1, number=standing.proposed + 1)
    saying = _Saying(
        kind=kind, step=Step.PROPOSE, paper=identifier, words=words, side=1, sender=sender, addressee=to_post, via=via
    )
    _say(placed, saying, officer=officer, context=context)
    return identifier


def state_agreement(
    treaty: Treaty, *, to_post: str, context: Context, officer: ActingOfficer, via: str = "", paper: bytes = b""
) -> bytes:
    """States an agreement to the service of ``to_post`` (its head's desk or its office's), for it to confirm; returns the paper's id.

    With ``paper`` it changes one of ours: until the other side confirms, what was confirmed holds. ``via`` is the embassy's office where
    several fit. Raises Refused (law, nobody who answers for it), NotFound (no such desk), BadInput (it is not between the two states) and
    Conflict (one waits already, or it has ended).
    """
    word = PaperWord(place=1, number=1, agreement=treaty)
    return _propose(AGREEMENT, word, to_post=to_post, via=via, paper=paper, context=context, officer=officer)


def propose_meeting(
    meeting: Meeting, *, to_post: str, context: Context, officer: ActingOfficer, via: str = "", paper: bytes = b""
) -> bytes:
    """Proposes a meeting, or another date or agenda for one of ours; returns the paper's id. Raises as `state_agreement`."""
    word = PaperWord(place=1, number=1, meeting=meeting)
    return _propose(MEETING, word, to_post=to_post, via=via, paper=paper, context=context, officer=officer)


def tell_contacts(contacts: Contacts, *, to_post: str, context: Context, officer: ActingOfficer) -> bytes:
    """Tells the partner our contact points, in the place of those told before; returns the paper's id. Raises as `state_agreement`."""
    known = [row for row in papers(CONTACTS, partner=agency_of(to_post)) if row.direction == OURS]
    word = PaperWord(place=1, number=1, contacts=contacts)
    paper = known[0].id if known else b""
    return _propose(CONTACTS, word, to_post=to_post, via="", paper=paper, context=context, officer=officer)


def say_paper(
    kind: str,
    paper: bytes,
    step: Step,
    *,
    word: PaperWord = BARE,
    context: Context,
    officer: ActingOfficer,
) -> PaperRow:
    """Says our side's word on a paper: confirm or accept, refuse, end or cancel, the minutes, that a decision was carried out.

    ``word`` holds what the step wants (a reason with its words, when an agreement ceases to be in force, the minutes, the number, from 1, of a
    decision of the last ones); its place and number are set here. Returns how the paper stands now. Raises NotFound, Refused (law, nobody
    who answers for it) and Conflict (it may not be said now).
    """
    row, said = paper_row(kind, paper), words_of(paper)
    sender = answering_post(officer)
    standing = standing_of(kind, said)
    if not may_say(step, row.side, standing):
        raise Conflict("relations.paper-not-now", state=f"{kind}.{row.state}")
    number = {
        Step.AGREE: standing.pending,
        Step.REFUSE: standing.pending,
        Step.RECORD: standing.recorded + 1,
        Step.DONE: standing.recorded,
    }.get(step, standing.stands)
    placed = replace(word, place=standing.said[row.side] + 1, number=number)
    saying = _Saying(
        kind=kind, step=step, paper=paper, words=said, side=row.side, sender=sender, addressee=row.their_post
    )
    return _say(placed, saying, officer=officer, context=context)
