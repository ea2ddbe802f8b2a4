"""Meeting a partner: its identity is pinned once, its words are compared, and only what it signed itself is followed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from django.db import connection

from support.node import Clock, Node, Nodes, carry, clock
from support.notes import effects, notes, send_notes
from tansiq.directory import services
from tansiq.directory.queries import current_directory, documents_of, own_directory, partners
from tansiq.directory.services import confirm_partner, end_introduction, introduce, publish_own, take_directory
from tansiq.errors import BadInput, Conflict, Error, NotFound, NotProven, Refused, TooMuch
from tansiq.exchange.drafts import Draft
from tansiq.exchange.intake import require_confirmed
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import send
from tansiq.journal.queries import state_of
from tansiq.protocol.directory import Directory, fingerprint, make_directory
from tansiq.protocol.docket import Docket
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.parts import Part
from tansiq.protocol.words import fingerprint_words

__all__ = ["clock", "notes"]

pytestmark = pytest.mark.storage

PEER = "ma.dgst"


@pytest.fixture
def rabat(node: Nodes) -> Node:
    return node(PEER, met=False)


@pytest.fixture
def madrid(node: Nodes, rabat: Node) -> Node:
    """Madrid, bound, which knows nobody yet."""
    return node("es.cgi", met=False)


def document(owner: Node, bound: Node) -> Directory:
    """The first document of ``owner``; ``bound`` is bound afterwards."""
    owner.use()
    found = own_directory()
    bound.use()
    return found


def following(before: Directory, signer: SigningKey, **changes: object) -> Directory:
    """A later document: the very next one unless ``changes`` say otherwise."""
    values = {"number": before.number + 1, "previous": before.digest, "encoded": b"", "signature": None, **changes}
    return make_directory(replace(before, **values), identity=signer)  # type: ignore[arg-type]


def state() -> list[list[object]]:
    found: list[list[object]] = []
    with connection.cursor() as cursor:
        for table in ("directory_partner", "directory_document", "journal_journal"):
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            found += [
                [bytes(value) if isinstance(value, memoryview) else value for value in row] for row in cursor.fetchall()
            ]
    return found


def refused(error: type[Error], act: Callable[[], object]) -> str:
    """The code of a refusal that changed nothing."""
    before = state()
    with pytest.raises(error) as caught:
        act()
    assert state() == before
    return caught.value.code


def words_of(directory: Directory, language: str) -> Sequence[str]:
    return list(fingerprint_words(fingerprint(directory.identity), language))


def confirm(words: Sequence[str], language: str = "es", agency: str = PEER) -> None:
    confirm_partner(agency, words=list(words), language=language, officer="ES-1001", now_ms=7_000)


def draft(owner: Node, receiver: str) -> Draft:
    sender = owner.post()
    docket = Docket(
        kind="test.note",
        channel="direct",
        matter=secrets.token_bytes(16),
        sender=sender,
        route=(sender, receiver),
        addressees=(receiver,),
    )
    reader = post_reader(receiver, peer=PEER, now_ms=owner.context.clock())
    return Draft(docket=docket, parts=[Part("test.note", {0: b"word"})], readers=[reader])


# ---------------------------------------------------------------------------------------------------- meeting


def test_the_first_meeting_pins_the_identity(madrid: Node, rabat: Node) -> None:
    theirs = document(rabat, madrid)
    assert take_directory(theirs.encoded, now_ms=5_000) == theirs
    own, partner = partners()
    assert (own.agency, own.is_self) == ("es.cgi", True)
    assert (partner.agency, partner.is_self, partner.identity) == (PEER, False, rabat.identity.public.public)
    assert (partner.confirmed_ms, partner.current) == (0, 1)
    journal = state_of(PEER)
    assert journal is not None
    assert (journal.epoch, journal.size) == (1, 0)


def test_our_own_agency_is_no_partner(madrid: Node) -> None:
    impostor = SigningKey.generate()
    for identity in (madrid.identity, impostor):
        own = following(own_directory(), identity, identity=identity.public.public)
        assert refused(Conflict, lambda own=own: take_directory(own.encoded, now_ms=5_000)) == "directory.own-agency"  # type: ignore[misc]


def test_a_document_that_is_none_changes_nothing(madrid: Node, rabat: Node) -> None:
    theirs = document(rabat, madrid).encoded
    for wrong in (b"", b"\xd2\x84", theirs[:-1], theirs + b"\x00"):
        assert refused(BadInput, lambda wrong=wrong: take_directory(wrong, now_ms=5_000)).startswith("protocol.")  # type: ignore[misc]
    changed = theirs[:-1] + bytes([theirs[-1] ^ 1])
    assert refused(NotProven, lambda: take_directory(changed, now_ms=5_000)) == "protocol.wrong-signature"


# ---------------------------------------------------------------------------------------------------- following


def test_a_later_document_takes_the_place_and_the_older_stays_known(madrid: Node, rabat: Node) -> None:
    first = document(rabat, madrid)
    second = following(first, rabat.identity, names={"en": "Second"})
    fifth = following(second, rabat.identity, number=5, names={"en": "Fifth"})
    for one in (first, second, fifth):
        assert take_directory(one.encoded, now_ms=5_000) == one
        assert current_directory(PEER) == one
    assert documents_of(PEER) == [first, second, fifth]


def test_the_same_or_an_older_document_changes_nothing(madrid: Node, rabat: Node) -> None:
    first = document(rabat, madrid)
    second = following(first, rabat.identity, names={"en": "Second"})
    take_directory(first.encoded, now_ms=5_000)
    take_directory(second.encoded, now_ms=5_000)
    before = state()
    for one in (first, second, following(first, rabat.identity, names={"en": "Another second"})):
        assert take_directory(one.encoded, now_ms=9_000) == second
    assert state() == before


def test_a_later_document_keeps_the_confirmation(madrid: Node, rabat: Node) -> None:
    first = document(rabat, madrid)
    take_directory(first.encoded, now_ms=5_000)
    confirm(words_of(first, "es"))
    take_directory(following(first, rabat.identity).encoded, now_ms=8_000)
    assert (partners()[1].confirmed_ms, partners()[1].current) == (7_000, 2)


@pytest.mark.parametrize("number", [1, 2, 9])
def test_another_identity_is_refused(madrid: Node, rabat: Node, number: int) -> None:
    first = document(rabat, madrid)
    take_directory(first.encoded, now_ms=5_000)
    thief = SigningKey.generate()
    other = following(first, thief, identity=thief.public.public, number=number)
    assert refused(NotProven, lambda: take_directory(other.encoded, now_ms=9_000)) == "protocol.other-identity"


def test_the_next_document_names_the_one_before(madrid: Node, rabat: Node) -> None:
    first = document(rabat, madrid)
    take_directory(first.encoded, now_ms=5_000)
    for previous in (b"", bytes(32)):
        encoded = following(first, rabat.identity, previous=previous).encoded
        take = partial(take_directory, encoded, now_ms=9_000)
        assert refused(NotProven, take) == "protocol.broken-succession"


def test_our_own_document_follows_the_same_rules(madrid: Node) -> None:
    first = own_directory()
    second = following(first, madrid.identity)
    publish_own(second, now_ms=5_000)
    assert own_directory() == second
    assert documents_of("es.cgi") == [first, second]
    thief = SigningKey.generate()
    stolen = following(second, thief, identity=thief.public.public)
    assert refused(NotProven, lambda: publish_own(stolen, now_ms=6_000)) == "protocol.other-identity"
    assert refused(NotProven, lambda: publish_own(first, now_ms=6_000)) == "protocol.older-directory"


def test_of_one_agency_only_so_many_documents_are_taken_in_a_day(
    madrid: Node, rabat: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept for ever; whoever holds one from the agency itself may still bring it."""
    monkeypatch.setattr(services, "MOST_A_DAY", 3)
    day = 86_400_000
    last = document(rabat, madrid)
    take_directory(last.encoded, now_ms=5_000)
    for number in (2, 3):
        last = following(last, rabat.identity, number=number)
        take_directory(last.encoded, now_ms=6_000)
    more = following(last, rabat.identity)
    for now_ms in (7_000, 5_000 + day - 1):
        assert refused(TooMuch, partial(take_directory, more.encoded, now_ms=now_ms)) == "directory.too-many-documents"
        assert take_directory(last.encoded, now_ms=now_ms) == last, "what is known already is no new one"
    assert take_directory(more.encoded, now_ms=7_000, met=True) == more
    later = following(more, rabat.identity)
    assert refused(TooMuch, partial(take_directory, later.encoded, now_ms=6_000 + day - 1))
    assert take_directory(later.encoded, now_ms=6_000 + day) == later


