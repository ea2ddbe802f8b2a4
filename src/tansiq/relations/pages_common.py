"""What the pages of this room share: who may open them, who looks, the seats at a channel and moments in words.

Invariant: who looks reads with the posts in which that person works or stands in now, and with the own key where it is open; a page
never guesses an officer. What an address names and its reader may not know of is answered like what never was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

from django.http import Http404

from tansiq.channels.accreditations import AccreditationRow, state_at
from tansiq.enquiries.pages_common import AT_A_DESK, Named, node_of
from tansiq.enquiries.pages_said import reader_here
from tansiq.errors import Refused
from tansiq.exchange.drafts import OfficerAct
from tansiq.policy.codes import code_list
from tansiq.protocol.keys import SealingKey
from tansiq.relations.liaison import ChannelRow, Seat
from tansiq.relations.officers import KeyOfficer
from tansiq.texts import text
from tansiq.web.moments import day, local
from tansiq.web.visitor import Request

__all__ = [
    "AT_A_DESK", "STATE_TONES", "Looker", "Named", "acting", "looker", "node_of", "reader_here", "seat_named", "seats_to",
    "state_in_words", "thing_of", "time_in_words", "write_label",
]  # fmt: skip

STATE_TONES: Final = {
    "proposed": "due", "refused": "late", "coming": "accent", "in-force": "proof", "suspended": "late", "expired": "late",
    "withdrawn": "late",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looker:
    """A person who reads and prepares, with the own keys that are open; it signs nothing."""

    number: str
    posts: tuple[str, ...]
    reading: tuple[SealingKey, ...] = field(default=(), repr=False)
    recovery: tuple[SealingKey, ...] = field(default=(), repr=False)

    def acting(self, act: str, *, post: str) -> OfficerAct:
        """Never: raises Refused."""
        raise Refused("relations.key-closed")


def looker(request: Request) -> Looker:
    """Who reads this page."""
    officer = cast("KeyOfficer | None", request.officer)
    reading, recovery = (officer.reading, officer.recovery) if officer is not None else ((), ())
    return Looker(request.visitor.number, tuple(request.visitor.posts), reading, recovery)


def acting(request: Request) -> KeyOfficer:
    """Who signs. Raises Refused when the own key is not open."""
    officer = cast("KeyOfficer | None", request.officer)
    if officer is None:
        raise Refused("relations.key-closed")
    return officer


def thing_of(named: str) -> bytes:
    """The identifier in an address. Raises Http404 for what is none."""
    digits = named.replace("-", "")
    try:
        identifier = bytes.fromhex(digits)
    except ValueError:
        identifier = b""
    if len(identifier) != 16 or digits != identifier.hex():
        raise Http404
    return identifier


def seats_to(channel: ChannelRow, seat: Seat) -> tuple[Seat, ...]:
    """To whom somebody at this seat may write."""
    return {
        Seat.OFFICER: (Seat.COUNTERPART, Seat.DESK),
        Seat.DESK: (Seat.OFFICER, Seat.COUNTERPART),
        Seat.COUNTERPART: (Seat.OFFICER, Seat.DESK),
    }[seat]


def write_label(seat: Seat, to: Seat) -> str:
    """The key of the text that says to whom somebody at ``seat`` writes."""
    return "relations.act.write-home" if (seat, to) == (Seat.OFFICER, Seat.DESK) else f"relations.act.write-{to}"


def seat_named(channel: ChannelRow, post: str, named: Named, *, short: bool = False) -> str:
    """A post of the channel as its readers know it: the liaison officer by the number, a desk by its name and agency; ``short``:
    without them.
    """
    if post == channel.liaison_post:
        key = "relations.seat.liaison" if short else "relations.seat.officer"
        return text(key, named.language, officer=channel.officer)
    return named.post(post) if short else named.place(post)


def state_in_words(row: AccreditationRow, language: str, at_ms: int) -> tuple[str, str]:
    """How an accreditation stands at a moment, and the tone in which that is shown."""
    state = state_at(row, at_ms)
    return code_list("accreditation_states").label(state, language), STATE_TONES.get(state, "")


def time_in_words(row: AccreditationRow, request: Request) -> str:
    """From when until when, in the reader's days."""
    eye = reader_here(request)
    first, last = (day(local(ms, eye.zone).date(), eye) for ms in (row.from_ms, row.until_ms - 1))
    return text("relations.page.from-until", request.language, first=first, last=last)
