"""What partners say of their channels: kept as they said it, in force at once on our side too.

Invariant: only an agency's own word about its channel with us counts, signed by one of its officers; of two words the later by
the partner's own clock holds. It changes nothing of what we decided. Of its words on one channel the latest are kept, and all that hold
or may hold yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Final

from django.db import connection, transaction

from tansiq.channels.officers import verified_act
from tansiq.channels.queries import THEIRS, said_by
from tansiq.channels.settling import settle
from tansiq.channels.states import EMERGENCY, STATE
from tansiq.channels.words import hide
from tansiq.errors import BadInput, NotProven, TooMuch
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import EmergencyWord, StateWord, spent
from tansiq.protocol.ids import new_id

__all__ = ["MOST_WORDS", "register_kinds"]

MOST_WORDS: Final = 256
"""Words of a partner on one channel that are kept: more than are said in years, and five times what its page shows."""


def _content(one: Arrived) -> dict[object, object]:
    """What the part of the docket's kind says, in the partner's own statement. Raises NotProven and BadInput."""
    if one.statement.agency != one.peer:
        raise NotProven("protocol.other-identity", agency=one.statement.agency)
    part = one.part(one.docket.kind)
    if part is None:
        raise BadInput("protocol.wrong-field", what=one.docket.kind, field=0)
    return dict(part.content)


def _take_states(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        word = StateWord.from_plain(_content(one))
        act = verified_act(one)
        if word.channel not in tuple(Channel):
            raise BadInput("policy.unknown-code", list="channels", value="?")
        identifier = new_id(context.clock())
        hidden = hide(word.words, thing=identifier, keys=context.keys)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO channels_decision (id, partner, channel, side, state, reason, from_ms, until_ms, officer, decided_ms, second, "
                "taken_ms, refused_ms, announce, statement, commitment, concealed) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, NULL, %s, %s, %s, %s)",
                (
                    identifier, one.peer, word.channel, THEIRS, word.state, word.reason, word.from_ms, word.until_ms,
                    word.officer or act.officer, one.statement.time_ms, word.second or "", one.statement.time_ms, True,
                    one.statement.id, hidden.commitment, hidden.concealed,
                ),
            )  # fmt: skip
        _keep_latest(one.peer, word.channel, context)
        settle(one.peer, Channel(word.channel), context=context)


def _keep_latest(partner: str, channel: str, context: Context) -> None:
    """Drops the oldest words that can't be in force again, as far as there are more than `MOST_WORDS`; their statements stay.

    Raises TooMuch ('channels.too-many-states') where so many hold or may hold yet.
    """
    said = said_by(THEIRS, partner, channel)
    beyond = max(len(said) - MOST_WORDS, 0)
    gone = [one.id for one in islice(spent(said, context.clock()), beyond)]
    if len(gone) < beyond:
        raise TooMuch("channels.too-many-states", agency=partner, limit=MOST_WORDS)
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM channels_decision WHERE id = %s", [(one,) for one in gone])
    for one in gone:
        transaction.on_commit(partial(context.keys.erase, one))


def _take_acceptances(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        word, act = EmergencyWord.from_plain(_content(one)), verified_act(one)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO channels_acceptance (partner, side, accepts, officer, at_ms, statement) VALUES (%s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (partner, side) DO UPDATE SET accepts = excluded.accepts, officer = excluded.officer, "
                "at_ms = excluded.at_ms, statement = excluded.statement WHERE channels_acceptance.at_ms <= excluded.at_ms",
                (one.peer, THEIRS, word.accepts, act.officer, one.statement.time_ms, one.statement.id),
            )


def register_kinds() -> None:
    """Registers the kinds of this room."""
    register(STATE, _take_states)
    register(EMERGENCY, _take_acceptances)
