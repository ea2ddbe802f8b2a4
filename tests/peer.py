"""A simulated peer: a whole agency in memory that speaks the protocol, honestly or not.

Invariant: it uses only `tansiq.protocol`, never a node, so a node's test has somebody to talk to who shares none of its
mistakes above the protocol. Keys, ids and times come from the agency's name and a counter: two runs make the same
statements (but for what `secrets` and HPKE draw).

    ma, es = introduce(SimulatedPeer("ma.dgst"), SimulatedPeer("es.cgi"))
    made = es.say(parts=[Part("note", {0: "…"})])
    answer = ma.take(es.parcel_with(made))       # verifies all, journals, witnesses, makes receipts
    es.take(answer)                              # verifies the receipts and keeps them
    es.lies.withhold_receipts = True             # every lie is a knob of `Lies`

A parcel carries ``news`` (the sender's signed head, its root, every leaf hash since what the receiver has witnessed),
``witness`` (the sender's signature over the receiver's last head), ``known_size`` (how much of the receiver's journal
the sender has witnessed) and, where there is one, a batch; the answer carries receipts for it. A journal has a leaf
``[SENT, released, entry]`` for every entry sent and ``[RECEIVED, time, entry]`` for every one received.

What the protocol's own functions judge raises their errors; what takes a memory to judge raises `Dishonest`.
The second half builds hostile things out of honest ones.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tansiq.errors import Error
from tansiq.protocol.acts import act_of, make_act
from tansiq.protocol.cbor import bstr, decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, conceal, reveal
from tansiq.protocol.cose import parse_sign1
from tansiq.protocol.directory import Certified, Directory, Officer, Post, Use, make_directory, verify_successor
from tansiq.protocol.docket import Docket, parse_docket
from tansiq.protocol.envelope import (
    BatchHead,
    Entry,
    Handover,
    Lane,
    check_batch,
    check_wraps,
    make_batch_head,
    parse_batch_head,
    parse_entry,
)
from tansiq.protocol.heads import Direction, Head, exchange_leaf, journal_name, make_head, parse_head, receipt
from tansiq.protocol.ids import new_id
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey, SealingKey, Signer, SigningKey
from tansiq.protocol.merkle import Frontier, MemoryNodes, leaf_hash
from tansiq.protocol.multiproof import needed, paths_from, root_from
from tansiq.protocol.padding import pad
from tansiq.protocol.parcel import Fault, Item, JournalNews, Parcel, Receipts, parse_parcel
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import (
    Made,
    Statement,
    check_contents,
    parse_part_proofs,
    parse_statement,
    sign_concealed,
)
from tansiq.protocol.wraps import ContentKeys, OwnSecret, Wrap, open_wrap, parse_wrap, seal_own, seal_wrap

__all__ = [
    "START_MS",
    "Dishonest",
    "Lies",
    "Received",
    "Relation",
    "SimulatedPeer",
    "TwoReadings",
    "altered",
    "introduce",
    "nested",
    "seeded",
    "self_made_directory",
    "signature_moved",
    "two_readings",
]

START_MS = 1_763_900_000_000
"""The simulated world begins in November 2025."""


class Dishonest(Exception):
    """The other side said two things that can't both be true; ``what`` is a short code of this simulation."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(slots=True)
class Lies:
    """What a peer does that it should not; everything is off until it is switched on, and may be switched off again."""

    sign_wrongly: bool = False
    """Signatures over batches and heads do not hold."""
    reorder: bool = False
    """The first two items of a batch stand in another order than was signed."""
    readdress: bool = False
    """Entries name another receiver than the batch's head."""
    number_twice: bool = False
    """The next batch uses the numbers of the last one again, for other statements."""
    skip_numbers: int = 0
    """How many numbers are left out before the next batch."""
    other_contents: bool = False
    """Every docket is exchanged for random bytes of the same length."""
    drop_wraps: bool = False
    """The last wrap that an entry names is not there."""
    roll_back: int = 0
    """How many of its last leaves the journal has forgotten."""
    fork: bool = False
    """The journal's first leaf was rewritten."""
    hide_leaves: bool = False
    """News comes without its last leaf."""
    withhold_receipts: bool = False
    """Nothing that was taken is receipted."""
    receipts_for_another: bool = False
    """Receipts name the right batch but prove other leaves."""
    witness_another_root: bool = False
    """The witness signs a root that the journal never had."""
    garbage: bytes | None = None
    """`SimulatedPeer.answer` gives these bytes, whatever came."""


@dataclass(frozen=True, slots=True)
class Received:
    """A statement that was taken: what could be opened of it with the peer's own keys, and what was wrong with it."""

    entry: Entry
    statement: Statement | None
    docket: Docket | None
    parts: tuple[Part | None, ...]
    fault: str = ""


