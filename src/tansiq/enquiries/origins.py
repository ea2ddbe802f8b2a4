"""'May this have been obtained by ill-treatment?', answered once for all that came from the partner in a matter.

Invariant: without an answer nothing that came in is used (Convention against Torture, Article 15); a later answer takes
its place and the earlier one stays written down.
"""

from __future__ import annotations

from tansiq.cases.queries import items_of_statements
from tansiq.cases.services import answer_incoming
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import enquiry_rows, replies_of
from tansiq.enquiries.seen import not_viewed, viewed
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.policy.answer import IncomingCheck
from tansiq.protocol.ids import id_text

__all__ = ["answer_origin"]


def answer_origin(matter: bytes, check: IncomingCheck, *, context: Context, officer: ActingOfficer) -> int:
    """Records ``check`` for everything of the partner's that is still here and that the officer may view; returns for how many items.

    Raises NotFound (no such enquiry on the officer's desk), Refused('policy.use') for an officer who may view nothing of it, and
    ('policy.law') for an answer without its reason.
    """
    rows = enquiry_rows("matter = %s", (matter,))
    if not rows or rows[0].own_post not in officer.posts:
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    statements = [rows[0].request, *(reply.statement for reply in replies_of([matter]))]
    theirs = [
        item
        for some in items_of_statements(statements).values()
        for item in some
        if item.originator != context.agency and not item.erased
    ]
    judged = viewed(theirs, officer, context)
    readable = [item for item, against in judged if not against]
    if judged and not readable:
        raise not_viewed(judged[0][1])
    for item in readable:
        answer_incoming(item.id, check, context=context)
    return len(readable)
