"""Posts and who stands in: membership from the directory document, substitutes for a time.

Invariant: who may *sign* in a post the directory document decides, for the partner checks the officer's membership there. A substitute reads
and prepares in the post from the first minute, and signs once a document lists the substitution (`tansiq officer certify`); after its
end the next document takes the post away again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from tansiq.accounts.events import What, note
from tansiq.accounts.opened import Opened
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.protocol.directory import Directory

__all__ = [
    "StandIn", "changes_to_list", "end_substitution", "mark_listed", "members_of", "named_posts", "posts_of", "set_substitute",
    "substitutes", "substitutions",
]  # fmt: skip

_LONGEST_MS: Final = 366 * 86_400_000
_NAMES: Final = ("id", "post", "absent", "number", "from_ms", "until_ms", "made_by", "listed")
_COLUMNS: Final = ", ".join(_NAMES)


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who stands in for whom in a post, from when until when (UTC ms), by whose order; ``listed``: may sign there."""

    id: int
    post: str
    absent: str
    number: str
    from_ms: int
    until_ms: int
    made_by: str
    listed: bool


def _stand_ins(where: str, values: Sequence[Any], limit: int = 500) -> list[StandIn]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM accounts_substitution WHERE {where} ORDER BY from_ms, id LIMIT %s",
            [*values, limit],
        )
        return [StandIn(**dict(zip(_NAMES, row, strict=True))) for row in cursor.fetchall()]


def posts_of(number: str, directory: Directory, *, at_ms: int) -> tuple[str, ...]:
    """The posts in which ``number`` may read and prepare now: the own ones, then those in which it stands in."""
    own = next((officer.posts for officer in directory.officers if officer.number == number), ())
    if not own:
        return ()
    standing = _stand_ins("number = %s AND from_ms <= %s AND until_ms > %s", (number, at_ms, at_ms))
    return tuple(dict.fromkeys([*own, *(one.post for one in standing)]))


def named_posts(posts: Sequence[str], directory: Directory, language: str) -> tuple[tuple[str, str], ...]:
    """``posts`` with their names in ``language``, another one where that is lacking, the identifier where all are."""
    found = {one.id: one.names for one in directory.posts}
    return tuple(
        (post, names.get(language) or names.get("en") or next(iter(names.values()), post))
        for post, names in ((post, found.get(post, {})) for post in posts)
    )


def members_of(post: str, directory: Directory) -> tuple[str, ...]:
    """The service numbers of the post's members, as the directory document lists them."""
    return tuple(officer.number for officer in directory.officers if post in officer.posts)


def substitutes(post: str, *, at_ms: int) -> tuple[str, ...]:
    """Who stands in, in this post, at ``at_ms``."""
    standing = _stand_ins("post = %s AND from_ms <= %s AND until_ms > %s", (post, at_ms, at_ms))
    return tuple(dict.fromkeys(one.number for one in standing))


def substitutions(posts: Sequence[str], *, at_ms: int) -> list[StandIn]:
    """Present and coming substitutions in ``posts``, the first to begin first."""
    if not posts:
        return []
    marks = ", ".join(["%s"] * len(posts))
    return _stand_ins(f"post IN ({marks}) AND until_ms > %s", [*posts, at_ms])


def set_substitute(
    post: str, *, absent: str, number: str, from_ms: int, until_ms: int, by: str, directory: Directory, node: Opened
) -> None:
    """Lets ``number`` stand in for ``absent`` in ``post`` for a time (UTC ms).

    Raises Refused (``by`` names itself), BadInput (no time, or longer than a year), NotFound (no member, no officer of ours).
    """
    if number == by:
        raise Refused("accounts.own-substitute")
    if not from_ms < until_ms <= from_ms + _LONGEST_MS or until_ms <= node.clock():
        raise BadInput("accounts.wrong-time")
    if absent not in members_of(post, directory):
        raise NotFound("accounts.not-a-member", officer=absent, post=post)
    if number == absent or not any(officer.number == number for officer in directory.officers):
        raise NotFound("accounts.no-substitute", officer=number)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_substitution (post, absent, number, from_ms, until_ms, made_ms, made_by, listed) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (post, absent, number, from_ms, until_ms, node.clock(), by, False),
        )
        note(What.SUBSTITUTE_SET, number, by=by, now_ms=node.clock())


def end_substitution(identifier: int, *, by: str, posts: Sequence[str] | None, node: Opened) -> None:
    """Ends a substitution now; ``posts`` are those in which ``by`` decides (None: all). Raises NotFound."""
    found = next(iter(_stand_ins("id = %s AND until_ms > %s", (identifier, node.clock()))), None)
    if found is None or (posts is not None and found.post not in posts):
        raise NotFound("accounts.no-substitution")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_substitution SET until_ms = %s WHERE id = %s", (node.clock(), identifier))
        note(What.SUBSTITUTE_ENDED, found.number, by=by, now_ms=node.clock())


def changes_to_list(*, at_ms: int) -> tuple[list[StandIn], list[StandIn]]:
    """What the next directory document has to say: substitutions that have begun and are not listed, and listed ones that ended."""
    begun = _stand_ins("listed = %s AND from_ms <= %s AND until_ms > %s", (False, at_ms, at_ms))
    ended = _stand_ins("listed = %s AND until_ms <= %s", (True, at_ms))
    return begun, ended


def mark_listed(found: Sequence[StandIn], *, listed: bool) -> None:
    """Writes down that the directory lists these substitutions, or no longer does."""
    with connection.cursor() as cursor:
        for one in found:
            cursor.execute("UPDATE accounts_substitution SET listed = %s WHERE id = %s", (listed, one.id))
