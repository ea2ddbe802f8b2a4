"""A head hands something of a direct message down to a desk: a new item of a case, under conditions, by a signed act.

Invariant: the message stays closed to all but the two; what the desk gets is what the head writes down, with the originator's
conditions and the head's own, of which the strictest hold. The originator stays the partner. It is a copy into a case, so the decision
of every exit (`policy.handling`) is asked before anything is made, the question of ill-treatment included: a refusal leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import transaction

from tansiq.cases.casework import NewCase, open_case
from tansiq.cases.exits import reader_of
from tansiq.cases.items import ITEM, Whence, evaluated_item
from tansiq.cases.services import add_items, answer_incoming
from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import DirectMessage
from tansiq.policy.faults import refuse
from tansiq.policy.handling import Held, Use, check_use
from tansiq.policy.law import item_faults
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.parts import Part
from tansiq.relations.direct import CHANNEL, HANDED_DOWN, IN, DirectRow, note_handed_down, word_of
from tansiq.relations.direct_judging import judged
from tansiq.relations.direct_persons import require_may_act
from tansiq.relations.officers import KeyOfficer

__all__ = ["as_handed", "hand_down", "strictest", "under_both"]

_PURPOSE: Final = "purpose.investigation"
"""Of a message that needed no basis in law: what heads say to one another is in a field of crime."""


def _posts_of(name: str) -> tuple[str, ...]:
    """The desks of an officer of ours; none for what is no officer's number."""
    return next((one.posts for one in own_directory().officers if one.number == name), ())


def _named(name: str, recipients: Sequence[str]) -> bool:
    """Whether a desk or an officer is among ``recipients``: by itself, or by a desk of the officer's."""
    return bool({name, *_posts_of(name)} & set(recipients))


def _both(given: Sequence[str], added: Sequence[str]) -> tuple[str, ...]:
    """The recipients whom both sides name; none named is everybody. Raises Refused where they name nobody together."""
    if not given or not added:
        return tuple(given or added)
    both = tuple(one for one in dict.fromkeys((*given, *added)) if _named(one, given) and _named(one, added))
    if not both:
        raise Refused("relations.nobody-named")
    return both


def strictest(given: Conditions | None, added: Conditions) -> Conditions:
    """The originator's conditions and those of whoever hands it down, together: every code, the higher classification, the
    earlier end, the recipients whom both name. Raises Refused where no recipient is left.
    """
    if given is None:
        return added
    ranks = code_list("classification")
    classes = [one for one in (given.classification, added.classification) if one]
    ends = [one for one in (given.expires_at_ms, added.expires_at_ms) if one is not None]
    erasures = [one for one in (given.erase_by_ms, added.erase_by_ms) if one is not None]
    return replace(
        added,
        codes=tuple(dict.fromkeys((*given.codes, *added.codes))),
        words=given.words or added.words,
        classification=max(classes, key=ranks.rank, default=None),
        recipients=_both(given.recipients, added.recipients),
        other_purposes=tuple(one for one in added.other_purposes if one in given.other_purposes),
        expires_at_ms=min(ends, default=None),
        erase_by_ms=min(erasures, default=None),
    )


def _require_named(desk: str, recipients: Sequence[str]) -> None:
    """Raises Refused unless the desk, or somebody who sits at it, is among the recipients that are named."""
    if recipients and not any(desk in {one, *_posts_of(one)} for one in recipients):
        raise Refused("relations.desk-not-named", desk=desk)


def under_both(message: DirectMessage, row: DirectRow, item: Item) -> Item:
    """The item as the partner's, under the stricter of both sides' conditions. Raises Refused as `strictest`."""
    return replace(
        item.assessed(),
        originator=row.partner,
        conditions=strictest(message.conditions, item.conditions or Conditions()),
    )


