"""Which way a word of an enquiry goes: the answer back by the way of its request, and so everything after it.

Invariant: what answers or follows goes by the channel of its request, through the same desks; whoever got the request's docket
gets that of every later word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tansiq.channels.accreditations import accreditation_rows, carriers, grants_of
from tansiq.channels.desks import role_of
from tansiq.channels.ways import Way, along, copies_of
from tansiq.enquiries.rows import Direction, EnquiryRow
from tansiq.exchange.context import Context
from tansiq.exchange.eyes_only import owners_of
from tansiq.policy.channel_matter import Channel
from tansiq.policy.ways import way_rule
from tansiq.protocol.docket import agency_of

__all__ = ["between_persons", "carried_by", "way_in"]


def carried_by(
    channel: str, between: Sequence[str], partner: str, *, field: str, case: bytes, context: Context
) -> dict[str, str]:
    """By desk ``between`` the two, the liaison officer (a service number) who is accredited for the case."""
    if channel != Channel.LIAISON or not between:
        return {}
    return carriers(between, partner, own=context.agency, field=field, case=case, at_ms=context.clock())


def _carried_then(row: EnquiryRow) -> dict[str, str]:
    """By desk between the two, the officer who was accredited for the case, though it has ended since: what was asked is answered still."""
    if row.channel != Channel.LIAISON:
        return {}
    found: dict[str, str] = {}
    rows = [one for one in accreditation_rows("partner = %s", (row.partner,)) if one.post in row.route[1:-1]]
    grants = grants_of([one.id for one in rows])
    for one in rows:  # the last changed first
        if row.case.hex() in {grant.case for grant in grants[one.id]}:
            found.setdefault(one.post, one.officer)
    return found


def _persons(row: EnquiryRow, officer: str, context: Context) -> Mapping[str, str]:
    """Who reads with a key of one's own: here the officer who speaks, there the one to whom the request is sealed."""
    theirs = owners_of(row.request, agency_of(row.their_post), context=context)
    carrying = carried_by(row.channel, row.route[1:-1], row.partner, field=row.field, case=row.case, context=context)
    carrying = _carried_then(row) | carrying
    return {**carrying, row.own_post: officer, **({row.their_post: theirs[0]} if len(theirs) == 1 else {})}


def way_in(row: EnquiryRow, *, context: Context, officer: str, now_ms: int) -> Way:
    """The way of what ``officer`` (a service number) says in an enquiry, from our desk to theirs. Raises as `along`."""
    route = row.route if row.direction == Direction.OUT else row.route[::-1]
    if not row.way:
        return along(row.channel, route, context=context, now_ms=now_ms)
    copies = dict.fromkeys((*row.copies, *copies_of(row.channel, route)))
    persons = _persons(row, officer, context)
    return along(row.channel, route, context=context, now_ms=now_ms, copies=tuple(copies), persons=persons)


def between_persons(row: EnquiryRow) -> bool:
    """Whether one of the two ends reads with a key of one's own, so that one node knows the docket alone."""
    roles = way_rule(row.channel).own_key
    return bool(roles) and not roles.isdisjoint({role_of(row.own_post), role_of(row.their_post)})
