"""The kinds of this room: what travels, which record stands in it, and what it does to a notice.

Invariant: one place names them. A kind that is not here is another room's; its body stands in part 0, under the kind's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from tansiq.policy.notice import (
    Cancellation,
    Extension,
    HubRefusal,
    Notice,
    NoticeAnswer,
    NoticeRequest,
    Publication,
    Restriction,
)
from tansiq.policy.notice_course import Kind, Move
from tansiq.policy.notice_course import Side as Speaker
from tansiq.policy.plain import Record

__all__ = [
    "ANSWER", "BODIES", "CANCELLATION", "CHANNEL", "DIFFUSION", "EXTENSION", "FIRST", "FLAG", "KINDS", "MEMBERS", "MOVES",
    "NOTICE", "PUBLICATION", "REFUSAL", "REQUEST", "RESTRICTED", "RESTRICTION", "STATUS", "UPDATE", "WITHHELD", "Side",
    "body_in_words", "codes_of", "speaker_of",
]  # fmt: skip

NOTICE, DIFFUSION, REQUEST, UPDATE = "notice.notice", "notice.diffusion", "notice.request", "notice.update"
PUBLICATION, REFUSAL, EXTENSION = "notice.publication", "notice.refusal", "notice.extension"
RESTRICTION, CANCELLATION, ANSWER = "notice.restriction", "notice.cancellation", "notice.answer"
WITHHELD: Final = "notice.withheld"
"""The hub's node to one member: its source denies it that notice from now on."""
RESTRICTED: Final = "cancel.restricted"
"""Why a notice has ended there."""
STATUS, FLAG = "person.status", "person.flag"
MEMBERS: Final = "service.members"
"""The hub's word on who its members are, with their directory documents."""
CHANNEL: Final = "interpol"
FIRST: Final[Mapping[str, Kind]] = {NOTICE: Kind.NOTICE, DIFFUSION: Kind.DIFFUSION}
KINDS: Final[Mapping[Kind, str]] = {kind: name for name, kind in FIRST.items()}
BODIES: Final[Mapping[str, type[Record]]] = {
    UPDATE: Notice,
    REQUEST: NoticeRequest,
    PUBLICATION: Publication,
    REFUSAL: HubRefusal,
    EXTENSION: Extension,
    RESTRICTION: Restriction,
    CANCELLATION: Cancellation,
    ANSWER: NoticeAnswer,
}
"""What is said about a notice after its first statement, and the record of each."""
MOVES: Final[Mapping[str, Move]] = {
    UPDATE: Move.UPDATE,
    PUBLICATION: Move.PUBLISH,
    REFUSAL: Move.REFUSE,
    EXTENSION: Move.EXTEND,
    RESTRICTION: Move.RESTRICT,
    CANCELLATION: Move.CANCEL,
    WITHHELD: Move.CANCEL,
    ANSWER: Move.ANSWER,
}
"""What each does to it; a request only asks, and does nothing by itself."""


class Side(IntEnum):
    """Who this node is to a notice, or who says a word about it."""

    SOURCE = 1
    HUB = 2
    MEMBER = 3


_SPEAKERS: Final = {Side.SOURCE: Speaker.SOURCE, Side.HUB: Speaker.HUB, Side.MEMBER: Speaker.MEMBER}


def speaker_of(side: Side) -> Speaker:
    """The side as the course of a notice names it."""
    return _SPEAKERS[side]


def codes_of(body: Record) -> str:
    """What a word amounts to, as one code: the result of an answer, the reason of a cancellation, the first ground."""
    match body:
        case NoticeAnswer():
            return body.result or ""
        case Cancellation():
            return body.reason or ""
        case HubRefusal():
            return next(iter(body.grounds), "")
        case _:
            return ""


def body_in_words(kind: str) -> type[Record]:
    """The record in which a statement of this kind is written."""
    return BODIES.get(kind, Notice)