def as_handed(
    message: DirectMessage,
    row: DirectRow,
    item: Item,
    *,
    desk: str,
    check: IncomingCheck | None,
    context: Context,
    officer: ActingOfficer,
) -> Item:
    """The item as ``desk`` will have it; nothing is stored. ``check`` is the head's answer to the question of ill-treatment.

    Raises Refused: the desk is not among the named recipients, the conditions do not let it be copied (to anybody, for this officer),
    the question is not answered so that it may be used, what the item lacks.
    """
    conditions, purpose = message.conditions or Conditions(), _purpose_of(message)
    given = under_both(message, row, item)
    _require_named(desk, (given.conditions or conditions).recipients)
    held = Held(
        originator=row.partner,
        origin_posts=frozenset((row.their_post,)),
        addressees=frozenset((row.own_post,)),
        purpose=purpose,
        conditions=replace(conditions, recipients=()),  # it is for the desk, which was judged just now
        incoming=check,
    )
    reader = replace(reader_of(officer, context=context, purpose=purpose), posts=frozenset((row.own_post,)))
    check_use(Use.COPY, held, reader, at_ms=context.clock())
    refuse(item_faults(given, agency=row.partner))
    return given


def _purpose_of(message: DirectMessage) -> str:
    return (message.law.purpose if message.law is not None else None) or _PURPOSE


def hand_down(
    statement: bytes,
    item: Item,
    *,
    desk: str,
    title: Text,
    check: IncomingCheck | None,
    context: Context,
    officer: KeyOfficer,
) -> bytes:
    """Gives ``desk`` an item out of a message that came; opens a case for both and returns its id. ``check`` goes with it: what the head
    answered of ill-treatment is the desk's answer too, until the desk gives another.

    Raises NotFound (no such message, no such desk of ours), Refused (a deputy whose delegation does not hold, the key is not
    open, as `as_handed`) and BadInput (one of our own messages).
    """
    now_ms = context.clock()
    if agency_of(desk) != context.agency or all(post.id != desk for post in own_directory().posts):
        raise NotFound("directory.unknown-post", post=desk)
    with transaction.atomic():
        row = word_of(statement, officer.posts, lock=True)
        if row.direction != IN:
            raise BadInput("relations.wrong-way")
        require_may_act(row.own_post, officer.number, now_ms)
        if not officer.reading:
            raise Refused("relations.key-closed")
        message, _ = judged(open_with(statement, officer.reading, context=context))
        given = as_handed(message, row, item, desk=desk, check=check, context=context, officer=officer)
        fields = (row.field,) if row.field else ()
        case = open_case(
            NewCase(title=title, posts=(row.own_post, desk), fields=fields, agencies=(row.partner,)),
            context=context,
            officer=officer,
        )
        conditions = given.conditions or Conditions()
        docket = Docket(
            kind=HANDED_DOWN,
            channel=CHANNEL,
            field=row.field,
            matter=row.matter,
            case=case,
            follows=(statement,),
            classification=conditions.classification or "",
            handling=conditions.codes,
            sender=row.own_post,
            route=(row.own_post, desk),
            addressees=(desk,),
        )
        said = send(
            Draft(
                docket=docket,
                parts=[Part(ITEM, dict(given.to_plain()))],
                readers=[],
                act=officer.acting(HANDED_DOWN, post=row.own_post),
                case=case,
            ),
            context=context,
        )
        purpose = _purpose_of(message)
        whence = Whence(case=case, statement=said.id, sender=row.partner, received_ms=now_ms, purpose=purpose)
        (made,) = add_items([evaluated_item(given, whence)], context=context)
        if check is not None:
            answer_incoming(made, check, context=context)
        note_handed_down(statement, desk=desk, by=said.id)
        access = Access(
            operation=Operation.DISCLOSURE,
            officer=officer.number,
            thing=row.matter,
            purpose=purpose,
            justification=HANDED_DOWN,
            recipients=(desk,),
            time_ms=now_ms,
        )
        log_access([access], keys=context.keys)
    return case
