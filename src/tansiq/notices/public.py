"""Notices in the shape of the public notices service: taken in from a file of it, and given out as a file of it.

Invariant: what is taken in is looked at as a list that others publish: each person stands in the register ``public-notices``, by the
service's own number, and what could not be read is told, never guessed. What is given out binds, was marked by its source as
public, and passed the one decision on its use (`cases.exits`), as an export that is logged; everything else is named with the
reason why it stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from tansiq.cases.exits import reader_of, take_out
from tansiq.cases.queries import items_of_statements
from tansiq.channels.officers import ActingOfficer
from tansiq.enquiries.crosschecks import check_open
from tansiq.errors import BadInput, Error, NotFound, Refused, TooMuch
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.contents import notices_in
from tansiq.notices.drafts import keep_draft
from tansiq.notices.rows import NoticeRow, notice_rows
from tansiq.policy.handling import Use
from tansiq.policy.notice import Notice
from tansiq.policy.notice_course import BINDING, Kind
from tansiq.policy.notice_public import (
    PUBLIC_COLOURS,
    PublicNotice,
    public_items,
    read_public,
    write_public,
    write_public_list,
)
from tansiq.protocol.cbor import encode
from tansiq.protocol.ids import id_text, new_id
from tansiq.registers.own import end_entries, listed_person, put_entries
from tansiq.registers.queries import entries

__all__ = ["MOST_BYTES", "REGISTER", "Given", "Taken", "export_public", "import_drafts", "import_public"]

REGISTER: Final = "public-notices"
"""The register of all who stand in the files of the public service that were taken in."""
MOST_BYTES: Final = 64 * 2**20
_AT_ONCE: Final = 500


@dataclass(slots=True)
class Taken:
    """What became of a file: how many notices it held, how many persons or drafts were made of them, and what was left out.

    ``left_out`` are fields that could not be read (number, field), ``skipped`` the notices that were not taken (number or place in
    the file; 'no-notice', 'nameless' or 'twice'), ``ended`` persons whom the file no longer names.
    """

    held: int = 0
    taken: int = 0
    ended: int = 0
    proposed: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Given:
    """A file of the service, and which notices do not stand in it: their numbers (or ids) with the reasons: 'not-public',
    'not-here', or codes of the decision on their use.
    """

    file: dict[str, Any]
    numbers: list[str] = field(default_factory=list)
    left_out: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def _colour(word: str) -> str:
    """The colour of a word in the service's addresses, or its code. Raises BadInput."""
    code = PUBLIC_COLOURS.get(word, word)
    if code not in PUBLIC_COLOURS.values():
        raise BadInput("notices.public-colour", known=", ".join(PUBLIC_COLOURS))
    return code