# ---------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("language", ["ar", "es", "fr", "en"])
def test_the_words_confirm_in_every_language(madrid: Node, rabat: Node, language: str) -> None:
    theirs = document(rabat, madrid)
    take_directory(theirs.encoded, now_ms=5_000)
    confirm(words_of(theirs, language), language)
    require_confirmed(PEER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT confirmed_ms, confirmed_by FROM directory_partner WHERE agency = %s", [PEER])
        assert cursor.fetchone() == (7_000, "ES-1001")


def test_other_words_confirm_nothing(madrid: Node, rabat: Node) -> None:
    theirs = document(rabat, madrid)
    take_directory(theirs.encoded, now_ms=5_000)
    words = words_of(theirs, "es")
    own = words_of(own_directory(), "es")
    for wrong in (own, [*words[:-1], own[-1]], [*words[1:], words[0]]):
        assert refused(NotProven, lambda wrong=wrong: confirm(wrong)) == "directory.other-words"  # type: ignore[misc]
    for unread in (words[:-1], [], [*words[:-1], "inventada"]):
        assert refused(BadInput, lambda unread=unread: confirm(unread)).startswith("words.")  # type: ignore[misc]
    assert refused(NotFound, lambda: confirm(words, agency="fr.dgsi")) == "directory.unknown-agency"
    assert refused(Refused, lambda: require_confirmed(PEER)) == "directory.unconfirmed"


# ---------------------------------------------------------------------------------------------------- unconfirmed


def test_nothing_is_sent_to_an_unconfirmed_partner(madrid: Node, rabat: Node) -> None:
    theirs = document(rabat, madrid)
    assert refused(NotFound, lambda: require_confirmed(PEER)) == "directory.unknown-agency"
    take_directory(theirs.encoded, now_ms=5_000)
    said = draft(madrid, rabat.post())
    assert refused(Refused, lambda: send(said, context=madrid.context)) == "directory.unconfirmed"
    assert refused(Refused, lambda: require_confirmed(PEER)) == "directory.unconfirmed"
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT COUNT(*) FROM exchange_statement) + (SELECT COUNT(*) FROM exchange_outbox)")
        assert cursor.fetchone() == (0,)
    confirm(words_of(theirs, "es"))
    require_confirmed(PEER)
    send(said, context=madrid.context)


