"""An officer's own signature: what was signed, by whom in which post, and that it can't be moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from peer import START_MS, altered, seeded
from tansiq.errors import BadInput, Error, NotProven
from tansiq.protocol.acts import Act, act_of, make_act, parse_act
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.cose import sign1
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.protocol.parts import Part, parse_part

OFFICER, COLLEAGUE = SigningKey(seeded("officer")), SigningKey(seeded("colleague"))
STATEMENT, DOCKET = seeded("statement", 16), seeded("docket commitment")
PARTS = (seeded("part 0"), seeded("part 1"))


def made(**changes: Any) -> Part:
    values: dict[str, Any] = {
        "statement_id": STATEMENT,
        "officer": "4711",
        "post": "es.cgi/head",
        "act": "approved",
        "time_ms": START_MS,
        "docket_commitment": DOCKET,
        "part_commitments": PARTS,
        "signer": OFFICER,
    }
    return make_act(**values | changes)


def verify(
    act: Act,
    *,
    key: SigningKey = OFFICER,
    statement_id: bytes = STATEMENT,
    docket: bytes = DOCKET,
    parts: Sequence[bytes] = PARTS,
) -> None:
    act.verify(key.public, statement_id=statement_id, docket=docket, parts=parts)


def test_an_act_says_what_was_done_in_which_post_over_what() -> None:
    act = act_of(parse_part(made().to_bytes()))
    verify(act)
    assert (act.officer, act.post, act.act, act.time_ms) == ("4711", "es.cgi/head", "approved", START_MS)
    assert act.signature.signer == OFFICER.identifier


@pytest.mark.parametrize(
    "change",
    [
        {"statement_id": seeded("another", 16)},
        {"docket": seeded("another docket")},
        {"parts": PARTS[:1]},
        {"parts": (*PARTS, PARTS[0])},
        {"parts": PARTS[::-1]},
        {"parts": (PARTS[0], seeded("another part"))},
    ],
    ids=["statement", "docket", "part left out", "part added", "parts in another order", "another part"],
)
def test_an_act_can_not_be_moved(change: dict[str, Any]) -> None:
    with pytest.raises(NotProven) as caught:
        verify(act_of(made()), **change)
    assert caught.value.code == "protocol.act-of-another"


def test_an_act_is_one_officers() -> None:
    with pytest.raises(NotProven) as caught:
        verify(act_of(made()), key=COLLEAGUE)
    assert caught.value.code == "protocol.other-key"
    claimed = altered(made().content[0], protected=lambda header: header | {4: COLLEAGUE.identifier})
    with pytest.raises(NotProven) as caught:
        verify(parse_act(claimed), key=COLLEAGUE)
    assert caught.value.code == "protocol.wrong-signature"


def test_a_statements_signature_is_no_act() -> None:
    payload = parse_act(made().content[0]).signature.payload
    assert payload is not None
    with pytest.raises(BadInput) as caught:
        parse_act(sign1(payload, kind="statement", signer=OFFICER))
    assert caught.value.code == "protocol.other-type"


@pytest.mark.parametrize("part", [Part("note", {0: b"x"}), Part("act", {}), Part("act", {0: "text"})], ids=str)
def test_what_is_no_act_is_refused(part: Part) -> None:
    with pytest.raises(BadInput) as caught:
        act_of(part)
    assert caught.value.code == "protocol.wrong-field"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (1, bytes(15)),
        (2, "Lieutenant X"),
        (3, "the head"),
        (4, "I approve of this"),
        (5, -1),
        (5, MAX_TIME_MS + 1),
        (6, bytes(31)),
        (7, [bytes(31)]),
        (7, [bytes(32)] * 257),
    ],
)
def test_an_act_holds_codes_and_commitments_only(field: int, value: Any) -> None:
    payload = parse_act(made().content[0]).signature.payload
    assert payload is not None
    with pytest.raises(Error) as caught:
        parse_act(sign1(encode(decode(payload) | {field: value}), kind="act", signer=OFFICER))
    assert caught.value.code in {"protocol.wrong-field", "protocol.not-a-code", "protocol.not-a-post"}


def test_a_detached_act_is_none() -> None:
    with pytest.raises(BadInput):
        parse_act(sign1(b"\xa0", kind="act", signer=OFFICER, detached=True))
