"""What must be true of two nodes after everything that was done to them: nothing lost, nothing doubled, all of it proven.

Invariant: `check_pair` reads the tests' own tables and promises beside the nodes' tables, so a node can't pass by agreeing with itself.
"""

from __future__ import annotations

from collections import Counter

from django.db import connections

from support.launcher import CHAINS, ECHO, ECHO_EVERY, STEP
from support.pair import Pair, RealNode, until
from tansiq.journal.queries import state_of
from tansiq.node.fsck import fsck
from tansiq.protocol.cbor import decode

__all__ = ["EXCHANGE_POINTS", "check_pair", "end_and_check", "promised", "said"]

EXCHANGE_POINTS = (
    "keystore.contents.before-commit",
    "keystore.contents.after-commit",
    "send.keys-kept",
    "send.before-commit",
    "send.after-commit",
    "release.before-commit",
    "release.after-commit",
    "delivery.before-request",
    "delivery.after-answer",
    "door.wraps-kept",
    "door.before-commit",
    "door.after-commit",
    "receipts.before-commit",
    "receipts.after-commit",
    "dispatch.keys-kept",
    "dispatch.before-commit",
    "dispatch.after-commit",
    "relay.wraps-kept",
    "relay.before-commit",
    "relay.after-commit",
    "retry.before-commit",
    "retry.after-commit",
    "keystore.erase.before-commit",
    "keystore.erase.after-commit",
)
"""The points of a running exchange; those of files, backup and restore have tests of their own."""


def promised(pair: Pair, node: RealNode) -> int:
    """The highest number that the node's speaker was told to be committed."""
    file = pair.folder / f"speak.{node.agency}"
    return max((int(line) for line in file.read_text(encoding="ascii").splitlines()), default=0) if file.exists() else 0


def said(node: RealNode) -> int:
    """How many steps the node has said."""
    return int(str(node.rows("SELECT COUNT(*) FROM test_said")[0][0]))


def end_and_check(pair: Pair, *, least: int) -> None:
    """Lets both say at least ``least``, falls silent, waits until all is quiet, ends both and checks everything."""
    until(lambda: min(map(said, pair.nodes)) >= least, seconds=120, what=f"{least} statements each way")
    (pair.folder / "speak").unlink()
    # The clock tells it, each half minute: what was broken on purpose may have made it miss a turn.
    until(lambda: all(map(told_directory, pair.nodes)), seconds=90, what="its directory told by each")
    pair.wait_quiet()
    assert [node.stop() for node in pair.nodes] == [0, 0]
    check_pair(pair, least=least)


def told_directory(node: RealNode) -> bool:
    """Whether the other node has the node's present directory document."""
    return node.rows("SELECT directory_sent FROM exchange_peer") == [(1,)]


def check_pair(pair: Pair, *, least: int) -> None:
    """Asserts all of it for two quiet nodes, each of which has said at least ``least`` steps."""
    for node, other in (pair.nodes, pair.nodes[::-1]):
        _check_effects(pair, node, other, least)
        _check_tables(node, other)
        _check_journals(node, other)
        report = fsck(node.open())
        connections.close_all()
        assert report.clean, [finding.text("en") for finding in report.findings]
        assert min(report.counts["leaves"], report.counts["entries"], report.counts["receipts"]) >= least


