"""A head hands something of a direct message down to a desk: a new item of a case, under conditions, by a signed act.

Invariant: the message stays closed to all but the two; what the desk gets is what the head writes down, with the originator's
conditions and the head's own, of which the strictest hold. The originator stays the partner.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from tansiq.cases.casework import NewCase, open_case
from tansiq.cases.items import ITEM, Whence, evaluated_item
from tansiq.cases.services import add_items
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.answer import Item
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.faults import refuse
from tansiq.policy.law import item_faults
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.parts import Part
from tansiq.relations.direct import CHANNEL, HANDED_DOWN, IN, note_handed_down, word_of
from tansiq.relations.direct_judging import judged
from tansiq.relations.direct_persons import require_may_act
from tansiq.relations.officers import KeyOfficer

__all__ = ["hand_down", "strictest"]


def strictest(given: Conditions | None, added: Conditions) -> Conditions:
    """The originator's conditions and those of whoever hands it down, together: every code, the higher classification, the
    earlier end.
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
        other_purposes=tuple(one for one in added.other_purposes if one in given.other_purposes),
        expires_at_ms=min(ends, default=None),
        erase_by_ms=min(erasures, default=None),
    )


def hand_down(
    statement: bytes,
    item: Item,
    *,
    desk: str,
    title: Text,
    context: Context,
    officer: KeyOfficer,
) -> bytes:
    """Gives ``desk`` an item out of a message that came; opens a case for both and returns its id.

    Raises NotFound (no such message, no such desk of ours), Refused (a deputy whose delegation does not hold, the key is not
    open, what the item lacks) and BadInput (one of our own messages).
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
        given = replace(
            item.assessed(),
            originator=row.partner,
            conditions=strictest(message.conditions, item.conditions or Conditions()),
        )
        refuse(item_faults(given, agency=row.partner))
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
        purpose = (message.law.purpose or "") if message.law is not None else ""
        whence = Whence(case=case, statement=said.id, sender=row.partner, received_ms=now_ms, purpose=purpose)
        add_items([evaluated_item(given, whence)], context=context)
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
