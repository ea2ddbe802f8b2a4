"""What arrives about accreditations: verified before a row is written.

Invariant: what is not signed by somebody who answers for it at the side that may say it, skips a word of its side, lacks what the word
wants, is more than one side may say or names an officer whom that service does not list with a recoverable key of one's own is refused
as a whole. Words of the two sides may cross: they are put together, not judged one by the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.channels.accreditations import AccreditationRow, Direction, accreditation_rows, standing_of, words_of
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
from tansiq.policy.accreditation_course import BY_SIDE, Move, Side
from tansiq.policy.accreditation_words import Word, word_faults
from tansiq.policy.faults import Faults, refuse
from tansiq.protocol.acts import Act
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import agency_of
from tansiq.relations.accreditation_bounds import require_open_left, require_room
from tansiq.relations.accreditation_state import take_word, word_row
from tansiq.relations.accrediting import ANSWERS_FOR, EMBASSY, EMBASSY_MOVES, LIAISON, check_cases, check_posting

__all__ = ["register_accreditations"]

NODE = "node"
_NEWER = "policy.law.code-unknown"


def _read(one: Arrived, move: Move) -> Word:
    """The word, complete. Raises NotFound (closed to us), BadInput, Refused."""
    if not one.body_open:
        raise NotFound("relations.body-closed")
    part = one.part(move)
    if part is None:
        raise BadInput("relations.part-missing", kind=move)
    word = Word.from_plain(part.content)
    refuse(Faults(fault for fault in word_faults(word, move) if fault.code != _NEWER))
    expected = EMBASSY if move in EMBASSY_MOVES else SERVICE_CHANNEL
    if one.docket.channel != expected:
        raise BadInput("relations.docket-differs", field="channel")
    return word


def _side(one: Arrived, move: Move, row: AccreditationRow | None, context: Context) -> Side:
    """Whose word it is. Raises Refused: a stranger's, or one that this side may not say."""
    if row is not None and one.statement.agency != row.partner:
        raise Refused("relations.other-agency", agency=one.statement.agency)
    side = Side.SENDER if row is None or row.side is Side.HOST else Side.HOST
    if side not in BY_SIDE[move] or (row is None and move is not Move.PROPOSE):
        raise Refused("relations.not-theirs-to-say", kind=move)
    if not any(agency_of(post) == context.agency for post in one.docket.addressees):
        raise Refused("relations.not-for-us")
    return side


def _require_answering(act: Act, move: Move, row: AccreditationRow | None, directory: Directory) -> None:
    """Raises Refused unless the officer acted in a post that answers for it; the hours may also be told by the liaison officer."""
    if post_in_role((act.post,), ANSWERS_FOR, directory):
        return
    told_by_officer = move is Move.REACH and row is not None and act.officer == row.officer
    if not (told_by_officer and post_in_role((act.post,), (LIAISON,), directory)):
        raise Refused("relations.not-answering", officer=act.officer)


def _check_proposal(
    one: Arrived, word: Word, row: AccreditationRow | None, directory: Directory, context: Context
) -> None:
    proposal = word.proposal
    if proposal is None:
        raise BadInput("relations.part-missing", kind=Move.PROPOSE)
    if proposal.host != context.agency or agency_of(proposal.post or "") != one.statement.agency:
        raise BadInput("relations.docket-differs", field="host")
    if row is not None and (row.officer, row.host) != (proposal.officer, proposal.host):
        raise Refused("relations.other-officer", officer=proposal.officer or "")
    check_posting(proposal, directory)
    check_cases(proposal.grants, context=context)


def _take_one(one: Arrived, context: Context) -> str:
    """Stores a word; the desk to be told that something has come."""
    move = Move(one.docket.kind)
    identifier = one.docket.matter
    row = next(iter(accreditation_rows("id = %s", (identifier,), lock=True)), None)
    side = _side(one, move, row, context)
    word = _read(one, move)
    act = verified_act(one)
    directory = current_directory(one.statement.agency)
    _require_answering(act, move, row, directory)
    words = words_of(identifier)
    require_room(words, side, move)
    if row is None:
        require_open_left(one.statement.agency, Direction.THEIRS, now_ms=context.clock())
    standing = standing_of(words)
    if word.place != standing.said[side] + 1:
        raise BadInput("relations.word-skipped", place=word.place)
    if move is Move.PROPOSE:
        _check_proposal(one, word, row, directory, context)
        if word.number != standing.proposed + 1:
            raise BadInput("relations.word-skipped", place=word.number)
    elif word.number > standing.proposed:
        raise BadInput("relations.word-skipped", place=word.number)
    ours = next(post for post in one.docket.addressees if agency_of(post) == context.agency)
    said = word_row(
        word,
        move,
        side,
        statement=one.statement,
        matter=identifier,
        officer=act.officer,
        post=act.post,
        at_ms=one.at_ms,
    )
    take_word(said, proposal=word.proposal, sent_by=one.docket.sender, received_by=ours, context=context)
    return ours


def _take(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way([one for one in arrived if one.docket.channel == EMBASSY], context)
    ring([(_take_one(one, context), False) for one in arrived])
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
    """Our own word, after a restore: the row and the channels are made again."""
    move = Move(one.docket.kind)
    part, found = one.part(move), one.act()
    if part is None or found is None:
        return
    word, act = Word.from_plain(part.content), found[0]
    addressee = one.docket.addressees[0]
    row = next(iter(accreditation_rows("id = %s", (one.docket.matter,), lock=True)), None)
    said = word_row(
        word,
        move,
        row.side if row is not None else Side.SENDER,
        statement=one.statement,
        matter=one.docket.matter,
        officer=act.officer,
        post=act.post,
        at_ms=one.at_ms,
    )
    take_word(said, proposal=word.proposal, sent_by=one.docket.sender, received_by=addressee, context=context)


def register_accreditations() -> None:
    """Registers the kinds of accreditations."""
    for move in Move:
        register(move, _take)
        register_recovered(move, _again)
