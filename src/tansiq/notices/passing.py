"""How a notice goes on: at the hub to the members, at a bureau to the services of its own state.

Invariant: a statement goes on as it came, in the commit that took it. The hub passes a diffusion closed, to those for whom a wrap
came, and adds no wrap; what it passes open was sealed to its legal desk, which seals it on. A bureau seals a notice that binds
to the desks of its services, and so a service believes it by its own bureau; a diffusion is for the bureaux that it names.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.directory.queries import documents_of, own_directory, partners, sealing_key_of
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Reader
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.services import relay_many
from tansiq.notices import legal
from tansiq.notices.desks import BUREAU, hub_posts, is_hub, own_services
from tansiq.notices.given import given_to, mark_given
from tansiq.notices.kinds import ANSWER, CANCELLATION, EXTENSION, REFUSAL, REQUEST, RESTRICTION, UPDATE, Side
from tansiq.notices.members import members
from tansiq.notices.rows import NoticeRow, WordRow, words_of
from tansiq.notices.saying import known_words
from tansiq.policy.notice_course import Kind, in_order, is_public
from tansiq.protocol.cbor import decode
from tansiq.protocol.docket import ALL_MEMBERS, agency_of
from tansiq.protocol.envelope import Handover
from tansiq.protocol.wraps import parse_wrap

__all__ = ["first", "own_word", "word"]

_ON_AT_ONCE = frozenset({EXTENSION, CANCELLATION})
"""What a source says about a notice that needs no legal check."""


def _for_whom(one: Arrived, context: Context) -> list[str]:
    """For which partners a wrap came with a statement."""
    kept = context.keys.wraps([one.statement.id], one.peer).get(one.statement.id, b"\x80")
    readers = {parse_wrap(wrap).reader for wrap in decode(kept)}
    own, source = own_directory().agency, one.statement.agency
    return [
        partner.agency
        for partner in partners()
        if partner.confirmed_ms
        and partner.agency not in {own, source}
        and any(key.key.identifier in readers for document in documents_of(partner.agency) for key in document.keys)
    ]


def _pass_closed(one: Arrived, row: NoticeRow, *, context: Context) -> None:
    """Passes what only the bureaux that it names can read to them."""
    named = {agency_of(post) for post in one.docket.addressees if post != ALL_MEMBERS}
    to = [agency for agency in _for_whom(one, context) if not named or agency in named]
    if not to:
        return
    relay, _ = hub_posts()
    now_ms = context.clock()
    relay_many(
        one.statement.id,
        to={agency: [] for agency in to},
        handovers=[Handover(relay, one.at_ms, now_ms)],
        context=context,
    )
    mark_given(row.matter, to, now_ms=now_ms)


def _to_services(
    statements: Sequence[tuple[bytes, int]], row: NoticeRow, *, to: dict[str, list[str]], context: Context
) -> None:
    """A bureau seals statements (with the moment at which each came) to the desks of its services."""
    if not to:
        return
    now_ms = context.clock()
    post = next((one.id for one in own_directory().posts if one.role == BUREAU), "")
    readers = {
        agency: [Reader(agency, sealing_key_of(desk, now_ms)[1], agency=agency) for desk in desks]
        for agency, desks in to.items()
    }
    for statement, came_ms in statements:
        relay_many(statement, to=readers, handovers=[Handover(post, came_ms, now_ms)], context=context)
    mark_given(row.matter, to, now_ms=now_ms)


def _bring_services(row: NoticeRow, *, context: Context) -> None:
    """Once a notice binds here, all that is for the members goes to the services that have not got it; later, what is new."""
    if is_hub() or row.kind is not Kind.NOTICE:
        return
    services = own_services()
    had = set(given_to(row.matter))
    fresh = {agency: desks for agency, desks in services.items() if agency not in had}
    if not row.binds or not fresh:
        return
    words = words_of([row.matter])[row.matter]
    at_ms = {one.statement: one.at_ms for one in words}
    known = known_words(words)
    public = in_order([one for one in known if is_public(one, known, row.kind)])
    _to_services(
        [(row.first, row.came_ms), *((one.id, at_ms[one.id]) for one in public)], row, to=fresh, context=context
    )


def first(one: Arrived, row: NoticeRow, *, context: Context) -> None:
    """What follows from a notice or a diffusion that came, in the caller's transaction."""
    if is_hub():
        if row.kind is Kind.DIFFUSION:
            _pass_closed(one, row, context=context)
        return
    _bring_services(row, context=context)


def word(one: Arrived, row: NoticeRow, said: WordRow | None, *, context: Context) -> None:
    """What follows from a word that came, in the caller's transaction; ``said`` is None where only its docket is read."""
    if is_hub():
        if said is None:
            _pass_closed(one, row, context=context)
        elif said.side is Side.SOURCE and said.kind in _ON_AT_ONCE:
            had = set(given_to(row.matter))
            to = [member for member in members() if member.agency in had]
            legal.pass_on(one.statement.id, to, came_ms=one.at_ms, context=context)
        return
    if said is None or row.kind is not Kind.NOTICE or said.kind in {ANSWER, REFUSAL, REQUEST, RESTRICTION}:
        return
    had = set(given_to(row.matter))
    services = {agency: desks for agency, desks in own_services().items() if agency in had}
    # An update of a notice is passed with the publication that makes it bind, in its order.
    if said.kind == UPDATE:
        return
    before = [(said.version, one.at_ms)] if said.version and said.version != row.first else []
    _to_services([*before, (one.statement.id, one.at_ms)], row, to=services, context=context)
    _bring_services(row, context=context)


def own_word(statement: bytes, kind: str, row: NoticeRow, *, context: Context) -> None:
    """What we have just said of a notice of ours goes to the services of our state that have it, in the caller's transaction."""
    if row.kind is Kind.NOTICE and kind in _ON_AT_ONCE:
        had = set(given_to(row.matter))
        services = {agency: desks for agency, desks in own_services().items() if agency in had}
        _to_services([(statement, context.clock())], row, to=services, context=context)
