"""What may be done with a matter that waits: take it back, have it carried by hand, or say it again by another channel.

Invariant: each is one commit, by an officer of the desk that said it (or a decider), on what waits at that moment; what has left
meanwhile is untouched and told. A matter passes whole, in its order, since what follows is not read before what it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from django.db import connection, transaction

from tansiq.channels.copies import note_said
from tansiq.channels.holding import end_waits, held_rows
from tansiq.channels.offers import Settlement, settle_choice
from tansiq.channels.officers import ActingOfficer
from tansiq.channels.states import decider_post
from tansiq.channels.stored import Stored, stored
from tansiq.channels.ways import find
from tansiq.errors import BadInput, Conflict, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.erasure import bury
from tansiq.exchange.services import send
from tansiq.faults import reach
from tansiq.policy.channel_matter import Channel
from tansiq.protocol.docket import agency_of
from tansiq.protocol.manifest import PART_KIND as FILE

__all__ = [
    "Keeper",
    "Mover",
    "by_hand",
    "check_matter",
    "check_take_back",
    "follow_taken_back",
    "held_for",
    "keep_for",
    "may_reroute",
    "may_take_back",
    "on_moved",
    "require_ours",
    "reroute",
    "take_back",
]

Mover = Callable[[Mapping[bytes, bytes], Sequence[Stored], str, Context], None]
"""Is told, in the same commit, which statements were taken back (old → new; new b'' when it was not said again), what they
were, and the new channel ('' none).
"""
Keeper = Callable[[Sequence[Stored], str, Context], None]
"""Raises Refused unless the officer (a service number) may take these statements back."""
_movers: dict[str, tuple[Mover, bool]] = {}
_keepers: dict[str, Keeper] = {}
_listeners: list[Callable[[Sequence[bytes]], None]] = []


def on_moved(prefix: str, mover: Mover, *, reroutes: bool = True) -> None:
    """Lets a capability keep its own rows in step for the kinds that begin with ``prefix``: only what some capability keeps
    in step may be taken back or moved. ``reroutes`` False: it is said to persons on their channel, so it may be taken
    back and written anew, and no other channel says it. Registering again takes the place.
    """
    _movers[prefix] = (mover, reroutes)


def keep_for(prefix: str, keeper: Keeper) -> None:
    """Lets a capability say who may take back what begins with ``prefix``, beyond the desk that said it: what is said between persons is
    not everybody's at their desk. Registering again takes the place.
    """
    _keepers[prefix] = keeper


def _known(kind: str) -> tuple[Mover, bool] | None:
    return next((known for prefix, known in _movers.items() if kind.startswith(prefix)), None)


def follow_taken_back(listener: Callable[[Sequence[bytes]], None]) -> None:
    """Lets a room look at the statements that were taken back, said again or not, in the same commit; again changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def _mover(kind: str) -> Mover:
    """The mover of a kind. Raises Refused where no capability has one: what it says can only be carried by hand, or waits."""
    found = _known(kind)
    if found is None:
        raise Refused("channels.reroute-unable", kind=kind)
    return found[0]


def may_take_back(one: Stored) -> bool:
    """Whether what waits may be taken back: some capability keeps its own rows in step."""
    return _known(one.docket.kind) is not None


def check_take_back(were: Sequence[Stored], *, officer: str, context: Context) -> None:
    """Raises Refused unless ``officer`` (a service number) may take all of this back, by the rule of whoever's kind it is."""
    for prefix, keeper in _keepers.items():
        if mine := [one for one in were if one.docket.kind.startswith(prefix)]:
            keeper(mine, officer, context)


def check_matter(matter: bytes, *, officer: str, context: Context) -> None:
    """As `check_take_back`, for all that waits of a matter."""
    were = [stored(one, context=context, lane=lane) for one, _, lane in held_rows(matter)]
    check_take_back(were, officer=officer, context=context)


def may_reroute(one: Stored) -> bool:
    """Whether another channel may say it again: this node opens all of it, and its capability lets it."""
    found = _known(one.docket.kind)
    return found is not None and found[1] and one.whole


def _tell(moved: Mapping[bytes, bytes], were: Sequence[Stored], channel: str, context: Context) -> None:
    for kind in dict.fromkeys(one.docket.kind for one in were):
        mine = [one for one in were if one.docket.kind == kind]
        _mover(kind)({one.id: moved[one.id] for one in mine}, mine, channel, context)
    for listener in _listeners:
        listener(list(moved))


def held_for(matter: bytes, *, officer: ActingOfficer, context: Context) -> list[tuple[Stored, str]]:
    """What of the matter waits, with the peer of its hop. Raises Conflict (nothing), Refused (another desk's)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM exchange_outbox WHERE matter = %s FOR UPDATE", (matter,))
    found = [(stored(one, context=context, lane=lane), peer) for one, peer, lane in held_rows(matter)]
    if not found:
        raise Conflict("channels.not-waiting")
    if not decider_post(officer) and any(one.docket.sender not in officer.posts for one, _ in found):
        raise Refused("channels.not-yours")
    return found


def require_ours(found: Sequence[tuple[Stored, str]], context: Context) -> None:
    """Raises Refused unless this agency said it: what only passes here is its originator's."""
    if any(one.agency != context.agency for one, _ in found):
        raise Refused("channels.not-yours")


