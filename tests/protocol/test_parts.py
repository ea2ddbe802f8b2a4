"""Parts: the frame around what readers read."""

from __future__ import annotations

from typing import Any

import pytest

from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.cbor import encode
from tansiq.protocol.limits import MAX_PART_BYTES
from tansiq.protocol.parts import Part, parse_part


def test_a_part_of_a_kind_that_nobody_knows_yet_is_read_all_the_same() -> None:
    part = Part("someday.kind", {0: "نص", 1: ["ar", True, None, b"x"], "later": {-7: 1}})
    assert parse_part(part.to_bytes()) == part


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({0: 1, 1: "note"}, "protocol.wrong-field"),
        ({0: 1, 1: "note", 2: []}, "protocol.wrong-field"),
        ({0: 1, 2: {}}, "protocol.wrong-field"),
        ({1: "note", 2: {}}, "protocol.wrong-field"),
        ({0: 1, 1: "free text", 2: {}}, "protocol.not-a-code"),
        ([1, "note", {}], "protocol.wrong-field"),
    ],
)
def test_what_is_no_part_is_refused(fields: Any, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_part(encode(fields))
    assert caught.value.code == code


def test_an_oversized_part_is_not_even_decoded() -> None:
    with pytest.raises(TooMuch) as caught:
        parse_part(bytes(MAX_PART_BYTES + 1))
    assert caught.value.code == "protocol.part-too-large"
    with pytest.raises(BadInput):  # at the limit it is judged by what it is
        parse_part(bytes(MAX_PART_BYTES))
