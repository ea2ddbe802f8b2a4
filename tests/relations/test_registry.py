"""The registry of liaison officers, and its export for a year."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace

import pytest

from support.liaison import Posted, accredited
from tansiq.errors import BadInput
from tansiq.journal.access import read_access
from tansiq.policy.accreditation_course import Move
from tansiq.relations.registry import as_csv, postings, year_bounds

pytestmark = pytest.mark.storage


def test_both_sides_have_the_same_registry(posted: Posted) -> None:
    seen = [postings(context=node.use(), officer="TEST")[0] for node in (posted.es, posted.ma)]
    assert seen[0] == replace(seen[1], accepted=seen[0].accepted)
    one = seen[0]
    assert (one.sending, one.host, one.officer, one.state) == ("es.cgi", "ma.dgst", "ES-6100", "in-force")
    assert one.tasks == ("task.case", "task.contact")
    assert one.contacts == ("+34 000 000 000",)
    assert (one.cases, one.ended, one.end_reason) == (1, "", "")
    assert (one.sent_by, one.received_by) == ("es.cgi/head", "ma.dgst/head")


def test_a_year_shows_how_things_stood_at_its_end(posted: Posted) -> None:
    year = int(postings(context=posted.es.use(), officer="TEST")[0].proposed[:4])
    posted.clock.now_ms = year_bounds(year + 1)[0] + 86_400_000
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.end-of-posting")
    posted.carry()
    accredited(posted.es, posted.ma, officer="ES-6200")
    posted.clock.now_ms = year_bounds(year + 4)[0]
    context = posted.es.use()

    def states(when: int | None) -> list[tuple[str, str]]:
        return [(one.officer, one.state) for one in postings(context=context, officer="TEST", year=when)]

    assert states(year - 1) == []
    assert states(year) == [("ES-6100", "in-force")]
    assert states(year + 1) == [("ES-6100", "withdrawn"), ("ES-6200", "in-force")]
    assert states(year + 2) == [("ES-6200", "expired")]
    assert states(year + 3) == []
    assert states(None) == [("ES-6100", "withdrawn"), ("ES-6200", "expired")]
    for wrong in (0, 1999, 2200):
        with pytest.raises(BadInput, match="wrong-year"):
            postings(context=context, officer="TEST", year=wrong)


@pytest.mark.parametrize(("language", "word"), [("es", "Vigente"), ("ar", "ساري المفعول"), ("fr", "En vigueur")])
def test_the_table_of_values_reads_in_words_and_opens_as_text(posted: Posted, language: str, word: str) -> None:
    found = postings(context=posted.es.use(), officer="TEST")
    table = as_csv(found, language)
    assert table.startswith("\ufeffid,sending,host,officer")
    (row,) = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    assert row["state"] == word
    assert row["contacts"] == "'+34 000 000 000", "no spreadsheet takes it for a formula"
    assert "5c5c" not in table, "no case is named"


def test_reading_it_is_logged(posted: Posted) -> None:
    context = posted.es.use()
    year = dt.datetime.fromtimestamp(context.clock() / 1000, dt.UTC).year
    postings(context=context, officer="ES-1001", year=year)
    logged = [
        (one["operation"], one["officer"], one["justification"])
        for _, one in read_access(posted.es.context.keys)
        if one is not None and str(one["justification"]).startswith("liaison.registry")
    ]
    assert logged == [("disclosure", "ES-1001", f"liaison.registry {year}")]
