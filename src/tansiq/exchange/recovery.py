"""After a restore: asks a peer step by step for what was lost, proves each answer and puts it back.

Invariant: every step is one commit and can be repeated, so asking may end at any instruction; until the last step
nothing is sent to the peer (`restoring.require_whole`). Our journal grows only by leaves whose root we signed
ourselves, and no leaf is kept before our own signature says how many there are; the first thing that leaves under the new
epoch is the announcement of it. Bytes in, bytes out: a request, or a file by courier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, node_keys, own_directory
from tansiq.directory.services import publish_own, take_directory
from tansiq.errors import BadInput, NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import bury
from tansiq.exchange.lanes import advance_mark, lost_numbers, received_lanes
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.reconcile import Reconciled, reconcile
from tansiq.exchange.recovered import Lost, key_at, store_received, store_sent
from tansiq.exchange.restore_wire import (
    Directories,
    ItemsPage,
    JournalPage,
    LaneStart,
    Question,
    Topic,
    lanes_from_bytes,
    lanes_to_bytes,
)
from tansiq.exchange.service import announce
from tansiq.exchange.standing import LOST
from tansiq.journal.mirror import mirror_news, mirrored_size
from tansiq.journal.queries import JournalNodes
from tansiq.journal.services import append, position, restart_epoch
from tansiq.protocol.directory import parse_directory
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.heads import Direction, Head, journal_name, parse_head
from tansiq.protocol.limits import MAX_LEAVES
from tansiq.protocol.merkle import Frontier
from tansiq.protocol.parcel import JournalNews
from tansiq.protocol.parts import Part

__all__ = ["begin_recovery", "next_question", "prepare_recovery", "recover", "take_answer"]

_NOTHING: LaneStart = (0, 0, 0)


class _Step(IntEnum):
    LOADED = -1
    DIRECTORIES = 0
    JOURNAL = 1
    MIRROR = 2
    SENT = 3
    RECEIVED = 4
    END = 5


@dataclass(frozen=True, slots=True)
class _State:
    peer: str
    step: _Step
    backup_ms: int
    mirror_ms: int
    size: int
    next_epoch: int
    sent_from: tuple[LaneStart, ...]
    received_from: tuple[LaneStart, ...]
    after: LaneStart
    leaves: bytes


def _state(peer: str) -> _State | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT step, backup_ms, mirror_ms, size, next_epoch, sent_from, received_from, after, leaves FROM exchange_restore WHERE peer = %s",
            (peer,),
        )
        row = cursor.fetchone()
    if row is None:
        return None
    sent, received, after = (lanes_from_bytes(bytes(row[at])) for at in (5, 6, 7))
    return _State(
        peer, _Step(row[0]), row[1], row[2], row[3], row[4], sent, received, (after or (_NOTHING,))[0], bytes(row[8])
    )


def _starts(peer: str, lacking: Iterable[bytes]) -> tuple[list[LaneStart], list[LaneStart]]:
    """From which numbers on to ask, per lane: of what we sent and of what we received.

    That is what follows the backup, what had no receipt in it, and whatever the key store lacks the keys of.
    """
    sent: dict[tuple[int, int], int] = {}
    received: dict[tuple[int, int], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, lane, number FROM exchange_lane WHERE peer = %s AND direction = %s",
            (peer, int(Direction.SENT)),
        )
        sent.update(((row[0], row[1]), row[2]) for row in cursor.fetchall())
        cursor.execute(
            "SELECT epoch, lane, MIN(first) FROM exchange_pending WHERE peer = %s GROUP BY epoch, lane", (peer,)
        )
        for epoch, lane, number in cursor.fetchall():
            sent[epoch, lane] = min(number, sent.get((epoch, lane), number))
        received.update(((epoch, lane), mark) for epoch, lane, mark in received_lanes(peer))
        for thing in lacking:
            for starts, table in ((sent, "exchange_sent"), (received, "exchange_received")):
                cursor.execute(
                    f"SELECT epoch, lane, number FROM {table} WHERE statement = %s AND peer = %s", (thing, peer)
                )
                for epoch, lane, number in cursor.fetchall():
                    starts[epoch, lane] = min(number, starts.get((epoch, lane), number))
    return _in_order(sent), _in_order(received)


def _in_order(starts: dict[tuple[int, int], int]) -> list[LaneStart]:
    return [(epoch, lane, number) for (epoch, lane), number in sorted(starts.items())]


def begin_recovery(*, agency: str, backup_ms: int, mirror_ms: int, now_ms: int) -> list[str]:
    """Notes, in the transaction that loads a backup, that every confirmed peer must be asked; returns the peers.

    ``backup_ms`` and ``mirror_ms`` are when the backup and the key store were copied. A row under our own ``agency``
    says that `prepare_recovery` must come first.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.agency, j.size FROM directory_partner p JOIN journal_journal j ON j.peer = p.agency "
            "WHERE p.is_self = %s AND p.confirmed_ms > 0 ORDER BY p.agency",
            (False,),
        )
        peers = [(row[0], row[1]) for row in cursor.fetchall()]
        nothing = lanes_to_bytes([])
        cursor.execute("DELETE FROM exchange_restore")
        cursor.executemany(
            "INSERT INTO exchange_restore (peer, step, since_ms, backup_ms, mirror_ms, size, next_epoch, sent_from, received_from, after, leaves) "
            "VALUES (%s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s)",
            [
                (peer, int(_Step.LOADED), now_ms, backup_ms, mirror_ms, size, nothing, nothing, nothing, b"")
                for peer, size in (*peers, (agency, 0))
            ],
        )
    return [peer for peer, _ in peers]


