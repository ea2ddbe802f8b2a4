"""Nodes for tests, in this process: real homes, real databases, real keys, no socket and no second process.

    @pytest.mark.storage
    def test_something(node: Nodes) -> None:
        es, ma = node("es.cgi"), node("ma.dgst")      # two agencies that have met; each test has its own copies
        send(…, context=es.use())                     # binds the process to Madrid's databases
        carry(es, ma)                                 # parcels and receipts to and fro, then dispatch on both sides
        ma.use(); …                                   # now Rabat's tables are read

Invariant: one home is bound at a time (`Node.use`); what a test writes, the next one does not see. Every test that asks
for ``node`` carries ``@pytest.mark.storage``: `make test` runs it on SQLite and again on PostgreSQL
(``TANSIQ_TEST_DB=postgres``).

How it is quick: a home is made once per run with `node.creation.create_node` (about a second) and copied for each test:
files on SQLite (some milliseconds), ``CREATE DATABASE … TEMPLATE`` on PostgreSQL (about 50 ms for each of a node's two
databases). Opening one costs 30 ms (Argon2), switching between two a millisecond. Officers are signed in already: their
passphrases' Argon2 runs once per run.

The cast, all invented. Madrid: desk ``counter-terrorism`` (officer ES-4017), embassy office (ES-3300), head (ES-1001).
Rabat: desk ``counter-terrorism`` (MA-2210), head (MA-1001). Every passphrase is `PASSPHRASE`.
The clock (`Clock`) stands still until a test moves it, and is the same for all nodes of a test.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from django.db import connection, connections

from support import postgres
from support.quick import cheap_passphrases
from support.switch import connected, forget, rebind
from tansiq.directory.services import confirm_partner, take_directory
from tansiq.exchange.context import Context, system_clock
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.release import next_batch
from tansiq.keystore.officers import open_officer_keys
from tansiq.node.creation import NewOfficer, NewPost, create_node
from tansiq.node.home import Home
from tansiq.node.officers import SignedIn
from tansiq.node.opening import bind, open_node
from tansiq.node.sessions import open_sessions
from tansiq.protocol.directory import Directory, Use, fingerprint
from tansiq.protocol.envelope import Lane
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.protocol.parcel import Parcel, parse_parcel
from tansiq.protocol.words import fingerprint_words

__all__ = [
    "CAST", "PASSPHRASE", "SECRET", "Clock", "Member", "Node", "Nodes", "carry", "carry_waiting", "clock", "deliver", "empty_home", "node",
]  # fmt: skip

PASSPHRASE = "an invented passphrase"
SECRET = b"an invented unlock secret"


@dataclass(frozen=True, slots=True)
class Member:
    """An agency of the cast: its posts as name → role and languages, its officers as number → posts."""

    posts: tuple[NewPost, ...]
    officers: tuple[NewOfficer, ...]


CAST = {
    "es.cgi": Member(
        (
            NewPost("counter-terrorism", "desk", {"es": "Unidad antiterrorista"}, ("es", "en", "fr", "ar")),
            NewPost("embassy-office", "office", {"es": "Consejería de Interior en Rabat"}, ("es", "fr", "ar")),
            NewPost("head", "head", {"es": "Jefatura"}, ("es", "fr")),
        ),
        (
            NewOfficer("ES-4017", ("counter-terrorism",), PASSPHRASE),
            NewOfficer("ES-3300", ("embassy-office",), PASSPHRASE),
            NewOfficer("ES-1001", ("head",), PASSPHRASE),
        ),
    ),
    "ma.dgst": Member(
        (
            NewPost("counter-terrorism", "desk", {"ar": "مكتب مكافحة الإرهاب"}, ("ar", "fr", "es")),
            NewPost("head", "head", {"ar": "المدير العام"}, ("ar", "fr")),
        ),
        (NewOfficer("MA-2210", ("counter-terrorism",), PASSPHRASE), NewOfficer("MA-1001", ("head",), PASSPHRASE)),
    ),
}


@dataclass(slots=True)
class Clock:
    """The time of a test: stands still at ``now_ms`` (UTC) until `advance` moves it."""

    now_ms: int = field(default_factory=system_clock)

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, *, ms: int = 0, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> int:
        """Moves on (or back) and returns the new time."""
        self.now_ms += ms + int(1000 * (seconds + 60 * (minutes + 60 * (hours + 24 * days))))
        return self.now_ms


@dataclass(slots=True)
class Node:
    """A node of a test. ``identity`` is its offline key, for signing further directory documents."""

    home: Home
    identity: SigningKey
    context: Context
    officers: dict[str, SignedIn]
    _pages: bytes = field(default=b"", repr=False)

    @property
    def agency(self) -> str:
        return self.home.agency

    def use(self) -> Context:
        """Binds this process to the node's databases and returns its context."""
        rebind(self.home)
        self._pages = open_sessions(self.home, self.context, secret=self._pages)
        return self.context

    def reopen(self) -> Context:
        """Opens the node again as a new process would: keys from the store, nothing remembered; binds it."""
        self.context = open_node(self.home, secret=SECRET, clock=self.context.clock)
        self._pages = b""
        return self.context

    def post(self, name: str = "counter-terrorism") -> str:
        """A post's whole name: ``agency/name``."""
        return f"{self.agency}/{name}"

    def officer(self, number: str = "") -> SignedIn:
        """An officer, signed in; the first of the cast when no number is given."""
        return self.officers[number] if number else next(iter(self.officers.values()))


