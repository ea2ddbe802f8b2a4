"""The processes of a running node: the web (its door), the worker (delivery, dispatch, clock, acts) and, where the node
has any, the pages that officers open.

Invariant: one process tree for a home, forked from one opened node, so that its memory is shared; when one process dies, all
end, and a supervisor (systemd) starts the tree again. All work is restartable at any instruction, so ending is always
safe.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from typing import Final

import uvicorn
from django.db import connections

from tansiq.directory.queries import partners
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.door import Door
from tansiq.exchange.peers import peer_states
from tansiq.node.certificate import held_certificates, server_context
from tansiq.node.counted import Counted
from tansiq.node.counting import node_counts
from tansiq.node.guard import GuardedProtocol, GuardedServer
from tansiq.node.home import Home
from tansiq.node.metrics import parse_place
from tansiq.node.notify import transport_of
from tansiq.node.opening import open_node
from tansiq.node.pages import run_pages
from tansiq.node.running import DOOR, WORKER, held
from tansiq.node.worker import work
from tansiq.registers.matching import index_of

__all__ = ["check_settings", "run_node", "run_web", "run_worker", "settle_memory"]

_ENDING: Final = frozenset({signal.SIGTERM, signal.SIGINT})
"""The signals by which a node is told to end."""


def _tls_secret(context: Context) -> tuple[bytes, bytes]:
    """The certificate to show: the newest, unless a partner does not have the document that pins it yet."""
    directory = context.directory
    told = {state.peer: state.directory_sent for state in peer_states()}
    behind = any(
        told.get(partner.agency, 0) < directory.number
        for partner in partners()
        if not partner.is_self and partner.confirmed_ms
    )
    held = held_certificates(context.keys)
    usable = [certificate for certificate in directory.tls if certificate in held]
    if not usable:
        raise NotFound("node.no-certificate", agency=context.agency)
    shown = usable[0] if behind else usable[-1]
    return shown, held[shown]


async def _serve(home: Home, context: Context, tls: ssl.SSLContext) -> None:
    host, _, port = home.listen.rpartition(":")
    # On SQLite a second one, so that an urgent parcel need not wait until all signatures of a bulky one are verified.
    threads = 4 if home.on_postgresql else 2
    door = Door(context, run_directory=str(home.run), threads=threads)
    config = uvicorn.Config(
        Counted(door, "door"), host=host, port=int(port), http=GuardedProtocol, loop="uvloop", lifespan="off", ws="none", log_config=None,
        access_log=False, server_header=False, limit_concurrency=256, timeout_keep_alive=75,
    )  # fmt: skip
    config.load()
    config.ssl = tls
    await GuardedServer(config).serve()


def run_web(home: Home, context: Context | None = None) -> None:
    """Serves the door until it is told to end. Raises Conflict when this home has a door, and what opening raises."""
    if context is None:
        with held(home, DOOR):
            run_web(home, open_node(home))
        return
    tls = server_context(*_tls_secret(context))
    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        runner.run(_serve(home, context, tls))


def run_worker(home: Home, context: Context | None = None) -> None:
    """Delivers, dispatches, keeps the clock and takes acts until it is told to end. Raises Conflict when this home has a worker, and
    what opening raises.
    """
    if context is None:
        with held(home, WORKER):
            run_worker(home, open_node(home))
        return
    pulls = context.directory.pulls
    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        runner.run(work(home, context, pulls=pulls))


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop  # noqa: PLC0415 (only the processes need it)

    return uvloop.new_event_loop


def _end_with_parent(lifeline: int) -> None:
    """Ends this process as soon as the first one is gone: an orphan would deliver beside the node that is started again."""
    os.read(lifeline, 1)
    os._exit(1)


def _fork(
    function: Callable[[Home, Context], None], home: Home, context: Context, *, lifeline: tuple[int, int], part: int
) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            node_counts.claim(part)
            os.close(lifeline[1])
            threading.Thread(target=_end_with_parent, args=(lifeline[0],), daemon=True).start()
            function(home, context)
            status = 0
        except Exception:
            # The child of a fork never returns to its parent's stack; what killed it is logged here.
            logging.getLogger("tansiq.node").exception("a process of the node failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return pid


def check_settings(home: Home) -> None:
    """Raises BadInput and Refused for what a process would fail by later."""
    if home.metrics:
        parse_place(home.metrics)
    transport_of(home)


def settle_memory() -> None:
    """What is loaded by now is there for good: the collector of cycles passes over it, and looks less often at what batches
    leave behind (they leave no cycles). So it costs a fortieth, and the forked processes go on sharing those pages.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def run_node(home: Home, *, ready: Callable[[], None] = lambda: None) -> int:
    """Runs web, worker and pages until SIGTERM or SIGINT; returns the exit code (1 when a process died of itself).

    Raises Conflict when a node runs in this home, what opening raises, and BadInput or Refused when a setting of the metrics or of the
    notifications is wrong.
    """
    check_settings(home)
    with held(home, DOOR, WORKER):
        return _run_tree(home, ready=ready)


def _run_tree(home: Home, *, ready: Callable[[], None]) -> int:
    context = open_node(home)
    index_of(context).refresh()  # before the fork: one copy in memory, which the processes share
    connections.close_all()
    settle_memory()
    lifeline = os.pipe()
    functions = (run_web, run_worker, run_pages) if home.pages else (run_web, run_worker)
    # The door may listen, and the node be told to end, before this process goes on: that waits until it is ready for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    children = {
        _fork(function, home, context, lifeline=lifeline, part=part) for part, function in enumerate(functions, start=1)
    }
    ending = False

    def end(_signal: int, _frame: object) -> None:
        nonlocal ending
        ending = True
        for child in children:
            try:
                os.kill(child, signal.SIGTERM)
            except ProcessLookupError:
                continue

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    ready()
    failed = 0
    while children:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            break
        children.discard(pid)
        if not ending:
            failed = 1
            end(signal.SIGTERM, None)
        elif os.waitstatus_to_exitcode(status) not in (0, -signal.SIGTERM):
            failed = 1
    for descriptor in lifeline:
        os.close(descriptor)
    return failed
