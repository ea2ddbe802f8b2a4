"""From what somebody wrote as JSON to the records of the policy: for the command line, a file, a demonstration.

Invariant: what comes out keeps every limit of the policy, or BadInput was raised. An attestation may be written as
``{"answer": false}``: then it is the acting officer's own, given now. Nothing else is filled in: what the law wants
said, a person says.
"""

from __future__ import annotations

from tansiq.errors import BadInput
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.protocol.ids import id_text

__all__ = ["answer_from", "parse_matter", "refusal_from", "request_from"]

_MOST_ITEMS = 128
_DEPTH = 16


def _attested(plain: object, officer: str, now_ms: int, depth: int = 0) -> object:
    """``plain`` with officer and moment in every attestation that names none."""
    if depth > _DEPTH:
        raise BadInput("enquiries.too-deep", depth=_DEPTH)
    within = depth + 1
    if type(plain) is list:
        return [_attested(one, officer, now_ms, within) if type(one) is not str else one for one in plain]
    if type(plain) is not dict:
        return plain
    filled = {
        key: _attested(value, officer, now_ms, within) if type(value) is dict or type(value) is list else value
        for key, value in plain.items()
    }
    if type(filled.get("answer")) is bool:
        filled.setdefault("officer", officer)
        filled.setdefault("at_ms", now_ms)
    return filled


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