@dataclass(slots=True)
class Relation:
    """What a peer knows of its relation with one other agency."""

    directory: Directory
    epoch: int = 1
    their_epoch: int = 1
    leaves: list[bytes] = field(default_factory=list)
    """Our journal: its leaf hashes."""
    witnessed: int = 0
    """How much of it the other side has witnessed."""
    witnesses: dict[int, bytes] = field(default_factory=dict)
    """The other side's signatures over our roots, by size."""
    mirror: list[bytes] = field(default_factory=list)
    """The other's journal, as far as it was shown."""
    mirror_head: Head | None = None
    numbers: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 1))
    """The next number of each lane that we give."""
    seen: dict[tuple[int, Lane, int], tuple[bytes, int, int]] = field(default_factory=dict)
    """By epoch, lane and number: the entry that came, the index and the time of its leaf."""
    pending: dict[bytes, tuple[BatchHead, tuple[Item, ...]]] = field(default_factory=dict)
    """By head digest: batches sent that have no receipt yet."""
    outbox: list[Made] = field(default_factory=list)
    """What waits until the other side pulls."""

    def frontier(self, size: int | None = None) -> Frontier:
        """Our journal's frontier at ``size`` leaves (None: all)."""
        return Frontier().extend(self.leaves if size is None else self.leaves[:size])[0]


def seeded(name: str, size: int = 32) -> bytes:
    """``size`` bytes that depend on ``name`` alone: invented keys, salts and references."""
    return hashlib.shake_256(b"tansiq test " + name.encode()).digest(size)


def _ticking(start: int = START_MS) -> Callable[[], int]:
    ticks = itertools.count(start)
    return lambda: next(ticks)