def _check_effects(pair: Pair, sender: RealNode, receiver: RealNode, least: int) -> None:
    numbers = [row[0] for row in sender.rows("SELECT number FROM test_said ORDER BY number")]
    assert len(numbers) >= least, f"{sender.agency} said {len(numbers)}"
    assert numbers == list(range(1, len(numbers) + 1)), f"{sender.agency}: a number is missing or double"
    assert promised(pair, sender) <= len(numbers), f"{sender.agency} forgot what it had committed"

    effects = receiver.rows("SELECT number, statement FROM test_effect WHERE kind = %s ORDER BY id", (STEP,))
    order = [int(str(number)) for number, _ in effects]
    lost, doubled = set(numbers) - set(order), [number for number, count in Counter(order).items() if count > 1]
    assert not lost, f"lost on the way from {sender.agency}: {sorted(map(str, lost))}"
    assert not doubled, f"doubled in effect at {receiver.agency}: {doubled}"
    assert set(order) == set(numbers), "something took effect that nobody said"
    ids = dict(sender.rows("SELECT number, statement FROM test_said"))
    assert dict(effects) == ids, "another statement took effect than was said"
    for chain in range(CHAINS):
        mine = [number for number in order if number % CHAINS == chain]
        assert mine == sorted(mine), f"causal order broken at {receiver.agency} in chain {chain}"

    echoes = [row[0] for row in sender.rows("SELECT number FROM test_effect WHERE kind = %s ORDER BY number", (ECHO,))]
    assert echoes == [number for number in numbers if int(str(number)) % ECHO_EVERY == 0], (
        "an answer is lost or doubled"
    )


def _check_tables(node: RealNode, other: RealNode) -> None:
    for table in ("exchange_outbox", "exchange_pending", "exchange_queue", "exchange_quarantine", "exchange_reported"):
        assert node.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)], f"{node.agency}: {table} is not empty"
    unproven = node.rows(
        "SELECT COUNT(*) FROM exchange_sent s WHERE NOT EXISTS (SELECT 1 FROM exchange_receipt r WHERE r.batch = s.batch)"
    )
    assert unproven == [(0,)], f"{node.agency}: sent without a receipt"
    columns = "epoch, lane, number, entry"
    sent = node.rows(f"SELECT {columns} FROM exchange_sent WHERE peer = %s ORDER BY 1, 2, 3", (other.agency,))
    received = other.rows(f"SELECT {columns} FROM exchange_received WHERE peer = %s ORDER BY 1, 2, 3", (node.agency,))
    assert sent == received, f"what {node.agency} sent is not what {other.agency} received"
    assert told_directory(node), f"{node.agency} did not tell its directory"
    _check_receipts(node, other)
    for lane in range(3):
        numbers = [row[2] for row in sent if row[1] == lane]
        assert numbers == list(range(1, len(numbers) + 1)), f"{node.agency}: lane {lane} has a gap"
    unhandled = node.rows(
        "SELECT COUNT(*) FROM exchange_received r WHERE NOT EXISTS "
        "(SELECT 1 FROM exchange_handled h WHERE h.statement = r.statement)"
    )
    assert unhandled == [(0,)], f"{node.agency}: received, but not handled"


def _check_receipts(node: RealNode, other: RealNode) -> None:
    """Every receipt names the very leaves and times that the receiver keeps."""
    kept = {
        row[:3]: row[3:]
        for row in other.rows(
            "SELECT epoch, lane, number, leaf, at_ms FROM exchange_received WHERE peer = %s", (node.agency,)
        )
    }
    batches: dict[object, list[tuple[object, ...]]] = {}
    for row in node.rows("SELECT batch, epoch, lane, number FROM exchange_sent ORDER BY epoch, lane, number"):
        batches.setdefault(row[0], []).append(kept[row[1:]])
    for batch, proof in node.rows("SELECT batch, proof FROM exchange_receipt"):
        assert type(proof) is bytes
        indices, times, *_ = decode(proof)
        assert list(zip(indices, times, strict=True)) == batches[batch], f"{other.agency} receipted something else"


def _check_journals(node: RealNode, other: RealNode) -> None:
    with node.bound():
        state = state_of(other.agency)
    assert state is not None
    assert state.cosigned, f"the journal of {node.agency} lacks the witness of {other.agency}"
    sent, received = (
        int(str(node.rows(f"SELECT COUNT(*) FROM {table} WHERE peer = %s", (other.agency,))[0][0]))
        for table in ("exchange_sent", "exchange_received")
    )
    assert state.size == sent + received, f"{node.agency}: the journal has another size than the exchange"
    mirror = other.rows("SELECT size, root FROM journal_mirror WHERE peer = %s", (node.agency,))
    assert mirror == [(state.size, state.root)], f"{other.agency} mirrors another journal than {node.agency} keeps"
