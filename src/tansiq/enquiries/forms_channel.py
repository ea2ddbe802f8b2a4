"""The questions whose answers the choice of a channel needs, and the choice itself, as sections of the form of an enquiry.

Invariant: what follows from the enquiry is not asked again; nothing is chosen in advance but what is cautious.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tansiq.channels.accreditations import accreditation_rows, grants_of
from tansiq.channels.sources import operations_with
from tansiq.enquiries.forms import Data, Part, Section, country_code
from tansiq.enquiries.forms_parts import Making
from tansiq.enquiries.weighing import Weighing
from tansiq.policy.channel_matter import CHANNELS, Channel, Nature
from tansiq.policy.codes import code_list
from tansiq.web.forms import Field, choices_of
from tansiq.web.visitor import Request

__all__ = ["FOUR", "case_in", "channel_in", "channel_sections", "weighing_in"]

FOUR: Final = "channels/four.html"
"""The template of the choice itself."""
_SHOWN: Final = 8
_OTHERS: Final = ("countries.0", "countries.1")


def _cases(partner: str, posts: Sequence[str], now_ms: int) -> list[tuple[str, str, str]]:
    """The cases that liaison officers carry for these desks: reference, the officer's number, the field of crime."""
    rows = [row for row in accreditation_rows("partner = %s AND until_ms > %s", (partner, now_ms)) if row.accepted]
    grants = grants_of([row.id for row in rows])
    return [
        (one.case or "", row.officer, one.field or "")
        for row in rows
        for one in grants[row.id]
        if one.desk in posts or one.counterpart in posts
    ]


def channel_sections(making: Making, request: Request, *, partner: str) -> tuple[Section, ...]:
    """The section on the channel; ``partner`` is the agency that is asked ('' not chosen yet)."""
    language = making.language
    asked: list[Field] = [
        Field(name="nature", label="channels.choice.nature", kind="select", value=str(Nature.OPERATIONAL), required=True,
              choices=choices_of("natures", language)),
        Field(name="sensitive", label="channels.choice.sensitive", help="channels.choice.sensitive-help", kind="radio",
              choices=making.yes_or_no("sensitive").choices),
        Field(name="warrant", label="channels.choice.warrant", kind="tick"),
    ]  # fmt: skip
    if cases := _cases(partner, request.visitor.posts, request.now_ms) if partner else []:
        offences = code_list("offences")
        named = tuple(
            (case, f"{case[:_SHOWN]} · {officer} · {offences.label(field, language)}") for case, officer, field in cases
        )
        asked.append(Field(name="case", label="channels.choice.case", kind="select", choices=named))
    if operations := operations_with(partner) if partner else ():
        known = tuple((one.hex(), one.hex()[:_SHOWN]) for one in sorted(operations))
        asked.append(Field(name="operation", label="channels.choice.operation", kind="select", choices=known))
    others = [Field(name=name, label="channels.choice.country", kind="country", size="middle") for name in _OTHERS]
    four = Field(
        name="channel", label="channels.choice.channel", kind="radio", required=True,
        choices=choices_of("channels", language),
    )  # fmt: skip
    deviation = Field(
        name="deviation", label="channels.choice.deviation", kind="select", choices=choices_of("deviation_reasons", language)
    )  # fmt: skip
    return (
        Section(
            name="channel",
            title="channels.choice.title",
            help="channels.choice.title-help",
            parts=(
                Part(fields=tuple(asked)),
                Part(fields=tuple(others), beside=True),
                Part(fields=(four,), template=FOUR),
                Part(fields=(deviation,)),
            ),
        ),
    )


def channel_in(data: Data) -> Channel | None:
    """The channel that is chosen; None while none is."""
    said = data.get("channel")
    return Channel(said) if said in CHANNELS else None


def _reference(said: Any) -> bytes:
    try:
        found = bytes.fromhex(str(said or ""))
    except ValueError:
        return b""
    return found if len(found) == 16 else b""


def case_in(data: Data) -> bytes:
    """The case within which it is asked (b'' none)."""
    return _reference(data.get("case"))


def weighing_in(data: Data) -> Weighing:
    """What is said for the choice of the channel; what nobody said not to be sensitive is."""
    nature = str(data.get("nature") or Nature.OPERATIONAL)
    said = [country_code(str(data.get(name) or "")) for name in _OTHERS]
    return Weighing(
        nature=Nature(nature) if nature in set(Nature) else Nature.OPERATIONAL,
        sensitive=data.get("sensitive") != "no",
        warrant=data.get("warrant") in (True, "yes", "on"),
        joint_operation=_reference(data.get("operation")),
        countries=tuple(dict.fromkeys(one for one in said if len(one) == 2)),
        deviation=str(data.get("deviation") or ""),
    )