class SimulatedPeer:
    """An agency with its identity, keys, posts, officers, directory, journals and inbox.

    ``clock`` gives UTC milliseconds; by default one more at each call. Against a real node, give it the node's clock:
    both sides note the other's time, and keys are believed from when to when.
    """

    def __init__(
        self,
        agency: str,
        *,
        posts: Sequence[str] = ("desk",),
        officers: Sequence[str] = ("4711",),
        clock: Callable[[], int] | None = None,
        addresses: Sequence[str] = (),
        tls: Sequence[bytes] = (),
    ) -> None:
        self.agency = agency
        self.clock = clock or _ticking()
        self.lies = Lies()
        self.identity = SigningKey(seeded(f"{agency} identity"))
        self.node_key = SigningKey(seeded(f"{agency} node"))
        self.node_seal = SealingKey(seeded(f"{agency} node seal", 96))
        self.own = OwnSecret(seeded(f"{agency} own"))
        self.posts = {f"{agency}/{post}": SealingKey(seeded(f"{agency} post {post}", 96)) for post in posts}
        self.officers = {number: SigningKey(seeded(f"{agency} officer {number}")) for number in officers}
        self.received: list[Received] = []
        self.receipts: dict[bytes, bytes] = {}
        """By entry digest: the COSE receipt (RFC 9942) that the other side gave."""
        self.receipt_roots: dict[bytes, bytes] = {}
        """By entry digest: the root under which the receipt holds."""
        self.reported: list[Fault] = []
        self._dockets: dict[bytes, Docket] = {}
        self._relations: dict[str, Relation] = {}
        self._known: dict[str, Directory] = {}
        self._said = itertools.count()
        self.directory = self._first_directory(addresses, tls)

    # ------------------------------------------------------------------------------------------------ the directory

    def _first_directory(self, addresses: Sequence[str], tls: Sequence[bytes]) -> Directory:
        now_ms = self.clock()
        own_posts = tuple(self.posts)

        def certify(use: Use, owner: str, public: bytes) -> Certified:
            return Certified(use=use, owner=owner, public=public, from_ms=now_ms)

        keys = [
            certify(Use.NODE_SIGNS, self.agency, self.node_key.public.public),
            certify(Use.NODE_OPENS, self.agency, self.node_seal.public.public),
            *(certify(Use.POST_OPENS, post, key.public.public) for post, key in self.posts.items()),
            *(certify(Use.OFFICER_SIGNS, number, key.public.public) for number, key in self.officers.items()),
        ]
        return make_directory(
            Directory(
                agency=self.agency,
                number=1,
                time_ms=now_ms,
                identity=self.identity.public.public,
                previous=b"",
                names={"en": f"Invented agency {self.agency}"},
                addresses=tuple(addresses),
                tls=tuple(tls),
                keys=tuple(keys),
                posts=tuple(Post(id=post, role="desk", names={"en": "Desk"}, languages=("en",)) for post in own_posts),
                officers=tuple(Officer(number=number, posts=own_posts) for number in self.officers),
                pulls=not addresses,
            ),
            identity=self.identity,
        )

    def publish(self, *, signer: Signer | None = None, **changes: Any) -> Directory:
        """The next directory document, with ``changes`` to the fields of `Directory`; signed by the identity key."""
        following = replace(
            self.directory,
            number=self.directory.number + 1,
            time_ms=self.clock(),
            previous=self.directory.digest,
            signature=None,
            encoded=b"",
        )
        self.directory = make_directory(replace(following, **changes), identity=signer or self.identity)
        return self.directory

    def revoke(self, key: PublicSigningKey | PublicSealingKey, *, from_ms: int, reason: str = "stolen") -> Directory:
        """Publishes that ``key`` is revoked from ``from_ms`` on."""
        keys = [
            replace(one, revoked_ms=from_ms, reason=reason) if one.key.identifier == key.identifier else one
            for one in self.directory.keys
        ]
        return self.publish(keys=tuple(keys))

    def rotate_node_key(self) -> Directory:
        """Publishes a new node signing key beside the old one, and signs with it from now on."""
        self.node_key = SigningKey(seeded(f"{self.agency} node {self.directory.number}"))
        new = Certified(use=Use.NODE_SIGNS, owner=self.agency, public=self.node_key.public.public, from_ms=self.clock())
        return self.publish(keys=(*self.directory.keys, new))

    def meet(self, directory: Directory) -> Relation:
        """Opens the relation with another agency, or follows its later document. Raises as `verify_successor`."""
        known = self._relations.get(directory.agency)
        if known is None:
            known = self._relations[directory.agency] = Relation(directory)
        else:
            verify_successor(known.directory, directory)
            known.directory = directory
        self._known[directory.agency] = directory
        return known

    def know(self, directory: Directory) -> None:
        """Learns the keys of an agency whose statements may come by a relay."""
        self._known[directory.agency] = directory

    def relation(self, agency: str | None = None) -> Relation:
        """The relation with ``agency``; the only one when it is not named."""
        return self._relations[agency or next(iter(self._relations))]

    # ------------------------------------------------------------------------------------------------ saying

    def docket(self, *, to: Sequence[str] | None = None, **changes: Any) -> Docket:
        """A docket from the first own post to the posts ``to`` (default: all posts of all that it has met)."""
        sender = next(iter(self.posts))
        if to is None:
            to = [post.id for relation in self._relations.values() for post in relation.directory.posts]
        values: dict[str, Any] = {
            "kind": "note",
            "channel": "embassy",
            "matter": seeded(f"{self.agency} matter", 16),
            "sender": sender,
            "route": (sender, *to),
            "addressees": tuple(to),
        }
        return Docket(**values | changes)

    def say(
        self,
        *,
        docket: Docket | None = None,
        parts: Sequence[Part] | None = None,
        officer: str | None = None,
        statement_id: bytes | None = None,
        signer: Signer | None = None,
        agency: str | None = None,
    ) -> Made:
        """Makes and signs a statement; an ``officer`` (a service number) signs inside, as the last part.

        ``signer`` and ``agency`` are for forging: the word of another, or by another's key.
        """
        count, now_ms = next(self._said), self.clock()
        docket = docket or self.docket()
        if parts is None:
            parts = [Part("note", {0: f"note {count} of {self.agency}", 1: "en"})]
        made_id = statement_id or new_id(now_ms, seeded(f"{self.agency} id {count}", 10))
        hidden_docket = conceal(docket.to_bytes(), statement_id=made_id, place=DOCKET_PLACE)
        hidden = [conceal(part.to_bytes(), statement_id=made_id, place=place) for place, part in enumerate(parts)]
        if officer is not None:
            act = make_act(
                statement_id=made_id,
                officer=officer,
                post=docket.sender,
                act="sent",
                time_ms=now_ms,
                docket_commitment=hidden_docket.commitment,
                part_commitments=[part.commitment for part in hidden],
                signer=self.officers[officer],
            )
            hidden.append(conceal(act.to_bytes(), statement_id=made_id, place=len(hidden)))
        made = sign_concealed(
            agency=agency or self.agency,
            statement_id=made_id,
            time_ms=now_ms,
            docket=hidden_docket,
            parts=hidden,
            signer=signer or self.node_key,
        )
        self._dockets[made.statement.digest] = docket
        return made

    def readers(self, made: Made, agency: str) -> list[PublicSealingKey]:
        """The keys of the posts of ``agency`` that the statement's docket covers."""
        docket = self._dockets[made.statement.digest]
        directory = self._known[agency]
        return [
            certified.key
            for certified in directory.keys
            if certified.use == Use.POST_OPENS and docket.covers(certified.owner)
            if isinstance(certified.key, PublicSealingKey)
        ]

    def wraps(self, made: Made, agency: str, readers: Sequence[PublicSealingKey] | None = None) -> list[Wrap]:
        """The keys of a statement sealed to each of ``readers`` (default: those it is for), and our own copy."""
        digest = made.statement.digest
        sealed = [
            seal_wrap(made.keys, reader=reader, statement_digest=digest)
            for reader in (self.readers(made, agency) if readers is None else readers)
        ]
        return [*sealed, seal_own(made.keys, secret=self.own, statement_digest=digest)]

    # ------------------------------------------------------------------------------------------------ sending

    def parcel_with(
        self,
        *made: Made,
        to: str | None = None,
        lane: Lane = Lane.NORMAL,
        wraps: Mapping[bytes, Sequence[Wrap]] | None = None,
        handovers: Sequence[Handover] = (),
        want: int = 0,
    ) -> Parcel:
        """Releases the statements as one batch to ``to`` and makes the parcel that carries it.

        ``wraps`` by statement digest stand for those that would be sealed. Without statements: news only.
        """
        agency = to or next(iter(self._relations))
        relation = self._relations[agency]
        if not made:
            return self._parcel(agency, want=want)
        if self.lies.number_twice:
            relation.numbers[lane] -= len(made)
        relation.numbers[lane] += self.lies.skip_numbers
        now_ms = self.clock()
        items = []
        for one in made:
            digest = one.statement.digest
            sealed = wraps[digest] if wraps is not None and digest in wraps else self.wraps(one, agency)
            entry = Entry(
                sender=self.agency,
                receiver="xx.other" if self.lies.readdress else agency,
                epoch=relation.epoch,
                lane=lane,
                number=relation.numbers[lane],
                statement=digest,
                wraps=tuple(wrap.digest for wrap in sealed),
                handovers=tuple(handovers),
                released_ms=now_ms,
            ).to_bytes()
            relation.numbers[lane] += 1
            relation.leaves.append(leaf_hash(exchange_leaf(Direction.SENT, now_ms, hashlib.sha256(entry).digest())))
            items.append(self._item(one, entry, sealed))
        head = make_batch_head(
            sender=self.agency,
            receiver=agency,
            epoch=relation.epoch,
            time_ms=now_ms,
            entries=[item.entry for item in items],
            signer=self.node_key,
        )
        if self.lies.sign_wrongly:
            head = parse_batch_head(altered(head.encoded, signature=_flipped))
        if self.lies.reorder:
            items[:2] = items[1::-1]
        relation.pending[head.digest] = (head, tuple(items))
        return self._parcel(agency, batch=(head, tuple(items)), want=want)

    def again(self, *, to: str | None = None) -> Parcel:
        """The oldest batch that has no receipt, under the same numbers, with today's news: what a retry sends."""
        agency = to or next(iter(self._relations))
        return self._parcel(agency, batch=next(iter(self._relations[agency].pending.values())))

    def hold(self, *made: Made, to: str | None = None) -> None:
        """Keeps statements until the other side pulls (a parcel with ``want``)."""
        self.relation(to).outbox.extend(made)

    def _item(self, made: Made, entry: bytes, wraps: Sequence[Wrap]) -> Item:
        encoded = [wrap.encoded for wrap in wraps]
        docket = seeded("other docket", len(made.docket)) if self.lies.other_contents else made.docket
        return Item(
            entry=entry,
            statement=made.statement.encoded,
            docket=docket,
            proofs=[proof.to_plain() for proof in made.proofs],
            parts=made.parts,
            wraps=tuple(encoded[:-1] if self.lies.drop_wraps else encoded),
        )

    def _journal(self, relation: Relation) -> list[bytes]:
        """The journal as it is shown to the other side."""
        leaves = relation.leaves[: len(relation.leaves) - self.lies.roll_back]
        return [leaf_hash(b"rewritten"), *leaves[1:]] if self.lies.fork else leaves

    def _head(self, agency: str, journal: str, epoch: int, size: int, root: bytes) -> bytes:
        head = make_head(
            signer_agency=self.agency,
            journal=journal,
            time_ms=self.clock(),
            epoch=epoch,
            size=size,
            root=root,
            signer=self.node_key,
        )
        return altered(head, signature=_flipped) if self.lies.sign_wrongly else head

    def _news(self, agency: str) -> JournalNews:
        relation = self._relations[agency]
        leaves = self._journal(relation)
        root = Frontier().extend(leaves)[0].root()
        first = min(relation.witnessed, len(leaves))
        shown = leaves[first:-1] if self.lies.hide_leaves else leaves[first:]
        head = self._head(agency, journal_name(self.agency, agency), relation.epoch, len(leaves), root)
        return JournalNews(head=head, root=root, first=first, leaves=b"".join(shown))

    def _witness(self, agency: str) -> bytes:
        """Our signature over the other's last head that we checked."""
        relation = self._relations[agency]
        if relation.mirror_head is None:
            return b""
        root = Frontier().extend(relation.mirror)[0].root()
        if self.lies.witness_another_root:
            root = seeded("another root")
        return self._head(
            agency, journal_name(agency, self.agency), relation.mirror_head.epoch, len(relation.mirror), root
        )

    def _parcel(
        self,
        agency: str,
        *,
        batch: tuple[BatchHead, tuple[Item, ...]] | None = None,
        receipts: tuple[Receipts, ...] = (),
        faults: tuple[Fault, ...] = (),
        want: int = 0,
    ) -> Parcel:
        relation = self._relations[agency]
        parcel = Parcel(
            sender=self.agency,
            receiver=agency,
            epoch=relation.epoch,
            time_ms=self.clock(),
            known_size=len(relation.mirror),
            news=self._news(agency),
            witness=self._witness(agency),
            batch=batch[0].encoded if batch else b"",
            items=batch[1] if batch else (),
            receipts=receipts,
            faults=faults,
            want=want,
            directory_version=self.directory.number,
        )
        return parse_parcel(parcel.to_bytes())

    # ------------------------------------------------------------------------------------------------ taking

    def take(self, parcel: Parcel) -> Parcel:
        """Verifies a parcel, takes what it carries and makes the answer.

        Raises the errors of the protocol for what proves nothing and `Dishonest` for what contradicts earlier words;
        then nothing was taken. A statement that can't be used is taken, receipted and answered with a fault.
        """
        if parcel.receiver != self.agency:
            raise Dishonest("not-for-us")
        if parcel.sender not in self._relations:
            raise Dishonest("stranger")
        relation = self._relations[parcel.sender]
        if parcel.epoch < relation.their_epoch:
            raise Dishonest("old-epoch")
        mirror, head = self._checked_news(parcel, relation)
        self._check_witness(parcel, relation)
        held = self._checked_receipts(parcel, relation)
        taken = self._checked_batch(parcel, relation)
        relation.their_epoch = parcel.epoch
        relation.mirror, relation.mirror_head = mirror, head
        self._keep_witness(parcel, relation)
        for batch, entry_digest, encoded, root in held:
            self.receipts[entry_digest], self.receipt_roots[entry_digest] = encoded, root
            relation.pending.pop(batch, None)
        self.reported.extend(parcel.faults)
        receipts, faults = self._keep_batch(taken, relation)
        released: tuple[BatchHead, tuple[Item, ...]] | None = None
        if parcel.want and relation.outbox:
            made, relation.outbox = relation.outbox[: parcel.want], relation.outbox[parcel.want :]
            carried = self.parcel_with(*made, to=parcel.sender)
            released = (parse_batch_head(carried.batch), carried.items)
        proofs = () if receipts is None else (self._receipts(parcel.sender, *receipts),)
        return self._parcel(
            parcel.sender,
            batch=released,
            receipts=() if self.lies.withhold_receipts else proofs,
            faults=faults,
        )

    def answer(self, data: bytes) -> bytes:
        """The bytes that answer the bytes of a parcel: `take`, or garbage when it lies."""
        if self.lies.garbage is not None:
            return self.lies.garbage
        return self.take(parse_parcel(data)).to_bytes()

    def _node_key_of(self, agency: str, identifier: bytes, time_ms: int) -> PublicSigningKey:
        if agency not in self._known:
            raise Dishonest("stranger")
        certified = self._known[agency].certified(identifier, Use.NODE_SIGNS)
        if doubt := certified.doubt_at(time_ms):
            raise Dishonest(f"key-{doubt}")
        key = certified.key
        assert isinstance(key, PublicSigningKey)
        return key

    def _checked_news(self, parcel: Parcel, relation: Relation) -> tuple[list[bytes], Head | None]:
        """The other's journal after its news. Raises when it is not what it was, with something added."""
        news = parcel.news
        if news is None:
            return relation.mirror, relation.mirror_head
        head = parse_head(news.head)
        if head.signer != parcel.sender or head.journal != journal_name(parcel.sender, self.agency):
            raise Dishonest("other-journal")
        head.verify(self._node_key_of(parcel.sender, head.signature.signer, head.time_ms), news.root)
        shown = [news.leaves[at : at + 32] for at in range(0, len(news.leaves), 32)]
        known = relation.mirror
        if head.size < len(known):
            old = Frontier().extend(known[: head.size])[0].root()
            later = relation.mirror_head is not None and head.time_ms > relation.mirror_head.time_ms
            if later or old != news.root:
                raise Dishonest("rolled-back" if later else "forked")
            return known, relation.mirror_head
        if news.first > len(known):
            raise Dishonest("leaves-missing")
        grown = [*known, *shown[len(known) - news.first :]]
        if len(grown) != head.size:
            raise Dishonest("leaves-missing")
        if Frontier().extend(grown)[0].root() != news.root:
            raise Dishonest("forked")
        return grown, head

    def _check_witness(self, parcel: Parcel, relation: Relation) -> None:
        if not parcel.witness:
            return
        seen = parse_head(parcel.witness)
        if seen.signer != parcel.sender or seen.journal != journal_name(self.agency, parcel.sender):
            raise Dishonest("other-journal")
        if seen.size > len(relation.leaves):
            raise Dishonest("other-witness")
        key = self._node_key_of(parcel.sender, seen.signature.signer, seen.time_ms)
        seen.verify(key, relation.frontier(seen.size).root())

    def _keep_witness(self, parcel: Parcel, relation: Relation) -> None:
        if parcel.witness:
            seen = parse_head(parcel.witness)
            relation.witnesses[seen.size] = parcel.witness
            relation.witnessed = max(relation.witnessed, seen.size)

    def _checked_receipts(self, parcel: Parcel, relation: Relation) -> list[tuple[bytes, bytes, bytes, bytes]]:
        """By entry: batch, entry digest, receipt (RFC 9942), root. Raises when a receipt proves nothing."""
        held = []
        for got in parcel.receipts:
            if got.batch not in relation.pending:
                continue
            news = parcel.news
            if news is None or got.size != parse_head(news.head).size:
                raise Dishonest("wrong-receipt")
            digests = [hashlib.sha256(item.entry).digest() for item in relation.pending[got.batch][1]]
            if len(digests) != len(got.indices):
                raise Dishonest("wrong-receipt")
            leaves = {
                index: leaf_hash(exchange_leaf(Direction.RECEIVED, time_ms, digest))
                for index, time_ms, digest in zip(got.indices, got.times_ms, digests, strict=True)
            }
            if root_from(leaves=leaves, size=got.size, nodes=got.nodes) != news.root:
                raise Dishonest("wrong-receipt")
            head = parse_head(news.head)
            paths = paths_from(leaves=leaves, size=got.size, nodes=got.nodes)
            for index, digest in zip(got.indices, digests, strict=True):
                held.append((got.batch, digest, receipt(head, index=index, path=paths[index]), news.root))
        return held

    def _checked_batch(
        self, parcel: Parcel, relation: Relation
    ) -> tuple[BatchHead, list[tuple[Item, Received]]] | None:
        if not parcel.batch:
            return None
        head = parse_batch_head(parcel.batch)
        key = self._node_key_of(parcel.sender, head.signature.signer, head.time_ms)
        check_batch(head, entries=[item.entry for item in parcel.items], key=key)
        hop = (parcel.sender, self.agency, head.epoch)
        if (head.sender, head.receiver, head.epoch) != hop or head.epoch > parcel.epoch:
            raise Dishonest("not-for-us")
        checked = []
        for item in parcel.items:
            entry = parse_entry(item.entry)
            if (entry.sender, entry.receiver, entry.epoch) != hop:
                raise Dishonest("not-for-us")
            known = relation.seen.get((entry.epoch, entry.lane, entry.number))
            if known is not None and known[0] != item.entry:
                raise Dishonest("number-used-twice")
            checked.append((item, self._read(entry, item)))
        return head, checked

    def _read(self, entry: Entry, item: Item) -> Received:
        """Verifies and opens one item; what is wrong with it is its fault, not the batch's."""
        statement = None
        try:
            statement = parse_statement(item.statement)
            if statement.digest != entry.statement:
                return Received(entry, statement, None, (), "other-statement")
            key = self._node_key_of(statement.agency, statement.signer, statement.time_ms)
            statement.signature.verify(key)
            proofs = parse_part_proofs(item.proofs)
            check_contents(statement, docket=item.docket, proofs=proofs, parts=item.parts)
            wraps = [parse_wrap(encoded) for encoded in item.wraps]
            check_wraps(entry, wraps)
            docket, parts = self._open(statement, item, wraps)
        except Error as error:
            return Received(entry, statement, None, (), error.code)
        except Dishonest as error:
            return Received(entry, statement, None, (), error.what)
        if docket is not None and not docket.covers_agency(self.agency):
            return Received(entry, statement, docket, (), "not-addressed")
        return Received(entry, statement, docket, parts)

    def _open(
        self, statement: Statement, item: Item, wraps: Sequence[Wrap]
    ) -> tuple[Docket | None, tuple[Part | None, ...]]:
        ours = {key.identifier: key for key in self.posts.values()}
        opened = (
            open_wrap(wrap, reader=ours[wrap.reader], statement_digest=statement.digest)
            for wrap in wraps
            if wrap.reader in ours
        )
        keys = next((got for got in opened if isinstance(got, ContentKeys)), None)
        if keys is None:
            return None, ()
        content, _ = reveal(
            item.docket,
            key=keys.docket,
            statement_id=statement.id,
            place=DOCKET_PLACE,
            commitment=statement.docket_commitment,
        )
        proofs = parse_part_proofs(item.proofs)
        parts: list[Part | None] = []
        for place, (key, ciphertext) in enumerate(zip(keys.parts, item.parts, strict=False)):
            if ciphertext is None:
                parts.append(None)
                continue
            plain, _ = reveal(
                ciphertext, key=key, statement_id=statement.id, place=place, commitment=proofs[place].commitment
            )
            parts.append(parse_part(plain))
        self._check_acts(statement, parts, [proof.commitment for proof in proofs])
        return parse_docket(content), tuple(parts)

    def _check_acts(self, statement: Statement, parts: Sequence[Part | None], commitments: Sequence[bytes]) -> None:
        for place, part in enumerate(parts):
            if part is None or part.kind != "act":
                continue
            act = act_of(part)
            key = self._known[statement.agency].certified(act.signature.signer, Use.OFFICER_SIGNS).key
            assert isinstance(key, PublicSigningKey)
            others = [commitment for at, commitment in enumerate(commitments) if at != place]
            act.verify(key, statement_id=statement.id, docket=statement.docket_commitment, parts=others)

    def _keep_batch(
        self, taken: tuple[BatchHead, list[tuple[Item, Received]]] | None, relation: Relation
    ) -> tuple[tuple[bytes, list[int], list[int]] | None, tuple[Fault, ...]]:
        if taken is None:
            return None, ()
        head, checked = taken
        indices, times, faults = [], [], []
        for item, received in checked:
            entry = received.entry
            number = (entry.epoch, entry.lane, entry.number)
            if number not in relation.seen:
                now_ms = self.clock()
                relation.seen[number] = (item.entry, len(relation.leaves), now_ms)
                digest = hashlib.sha256(item.entry).digest()
                relation.leaves.append(leaf_hash(exchange_leaf(Direction.RECEIVED, now_ms, digest)))
                self.received.append(received)
                if received.fault:
                    faults.append(Fault(entry.statement, received.fault))
            _, index, time_ms = relation.seen[number]
            indices.append(index)
            times.append(time_ms)
        return (head.digest, indices, times), tuple(faults)

    def _receipts(self, agency: str, batch: bytes, indices: list[int], times: list[int]) -> Receipts:
        leaves = self._journal(self._relations[agency])
        if self.lies.receipts_for_another:
            indices = [(index + 1) % len(leaves) for index in indices]
        if max(indices) >= len(leaves):  # a journal that was rolled back proves what it has left
            indices = [len(leaves) - 1] * len(indices)
        nodes = MemoryNodes(leaves)
        proof = tuple(nodes.node(level, index) for level, index in needed(indices, len(leaves)))
        return Receipts(batch, tuple(indices), tuple(times), len(leaves), proof)


