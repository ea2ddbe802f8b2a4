"""'May this have been obtained by ill-treatment?', answered once for all that came in the matter of a notice.

Invariant: as in `enquiries.origins`: without an answer nothing that came in is used beyond reading it (Convention against Torture, Article
15); a later answer takes its place and the earlier one stays written down.
"""

from __future__ import annotations

from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.cases.services import answer_incoming
from tansiq.channels.officers import ActingOfficer
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.notices.desks import own_desk
from tansiq.notices.rows import notice_rows, words_of
from tansiq.policy.answer import IncomingCheck
from tansiq.protocol.ids import id_text

__all__ = ["answer_origin", "unanswered"]


def _theirs(matter: bytes, context: Context) -> list[ItemRow]:
    """What others said in the matter and is still here."""
    rows = notice_rows("matter = %s", (matter,))
    if not rows:
        return []
    row = rows[0]
    said = [row.first, row.version, row.pending, *(word.statement for word in words_of([matter])[matter])]
    found = items_of_statements([one for one in dict.fromkeys(said) if one])
    return [item for some in found.values() for item in some if item.originator != context.agency and not item.erased]


def unanswered(matter: bytes, *, context: Context) -> bool:
    """Whether the question is open for anything of the matter."""
    return any(not item.incoming for item in _theirs(matter, context))


def answer_origin(matter: bytes, check: IncomingCheck, *, officer: ActingOfficer, context: Context) -> int:
    """Records ``check`` for everything of others' that is here; returns for how many items.

    Raises NotFound (no such notice on the officer's desk), Refused('policy.law') for an answer without its reason.
    """
    desk, rows = own_desk(), notice_rows("matter = %s", (matter,))
    if not rows or not rows[0].known or not desk or desk not in officer.posts:
        raise NotFound("notices.unknown", notice=id_text(matter))
    theirs = _theirs(matter, context)
    for item in theirs:
        answer_incoming(item.id, check, context=context)
    return len(theirs)
