"""Changing keys: what was sealed still opens, what is revoked is not believed, and no revocation rewrites the past."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

import pytest

from support.node import CAST, PASSPHRASE, Node, Nodes, carry
from tansiq.directory.queries import current_directory, own_directory, sealing_key_of
from tansiq.directory.services import take_directory
from tansiq.errors import NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.kinds import Arrived, handler_of, register
from tansiq.exchange.queries import quarantined
from tansiq.exchange.readers import officer_readers, post_reader
from tansiq.exchange.services import send
from tansiq.journal.queries import last_witnessed_ms
from tansiq.keystore.officers import open_officer_keys
from tansiq.node.creation import NewOfficer, add_officer
from tansiq.node.rotation import renew_certificate, revoke_key, rotate_node_keys, rotate_post_key
from tansiq.protocol.concealment import reveal
from tansiq.protocol.directory import Directory, Use
from tansiq.protocol.docket import Docket
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.parts import Part
from tansiq.protocol.wraps import ContentKeys, Wrap, open_wrap

pytestmark = pytest.mark.storage

KIND = "test.rotation"
SEEN: list[bytes] = []


def _note(arrived: Sequence[Arrived], _context: Context) -> None:
    SEEN.extend(bytes(one.parts[0].content["word"]) for one in arrived)


@pytest.fixture(autouse=True)
def _kind() -> None:
    SEEN.clear()
    if handler_of(KIND) is None:
        register(KIND, _note)


def say(sender: Node, receiver: Node, word: bytes) -> None:
    """One statement from desk to desk."""
    context = sender.use()
    docket = Docket(
        kind=KIND,
        channel="embassy",
        matter=secrets.token_bytes(16),
        sender=sender.post(),
        route=(sender.post(), receiver.post()),
        addressees=(receiver.post(),),
    )
    reader = post_reader(receiver.post(), peer=receiver.agency, now_ms=context.clock())
    send(Draft(docket=docket, parts=[Part("test", {"word": word})], readers=[reader]), context=context)


def taken(receiver: Node, directory: Directory) -> None:
    """The partner takes a directory document."""
    context = receiver.use()
    take_directory(directory.encoded, now_ms=context.clock())


def test_after_rotating_the_nodes_keys_both_the_old_and_the_new_are_believed(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    say(es, ma, b"before")
    context = es.use()
    directory = rotate_node_keys(context.keys, identity=es.identity, now_ms=context.clock() + 60_000)
    context.clock.advance(minutes=2)  # type: ignore[attr-defined]
    taken(ma, directory)
    es.use()
    fresh = es.reopen()
    assert fresh.signer.identifier != context.signer.identifier
    say(es, ma, b"after")
    carry(es, ma)
    assert SEEN == [b"before", b"after"]


def test_a_rotated_post_key_opens_what_was_sealed_to_the_old_one(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    say(es, ma, b"to the old key")
    context = ma.use()
    old = sealing_key_of(ma.post(), context.clock())[1].identifier
    directory = rotate_post_key(context.keys, ma.post(), identity=ma.identity, now_ms=context.clock() + 60_000)
    context.clock.advance(minutes=2)  # type: ignore[attr-defined]
    taken(es, directory)
    ma.use()
    ma.reopen()
    es.use()
    assert sealing_key_of(ma.post(), es.context.clock())[1].identifier != old
    say(es, ma, b"to the new key")
    carry(es, ma)
    assert SEEN == [b"to the old key", b"to the new key"]


def test_a_statement_by_a_revoked_node_key_is_kept_and_set_aside(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    context = es.use()
    stolen = replace(context)
    rotate_node_keys(context.keys, identity=es.identity, now_ms=context.clock())
    directory = revoke_key(
        stolen.signer.identifier,
        identity=es.identity,
        reason="key.stolen",
        from_ms=context.clock(),
        now_ms=context.clock(),
    )
    context.clock.advance(minutes=2)  # type: ignore[attr-defined]
    say(es, ma, b"by the thief")
    es.use()
    es.reopen()
    taken(ma, directory)
    carry(es, ma)
    ma.use()
    assert SEEN == []
    assert [one.code for one in quarantined()] == ["exchange.key-not-believed"]


def test_a_revocation_never_reaches_behind_what_the_peer_witnessed(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    es.context.clock.advance(minutes=5)  # type: ignore[attr-defined]
    say(es, ma, b"said and witnessed")
    carry(es, ma)
    context = es.use()
    assert last_witnessed_ms() > 0
    with pytest.raises(Refused, match="revoked-behind-witness"):
        revoke_key(
            context.signer.identifier,
            identity=es.identity,
            reason="key.stolen",
            from_ms=last_witnessed_ms() - 1,
            now_ms=context.clock(),
        )
    with pytest.raises(NotFound):
        revoke_key(
            b"\0" * 32, identity=es.identity, reason="key.stolen", from_ms=context.clock(), now_ms=context.clock()
        )


def test_a_renewed_certificate_stands_beside_the_old_one(node: Nodes) -> None:
    es = node("es.cgi")
    context = es.use()
    old = own_directory().tls
    directory = renew_certificate(context.keys, ["127.0.0.1"], identity=es.identity, now_ms=context.clock())
    assert directory.tls[0] == old[-1]
    assert len(directory.tls) == 2
    assert directory.number == current_directory("es.cgi").number


def _opened(wraps: list[Wrap], key: SealingKey, digest: bytes) -> ContentKeys | Wrap:
    wrap = next(wrap for wrap in wraps if wrap.reader == key.identifier)
    return open_wrap(wrap, reader=key, statement_digest=digest)


def test_eyes_only_and_its_recovery_readers(node: Nodes) -> None:
    """The head alone reads, or both custodians together, one after the other; neither custodian alone, and no node key."""
    from tansiq.exchange.drafts import compose

    ma = node("ma.dgst")
    context: Context = ma.use()
    for number in ("MA-7001", "MA-7002"):
        add_officer(
            NewOfficer(number, ("head",), PASSPHRASE, custodian=True), identity=ma.identity, now_ms=context.clock()
        )
    add_officer(
        NewOfficer("MA-1009", ("head",), PASSPHRASE, eyes_only=True, recovery=("MA-7001", "MA-7002")),
        identity=ma.identity,
        now_ms=context.clock(),
    )
    readers = officer_readers("ma.dgst", "MA-1009", peer="es.cgi", now_ms=context.clock())
    assert len(readers) == 2
    docket = Docket(
        kind=KIND,
        channel="direct",
        matter=secrets.token_bytes(16),
        sender=ma.post("head"),
        route=(ma.post("head"),),
        addressees=(ma.post("head"),),
    )
    composed = compose(
        Draft(docket=docket, parts=[Part("test", {"word": b"for the head"})], readers=readers),
        context=context,
        now_ms=context.clock(),
    )
    wraps, digest = composed.wraps["es.cgi"], composed.made.statement.digest

    def key(number: str, use: Use) -> SealingKey:
        return next(SealingKey(one.private) for one in open_officer_keys(number, PASSPHRASE) if one.use == use)

    head = _opened(wraps, key("MA-1009", Use.OFFICER_OPENS), digest)
    assert isinstance(head, ContentKeys)
    first, second = key("MA-7001", Use.RECOVERY_OPENS), key("MA-7002", Use.RECOVERY_OPENS)
    inner = _opened(wraps, first, digest)
    assert isinstance(inner, Wrap)
    with pytest.raises(NotFound):
        open_wrap(
            next(wrap for wrap in wraps if wrap.reader == first.identifier), reader=second, statement_digest=digest
        )
    recovered = open_wrap(inner, reader=second, statement_digest=digest)
    assert recovered == head
    content, _ = reveal(
        composed.made.parts[0],
        key=head.parts[0],
        statement_id=composed.made.statement.id,
        place=0,
        commitment=composed.made.proofs[0].commitment,
    )
    assert b"for the head" in content
    assert not {wrap.reader for wrap in wraps} & set(context.opening)


def test_keys_of_an_officer_open_for_nobody_else(node: Nodes) -> None:
    node("ma.dgst").use()
    number = CAST["ma.dgst"].officers[0].number
    with pytest.raises(Refused, match="wrong-passphrase"):
        open_officer_keys(number, PASSPHRASE + "x")
