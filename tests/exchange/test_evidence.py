"""Exporting evidence from real nodes: both ends, receipts and witnesses, what is missing, disclosure as an exit."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support import foreign
from support.matters import FACTS, an_answer, an_enquiry, an_item
from support.node import Clock, Node, Nodes, carry, clock, deliver, node
from tansiq.cases.queries import items_of_statements
from tansiq.cases.services import answer_incoming
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import BadInput, NotFound, Refused, TooMuch
from tansiq.exchange import evidence as gathering
from tansiq.exchange.evidence import gather, statements_of_matter
from tansiq.exchange.evidence_disclosure import Disclosing, Shown
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.release import next_batch
from tansiq.journal.access import access_log, read_access
from tansiq.node.evidence import export_evidence, verify_archive
from tansiq.node.evidence_holding import disclosing
from tansiq.node.evidence_zip import read_zip
from tansiq.policy.answer import IncomingCheck
from tansiq.policy.handling import Held, Permission, Reader, Use
from tansiq.policy.values import Text
from tansiq.protocol.directory import fingerprint
from tansiq.protocol.envelope import Lane
from tansiq.protocol.evidence_report import Report
from tansiq.protocol.statement import Statement

__all__ = ["clock", "node"]

pytestmark = pytest.mark.storage

PURPOSE = "purpose.investigation"


@dataclass
class Exchange:
    """Madrid asked, Rabat answered with two items; everything is receipted and witnessed."""

    es: Node
    ma: Node
    matter: bytes
    request: bytes
    answer: bytes

    @property
    def pins(self) -> dict[str, bytes]:
        return {one.agency: fingerprint(one.identity.public.public) for one in (self.es, self.ma)}

    def verify(self, archive: bytes) -> Report:
        """What the file proves, here and by foreign software."""
        assert foreign.verify(archive, self.pins)
        return verify_archive(archive, pinned=self.pins)

    def export(self, owner: Node, **arguments: object) -> bytes:
        out = io.BytesIO()
        export_evidence(owner.use(), out=out, **arguments)  # type: ignore[arg-type]
        return out.getvalue()

    def discloses(self, owner: Node, officer: str, **changes: object) -> Disclosing:
        """An officer who discloses for the investigation."""
        arguments = {
            "purpose": PURPOSE,
            "clearance": "class.secret",
            "justification": "Auto judicial inventado",
            **changes,
        }
        return disclosing(owner.officer(officer), context=owner.use(), **arguments)  # type: ignore[arg-type]


def ask(es: Node) -> bytes:
    return send_enquiry(
        an_enquiry(),
        context=es.use(),
        officer=es.officer("ES-4017"),
        from_post=es.post(),
        to_post="ma.dgst/counter-terrorism",
        via_office_post=es.post("embassy-office"),
    )


@pytest.fixture
def exchange(node: Nodes, clock: Clock) -> Exchange:
    es, ma = node("es.cgi"), node("ma.dgst")
    matter = ask(es)
    carry(es, ma)
    clock.advance(hours=1)
    items = [an_item(), an_item("شوهد بتطوان.")]
    answer = answer_enquiry(matter, context=ma.use(), officer=ma.officer("MA-2210"), answer=an_answer(), items=items)
    carry(es, ma)
    clock.advance(minutes=5)
    carry(es, ma)
    request = next(one for one in statements_of_matter(matter, context=es.use()) if one != answer)
    return Exchange(es, ma, matter, request, answer)


def told(report: Report, statement: bytes) -> list[tuple[str, str]]:
    return [(one.what, one.agency) for one in report.findings if one.statement == statement]


def test_each_end_proves_both_directions(exchange: Exchange) -> None:
    for owner in (exchange.es, exchange.ma):
        report = exchange.verify(exchange.export(owner, matter=exchange.matter))
        other = "ma.dgst" if owner is exchange.es else "es.cgi"
        assert report.exporter == owner.agency
        assert told(report, exchange.request) == [
            ("statement", "es.cgi"), ("envelope", "es.cgi"), ("receipt", "ma.dgst"), ("witness", other),
        ]  # fmt: skip
        assert told(report, exchange.answer) == [
            ("statement", "ma.dgst"), ("envelope", "ma.dgst"), ("receipt", "es.cgi"), ("witness", other),
        ]  # fmt: skip
        assert not report.missing
        assert not report.doubts


def test_a_matter_has_all_its_statements_and_no_others(exchange: Exchange) -> None:
    ask(exchange.es)
    for owner in (exchange.es, exchange.ma):
        assert statements_of_matter(exchange.matter, context=owner.use()) == sorted([exchange.request, exchange.answer])


def test_an_export_tells_what_it_wrote(exchange: Exchange, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    manifest = export_evidence(exchange.es.use(), out=out, statements=[exchange.request])
    assert (manifest.statements, manifest.hops, manifest.receipts, manifest.disclosed) == (1, 1, 1, 0)
    assert manifest.size == out.stat().st_size
    assert set(manifest.files) == set(read_zip(out.read_bytes()))
    assert any(name.startswith("witness/") for name in manifest.files)


def test_nothing_of_the_contents_leaves_unless_it_is_disclosed(exchange: Exchange) -> None:
    archive = exchange.export(exchange.es)
    assert FACTS.encode() not in archive
    assert not [name for name in read_zip(archive) if name.startswith("disclosed/")]
    exchange.es.use()
    assert not [one for one in disclosures(exchange.es) if one["thing"] == exchange.request]


def test_everything_exchanged_and_nothing_else(exchange: Exchange) -> None:
    ask(exchange.es)  # still in the outbox: not exchanged
    report = exchange.verify(exchange.export(exchange.es))
    assert {exchange.request, exchange.answer} <= {one.statement for one in report.findings if one.statement}
    assert report == exchange.verify(exchange.export(exchange.es, peer="ma.dgst"))
    with pytest.raises(NotFound) as caught:
        gather(exchange.es.use(), peer="xx.other")
    assert caught.value.code == "evidence.nothing"


# ---------------------------------------------------------------------------------------------------- what is missing


def test_what_was_not_sent_or_not_receipted_is_said(exchange: Exchange) -> None:
    es, ma = exchange.es, exchange.ma
    matter = ask(es)
    report = exchange.verify(exchange.export(es, matter=matter))
    assert [one.code for one in report.missing] == ["not-sent"]
    es.use()
    batch = next_batch("ma.dgst", (Lane.NORMAL,), context=es.context)
    parcel = make_parcel("ma.dgst", context=es.context, batch=batch)
    report = exchange.verify(exchange.export(es, matter=matter))
    assert [one.code for one in report.missing] == ["no-receipt", "no-witness"]
    deliver(parcel, ma)  # the answer with the receipt is lost
    report = exchange.verify(exchange.export(es, matter=matter))
    assert [one.code for one in report.missing] == ["no-receipt", "no-witness"]
    received = [one.id for one in gathered(ma) if one.id not in {exchange.request, exchange.answer}]
    report = exchange.verify(exchange.export(ma, statements=received[-1:]))
    assert told(report, received[-1])[-1] == ("receipt", "ma.dgst")  # given, and Madrid has not seen it
    assert [one.code for one in report.missing] == ["no-witness"]


def gathered(owner: Node) -> list[Statement]:
    return [exhibit.statement for exhibit in gather(owner.use()).exhibits]


def test_receipts_of_a_whole_batch_hold_one_by_one(exchange: Exchange, clock: Clock) -> None:
    es, ma = exchange.es, exchange.ma
    matters = [ask(es) for _ in range(5)]
    carry(es, ma)
    clock.advance(seconds=1)
    carry(es, ma)
    ids = [one for matter in matters for one in statements_of_matter(matter, context=es.use())]
    assert len(ids) == 5
    report = exchange.verify(exchange.export(es, statements=ids))
    envelopes = {one.file for one in report.findings if one.what == "envelope"}
    assert len(envelopes) == 1
    assert sum(one.what == "receipt" for one in report.findings) == 5
    assert not report.missing


@pytest.mark.parametrize("unknown", [b"\x01" * 16, b"\xff" * 16])
def test_what_is_not_here_is_not_exported(exchange: Exchange, unknown: bytes) -> None:
    with pytest.raises(NotFound) as caught:
        gather(exchange.es.use(), statements=[unknown])
    assert caught.value.code == "evidence.unknown-statement"
    with pytest.raises(NotFound) as caught:
        gather(exchange.es.use(), matter=unknown)
    assert caught.value.code == "evidence.nothing"


def test_too_much_is_refused_before_it_is_read(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_STATEMENTS", 1)
    with pytest.raises(TooMuch):
        gather(exchange.es.use())


# ---------------------------------------------------------------------------------------------------- disclosure


def disclosures(owner: Node) -> list[dict[str, object]]:
    owner.use()
    assert access_log().size
    return [one for _, one in read_access(owner.context.keys) if one is not None and one["operation"] == "disclosure"]


def test_an_own_enquiry_is_laid_before_a_court_and_logged(exchange: Exchange) -> None:
    es = exchange.es
    places = [(exchange.request, place) for place in (-1, 0, 1)]
    archive = exchange.export(
        es,
        matter=exchange.matter,
        disclose=places,
        disclosing=exchange.discloses(es, "ES-4017", recipients=("Juzgado inventado",), ordered_by="ES-1001"),
    )
    report = exchange.verify(archive)
    shown = [
        (one.what, one.details.get("kind", "")) for one in report.findings if one.what in {"docket", "part", "act"}
    ]
    assert shown == [("docket", "enquiry.request"), ("part", "enquiry.request"), ("part", "act"), ("act", "")]
    assert any(FACTS.encode() in one.content for one in report.findings)
    act = next(one for one in report.findings if one.what == "act")
    assert (act.details["officer"], act.doubt) == ("ES-4017", "")
    logged = [one for one in disclosures(es) if one["thing"] == exchange.request]
    assert len(logged) == 1
    assert logged[0]["officer"] == "ES-4017"
    assert logged[0]["ordered_by"] == "ES-1001"
    assert logged[0]["recipients"] == ["Juzgado inventado"]
    assert logged[0]["justification"] == "Auto judicial inventado"


def refused(owner: Node, place: tuple[bytes, int], who: Disclosing) -> str:
    """The reasons of a refusal; nothing is logged then."""
    before = len(disclosures(owner))
    with pytest.raises(Refused) as caught:
        gather(owner.use(), statements=[place[0]], disclose=[place], disclosing=who)
    assert caught.value.code == "policy.use"
    assert len(disclosures(owner)) == before
    return str(caught.value.values["reasons"])


def test_the_partners_answer_needs_the_partners_consent_for_a_court(exchange: Exchange) -> None:
    es, item = exchange.es, (exchange.answer, 1)
    reasons = refused(es, item, exchange.discloses(es, "ES-4017"))
    assert "policy.use.ask-originator" in reasons
    assert "policy.law.incoming-unanswered" in reasons
    es.use()
    row = next(one for one in items_of_statements([exchange.answer])[exchange.answer] if one.place == 1)
    check = IncomingCheck(answer="obtained.no-sign", officer="ES-4017", at_ms=es.context.clock())
    answer_incoming(row.id, check, context=es.context)
    assert refused(es, item, exchange.discloses(es, "ES-4017")) == "policy.use.ask-originator"
    asked = exchange.discloses(es, "ES-4017")
    consent = Permission(use=Use.COURT)
    consented = replace(asked, hold=lambda shown: replace(asked.hold(shown), permissions=(consent,)))
    report = exchange.verify(exchange.export(es, statements=[exchange.answer], disclose=[item], disclosing=consented))
    assert [one.what for one in report.findings if one.content] == ["part"]


def test_a_doubt_whether_it_was_obtained_by_ill_treatment_keeps_it_from_court(exchange: Exchange) -> None:
    es = exchange.es
    es.use()
    for row in items_of_statements([exchange.answer])[exchange.answer]:
        told_why = Text("es", "Lo declaró ante el juez inventado.")
        check = IncomingCheck(answer="obtained.yes", officer="ES-4017", at_ms=es.context.clock(), reason=told_why)
        answer_incoming(row.id, check, context=es.context)
    reasons = refused(es, (exchange.answer, 2), exchange.discloses(es, "ES-4017"))
    assert "policy.law.incoming-ill-treatment" in reasons


@pytest.mark.parametrize(
    ("officer", "changes", "reason"),
    [
        ("ES-3300", {"clearance": "class.none"}, "policy.use.not-cleared"),
        ("ES-3300", {"purpose": "purpose.prevention"}, "policy.use.other-purpose"),
        ("ES-1001", {}, "policy.use.not-addressed"),
        ("ES-3300", {"use": Use.EXPORT}, "policy.use.ask-originator"),
    ],
)
def test_a_colleague_is_a_reader_like_others(
    exchange: Exchange, officer: str, changes: dict[str, object], reason: str
) -> None:
    es = exchange.es
    assert reason in refused(es, (exchange.request, 0), exchange.discloses(es, officer, **changes))


def test_the_conditions_of_a_part_are_those_of_the_part(exchange: Exchange) -> None:
    es = exchange.es
    seen: dict[int, Held] = {}
    asked = exchange.discloses(es, "ES-4017")

    def hold(shown: Shown) -> Held:
        seen[shown.place] = asked.hold(shown)
        return seen[shown.place]

    watched = replace(asked, hold=hold)
    gather(
        es.use(),
        statements=[exchange.request],
        disclose=[(exchange.request, at) for at in (-1, 0, 1)],
        disclosing=watched,
    )
    assert {held.purpose for held in seen.values()} == {PURPOSE}
    assert {held.conditions.codes for held in seen.values()} == {("H1", "H2")}
    assert {held.conditions.classification for held in seen.values()} == {"class.restricted"}


def test_from_the_docket_alone_only_the_originators_post_may(exchange: Exchange) -> None:
    es = exchange.es
    reader = Reader(
        agency="es.cgi", officer="ES-4017", posts=frozenset({es.post()}), clearance="class.secret", purpose=PURPOSE
    )
    shown = gather(
        es.use(), statements=[exchange.request], disclose=[(exchange.request, 0)], disclosing=Disclosing(reader=reader)
    )
    assert list(shown.exhibits[0].openings) == [0]
    assert "policy.use.other-purpose" in refused(es, (exchange.answer, 0), Disclosing(reader=reader))


def test_a_disclosure_that_nobody_answers_for_is_refused(exchange: Exchange) -> None:
    with pytest.raises(BadInput):
        gather(exchange.es.use(), statements=[exchange.request], disclose=[(exchange.request, 0)])


@pytest.mark.parametrize("place", [7, -2])
def test_a_place_that_is_not_there_is_not_disclosed(exchange: Exchange, place: int) -> None:
    with pytest.raises(NotFound) as caught:
        gather(
            exchange.es.use(),
            statements=[exchange.request],
            disclose=[(exchange.request, place)],
            disclosing=exchange.discloses(exchange.es, "ES-4017"),
        )
    assert caught.value.code == "evidence.not-openable"


def test_what_was_erased_is_proven_and_not_shown(exchange: Exchange) -> None:
    es = exchange.es
    es.use()
    es.context.keys.erase(exchange.request, place=1)
    who = exchange.discloses(es, "ES-4017")
    with pytest.raises(NotFound) as caught:
        gather(es.use(), statements=[exchange.request], disclose=[(exchange.request, 0)], disclosing=who)
    assert caught.value.values["place"] == "0"
    report = exchange.verify(exchange.export(es, statements=[exchange.request]))
    assert ("receipt", "ma.dgst") in told(report, exchange.request)


def test_disclosing_what_is_not_exported_is_refused(exchange: Exchange) -> None:
    with pytest.raises(NotFound):
        gather(
            exchange.es.use(),
            statements=[exchange.request],
            disclose=[(exchange.answer, 0)],
            disclosing=exchange.discloses(exchange.es, "ES-4017"),
        )
