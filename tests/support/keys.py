"""Every key of every node and person of a world, tried on everything that crossed a hop: who opens what.

Invariant: what is said to open was opened, down to the bytes that were committed to; what a key alone does not open, but two
together do, is named for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from support.ways import World
from tansiq.errors import Error, NotFound
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import parse_docket
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.parcel import Item
from tansiq.protocol.statement import Statement, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import ContentKeys, OwnSecret, Wrap, open_own, open_wrap, parse_wrap

__all__ = ["BODY", "DOCKET", "Keys", "crossed", "kept_by"]

DOCKET, BODY = "docket", "body"


@dataclass(frozen=True, slots=True)
class Keys:
    """The sealing keys by their owner (a desk, an agency for its node, a service number), custodians' keys by theirs, and
    each node's secret for its own copies.
    """

    by_owner: Mapping[str, SealingKey]
    custodians: Mapping[str, SealingKey]
    own: Mapping[str, OwnSecret]

    @classmethod
    def of(cls, world: World) -> Keys:
        """All that there are."""
        by_owner: dict[str, SealingKey] = {}
        custodians: dict[str, SealingKey] = {}
        own: dict[str, OwnSecret] = {}
        for agency, one in world.nodes.items():
            by_owner |= {opening.owner: opening.key for opening in one.context.opening.values()}
            own[agency] = one.context.own
            for number, officer in one.officers.items():
                if officer.reading:
                    by_owner[number] = officer.reading[0]
                if officer.recovery:
                    custodians[number] = officer.recovery[0]
        return cls(by_owner, custodians, own)

    def opened(self, item: Item) -> dict[str, str]:
        """Who opens what of one item on a hop: owner → docket or body ('copy of AGENCY' by the sender's own secret, 'A+B' by two
        custodians together).
        """
        statement = parse_statement(item.statement)
        found: dict[str, str] = {}
        for wrap in map(parse_wrap, item.wraps):
            for who, keys in self._keys(wrap, statement):
                what = _readable(item, statement, keys)
                found[who] = BODY if BODY in {what, found.get(who)} else what
        return found

    def _keys(self, wrap: Wrap, statement: Statement) -> Iterator[tuple[str, ContentKeys]]:
        for who, key in self.by_owner.items():
            if isinstance(opened := _tried(wrap, key, statement), ContentKeys):
                yield who, opened
        for first, second in permutations(self.custodians, 2):
            outer = _tried(wrap, self.custodians[first], statement)
            if isinstance(outer, ContentKeys):
                yield first, outer
            inner = _tried(outer, self.custodians[second], statement) if isinstance(outer, Wrap) else None
            if isinstance(inner, ContentKeys):
                yield f"{first}+{second}", inner
        for agency, secret in self.own.items():
            try:
                yield (
                    f"copy of {agency}",
                    open_own(wrap, secrets_by_id={secret.identifier: secret}, statement_digest=statement.digest),
                )
            except Error:
                continue


def _tried(wrap: Wrap, key: SealingKey, statement: Statement) -> ContentKeys | Wrap | None:
    try:
        return open_wrap(wrap, reader=key, statement_digest=statement.digest)
    except Error:
        return None


def _readable(item: Item, statement: Statement, keys: ContentKeys) -> str:
    """What these keys really open of the item, checked against what was committed to."""
    content, _ = reveal(
        item.docket,
        key=keys.docket,
        statement_id=statement.id,
        place=DOCKET_PLACE,
        commitment=statement.docket_commitment,
    )
    assert parse_docket(content).sender
    for place, (part, key, proof) in enumerate(
        zip(item.parts, keys.parts, parse_part_proofs(item.proofs), strict=bool(keys.parts))
    ):
        assert part is not None
        reveal(part, key=key, statement_id=statement.id, place=place, commitment=proof.commitment)
    return BODY if keys.parts else DOCKET


def crossed(world: World, statement: bytes) -> dict[tuple[str, str], dict[str, str]]:
    """For every hop that a statement crossed, who opens what of what crossed it."""
    keys = Keys.of(world)
    return {
        (sender, receiver): keys.opened(item)
        for sender, receiver, parcel in world.parcels
        for item in parcel.items
        if parse_statement(item.statement).id == statement
    }


def kept_by(world: World, statement: bytes) -> dict[str, str]:
    """What whoever has a node's machine and what opens its key store can read there of a statement: agency → docket, body."""
    found = {}
    for agency, one in world.nodes.items():
        one.use()
        try:
            kept: Sequence[bytes | None] = one.context.keys.contents(statement)
        except NotFound:
            continue
        found[agency] = BODY if any(kept[1:]) else DOCKET
    return found
