"""Two states and the organisation between them, for tests of the four channels: every desk of every way, in this process.

    world = World.of(nodes)                  # copies of nodes that met once in this run
    matter = world.ask("interpol")           # Madrid's desk asks Rabat's
    world.carry()                            # everything that waits goes on, hop by hop, until all are quiet
    world.parcels                            # what crossed which hop, as it travelled

Madrid: ``es.cgi`` with its desk, its head and a liaison officer in Tangier, both of whom read with keys of their own, behind
each two custodians; ``es.ncb`` its bureau; ``es.rabat`` its office in Rabat. Rabat: ``ma.dgst`` and ``ma.ncb``. Between the
bureaux ``int.hub``. A node has met only those with whom it speaks, and those whose statements pass it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from django.db import connection

from support.matters import an_enquiry
from support.node import PASSPHRASE, Clock, Node, Nodes
from support.switch import connected
from tansiq.channels.accreditations import (
    AccreditationRow,
    Direction,
    WordRow,
    accreditation_rows,
    add_word,
    store_accreditation,
)
from tansiq.channels.houserules import HouseRules, set_house_rules
from tansiq.channels.profile import set_channel_rules
from tansiq.channels.stops import tell_stops
from tansiq.directory.queries import partners
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.queries import quarantined
from tansiq.exchange.release import next_batch
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.office.folding import fold_came
from tansiq.policy.accreditation import Grant
from tansiq.policy.accreditation_course import Move, State
from tansiq.policy.channel_reading import parse_rules
from tansiq.policy.enquiry import Enquiry
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parcel import Parcel, parse_parcel

__all__ = ["CASE", "ES", "HEADS", "LIAISON", "MA", "OFFICE", "World"]

ES, MA = "es.cgi/counter-terrorism", "ma.dgst/counter-terrorism"
HEADS: Final = ("es.cgi/head", "ma.dgst/head")
LIAISON, OFFICE = "es.cgi/liaison-tangier", "es.rabat/office"
CASE: Final = bytes.fromhex("5c" * 16)
"""The case that the liaison officer in Tangier carries, from the moment when somebody asks by that channel."""
_READS: Final = ("es", "fr", "ar", "en")
_LANES: Final = ((Lane.URGENT,), (Lane.NORMAL, Lane.BULK))


_RULES: Final = """
profile = "every-way"
title = { ar = "كل طريق", es = "Todo camino", fr = "Tout chemin", en = "Every way" }
[emergency]
allowed = true
review_hours = 24
[[rule]]
id = "any"
channels = ["interpol", "embassy", "liaison", "direct"]
effect = "carry"
reason = "reason.suspect"
source = "A test"
"""
"""Here every channel carries everything: which fits is judged elsewhere."""


def _post(name: str, role: str) -> NewPost:
    return NewPost(name, role, {"en": name}, _READS)


def _officer(number: str, *posts: str, **more: Any) -> NewOfficer:
    return NewOfficer(number, posts, PASSPHRASE, **more)


_CUSTODIANS_ES: Final = ("ES-4002", "ES-4003")
_CUSTODIANS_MA: Final = ("MA-2201", "MA-2202")
CAST: Final[dict[str, tuple[tuple[NewPost, ...], tuple[NewOfficer, ...]]]] = {
    "es.cgi": (
        (_post("counter-terrorism", "desk"), _post("head", "head"), _post("liaison-tangier", "liaison")),
        (
            _officer("ES-4017", "counter-terrorism"),
            _officer("ES-4002", "counter-terrorism", custodian=True),
            _officer("ES-4003", "counter-terrorism", custodian=True),
            _officer("ES-1001", "head", eyes_only=True, recovery=_CUSTODIANS_ES),
            _officer("ES-6100", "liaison-tangier", eyes_only=True, recovery=_CUSTODIANS_ES),
        ),
    ),
    "es.ncb": ((_post("bureau", "bureau"),), (_officer("ES-5200", "bureau"),)),
    "es.rabat": (
        (_post("office", "office"),),
        (_officer("ES-3300", "office"), _officer("ES-3301", "office"), _officer("ES-3302", "office")),
    ),
    "int.hub": ((_post("centre", "hub"),), (_officer("IN-1", "centre"),)),
    "ma.ncb": ((_post("bureau", "bureau"),), (_officer("MA-5100", "bureau"),)),
    "ma.dgst": (
        (_post("counter-terrorism", "desk"), _post("head", "head")),
        (
            _officer("MA-2210", "counter-terrorism"),
            _officer("MA-2201", "counter-terrorism", custodian=True),
            _officer("MA-2202", "counter-terrorism", custodian=True),
            _officer("MA-1001", "head", eyes_only=True, recovery=_CUSTODIANS_MA),
        ),
    ),
}
_SPEAK: Final = (
    ("es.cgi", "ma.dgst"), ("es.cgi", "es.ncb"), ("es.cgi", "es.rabat"), ("es.rabat", "ma.dgst"), ("es.ncb", "int.hub"),
    ("int.hub", "ma.ncb"), ("ma.ncb", "ma.dgst"), ("es.ncb", "ma.ncb"), ("es.cgi", "int.hub"), ("es.cgi", "ma.ncb"),
    ("ma.dgst", "int.hub"), ("ma.dgst", "es.ncb"),
)  # fmt: skip
"""Who has met whom: neighbours on a way, and whoever is passed by the statements of the other."""


AT_HOME: Final[dict[str, tuple[tuple[NewPost, ...], tuple[NewOfficer, ...]]]] = {
    "es.cgi": (
        (_post("counter-terrorism", "desk"), _post("national-bureau", "bureau"), _post("embassy-office", "office")),
        (_officer("ES-4017", "counter-terrorism"), _officer("ES-5200", "national-bureau"), _officer("ES-3300", "embassy-office")),
    ),
    "int.hub": ((_post("centre", "hub"),), ()),
    "ma.dgst": (
        (_post("counter-terrorism", "desk"), _post("national-bureau", "bureau"), _post("embassy-office", "office")),
        (_officer("MA-2210", "counter-terrorism"), _officer("MA-5100", "national-bureau"), _officer("MA-3300", "embassy-office")),
    ),
}  # fmt: skip
"""Two services that have their bureau and their embassy's office as desks of their own node, and the hub."""