def introduce(*peers: SimulatedPeer) -> tuple[SimulatedPeer, ...]:
    """Lets every peer meet every other; returns them."""
    for one, other in itertools.permutations(peers, 2):
        one.meet(other.directory)
    return peers


# ---------------------------------------------------------------------------------------------------- hostile things


def _flipped(data: bytes) -> bytes:
    return bytes((data[0] ^ 1,)) + data[1:]


Change = Callable[[Any], Any]


def altered(
    message: bytes,
    *,
    protected: Change | None = None,
    unprotected: Mapping[Any, Any] | None = None,
    payload: Change | None = None,
    signature: Change | None = None,
) -> bytes:
    """A COSE_Sign1 with one part changed after it was signed.

    ``protected`` and ``payload`` take and give the decoded map, ``signature`` its bytes; ``unprotected`` stands for
    the unprotected header.
    """
    parts = decode(message[1:])
    if protected is not None:
        parts[0] = encode(protected(decode(parts[0])))
    if unprotected is not None:
        parts[1] = dict(unprotected)
    if payload is not None:
        parts[2] = encode(payload(decode(parts[2])))
    if signature is not None:
        parts[3] = signature(parts[3])
    return message[:1] + encode(parts)


def signature_moved(giver: bytes, taker: bytes) -> bytes:
    """``taker`` with the signature of ``giver``: a signature shown for something else."""
    return altered(taker, signature=lambda _: parse_sign1(giver, kind=None, unprotected=frozenset((396,))).signature)


