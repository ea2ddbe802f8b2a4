"""What the choice of a channel looks at: the matter, and the state of the world between two services.

Invariant: values alone, no rule and no clock. What the law still wants of a matter (``Matter.unmet``) stands here so that
no rule of a channel can pass over it.

>>> Standing(own=State.STRAINED, announced=State.SUSPENDED).worst
<State.SUSPENDED: 'suspended'>
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = [
    "CHANNELS",
    "Accredited",
    "Agreement",
    "Channel",
    "Matter",
    "Nature",
    "Standing",
    "State",
    "Validity",
    "World",
]


class Channel(StrEnum):
    """The four channels, by the codes of the list ``channels``."""

    INTERPOL = "interpol"
    EMBASSY = "embassy"
    LIAISON = "liaison"
    DIRECT = "direct"


CHANNELS: Final = tuple(Channel)


class Nature(StrEnum):
    """What a matter is about: one to act on, the lie of the land, or the relation of two services."""

    OPERATIONAL = "operational"
    STRATEGIC = "strategic"
    INSTITUTIONAL = "institutional"


class State(StrEnum):
    """How a channel with one partner stands, from the best to the worst."""

    OPEN = "open"
    STRAINED = "strained"
    SUSPENDED = "suspended"


_WORSE: Final = {State.OPEN: 0, State.STRAINED: 1, State.SUSPENDED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of one channel with one partner: ``own`` is what we decided, ``announced`` what the partner announced."""

    own: State = State.OPEN
    announced: State = State.OPEN

    @property
    def worst(self) -> State:
        """What holds: the worse of the two."""
        return max(self.own, self.announced, key=_WORSE.__getitem__)


class Validity(StrEnum):
    """Whether an accreditation holds, apart from its dates."""

    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accredited:
    """A liaison officer as the choice of a channel sees one: who (service number), in which fields of crime, for which cases,
    from when until when.

    ``fields`` are codes of the offences; ``grants`` the cases (shared references), each with the field in which it is carried;
    ``until_ms`` is no longer within, 0 is without end.
    """

    officer: str
    fields: frozenset[str]
    grants: frozenset[tuple[bytes, str]]
    from_ms: int
    until_ms: int = 0
    validity: Validity = Validity.IN_FORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement between two states: its code, the fields of crime that it covers (none: every), from when until when, the grounds for a
    transfer that it gives (none: it says nothing of them).
    """

    code: str
    fields: frozenset[str] = frozenset()
    from_ms: int = 0
    until_ms: int = 0
    grounds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is to be sent, as the choice of a channel sees it: codes and answers, never a person and never a word of it.

    ``kind`` is a kind of message (``enquiry.request``, ``notice.red``), ``field`` a code of the offences,
    ``classification`` a code of its list; ``urgency_ground`` is '' for what is not urgent. ``warrant``: one is to be executed;
    ``missing``: a missing person is sought; ``suspect``: a suspect is followed up. ``countries`` are the states to which it
    goes (ISO 3166-1), ours not among them. ``case`` is the shared reference (b'': none), ``joint_operation`` that of
    the operation within which it is sent (b'': none). ``unmet`` are the codes of what the law still wants.
    """

    kind: str
    field: str = ""
    nature: Nature = Nature.OPERATIONAL
    sensitive: bool = False
    classification: str = "class.none"
    urgency_ground: str = ""
    warrant: bool = False
    missing: bool = False
    suspect: bool = False
    countries: tuple[str, ...] = ()
    case: bytes = b""
    joint_operation: bytes = b""
    personal_data: bool = True
    unmet: tuple[str, ...] = ()

    @property
    def urgent(self) -> bool:
        """Whether one of the four grounds of urgency is given."""
        return bool(self.urgency_ground)

    @property
    def danger_to_life(self) -> bool:
        """Whether somebody's life or limb is in imminent danger."""
        return self.urgency_ground == "urgency.life"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How things stand with one partner (an agency) at the moment ``now_ms``.

    ``standings``: a channel that is not there is open. ``accreditations`` are those of the officers between the two
    services, expired ones too; ``shared_cases`` the cases that both know; ``joint_operations`` those agreed and not ended;
    ``off_duty`` the channels at whose next desk nobody is on duty now; ``accepts_emergency``: the partner has declared that
    it takes what concerns imminent danger to life while we have suspended the channel. ``no_way`` says of a channel that
    cannot be used at all between the two why not (a code of ``channel_reasons``).
    """

    partner: str
    now_ms: int
    standings: Mapping[Channel, Standing] = field(default_factory=lambda: MappingProxyType({}))
    accreditations: tuple[Accredited, ...] = ()
    shared_cases: frozenset[bytes] = frozenset()
    joint_operations: frozenset[bytes] = frozenset()
    agreements: tuple[Agreement, ...] = ()
    off_duty: frozenset[Channel] = frozenset()
    accepts_emergency: bool = False
    no_way: Mapping[Channel, str] = field(default_factory=lambda: MappingProxyType({}))

    def standing(self, channel: Channel) -> Standing:
        """How ``channel`` stands with the partner."""
        return self.standings.get(channel, _OPEN)


_OPEN: Final = Standing()
