"""What a third agency can do with a statement that it holds: bring it first, with less, with wrong keys, or under a name that is not its
own. None of it spoils what its sender brings, before or after.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import connection, connections, transaction

from peer import SimulatedPeer
from support.room import Room
from tansiq.directory.queries import current_directory
from tansiq.errors import NotProven, TooMuch
from tansiq.exchange import dispatch, kinds
from tansiq.exchange.context import Context
from tansiq.exchange.copies import set_aside_id
from tansiq.exchange.erasure import erase
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.files_exchange import talk_of_files
from tansiq.exchange.files_store import keep_refs, put_chunk
from tansiq.exchange.files_wire import FilesMessage, Want
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.quarantine import retry_all
from tansiq.keystore.store import Kept
from tansiq.node.evidence import export_evidence, verify_archive
from tansiq.node.fsck import fsck
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import reveal
from tansiq.protocol.directory import Use, fingerprint
from tansiq.protocol.envelope import make_batch_head, parse_entry
from tansiq.protocol.ids import new_id
from tansiq.protocol.keys import PublicSealingKey, SealingKey
from tansiq.protocol.limits import MAX_WRAPS
from tansiq.protocol.parcel import Parcel
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made
from tansiq.protocol.wraps import ContentKeys, Wrap, seal_wrap

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


@pytest.fixture
def fr(room: Room) -> SimulatedPeer:
    return room.peer("fr.dgsi")


def our_key(room: Room) -> PublicSealingKey:
    key = current_directory(room.agency).current(Use.POST_OPENS, room.node.post(), room.context.clock())[0].key
    assert isinstance(key, PublicSealingKey)
    return key


def wrong_wrap(made: Made, reader: PublicSealingKey) -> Wrap:
    """What somebody can make who was given the docket's key alone."""
    guessed = tuple(os.urandom(32) for _ in made.keys.parts)
    return seal_wrap(ContentKeys(made.keys.docket, guessed), reader=reader, statement_digest=made.statement.digest)


def with_wraps(by: SimulatedPeer, made: Made, room: Room, *wraps: Wrap) -> Parcel:
    return by.parcel_with(made, to=room.agency, wraps={made.statement.digest: list(wraps)})


def brought(room: Room, by: SimulatedPeer, parcel: Parcel) -> tuple[str, ...]:
    """The faults that we tell of it."""
    answer = room.hear(parcel)
    by.take(answer)
    return tuple(fault.code for fault in answer.faults)


def readable(room: Room, made: Made) -> bool:
    """Whether the keys that are kept open what is kept."""
    ((parts,),) = room.rows("SELECT parts FROM exchange_statement WHERE id = %s", [made.statement.id])
    keys = room.context.keys.contents(made.statement.id)
    content, _ = reveal(
        decode(parts)[0],
        key=keys[1] or b"",
        statement_id=made.statement.id,
        place=0,
        commitment=made.proofs[0].commitment,
    )
    return bool(content) and fsck(room.context).findings == ()