def test_two_agencies_that_met_exchange(node: Nodes, madrid: Node, rabat: Node, notes: None) -> None:
    node.meet(madrid, rabat)
    sent = send_notes(madrid, rabat, 2)
    carry(madrid, rabat)
    assert effects(rabat) == [one.id for one in sent]


def test_an_unknown_agency_gets_nothing(madrid: Node, rabat: Node, clock: Clock) -> None:
    theirs = document(rabat, madrid)
    take_directory(theirs.encoded, now_ms=clock.now_ms)
    said = draft(madrid, rabat.post())
    unknown = replace(said, readers=[replace(said.readers[0], peer="fr.dgsi")])
    assert refused(NotFound, lambda: send(unknown, context=madrid.context)) == "directory.unknown-agency"


# ---------------------------------------------------------------------------------------------------- introductions


def introduced(agency: str) -> tuple[str, int]:
    """Who vouches for ``agency``, and whether its words were compared."""
    return next((one.introduced_by, one.confirmed_ms) for one in partners() if one.agency == agency)


def test_whom_a_partner_vouches_for_is_believed_in_what_that_partner_brings_and_in_nothing_else(
    madrid: Node, rabat: Node, clock: Clock
) -> None:
    theirs = document(rabat, madrid)
    introduce(theirs.encoded, by="int.hub", now_ms=clock())
    assert introduced(PEER) == ("int.hub", 0)
    require_confirmed(PEER, by="int.hub")
    for other in ("", "fr.dgsi", PEER):
        with pytest.raises(Refused, match="unconfirmed"):
            require_confirmed(PEER, by=other)
    confirm_partner(
        PEER, words=list(fingerprint_words(fingerprint(theirs.identity), "es")), language="es", officer="T", now_ms=1
    )
    require_confirmed(PEER)
    end_introduction(PEER, by="int.hub")
    require_confirmed(PEER)