@dataclass(frozen=True, slots=True)
class _Template:
    """A home that was made once, to be copied: its files, and on PostgreSQL its two databases."""

    home: Home
    identity: SigningKey
    officers: dict[str, SignedIn]
    directory: Directory


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tansiq-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def empty_home(path: Path, agency: str) -> Home:
    """A home to be made, with two empty databases where those are a server's."""
    home = Home(path=path, agency=agency, listen="127.0.0.1:0")
    if postgres.wanted():
        main, keys = postgres.create_database(), postgres.create_database()
        home = replace(home, database=postgres.address_of(main), keys_database=postgres.address_of(keys))
    return home


def _make(path: Path, agency: str, posts: Sequence[NewPost], officers: Sequence[NewOfficer]) -> _Template:
    home, identity = empty_home(path, agency), SigningKey.generate()
    with cheap_passphrases():
        directory = create_node(
            home,
            secret=SECRET,
            identity=identity,
            names={"en": agency},
            address="https://127.0.0.1:1",
            posts=posts,
            officers=officers,
        )
    signed_in = {}
    for officer in officers:
        keys = open_officer_keys(officer.number, officer.passphrase)
        signer = next(SigningKey(key.private) for key in keys if key.use == Use.OFFICER_SIGNS)
        reading = tuple(SealingKey(key.private) for key in keys if key.use == Use.OFFICER_OPENS)
        recovery = tuple(SealingKey(key.private) for key in keys if key.use == Use.RECOVERY_OPENS)
        named = tuple(f"{agency}/{post}" for post in officer.posts)
        signed_in[officer.number] = SignedIn(officer.number, named, signer, reading, recovery)
    connections.close_all()
    return _Template(home, identity, signed_in, directory)


@cache
def _template(agency: str, *, met: bool) -> _Template:
    """The home of one agency of the cast, made once per run; ``met``: it knows the others, their words compared."""
    if not met:
        return _make(_folder() / agency, agency, CAST[agency].posts, CAST[agency].officers)
    alone = _template(agency, met=False)
    others = [_template(other, met=False).directory for other in CAST if other != agency]
    template = replace(alone, home=_copy(alone.home, _folder() / f"{agency}-met"))
    bind(template.home)
    for theirs in others:
        _meet(theirs)
    connections.close_all()
    return template


def _meet(theirs: Directory) -> None:
    """Takes a document into the home that is bound, and compares the words."""
    now_ms = system_clock()
    take_directory(theirs.encoded, now_ms=now_ms)
    words = list(fingerprint_words(fingerprint(theirs.identity), "es"))
    confirm_partner(theirs.agency, words=words, language="es", officer="TEST", now_ms=now_ms)


def _copy(home: Home, path: Path) -> Home:
    """A copy of a home to which nobody is connected."""
    shutil.copytree(home.path, path)
    if not home.on_postgresql:
        return replace(home, path=path)
    main, keys = (
        postgres.address_of(postgres.create_database(template=_database(address)))
        for address in (home.database, home.keys_database)
    )
    copied = replace(home, path=path, database=main, keys_database=keys)
    (path / "node.toml").write_text(copied.to_toml(), encoding="utf-8")
    return copied


def _database(address: str) -> str:
    """The name of the database at an address."""
    return address.partition("?")[0].rpartition("/")[2]


