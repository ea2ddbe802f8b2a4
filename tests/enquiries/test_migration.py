"""A home of the version before is upgraded with what it holds; half-done, it is begun again and comes out the same."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from support.matters import an_answer, an_enquiry, an_item, no_hit
from support.two import Two
from tansiq.enquiries.correspondence import remind_partner
from tansiq.enquiries.desk import DeskView, desk_page
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.services import answer_enquiry
from tansiq.node.loading import unapplied
from tansiq.policy.correspondence import Reminder
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage

LATER = [
    "enquiries.0002_course", "enquiries.0003_office_closed", "enquiries.0004_way", "enquiries.0005_office_partner",
]  # fmt: skip


def migrate(to: str = "") -> None:
    call_command("migrate", "enquiries", *([to] if to else []), database="default", verbosity=0, interactive=False)


def placed() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT matter, state, order_ms FROM enquiries_enquiry ORDER BY matter")
        return [(bytes(row[0]), *row[1:]) for row in cursor.fetchall()]


def test_what_an_older_version_wrote_stands_on_the_desk_and_goes_on(two: Two) -> None:
    urgent, closed, partial = two.ask(an_enquiry(urgent=True)), two.ask(), two.ask()
    two.carry()
    context, officer = two.ma.use(), two.ma.officer()
    answer_enquiry(closed, context=context, officer=officer, answer=no_hit())
    half = an_answer(outcome="answer.partial")
    answer_enquiry(partial, context=context, officer=officer, answer=half, items=[an_item()])
    before = placed()
    migrate("0001")
    assert unapplied("default") == LATER
    migrate()
    assert placed() == before
    view = DeskView(posts=officer.posts)
    assert [row["id"] for row in desk_page(view, context=context).rows] == [id_text(urgent), id_text(partial)]
    answer_enquiry(partial, context=context, officer=officer, answer=an_answer(), items=[an_item()])
    two.carry()
    assert show_enquiry(partial, context=two.es.context, officer=two.es.officer())["state"] == "answered"
    remind_partner(urgent, Reminder(code="reminder.rest"), context=two.es.context, officer=two.es.officer())
    two.carry()
    two.ma.use()
    shown = show_enquiry(urgent, context=context, officer=officer)
    assert [word["kind"] for word in shown["words"]] == ["enquiry.reminder"]


class Killed(Exception):
    """The process ends where it stands."""


def die(*_: object) -> None:
    raise Killed


def test_an_upgrade_that_was_killed_at_its_end_leaves_the_older_version_whole(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.arrived()
    before = placed()
    migrate("0001")
    with monkeypatch.context() as dying:
        dying.setattr(MigrationExecutor, "record_migration", die)
        with pytest.raises(Killed):
            migrate()
    assert unapplied("default") == LATER
    migrate()
    assert placed() == before
