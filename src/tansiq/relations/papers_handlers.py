"""What arrives about agreements, meetings and contact points: verified before a row is written.

Invariant: what is not signed by somebody who answers for it at the side that may say it, skips a word of its side, came by another way than
its kind has, lacks what the word wants or is more than one side may say is refused as a whole. Words of the two sides may cross: they are put
together, not judged one by the other. A partner's newer code makes nothing unlawful.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.channels.arriving import came_by_their_way
from tansiq.channels.officers import post_in_role, verified_act
from tansiq.directory.queries import current_directory
from tansiq.enquiries.notices import ring
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.own_again import register_recovered
from tansiq.exchange.service import SERVICE_CHANNEL
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.paper_course import CONTACTS, KINDS, Standing, Step, step_of
from tansiq.policy.papers import PaperWord, paper_word_faults
from tansiq.protocol.acts import Act
from tansiq.protocol.docket import agency_of
from tansiq.relations.accrediting import ANSWERS_FOR, EMBASSY
from tansiq.relations.papers import (
    OURS,
    THEIRS,
    PaperRow,
    papers,
    register_sources,
    require_open_left,
    require_room,
    standing_of,
    words_of,
)
from tansiq.relations.papers_saying import SERVICE_STEPS, check_about
from tansiq.relations.papers_state import take_paper_word, word_row

__all__ = ["register_papers"]

NODE = "node"
_NEWER = "policy.law.code-unknown"
_BY_OTHER: frozenset[Step] = frozenset({Step.AGREE, Step.REFUSE})


def _read(one: Arrived, kind: str, step: Step) -> PaperWord:
    """The word, complete. Raises NotFound (closed to us), BadInput, Refused."""
    if not one.body_open:
        raise NotFound("relations.body-closed")
    part = one.part(one.docket.kind)
    if part is None:
        raise BadInput("relations.part-missing", kind=one.docket.kind)
    word = PaperWord.from_plain(part.content)
    refuse(Faults(fault for fault in paper_word_faults(word, kind, step) if fault.code != _NEWER))
    expected = SERVICE_CHANNEL if one.docket.kind in SERVICE_STEPS else EMBASSY
    if one.docket.channel != expected:
        raise BadInput("relations.docket-differs", field="channel")
    return word


def _side(one: Arrived, step: Step, row: PaperRow | None, context: Context) -> int:
    """Whose word it is. Raises Refused: a stranger's, or one that this side may not say; NotFound: on a paper that is not here."""
    if not any(agency_of(post) == context.agency for post in one.docket.addressees):
        raise Refused("relations.not-for-us")
    if agency_of(one.docket.sender) != one.statement.agency:
        raise Refused("relations.not-a-party", agency=one.statement.agency)
    if row is None:
        if step is not Step.PROPOSE:
            raise NotFound("relations.unknown-paper", paper=one.docket.matter.hex())
        return 1
    if one.statement.agency != row.partner:
        raise Refused("relations.not-a-party", agency=one.statement.agency)
    side = 2 if row.direction == OURS else 1
    if (step in {Step.PROPOSE, Step.RECORD} and side != 1) or (step in _BY_OTHER and side == 1):
        raise Refused("relations.not-theirs-to-say", kind=one.docket.kind)
    return side


def _require_in_order(word: PaperWord, step: Step, side: int, standing: Standing) -> None:
    """Raises BadInput for a word that skips or repeats one of its side, or is about what was not said."""
    if word.place != standing.said[side] + 1:
        raise BadInput("relations.word-skipped", place=word.place)
    known = {
        Step.PROPOSE: word.number == standing.proposed + 1,
        Step.RECORD: word.number == standing.recorded + 1,
        Step.DONE: 0 < word.number <= standing.recorded,
    }.get(step, word.number <= standing.proposed)
    if not known:
        raise BadInput("relations.word-skipped", place=word.number)


def _require_answering(act: Act, agency: str) -> None:
    if not post_in_role((act.post,), ANSWERS_FOR, current_directory(agency)):
        raise Refused("relations.not-answering", officer=act.officer)


def _take_one(one: Arrived, context: Context) -> str:
    """Stores a word; the desk to be told that something has come."""
    kind, step = step_of(one.docket.kind)
    rows = papers(kind, identifier=one.docket.matter, lock=True)
    row = rows[0] if rows else None
    side = _side(one, step, row, context)
    word = _read(one, kind, step)
    act = verified_act(one)
    _require_answering(act, one.statement.agency)
    check_about(word, own=one.statement.agency, partner=context.agency)
    words = words_of(one.docket.matter)
    require_room(words, side, step, word)
    if row is None:
        require_open_left(kind, one.statement.agency, THEIRS)
    _require_in_order(word, step, side, standing_of(kind, words))
    if row is None and words:
        raise BadInput("relations.docket-differs", field="kind")
    ours = next(post for post in one.docket.addressees if agency_of(post) == context.agency)
    said = word_row(
        word, one.docket.kind, side, statement=one.statement, paper=one.docket.matter, officer=act.officer,
        post=act.post, at_ms=one.at_ms,
    )  # fmt: skip
    take_paper_word(said, word, kind=kind, own_post=ours, their_post=one.docket.sender, context=context)
    return ours


def _take(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way([one for one in arrived if one.docket.channel != SERVICE_CHANNEL], context)
    desks = [(_take_one(one, context), step_of(one.docket.kind)[0]) for one in arrived]
    ring([(post, False) for post, kind in desks if kind != CONTACTS])
    accesses = [
        Access(
            operation=Operation.COLLECTION,
            officer=NODE,
            thing=one.docket.matter,
            purpose="",
            justification=one.docket.kind,
            time_ms=context.clock(),
        )
        for one in arrived
    ]
    log_access(accesses, keys=context.keys)


def _again(one: Arrived, context: Context) -> None:
    """Our own word, after a restore: the row is made again."""
    kind, step = step_of(one.docket.kind)
    part, found = one.part(one.docket.kind), one.act()
    if part is None or found is None:
        return
    word, act = PaperWord.from_plain(part.content), found[0]
    rows = papers(kind, identifier=one.docket.matter, lock=True)
    side = rows[0].side if rows else 1 if step is Step.PROPOSE else 2
    said = word_row(
        word, one.docket.kind, side, statement=one.statement, paper=one.docket.matter, officer=act.officer,
        post=act.post, at_ms=one.at_ms,
    )  # fmt: skip
    own, their = one.docket.sender, one.docket.addressees[0]
    take_paper_word(said, word, kind=kind, own_post=own, their_post=their, context=context)


def register_papers() -> None:
    """Registers the kinds of papers, and lets the channels know of agreements."""
    for steps in KINDS.values():
        for kind in steps.values():
            register(kind, _take)
            register_recovered(kind, _again)
    register_sources()
