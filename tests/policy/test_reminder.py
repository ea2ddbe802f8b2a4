"""The body of the office's reminder: its bytes are frozen, for other nodes read them."""

from __future__ import annotations

import pytest

from tansiq.errors import BadInput
from tansiq.policy.reminder import OfficeReminder
from tansiq.protocol.parts import Part, parse_part

FROZEN = "a30001016f6f66666963652e72656d696e64657202a16873696e63655f6d731b0000019eea0d4a00"
REMINDER = OfficeReminder(since_ms=1_782_043_200_000)


def test_its_bytes_are_those_that_were_frozen() -> None:
    assert Part("office.reminder", dict(REMINDER.to_plain())).to_bytes().hex() == FROZEN
    assert OfficeReminder.from_plain(parse_part(bytes.fromhex(FROZEN)).content) == REMINDER


@pytest.mark.parametrize(
    "plain", [{}, {"since_ms": -1}, {"since_ms": "now"}, {"since_ms": True}, {"since_ms": 1, "!more": 2}, [], None]
)
def test_what_is_none_is_refused(plain: object) -> None:
    with pytest.raises(BadInput):
        OfficeReminder.from_plain(plain)


def test_what_a_newer_office_adds_is_passed_over() -> None:
    assert OfficeReminder.from_plain({"since_ms": 1, "more": 2}) == OfficeReminder(since_ms=1)