def nested(depth: int) -> bytes:
    """Arrays in arrays, ``depth`` of them."""
    return b"\x81" * depth + b"\x00"


def self_made_directory(peer: SimulatedPeer, *, signer: SigningKey, claim_identity: bool) -> bytes:
    """The next directory of ``peer`` as the thief of ``signer`` would make it.

    With ``claim_identity`` it names the true identity key (which did not sign), without it the thief's.
    """
    stolen = Certified(
        use=Use.NODE_SIGNS, owner=peer.agency, public=signer.public.public, from_ms=peer.directory.time_ms
    )
    forged = replace(
        peer.directory,
        number=peer.directory.number + 1,
        previous=peer.directory.digest,
        identity=signer.public.public,
        keys=(stolen,),
    )
    encoded = make_directory(forged, identity=signer).encoded
    if not claim_identity:
        return encoded
    return altered(
        encoded,
        protected=lambda header: header | {4: peer.identity.identifier},
        payload=lambda fields: fields | {4: peer.identity.public.public},
    )


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """One ciphertext that AES-256-GCM opens under two keys, to two openings of which one is committed to."""

    ciphertext: bytes
    keys: tuple[bytes, bytes]
    openings: tuple[bytes, bytes]
    commitment: bytes


_TWO_KEYS = (182_383, 700_114)
"""Two numbers whose keys agree in the five key stream bytes under which an opening has its structure (found among 2^20
by the birthday paradox: 40 bits)."""


