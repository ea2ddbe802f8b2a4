"""Enquiries that are for officers' own eyes: what this node keeps of them is what their dockets say.

Invariant: nothing of a body stands in a row, an item or an index, neither where it is said nor where it arrives; the state and
the clock follow from kinds and times. So only what ends the matter, or asks and clarifies, is said in this way: what the
other side's clock would have to read out of the body is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tansiq.cases.files_sending import OwnFile
from tansiq.cases.items import NewItem, Whence, plain_item
from tansiq.cases.services import bring_forward
from tansiq.enquiries.rows import EnquiryRow
from tansiq.enquiries.terms import terms
from tansiq.errors import Refused
from tansiq.policy.answer import Answer
from tansiq.policy.correspondence import DelayNotice
from tansiq.protocol.docket import Docket

__all__ = ["closed_item", "end_unfound", "refuse_closed"]


def refuse_closed(
    said: Answer | DelayNotice | None = None, *, files: Sequence[Sequence[OwnFile] | OwnFile] = ()
) -> None:
    """Raises Refused for what can't be said for somebody's own eyes alone."""
    if isinstance(said, DelayNotice) or (isinstance(said, Answer) and said.outcome == "answer.partial"):
        raise Refused("enquiries.not-for-own-eyes")
    if any(files):
        raise Refused("enquiries.no-files-for-own-eyes")


def closed_item(whence: Whence, docket: Docket) -> NewItem:
    """The item that such a body is: its retention, and the conditions that its docket names."""
    item = plain_item(whence, docket.kind)
    return replace(item, purpose="", handling=" ".join(docket.handling)[:128], classification=docket.classification)


def end_unfound(enquiry: EnquiryRow, answer: Answer, *, at_ms: int) -> None:
    """When nothing was found, what was asked ends after the term, though no row says so; in the caller's transaction."""
    if answer.outcome == "answer.no-hit":
        bring_forward([enquiry.request], review_ms=at_ms + terms().no_hit_ms, erase_ms=at_ms + terms().no_hit_ms)
