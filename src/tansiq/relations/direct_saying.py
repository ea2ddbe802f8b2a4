"""What a head of service says to another: one message, in one step, and the checks that are short but never skipped.

Invariant: the law and the rules of the channels are asked first, and nothing is stored when they say no; what is said, its row and its
leaf in the access journal are one commit. It leaves sealed to the two persons (and to who stands in for one of them by a word of
that head): no desk, no node and no administrator opens it. Directive (EU) 2016/680, Articles 8, 25 and 35.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from tansiq.channels.agreed import check_agreed
from tansiq.channels.choices import ChoiceRow, add_choices
from tansiq.channels.choosing import Chosen, choose
from tansiq.channels.officers import ActingOfficer, post_in_role
from tansiq.channels.queries import taken_back
from tansiq.channels.ways import Way, find
from tansiq.channels.world import world_for
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.drafts import languages_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import BadInput, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, OfficerAct
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.channel_matter import Channel, Matter, Nature
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import DirectMessage
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.languages import language_faults
from tansiq.policy.liaison import message_faults
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import IdMaker
from tansiq.protocol.parts import Part
from tansiq.relations.direct import CHANNEL, MESSAGE, OUT, DirectRow, add_direct, thread
from tansiq.relations.direct_ending import end_ms
from tansiq.relations.direct_persons import head_of, readers_of, require_may_act

__all__ = ["HEAD", "Prepared", "faults_of", "head_desk", "latest", "prepare", "say", "way_between"]

HEAD: Final = "head"
"""The role of a head's desk in the directory."""
_maker = IdMaker()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message before it is said: its way and docket, its part, how the channel was judged, what its law is."""

    way: Way
    docket: Docket
    parts: tuple[Part, ...]
    judged: Matter
    chosen: Chosen
    purpose: str

    def draft(self, act: OfficerAct | None) -> Draft:
        """What the post room is given."""
        return Draft(
            docket=self.docket,
            parts=self.parts,
            readers=self.way.readers,
            own=self.way.own,
            lane=Lane.URGENT,
            act=act,
        )


def head_desk(posts: Sequence[str]) -> str:
    """Our head's desk among ``posts``. Raises Refused for whoever has no seat there."""
    post = post_in_role(posts, (HEAD,), own_directory())
    if not post:
        raise Refused("relations.head-only", officer="")
    return post


def faults_of(message: DirectMessage, *, to: str, field: str, now_ms: int) -> Faults:
    """All that a message lacks in law and in language, for the desk it is for."""
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    return Faults(
        (
            *message_faults(message, field=field, today=today),
            *language_faults(
                message,
                languages=languages_read(to),
                translated={},
                urgent=message.urgency_ground is not None,
                exception=message.language_exception,
            ),
        )
    )


def latest(words: Sequence[DirectRow]) -> tuple[bytes, ...]:
    """The last word of each side: what the other must have before the next. What was taken back nobody ever gets."""
    gone = taken_back([one.statement for one in words if one.direction == OUT])
    last = {one.direction: one.statement for one in words if one.statement not in gone}
    return tuple(last.values())


def way_between(own: str, their: str, *, number: str, context: Context) -> Way:
    """The way from our head's desk to the partner's: sealed to the two heads, and to who stands in for either now."""
    now_ms = context.clock()
    partner = agency_of(their)
    theirs = head_of(their)
    way = find(CHANNEL, own, their, context=context, now_ms=now_ms, persons={own: number, their: theirs})
    more = readers_of(their, but=(theirs,), peer=partner, now_ms=now_ms)
    ours = readers_of(own, but=(number,), peer=partner, now_ms=now_ms)
    return replace(way, readers=(*way.readers, *more), own=(*way.own, *ours))


