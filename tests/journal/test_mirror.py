"""We witness a peer's journal only as far as it grew from what we had witnessed; what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from support.node import Node, Nodes
from tansiq.errors import BadInput, Error, NotProven
from tansiq.journal.mirror import leaves_since, mirror_news, mirrored_size, our_witness
from tansiq.protocol.heads import journal_name, make_head, parse_head
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.merkle import EMPTY_ROOT, leaf_hash, root_of
from tansiq.protocol.parcel import JournalNews

pytestmark = pytest.mark.storage

PEER = "ma.dgst"
JOURNAL = journal_name(PEER, "es.cgi")
THEIRS = SigningKey.generate()
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
OTHERS = [*LEAVES[:4], leaf_hash(b"rewritten"), *LEAVES[5:]]
"""The same history but for the fifth leaf."""


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


def news(
    size: int,
    *,
    first: int = 0,
    time_ms: int = 1_000,
    epoch: int = 1,
    leaves: list[bytes] = LEAVES,
    signer: SigningKey = THEIRS,
    agency: str = PEER,
    journal: str = JOURNAL,
    told: list[bytes] | None = None,
    root: bytes | None = None,
) -> JournalNews:
    """What the peer tells of its journal at ``size``: the leaves from ``first`` on, or those ``told`` instead."""
    signed = root_of(leaves[:size])
    head = make_head(
        signer_agency=agency, journal=journal, time_ms=time_ms, epoch=epoch, size=size, root=signed, signer=signer
    )
    return JournalNews(
        head, signed if root is None else root, first, b"".join(leaves[first:size] if told is None else told)
    )


def hear(madrid: Node, one: JournalNews) -> bytes:
    """Takes the news; returns our witness."""
    with transaction.atomic():
        _, witness = mirror_news(
            PEER,
            one,
            agency="es.cgi",
            key_of={THEIRS.identifier: THEIRS.public},
            time_ms=5_000,
            signer=madrid.context.signer,
        )
    return witness


def state() -> list[list[object]]:
    found: list[list[object]] = []
    with connection.cursor() as cursor:
        for table in ("journal_mirror", "journal_mirror_leaves"):
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            found += [
                [bytes(value) if isinstance(value, memoryview) else value for value in row] for row in cursor.fetchall()
            ]
    return found


def refused(madrid: Node, one: JournalNews, error: type[Error] = NotProven) -> str:
    before = state()
    with pytest.raises(error) as caught:
        hear(madrid, one)
    assert state() == before
    return caught.value.code


def holds(madrid: Node, witness: bytes, size: int, *, leaves: list[bytes] = LEAVES, epoch: int = 1) -> None:
    """Our witness is our signature over the peer's journal at this size."""
    head = parse_head(witness)
    assert (head.signer, head.journal, head.size, head.epoch) == ("es.cgi", JOURNAL, size, epoch)
    head.verify(madrid.context.signer.public, root_of(leaves[:size]))
    assert mirrored_size(PEER) == size
    assert leaves_since(PEER, 0) == b"".join(leaves[:size])


def test_what_grows_is_witnessed(madrid: Node) -> None:
    assert (mirrored_size(PEER), leaves_since(PEER, 0)) == (0, b"")
    assert our_witness(PEER, agency="es.cgi", time_ms=1, signer=madrid.context.signer) == b""
    holds(madrid, hear(madrid, news(0)), 0)
    holds(madrid, hear(madrid, news(3)), 3)
    holds(madrid, hear(madrid, news(4, first=3, time_ms=2_000)), 4)
    holds(madrid, hear(madrid, news(33, first=1, time_ms=3_000)), 33)  # leaves that we know already may come again
    holds(madrid, our_witness(PEER, agency="es.cgi", time_ms=1, signer=madrid.context.signer), 33)


def test_the_same_again_changes_nothing(madrid: Node) -> None:
    one = news(7)
    first = hear(madrid, one)
    before = state()
    assert hear(madrid, one) == hear(madrid, news(7, first=7, time_ms=8_000)) == first
    assert state() == before


@pytest.mark.parametrize("size", [0, 1, 4, 6, 8, 11])
def test_a_late_older_head_of_the_same_history_is_accepted_and_adds_nothing(madrid: Node, size: int) -> None:
    for reached in (3, 8):
        hear(madrid, news(reached, first=mirrored_size(PEER), time_ms=1_000 * reached))
    witness = hear(madrid, news(12, first=8, time_ms=12_000))
    before = state()
    assert hear(madrid, news(size, time_ms=1_000 * size)) == witness
    assert state() == before


