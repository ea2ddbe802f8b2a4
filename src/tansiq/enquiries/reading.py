"""From what somebody wrote as JSON to the records of the policy: for the command line, a file, a demonstration.

Invariant: what comes out keeps every limit of the policy, or BadInput was raised. An attestation may be written as
``{"answer": false}``: then it is the acting officer's own, given now. Nothing else is filled in: what the law wants
said, a person says.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from tansiq.errors import BadInput
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.plain import One, Record, slots_of
from tansiq.policy.values import Attestation
from tansiq.protocol.ids import id_text

__all__ = ["answer_from", "parse_matter", "record_from", "refusal_from", "request_from"]

R = TypeVar("R", bound=Record)

_MOST_ITEMS = 128


_KNOWN: Final[dict[type[Record], tuple[tuple[str, type[Record]], ...]]] = {}


def _holders(kind: type[Record]) -> tuple[tuple[str, type[Record]], ...]:
    """The fields of ``kind`` with attestations, or with records in which they stand, and the records that they hold."""
    if kind in _KNOWN:
        return _KNOWN[kind]
    inner = [(slot.name, slot.inner.kind) for slot in slots_of(kind) if isinstance(slot.inner, One)]
    return _KNOWN.setdefault(kind, tuple((name, one) for name, one in inner if one is Attestation or _holders(one)))


def _attested(plain: Any, kind: type[Record], officer: str, now_ms: int) -> Any:
    """``plain``, which writes a record of ``kind``, with officer and moment in every attestation that names none."""
    if type(plain) is not dict:
        return plain
    if kind is Attestation:
        return {"officer": officer, "at_ms": now_ms, **plain} if type(plain.get("answer")) is bool else plain
    filled = {}
    for name, inner in _holders(kind):
        value = plain.get(name)
        if type(value) is list:
            filled[name] = [_attested(one, inner, officer, now_ms) for one in value]
        elif value is not None:
            filled[name] = _attested(value, inner, officer, now_ms)
    return {**plain, **filled} if filled else plain


def record_from(kind: type[R], plain: object, *, officer: str, now_ms: int) -> R:
    """The record of ``kind`` that ``plain`` writes, answered for by ``officer`` (a service number). Raises BadInput."""
    return kind.from_plain(_attested(plain, kind, officer, now_ms))


def request_from(plain: object, *, officer: str, now_ms: int) -> Enquiry:
    """The request that ``plain`` writes, answered for by ``officer`` (a service number). Raises BadInput."""
    return record_from(Enquiry, plain, officer=officer, now_ms=now_ms)


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
    answer = record_from(Answer, plain.get("answer"), officer=officer, now_ms=now_ms)
    return answer, tuple(record_from(Item, item, officer=officer, now_ms=now_ms) for item in items)


def refusal_from(plain: object, *, officer: str, now_ms: int) -> Refusal:
    """The refusal that ``plain`` writes. Raises BadInput."""
    return record_from(Refusal, plain, officer=officer, now_ms=now_ms)


def parse_matter(text: str) -> bytes:
    """The matter that a text of 36 characters names. Raises BadInput."""
    try:
        matter = bytes.fromhex(text.replace("-", ""))
    except (ValueError, AttributeError):
        raise BadInput("enquiries.wrong-id") from None
    if len(matter) != 16 or id_text(matter) != text:
        raise BadInput("enquiries.wrong-id")
    return matter