class Nodes:
    """What the fixture `node` gives: call it with an agency to get that agency's node for this test."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._made: list[Node] = []
        self.clock = clock

    def __call__(self, agency: str = "es.cgi", *, met: bool = True) -> Node:
        """A node of the cast, bound; with ``met`` False it knows nobody yet. The second call gives a second copy."""
        template = _template(agency, met=met)
        return self._open(replace(template, home=self._copy(template.home)))

    def new(self, agency: str, *, posts: Sequence[NewPost], officers: Sequence[NewOfficer] = ()) -> Node:
        """A node of another agency, made for this test alone (about a second); it knows nobody."""
        return self._open(_make(self._folder / agency, agency, posts, officers))

    def played(self, play: Callable[[Nodes], Sequence[Node]]) -> list[Node]:
        """Copies of the nodes that ``play`` returns, as it left them; what it does is done once per run."""
        left, now_ms = _played(play)
        self.clock.now_ms = max(self.clock.now_ms, now_ms)
        return [self._open(replace(one, home=self._copy(one.home))) for one in left]

    def meet(self, one: Node, other: Node) -> None:
        """Lets two nodes take each other's present document and compare the words."""
        documents = []
        for each in (one, other):
            each.use()
            documents.append(each.context.directory)
        for each, theirs in zip((one, other), reversed(documents), strict=True):
            each.use()
            _meet(theirs)

    def _copy(self, home: Home) -> Home:
        return _copy(home, self._folder / f"{home.agency}-{len(self._made)}")

    def _open(self, template: _Template) -> Node:
        # Homes are made while the clock stands, on a slow machine for long: no key of theirs may begin later than now.
        self.clock.now_ms = max(self.clock.now_ms, template.directory.time_ms)
        context = open_node(template.home, secret=SECRET, clock=self.clock)
        made = Node(template.home, template.identity, context, template.officers)
        self._made.append(made)
        return made

    def close(self) -> None:
        """Ends what the test made."""
        forget()
        connections.close_all()
        for made in self._made:
            if made.home.on_postgresql:
                for address in (made.home.database, made.home.keys_database):
                    postgres.drop_database(_database(address))


@cache
def _played(play: Callable[[Nodes], Sequence[Node]]) -> tuple[tuple[_Template, ...], int]:
    """What ``play`` made of nodes of its own, and the time at its end; nobody is connected to them any more."""
    clock = Clock()
    made = play(Nodes(_folder() / f"played-{play.__module__}-{play.__qualname__}", clock))
    left = tuple(_Template(one.home, one.identity, one.officers, one.use().directory) for one in made)
    forget()
    connections.close_all()
    return left, clock.now_ms


_LANES: Final = ((Lane.URGENT,), (Lane.NORMAL, Lane.BULK))


def _send(sender: Node, receiver: Node, lanes: tuple[Lane, ...]) -> bool:
    """One parcel with what waits on ``lanes``, and its answer; whether it carried anything."""
    context = sender.use()
    batch = next_batch(receiver.agency, lanes, context=context)
    parcel = make_parcel(receiver.agency, context=context, batch=batch)
    answer = deliver(parcel, receiver)
    sender.use()
    take(answer, peer=receiver.agency, context=sender.context)
    return batch is not None


def deliver(parcel: Parcel, receiver: Node) -> Parcel:
    """What the door does with a parcel: takes it and answers with receipts. Raises what `take` raises; ``receiver``
    stays bound.
    """
    context = receiver.use()
    intake = take(parse_parcel(parcel.to_bytes()), peer=parcel.sender, context=context)
    answer = make_parcel(parcel.sender, context=context, taken=[intake.taken] if intake.taken else [])
    return parse_parcel(answer.to_bytes())


def _waits(sender: Node, receiver: Node) -> bool:
    """Whether something that may leave ``sender`` is for ``receiver``, or has no receipt yet."""
    sender.use()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM exchange_outbox WHERE peer = %s AND held = %s UNION SELECT 1 FROM exchange_pending WHERE peer = %s",
            (receiver.agency, False, receiver.agency),
        )
        return cursor.fetchone() is not None


def carry_waiting(one: Node, other: Node, *, dispatch: bool = True) -> bool:
    """Carries once to and fro what waits, and dispatches it; whether there was anything."""
    moved = False
    for sender, receiver in ((one, other), (other, one)):
        for lanes in _LANES:
            while _waits(sender, receiver) and _send(sender, receiver, lanes):
                moved = True
        receiver.use()
        while dispatch and dispatch_once(context=receiver.context):
            moved = True
    return moved


def carry(one: Node, other: Node, *, dispatch: bool = True) -> None:
    """Carries everything that waits between two nodes, receipts and each one's word on its journal too, and dispatches it, until both
    are quiet; ``one`` stays bound.
    """
    with connected():
        lacking = True
        while lacking:
            while carry_waiting(one, other, dispatch=dispatch):
                pass
            stuck = _waits(one, other) or _waits(other, one)
            # Each one's word on its journal, which may show the other that something is lacking.
            lacking = _send(one, other, _LANES[0]) | _send(other, one, _LANES[0])
            lacking |= not stuck and (_waits(one, other) or _waits(other, one))
        one.use()


@pytest.fixture
def clock() -> Clock:
    """The time of this test."""
    return Clock()


@pytest.fixture
def node(tmp_path: Path, clock: Clock) -> Iterator[Nodes]:
    """Nodes of this test; see the module."""
    nodes = Nodes(tmp_path, clock)
    yield nodes
    nodes.close()
