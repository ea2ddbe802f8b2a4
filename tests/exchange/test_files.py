"""A file goes chunk by chunk, to whom it was sent and to nobody else, whoever may call whom, whatever breaks off."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

import pytest
from django.db import connection

from support.files import a_text, answer_to, ask, chunk_count, put_in, say_file, talk
from support.node import Node, Nodes, carry
from support.notes import NOTE, notes
from tansiq.cases.files_reading import FileReader
from tansiq.cases.queries import own_part
from tansiq.directory.queries import sealing_key_of
from tansiq.errors import BadInput, NotFound, NotProven, TooMuch
from tansiq.exchange import kinds
from tansiq.exchange.drafts import Reader
from tansiq.exchange.files import Progress, given_of, progress_of
from tansiq.exchange.files_exchange import GONE, LATER, NONE, open_with, talk_of_files
from tansiq.exchange.files_store import chunk_hashes, drop_files, sweep_chunks
from tansiq.exchange.files_wire import GIVE_BYTES, MAX_MESSAGE_BYTES, FilesMessage, Want, parse_files_message
from tansiq.node.creation import NewPost
from tansiq.node.fsck import fsck
from tansiq.protocol.cbor import encode
from tansiq.protocol.manifest import Manifest, parse_manifest

pytestmark = pytest.mark.storage
__all__ = ["notes"]

SIZE = 3_000_000


@pytest.fixture
def es(node: Nodes, notes: None) -> Node:
    return node("es.cgi")


@pytest.fixture
def ma(node: Nodes, es: Node) -> Node:
    made = node("ma.dgst")
    es.use()
    return made


def read(node: Node, manifest: Manifest) -> bytes:
    node.use()
    reader = FileReader(manifest)
    return b"".join(iter(lambda: reader.read(1 << 16), b""))


def sent(es: Node, ma: Node, size: int = SIZE) -> tuple[bytes, Manifest, bytes]:
    """A file that was said and whose statement arrived; nothing of it has gone yet; ``es`` is bound."""
    data = a_text(size)
    statement, files = say_file(es, ma, put_in(es, data))
    carry(es, ma)
    return statement, files[0].manifest, data


def clean(*nodes: Node) -> None:
    for node in nodes:
        report = fsck(node.use())
        assert report.clean, [finding.text("en") for finding in report.findings]


def test_a_file_arrives_whole_and_both_sides_see_how_far_it_is(es: Node, ma: Node) -> None:
    statement, manifest, data = sent(es, ma)
    ma.use()
    assert progress_of([(statement, 1)]) == {(statement, 1): Progress(0, 12)}
    assert open_with(ma.context.clock()) == [("es.cgi", True)]
    talk(ma, es, most=1)
    assert progress_of([(statement, 1)])[statement, 1] == Progress(3, 12)
    es.use()
    assert given_of((statement, 1)) == {"ma.dgst": Progress(3, 12)}
    talk(ma, es)
    assert progress_of([(statement, 1)])[statement, 1].whole
    assert read(ma, manifest) == data
    assert not open_with(ma.context.clock())
    es.use()
    assert given_of((statement, 1))["ma.dgst"].whole
    assert not open_with(es.context.clock())
    clean(es, ma)


def test_the_statement_takes_effect_before_its_file_is_here(es: Node, ma: Node) -> None:
    sent(es, ma)
    ma.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM exchange_handled")
        assert cursor.fetchone()[0]
    assert chunk_count(ma) == 0


def test_who_can_not_be_called_gives_with_the_requests_that_it_makes(es: Node, ma: Node) -> None:
    """Madrid pulls only: it calls, is told what is wanted, and gives it with its next request."""
    statement, manifest, data = sent(es, ma)
    assert open_with(es.context.clock()) == [("ma.dgst", False)]
    talk(es, ma)
    ma.use()
    assert progress_of([(statement, 1)])[statement, 1].whole
    assert read(ma, manifest) == data
    es.use()
    assert not open_with(es.context.clock())
    clean(es, ma)


def test_no_message_is_heavier_than_a_mebibyte_and_a_chunk(es: Node, ma: Node) -> None:
    sent(es, ma)
    asked = ask(ma, es)
    assert 0 < sum(len(want.hashes) for want in asked.wants) <= 8
    answer = answer_to(asked, es)
    assert sum(map(len, answer.gives)) <= GIVE_BYTES < MAX_MESSAGE_BYTES


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_what_is_lost_on_the_way_is_asked_for_again(es: Node, ma: Node, lost: str) -> None:
    statement, manifest, data = sent(es, ma)
    for _ in range(3):
        asked = ask(ma, es)
        if lost == "answer":
            answer_to(asked, es)
    talk(ma, es)
    ma.use()
    assert progress_of([(statement, 1)])[statement, 1].whole
    assert read(ma, manifest) == data


def test_an_answer_that_comes_twice_changes_nothing(es: Node, ma: Node) -> None:
    sent(es, ma)
    answer = answer_to(ask(ma, es), es)
    answer_to(answer, ma)
    before = chunk_count(ma)
    answer_to(answer, ma)
    assert chunk_count(ma) == before == 3


# ---------------------------------------------------------------------------------------------------- who is given what


def want(es: Node, ma: Node, thing: bytes, *hashes: bytes) -> FilesMessage:
    return answer_to(FilesMessage(sender="ma.dgst", receiver="es.cgi", wants=(Want(thing, hashes),)), es)


def test_only_chunks_of_statements_that_went_to_the_peer_are_given(es: Node, ma: Node) -> None:
    kept = put_in(es, a_text(400_000, seed=7))
    other = chunk_hashes((kept, 0))
    statement, manifest, _ = sent(es, ma)
    waiting, files = say_file(es, ma, put_in(es, a_text(400_000, seed=8)))
    unknown = secrets.token_bytes(32)
    asked = [
        (kept, other[0]),  # an own file that nobody was sent
        (statement, other[0]),  # the chunk of another file under the name of a statement
        (waiting, files[0].manifest.chunks[0]),  # said, and not yet released
        (statement, unknown),
        (secrets.token_bytes(16), unknown),
    ]
    for thing, digest in asked:
        answer = want(es, ma, thing, digest)
        assert (answer.gives, answer.lacks) == ((), ((digest, NONE),))
    assert want(es, ma, statement, manifest.chunks[0]).gives


def test_what_was_never_asked_for_is_not_taken(es: Node, ma: Node) -> None:
    statement, manifest, _ = sent(es, ma)
    before = chunk_count(ma)
    foreign = FilesMessage(sender="es.cgi", receiver="ma.dgst", gives=(secrets.token_bytes(500),))
    with pytest.raises(NotProven) as told:
        answer_to(foreign, ma)
    assert told.value.code == "exchange.chunk-not-asked-for"
    es.use()
    chunk = bytearray(want(es, ma, statement, manifest.chunks[0]).gives[0])
    chunk[100] ^= 1
    with pytest.raises(NotProven):
        answer_to(replace(foreign, gives=(bytes(chunk),)), ma)
    with pytest.raises(NotProven):
        answer_to(replace(foreign, receiver="fr.dgsi", gives=()), ma)
    assert chunk_count(ma) == before == 0


def test_nobody_else_can_say_that_a_file_is_done(es: Node, ma: Node) -> None:
    statement, _, _ = sent(es, ma)
    es.use()
    message = FilesMessage(sender="fr.dgsi", receiver="es.cgi", done=((statement, 1, ""),))
    with pytest.raises(NotProven):
        talk_of_files(message, peer="ma.dgst", context=es.context)
    assert not given_of((statement, 1))["ma.dgst"].whole


@pytest.mark.parametrize(
    "changes",
    [
        {0: 0}, {1: "no agency"}, {3: [[b"short", []]]}, {3: [[bytes(16), [b"x"]]]}, {3: [[bytes(16), [bytes(32)] * 65]]},
        {3: [[bytes(16), [bytes(32)] * 40], [bytes(16), [bytes(32)] * 40]]}, {3: 5}, {4: [5]}, {4: [b""] * 65}, {5: [[bytes(32), "Not A Code"]]},
        {5: [[b"x", "code"]]}, {6: [[bytes(16), -1, ""]]}, {6: [[bytes(16), 256, ""]]}, {6: [[bytes(16), 1]]}, {7: [[bytes(15), 1]]}, {-1: 5},
    ],
)  # fmt: skip
def test_a_message_that_is_not_well_formed_is_refused(changes: dict[int, object]) -> None:
    plain: dict[int, object] = {0: 1, 1: "es.cgi", 2: "ma.dgst", 3: [], 4: [], 5: [], 6: [], 7: []}
    assert parse_files_message(encode(plain)).empty
    with pytest.raises(BadInput):
        parse_files_message(encode(plain | changes))


def test_a_message_that_is_too_heavy_is_refused() -> None:
    with pytest.raises(TooMuch):
        parse_files_message(bytes(MAX_MESSAGE_BYTES + 1))
    with pytest.raises(TooMuch):
        parse_files_message(FilesMessage(sender="es.cgi", receiver="ma.dgst", gives=(bytes((2 << 20) + 1),)).to_bytes())


# ---------------------------------------------------------------------------------------------------- what will not come


def test_a_file_that_is_too_large_is_not_fetched_and_its_sender_is_told(es: Node, ma: Node) -> None:
    ma.use()
    ma.context = replace(ma.context, largest_file=SIZE - 1)
    statement, _, _ = sent(es, ma)
    ma.use()
    assert progress_of([(statement, 1)])[statement, 1].code == "exchange.file-too-large"
    talk(ma, es)
    assert chunk_count(ma) == 0
    es.use()
    assert given_of((statement, 1))["ma.dgst"].code == "exchange.file-too-large"
    assert not open_with(es.context.clock())


def test_a_file_that_its_sender_erased_meanwhile_is_given_up(es: Node, ma: Node) -> None:
    statement, _, _ = sent(es, ma)
    talk(ma, es, most=1)
    es.use()
    drop_files([(statement, 1)])
    talk(ma, es)
    ma.use()
    assert progress_of([(statement, 1)])[statement, 1].code == GONE
    assert not open_with(ma.context.clock())


def test_a_file_that_its_receiver_erased_meanwhile_is_fetched_no_more(es: Node, ma: Node) -> None:
    statement, _, _ = sent(es, ma)
    talk(ma, es, most=1)
    ma.use()
    drop_files([(statement, 1)])
    assert chunk_count(ma) == 0
    talk(ma, es)
    assert chunk_count(ma) == 0
    es.use()
    assert given_of((statement, 1))["ma.dgst"].code == GONE


def test_a_manifest_that_is_none_sets_its_statement_aside(es: Node, ma: Node) -> None:
    item = put_in(es, a_text(1000))
    context = es.use()
    manifest = replace(parse_manifest(own_part(item, context.keys)), chunk_size=10)
    with pytest.raises(BadInput):
        say_file(es, ma, item, manifest=manifest)


def test_a_file_that_is_not_whole_is_not_said(es: Node, ma: Node) -> None:
    item = put_in(es, a_text(1000))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exchange_chunk")
    with pytest.raises(NotFound) as told:
        say_file(es, ma, item)
    assert told.value.code == "exchange.chunk-not-here"


# ---------------------------------------------------------------------------------------------------- a desk on the way


def test_a_desk_on_the_way_whose_body_is_closed_fetches_for_the_next(
    node: Nodes, es: Node, ma: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rabat says it to Madrid's desk by way of Paris, which may read the docket alone and passes it on."""
    fr = node.new("fr.dgsi", posts=[NewPost("counter-terrorism", "desk", {"fr": "Bureau"}, ("fr",))])
    for one in (es, ma):
        node.meet(fr, one)
    data = a_text(SIZE)
    ma.use()
    closed = Reader("fr.dgsi", sealing_key_of(fr.post(), ma.context.clock())[1], docket_only=True)
    theirs = Reader("fr.dgsi", sealing_key_of(es.post(), ma.context.clock())[1])
    statement, files = say_file(
        ma, es, put_in(ma, data), route=(ma.post(), fr.post(), es.post()), readers=[closed, theirs]
    )
    monkeypatch.setitem(kinds._handlers, NOTE, lambda arrived, context: None)
    carry(ma, fr)
    carry(fr, es)
    es.use()
    assert progress_of([(statement, 1)]) == {(statement, 1): Progress(0, 12)}
    first = answer_to(ask(es, fr), fr)
    assert {code for _, code in first.lacks} == {LATER}
    for _ in range(30):
        talk(fr, ma)
        es.context.clock.advance(minutes=6)  # type: ignore[attr-defined]
        talk(es, fr)
        es.use()
        if progress_of([(statement, 1)])[statement, 1].whole:
            break
    assert read(es, files[0].manifest) == data
    fr.use()
    unknown = secrets.token_bytes(32)
    asked = FilesMessage(sender="es.cgi", receiver="fr.dgsi", wants=(Want(statement, (unknown,)),))
    assert answer_to(asked, fr).lacks == ((unknown, LATER),)
    talk(fr, ma)
    fr.context.clock.advance(minutes=6)  # type: ignore[attr-defined]
    assert answer_to(asked, fr).lacks == ((unknown, GONE),)
    clean(es, fr, ma)


