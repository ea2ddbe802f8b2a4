"""At which channels nobody is on duty now: our own office, and the liaison officers who are accredited.

Invariant: who keeps no roster is not said to be away. Of a partner's desks we know nothing, so they count as manned.
"""

from __future__ import annotations

from typing import Final

from tansiq.accounts.roster import on_duty, turns
from tansiq.channels.accreditations import accreditation_rows
from tansiq.channels.desks import office_between
from tansiq.errors import Error
from tansiq.policy.channel_matter import Channel
from tansiq.protocol.docket import agency_of

__all__ = ["off_duty"]

_WEEK_MS: Final = 7 * 86_400_000


def _manned(post: str, at_ms: int) -> bool:
    """Whether somebody is on duty in a desk of ours, or it keeps no roster."""
    return bool(on_duty(post, at_ms)) or not turns(post, from_ms=at_ms - _WEEK_MS, until_ms=at_ms + _WEEK_MS)


def off_duty(partner: str, *, sender: str, at_ms: int) -> frozenset[Channel]:
    """The channels between ``sender``, a desk of ours, and the partner at whose next desk nobody is on duty."""
    away = set()
    officers = [row for row in accreditation_rows("partner = %s AND until_ms > %s", (partner, at_ms)) if row.accepted]
    if officers and all(row.away_until_ms is not None and row.away_until_ms > at_ms for row in officers):
        away.add(Channel.LIAISON)
    try:
        office = office_between(sender, f"{partner}/node")
    except Error:
        return frozenset(away)
    if agency_of(office) == agency_of(sender) and not _manned(office, at_ms):
        away.add(Channel.EMBASSY)
    return frozenset(away)