def _play_at_home(nodes: Nodes) -> Sequence[Node]:
    made = {agency: nodes.new(agency, posts=posts, officers=officers) for agency, (posts, officers) in AT_HOME.items()}
    for one, other in (("es.cgi", "int.hub"), ("int.hub", "ma.dgst"), ("es.cgi", "ma.dgst")):
        nodes.meet(made[one], made[other])
    return list(made.values())


def _play(nodes: Nodes) -> Sequence[Node]:
    made = {agency: nodes.new(agency, posts=posts, officers=officers) for agency, (posts, officers) in CAST.items()}
    for one, other in _SPEAK:
        nodes.meet(made[one], made[other])
    return list(made.values())


@dataclass(slots=True)
class World:
    """All nodes by agency; ``parcels`` are those with statements in them, as they travelled: sender, receiver, parcel."""

    nodes: dict[str, Node]
    clock: Clock
    parcels: list[tuple[str, str, Parcel]] = field(default_factory=list)

    @classmethod
    def of(cls, nodes: Nodes, *, at_home: bool = False) -> World:
        """The world of this test; ``at_home``: the one of `AT_HOME`."""
        made = nodes.played(_play_at_home if at_home else _play)
        for one in made:  # no key of theirs may begin later than now
            one.use()
            nodes.clock.now_ms = max(nodes.clock.now_ms, one.context.directory.time_ms)
        set_house_rules(HouseRules())
        set_channel_rules(parse_rules(_RULES))
        return cls({one.agency: one for one in made}, nodes.clock)

    def __getitem__(self, agency: str) -> Node:
        return self.nodes[agency]

    # ------------------------------------------------------------------------------------------------------ saying

    def ask(self, channel: str, request: Enquiry | None = None, **more: Any) -> bytes:
        """Madrid asks Rabat by a channel, from the desks that use it; Madrid stays bound."""
        sender, addressee, number = {
            "direct": (*HEADS, "ES-1001"),
            "liaison": (LIAISON, MA, "ES-6100"),
        }.get(channel, (ES, MA, "ES-4017"))
        es = self["es.cgi"]
        number = more.pop("number", number)
        if channel == "liaison":
            self.accredit()
            more.setdefault("case", CASE)
        return send_enquiry(
            request or an_enquiry(number),
            context=es.use(),
            officer=es.officer(number),
            from_post=more.pop("from_post", sender),
            to_post=more.pop("to_post", addressee),
            channel=channel,
            **more,
        )

    def accredit(self) -> None:
        """The officer in Tangier is accredited for `CASE`, as both sides have it in their rows; again changes nothing."""
        begins, key = self.clock() - 60_000, b"\x5c" * 15
        for agency, partner, direction in (
            ("es.cgi", "ma.dgst", Direction.OURS),
            ("ma.dgst", "es.cgi", Direction.THEIRS),
        ):
            self[agency].use()
            if accreditation_rows():
                continue
            for place, move in enumerate((Move.PROPOSE, Move.ACCEPT)):
                add_word(
                    WordRow(
                        statement=key + bytes((place,)), accreditation=CASE, kind=move, side=place + 1, place=1, number=1,
                        officer="ES-1001" if place == 0 else "MA-1001", post=HEADS[place], said_ms=begins, at_ms=begins,
                    )
                )  # fmt: skip
            row = AccreditationRow(
                id=CASE, direction=direction, partner=partner, officer="ES-6100", post=LIAISON, host="ma.dgst",
                fields=("offence.terrorism",), languages=("es", "fr"), tasks=("task.case",), reach="reach.always",
                away_until_ms=None, from_ms=begins, until_ms=begins + 400 * 86_400_000, state=State.IN_FORCE, accepted=1, pending=0,
                proposal=key + b"\x00", sent_by=HEADS[0], received_by=HEADS[1], said_ms=begins, changed_ms=begins,
            )  # fmt: skip
            grant = Grant(case=CASE.hex(), field="offence.terrorism", desk=ES, counterpart=MA)
            store_accreditation(row, (grant,))

    def answer(self, matter: bytes, answer: Any, *, number: str = "MA-2210", **more: Any) -> bytes:
        """Rabat answers; Rabat stays bound."""
        ma = self["ma.dgst"]
        return answer_enquiry(matter, context=ma.use(), officer=ma.officer(number), answer=answer, **more)

    # ------------------------------------------------------------------------------------------------------ carrying

    def carry(self, *, tell: bool = True) -> None:
        """Lets everything go on, hop by hop, until all are quiet; with ``tell`` the clock's word on the ways too, and its folding."""
        with connected():
            moved = True
            while moved:
                moved = self._carry_once()
                if not moved and tell:
                    moved = sum(tell_stops(context=one.use()) for one in self.nodes.values()) > 0
            for one in self.nodes.values() if tell else ():
                fold_came(context=one.use())

    def _carry_once(self) -> bool:
        moved = False
        for sender in self.nodes.values():
            while peers := self.waited_for(sender):
                for peer, lanes in product(peers, _LANES):
                    moved |= self.hop(sender, peer, lanes)
        for one in self.nodes.values():
            one.use()
            while dispatch_once(context=one.context):
                moved = True
        return moved

    def waited_for(self, sender: Node) -> list[Node]:
        """For whom something waits at ``sender``."""
        sender.use()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT peer FROM exchange_outbox WHERE held = %s UNION SELECT peer FROM exchange_pending", (False,)
            )
            peers = {row[0] for row in cursor.fetchall()}
        return [one for one in self.nodes.values() if one.agency in peers and one is not sender]

    def hop(self, sender: Node, receiver: Node, lanes: tuple[Lane, ...]) -> bool:
        """One parcel with what waits, as its bytes, and the answer; whether it carried anything."""
        context = sender.use()
        batch = next_batch(receiver.agency, lanes, context=context)
        if batch is None:
            return False
        parcel = parse_parcel(make_parcel(receiver.agency, context=context, batch=batch).to_bytes())
        self.parcels.append((sender.agency, receiver.agency, parcel))
        intake = take(parcel, peer=sender.agency, context=receiver.use())
        answer = make_parcel(sender.agency, context=receiver.context, taken=[intake.taken] if intake.taken else [])
        take(parse_parcel(answer.to_bytes()), peer=receiver.agency, context=sender.use())
        return True

    # ------------------------------------------------------------------------------------------------------ looking

    def faults(self) -> dict[str, list[str]]:
        """What was set aside where, and why."""
        found = {}
        for one in self.nodes.values():
            one.use()
            if codes := [f"{aside.code} {aside.detail}".strip() for aside in quarantined()]:
                found[one.agency] = codes
        return found

    def rows(self, agency: str, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query at a node, which stays bound."""
        self[agency].use()
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [
                tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in cursor.fetchall()
            ]

    def knows(self, agency: str) -> set[str]:
        """Whom a node has met."""
        self[agency].use()
        return {one.agency for one in partners() if not one.is_self}
