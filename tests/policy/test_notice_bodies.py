"""The bodies of notices and of all that is said about them, as they travel for ever: frozen bytes, limits, what a newer version may add.

The frozen file is written by ``python tests/policy/test_notice_bodies.py``, once, for a kind that is not in it yet.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from support.source import HOUSE
from tansiq.errors import BadInput
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis, Neutrality
from tansiq.policy.notice import (
    Appearance,
    Cancellation,
    Extension,
    HubRefusal,
    Notice,
    NoticeAnswer,
    NoticeRequest,
    Publication,
    Restriction,
    StatusDeclaration,
    StatusFlag,
    Warrant,
)
from tansiq.policy.plain import Record
from tansiq.policy.subjects import Name, Place, Subject
from tansiq.policy.values import Attestation, PartialDate, Text
from tansiq.protocol.parts import Part, parse_part

FILE = HOUSE / "tests" / "vectors" / "notices.json"
DIGEST = "43b8448aa6d2c7e1a380b3ac431866e8f918726715d3b8ed1e1227025bd8c80a"
AT_MS = 1_782_043_200_000
WORDS = Text("fr", "Mots inventés.")
YES, NO = (Attestation(answer=answer, officer="ES-5001", at_ms=AT_MS) for answer in (True, False))
PERSON = Subject(
    kind="subject.person",
    names=(Name("مختار بنعلي المخترع", "Arab"), Name("Mojtar Benalí el Invento", "Latn", "name.alias")),
    births=(PartialDate(year=1984, month=3), PartialDate(year=1980, until_year=1985)),
    nationalities=("MA",),
    sex="M",
    category="category.wanted",
)
LAW = LawBasis(
    legal_basis="law.interpol", purpose="purpose.investigation", offence="offence.drugs",
    neutrality=Neutrality(political=NO, military=NO, religious=NO, racial=NO),
)  # fmt: skip
CONDITIONS = Conditions(codes=("H2",), classification="class.restricted", expires_at_ms=AT_MS)
STATEMENT = "019e0000-0000-7000-8000-000000000001"
NOTICE = Notice(
    colour="notice.red",
    reference="OCN-2026-118",
    subjects=(PERSON,),
    appearance=Appearance(height_cm=178, weight_kg=74, eyes=("BRO",), hair=("BLA",), speaks=("ar", "es"), marks=WORDS),
    warrants=(
        Warrant(
            country="ES", authority="Juzgado inventado", reference="DP 118/2026", issued=PartialDate(year=2026, month=6, day=2),
            charge=WORDS, charge_translation=WORDS, punishable_months=144, remaining_months=12,
        ),
    ),
    event_date=PartialDate(year=2026, circa=True),
    event_place=Place(role="place.last-seen", name="طنجة", script="Arab", country="MA"),
    facts=WORDS,
    caution=WORDS,
    actions=("action.locate", "action.arrest"),
    un_reference="QDi.000",
    rpd_purpose="rpd.wanted",
    article_2=YES,
    law=LAW,
    conditions=CONDITIONS,
    public=True,
    until_ms=AT_MS,
)  # fmt: skip
WHOLE: dict[str, Record] = {
    "notice.notice": NOTICE,
    "notice.diffusion": replace(NOTICE, colour="notice.blue", warrants=(), public=False),
    "notice.update": replace(NOTICE, colour="notice.yellow", appearance=None, until_ms=None),
    "notice.request": NoticeRequest(notice=STATEMENT, denied=("xx.ncb", "xy.ncb"), words=WORDS),
    "notice.publication": Publication(number="2026/1042", until_ms=AT_MS, lawful=YES),
    "notice.refusal": HubRefusal(grounds=("hub.judicial-basis", "hub.other"), reasons=WORDS),
    "notice.extension": Extension(until_ms=AT_MS, reason=WORDS, examined=YES),
    "notice.restriction": Restriction(denied=("xx.ncb",), words=WORDS),
    "notice.cancellation": Cancellation(reason="cancel.executed", words=WORDS, on=PartialDate(year=2026, month=11)),
    "notice.answer": NoticeAnswer(
        result="result.arrested", subject=1, on=PartialDate(year=2026, month=11, day=27),
        place=Place(role="place.other", name="Tanger", script="Latn", country="MA"), authority="Police inventée", confirmed=True,
        words=WORDS, law=LAW, conditions=CONDITIONS,
    ),
    "person.status": StatusDeclaration(
        status="status.held", subjects=(PERSON,), since=PartialDate(year=2026, month=11),
        place=Place(role="place.other", name="Salé", script="Latn", country="MA"), authority="Prison inventée",
        reference="EP-7-2026", law=LAW, conditions=CONDITIONS,
    ),
    "person.flag": StatusFlag(
        declaration=STATEMENT, status="status.held", subject=2, since=PartialDate(year=2026, month=11), reasons=("name-same",),
    ),
}  # fmt: skip
PLAIN: dict[str, dict[str | int, Any]] = {
    "notice.withheld": {},
    "service.members": {0: [b"a directory document", b"another"], 1: ["xx.ncb"]},
}
"""What has no record of its own: the hub's node says these, and their handlers read them (`notices/handlers`, `notices/members`)."""


