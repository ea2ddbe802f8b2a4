"""What those see who watch over a node: the access journal, what is late, what ends; and nobody else."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oversight.conftest import Watched
from tansiq.accounts.opened import opened
from tansiq.accounts.services import set_roles
from tansiq.journal.access import Access, Operation, access_log, log_access
from tansiq.journal.checking import EVERY_MS
from tansiq.journal.reading import MOST_LOOKED

pytestmark = pytest.mark.storage

PAGES = ("/oversight/", "/oversight/access/", "/oversight/retention/")
DAY = 86_400_000
NAMES = ("Mojtar", "Benal", "El Invento", "مختار")


def words(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())


@pytest.mark.parametrize("role", ["data-protection", "auditor"])
def test_each_page_opens_to_those_who_watch_and_names_nobody(watched: Watched, role: str) -> None:
    browser = watched.browser(role)
    for page in PAGES:
        shown = browser.get(page).content.decode()
        assert 'aria-current="page"' in shown, page
        assert not any(name in shown for name in NAMES), page
    assert browser.get("/", follow=True).redirect_chain[-1][0] == "/oversight/"
    assert browser.get(f"/enquiries/{watched.reference}/").status_code == 404
    assert 'role="search"' not in browser.get("/oversight/").content.decode()


@pytest.mark.parametrize("role", ["officer", "administrator"])
def test_to_others_they_do_not_exist(watched: Watched, role: str) -> None:
    browser = watched.browser(role)
    assert [browser.get(page).status_code for page in PAGES] == [404] * 3
    assert browser.post("/oversight/verify/").status_code == 404
    assert "oversight" not in browser.get("/account/").content.decode()


def test_the_access_journal_says_who_did_what_why_and_for_whom(watched: Watched) -> None:
    shown = words(watched.browser("data-protection").get("/oversight/access/"))
    assert "Disclosure" in shown
    assert "MA-2210" in shown
    assert "es.cgi" in shown
    assert watched.reference in shown
    assert "Enquiry" in shown


def test_it_is_narrowed_by_time_kind_officer_and_reference_and_no_address_holds_any(watched: Watched) -> None:
    browser = watched.browser("data-protection")
    log_access(
        [
            Access(
                operation=Operation.CONSULTATION, officer="MA-9999", thing=b"another thing...", purpose="",
                justification="Motivo inventado", time_ms=watched.clock() - 3 * DAY,
            )
        ],
        keys=watched.two.ma.context.keys,
    )  # fmt: skip

    def day(before: int) -> str:
        return dt.datetime.fromtimestamp((watched.clock() - before * DAY) / 1000, dt.UTC).date().isoformat()

    def asked(**form: str) -> str:
        answer = browser.post("/oversight/access/", form)
        assert answer.request["QUERY_STRING"] == ""
        return words(answer)

    assert "Motivo inventado" in asked(officer="MA-9999")
    assert "Motivo inventado" not in asked(officer="MA-2210")
    assert "Motivo inventado" in asked(kind="consultation")
    assert "Motivo inventado" not in asked(kind="disclosure")
    one = asked(reference=watched.reference)
    assert watched.reference in one
    assert "Motivo inventado" not in one
    assert "Disclosure" in one
    assert "Motivo inventado" not in asked(**{"from": day(1)})
    assert "Motivo inventado" in asked(until=day(2))
    assert "No such act here" in asked(officer="MA-0000")


@pytest.mark.parametrize(
    ("form", "said"),
    [({"from": "31.3.2026"}, "That is no date"), ({"reference": "zz"}, "No single enquiry"), ({"kind": "theft"}, "")],
)
def test_what_cannot_be_looked_for_is_said_at_its_field(watched: Watched, form: dict[str, str], said: str) -> None:
    answer = watched.browser("auditor").post("/oversight/access/", form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert 'class="wrong"' in answer.content.decode()


def test_looking_is_logged_itself(watched: Watched) -> None:
    browser = watched.browser("auditor")
    before = access_log().size
    browser.get("/oversight/access/")
    assert access_log().size == before + 1
    shown = words(browser.get("/oversight/access/"))
    assert "MA-0009" in shown
    assert "Oversight" in shown


def test_older_acts_come_by_post_and_each_page_costs_the_same(watched: Watched) -> None:
    browser = watched.browser("data-protection")
    keys = watched.two.ma.context.keys

    def fill(number: int) -> None:
        log_access(
            [
                Access(operation=Operation.CONSULTATION, officer="MA-2210", thing=b"\7" * 16, purpose="", time_ms=watched.clock())
                for _ in range(number)
            ],
            keys=keys,
        )  # fmt: skip

    def cost(**form: str) -> tuple[int, Any]:
        with CaptureQueriesContext(connection) as made:
            answer = browser.post("/oversight/access/", form)
        assert answer.status_code == 200
        return len(made), answer

    fill(60)
    few, first = cost()
    following = re.search(r'name="before" value="(\d+)"', first.content.decode())
    assert following is not None
    fill(2 * MOST_LOOKED)
    many, _ = cost()
    later, _ = cost(before=following[1])
    assert max(many, later) <= few + 2
    looked, answer = cost(officer="MA-0000")
    assert looked <= few + 2
    assert "None of the acts looked at" in words(answer)


def test_verifying_leaves_a_record_and_roots_are_for_who_is_outside(watched: Watched) -> None:
    inside, outside = watched.browser("data-protection"), watched.browser("auditor")
    root = access_log().root.hex()
    assert "Not verified yet" in words(inside.get("/oversight/"))
    assert inside.post("/oversight/verify/")["Location"] == "/oversight/"
    shown = words(inside.get("/oversight/"))
    assert "Whole" in shown
    assert "MA-0008" in shown
    assert root not in inside.get("/oversight/").content.decode()
    assert access_log().root.hex() in outside.get("/oversight/").content.decode()


def test_an_act_that_was_changed_is_named(watched: Watched) -> None:
    browser = watched.browser("auditor")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_access_event SET time_ms = time_ms + 1 WHERE number = 1")
    browser.post("/oversight/verify/")
    assert "Act 1 is not what was logged" in words(browser.get("/oversight/"))


def test_after_half_a_year_it_says_that_the_check_is_due(watched: Watched) -> None:
    watched.clock.advance(seconds=EVERY_MS // 1000 + 60)
    assert "Verification overdue" in words(watched.browser("data-protection").get("/oversight/"))


def test_what_is_late_is_counted_and_stands_there_by_reference(watched: Watched) -> None:
    watched.two.arrived()
    assert "No enquiry is overdue" in words(watched.browser("data-protection").get("/oversight/"))
    watched.clock.advance(days=9)
    browser = watched.browser("auditor")
    shown = words(browser.get("/oversight/"))
    assert "No enquiry is overdue" not in shown
    assert "We are asked" in shown


def test_what_is_to_be_reviewed_and_what_ends_stands_in_order(watched: Watched) -> None:
    browser = watched.browser("data-protection")
    assert "No review is overdue" in words(browser.get("/oversight/retention/"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM cases_item ORDER BY id")
        items = [bytes(row[0]) for row in cursor.fetchall()]
        now = watched.clock()
        for number, item in enumerate(items):
            cursor.execute(
                "UPDATE cases_item SET review_ms = %s, erase_ms = %s WHERE id = %s",
                [now - DAY * (number + 1), now + 5 * DAY, item],
            )
    assert len(items) >= 1
    shown = words(browser.get("/oversight/retention/"))
    assert "No review is overdue" not in shown
    assert "es.cgi" in shown
    assert "Nothing is erased" not in words(browser.get("/oversight/retention/?part=ends"))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO relations_direct_word (statement, matter, direction, partner, own_post, their_post, field, urgent, officer, said_ms, "
            "at_ms, read_by, handed_to, erase_ms) VALUES (%s, %s, 2, 'es.cgi', 'ma.dgst/head', 'es.cgi/head', '', %s, '', %s, %s, '', '', %s)",
            [b"d" * 16, b"m" * 16, False, now, now, now + DAY],
        )
    assert "Message from head to head" in words(browser.get("/oversight/retention/?part=ends"))
    assert "Message from head to head" not in words(browser.get("/oversight/retention/?part=review"))
    assert browser.get("/oversight/retention/?part=names").status_code == 400
    for after in ("names", "9" * 30 + "." + "0" * 32, "1.zz"):
        assert browser.get(f"/oversight/retention/?after={after}").status_code == 400


def test_who_loses_the_role_loses_the_pages(watched: Watched) -> None:
    browser = watched.browser("auditor")
    set_roles("MA-0009", ("administrator",), by="MA-0007", node=opened())
    assert browser.get("/oversight/").status_code in {302, 404}