def test_an_introduction_ends_by_the_word_of_who_made_it(madrid: Node, rabat: Node, clock: Clock) -> None:
    introduce(document(rabat, madrid).encoded, by="int.hub", now_ms=clock())
    end_introduction(PEER, by="fr.dgsi")
    require_confirmed(PEER, by="int.hub")
    end_introduction(PEER, by="int.hub")
    with pytest.raises(Refused):
        require_confirmed(PEER, by="int.hub")


def test_one_partner_introduces_so_many_agencies_and_no_more(
    madrid: Node, rabat: Node, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those whom it no longer vouches for stay here, so they count; whoever is known is no new one, and whoever was met is nobody's."""
    monkeypatch.setattr(services, "MOST_INTRODUCED", 2)

    def of(agency: str) -> bytes:
        identity = SigningKey.generate()
        made = replace(
            document(rabat, madrid), agency=agency, identity=identity.public.public, posts=(), officers=(), keys=()
        )
        return make_directory(replace(made, encoded=b"", signature=None), identity=identity).encoded

    known = of("pt.sis")
    for encoded in (of("fr.dgsi"), known):
        introduce(encoded, by="int.hub", now_ms=clock())
    more = partial(introduce, of("it.aise"), now_ms=clock())
    assert refused(TooMuch, partial(more, by="int.hub")) == "directory.too-many-introduced"
    end_introduction("fr.dgsi", by="int.hub")
    assert refused(TooMuch, partial(more, by="int.hub")) == "directory.too-many-introduced"
    introduce(known, by="int.hub", now_ms=clock())
    more(by="es.ncb")
    assert introduced("it.aise") == ("es.ncb", 0)
    take_directory(document(rabat, madrid).encoded, now_ms=clock())
    confirm(words_of(current_directory(PEER), "es"))
    assert refused(TooMuch, partial(introduce, of("tr.mit"), by="es.ncb", now_ms=clock()))
    introduce(document(rabat, madrid).encoded, by="int.hub", now_ms=clock())
    assert introduced(PEER)[0] == "int.hub"


def test_an_introduction_does_not_change_whom_we_know(madrid: Node, rabat: Node, clock: Clock) -> None:
    theirs = document(rabat, madrid)
    stranger = SigningKey.generate()
    forged = make_directory(
        replace(theirs, identity=stranger.public.public, number=7, encoded=b"", signature=None), identity=stranger
    )
    take_directory(theirs.encoded, now_ms=clock())
    assert (
        refused(NotProven, lambda: introduce(forged.encoded, by="int.hub", now_ms=clock())) == "protocol.other-identity"
    )
    assert introduce(own_directory().encoded, by="int.hub", now_ms=clock()) is None
    later = following(theirs, rabat.identity, names={"en": "later"})
    assert introduce(later.encoded, by="int.hub", now_ms=clock()) == later
    assert introduce(theirs.encoded, by="int.hub", now_ms=clock()) == later, "an older document changes nothing"


def test_who_is_met_takes_the_place_of_whom_a_partner_vouched_for(madrid: Node, rabat: Node, clock: Clock) -> None:
    theirs = document(rabat, madrid)
    stranger = SigningKey.generate()
    forged = make_directory(
        replace(theirs, identity=stranger.public.public, number=7, encoded=b"", signature=None), identity=stranger
    )
    introduce(forged.encoded, by="int.hub", now_ms=clock())
    assert refused(NotProven, lambda: take_directory(theirs.encoded, now_ms=clock())) == "protocol.other-identity"
    assert take_directory(theirs.encoded, now_ms=clock(), met=True) == theirs
    assert introduced(PEER) == ("", 0)
    assert documents_of(PEER) == [theirs]
    other = make_directory(
        replace(theirs, identity=stranger.public.public, encoded=b"", signature=None), identity=stranger
    )
    assert (
        refused(NotProven, lambda: take_directory(other.encoded, now_ms=clock(), met=True)) == "protocol.other-identity"
    )
