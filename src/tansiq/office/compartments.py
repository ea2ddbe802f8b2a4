"""Compartments: which service an officer of an office belongs to, for which fields the officer is cleared, and who heads the office.

Invariant: the head is whom the signed directory lists first at the office's desk; everybody else's compartment the head, or a deputy, has
given, and nobody the own. Who has none has that of the office's own agency. Rows of the register are for the service that they belong
to; bodies for a member of that service who is cleared for the field: heading an office clears nobody. What was assigned to somebody is
seen by that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from tansiq.directory.queries import own_directory
from tansiq.errors import NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.office.feeding import OFFICE, offices_here
from tansiq.policy.codes import code_list
from tansiq.protocol.docket import agency_of, check_agency

__all__ = [
    "Compartment",
    "compartment_of",
    "compartments",
    "head_of",
    "members_here",
    "office_for",
    "reads",
    "service_of",
    "set_compartment",
]

_COLUMNS: Final = "number, service, fields, deputy, given_by, at_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compartment:
    """What an officer of the desk ``office`` may see. ``fields`` are those of bodies; none: all. ``directs``: the whole register.
    ``common`` is the agency whose matters are everybody's: that of an office which is a node of its own ('' none).
    """

    office: str
    number: str
    service: str
    fields: tuple[str, ...] = ()
    directs: bool = False
    common: str = ""
    given_by: str = ""
    at_ms: int = 0

    @property
    def services(self) -> tuple[str, ...]:
        """Whose rows the officer sees besides what is assigned; none: of all services."""
        if self.directs:
            return ()
        return tuple(dict.fromkeys(one for one in (self.service, self.common) if one))

    def sees(self, service: str, assigned: str) -> bool:
        """Whether the officer sees a row of this service, assigned to this officer ('' nobody)."""
        return self.directs or service in self.services or (assigned != "" and assigned == self.number)

    def reads(self, service: str, field: str) -> bool:
        """Whether the officer may read bodies of this service's matters in this field."""
        return service in {self.service, self.common} and (not self.fields or field in self.fields)


def members_here(office: str) -> tuple[str, ...]:
    """The service numbers of the office's members, as our signed directory lists them: the head first."""
    return tuple(officer.number for officer in own_directory().officers if office in officer.posts)


def head_of(office: str) -> str:
    """Who heads the office; '' when nobody is listed."""
    return next(iter(members_here(office)), "")


def _common(office: str) -> str:
    """The office's agency, where it is an office and nothing else."""
    return agency_of(office) if all(post.role == OFFICE for post in own_directory().posts) else ""


def office_for(posts: Sequence[str], office: str = "") -> str:
    """The office at which somebody in ``posts`` looks: ``office`` if it is one of theirs, else their first. Raises NotFound."""
    mine = [one for one in offices_here() if one in posts]
    if not mine or (office and office not in mine):
        raise NotFound("office.no-office")
    return office or mine[0]


def _given(office: str, number: str = "") -> dict[str, tuple[str, str, bool, str, int]]:
    narrowed, values = (" AND number = %s", [office, number]) if number else ("", [office])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM office_member WHERE office = %s{narrowed} ORDER BY number", values)
        return {row[0]: (row[1], row[2], bool(row[3]), row[4], row[5]) for row in cursor.fetchall()}


def _of(office: str, number: str, given: tuple[str, str, bool, str, int] | None, head: str) -> Compartment:
    if given is None:
        common = _common(office)
        return Compartment(
            office=office, number=number, service=agency_of(office), directs=number == head, common=common
        )
    service, fields, deputy, given_by, at_ms = given
    return Compartment(
        office=office,
        number=number,
        service=service,
        fields=tuple(fields.split()),
        directs=deputy or number == head,
        common=_common(office),
        given_by=given_by,
        at_ms=at_ms,
    )


def compartment_of(office: str, number: str) -> Compartment:
    """What ``number``, who stands in the desk ``office``, may see there."""
    return _of(office, number, _given(office, number).get(number), head_of(office))


def reads(post: str, number: str, service: str, field: str) -> bool:
    """Whether an officer may read at a desk of ours what passes it; a desk that is no office has no compartments."""
    return post not in offices_here() or compartment_of(post, number).reads(service, field)


def sees(post: str, number: str, service: str) -> bool:
    """Whether an officer may know at a desk of ours of what is ``service``'s; a desk that is no office has no compartments."""
    return post not in offices_here() or compartment_of(post, number).sees(service, "")


def service_of(post: str, number: str) -> str:
    """The service of an officer at a desk of ours; '' at a desk that is no office."""
    return compartment_of(post, number).service if post in offices_here() else ""


def compartments(office: str) -> list[Compartment]:
    """Of all members of the office, the head first."""
    given, members = _given(office), members_here(office)
    return [_of(office, number, given.get(number), members[0]) for number in members]


def set_compartment(
    office: str,
    number: str,
    *,
    service: str,
    fields: Sequence[str] = (),
    deputy: bool = False,
    by: str,
    context: Context,
) -> None:
    """Gives a member of the office a compartment. ``service`` is an agency, ``fields`` codes of offences (none: all fields).

    Raises Refused ('office.not-the-head', 'office.own-compartment'), NotFound (no member) and BadInput (a code that is none).
    """
    if not compartment_of(office, by).directs:
        raise Refused("office.not-the-head")
    if number == by:
        raise Refused("office.own-compartment")
    if number not in members_here(office):
        raise NotFound("office.no-member", officer=number)
    known = code_list("offences")
    codes = " ".join(sorted({known.require(one) for one in fields}))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO office_member (office, number, service, fields, deputy, given_by, at_ms) VALUES (%s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (office, number) DO UPDATE SET service = excluded.service, fields = excluded.fields, deputy = excluded.deputy, "
            "given_by = excluded.given_by, at_ms = excluded.at_ms",
            (office, number, check_agency(service), codes, deputy, by, context.clock()),
        )
