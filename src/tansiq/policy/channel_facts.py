"""From a matter and the state of the world to what rules ask for: one value for each condition.

Invariant: every condition of `channel_rules.CONDITIONS` has a value here but for those of a rank (classification, state);
an operation, a case or an accreditation that the world does not know is none.

*The liaison officer's accreditation* is judged whole: of several the one that stands best to the matter decides.
"""

from __future__ import annotations

from typing import Final

from tansiq.policy.channel_matter import Accredited, Channel, Matter, Validity, World

__all__ = ["STANDINGS", "accreditation_standing", "channel_facts", "facts_of"]

STANDINGS: Final = (
    "in-force", "other-case", "other-field", "suspended", "not-begun", "expired", "withdrawn", "none",
)  # fmt: skip
"""How an accreditation may stand to a matter, from the best to the worst."""
_RANK: Final = {standing: rank for rank, standing in enumerate(STANDINGS)}
_YES, _NO = "yes", "no"


def _said(answer: bool) -> str:  # noqa: FBT001 (a word for it)
    return _YES if answer else _NO


def _standing(one: Accredited, matter: Matter, now_ms: int) -> str:
    if one.validity is Validity.WITHDRAWN:
        return "withdrawn"
    if one.until_ms and now_ms >= one.until_ms:
        return "expired"
    if now_ms < one.from_ms:
        return "not-begun"
    if one.validity is Validity.SUSPENDED:
        return "suspended"
    carried = [field for case, field in one.grants if case == matter.case]
    if matter.field not in one.fields or (carried and matter.field not in carried):
        return "other-field"
    return "in-force" if matter.case and carried else "other-case"


def accreditation_standing(matter: Matter, world: World) -> str:
    """How the accreditations between the two services stand to the matter: a code of ``accreditation_standings``."""
    found = (_standing(one, matter, world.now_ms) for one in world.accreditations)
    return min(found, key=_RANK.__getitem__, default="none")


def _agreed(matter: Matter, world: World) -> bool:
    """Whether an agreement in force covers the field."""
    return any(
        one.from_ms <= world.now_ms
        and (not one.until_ms or world.now_ms < one.until_ms)
        and (not one.fields or matter.field in one.fields)
        for one in world.agreements
    )


def facts_of(matter: Matter, world: World) -> dict[str, str]:
    """What holds whichever the channel."""
    return {
        "kind": matter.kind,
        "partner": world.partner,
        "field": matter.field,
        "nature": str(matter.nature),
        "sensitive": _said(matter.sensitive),
        "urgent": _said(matter.urgent),
        "urgency": matter.urgency_ground,
        "danger_to_life": _said(matter.danger_to_life),
        "warrant": _said(matter.warrant),
        "missing": _said(matter.missing),
        "suspect": _said(matter.suspect),
        "several_countries": _said(len(set(matter.countries)) > 1),
        "case": _said(bool(matter.case)),
        "shared_case": _said(matter.case in world.shared_cases),
        "joint_operation": _said(matter.joint_operation in world.joint_operations),
        "personal_data": _said(matter.personal_data),
        "agreement": _said(_agreed(matter, world)),
        "accreditation": accreditation_standing(matter, world),
    }


def channel_facts(channel: Channel, world: World) -> dict[str, str]:
    """What holds of one channel alone."""
    return {"on_duty": _said(channel not in world.off_duty)}
