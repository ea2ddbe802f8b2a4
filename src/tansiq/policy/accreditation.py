"""Accreditations of liaison officers: what a proposal says, and what it permits once the host has accepted it.

Invariant: nothing is permitted outside the host, the fields, the cases and the time of the proposal that the host accepted; a case
is carried in its own field alone. Who reads a proposal reads whole who is sent, for what and by whom it is answered for.
Council Decision 2003/170/JHA, Articles 2 to 4 and 7; how the two sides' words make a state stands in ``accreditation_course``.

>>> grant = Grant(case="00" * 16, field="offence.terrorism", desk="es.cgi/desk", counterpart="ma.dgst/desk")
>>> sent = Accreditation(officer="ES-7001", post="es.cgi/liaison", host="ma.dgst", fields=("offence.terrorism",),
...                      grants=(grant,), from_ms=1_000, until_ms=2_000)
>>> limits(sent, Carried(host="ma.dgst", field="offence.terrorism", case="00" * 16, at_ms=1_500))
()
>>> limits(sent, Carried(host="ma.dgst", field="offence.drugs", case="00" * 16, at_ms=2_000))
('limit.other-field', 'limit.expired')
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.codes import code_list
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.plain import Code, Line, Many, Matching, One, Record
from tansiq.policy.values import COUNTRY, LANGUAGE_TAG, MOMENT, REFERENCE, Text

__all__ = [
    "CASE", "LONGEST_MS", "Accreditation", "Carried", "Grant", "accreditation_faults", "check_accreditation", "limits",
]  # fmt: skip

LONGEST_MS: Final = 5 * 366 * 86_400_000
"""An accreditation ends after five years at the latest: who stays longer is accredited anew."""
CASE: Final = Matching(re.compile(r"[0-9a-f]{32}", re.ASCII), 32)
"""The shared reference of a case: 16 bytes, in hexadecimal digits."""
_LIAISON: Final = "Council Decision 2003/170/JHA, Article 3"
_DUTIES: Final = "Council Decision 2003/170/JHA, Article 2"
_ACCEPTED: Final = "Council Decision 2003/170/JHA, Article 4"
_PRACTICE: Final = "Practice"
_MOST_GRANTS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Record):
    """One case that the officer may carry: its shared reference, its field of crime, the desk at home and its counterpart
    at the host's, and what it is about, in words for those two.
    """

    case: Annotated[str | None, CASE] = None
    field: Annotated[str | None, Code("offences")] = None
    desk: Annotated[str | None, REFERENCE] = None
    counterpart: Annotated[str | None, REFERENCE] = None
    title: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accreditation(Record):
    """What a service proposes to a host: ``officer`` (service number) of its post ``post`` is sent to the agency ``host``.

    ``represents`` are further states (ISO 3166-1) whose interests the officer looks after; ``contacts`` numbers at which the
    post, not the person, is reached; ``authorities`` those of the host's state with which the officer works; ``sent_by`` the
    post that answers for the sending. Times are UTC milliseconds; ``until_ms`` is no longer within.
    """

    officer: Annotated[str | None, REFERENCE] = None
    post: Annotated[str | None, REFERENCE] = None
    host: Annotated[str | None, REFERENCE] = None
    fields: Annotated[tuple[str, ...], Many(Code("offences"), 32)] = ()
    languages: Annotated[tuple[str, ...], Many(LANGUAGE_TAG, 8)] = ()
    tasks: Annotated[tuple[str, ...], Many(Code("liaison_tasks"), 16)] = ()
    grants: Annotated[tuple[Grant, ...], Many(One(Grant), _MOST_GRANTS)] = ()
    from_ms: Annotated[int | None, MOMENT] = None
    until_ms: Annotated[int | None, MOMENT] = None
    reach: Annotated[str | None, Code("reachability")] = None
    contacts: Annotated[tuple[str, ...], Many(Line(64), 4)] = ()
    authorities: Annotated[tuple[str, ...], Many(Line(200), 16)] = ()
    represents: Annotated[tuple[str, ...], Many(COUNTRY, 16)] = ()
    note: Annotated[Text | None, One(Text)] = None

    def grant(self, case: str) -> Grant | None:
        """The grant of a case; None when the officer may not carry it."""
        return next((one for one in self.grants if one.case == case), None)


def _agency(post: str | None) -> str:
    return (post or "").partition("/")[0]


def _twice(one: Accreditation) -> bool:
    cases = [grant.case for grant in one.grants if grant.case is not None]
    return len(set(cases)) < len(cases)


_PROPOSAL: Final[tuple[Rule[Accreditation], ...]] = (
    Rule("policy.law.liaison-officer-missing", "officer", 57, _LIAISON, lambda one, _: one.officer is None),
    Rule("policy.law.liaison-post-missing", "post", 57, _LIAISON, lambda one, _: one.post is None),
    Rule("policy.law.liaison-host-missing", "host", 57, _LIAISON, lambda one, _: one.host is None),
    Rule("policy.law.liaison-host-own", "host", 57, _LIAISON,
         lambda one, _: one.host is not None and one.host == _agency(one.post)),
    Rule("policy.law.liaison-fields-missing", "fields", 57, _DUTIES, lambda one, _: not one.fields),
    Rule("policy.law.liaison-languages-missing", "languages", 57, _PRACTICE, lambda one, _: not one.languages),
    Rule("policy.law.liaison-tasks-missing", "tasks", 57, _DUTIES, lambda one, _: not one.tasks),
    Rule("policy.law.liaison-reach-missing", "reach", 57, _PRACTICE, lambda one, _: one.reach is None),
    Rule("policy.law.liaison-from-missing", "from_ms", 57, _ACCEPTED, lambda one, _: one.from_ms is None),
    Rule("policy.law.liaison-until-missing", "until_ms", 57, _ACCEPTED, lambda one, _: one.until_ms is None),
    Rule("policy.law.liaison-time-wrong", "until_ms", 57, _ACCEPTED,
         lambda one, _: one.from_ms is not None and one.until_ms is not None
         and not 0 < one.until_ms - one.from_ms <= LONGEST_MS),
    Rule("policy.law.liaison-cases-twice", "grants", 57, _PRACTICE, lambda one, _: _twice(one)),
)  # fmt: skip

_GRANT: Final[tuple[Rule[tuple[Grant, Accreditation]], ...]] = (
    Rule("policy.law.liaison-case-missing", "case", 57, _PRACTICE, lambda one, _: one[0].case is None),
    Rule("policy.law.liaison-case-field-missing", "field", 57, _PRACTICE, lambda one, _: one[0].field is None),
    Rule("policy.law.liaison-case-field-outside", "field", 57, _DUTIES,
         lambda one, _: one[0].field is not None and one[0].field not in one[1].fields),
    Rule("policy.law.liaison-desk-missing", "desk", 57, _PRACTICE,
         lambda one, _: one[0].desk is None or _agency(one[0].desk) != _agency(one[1].post)),
    Rule("policy.law.liaison-counterpart-missing", "counterpart", 57, _PRACTICE,
         lambda one, _: one[0].counterpart is None or _agency(one[0].counterpart) != one[1].host),
    Rule("policy.law.liaison-title-missing", "title", 57, _PRACTICE, lambda one, _: one[0].title is None),
)  # fmt: skip


def accreditation_faults(proposal: Accreditation, *, lists: Lists = code_list) -> Faults:
    """All that a proposal lacks, in the order of its fields. One without a case is complete: cases may be added later."""

    def found() -> Iterator[Fault]:
        yield from find(_PROPOSAL, proposal, lists)
        for index, grant in enumerate(proposal.grants):
            yield from find(_GRANT, (grant, proposal), lists, f"grants.{index}.")
        yield from unknown_codes(proposal, lists)

    return Faults(found())


def check_accreditation(proposal: Accreditation, *, lists: Lists = code_list) -> None:
    """Raises Refused('policy.law', count, faults) unless the proposal is complete."""
    refuse(accreditation_faults(proposal, lists=lists))


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a liaison officer is to carry: to or from which host, in which field of crime, in which case, when (UTC ms)."""

    host: str
    field: str
    case: str
    at_ms: int


def limits(accepted: Accreditation, carried: Carried) -> tuple[str, ...]:
    """Why ``accepted`` does not permit it, as codes of ``accreditation_limits``; nothing when it does.

    Whether it stands at all, or is suspended or withdrawn, is the question of ``accreditation_course``.
    """
    grant = accepted.grant(carried.case)
    against = {
        "limit.other-host": not carried.host or carried.host != accepted.host,
        "limit.other-field": carried.field not in accepted.fields
        or (grant is not None and carried.field != grant.field),
        "limit.other-case": grant is None,
        "limit.too-early": accepted.from_ms is None or carried.at_ms < accepted.from_ms,
        "limit.expired": accepted.until_ms is None or carried.at_ms >= accepted.until_ms,
    }
    return tuple(code for code, stands in against.items() if stands)