def _choose(
    message: DirectMessage, *, field: str, own: str, their: str, number: str, now_ms: int
) -> tuple[Matter, Chosen]:
    """How the rules of the channels judge it; this channel is the only one that carries what heads say."""
    conditions = message.conditions or Conditions()
    partner = agency_of(their)
    matter = Matter(
        kind=MESSAGE,
        field=field,
        nature=Nature.OPERATIONAL,
        sensitive=True,
        classification=conditions.classification or "",
        urgency_ground=message.urgency_ground or "",
        countries=(state_of(partner).upper(),),
        personal_data=bool(message.personal),
    )
    chosen = choose(
        Channel.DIRECT,
        matter,
        world_for(matter, partner, sender=own, at_ms=now_ms),
        closed=lambda channel: "" if channel is Channel.DIRECT else "reason.not-carried",
        approver=lambda role: number if role == HEAD else "",
    )
    return matter, chosen


def prepare(
    message: DirectMessage,
    *,
    to: str,
    field: str,
    context: Context,
    number: str,
    posts: Sequence[str],
    matter: bytes = b"",
    answers: bytes = b"",
) -> Prepared:
    """A message that may be said now by ``number``; nothing is stored. Raises as `say`."""
    now_ms = context.clock()
    own = head_desk(posts)
    require_may_act(own, number, now_ms)
    words = thread(matter, posts) if matter else []
    if words and (words[0].their_post != to or (answers and answers not in {one.statement for one in words})):
        raise BadInput("relations.wrong-way")
    refuse(faults_of(message, to=to, field=field, now_ms=now_ms))
    check_agreed((message.law,), agency_of(to), at_ms=now_ms)
    check_attested(message.law, message.subjects, own_directory())
    judged, chosen = _choose(message, field=field, own=own, their=to, number=number, now_ms=now_ms)
    way = way_between(own, to, number=number, context=context)
    conditions = message.conditions or Conditions()
    docket = Docket(
        kind=MESSAGE,
        channel=CHANNEL,
        field=field,
        matter=matter or _maker.make(now_ms),
        answers=answers,
        follows=latest(words),
        classification=conditions.classification or "",
        handling=conditions.codes,
        languages=languages_of(message.to_plain()),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    purpose = (message.law.purpose or "") if message.law is not None else ""
    return Prepared(way, docket, (Part(MESSAGE, dict(message.to_plain())),), judged, chosen, purpose)


def say(
    message: DirectMessage,
    *,
    to: str,
    field: str,
    context: Context,
    officer: ActingOfficer,
    matter: bytes = b"",
    answers: bytes = b"",
) -> tuple[bytes, bytes]:
    """Says a message to the head at the desk ``to``, in a new matter or in ``matter``; returns the matter and the statement.

    ``field`` is the field of crime (a code of the offences). Raises Refused (not a head and no deputy, law, language, the
    channel's rules, partner not confirmed), NotFound (no such matter, nobody there with a key of one's own) and BadInput.
    """
    with transaction.atomic():
        ready = prepare(
            message, to=to, field=field, context=context, number=officer.number, posts=officer.posts, matter=matter,
            answers=answers,
        )  # fmt: skip
        docket = ready.docket
        statement = send(ready.draft(officer.acting(MESSAGE, post=ready.way.sender)), context=context)
        row = DirectRow(
            statement=statement.id,
            matter=docket.matter,
            direction=OUT,
            partner=agency_of(to),
            own_post=ready.way.sender,
            their_post=to,
            field=field,
            urgent=message.urgency_ground is not None,
            officer=officer.number,
            answers=answers or None,
            said_ms=statement.time_ms,
            at_ms=statement.time_ms,
            erase_ms=end_ms(statement.time_ms, message.conditions),
        )
        add_direct([row])
        add_choices(
            [
                ChoiceRow.of(
                    ready.chosen, ready.judged, statement=statement.id, matter=docket.matter, partner=row.partner,
                    officer=officer.number, at_ms=statement.time_ms,
                )
            ]
        )  # fmt: skip
        access = Access(
            operation=Operation.DISCLOSURE,
            officer=officer.number,
            thing=docket.matter,
            purpose=ready.purpose,
            justification=MESSAGE,
            recipients=ready.way.route[1:],
            time_ms=statement.time_ms,
        )
        log_access([access], keys=context.keys)
    return docket.matter, statement.id
