"""What a word on a paper changes here: the word is added, and the paper's row is made of all words that are here.

Invariant: the same words give the same row on both nodes, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.policy.paper_course import Step, step_of
from tansiq.policy.papers import PaperWord
from tansiq.protocol.docket import agency_of
from tansiq.protocol.statement import Statement
from tansiq.relations.papers import (
    OURS,
    THEIRS,
    PaperRow,
    WordRow,
    add_word,
    contents_of,
    papers,
    standing_of,
    store,
    words_of,
)

__all__ = ["take_paper_word", "word_row"]


def word_row(
    word: PaperWord, kind: str, side: int, *, statement: Statement, paper: bytes, officer: str, post: str, at_ms: int
) -> WordRow:
    """The row of a word: what its codes and its statement say; an end that names no moment holds from when it was said."""
    ends = word.until_ms if word.until_ms is not None else statement.time_ms
    return WordRow(
        statement=statement.id,
        paper=paper,
        kind=kind,
        side=side,
        place=word.place,
        number=word.number,
        item=word.item or 0,
        officer=officer,
        post=post,
        reason=word.reason or "",
        until_ms=ends if step_of(kind)[1] is Step.END else None,
        said_ms=statement.time_ms,
        at_ms=at_ms,
    )


def _as_said(row: PaperRow, word: PaperWord) -> PaperRow:
    """The row with what a proposal says."""
    if word.agreement is not None:
        one = word.agreement
        return replace(
            row,
            code=one.code or "",
            fields=" ".join(one.fields),
            grounds=" ".join(one.grounds),
            channels=" ".join(one.channels),
            from_ms=one.from_ms or 0,
            until_ms=one.until_ms,
        )
    return replace(row, from_ms=(word.meeting.at_ms or 0) if word.meeting is not None else row.said_ms)


def _earlier(*moments: int | None) -> int | None:
    return min((one for one in moments if one is not None), default=None)


def take_paper_word(
    said: WordRow, word: PaperWord, *, kind: str, own_post: str, their_post: str, context: Context
) -> PaperRow:
    """Adds a word and makes the paper's row of all that is here, in the caller's transaction; returns the row.

    ``own_post`` and ``their_post`` answer for a new paper. Raises NotFound for a word on a paper that is not here.
    """
    rows = papers(kind, identifier=said.paper, lock=True)
    if not rows and said.step is not Step.PROPOSE:
        raise NotFound("relations.unknown-paper", paper=said.paper.hex())
    add_word(said)
    words = words_of(said.paper)
    standing = standing_of(kind, words)
    row = rows[0] if rows else _first(said, kind, own_post, their_post, context)
    stands = [one for one in words if one.step is Step.PROPOSE and one.number == standing.stands]
    row = replace(row, state=standing.state, pending=standing.pending, changed_ms=said.at_ms)
    if stands:
        content = word if stands[0].statement == said.statement else _content(stands, context)
        if content is not None:
            row = replace(_as_said(row, content), proposal=stands[0].statement)
    if standing.ended_ms is not None:
        row = replace(row, until_ms=_earlier(row.until_ms, standing.ended_ms))
    store(row)
    return row


def _content(stands: Sequence[WordRow], context: Context) -> PaperWord | None:
    return contents_of(stands[:1], context=context).get(stands[0].statement)


def _first(said: WordRow, kind: str, own_post: str, their_post: str, context: Context) -> PaperRow:
    """The row of a new paper, before its words are weighed."""
    return PaperRow(
        id=said.paper,
        kind=kind,
        direction=OURS if agency_of(said.post) == context.agency else THEIRS,
        partner=agency_of(their_post),
        own_post=own_post,
        their_post=their_post,
        state="proposed",
        proposal=said.statement,
        said_ms=said.said_ms,
        changed_ms=said.at_ms,
    )
