"""What a word on an accreditation changes here: its row, and the channels of its cases.

Invariant: the row and the channels are made of all words that are here, so the same words give the same state on both nodes, in
whatever order they came. A channel is never taken away: it is closed, and what was said on it stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from django.db import connection

from tansiq.cases.contents import open_statements
from tansiq.channels.accreditations import (
    AccreditationRow,
    Direction,
    WordRow,
    accreditation_rows,
    add_word,
    standing_of,
    store_accreditation,
    words_of,
)
from tansiq.exchange.context import Context
from tansiq.policy.accreditation import Accreditation, Grant
from tansiq.policy.accreditation_course import Move, Side, State
from tansiq.policy.accreditation_words import AWAY, Word
from tansiq.protocol.docket import agency_of
from tansiq.protocol.statement import Statement
from tansiq.relations.accreditation_bounds import drop_superseded

__all__ = ["channel_matter", "proposal_of", "take_word", "word_row"]


def channel_matter(accreditation: bytes, case: bytes) -> bytes:
    """The matter of the channel of an accreditation in a case: both nodes come to the same."""
    return hashlib.sha256(b"tansiq/1 liaison channel" + accreditation + case).digest()[:16]


def word_row(
    word: Word, move: Move, side: Side, *, statement: Statement, matter: bytes, officer: str, post: str, at_ms: int
) -> WordRow:
    """The row of a word: what its codes and its statement say."""
    return WordRow(
        statement=statement.id,
        accreditation=matter,
        kind=move,
        side=1 if side is Side.SENDER else 2,
        place=word.place,
        number=word.number,
        officer=officer,
        post=post,
        reason=word.reason or word.reach or "",
        until_ms=word.until_ms,
        said_ms=statement.time_ms,
        at_ms=at_ms,
    )


def proposal_of(statement: bytes, *, context: Context) -> Accreditation | None:
    """What a proposal's statement says; None when it is not here, or was erased."""
    stored = open_statements([statement], keys=context.keys).get(statement)
    part = stored.part(Move.PROPOSE) if stored is not None else None
    return None if part is None else Word.from_plain(part.content).proposal


def _first(
    word: WordRow, proposal: Accreditation, *, context: Context, sent_by: str, received_by: str
) -> AccreditationRow:
    """The row of a new accreditation, before its words are weighed."""
    ours = agency_of(sent_by) == context.agency
    return AccreditationRow(
        id=word.accreditation,
        direction=Direction.OURS if ours else Direction.THEIRS,
        partner=agency_of(received_by) if ours else agency_of(sent_by),
        officer="", post="", host=proposal.host or "", fields=(), languages=(), tasks=(), reach="", away_until_ms=None,
        from_ms=0, until_ms=0, state=State.PROPOSED, accepted=0, pending=0, proposal=word.statement,
        sent_by=sent_by, received_by=received_by, said_ms=word.said_ms, changed_ms=word.at_ms,
    )  # fmt: skip


def _as_said(row: AccreditationRow, proposal: Accreditation) -> AccreditationRow:
    """The row with what a proposal says."""
    return replace(
        row,
        officer=proposal.officer or "",
        post=proposal.post or "",
        host=proposal.host or "",
        fields=proposal.fields,
        languages=proposal.languages,
        tasks=proposal.tasks,
        reach=proposal.reach or "",
        from_ms=proposal.from_ms or 0,
        until_ms=proposal.until_ms or 0,
    )


def _reached(row: AccreditationRow, words: Sequence[WordRow]) -> AccreditationRow:
    """The row with what the sender said last of when the officer is reached."""
    told = [word for word in words if word.kind == Move.REACH and word.side == 1]
    if not told:
        return row
    last = max(told, key=lambda word: word.place)
    if last.reason == AWAY:
        return replace(row, away_until_ms=last.until_ms)
    return replace(row, reach=last.reason, away_until_ms=None)


def take_word(
    word: WordRow, *, proposal: Accreditation | None, sent_by: str, received_by: str, context: Context
) -> AccreditationRow:
    """Adds a word and makes row and channels of all that is here, in the caller's transaction; returns the row.

    ``proposal`` is that of a word that proposes; ``sent_by`` and ``received_by`` are the posts of a new accreditation.
    """
    add_word(word)
    words = drop_superseded(words_of(word.accreditation))
    standing = standing_of(words)
    rows = accreditation_rows("id = %s", (word.accreditation,), lock=True)
    row = (
        rows[0]
        if rows
        else _first(word, proposal or Accreditation(), context=context, sent_by=sent_by, received_by=received_by)
    )
    number = standing.accepted or standing.proposed
    said = next((one for one in words if one.kind == Move.PROPOSE and one.number == number), None)
    grants: tuple[Grant, ...] | None = None
    if said is not None:
        stands = proposal if said.statement == word.statement else proposal_of(said.statement, context=context)
        if stands is not None:
            row = replace(_as_said(row, stands), proposal=said.statement)
            grants = stands.grants if standing.accepted else ()
    row = _reached(
        replace(row, state=standing.state, accepted=standing.accepted, pending=standing.pending, changed_ms=word.at_ms),
        words,
    )
    store_accreditation(row, grants)
    if grants is not None:
        _keep_channels(row, grants, now_ms=context.clock())
    return row


def _keep_channels(row: AccreditationRow, grants: Sequence[Grant], *, now_ms: int) -> None:
    """Opens a channel for every case that is carried, and closes those of cases that no longer are."""
    carried = grants if row.state in {State.IN_FORCE, State.SUSPENDED} else ()
    open_now = {bytes.fromhex(one.case or ""): one for one in carried}
    with connection.cursor() as cursor:
        for case, one in open_now.items():
            cursor.execute(
                "INSERT INTO relations_liaison_channel (matter, accreditation, direction, partner, case_ref, field, officer, "
                "liaison_post, desk, counterpart, opened_ms, last_ms) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (matter) DO UPDATE SET field = excluded.field, officer = excluded.officer, "
                "liaison_post = excluded.liaison_post, desk = excluded.desk, counterpart = excluded.counterpart, closed_ms = NULL",
                (
                    channel_matter(row.id, case), row.id, row.direction, row.partner, case, one.field, row.officer, row.post,
                    one.desk, one.counterpart, now_ms, now_ms,
                ),
            )  # fmt: skip
        cursor.execute(
            "SELECT matter, case_ref FROM relations_liaison_channel WHERE accreditation = %s AND closed_ms IS NULL",
            (row.id,),
        )
        gone = [bytes(matter) for matter, case in cursor.fetchall() if bytes(case) not in open_now]
        cursor.executemany(
            "UPDATE relations_liaison_channel SET closed_ms = %s WHERE matter = %s",
            [(now_ms, matter) for matter in gone],
        )
