"""Fills a node with enquiries and measures its pages as each role: ``python bench/pages.py --enquiries 1000000``.

Prints JSON: milliseconds of server time (median and 95th percentile, and of the processor alone) for each page and person,
through the whole chain of a request (session, roles, access, template), without the network. The node is Madrid's of the
demonstration, with real matters of both directions among the invented million; the busiest desk and office are those of
the people who look. ``--fill FOLDER`` only fills, ``--measure FOLDER`` only measures
what was filled. Exit 1 when a page takes longer than ``--most`` at the 95th percentile.
"""

from __future__ import annotations

import argparse
import html
import json
import logging
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tansiq.node.home import load_home

MOST_MS = 200.0
_MOST_ACTS = 200_000


def _filled(count: int, now_ms: int, agency: str) -> float:
    """Fills the node that is bound; the seconds that it took."""
    from django.db import connection, transaction  # noqa: PLC0415

    from enquiries import _rows  # noqa: PLC0415 (the other bench: the same million)
    from tansiq.enquiries.rows import add_enquiries  # noqa: PLC0415

    desk, office = f"{agency}/counter-terrorism", f"{agency}/embassy-office"
    begun = time.perf_counter()
    waiting: list[Any] = []

    def put() -> None:
        with transaction.atomic():
            add_enquiries(waiting)
        waiting.clear()

    for row in _rows(count, now_ms, agency):
        here = desk if row.own_post == f"{agency}/desk-0" else row.own_post
        waiting.append(replace(row, own_post=here, office_post=office if row.office_post else ""))
        if len(waiting) == 5_000:
            put()
    put()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return time.perf_counter() - begun


def _journalled(count: int, context: Any, agency: str) -> None:
    """Fills the access journal of the node that is bound."""
    from tansiq.journal.access import Access, Operation, log_access  # noqa: PLC0415
    from tansiq.protocol.ids import new_id  # noqa: PLC0415

    now_ms = context.clock()
    for first in range(0, count, 5_000):
        acts = [
            Access(
                operation=Operation.CONSULTATION, officer=f"{agency[:2].upper()}-{number % 500:04d}", thing=new_id(now_ms),
                purpose="purpose.investigation", justification="enquiry.show", time_ms=now_ms - (count - number) * 1_000,
            )
            for number in range(first, min(first + 5_000, count))
        ]  # fmt: skip
        log_access(acts, keys=context.keys)


def _signed_in(person: Any, host: str, clock: Callable[[], int]) -> Any:
    """A client in which the person is signed in, by the pages."""
    from django.test import Client  # noqa: PLC0415

    from tansiq.accounts.factors import code_now  # noqa: PLC0415

    client = Client(headers={"host": host, "accept-language": "es"})
    client.get("/sign-in/")
    client.post("/sign-in/", {"number": person.number, "passphrase": person.passphrase})
    client.post("/sign-in/code/", {"code": code_now(person.factor, now_ms=clock())})
    if client.get("/account/").status_code != 200:
        raise SystemExit(f"{person.number} could not sign in")
    return client


