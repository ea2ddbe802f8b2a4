"""Reading what passed a desk: the register of its dockets, page by page, the latest first.

Invariant: codes, times and references, of the reader's own desks alone; flat however much has passed (an index of a desk and a
time). Nothing of a body stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection

from tansiq.channels.stops import KnownStop, known_stops
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.standing import read_docket
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.ids import id_text
from tansiq.protocol.statement import parse_statement

__all__ = ["PassageRow", "PassedStop", "any_passed", "docket_here", "passage_of", "passages", "way_passed"]

_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRow:
    """A row of `models.Passage`; the columns in this order. Times are UTC milliseconds."""

    statement: bytes
    post: str
    step: str
    reads_body: bool
    kind: str
    channel: str
    field: str
    matter: bytes
    sender: str
    addressee: str
    deadline_class: str
    said_ms: int
    peer: str
    onward: str
    taken_ms: int
    handed_ms: int | None
    ends_ms: int | None


_COLUMNS: Final = ", ".join(field.name for field in fields(PassageRow))


def _rows(where: str, values: Sequence[Any]) -> list[PassageRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM channels_passage WHERE {where}", values)
        found = [dict(zip((field.name for field in fields(PassageRow)), row, strict=True)) for row in cursor.fetchall()]
    return [
        PassageRow(
            **row
            | {
                "statement": bytes(row["statement"]),
                "matter": bytes(row["matter"]),
                "reads_body": bool(row["reads_body"]),
            }
        )
        for row in found
    ]


def passages(
    posts: Sequence[str], *, limit: int = 50, before: tuple[int, bytes] | None = None, channel: str = ""
) -> list[PassageRow]:
    """What passed the desks ``posts``, the latest first; ``before`` is the time and the statement where the last page ended."""
    limit = max(0, min(limit, _MOST))
    found: list[PassageRow] = []
    for post in dict.fromkeys(posts):
        where = "post = %s"
        values: list[object] = [post]
        if channel:
            where, values = f"{where} AND channel = %s", [*values, channel]
        if before is not None:
            where, values = f"{where} AND (taken_ms, statement) < (%s, %s)", [*values, *before]
        found += _rows(f"{where} ORDER BY taken_ms DESC, statement DESC LIMIT %s", [*values, limit])
    return sorted(found, key=lambda row: (row.taken_ms, row.statement), reverse=True)[:limit]


def passage_of(statement: bytes, posts: Sequence[str]) -> PassageRow:
    """What passed one of the desks ``posts``, seen by the one that reads most of it. Raises NotFound."""
    found = [row for row in _rows("statement = %s", (statement,)) if row.post in posts]
    if not found:
        raise NotFound("channels.never-passed", statement=id_text(statement))
    return max(found, key=lambda row: row.reads_body)


def any_passed(posts: Sequence[str]) -> bool:
    """Whether anything ever passed one of the desks ``posts``."""
    return any(_rows("post = %s ORDER BY taken_ms DESC, statement DESC LIMIT 1", [post]) for post in posts)


def docket_here(statement: bytes, *, context: Context) -> Docket | None:
    """The docket of what passed; None once its key has ended here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded, docket FROM exchange_statement WHERE id = %s", (statement,))
        row = cursor.fetchone()
    try:
        key = context.keys.contents(statement)[0] if row else None
    except NotFound:
        return None
    return None if key is None else read_docket(parse_statement(bytes(row[0])), bytes(row[1]), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedStop:
    """A desk on the way of what passed, as far as it is known here: when it took it and handed it on (UTC milliseconds);
    ``proven`` by its own agency's signature, or by what this node wrote down itself; ``ours`` a desk of this node.
    """

    post: str
    taken_ms: int | None = None
    handed_ms: int | None = None
    proven: bool = False
    ours: bool = False


def _passed_before(statement: bytes) -> dict[str, KnownStop]:
    """The desks that it had passed when it came, as the entry of the node that brought it names them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry FROM exchange_received WHERE statement = %s", (statement,))
        entries = [parse_entry(bytes(row[0])) for row in cursor.fetchall()]
    return {
        hop.post: KnownStop(statement, hop.post, hop.taken_ms, hop.handed_ms, proven=False)
        for entry in entries
        for hop in entry.handovers
    }


def way_passed(row: PassageRow, *, context: Context) -> list[PassedStop]:
    """The desks of the way in their order. Once the docket has ended here: the two ends, and whoever signed a stop."""
    docket = docket_here(row.statement, context=context)
    said = _passed_before(row.statement)
    said |= {stop.post: stop for stop in known_stops([row.statement]).get(row.statement, ())}
    between = dict.fromkeys([*said, row.post] if row.step != "copy" else said)
    route = list(docket.route) if docket is not None else list(dict.fromkeys([row.sender, *between, row.addressee]))
    found = []
    for post in route:
        stop = said.get(post)
        if post == row.post:
            found.append(PassedStop(post=post, taken_ms=row.taken_ms, handed_ms=row.handed_ms, proven=True, ours=True))
        elif post == row.sender:
            found.append(PassedStop(post=post, handed_ms=row.said_ms, proven=True))
        elif stop is not None:
            found.append(PassedStop(post=post, taken_ms=stop.taken_ms, handed_ms=stop.handed_ms, proven=stop.proven))
        else:
            found.append(PassedStop(post=post))
    return found