def two_readings(*, statement_id: bytes, place: int, content: bytes = b"yes") -> TwoReadings:
    """A content of three bytes, encrypted so that a second key opens the same ciphertext to other bytes.

    AES-GCM doesn't commit to its key: the tag is linear in the ciphertext over GF(2^128) once the keys are chosen, so
    one free block makes it right under both (Dodis, Grubbs, Ristenpart, Woodage, CRYPTO 2018). The free block here
    is inside the salt, which nobody looks at.
    """
    keys = tuple(hashlib.sha256(b"tansiq two keys %d" % number).digest() for number in _TWO_KEYS)
    external = b"\x83\x68Encrypt0" + bstr(encode({1: 3})) + bstr(encode([statement_id, place]))
    streams = [_key_stream(key, 3) for key in keys]
    opening = b"\x82" + bstr(seeded("two readings")) + bstr(content)
    body = bytearray(map(int.__xor__, pad(opening), streams[0]))
    _solve_block(body, 1, keys, external)
    sealed = bytes(body) + _tag(bytes(body), keys[0], external)
    readings = [bytes(map(int.__xor__, body, stream))[: len(opening)] for stream in streams]
    return TwoReadings(
        ciphertext=b"\xd0\x83" + bstr(encode({1: 3})) + b"\xa1\x05" + bstr(bytes(12)) + bstr(sealed),
        keys=(keys[0], keys[1]),
        openings=(readings[0], readings[1]),
        commitment=hashlib.sha256(readings[0]).digest(),
    )