def _pages(client: Any, matters: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The pages that this person may open, by name."""
    known = {
        "desk": "/",
        "list": "/enquiries/",
        "list: overdue": "/enquiries/?section=overdue",
        "list: closed": "/enquiries/?section=closed",
        "list: the rarest partner, closed": "/enquiries/?section=closed&partner=mt.police",
        "list: the rarest channel": "/enquiries/?channel=direct",
        "compose": "/enquiries/new/",
        "notices": "/notices/",
        "cases": "/cases/",
        "members": "/members/",
        "roster": "/roster/",
        "account": "/account/",
        "oversight": "/oversight/",
        "access journal": "/oversight/access/",
        "review and erasure": "/oversight/retention/",
    }
    for name, matter in matters.items():
        known |= {
            f"{name}: {tab or 'request'}": f"/enquiries/{matter}/{tab}"
            for tab in ("", "replies/", "timeline/", "proof/")
        }
        known[f"{name}: answer form"] = f"/enquiries/{matter}/say/answer/"
    for name, path in known.items():
        answer = client.get(path, follow=path == "/enquiries/new/")
        if answer.status_code == 200:
            yield (
                name,
                answer.request["PATH_INFO"]
                + (f"?{answer.request['QUERY_STRING']}" if answer.request["QUERY_STRING"] else ""),
            )
    desk = client.get("/").content.decode()
    if older := re.search(r'href="(/\?after=[^"]+)"', desk):
        yield "desk: the next page", html.unescape(older[1])


def _measured(read: Callable[[], Any], times: int) -> dict[str, float]:
    taken, worked = [], []
    for _ in range(times):
        begun, at_work = time.perf_counter(), time.process_time()
        read()
        taken.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - at_work) * 1000)
    taken.sort()
    return {
        "median_ms": round(statistics.median(taken), 1),
        "p95_ms": round(taken[min(len(taken) - 1, int(len(taken) * 0.95))], 1),
        "cpu_ms": round(statistics.median(worked), 1),
    }


def fill(folder: Path, count: int) -> float:
    """Plays what leaves matters at both nodes and fills Madrid's with ``count`` more; the seconds of filling."""
    from tansiq.demo.stage import stage  # noqa: PLC0415
    from tansiq.demo.story import Story  # noqa: PLC0415
    from tansiq.demo.telling import Teller  # noqa: PLC0415
    from tansiq.node.opening import open_node  # noqa: PLC0415

    with stage(folder) as made:
        story = Story(made, Teller("en", quiet=True))
        made.make()
        made.start()
        story.meet()
        story.import_lists(None)
        story.leave_waiting()
        node = story.madrid
        matters: dict[str, str] = {}
        for one in node.ask("enquiry.summaries"):
            matters.setdefault("asked by us" if one["direction"] == "out" else "asked of us", one["id"])
        made.stop()
    (folder / "filled.json").write_text(json.dumps({"home": str(node.home.path), "matters": matters}), encoding="utf-8")
    context = open_node(load_home(node.home.path))
    _journalled(min(count, _MOST_ACTS), context, node.agency)
    return _filled(count, context.clock(), node.agency)


def measure(folder: Path, *, times: int) -> dict[str, Any]:
    """Measures the pages of the node that was filled in ``folder``."""
    from django.db import connections  # noqa: PLC0415

    from tansiq.demo.cast import CAST  # noqa: PLC0415
    from tansiq.node.opening import open_node  # noqa: PLC0415

    filled = json.loads((folder / "filled.json").read_text(encoding="utf-8"))
    settings, matters = load_home(filled["home"]), filled["matters"]
    context = open_node(settings)
    from tansiq.node.site import bind_site  # noqa: PLC0415 (Django is bound by now)

    bind_site(settings)
    host = settings.pages_origin.partition("://")[2]
    found: dict[str, Any] = {}
    for person in next(member.people for member in CAST if member.agency == settings.agency):
        client = _signed_in(person, host, context.clock)
        found[f"{person.number} {person.role}"] = {
            name: _measured(lambda client=client, path=path: client.get(path), times)  # type: ignore[misc]
            for name, path in _pages(client, matters)
        }
    connections.close_all()
    return found


def main() -> int:
    """Parses the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enquiries", type=int, default=1_000_000)
    parser.add_argument("--fill", type=Path, metavar="FOLDER", help="only fill; keeps the folder")
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="only measure what was filled")
    parser.add_argument("--times", type=int, default=10, help="how often each page is measured")
    parser.add_argument("--most", type=float, default=MOST_MS, help="milliseconds that a page may take")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    logging.getLogger("django.request").setLevel(logging.ERROR)
    folder = arguments.measure or arguments.fill or Path(tempfile.mkdtemp(prefix="tansiq-pages-"))
    told: dict[str, Any] = {"enquiries": arguments.enquiries}
    try:
        if not arguments.measure:
            told["filled_seconds"] = round(fill(folder, arguments.enquiries), 1)
        if arguments.fill:
            print(json.dumps(told, indent=1))
            return 0
        found = measure(folder, times=arguments.times)
    finally:
        if not (arguments.measure or arguments.fill):
            shutil.rmtree(folder, ignore_errors=True)
    slowest = max((figures["p95_ms"], who, name) for who, pages in found.items() for name, figures in pages.items())
    print(json.dumps({**told, "slowest": slowest, "pages": found}, indent=1, ensure_ascii=False))
    return int(slowest[0] > arguments.most)


if __name__ == "__main__":
    sys.exit(main())