def _parsed(content: bytes) -> list[object]:
    """What the file holds, unread. Raises TooMuch and BadInput ('notices.public-file'), and as `public_items`."""
    if len(content) > MOST_BYTES:
        raise TooMuch("notices.public-size", most=MOST_BYTES // 2**20)
    try:
        return public_items(json.loads(content))
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, numbers or a depth beyond reason
        raise BadInput("notices.public-file", line=getattr(error, "lineno", 0)) from error


def _read(found: Sequence[object], colour: str, taken: Taken) -> Iterator[PublicNotice]:
    """Those that can be read and name somebody; the others are noted."""
    seen: set[str] = set()
    for place, plain in enumerate(found):
        taken.held += 1
        try:
            one = read_public(plain, colour=colour)
            encode(one.notice.to_plain())  # letters that are none are found here, before anything is stored
        except (Error, ArithmeticError, LookupError, TypeError, ValueError):
            taken.skipped.append((f"#{place + 1}", "no-notice"))
            continue
        taken.left_out += [(left.entity_id, left.field) for left in one.left_out]
        if not one.notice.subjects[0].names:
            taken.skipped.append((one.entity_id, "nameless"))
        elif one.entity_id in seen:
            taken.skipped.append((one.entity_id, "twice"))
        else:
            seen.add(one.entity_id)
            yield one


def _reference(one: PublicNotice) -> str:
    word = (one.notice.colour or "").rpartition(".")[2]
    return f"{word}.{one.entity_id.replace('/', '-')}"


def import_public(
    content: bytes, *, colour: str, officer: ActingOfficer, context: Context, whole: bool = False
) -> Taken:
    """Takes a file of the service into the register; ``whole``: it is all of that colour, so whom it does not name has ended.

    Every open enquiry is asked again. Raises BadInput and TooMuch: then nothing has changed.
    """
    code, taken = _colour(colour), Taken()
    found = list(_read(_parsed(content), code, taken))
    persons = [listed_person(one.notice.subjects[0], _reference(one)) for one in found]
    now_ms = context.clock()
    with transaction.atomic():
        for at in range(0, len(persons), _AT_ONCE):
            put_entries(REGISTER, persons[at : at + _AT_ONCE], context=context)
        if whole:
            prefix, named = f"{code.rpartition('.')[2]}.", {person.reference for person in persons}
            gone = [
                stored.reference
                for stored in entries(REGISTER)
                if stored.listed and stored.reference.startswith(prefix) and stored.reference not in named
            ]
            taken.ended = end_entries(REGISTER, gone, context=context)
        access = Access(
            operation=Operation.COLLECTION,
            officer=officer.number,
            thing=new_id(now_ms),
            purpose="",
            justification=f"register.{REGISTER} {code}",
            time_ms=now_ms,
        )
        log_access([access], keys=context.keys)
    taken.taken = len(persons)
    taken.proposed = check_open(context=context, officer=officer.number) if persons else 0
    return taken


def import_drafts(content: bytes, *, colour: str, officer: ActingOfficer, context: Context) -> Taken:
    """Makes a draft of each notice in a file, for the bureau's desk: as a bureau does with its own that stand elsewhere.

    A draft lacks what the service does not show, and nobody has answered for it. Raises as `import_public`, and Refused.
    """
    code, taken = _colour(colour), Taken()
    found = list(_read(_parsed(content), code, taken))
    with transaction.atomic():
        for one in found:
            draft = keep_draft(one.notice, officer=officer, context=context)
            taken.drafts.append(id_text(draft))
    taken.taken = len(taken.drafts)
    return taken


# ---------------------------------------------------------------------------------------------------- and out


def _binding(colour: str) -> list[NoticeRow]:
    marks = ", ".join(["%s"] * len(BINDING))
    return notice_rows(
        f"known = %s AND state IN ({marks}) AND kind = %s AND colour = %s ORDER BY order_ms DESC, matter DESC",
        [True, *BINDING, Kind.NOTICE.value, colour],
    )


def _exported(row: NoticeRow, officer: ActingOfficer, context: Context, justification: str) -> Notice | None:
    """The notice, taken out; None, and nothing logged as given, when its newest version is not for everybody. Raises Refused
    and NotFound.
    """
    items = items_of_statements([row.version]).get(row.version, [])
    item = next((one for one in items if one.place == 0), None)
    if item is None:
        raise NotFound("cases.erased", item=id_text(row.version))
    newest = notices_in([row.version], context=context).get(row.version)
    if newest is not None and not newest.public:
        return None
    (weighed,) = take_out(
        [item.id],
        Use.EXPORT,
        reader_of(officer, context=context),
        context=context,
        justification=justification or f"public {row.number}",
    )
    return Notice.from_plain(weighed.part.content if weighed.part is not None else {})


def export_public(*, colour: str, officer: ActingOfficer, context: Context, justification: str = "") -> Given:
    """Those that bind here and may be shown to everybody, as a file of the service with every field that it has.

    What stays is named: it is not public, has no number, or may not be used so by this officer. Raises BadInput.
    """
    code = _colour(colour)
    given = Given({})
    out: list[PublicNotice] = []
    for row in _binding(code):
        name = row.number or id_text(row.matter)
        if not row.public or not row.number:
            given.left_out.append((name, ("not-public",)))
            continue
        try:
            notice = _exported(row, officer, context, justification)
        except Refused as error:
            given.left_out.append((name, tuple(str(error.values.get("reasons", error.code)).split(", "))))
        except NotFound:  # erased, or not for this officer to know of
            given.left_out.append((name, ("not-here",)))
        else:
            if notice is None:  # a later version is no longer for everybody
                given.left_out.append((name, ("not-public",)))
            else:
                out.append(PublicNotice(row.number, notice))
    given.numbers = [one.entity_id for one in out]
    given.file = write_public_list(out) | {"_embedded": {"notices": [write_public(one) for one in out]}}
    return given
