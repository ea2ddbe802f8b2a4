"""Approving a channel for a matter: asked of a role, answered by a person who holds it, used once.

Invariant: who approves sees what the rules saw (codes, never a word of the matter) and is another person than who asked, unless who
sends holds the role already. An approval serves exactly the codes, the channel and the partner for which it was given, for one day,
and one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from django.db import connection, transaction

from tansiq.accounts.roles import effective_roles
from tansiq.channels.seen import digest_of, matter_from, seen
from tansiq.directory.queries import own_directory
from tansiq.errors import Conflict, NotFound, Refused
from tansiq.policy.channel_matter import Channel, Matter
from tansiq.protocol.ids import new_id

__all__ = [
    "ApprovalRow", "Approvals", "ask_approval", "decide_approval", "lately_decided", "open_approvals", "roles_held", "standing_of",
]  # fmt: skip

VALID_MS: Final = 86_400_000
"""How long an approval may be used, and an open question be answered."""
_BY_POST: Final = frozenset({"head", "bureau"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """An approval that was asked; the columns of `models.Approval`."""

    id: bytes
    digest: bytes
    partner: str
    channel: str
    role: str
    matter: Matter
    officer: str
    post: str
    asked_ms: int
    approver: str
    approved: bool
    decided_ms: int | None
    statement: bytes


_COLUMNS: Final = ", ".join(one.name for one in fields(ApprovalRow))


def roles_held(number: str) -> frozenset[str]:
    """The roles (codes of ``roles``) that an officer of ours holds now: those of the account, and of the desks. Until an account that an
    invitation made is certified, nothing that the directory lists for its number counts (`invitations.is_waiting`).
    """
    directory = own_directory()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT roles, uncertified OR EXISTS (SELECT 1 FROM accounts_waiting_key k WHERE k.number = a.number) "
            "FROM accounts_account a WHERE number = %s AND is_active = %s",
            (number, True),
        )
        roles, waiting = cursor.fetchone() or ("", False)
    known = "" if waiting else number
    posts = next((one.posts for one in directory.officers if one.number == known), ())
    held = {post.role for post in directory.posts if post.id in posts and post.role in _BY_POST}
    return frozenset(held | {str(role) for role in effective_roles(known, roles, directory)})


def _rows(where: str, values: Sequence[Any]) -> list[ApprovalRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM channels_approval WHERE {where} ORDER BY asked_ms, id", list(values))
        found = cursor.fetchall()
    return [
        ApprovalRow(
            id=bytes(row[0]),
            digest=bytes(row[1]),
            partner=row[2],
            channel=row[3],
            role=row[4],
            matter=matter_from(bytes(row[5])),
            officer=row[6],
            post=row[7],
            asked_ms=row[8],
            approver=row[9],
            approved=bool(row[10]),
            decided_ms=row[11],
            statement=bytes(row[12] or b""),
        )
        for row in found
    ]


def ask_approval(
    matter: Matter, channel: Channel, partner: str, *, roles: Sequence[str], officer: str, post: str, now_ms: int
) -> None:
    """Asks those who hold ``roles`` to approve ``channel`` for ``matter``; what is asked already is not asked again."""
    digest = digest_of(matter, channel, partner)
    with transaction.atomic(), connection.cursor() as cursor:
        known = {row.role for row in standing_of(digest, officer=officer, now_ms=now_ms) if not _declined(row)}
        cursor.executemany(
            f"INSERT INTO channels_approval ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s, NULL, NULL)",
            [
                (
                    new_id(now_ms), digest, partner, str(channel), role, seen(matter), officer, post, now_ms, False,
                )
                for role in roles
                if role not in known
            ],
        )  # fmt: skip


def _declined(row: ApprovalRow) -> bool:
    return row.decided_ms is not None and not row.approved


def standing_of(digest: bytes, *, officer: str, now_ms: int) -> list[ApprovalRow]:
    """What ``officer`` has asked of this kind within a day and not used yet, the oldest first."""
    return _rows(
        "digest = %s AND officer = %s AND statement IS NULL AND asked_ms > %s", (digest, officer, now_ms - VALID_MS)
    )


def open_approvals(roles: Collection[str], *, number: str, now_ms: int) -> list[ApprovalRow]:
    """What waits for somebody who holds one of ``roles``, the oldest first; one's own questions are for others."""
    found = _rows("decided_ms IS NULL AND asked_ms > %s", (now_ms - VALID_MS,))
    return [row for row in found if row.role in roles and row.officer != number]


def lately_decided(officer: str, *, now_ms: int) -> list[ApprovalRow]:
    """What was answered of what ``officer`` asked within a day and has not used, the oldest first."""
    return _rows(
        "officer = %s AND decided_ms IS NOT NULL AND statement IS NULL AND asked_ms > %s", (officer, now_ms - VALID_MS)
    )


def decide_approval(identifier: bytes, *, approve: bool, number: str, now_ms: int) -> ApprovalRow:
    """Answers a question. Raises NotFound (none, or too old), Conflict (answered), Refused (not in that role, one's own)."""
    with transaction.atomic(), connection.cursor() as cursor:
        found = _rows("id = %s AND asked_ms > %s", (identifier, now_ms - VALID_MS))
        if not found:
            raise NotFound("channels.unknown-approval")
        row = found[0]
        if row.role not in roles_held(number) or row.officer == number:
            raise Refused("channels.not-approver", officer=number, role=row.role)
        cursor.execute(
            "UPDATE channels_approval SET approver = %s, approved = %s, decided_ms = %s WHERE id = %s AND decided_ms IS NULL",
            (number, approve, now_ms, identifier),
        )
        if not cursor.rowcount:
            raise Conflict("channels.approval-answered")
    return row


@dataclass(slots=True)
class Approvals:
    """The approvals that serve one sending of ``officer``; asked by role, and written off once something has left."""

    digest: bytes
    officer: str
    now_ms: int
    _used: list[bytes] = field(default_factory=list)

    def by(self, role: str) -> str:
        """Who has approved in ``role``: the officer who holds it, or another who said so within a day; '' nobody."""
        if role in roles_held(self.officer):
            return self.officer
        for row in standing_of(self.digest, officer=self.officer, now_ms=self.now_ms):
            if row.role == role and row.approved and row.decided_ms is not None:
                self._used.append(row.id)
                return row.approver
        return ""

    def used(self, statement: bytes) -> None:
        """Writes the approvals off to ``statement``, in the caller's transaction. Raises Conflict when one was used meanwhile."""
        if not self._used:
            return
        with connection.cursor() as cursor:
            for identifier in self._used:
                cursor.execute(
                    "UPDATE channels_approval SET statement = %s WHERE id = %s AND statement IS NULL",
                    (statement, identifier),
                )
                if not cursor.rowcount:
                    raise Conflict("channels.approval-answered")
