"""The worker: delivery to peers, dispatch of what came, the clock's sweeps, and the socket where acts are asked for.

Invariant: everything here may end at any instruction; what was under way is found again in the tables.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from django.db import close_old_connections, connections

from tansiq.accounts.upkeep import sweep_accounts
from tansiq.cases.erasure import erase_due, sweep_erasures
from tansiq.cases.files import sweep_uploads
from tansiq.channels.ending import sweep_passed
from tansiq.channels.settling import settle_due
from tansiq.channels.stops import tell_stops
from tansiq.enquiries.notices import remind, use_notifier
from tansiq.enquiries.receipts import note_receipts
from tansiq.exchange.context import Context
from tansiq.exchange.delivery import Delivery
from tansiq.exchange.dispatch import dispatch_once, wake_waiting
from tansiq.exchange.files_delivery import FileDelivery
from tansiq.exchange.restoring import restoring_peers
from tansiq.exchange.service import tell_directory
from tansiq.exchange.wake import ARRIVED, OUTGOING, SWEEP_SECONDS, wake_socket
from tansiq.journal.checking import go_on
from tansiq.node.acts import serve_acts
from tansiq.node.acts_health import serve_health
from tansiq.node.counting import node_counts
from tansiq.node.home import Home
from tansiq.node.metrics import serve_metrics
from tansiq.node.mirror import mirror_if_due
from tansiq.node.notify import Notices, transport_of
from tansiq.node.recovery import resume
from tansiq.node.sweep import sweep
from tansiq.notices.declared import expire_declarations
from tansiq.notices.members import tell_members
from tansiq.notices.settling import expire
from tansiq.office.folding import fold_came
from tansiq.relations.direct_ending import erase_direct_due

__all__ = ["keep_up", "tick", "work"]

_log = logging.getLogger("tansiq.worker")
_UPKEEP_FIRST = 60.0
_UPKEEP_EVERY = 3600.0
_AT_ONCE = 100
_CHECKED_AT_ONCE = 20


async def _dispatching(context: Context, event: asyncio.Event, pool: ThreadPoolExecutor, delivery: Delivery) -> None:
    """Dispatches whatever waits, whenever something came; a broken database is waited for."""
    loop = asyncio.get_running_loop()

    def once() -> int:
        close_old_connections()
        started, done = time.monotonic(), dispatch_once(context=context)
        if done:
            node_counts.took("dispatch", time.monotonic() - started)
            node_counts.add("dispatches", "ok")
            node_counts.add("statements", "dispatched", done)
        return done

    while True:
        event.clear()
        try:
            while await loop.run_in_executor(pool, once):
                delivery.wake()
        except Exception:
            # A full disk, a lost connection: what waits stays in the queue, and the rest of the node goes on meanwhile.
            node_counts.add("dispatches", "failed")
            _log.exception("dispatch failed; trying again")
            await asyncio.sleep(1.0)
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                await event.wait()
        except TimeoutError:
            pass


async def _waking(home: Home, arrived: asyncio.Event, delivery: Delivery) -> None:
    """Passes on the datagrams of other processes of this node."""
    loop = asyncio.get_running_loop()
    with wake_socket(str(home.run)) as receiver:
        while True:
            what = await loop.sock_recv(receiver, 16)
            if what != OUTGOING:
                arrived.set()
            if what != ARRIVED:
                delivery.wake()


def _check_journal(context: Context) -> None:
    """Goes on with the check of the access journal that somebody ordered, for a moment."""
    for _ in range(_CHECKED_AT_ONCE):
        if not go_on(now_ms=context.clock()):
            return


def tick(context: Context) -> int:
    """What the clock does every half minute (or as often as ``clock_seconds`` says): lets what waited be looked at again, settles the
    channels of which a named moment has come, writes down when partners received our enquiries, calls officers to what is due, ends notices
    whose time has come and sessions, folds what came into an office's register, goes on with a check of the access journal, tells partners
    our newer directory document and members one another's; returns how many partners were told.

    Each of them stands alone: one that fails is logged and tried again with the next tick, and the others run.
    """
    told = 0

    def tell() -> None:
        nonlocal told
        told = tell_directory(context=context)

    steps: dict[str, Callable[[], object]] = {
        "wake": wake_waiting,
        "channels": lambda: settle_due(context=context),
        "receipts": note_receipts,
        "reminders": lambda: remind(context),
        "stops": lambda: tell_stops(context=context),
        "notices": lambda: expire(context=context),
        "declarations": lambda: expire_declarations(context=context),
        "accounts": sweep_accounts,
        "members": lambda: tell_members(context=context),
        "office": lambda: fold_came(context=context),
        "journal": lambda: _check_journal(context),
        "directory": tell,
    }
    _each_alone(steps)
    return told


def _each_alone(steps: Mapping[str, Callable[[], object]]) -> None:
    """Runs the steps one after another; one that fails is logged, and the others run."""
    for name, step in steps.items():
        try:
            close_old_connections()  # the step before may have broken one
            step()
        except Exception:
            _log.exception("a sweep failed: %s", name)


def _all_direct_due(context: Context) -> None:
    while erase_direct_due(context=context, limit=_AT_ONCE) == _AT_ONCE:
        continue


def keep_up(home: Home, context: Context) -> None:
    """What is done seldom: erasures that are due or were left half-done, orphans swept, the key store mirrored.

    Nothing is erased by its age while peers have not yet given back what a restored backup lacked. Each step stands alone, as in `tick`:
    what one of them trips over keeps nothing else here any longer.
    """
    close_old_connections()
    steps: dict[str, Callable[[], object]] = {}
    if not restoring_peers():
        steps = {
            "erasures": lambda: sweep_erasures(context=context),
            "uploads": lambda: sweep_uploads(context=context),
            "due": lambda: erase_due(context=context),
            "direct": lambda: _all_direct_due(context),
            "passed": lambda: sweep_passed(context=context),
        }
    _each_alone(
        steps | {"orphans": lambda: sweep(context=context), "mirror": lambda: mirror_if_due(home, context=context)}
    )


async def _clock(home: Home, context: Context, pool: ThreadPoolExecutor, delivery: Delivery) -> None:
    """The sweeps that need no event, one after another with ``clock_seconds`` between them."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            if await loop.run_in_executor(pool, tick, context):
                delivery.wake()
        except Exception:
            _log.exception("a sweep failed")
        await asyncio.sleep(home.clock_seconds)


