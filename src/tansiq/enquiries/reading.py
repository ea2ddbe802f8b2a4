"""From what somebody wrote as JSON to the records of the policy: for the command line, a file, a demonstration.

Invariant: what comes out keeps every limit of the policy, or BadInput was raised. An attestation may be written as
``{"answer": false}``: then it is the acting officer's own, given now. Nothing else is filled in: what the law wants
said, a person says.
"""

from __future__ import annotations

from typing import Any, TypeVar

from tansiq.errors import BadInput
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.plain import Record
from tansiq.protocol.ids import id_text

__all__ = ["answer_from", "parse_matter", "record_from", "refusal_from", "request_from"]

R = TypeVar("R", bound=Record)

_MOST_ITEMS = 128
_DEPTH = 16


def _attested(plain: Any, officer: str, now_ms: int, depth: int = 0) -> Any:
    """``plain`` with officer and moment in every attestation that names none; what holds none is not copied."""
    if depth > _DEPTH:
        raise BadInput("enquiries.too-deep", depth=_DEPTH)
    kind = type(plain)
    if kind is not dict and kind is not list:
        return plain
    filled = plain
    for key, value in plain.items() if kind is dict else enumerate(plain):
        if type(value) is dict or type(value) is list:
            inner = _attested(value, officer, now_ms, depth + 1)
            if inner is not value:
                filled = plain.copy() if filled is plain else filled
                filled[key] = inner
    if kind is dict and type(plain.get("answer")) is bool:
        return {"officer": officer, "at_ms": now_ms, **filled}
    return filled


def record_from(kind: type[R], plain: object, *, officer: str, now_ms: int) -> R:
    """The record of ``kind`` that ``plain`` writes, answered for by ``officer`` (a service number). Raises BadInput."""
    return kind.from_plain(_attested(plain, officer, now_ms))


def request_from(plain: object, *, officer: str, now_ms: int) -> Enquiry:
    """The request that ``plain`` writes, answered for by ``officer`` (a service number). Raises BadInput."""
    return Enquiry.from_plain(_attested(plain, officer, now_ms))


def answer_from(plain: object, *, officer: str, now_ms: int) -> tuple[Answer, tuple[Item, ...]]:
    """The answer and the items that ``{"answer": …, "items": […]}`` writes. Raises BadInput."""
    if (
        not isinstance(plain, dict)
        or not set(plain) <= {"answer", "items"}
        or not isinstance(plain.get("items", []), list)
    ):
        raise BadInput("enquiries.wrong-answer")
    items = plain.get("items", [])
    if len(items) > _MOST_ITEMS:
        raise BadInput("enquiries.too-many-items", most=_MOST_ITEMS)
    filled = [_attested(item, officer, now_ms) for item in items]
    return Answer.from_plain(_attested(plain.get("answer"), officer, now_ms)), tuple(
        Item.from_plain(item) for item in filled
    )


def refusal_from(plain: object, *, officer: str, now_ms: int) -> Refusal:
    """The refusal that ``plain`` writes. Raises BadInput."""
    return Refusal.from_plain(_attested(plain, officer, now_ms))


def parse_matter(text: str) -> bytes:
    """The matter that a text of 36 characters names. Raises BadInput."""
    try:
        matter = bytes.fromhex(text.replace("-", ""))
    except (ValueError, AttributeError):
        raise BadInput("enquiries.wrong-id") from None
    if len(matter) != 16 or id_text(matter) != text:
        raise BadInput("enquiries.wrong-id")
    return matter