# ---------------------------------------------------------------------------------------------------- upkeep


def test_a_chunk_of_no_file_is_swept_and_no_other(es: Node) -> None:
    put_in(es, a_text(600_000))
    with connection.cursor() as cursor:
        data = secrets.token_bytes(100)
        cursor.execute(
            "INSERT INTO exchange_chunk (hash, size, data, stored_ms) VALUES (%s, 100, %s, 5)",
            (hashlib.sha256(data).digest(), data),
        )
    assert chunk_count(es) == 4
    assert sweep_chunks(before_ms=es.context.clock() + 1) == 1
    assert chunk_count(es) == 3


@pytest.mark.parametrize("harm", ["altered", "lost"])
def test_fsck_sees_a_chunk_that_is_altered_or_lost(es: Node, harm: str) -> None:
    put_in(es, a_text(600_000))
    clean(es)
    with connection.cursor() as cursor:
        if harm == "lost":
            cursor.execute("DELETE FROM exchange_chunk WHERE hash = (SELECT MIN(hash) FROM exchange_chunk)")
        else:
            cursor.execute("UPDATE exchange_chunk SET data = %s", (b"x",))
    codes = {finding.code for finding in fsck(es.context).findings}
    assert codes == {"chunk-missing" if harm == "lost" else "chunk"}
