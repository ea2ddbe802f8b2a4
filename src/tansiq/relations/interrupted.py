"""What waits for a suspended channel of persons: what is known of it, and what becomes of it when it is taken back.

Invariant: what heads say to one another, and what crosses on a liaison officer's channel, is sealed to persons: no other channel says
it. It waits, a courier carries it as it is, or it is taken back and written anew where the rules permit. What was taken back stays
with its writer, shown as never seen by anybody, and nothing follows it; a word on reading that never left is said with the next
reading. What heads say is taken back by who said it or reads it alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from django.db import connection
from django.urls import reverse

from tansiq.cases.sql import marks
from tansiq.channels.matters import About, know_matters
from tansiq.channels.passing import keep_for, on_moved
from tansiq.channels.stored import Stored
from tansiq.directory.queries import documents_of, partners
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import wraps_to_bytes
from tansiq.exchange.eyes_only import is_closed, owners_of
from tansiq.keystore.store import Kept
from tansiq.policy.codes import code_list
from tansiq.protocol.cbor import decode
from tansiq.protocol.directory import Use
from tansiq.protocol.ids import id_text
from tansiq.protocol.wraps import parse_wrap
from tansiq.relations.direct import MESSAGE, READ, forget_opened, word_of
from tansiq.relations.direct_persons import head_of, require_may_act

__all__ = ["register_interrupted"]

_KNOWN = (
    ("relations_direct_word", "direct-exchange", "direct.message"), ("relations_liaison_channel", "liaison-channel", "liaison.message"),
)  # fmt: skip
"""Where a matter stands, the page that shows it, and the kind by which it is called: no word of it is shown outside."""


def _title(kind: str, language: str) -> str:
    return code_list("message_kinds").label(kind, language)


def _url(page: str, matter: bytes) -> str:
    return reverse(page, kwargs={"matter": id_text(matter)})


def _about(matters: Sequence[bytes]) -> Mapping[bytes, About]:
    found: dict[bytes, About] = {}
    with connection.cursor() as cursor:
        for table, page, kind in _KNOWN:
            cursor.execute(f"SELECT DISTINCT matter FROM {table} WHERE matter IN ({marks(matters)})", list(matters))
            for (matter,) in cursor.fetchall():
                url = partial(_url, page, bytes(matter))
                found[bytes(matter)] = About(title=partial(_title, kind), url=url)
    return found


def _keep_ours(were: Sequence[Stored], context: Context) -> None:
    """Keeps, under our own name, what opens our copy for its writer: what was made for the partner goes with the way."""
    ours = {
        key.key.identifier
        for document in documents_of(context.agency)
        for key in document.keys
        if key.use in {Use.OFFICER_OPENS, Use.RECOVERY_OPENS}
    }
    kept = []
    for statement in is_closed([one.id for one in were], context=context):
        sealed = [
            encoded
            for partner in partners()
            for wraps in context.keys.wraps([statement], partner.agency).values()
            for encoded in decode(wraps)
        ]
        own = [wrap for wrap in map(parse_wrap, sealed) if wrap.reader in ours]
        if own:
            kept.append(Kept(statement, context.agency, context.clock(), wraps_to_bytes(own)))
    context.keys.keep_wraps(kept)


def _moved(_: Mapping[bytes, bytes], were: Sequence[Stored], _channel: str, context: Context) -> None:
    """The row stays with its writer (`passing.Mover`); that it was taken back stands with the channels (`queries.taken_back`)."""
    _keep_ours(were, context)
    forget_opened([one.docket.answers for one in were if one.docket.kind == READ])


def _require_own(were: Sequence[Stored], officer: str, context: Context) -> None:
    """Raises Refused unless the officer is the head, or stands in now and said it or reads it: whoever else sits at the head's desk
    disposes of nothing that is closed to them.
    """
    now_ms = context.clock()
    for one in were:
        require_may_act(one.docket.sender, officer, now_ms)
        if one.docket.kind != MESSAGE or officer == head_of(one.docket.sender):
            continue
        said = word_of(one.id, (one.docket.sender,)).officer
        if officer != said and officer not in owners_of(one.id, context.agency, context=context):
            raise Refused("relations.not-your-word", officer=officer)


def register_interrupted() -> None:
    """Registers this room with the channels; again changes nothing."""
    know_matters(_about)
    for prefix in ("direct.", "liaison."):
        on_moved(prefix, _moved, reroutes=False)
    keep_for("direct.", _require_own)