def test_wrong_keys_that_come_first_are_not_kept(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = room.said(ma, "the honest word")
    brought(room, fr, with_wraps(fr, made, room, wrong_wrap(made, our_key(room))))
    room.work()
    assert (room.words(), room.faults()) == ([], ["protocol.not-opened"])
    assert brought(room, ma, ma.parcel_with(made, to=room.agency)) == ()
    room.work()
    assert (room.words(), room.faults()) == (["the honest word"], [])
    assert readable(room, made)


def test_a_wrong_wrap_beside_a_right_one_hides_nothing(room: Room, ma: SimulatedPeer) -> None:
    made = room.said(ma, "the honest word")
    spoilt = replace(right := ma.wraps(made, room.agency)[0], sealed=bytes(len(right.sealed)))
    spoilt = Wrap(right.suite, right.reader, spoilt.sealed, encode([right.suite, right.reader, spoilt.sealed]))
    brought(room, ma, with_wraps(ma, made, room, spoilt, wrong_wrap(made, our_key(room)), right))
    room.work()
    assert room.words() == ["the honest word"]
    assert readable(room, made)


def test_what_is_for_somebodys_own_eyes_stays_open_to_its_owner(room: Room, ma: SimulatedPeer) -> None:
    head, zz = SealingKey.generate(), room.peer("zz.agency")
    made = room.said(ma, "for the head's eyes")
    digest = made.statement.digest
    docket_alone = seal_wrap(made.keys.docket_only, reader=our_key(room), statement_digest=digest)
    brought(
        room,
        ma,
        with_wraps(ma, made, room, docket_alone, seal_wrap(made.keys, reader=head.public, statement_digest=digest)),
    )
    brought(room, zz, with_wraps(zz, made, room, wrong_wrap(made, head.public)))
    room.work()
    (part,) = open_with(made.statement.id, [head], context=room.context).parts
    assert part.content[0] == "for the head's eyes"


def test_contents_that_were_withheld_are_filled_in_by_the_copy_that_has_them(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    made = room.said(ma, "the honest word")
    parcel = with_wraps(fr, made, room, *ma.wraps(made, room.agency))
    brought(room, fr, replace(parcel, items=(replace(parcel.items[0], parts=(None,)),)))
    room.work()
    assert room.words() == []
    brought(room, ma, ma.parcel_with(made, to=room.agency))
    room.work()
    assert (room.words(), room.faults()) == (["the honest word"], [])
    assert readable(room, made)


@pytest.mark.parametrize("waiting", [False, True])
def test_who_brings_it_first_is_not_taken_for_whom_its_way_names(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer, *, waiting: bool
) -> None:
    seen: list[str] = []

    def guarded(arrived: Sequence[Arrived], _context: Context) -> None:
        for one in arrived:
            seen.append(one.peer)
            if one.peer != "ma.dgst":
                raise NotProven("channels.other-hop", agency=one.peer)

    kinds.register("guarded", guarded)
    before = room.said(ma, "first")
    made = room.said(ma, "honest", kind="guarded", follows=(before.statement.id,) if waiting else ())
    brought(room, fr, with_wraps(fr, made, room, *ma.wraps(made, room.agency)))
    if waiting:
        room.work()
    brought(room, ma, ma.parcel_with(before, made, to=room.agency))
    room.work()
    assert (seen, room.faults()) == (["ma.dgst"], [])


def test_after_it_was_refused_for_its_bringer_a_retry_knows_the_other(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    kinds.register("late", _from_rabat)
    made = room.said(ma, "honest", kind="late")
    wraps = ma.wraps(made, room.agency)
    brought(room, fr, with_wraps(fr, made, room, *wraps))
    room.work()
    assert room.faults() == ["channels.other-hop"]
    brought(room, ma, with_wraps(ma, made, room, *wraps))
    assert not retry_all(context=room.context), "it waits in the queue again"
    room.work()
    assert room.faults() == []


def _from_rabat(arrived: Sequence[Arrived], _context: Context) -> None:
    for one in arrived:
        if one.peer != "ma.dgst":
            raise NotProven("channels.other-hop", agency=one.peer)


# ---------------------------------------------------------------------------------------- under another one's name


def named(room: Room, by: SimulatedPeer, target: bytes) -> Parcel:
    """A parcel of ``by`` whose one entry names a digest that begins with the id ``target``."""
    item = by.parcel_with(room.said(by, "junk")).items[0]
    entry = replace(parse_entry(item.entry), statement=target + bytes(16)).to_bytes()
    head = make_batch_head(
        sender=by.agency, receiver=room.agency, epoch=1, time_ms=by.clock(), entries=[entry], signer=by.node_key
    )
    return replace(by.parcel_with(), news=None, batch=head.encoded, items=(replace(item, entry=entry),))


def test_an_entry_that_names_another_statement_spoils_no_proof_of_it(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    said = room.say(ma, "our word to Rabat")
    room.push(ma)
    room.push(ma)
    made = room.said(ma, "theirs")
    brought(room, ma, ma.parcel_with(made))
    brought(room, ma, ma.parcel_with())
    room.work()
    for target in (said.id, made.statement.id):
        room.hear(named(room, fr, target))
    pins = {one.agency: fingerprint(one.identity) for one in (ma.directory, fr.directory, room.context.directory)}
    for target in (said.id, made.statement.id):
        out = io.BytesIO()
        export_evidence(room.context, out=out, statements=[target])
        verify_archive(out.getvalue(), pinned=pins)
    assert fsck(room.context).findings == ()


def test_an_entry_that_names_another_statement_opens_none_of_its_files(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    said = room.say(ma, "to Rabat alone")
    room.push(ma)
    with transaction.atomic():
        digest = put_chunk(b"ciphertext of a file for Rabat", now_ms=1)
        keep_refs((said.id, 0), [digest])
    room.hear(named(room, fr, said.id))
    asked = FilesMessage(sender="fr.dgsi", receiver=room.agency, wants=(Want(said.id, (digest,)),))
    assert talk_of_files(asked, peer="fr.dgsi", context=room.context).gives == ()


def test_the_name_of_what_is_set_aside_is_no_part_of_what_its_sender_chose() -> None:
    digest = hashlib.sha256(b"any").digest()
    assert len(set_aside_id(digest)) == 16
    assert set_aside_id(digest) not in digest


def test_an_upgrade_gives_what_was_set_aside_before_its_new_name(room: Room, ma: SimulatedPeer) -> None:
    made = room.said(ma, "a word")
    digest = made.statement.digest
    room.hear(damaged(ma.parcel_with(made)))
    usable = room.said(ma, "another")
    brought(room, ma, ma.parcel_with(usable))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_received SET statement = %s WHERE statement = %s", (digest[:16], set_aside_id(digest))
        )
    migration = importlib.import_module("tansiq.exchange.migrations.0007_set_aside_ids")
    for _ in range(2):
        with connection.schema_editor() as editor:
            migration.rename(None, editor)
        found = {row[0] for row in room.rows("SELECT statement FROM exchange_received")}
        assert found == {set_aside_id(digest), usable.statement.id}
    assert [one.statement for one in retry_all(context=room.context)] == [digest]


# ------------------------------------------------------------------------------------------------------ too much


def test_a_hop_has_no_more_wraps_than_an_entry_may_name(room: Room) -> None:
    def wraps(many: int, of: int) -> bytes:
        return encode([b"wrap %d of %d" % (one, of) for one in range(many)])

    thing = new_id(room.context.clock())
    room.context.keys.keep_wraps([Kept(thing, "ma.dgst", 1, wraps(MAX_WRAPS - 1, 0))])
    room.context.keys.keep_wraps([Kept(thing, "ma.dgst", 1, wraps(1, 1))])
    room.context.keys.keep_wraps([Kept(thing, "ma.dgst", 1, wraps(1, 1))])
    with pytest.raises(TooMuch):
        room.context.keys.keep_wraps([Kept(thing, "ma.dgst", 1, wraps(1, 2))])
    assert len(decode(room.context.keys.wraps([thing], "ma.dgst")[thing])) == MAX_WRAPS


def test_what_follows_itself_is_set_aside_and_not_dropped(room: Room, ma: SimulatedPeer) -> None:
    thing = new_id(room.context.clock())
    docket = ma.docket(to=[room.node.post()], kind="note", follows=(thing,))
    made = ma.say(docket=docket, statement_id=thing, parts=[Part("note", {0: "a warning"})])
    brought(room, ma, ma.parcel_with(made))
    room.work()
    assert settle_own(context=room.context) == 0
    assert room.faults() == ["exchange.follows-itself"]
    assert fsck(room.context).findings == ()


# --------------------------------------------------------------------------------------------- what was erased


def openings(room: Room, made: Made) -> int:
    """How many wraps of the statement lie anywhere, and ciphertexts of it where it is set aside."""
    names = [made.statement.id, set_aside_id(made.statement.digest)]
    found = sum(len(decode(one)) for one in room.context.keys.wraps(names, "ma.dgst").values())
    for table in ("exchange_quarantine", "exchange_copy"):
        for (raw,) in room.rows(f"SELECT raw FROM {table} WHERE raw IS NOT NULL"):
            _, _, _, parts = decode(raw)
            found += sum(part is not None for part in parts)
    return found


def damaged(parcel: Parcel) -> Parcel:
    """One wrap less than its entry names: it is set aside whole."""
    return replace(parcel, items=(replace(parcel.items[0], wraps=parcel.items[0].wraps[:-1]),))


@pytest.mark.parametrize("place", [None, 1])
def test_what_is_erased_lies_in_no_copy_and_comes_back_with_none(
    room: Room, ma: SimulatedPeer, place: int | None
) -> None:
    made = room.said(ma, "the name of a person")
    room.hear(damaged(ma.parcel_with(made)))
    brought(room, ma, ma.parcel_with(made))
    room.work()
    assert openings(room, made)
    erase(made.statement.id, context=room.context, reason="test", place=place)
    assert not openings(room, made)
    brought(room, ma, ma.parcel_with(made))
    room.hear(damaged(ma.parcel_with(made)))
    room.work()
    retry_all(context=room.context)
    assert not openings(room, made)
    assert fsck(room.context).findings == ()


def test_what_opens_a_copy_lies_where_no_backup_takes_it_and_ends_with_the_erasure(
    room: Room, ma: SimulatedPeer
) -> None:
    made = room.said(ma, "the name of a person")
    parcel = ma.parcel_with(made)
    room.hear(damaged(parcel))
    backup = [value for rows in room.state().values() for row in rows for value in row if type(value) is bytes]
    assert any(made.statement.encoded in value for value in backup)
    assert not any(wrap in value for wrap in parcel.items[0].wraps for value in backup)
    room.hear(ma.parcel_with(made))
    room.work()
    assert room.words() == ["the name of a person"]
    assert openings(room, made)
    erase(made.statement.id, context=room.context, reason="test")
    assert not openings(room, made)


def test_what_is_erased_while_it_is_opened_keeps_no_key(
    room: Room, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("nobody writes beside a dispatch there")
    made = room.said(ma, "the name of a person")
    brought(room, ma, ma.parcel_with(made))
    keep = dispatch._keep_keys

    def late(opened: Sequence[dispatch._Opened], context: Context) -> None:
        def other() -> None:
            erase(made.statement.id, context=context, reason="test")
            connections.close_all()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
        keep(opened, context)

    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "_keep_keys", late)
        room.work()
    assert not room.context.keys.has_contents([made.statement.id])