async def _restoring(context: Context, pool: ThreadPoolExecutor, delivery: Delivery) -> None:
    """After a restore: asks every peer for what was lost; then there is nothing more to do."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=90), auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        await resume(context, session, pool=pool, recovered=lambda _peer: delivery.wake())
    await asyncio.Event().wait()


async def _upkeep(home: Home, context: Context, pool: ThreadPoolExecutor) -> None:
    """`keep_up`, a minute after the start and then every hour."""
    loop = asyncio.get_running_loop()
    pause = _UPKEEP_FIRST
    while True:
        await asyncio.sleep(pause)
        pause = _UPKEEP_EVERY
        try:
            await loop.run_in_executor(pool, keep_up, home, context)
        except Exception:
            # Upkeep that fails is seen by `tansiq doctor` (the mirror's age); the node goes on.
            _log.exception("upkeep failed")


async def _telling(home: Home, context: Context) -> None:
    """Tells officers outside the pages that something waits, in a thread of its own; a mail server may take its time."""
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    notices = Notices(home, transport_of(home), clock=context.clock, woken=lambda: loop.call_soon_threadsafe(woken.set))
    use_notifier(notices)
    pool = ThreadPoolExecutor(1, "notices")

    def round_of() -> float:
        close_old_connections()
        return notices.round()

    try:
        while True:
            woken.clear()
            pause = 60.0
            try:
                pause = await loop.run_in_executor(pool, round_of)
            except Exception:
                _log.exception("officers could not be told")
            try:
                async with asyncio.timeout(pause):
                    await woken.wait()
            except TimeoutError:
                pass
    finally:
        pool.submit(connections.close_all)
        pool.shutdown(wait=False)


def _count_delivery(well: bool, seconds: float) -> None:  # noqa: FBT001 (what `Delivery` tells)
    node_counts.add("deliveries", "ok" if well else "failed")
    if well:
        node_counts.took("delivery", seconds)


async def work(home: Home, context: Context, *, pulls: bool) -> None:
    """Runs the worker of ``home`` until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    arrived = asyncio.Event()
    serve_health(home)
    delivering, dispatching = ThreadPoolExecutor(2, "delivery"), ThreadPoolExecutor(1, "dispatch")
    fetching = ThreadPoolExecutor(1, "files")
    delivery = Delivery(
        context,
        pool=delivering,
        arrived=lambda: loop.call_soon_threadsafe(arrived.set),
        pull_seconds=home.pull_seconds,
        pulls=pulls,
        observe=_count_delivery,
    )

    files = FileDelivery(context, pool=fetching, pull_seconds=home.pull_seconds, pulls=pulls)

    def woken() -> None:
        arrived.set()
        delivery.wake()

    tasks = [
        asyncio.create_task(delivery.run()),
        asyncio.create_task(files.run()),
        asyncio.create_task(_dispatching(context, arrived, dispatching, delivery)),
        asyncio.create_task(_waking(home, arrived, delivery)),
        asyncio.create_task(_clock(home, context, delivering, delivery)),
        asyncio.create_task(_upkeep(home, context, delivering)),
        asyncio.create_task(_restoring(context, delivering, delivery)),
        asyncio.create_task(serve_acts(home, context, woken=woken)),
        asyncio.create_task(serve_metrics(home, context)),
        asyncio.create_task(_telling(home, context)),
    ]
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        fetching.shutdown(wait=True, cancel_futures=True)
        delivering.shutdown(wait=True, cancel_futures=True)
        dispatching.shutdown(wait=True, cancel_futures=True)
