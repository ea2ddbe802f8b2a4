"""Acts of a demonstration's nodes that count: what this node said, passed and took by each channel, and when at which desk.

Invariant: codes, times and references, read from dockets alone; nothing of a body. `tick` does at once what the clock does every half
minute, so that nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import connection

from tansiq.channels.stops import known_stops
from tansiq.enquiries.summaries import as_time
from tansiq.errors import NotFound
from tansiq.exchange.queries import quarantined
from tansiq.exchange.standing import read_docket
from tansiq.node.acts import Act, Asked
from tansiq.node.worker import tick
from tansiq.notices.desks import hub_posts, is_hub
from tansiq.protocol.ids import id_text
from tansiq.protocol.statement import parse_statement

__all__ = ["COUNTING"]


def _dockets(asked: Asked) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, encoded, docket FROM exchange_statement ORDER BY stored_ms, id")
        rows = [(bytes(row[0]), bytes(row[1]), bytes(row[2])) for row in cursor.fetchall()]
    for identifier, encoded, ciphertext in rows:
        try:
            key = asked.context.keys.contents(identifier)[0]
        except NotFound:
            continue
        if key is None:
            continue
        statement = parse_statement(encoded)
        docket = read_docket(statement, ciphertext, key)
        yield {
            "id": id_text(identifier),
            "agency": statement.agency,
            "said_at": as_time(statement.time_ms),
            "channel": docket.channel,
            "kind": docket.kind,
            "matter": id_text(docket.matter),
            "route": list(docket.route),
            "addressees": list(docket.addressees),
        }


def _handovers() -> list[dict[str, Any]]:
    """The desks between sender and addressee at which something was, and when: those of this node, and those it was told of; a
    liaison officer's handing on, and the hub's legal desk's passing of a notice, too.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT statement FROM channels_stop")
        statements = [bytes(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT statement, post, taken_ms, handed_ms FROM channels_passage WHERE handed_ms IS NOT NULL")
        passed = [(bytes(row[0]), row[1], row[2], row[3]) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT w.statement, c.liaison_post, w.at_ms, w.handed_ms FROM relations_liaison_word w "
            "JOIN relations_liaison_channel c ON c.matter = w.matter WHERE w.handed_ms IS NOT NULL"
        )
        passed += [(bytes(row[0]), *row[1:]) for row in cursor.fetchall()]
        if is_hub():
            cursor.execute(
                "SELECT n.first, n.came_ms, MIN(g.at_ms) FROM notices_notice n JOIN notices_given g ON g.matter = n.matter "
                "GROUP BY n.first, n.came_ms"
            )
            passed += [(bytes(row[0]), hub_posts()[1], row[1], row[2]) for row in cursor.fetchall()]
    for stops in known_stops(statements).values():
        passed += [(one.statement, one.post, one.taken_ms, one.handed_ms) for one in stops if one.handed_ms is not None]
    return [
        {"statement": id_text(statement), "desk": desk, "taken_at": as_time(taken), "handed_on_at": as_time(handed)}
        for statement, desk, taken, handed in dict.fromkeys(passed)
    ]


def count(asked: Asked) -> dict[str, Any]:
    """All that stands here: dockets, handovers, and what is set aside."""
    return {
        "statements": list(_dockets(asked)),
        "handovers": _handovers(),
        "quarantined": [one.code for one in quarantined()],
    }


def round_now(asked: Asked) -> int:
    """The clock's round, at once."""
    return tick(asked.context)


COUNTING: Final[Mapping[str, Act]] = {"demo.count": count, "demo.tick": round_now}
"""The acts of this module, by name."""
