"""The hub's members: whom it has admitted, and their directory documents, which it brings to all others; and the services behind a
bureau, for which that bureau vouches.

Invariant: the hub admits whose words it has compared; a bureau takes the hub's word on the others for what the hub brings, and
passes it on to the services of its own state. A bureau makes known a service of its own state that it has met, when an officer says
so, and the hub believes it of no other. A document that does not follow from the identity that is pinned is left out and
told; it stops none of the others.

    service.members   here are the documents of these agencies; these are no longer members (or no longer known)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.sql import insert, marks
from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import PartnerState, current_directory, own_directory, partners
from tansiq.directory.services import end_introduction, introduce
from tansiq.errors import BadInput, Error, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.quarantine import retry
from tansiq.exchange.service import SERVICE_CHANNEL, node_key
from tansiq.exchange.services import send_many
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.desks import (
    BUREAU,
    LEGAL,
    RELAY,
    bureaux_of,
    carriers,
    hub_agency,
    is_hub,
    own_services,
    require_post,
)
from tansiq.notices.kinds import MEMBERS
from tansiq.policy.ways import state_of
from tansiq.protocol.directory import Directory, parse_directory
from tansiq.protocol.docket import ALL_MEMBERS, Docket, agency_of, check_agency
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part

__all__ = [
    "MemberRow", "admit", "dismiss", "make_known", "member_of", "members", "no_longer_known", "on_admitted", "services_known",
    "take_members", "tell_members",
]  # fmt: skip

_COLUMNS: Final = ("agency", "post", "admitted_ms", "officer", "ended_ms", "told")
_ADD: Final = insert(
    "notices_member",
    _COLUMNS,
    "ON CONFLICT (agency) DO UPDATE SET post = excluded.post, ended_ms = excluded.ended_ms, officer = excluded.officer, "
    "admitted_ms = CASE WHEN notices_member.ended_ms IS NULL THEN notices_member.admitted_ms ELSE excluded.admitted_ms END",
)
_DOCUMENTS, _ENDED = 0, 1
_AT_ONCE: Final = 48
"""Documents in one part; a bureau's has some ten thousand bytes."""
_CURABLE: Final = ("directory.unknown-agency", "directory.unconfirmed", "exchange.unknown-key")
_log = logging.getLogger("tansiq.notices")
Listener = Callable[[Sequence[str], Context], None]
_admitted: list[Listener] = []


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A row of `models.Member`; the columns in this order."""

    agency: str
    post: str
    admitted_ms: int
    officer: str
    ended_ms: int | None
    told: int


def _rows(where: str) -> list[MemberRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM notices_member WHERE {where} ORDER BY agency")
        return [MemberRow(*row) for row in cursor.fetchall()]


def members(*, ended: bool = False) -> list[MemberRow]:
    """The members, by their identifiers; with ``ended`` those too who are no longer."""
    return _rows("post <> ''" if ended else "post <> '' AND ended_ms IS NULL")


def services_known() -> list[MemberRow]:
    """The services behind bureaux that this node makes known: a bureau its own, the hub all; they have no post."""
    return _rows("post = '' AND ended_ms IS NULL")


def member_of(agency: str) -> MemberRow:
    """The member ``agency``. Raises NotFound."""
    found = next((one for one in members() if one.agency == agency), None)
    if found is None:
        raise NotFound("notices.no-member", agency=agency)
    return found


def _keep(rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


def on_admitted(listener: Listener) -> None:
    """Lets a module of this room act when the hub admits members, in the same transaction."""
    if listener not in _admitted:
        _admitted.append(listener)


def _require_hub(officer: ActingOfficer) -> None:
    """Raises Refused unless this is the hub and the officer is at its relay or its legal desk."""
    try:
        require_post(officer, RELAY)
    except Refused:
        require_post(officer, LEGAL)
    if not is_hub():
        raise Refused("notices.not-the-hub")


def admit(*agencies: str, officer: ActingOfficer, context: Context) -> list[MemberRow]:
    """The hub admits bureaux whose words it has compared; each gets the documents of all others, and every notice that binds.

    Raises Refused (not the hub's officer, words not compared), NotFound (no such agency, no bureau).
    """
    _require_hub(officer)
    known = {one.agency: one for one in partners()}
    desks = {agency: _admissible(agency, known) for agency in dict.fromkeys(agencies)}
    now_ms = context.clock()
    with transaction.atomic():
        before = [one.agency for one in (*members(), *services_known()) if one.agency not in desks]
        _keep([(agency, desk, now_ms, officer.number, None, 0) for agency, desk in desks.items()])
        for agency in desks:
            _logged(agency, "member.admitted", officer=officer.number, context=context)
        if before:
            _say(before, to=list(desks), context=context)
        tell_members(context=context)
        for listener in _admitted:
            listener(list(desks), context)
    return [one for one in members() if one.agency in desks]


def _admissible(agency: str, known: Mapping[str, PartnerState]) -> str:
    """The desk of a bureau that may be admitted. Raises Refused, NotFound."""
    if agency not in known:
        raise NotFound("directory.unknown-agency", agency=agency)
    if not known[agency].confirmed_ms:
        raise Refused("directory.unconfirmed", agency=agency)
    desks = bureaux_of(current_directory(agency))
    if not desks:
        raise NotFound("notices.no-bureau", agency=agency)
    return desks[0]


def dismiss(agency: str, *, officer: ActingOfficer, context: Context) -> None:
    """The hub ends a membership: nothing more goes to that bureau, and the others are told, of the services behind it too.

    Raises Refused, NotFound.
    """
    _require_hub(officer)
    member_of(agency)
    known = {one.agency for one in services_known()}
    behind = [one.agency for one in partners() if one.introduced_by == agency and one.agency in known]
    with transaction.atomic():
        _end([agency, *behind], context.clock())
        _logged(agency, "member.dismissed", officer=officer.number, context=context)
        _say([], ended=[agency, *behind], to=[one.agency for one in members()], context=context)


# ---------------------------------------------------------------------------------------------------- behind a bureau


def make_known(*agencies: str, officer: ActingOfficer, context: Context) -> None:
    """Our bureau lets the hub, and by it all members and their services, know services of our own state, for which it vouches; and
    lets them know all whom the hub has brought.

    Raises Refused (not the bureau's officer, words not compared, another state), NotFound (no such agency, no hub).
    """
    require_post(officer, BUREAU)
    known, own, now_ms = {one.agency: one for one in partners()}, own_directory().agency, context.clock()
    for agency in dict.fromkeys(agencies):
        if agency not in known or known[agency].is_self:
            raise NotFound("directory.unknown-agency", agency=agency)
        if not known[agency].confirmed_ms:
            raise Refused("directory.unconfirmed", agency=agency)
        if not _is_service(current_directory(agency), of=own):
            raise Refused("notices.not-a-service", agency=agency)
    with transaction.atomic():
        _keep([(agency, "", now_ms, officer.number, None, 0) for agency in dict.fromkeys(agencies)])
        for agency in dict.fromkeys(agencies):
            _logged(agency, "service.made-known", officer=officer.number, context=context)
        hub = hub_agency()
        brought = [one.agency for one in known.values() if one.introduced_by == hub and one.agency not in agencies]
        _say([hub, *brought], to=list(dict.fromkeys(agencies)), context=context)
        tell_members(context=context)


def no_longer_known(agency: str, *, officer: ActingOfficer, context: Context) -> None:
    """Our bureau no longer vouches for a service; the hub tells all. Raises Refused, NotFound."""
    require_post(officer, BUREAU)
    if agency not in {one.agency for one in services_known()}:
        raise NotFound("directory.unknown-agency", agency=agency)
    with transaction.atomic():
        _end([agency], context.clock())
        _logged(agency, "service.no-longer-known", officer=officer.number, context=context)
        _say([], ended=[agency], to=[hub_agency()], context=context)


def _is_service(directory: Directory, *, of: str) -> bool:
    """Whether it is a service of the state of the bureau ``of``, and no bureau itself."""
    same = state_of(directory.agency) == state_of(of) and directory.agency != of
    return same and not bureaux_of(directory)


def _end(agencies: Sequence[str], now_ms: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE notices_member SET ended_ms = %s, told = 0 WHERE agency IN ({marks(agencies)})",
            [now_ms, *agencies],
        )


def _take_services(one: Arrived, context: Context) -> None:
    """The hub takes a member's word on the services behind it, and brings it to all others. Raises NotProven."""
    by = one.statement.agency
    if by != one.peer or by not in {member.agency for member in members()}:
        raise NotProven("notices.not-the-carrier", agency=by)
    documents, ended = _documents(one)
    mine = [encoded for encoded in documents if _is_service(parse_directory(encoded), of=by)]
    if len(mine) < len(documents):
        _log.warning("%s introduces somebody who is no service of its state", by)
    now_ms = context.clock()
    _, introduced = _introduced(mine, by, now_ms)
    _keep([(agency, "", now_ms, "", None, 0) for agency in introduced])
    gone = [row.agency for row in services_known() if row.agency in ended and state_of(row.agency) == state_of(by)]
    if gone:
        _end(gone, now_ms)
        for agency in gone:
            end_introduction(agency, by=by)
        _say([], ended=gone, to=[member.agency for member in members()], context=context)
    tell_members(context=context)
    if introduced:
        transaction.on_commit(partial(_try_again, by, context), robust=True)


def _logged(agency: str, what: str, *, officer: str, context: Context) -> None:
    access = Access(
        operation=Operation.ALTERATION,
        officer=officer,
        thing=new_id(context.clock()),
        purpose="",
        justification=what,
        recipients=(agency,),
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)


# ---------------------------------------------------------------------------------------------------- what is told


def _parts(agencies: Sequence[str], ended: Sequence[str]) -> list[Part]:
    documents = [current_directory(one).encoded for one in agencies]
    pieces = [documents[at : at + _AT_ONCE] for at in range(0, len(documents), _AT_ONCE)] or [[]]
    return [
        Part(MEMBERS, {_DOCUMENTS: list(piece), _ENDED: list(ended) if place == 0 else []})
        for place, piece in enumerate(pieces)
    ]


def _say(agencies: Sequence[str], *, to: Sequence[str], context: Context, ended: Sequence[str] = ()) -> None:
    """Sends the documents of ``agencies`` to the nodes ``to``: signed and encrypted once, sealed to each."""
    if not to:
        return
    now_ms = context.clock()
    own = f"{context.agency}/node"
    docket = Docket(
        kind=MEMBERS,
        channel=SERVICE_CHANNEL,
        matter=new_id(now_ms),
        sender=own,
        route=(own,),
        addressees=(ALL_MEMBERS,),
    )
    readers = [Reader(peer, node_key(peer, now_ms=now_ms)) for peer in to]
    send_many([Draft(docket=docket, parts=_parts(agencies, ended), readers=readers, lane=Lane.URGENT)], context=context)


def tell_members(*, context: Context) -> int:
    """The clock's work at the hub: documents that are newer than what was told go to all members; and at a bureau: those of the
    services that it makes known, to the hub. Returns how many.
    """
    hub = is_hub()
    services = services_known()
    if not hub and not services:
        return 0
    current = {one.agency: one.current for one in partners()}
    with transaction.atomic():
        known = members()
        of = [*known, *services] if hub else services
        changed = [one.agency for one in of if current.get(one.agency, 0) > one.told]
        if not changed:
            return 0
        _say(changed, to=[one.agency for one in known] if hub else [hub_agency()], context=context)
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE notices_member SET told = %s WHERE agency = %s", [(current[one], one) for one in changed]
            )
    return len(changed)


def _documents(one: Arrived) -> tuple[list[bytes], list[str]]:
    """The documents and the agencies that ended. Raises BadInput."""
    documents: list[bytes] = []
    ended: list[str] = []
    for part in one.parts:
        if part.kind != MEMBERS:
            continue
        some, gone = part.content.get(_DOCUMENTS), part.content.get(_ENDED, [])
        if type(some) is not list or type(gone) is not list:
            raise BadInput("protocol.wrong-field", what=MEMBERS, field=_DOCUMENTS)
        if any(type(value) is not bytes for value in some) or any(type(value) is not str for value in gone):
            raise BadInput("protocol.wrong-field", what=MEMBERS, field=_DOCUMENTS)
        documents += [value for value in some if type(value) is bytes]
        ended += [check_agency(value) for value in gone if type(value) is str]
    return documents, ended


def _introduced(documents: Iterable[bytes], by: str, now_ms: int) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Takes the documents of others: the members among them as rows, and the agencies that are no members."""
    rows: list[tuple[Any, ...]] = []
    others: list[str] = []
    for encoded in documents:
        try:
            with transaction.atomic():
                directory = introduce(encoded, by=by, now_ms=now_ms)
        except Error as error:
            _log.warning("%s introduces somebody who is not taken: %s", by, error)
            continue
        desks = bureaux_of(directory) if directory is not None else []
        if directory is not None and desks:
            rows.append((directory.agency, desks[0], now_ms, "", None, directory.number))
        elif directory is not None:
            others.append(directory.agency)
    return rows, others


def _try_again(peer: str, context: Context) -> None:
    """What this carrier brought of agencies that were not known then is proven again, each in a commit of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT statement FROM exchange_quarantine WHERE peer = %s AND code IN ({marks(_CURABLE)}) ORDER BY at_ms, since_ms",
            [peer, *_CURABLE],
        )
        digests = [bytes(row[0]) for row in cursor.fetchall()]
    for digest in digests:
        try:
            retry(digest, context=context)
        except NotFound:  # somebody was quicker
            continue


def take_members(arrived: Sequence[Arrived], context: Context) -> None:
    """Takes the hub's word on its members, or the bureau's; a bureau brings it to the services of its state. At the hub: a
    member's word on the services behind it.

    Raises NotProven when somebody else says it, and BadInput.
    """
    for one in arrived:
        if is_hub():
            _take_services(one, context)
            continue
        by = one.statement.agency
        if by != one.peer or by not in carriers():
            raise NotProven("notices.not-the-carrier", agency=by)
        documents, ended = _documents(one)
        rows, others = _introduced(documents, by, context.clock())
        _keep(rows)
        if documents:
            transaction.on_commit(partial(_try_again, by, context), robust=True)
        for agency in ended:
            end_introduction(agency, by=by)
        if ended:
            _end(ended, context.clock())
        own = own_directory().agency
        services = [agency for agency in own_services() if agency != by]
        if services and agency_of(by) != own:
            _say([*(row[0] for row in rows), *others, by], ended=ended, to=services, context=context)