def _block(key: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data)


def _key_stream(key: bytes, blocks: int) -> bytes:
    """The key stream of AES-GCM under the nonce of zeros: counters from 2 on (NIST SP 800-38D section 7.1)."""
    return _block(key, b"".join(bytes(12) + counter.to_bytes(4, "big") for counter in range(2, 2 + blocks)))


def _times(x: int, y: int) -> int:
    """The product in GF(2^128), bits in GCM's order (NIST SP 800-38D section 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product ^= x
        x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
    return product


def _inverse(x: int) -> int:
    """``x`` to the power of 2^128 - 2."""
    result, power = 1 << 127, x
    for _ in range(127):
        power = _times(power, power)
        result = _times(result, power)
    return result


def _blocks(data: bytes) -> Iterator[int]:
    for at in range(0, len(data), 16):
        yield int.from_bytes(data[at : at + 16].ljust(16, b"\0"), "big")


def _hash(body: bytes, key: bytes, external: bytes) -> int:
    """GHASH over external data, ciphertext and their lengths."""
    subkey = int.from_bytes(_block(key, bytes(16)), "big")
    lengths = (8 * len(external)) << 64 | 8 * len(body)
    state = 0
    for block in (*_blocks(external), *_blocks(body), lengths):
        state = _times(state ^ block, subkey)
    return state


def _tag(body: bytes, key: bytes, external: bytes) -> bytes:
    mask = int.from_bytes(_block(key, bytes(15) + b"\x01"), "big")
    return (_hash(body, key, external) ^ mask).to_bytes(16, "big")


def _solve_block(body: bytearray, index: int, keys: Sequence[bytes], external: bytes) -> None:
    """Sets block ``index`` of ``body`` so that both keys give it the same tag."""
    at = slice(16 * index, 16 * index + 16)
    body[at] = bytes(16)
    left, right = (int.from_bytes(_tag(bytes(body), key, external), "big") for key in keys)
    weights = []
    for key in keys:
        subkey = int.from_bytes(_block(key, bytes(16)), "big")
        weight = 1 << 127
        for _ in range(-(-len(body) // 16) - index + 1):
            weight = _times(weight, subkey)
        weights.append(weight)
    body[at] = _times(left ^ right, _inverse(weights[0] ^ weights[1])).to_bytes(16, "big")
