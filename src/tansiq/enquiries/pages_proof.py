"""The way of a statement and what proves it, as the components of the pages want them.

Invariant: what is not proven yet is said to be awaited; nothing is called whole before the partner's receipt and its
co-signature of our journal are here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tansiq.enquiries.pages_common import Named, ms_of
from tansiq.texts import text
from tansiq.web.markup import reference

__all__ = ["Proof", "Stop", "evidence_url", "proof_of", "stops_of"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of the drawn route."""

    name: str
    state: str
    spent_ms: int | None


def stops_of(route: Sequence[Mapping[str, Any]], named: Named, *, ended_ms: int | None) -> list[Stop]:
    """The stops of a route; ``ended_ms`` is when the last desk was done with it (None: it still is there)."""
    out = []
    for place, one in enumerate(route):
        taken, handed = ms_of(one["taken_at"]), ms_of(one["handed_at"])
        last = place == len(route) - 1
        if last and taken is not None:
            spent = max(0, ended_ms - taken) if ended_ms is not None else None
            out.append(Stop(named.post(one["post"]), "here" if ended_ms is None else "passed", spent))
        elif handed is not None:
            out.append(Stop(named.post(one["post"]), "passed", max(0, handed - taken) if taken is not None else None))
        else:
            out.append(Stop(named.post(one["post"]), "here" if taken is not None else "ahead", None))
    return out


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof line of a statement, with all that it opens to."""

    state: str
    words: str
    about: str
    facts: list[tuple[str, SafeString]]
    url: str = ""


def evidence_url(matter: str) -> str:
    """Where the evidence of a matter can be downloaded; '' where the node offers none on its pages."""
    try:
        return reverse("evidence", kwargs={"matter": matter})
    except NoReverseMatch:
        return ""


def proof_of(proof: Mapping[str, Any], *, language: str, ours: bool, url: str = "") -> Proof:
    """What stands behind a statement: ``proof`` as `matter.show_enquiry` gives it; ``ours``: we said it."""
    whole = proof["leaf"] is not None and proof["receipt"] and proof["cosigned"]
    if whole:
        key = "enquiries.proof.whole"
    elif proof["leaf"] is None:
        key = "enquiries.proof.waits-delivery"
    elif not proof["receipt"]:
        key = "enquiries.proof.waits-receipt"
    else:
        key = "enquiries.proof.waits-cosignature"

    def told(key: str) -> SafeString:
        return format_html("{}", text(key, language))

    facts = [(text("enquiries.proof.statement", language), reference(proof["statement"], whole=True))]
    if proof["leaf"] is not None:
        facts.append((text("enquiries.proof.leaf", language), format_html("<bdi>{}</bdi>", proof["leaf"])))
    receipt = "enquiries.proof.receipt-here" if ours else "enquiries.proof.receipt-given"
    facts.append(
        (
            text("enquiries.proof.receipt", language),
            told(receipt if proof["receipt"] else "enquiries.proof.receipt-awaited"),
        )
    )
    if proof["head_size"]:
        facts.append((text("enquiries.proof.head", language), format_html("<bdi>{}</bdi>", proof["head_size"])))
        facts.append((text("enquiries.proof.root", language), reference(proof["head_root"], whole=True)))
    cosigned = "enquiries.proof.cosigned-yes" if proof["cosigned"] else "enquiries.proof.cosigned-no"
    facts.append((text("enquiries.proof.cosigned", language), told(cosigned)))
    return Proof("whole" if whole else "waits", text(key, language), proof["statement"], facts, url)