def prepare_recovery(*, context: Context) -> Reconciled | None:
    """Compares a database that was just loaded with the key store, so that the peers are asked for what is lacking too.

    Returns None when this was done before, or nothing is being restored.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT mirror_ms FROM exchange_restore WHERE peer = %s", (context.agency,))
        row = cursor.fetchone()
        if row is None:
            return None
        found = reconcile(mirror_ms=row[0], context=context)
        cursor.execute("SELECT peer FROM exchange_restore WHERE peer <> %s", (context.agency,))
        for (peer,) in cursor.fetchall():
            sent, received = _starts(peer, found.lacking)
            cursor.execute(
                "UPDATE exchange_restore SET step = %s, sent_from = %s, received_from = %s WHERE peer = %s",
                (int(_Step.DIRECTORIES), lanes_to_bytes(sent), lanes_to_bytes(received), peer),
            )
        cursor.execute("DELETE FROM exchange_restore WHERE peer = %s", (context.agency,))
    return found


def next_question(peer: str, *, context: Context) -> bytes | None:
    """What to ask ``peer`` next; None when nothing is left to ask, and then the peer is spoken to again."""
    prepare_recovery(context=context)
    state = _state(peer)
    if state is None:
        return None
    if state.step == _Step.END:
        _end(state, context)
        return None
    topic = Topic(int(state.step))
    if topic == Topic.ASKERS_JOURNAL:
        return Question(topic=topic, first=state.size + len(state.leaves) // 32).to_bytes()
    if topic == Topic.ANSWERERS_JOURNAL:
        return Question(topic=topic, first=mirrored_size(peer)).to_bytes()
    lanes = state.sent_from if topic == Topic.ASKER_SENT else state.received_from
    return Question(topic=topic, lanes=() if topic == Topic.DIRECTORIES else lanes, after=state.after).to_bytes()


def take_answer(peer: str, answer: bytes, *, context: Context) -> None:
    """Proves an answer to the last question and puts back what it holds. Raises BadInput or NotProven: then nothing has
    changed, but that leaves of our journal which turned out not to be ours are asked for anew.
    """
    state = None
    try:
        with transaction.atomic():
            state = _state(peer)
            if state is None or state.step not in _TAKE:
                return
            _TAKE[state.step](state, answer, context)
    except NotProven:
        if state is not None and state.step == _Step.JOURNAL and state.leaves:
            _go_on(peer, _Step.JOURNAL)
        raise
    settle_own(context=context)


def recover(peer: str, ask: Callable[[bytes], bytes], *, context: Context) -> None:
    """Asks until everything is back; ``ask`` carries a question to the peer and returns its answer."""
    while (question := next_question(peer, context=context)) is not None:
        take_answer(peer, ask(question), context=context)
    while settle_own(context=context):
        pass


def _go_on(
    peer: str, step: _Step, *, after: LaneStart = _NOTHING, leaves: bytes = b"", next_epoch: int | None = None
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_restore SET step = %s, after = %s, leaves = %s, next_epoch = COALESCE(%s, next_epoch) WHERE peer = %s",
            (int(step), lanes_to_bytes([after]), leaves, next_epoch, peer),
        )


def _take_directories(state: _State, answer: bytes, context: Context) -> None:
    page = Directories.parse(answer)
    now_ms = context.clock()
    taken = take_directory(page.answerers, now_ms=now_ms)
    if taken.agency != state.peer:
        raise NotProven("protocol.other-identity", agency=state.peer)
    own = own_directory()
    if page.askers != own.encoded:
        _take_own(page.askers, number=own.number, now_ms=now_ms)
    _go_on(state.peer, _Step.JOURNAL)


def _take_own(encoded: bytes, *, number: int, now_ms: int) -> None:
    """Our own later document, which we published after the backup: our identity key signed it."""
    later = parse_directory(encoded)
    if later.number > number:
        publish_own(later, now_ms=now_ms)


def _take_journal(state: _State, answer: bytes, context: Context) -> None:
    page = JournalPage.parse(answer, Topic.ASKERS_JOURNAL)
    known = state.size + (len(state.leaves) + len(page.leaves)) // 32
    if page.first != state.size + len(state.leaves) // 32 or (page.leaves and known > page.size):
        raise BadInput("exchange.restore-other-answer", topic=int(page.topic))
    head = _signed_by_both(state, page, context) if page.size else None
    if known < page.size and page.leaves:
        _go_on(state.peer, _Step.JOURNAL, leaves=state.leaves + page.leaves)
        return
    if known < page.size:
        raise BadInput("journal.leaves-missing", first=known, known=page.size)
    if head is not None:
        _rebuild(state, page, head, state.leaves + page.leaves)
    _go_on(state.peer, _Step.MIRROR, next_epoch=page.epoch)


def _signed_by_both(state: _State, page: JournalPage, context: Context) -> Head:
    """Our head of the page. Raises NotProven unless we and the peer signed just this size and root of our journal."""
    head, witness = parse_head(page.head), parse_head(page.witness)
    name = journal_name(context.agency, state.peer)
    if head.signer != context.agency or witness.signer != state.peer or {head.journal, witness.journal} != {name}:
        raise NotProven("exchange.restore-other-journal", peer=state.peer)
    if {head.size, witness.size} != {page.size}:
        raise NotProven("exchange.restore-other-journal", peer=state.peer)
    head.verify(key_at(context.agency, head.signature.signer, head.time_ms), page.root)
    witness.verify(key_at(state.peer, witness.signature.signer, witness.time_ms), page.root)
    return head


def _rebuild(state: _State, page: JournalPage, head: Head, gathered: bytes) -> None:
    """Grows our journal to what the peer witnessed, if our own signature stands over exactly that."""
    if gathered:
        append(state.peer, [gathered[at : at + 32] for at in range(0, len(gathered), 32)])
    at = position(state.peer)
    root = at.root if at.size == page.size else Frontier.at(page.size, JournalNodes(state.peer)).root()
    if root != page.root:
        raise NotProven("exchange.restore-other-journal", peer=state.peer)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_witnessed (peer, epoch, size, root, head, witness) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (peer, epoch, size) DO UPDATE SET root = excluded.root, head = excluded.head, witness = excluded.witness",
            (state.peer, head.epoch, page.size, page.root, page.head, page.witness),
        )


def _take_mirror(state: _State, answer: bytes, context: Context) -> None:
    """Mirrors a page of the peer's journal, of which the peer signed what stands at its end; a full page is not the last."""
    page = JournalPage.parse(answer, Topic.ANSWERERS_JOURNAL)
    known = mirrored_size(state.peer)
    if page.first != known:
        raise BadInput("exchange.restore-other-answer", topic=int(page.topic))
    if (end := known + len(page.leaves) // 32) < page.size:
        raise BadInput("journal.leaves-missing", first=end, known=page.size)
    now_ms = context.clock()
    mirror_news(
        state.peer,
        JournalNews(page.head, page.root, known, page.leaves),
        agency=context.agency,
        key_of=node_keys(current_directory(state.peer), now_ms),
        time_ms=now_ms,
        signer=context.signer,
    )
    full = len(page.leaves) == 32 * MAX_LEAVES and mirrored_size(state.peer) == end
    _go_on(state.peer, _Step.MIRROR if full else _Step.SENT)


def _last(page: ItemsPage) -> LaneStart:
    entry = parse_entry(page.batches[-1].items[-1].entry)
    return entry.epoch, int(entry.lane), entry.number


def _take_items(state: _State, answer: bytes, context: Context) -> None:
    sent = state.step == _Step.SENT
    page = ItemsPage.parse(answer, Topic(int(state.step)))
    lost = Lost(state.peer, min(state.size, position(state.peer).size), position(state.peer).size, state.mirror_ms)
    (store_sent if sent else store_received)(page, lost=lost, context=context)
    if not page.more:
        _go_on(state.peer, _Step.RECEIVED if sent else _Step.END)
        return
    if not page.batches or _last(page) <= state.after:
        raise BadInput("exchange.restore-other-answer", topic=int(page.topic))
    _go_on(state.peer, state.step, after=_last(page))


_TAKE = {
    _Step.DIRECTORIES: _take_directories,
    _Step.JOURNAL: _take_journal,
    _Step.MIRROR: _take_mirror,
    _Step.SENT: _take_items,
    _Step.RECEIVED: _take_items,
}


def _end(state: _State, context: Context) -> None:
    """One commit: the marks of the lanes, the next epoch, its announcement ahead of all that waits, and the peer is
    whole.
    """
    peer = state.peer
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT epoch, lane FROM exchange_received WHERE peer = %s", (peer,))
        for epoch, lane in cursor.fetchall():
            advance_mark(peer, epoch, lane)
        cursor.execute(
            "SELECT epoch, lane FROM exchange_lane WHERE peer = %s AND direction = %s", (peer, int(Direction.SENT))
        )
        closed = [[epoch, lane, *lost_numbers(peer, epoch, lane)] for epoch, lane in cursor.fetchall()]
        at = position(peer)
        epoch = max(state.next_epoch, at.epoch + 1)
        restart_epoch(peer, epoch=epoch)
        cursor.execute(
            "INSERT INTO exchange_peer (peer, our_epoch, their_epoch, heard_ms, skew_ms, failures, last_error, retry_ms, directory_sent) "
            "VALUES (%s, %s, 1, 0, 0, 0, '', 0, 0) ON CONFLICT (peer) DO UPDATE SET our_epoch = excluded.our_epoch, failures = 0, "
            "last_error = '', retry_ms = 0",
            (peer, epoch),
        )
        cursor.execute(
            "SELECT statement, handovers, held, by_hand, channel, partners, matter, kind, since_ms FROM exchange_outbox "
            "WHERE peer = %s AND lane = 0 ORDER BY id",
            (peer,),
        )
        waiting = cursor.fetchall()
        cursor.execute("DELETE FROM exchange_outbox WHERE peer = %s AND lane = 0", (peer,))
        ranges = [[one[0], one[1], one[2], [list(lost) for lost in one[3]]] for one in closed]
        announce(
            peer,
            Part("service.epoch", {0: epoch, 1: "restored", 2: state.backup_ms, 3: ranges, 4: at.size}),
            context=context,
        )
        cursor.executemany(
            "INSERT INTO exchange_outbox (peer, lane, statement, handovers, held, by_hand, channel, partners, matter, kind, since_ms) "
            "VALUES (%s, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(peer, *row) for row in waiting],
        )
        cursor.execute("DELETE FROM exchange_restore WHERE peer = %s", (peer,))
        cursor.execute("SELECT COUNT(*) FROM exchange_restore")
        if not cursor.fetchone()[0]:
            # Nobody is left who could return them.
            bury(reconcile(mirror_ms=state.mirror_ms, context=context).lacking, reason=LOST, now_ms=context.clock())