def frozen() -> dict[str, str]:
    found: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def made() -> dict[str, str]:
    """The bytes of every body as this version makes them."""
    contents = {kind: dict(record.to_plain()) for kind, record in WHOLE.items()} | PLAIN
    return {kind: Part(kind, content).to_bytes().hex() for kind, content in sorted(contents.items())}


def test_the_frozen_file_is_the_one_that_was_frozen() -> None:
    """If this fails, the file was changed: put it back, and freeze what is new beside it."""
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == DIGEST
    assert set(frozen()) == {*WHOLE, *PLAIN}


@pytest.mark.parametrize("kind", sorted({*WHOLE, *PLAIN}))
def test_the_frozen_bytes_are_read_and_made_again(kind: str) -> None:
    part = parse_part(bytes.fromhex(frozen()[kind]))
    assert part.kind == kind
    assert made()[kind] == frozen()[kind]
    if kind in PLAIN:
        assert part.content == PLAIN[kind]
        return
    assert type(WHOLE[kind]).from_plain(part.content) == WHOLE[kind]


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_a_newer_version_may_add_what_can_be_ignored_and_what_can_not(kind: str) -> None:
    plain = WHOLE[kind].to_plain()
    assert type(WHOLE[kind]).from_plain({**plain, "of_tomorrow": 1}) == WHOLE[kind]
    with pytest.raises(BadInput, match=r"policy\.newer-version"):
        type(WHOLE[kind]).from_plain({**plain, "!of_tomorrow": 1})


HOSTILE: list[tuple[type[Record], dict[str, Any]]] = [
    (Notice, {"colour": "the red one"}),
    (Notice, {"subjects": [PERSON.to_plain()] * 17}),
    (Notice, {"warrants": [{"country": "ES"}] * 9}),
    (Notice, {"warrants": [{"punishable_months": 1_201}]}),
    (Notice, {"warrants": [{"country": "Spain"}]}),
    (Notice, {"appearance": {"height_cm": 3_000}}),
    (Notice, {"appearance": {"speaks": ["ar"] * 17}}),
    (Notice, {"facts": {"language": "fr", "value": "x" * 16_001}}),
    (Notice, {"facts": {"language": "fr", "value": "a\u202eb"}}),
    (Notice, {"public": "yes"}),
    (Notice, {"until_ms": 10**18}),
    (NoticeRequest, {}),
    (NoticeRequest, {"notice": "not a statement"}),
    (NoticeRequest, {"notice": STATEMENT, "denied": ["xx.ncb"] * 257}),
    (NoticeRequest, {"notice": STATEMENT, "denied": ["../ncb"]}),
    (Publication, {"number": "2026/1", "until_ms": AT_MS}),
    (Publication, {"number": "2026/1", "until_ms": -1, "lawful": YES.to_plain()}),
    (HubRefusal, {"grounds": ["hub.other"] * 9}),
    (Restriction, {"denied": "xx.ncb"}),
    (NoticeAnswer, {"subject": 16}),
    (NoticeAnswer, {"confirmed": 1}),
    (StatusDeclaration, {"subjects": [PERSON.to_plain()] * 2}),
    (StatusFlag, {"declaration": STATEMENT}),
    (StatusFlag, {"declaration": STATEMENT, "status": "status.held", "reasons": ["Mojtar Benalí"] * 17}),
]


@pytest.mark.parametrize(("kind", "plain"), HOSTILE)
def test_what_breaks_a_limit_is_no_record(kind: type[Record], plain: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        kind.from_plain(plain)


if __name__ == "__main__":
    FILE.write_text(json.dumps(made() | (frozen() if FILE.exists() else {}), indent=1, sort_keys=True) + "\n", "utf-8")