@pytest.mark.parametrize("size", [5, 6, 8, 12])
def test_another_history_is_a_fork(madrid: Node, size: int) -> None:
    hear(madrid, news(8, time_ms=2_000))
    assert refused(madrid, news(size, leaves=OTHERS, time_ms=2_000)) == "journal.forked"
    holds(madrid, our_witness(PEER, agency="es.cgi", time_ms=1, signer=madrid.context.signer), 8)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(lambda: news(12, first=8, told=LEAVES[8:11]), id="one too few"),
        pytest.param(lambda: news(12, first=8, told=LEAVES[8:13]), id="one too many"),
        pytest.param(lambda: news(12, first=8, told=[]), id="none"),
        pytest.param(lambda: news(12, first=8, told=LEAVES[11:7:-1]), id="in another order"),
        pytest.param(lambda: news(12, first=8, leaves=OTHERS, time_ms=3_000), id="grown from another history"),
    ],
)
def test_leaves_that_do_not_lead_to_the_root_are_a_fork(madrid: Node, told: Callable[[], JournalNews]) -> None:
    hear(madrid, news(8))
    assert refused(madrid, told()) == "journal.forked"


@pytest.mark.parametrize("size", [0, 4, 7])
def test_a_journal_that_shrank_was_rolled_back(madrid: Node, size: int) -> None:
    hear(madrid, news(8, time_ms=2_000))
    assert refused(madrid, news(size, time_ms=2_001)) == "journal.rolled-back"
    assert refused(madrid, news(size, time_ms=1_000, epoch=2)) == "journal.rolled-back"


def test_missing_leaves_are_asked_for(madrid: Node) -> None:
    assert refused(madrid, news(9, first=1), BadInput) == "journal.leaves-missing"
    hear(madrid, news(4))
    assert refused(madrid, news(9, first=5), BadInput) == "journal.leaves-missing"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda: news(9, signer=SigningKey.generate()), "journal.wrong-head"),
        (lambda: news(9, agency="fr.dgsi"), "journal.wrong-head"),
        (lambda: news(9, journal=journal_name("es.cgi", PEER)), "journal.wrong-head"),
        (lambda: news(9, journal=journal_name(PEER, "fr.dgsi")), "journal.wrong-head"),
        (lambda: news(9, root=root_of(OTHERS[:9])), "protocol.wrong-signature"),
        (lambda: news(9, root=EMPTY_ROOT), "protocol.wrong-signature"),
    ],
    ids=["key", "agency", "our journal", "another relation", "root", "empty root"],
)
def test_only_the_peers_own_head_counts(madrid: Node, wrong: Callable[[], JournalNews], code: str) -> None:
    assert refused(madrid, wrong()) == code
    hear(madrid, news(8))
    assert refused(madrid, wrong()) == code


def test_after_a_restore_the_journal_goes_on_under_a_later_epoch(madrid: Node) -> None:
    hear(madrid, news(8, time_ms=2_000))
    holds(madrid, hear(madrid, news(8, first=8, epoch=2, time_ms=3_000)), 8, epoch=2)
    holds(madrid, hear(madrid, news(10, first=8, epoch=2, time_ms=4_000)), 10, epoch=2)
    assert refused(madrid, news(11, first=10, epoch=1, time_ms=5_000)) == "journal.forked"
    assert refused(madrid, news(12, first=10, epoch=2, leaves=OTHERS, time_ms=5_000)) == "journal.forked"


def test_leaves_are_given_back_from_any_number(madrid: Node) -> None:
    for reached in (5, 6, 20, 40):
        hear(madrid, news(reached, first=mirrored_size(PEER), time_ms=reached))
    assert [leaves_since(PEER, first) for first in range(43)] == [b"".join(LEAVES[first:]) for first in range(43)]
    assert leaves_since("fr.dgsi", 0) == b""


def test_a_new_key_of_ours_witnesses_anew(madrid: Node) -> None:
    before = hear(madrid, news(8))
    fresh = SigningKey.generate()
    witness = our_witness(PEER, agency="es.cgi", time_ms=9_000, signer=fresh)
    assert witness != before
    parse_head(witness).verify(fresh.public, root_of(LEAVES[:8]))
    assert our_witness(PEER, agency="es.cgi", time_ms=9_999, signer=fresh) == witness
