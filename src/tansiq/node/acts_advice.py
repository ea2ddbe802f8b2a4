"""Acts on the choice of a channel: the same judgement that the page of an enquiry shows, before anything is written or sent.

Invariant: nothing is stored or sent. Who asks has signed in, since what is said depends on the desks in which that person works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from string import hexdigits
from typing import Any, Final

from tansiq.channels.history import Expected, expected_by_channel
from tansiq.channels.profile import channel_rules
from tansiq.enquiries.reading import request_from
from tansiq.enquiries.weighing import Choosing, Weighing, matter_of
from tansiq.errors import BadInput
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import flag_of, text_of, texts_of
from tansiq.node.written import written
from tansiq.policy.channel_matter import Channel, Matter, Nature
from tansiq.policy.channel_showing import as_plain
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.law import law_faults
from tansiq.protocol.docket import agency_of, check_post
from tansiq.texts import LANGUAGES

__all__ = ["ADVICE", "advise", "weighing_of"]

_DIGITS: Final = 32
_WAY: Final = ("from", "to", "via", "case")
_CODES: Final[Mapping[str, str]] = {
    "field": "offences", "classification": "classification", "urgency_ground": "urgency_grounds"
}  # fmt: skip


def _reference(said: str) -> bytes:
    """A reference of 16 bytes, as an id or in hexadecimal digits; b'' for none. Raises BadInput."""
    digits = said.replace("-", "")
    if said and (len(digits) != _DIGITS or not set(digits) <= set(hexdigits)):
        raise BadInput("enquiries.wrong-id")
    return bytes.fromhex(digits)


def weighing_of(asked: Asked) -> Weighing:
    """What is said for the choice of a channel beside the enquiry. Raises BadInput."""
    nature = text_of(asked, "nature", default=str(Nature.OPERATIONAL))
    return Weighing(
        nature=Nature(code_list("natures").require(nature)),
        sensitive=not flag_of(asked, "harmless"),
        warrant=flag_of(asked, "warrant"),
        joint_operation=_reference(text_of(asked, "operation", default="")),
        countries=tuple(texts_of(asked, "countries")),
        deviation=text_of(asked, "deviation", default=""),
    )


def _told(asked: Asked, partner: str) -> Matter:
    """A matter that is told by its codes alone."""
    codes = {name: text_of(asked, name, default="") for name in _CODES}
    for name, code in codes.items():
        if code:
            code_list(_CODES[name]).require(code)
    bare = matter_of(Enquiry(), weighing_of(asked), partner=partner, case=_case(asked, {}))
    return replace(
        bare,
        kind=text_of(asked, "kind", default=bare.kind),
        missing=flag_of(asked, "missing"),
        suspect=flag_of(asked, "suspect"),
        personal_data=True,
        field=codes["field"],
        classification=codes["classification"],
        urgency_ground=codes["urgency_ground"],
    )


def _case(asked: Asked, draft: Mapping[str, Any]) -> bytes:
    return _reference(text_of(asked, "case", default="") or str(draft.get("case", "")))


def _drafted(asked: Asked, draft: Mapping[str, Any], partner: str, officer: str) -> tuple[Matter, list[str]]:
    """The matter of an enquiry that is written, and what the law still wants of it."""
    plain = {name: value for name, value in draft.items() if name not in _WAY}
    request = request_from(written(plain, Enquiry), officer=officer, now_ms=asked.context.clock())
    unmet = list(dict.fromkeys(fault.code for fault in law_faults(request)))
    return matter_of(request, weighing_of(asked), partner=partner, case=_case(asked, draft)), unmet


def _expected(found: Expected | None) -> dict[str, int] | None:
    return None if found is None else {"count": found.count, "median_ms": found.median_ms, "most_ms": found.most_ms}


def advise(asked: Asked) -> dict[str, Any]:
    """What may be done by each of the four channels with a matter ``to`` a desk: one told by its codes, or the ``draft`` of
    an enquiry. What the law still wants of a draft is told beside: nothing leaves before it has it.
    """
    officer = asked.require_officer()
    draft = asked.arguments.get("draft") or {}
    if not isinstance(draft, dict):
        raise BadInput("node.wrong-argument", name="draft")
    to = text_of(asked, "to", default="") or str(draft.get("to", ""))
    sender = text_of(asked, "from", default="") or str(draft.get("from", "")) or next(iter(officer.posts), "")
    if not to:
        raise BadInput("node.wrong-argument", name="to")
    partner = agency_of(check_post(to))
    matter, unmet = _drafted(asked, draft, partner, officer.number) if draft else (_told(asked, partner), [])
    choosing = Choosing(
        context=asked.context, officer=officer.number, posts=officer.posts, sender=sender, addressee=to,
        via=text_of(asked, "via", default="") or str(draft.get("via", "")),
    )  # fmt: skip
    rules, expected = channel_rules(), expected_by_channel(officer.posts, partner)
    return {
        "partner": partner,
        "profile": rules.profile,
        "rules": rules.digest,
        "unmet": unmet,
        "channels": [
            {**as_plain(one, rules, languages=LANGUAGES), "expected": _expected(expected.get(Channel(one.channel)))}
            for one in choosing.advice(matter)
        ],
    }


ADVICE: Final[Mapping[str, Act]] = {"channel.advise": advise}
