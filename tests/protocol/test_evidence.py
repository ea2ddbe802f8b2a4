"""Evidence as values: what is proven, what is missing, what is doubted; an exporter who lies and signs it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from peer import SimulatedPeer, introduce, seeded
from support import foreign
from support.exhibits import ES, LIES, MA, Lie, Story, archive, openings, refused, story, tell
from tansiq.node.evidence import to_archive, verify_archive
from tansiq.node.evidence_manifest import SIGNATURE
from tansiq.protocol.directory import fingerprint
from tansiq.protocol.envelope import parse_batch_head
from tansiq.protocol.evidence import Evidence, Exhibit, Hop, LeafProof
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.heads import Direction
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.texts import LANGUAGES

__all__ = ["archive", "story"]


# ---------------------------------------------------------------------------------------------------- what is proven


def test_a_file_says_who_said_what_when_and_by_which_key(story: Story, archive: bytes) -> None:
    report = verify_archive(archive, pinned=story.pins)
    assert report.identities == story.pins
    assert not report.doubts
    found = [(one.what, one.agency, one.other) for one in report.findings if one.statement == story.asked.statement.id]
    assert found == [
        ("statement", ES, ""),
        ("envelope", ES, MA),
        ("receipt", MA, ES),
        ("witness", MA, ES),
        ("docket", ES, ""),
        ("part", ES, ""),
        ("part", ES, ""),
        ("act", ES, ""),
    ]
    answer = [(one.what, one.agency) for one in report.findings if one.statement == story.answered.statement.id]
    assert answer == [("statement", MA), ("envelope", MA), ("receipt", ES), ("witness", MA), ("part", MA)]
    keys = {(one.agency, one.key) for one in report.findings if one.what != "act"}
    assert keys == {(peer.agency, peer.node_key.identifier) for peer in (story.es, story.ma)}
    act = next(one for one in report.findings if one.what == "act")
    assert (act.details["officer"], act.key) == ("4711", story.es.officers["4711"].identifier)
    shown = next(one for one in report.findings if one.what == "part" and one.agency == MA)
    assert b"note 0 of ma.dgst" in shown.content


def test_what_is_missing_is_said(story: Story, archive: bytes) -> None:
    report = verify_archive(archive, pinned=story.pins)
    lacking = {(one.code, one.statement) for one in report.missing}
    assert lacking == {("no-receipt", story.unanswered.statement.id), ("no-witness", story.unanswered.statement.id)}
    never = story.changed(0, hops=(), openings={})
    codes = {one.code for one in verify_archive(story.archive(never), pinned=story.pins).missing}
    assert "not-sent" in codes


def test_a_word_that_was_passed_on_keeps_its_author() -> None:
    third, ma, es = introduce(SimulatedPeer("fr.dgsi"), SimulatedPeer(MA), SimulatedPeer(ES))
    ma.know(es.directory)
    made = third.say()
    parcel = ma.parcel_with(made, to=ES, wraps={made.statement.digest: []})
    ma.take(es.take(parcel))
    raw = parcel.items[0].entry
    shown = LeafProof(
        ma.receipts[hashlib.sha256(raw).digest()],
        Direction.RECEIVED,
        next(iter(es.relation(MA).seen.values()))[2],
        ma.receipt_roots[hashlib.sha256(raw).digest()],
    )
    exhibit = Exhibit(made.statement, made.proofs, (Hop(raw, parse_batch_head(parcel.batch), 0, (), shown),))
    documents = (es.directory, third.directory, ma.directory)
    evidence = Evidence(ES, es.clock(), documents, (exhibit,))
    file = to_archive(evidence, signer=es.node_key)
    pins = {peer.agency: fingerprint(peer.identity.public.public) for peer in (third, ma, es)}
    found = [(one.what, one.agency) for one in verify_archive(file, pinned=pins).findings[1:]]
    assert found == [("statement", "fr.dgsi"), ("envelope", MA), ("receipt", ES)]
    assert foreign.verify(file, pins)
    without = {agency: pin for agency, pin in pins.items() if agency != "fr.dgsi"}
    assert refused(file, without).values == {"agency": "fr.dgsi"}


def test_a_disclosed_content_reads_as_it_was_written(story: Story, archive: bytes) -> None:
    plain = verify_archive(archive, pinned=story.pins).to_plain()
    contents = [finding["content"] for finding in plain["findings"] if finding["what"] == "part"]
    assert contents[0] == {"0": 1, "1": "note", "2": {"0": "¿Lo conocen?", "1": "es"}}


@pytest.mark.parametrize("time_ms", [0, 1, 253_402_300_799_999, 253_402_300_800_000, (1 << 63) - 1])
def test_every_time_that_a_file_may_state_can_be_shown(time_ms: int) -> None:
    assert str(time_ms % 1000).zfill(3) in utc_text(time_ms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_reads_in_every_language(story: Story, archive: bytes, language: str) -> None:
    lines = verify_archive(archive, pinned=story.pins).sentences(language)
    assert sum(MA in line for line in lines) >= 5
    assert not [line for line in lines if "{" in line]
    assert sum(not line.startswith(" ") for line in lines) == 2 + 1 + 4 + 1  # identities, manifest, statements, limits


def test_a_report_is_plain_json(story: Story, archive: bytes) -> None:
    plain = json.loads(json.dumps(verify_archive(archive, pinned=story.pins).to_plain()))
    assert plain["exporter"] == ES
    assert {finding["what"] for finding in plain["findings"]} >= {"manifest", "statement", "receipt", "witness", "act"}


def test_the_same_evidence_is_the_same_file(story: Story, archive: bytes) -> None:
    assert story.archive() == archive


# ------------------------------------------------------------------------------------------- an exporter who lies


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_an_exporter_who_lies_and_signs_it_is_refused(story: Story, lie: Lie) -> None:
    wrong = story.archive(lie(story))
    error = refused(wrong, story.pins)
    assert (error.code, error.values["reason"]) == ("evidence.not-proven", LIES[lie])
    with pytest.raises(foreign.Refused):
        foreign.verify(wrong, story.pins)


def test_an_export_signed_by_nobody_it_names_is_refused(story: Story) -> None:
    error = refused(story.archive(signer=SigningKey.generate()), story.pins)
    assert error.values == {"file": SIGNATURE, "reason": "evidence.unknown-key"}


def test_documents_of_agencies_that_said_nothing_do_not_belong_here(story: Story) -> None:
    stranger = SimulatedPeer("xx.other")
    wrong = replace(story.evidence, documents=(*story.evidence.documents, stranger.directory))
    pins = {**story.pins, "xx.other": fingerprint(stranger.identity.public.public)}
    assert refused(story.archive(wrong), pins).code == "evidence.other-manifest"


# ---------------------------------------------------------------------------------------------------- doubt


def test_a_later_revocation_is_doubt_and_an_earlier_receipt_settles_it() -> None:
    story = tell(revoke_after=True)
    report = verify_archive(story.archive(), pinned=story.pins)
    asked = [one for one in report.findings if one.statement == story.asked.statement.id and one.what == "statement"]
    assert [(one.doubt, one.settled_by) for one in asked] == [("revoked-since", MA)]
    lost = [
        one for one in report.findings if one.statement == story.unanswered.statement.id and one.what == "statement"
    ]
    assert [(one.doubt, one.settled_by) for one in lost] == [("revoked-since", "")]
    assert not [one for one in report.doubts if one.agency == MA]
    lines = report.sentences("en")
    assert any("But ma.dgst had signed for it" in line for line in lines)


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({"revoked_ms": 1}, "revoked"),
        ({"until_ms": 2}, "expired"),
        ({"from_ms": MAX_TIME_MS}, "early"),
        ({"revoked_ms": MAX_TIME_MS}, "revoked-since"),
    ],
)
def test_doubt_is_shown_as_doubt_and_not_as_failure(story: Story, change: dict[str, Any], doubt: str) -> None:
    es = SimulatedPeer(ES)
    keys = [replace(key, **change) if key.owner == ES else key for key in es.directory.keys]
    later = es.publish(keys=tuple(keys))
    documents = (story.evidence.documents[0], later, *story.evidence.documents[1:])
    archive = story.archive(replace(story.evidence, documents=documents))
    doubts = verify_archive(archive, pinned=story.pins).doubts
    assert {one.doubt for one in doubts} == {doubt}
    assert {one.agency for one in doubts} == {ES}
    assert foreign.verify(archive, story.pins)


def test_an_officers_act_that_does_not_hold_is_the_agencys_word_alone(story: Story) -> None:
    es = SimulatedPeer(ES)
    es.meet(story.ma.directory)
    es.officers["4711"] = SigningKey.generate()
    made = es.say(officer="4711")
    exhibit = Exhibit(made.statement, made.proofs, (), openings(made, 1))
    documents = story.evidence.documents[:1]
    archive = story.archive(Evidence(ES, es.clock(), documents, (exhibit,)))
    report = verify_archive(archive, pinned=story.pins)
    assert [(one.what, one.doubt) for one in report.doubts] == [("act", "act-not-proven")]


def test_what_was_committed_to_and_cannot_be_read_is_shown_as_such(story: Story) -> None:
    class Garbage:
        @staticmethod
        def to_bytes() -> bytes:
            return b"\xff"

    made = story.es.say(parts=[Garbage()])  # type: ignore[list-item]
    exhibit = Exhibit(made.statement, made.proofs, (), openings(made, 0))
    archive = story.archive(Evidence(ES, 1, story.evidence.documents[:1], (exhibit,)))
    report = verify_archive(archive, pinned=story.pins)
    assert [one.details["kind"] for one in report.findings if one.what == "part"] == ["?"]


def test_a_broken_succession_of_documents_is_refused(story: Story) -> None:
    es = SimulatedPeer(ES)
    forked = es.publish(previous=seeded("another document"))
    wrong = replace(story.evidence, documents=(story.evidence.documents[0], forked, *story.evidence.documents[1:]))
    assert refused(story.archive(wrong), story.pins).values["reason"] == "protocol.broken-succession"