def _drop(found: Sequence[tuple[Stored, str]], *, context: Context) -> None:
    """Takes what waits out of the outbox, before anybody ever got it, in the caller's transaction."""
    with connection.cursor() as cursor:
        for one, peer in found:
            cursor.execute(
                "DELETE FROM exchange_outbox WHERE statement = %s AND peer = %s AND held = %s", (one.id, peer, True)
            )
            if not cursor.rowcount:
                raise Conflict("channels.not-waiting")
            cursor.execute("DELETE FROM channels_passage WHERE statement = %s", (one.id,))
            cursor.execute("DELETE FROM exchange_file_going WHERE thing = %s AND peer = %s", (one.id, peer))
            transaction.on_commit(partial(context.keys.drop_wraps, [one.id], peer))


def take_back(matter: bytes, *, officer: ActingOfficer, context: Context) -> list[bytes]:
    """Takes back what of the matter waits; the partner never knows of it. Returns the statements. Raises Conflict, Refused."""
    now_ms = context.clock()
    with transaction.atomic():
        found = held_for(matter, officer=officer, context=context)
        require_ours(found, context)
        for one, _ in found:
            _mover(one.docket.kind)
        check_take_back([one for one, _ in found], officer=officer.number, context=context)
        _drop(found, context=context)
        for one, peer in found:
            end_waits(peer, [one.id], how="withdrawn", now_ms=now_ms, officer=officer.number)
        were = list({one.id: one for one, _ in found}.values())
        _tell({one.id: b"" for one in were}, were, "", context)
        reach("channels.pass.before-commit")
    reach("channels.pass.after-commit")
    return [one.id for one in were]


def by_hand(matter: bytes, *, chosen: bool = True, officer: ActingOfficer, context: Context) -> int:
    """Lets a courier take what of the matter waits (or no longer, with ``chosen`` False); returns how much. Raises Conflict, Refused."""
    with transaction.atomic(), connection.cursor() as cursor:
        found = held_for(matter, officer=officer, context=context)
        cursor.executemany(
            "UPDATE exchange_outbox SET by_hand = %s WHERE statement = %s AND peer = %s AND held = %s",
            [(chosen, one.id, peer, True) for one, peer in found],
        )
        cursor.executemany(
            "UPDATE channels_wait SET officer = %s WHERE statement = %s AND peer = %s AND ended_ms IS NULL",
            [(officer.number if chosen else "", one.id, peer) for one, peer in found],
        )
    return len(found)


def reroute(
    matter: bytes, channel: Channel, *, via: str = "", deviation: str = "", officer: ActingOfficer, context: Context
) -> dict[bytes, bytes]:
    """Says by ``channel`` what of the matter waits, and takes back what waits, in one commit; old statement → new one.

    The same parts under the same kinds, signed anew by ``officer`` in the desk that says them; the way is that of the new
    channel. Raises as `choosing.choose`, and Conflict, Refused (another desk's, what this node can't open whole), NotFound.
    """
    now_ms = context.clock()
    with transaction.atomic():
        found = held_for(matter, officer=officer, context=context)
        require_ours(found, context)
        were = list({one.id: one for one, _ in found}.values())
        _require_movable(were, channel)
        first = settle_choice(were[0], channel, via=via, deviation=deviation, officer=officer, context=context)
        _drop(found, context=context)  # first, for a matter of which something waits waits whole
        moved: dict[bytes, bytes] = {}
        for one in were:
            moved[one.id] = _say_again(one, first, moved=moved, officer=officer, context=context)
        partner = agency_of(first.ends.addressee)
        first.keep(moved[were[0].id], matter=matter, partner=partner, officer=officer.number, now_ms=now_ms)
        for one, peer in found:
            end_waits(peer, [one.id], how="rerouted", now_ms=now_ms, officer=officer.number, instead=moved[one.id])
        _tell(moved, were, channel, context)
        bury(list(moved), reason="rerouted", now_ms=now_ms)  # it stands in the new ones; the old ones nobody ever got
        reach("channels.pass.before-commit")
    reach("channels.pass.after-commit")
    for old in moved:
        context.keys.drop_wraps([old])
        context.keys.erase(old)
    return moved


def _require_movable(were: Sequence[Stored], channel: Channel) -> None:
    """Raises BadInput and Refused for what can't take ``channel``: it waits there, is for several, or can't be opened whole."""
    if len({agency_of(post) for one in were for post in one.docket.addressees}) > 1:
        raise Refused(
            "channels.reroute-unable", kind=were[0].docket.kind
        )  # each was told apart: one way is not theirs all
    for one in were:
        if one.docket.channel == channel:
            raise BadInput("channels.reroute-same")
        if not may_reroute(one) or len(one.docket.addressees) > 1:
            raise Refused("channels.reroute-unable", kind=one.docket.kind)


def _say_again(
    one: Stored, settled: Settlement, *, moved: Mapping[bytes, bytes], officer: ActingOfficer, context: Context
) -> bytes:
    """The same thing by another channel; what it follows or answers is named by its new identifier."""
    ends, channel = settled.ends, settled.chosen.advice.channel
    persons = {ends.sender: officer.number}
    way = find(
        channel, ends.sender, ends.addressee, via=ends.via, context=context, now_ms=context.clock(), persons=persons
    )
    if way.own and any(part.kind == FILE for part in one.parts):
        raise Refused("channels.reroute-unable", kind=one.docket.kind)  # files are for desks
    docket = replace(
        one.docket,
        channel=str(channel),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
        answers=moved.get(one.docket.answers, one.docket.answers),
        follows=tuple(moved.get(before, before) for before in one.docket.follows),
    )
    draft = Draft(
        docket=docket,
        parts=one.parts,
        readers=way.readers,
        own=way.own,
        lane=one.lane,
        act=officer.acting(one.act.act, post=way.sender) if one.act else None,
        handovers=way.handovers,
        case=one.docket.case,
    )
    statement = send(draft, context=context)
    note_said([(statement, docket)], context=context)
    return statement.id
