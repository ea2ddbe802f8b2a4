"""The desk: every row once, in the order of what is due, page after page, however it is narrowed; counts that stop."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from support.matters import an_enquiry, no_hit
from support.node import Node, Nodes
from support.two import Two
from tansiq.enquiries import desk
from tansiq.enquiries.desk import MOST_COUNTED, Count, DeskView, counts_of, desk_page, find_reference
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.rows import Direction, EnquiryRow, add_enquiries
from tansiq.enquiries.services import answer_enquiry
from tansiq.errors import BadInput
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage
HOUR = 3_600_000
DESK, HEAD, OFFICE = "es.cgi/counter-terrorism", "es.cgi/head", "es.cgi/embassy-office"


def rows(now_ms: int, count: int) -> Iterator[EnquiryRow]:
    """Invented enquiries of every kind, spread over posts, partners, channels, states and deadlines."""
    states = itertools.cycle(
        ["sent", "received", "clarification", "partial", "answered", "refused", "withdrawn", "closed"]
    )
    for at, state in zip(range(count), states, strict=False):
        out = state == "sent" or at % 3 == 0
        received = None if state == "sent" else now_ms - at * HOUR
        deadline = None if state in {"sent", "clarification"} else now_ms + (at % 50 - 10) * HOUR
        ended = state in {"answered", "refused", "withdrawn", "closed"}
        yield EnquiryRow(
            matter=at.to_bytes(16, "big"),
            direction=Direction.OUT if out else Direction.IN,
            partner="fr.dgsi" if at % 7 == 0 else "ma.dgst",
            own_post=HEAD if at % 5 == 0 else DESK,
            their_post="ma.dgst/counter-terrorism",
            office_post=OFFICE if at % 2 else "",
            channel="direct" if at % 11 == 0 else "embassy",
            case=b"",
            sought=("sought.identity",),
            field="offence.terrorism",
            purpose="purpose.investigation",
            deadline_class="normal",
            urgent=False,
            state=state,
            request=(at + 10**6).to_bytes(16, "big"),
            officer="ES-4017",
            sent_ms=now_ms - at * HOUR,
            received_ms=received,
            deadline_ms=deadline,
            answered_ms=now_ms - at * HOUR if ended else None,
        )


@pytest.fixture
def full(node: Nodes) -> Node:
    es = node("es.cgi")
    add_enquiries(list(rows(es.context.clock(), 400)))
    return es


def paged(es: Node, view: DeskView, size: int) -> list[dict[str, Any]]:
    found, after = [], ""
    while True:
        page = desk_page(view, context=es.context, after=after, limit=size)
        assert len(page.rows) <= size
        found += page.rows
        after = page.following
        if not after:
            return found


VIEWS = {
    "one desk": DeskView(posts=(DESK,)),
    "two desks": DeskView(posts=(DESK, HEAD)),
    "an office": DeskView(posts=(OFFICE,)),
    "desk and office": DeskView(posts=(DESK, OFFICE)),
    "what came in": DeskView(posts=(DESK, HEAD), direction="in"),
    "what went out": DeskView(posts=(DESK, HEAD), direction="out"),
    "a state": DeskView(posts=(DESK, HEAD), states=("partial",)),
    "two states": DeskView(posts=(DESK, HEAD), states=("partial", "received")),
    "a partner": DeskView(posts=(DESK, HEAD), partner="fr.dgsi"),
    "a channel": DeskView(posts=(DESK, HEAD), channel="direct"),
    "a partner on a channel": DeskView(posts=(DESK, HEAD), partner="fr.dgsi", channel="direct"),
    "nobody's": DeskView(posts=()),
}


def expected(es: Node, view: DeskView) -> list[str]:
    """The same by looking at every row."""
    now_ms = es.context.clock()
    day_ends = view.day_ends_ms or now_ms
    sections: dict[str, Callable[[int | None], bool]] = {
        "overdue": lambda due: due is not None and due < now_ms,
        "today": lambda due: due is not None and now_ms <= due < day_ends,
        "later": lambda due: due is not None and due >= day_ends,
        "undated": lambda due: due is None,
        "open": lambda due: True,
        "closed": lambda due: True,
    }
    chosen = [
        row
        for row in rows(now_ms, 400)
        if row.is_open is (view.section != "closed")
        and {row.own_post, row.office_post} & set(view.posts)
        and (not view.direction or (row.direction == Direction.OUT) is (view.direction == "out"))
        and (not view.states or row.state in view.states)
        and (not view.partner or row.partner == view.partner)
        and (not view.channel or row.channel == view.channel)
        and sections[view.section](row.deadline_ms)
    ]
    if view.section == "closed":
        chosen.sort(key=lambda row: (row.answered_ms or 0, row.matter), reverse=True)
    else:
        chosen.sort(key=lambda row: (row.deadline_ms is None, row.deadline_ms or -row.sent_ms, row.matter))
    return [id_text(row.matter) for row in chosen]


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_pages_show_every_row_once_in_the_order_of_what_is_due(full: Node, name: str) -> None:
    now_ms = full.context.clock()
    for section in ("open", "closed", "overdue", "today", "later", "undated"):
        view = replace(VIEWS[name], section=section, day_ends_ms=now_ms + 9 * HOUR)
        wanted = expected(full, view)
        assert [row["id"] for row in paged(full, view, 7)] == wanted, section
        count = counts_of(view, context=full.context, sections=[section])[section]
        assert count == Count(len(wanted), more=False), section


def test_a_count_stops_where_it_would_cost_more(full: Node) -> None:
    now_ms = full.context.clock()
    more = [
        replace(row, matter=(at + 10**9).to_bytes(16, "big"), own_post=DESK, state="received", direction=Direction.IN)
        for at, row in enumerate(itertools.islice(itertools.cycle(rows(now_ms, 400)), MOST_COUNTED + 50))
    ]
    add_enquiries(more)
    count = counts_of(DeskView(posts=(DESK,)), context=full.context)["open"]
    assert (count, str(count)) == (Count(MOST_COUNTED, more=True), "1,000+")


def test_a_reference_is_found_by_its_beginning_on_the_own_desks_alone(two: Two) -> None:
    first = two.ask()
    two.clock.advance(days=30)
    second = two.ask()
    context = two.es.context

    def found(prefix: str, *posts: str) -> list[str]:
        return [row["id"] for row in find_reference(prefix, context=context, posts=posts or (DESK,))]

    assert found(id_text(first)) == [id_text(first)]
    assert found(id_text(first)[:9]) == [id_text(first)]
    assert found(id_text(first)[:4].upper()) == [id_text(second), id_text(first)]
    assert found(id_text(first)[:9], OFFICE) == [id_text(first)]
    assert found(id_text(first)[:9], HEAD) == []


@pytest.mark.parametrize("prefix", ["", "01a", "zzzz", "01a2' OR 1=1", "0" * 40])
def test_what_is_no_beginning_of_a_reference_is_said(two: Two, prefix: str) -> None:
    two.es.use()
    with pytest.raises(BadInput, match=r"enquiries\.wrong-view"):
        find_reference(prefix, context=two.es.context, posts=(DESK,))


WRONG = {
    "section": DeskView(posts=(DESK,), section="all"),
    "state": DeskView(posts=(DESK,), states=("lost",)),
    "direction": DeskView(posts=(DESK,), direction="up"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_is_no_view_is_said(two: Two, name: str) -> None:
    two.es.use()
    with pytest.raises(BadInput, match=r"enquiries\.wrong-view"):
        desk_page(WRONG[name], context=two.es.context)


@pytest.mark.parametrize("after", ["x", "12", "zz.00", "0." + "0" * 30, "f" * 30 + "." + "0" * 32])
def test_a_page_that_does_not_exist_is_said(two: Two, after: str) -> None:
    two.es.use()
    with pytest.raises(BadInput, match=r"enquiries\.wrong-view"):
        desk_page(DeskView(posts=(DESK,)), context=two.es.context, after=after)


def test_what_was_sent_stands_where_its_receipt_puts_it_before_the_clock_has_written_that_down(two: Two) -> None:
    """Due in eight hours stands before due in seven days, page after page, also when the later one was sent last."""
    urgent = two.ask(an_enquiry(urgent=True))
    two.clock.advance(minutes=1)
    slow = two.ask()
    two.carry()
    two.clock.advance(minutes=1)
    unproven = two.ask()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM enquiries_enquiry WHERE received_ms IS NULL")
        assert cursor.fetchone() == (3,), "nothing is written down yet"
    wanted = [id_text(one) for one in (urgent, slow, unproven)]
    now_ms = two.clock()
    for size in (1, 2, 3):
        assert [row["id"] for row in paged(two.es, DeskView(posts=(DESK,)), size)] == wanted, size
    sections = {"today": wanted[:1], "later": wanted[1:2], "undated": wanted[2:], "overdue": [], "closed": []}
    for section, ids in sections.items():
        view = DeskView(posts=(DESK,), section=section, day_ends_ms=now_ms + 20 * HOUR)
        assert [row["id"] for row in paged(two.es, view, 2)] == ids, section
    note_receipts()
    assert [row["id"] for row in paged(two.es, DeskView(posts=(DESK,)), 2)] == wanted


def test_what_is_written_down_keeps_its_place(two: Two) -> None:
    """A deadline that becomes known, and an end, move a row to where it belongs."""
    matter = two.arrived()
    view = DeskView(posts=(two.ma.post(),))
    assert [row["id"] for row in desk_page(view, context=two.ma.context).rows] == [id_text(matter)]
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    assert desk_page(view, context=two.ma.context).rows == []
    assert [row["state"] for row in desk_page(replace(view, section="closed"), context=two.ma.context).rows] == [
        "answered"
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_ms, answered_ms, said, remind_ms FROM enquiries_enquiry")
        order_ms, answered_ms, said, remind_ms = cursor.fetchone()
    assert (order_ms, said, remind_ms) == (answered_ms, 1, None)


@pytest.mark.skipif(bool(os.environ.get("TANSIQ_TEST_DB")), reason="SQLite's own way of saying how it finds rows")
@pytest.mark.parametrize("section", ["open", "closed"])
def test_an_office_finds_what_is_with_one_partner_by_an_index_also_where_there_is_nothing(
    full: Node, section: str
) -> None:
    add_enquiries(
        [
            replace(
                row,
                matter=(at + 5_000).to_bytes(16, "big"),
                request=(at + 10**7).to_bytes(16, "big"),
                partner=f"fr.p{at % 40}",
                state="closed" if at % 10 else "received",
                office_post=OFFICE,
            )
            for at, row in enumerate(rows(full.context.clock(), 4_000))
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for partner in ("fr.p3", "mt.police"):
            view = DeskView(posts=(OFFICE,), partner=partner, channel="direct", section=section)
            for one in desk._ranges(view, desk._bounds(view, 0)[0]):
                cursor.execute(
                    f"EXPLAIN QUERY PLAN SELECT 1 FROM enquiries_enquiry WHERE {one.where} AND order_ms >= %s AND order_ms < %s",
                    [*one.values, 0, 1 << 53],
                )
                told = " ".join(str(row[3]) for row in cursor.fetchall())
                assert "ANY(" not in told, f"goes through all desks: {told}"
                assert (
                    one.where.startswith("own_post") or "enquiries_office_partner (office_post=? AND partner=?" in told
                )
