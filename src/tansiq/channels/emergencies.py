"""The emergency rule: what concerns imminent danger to life passes a channel that we suspended, and is judged afterwards.

Invariant: it passes a suspension of our own side only, where our rules allow it, the partner has declared that it takes it, and the
matter itself says so where it says anything of urgency; no law check is passed over, for those stand before anything is said. A
supervisor or a decider, never the one who let it pass, judges it within the hours that the rules name.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.channels.approvals import roles_held
from tansiq.channels.holding import end_waits
from tansiq.channels.offers import is_danger
from tansiq.channels.officers import ActingOfficer
from tansiq.channels.passing import held_for, require_ours
from tansiq.channels.profile import channel_rules
from tansiq.channels.queries import accepts_emergency, standings, waiting
from tansiq.channels.states import decider_post
from tansiq.channels.words import Hidden, hide, shown
from tansiq.errors import BadInput, Conflict, Refused
from tansiq.exchange.context import Context
from tansiq.faults import reach
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import KeyStore
from tansiq.policy.channel_matter import Channel, State
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.protocol.ids import new_id
from tansiq.web.access import Role

__all__ = ["LIFE", "Unreviewed", "emergency_words", "pass_emergency", "review", "unreviewed"]

LIFE = "urgency.life"
_HOUR_MS = 3_600_000


def pass_emergency(matter: bytes, words: Text, *, officer: ActingOfficer, context: Context) -> bytes:
    """Lets the matter pass though we suspended its channel, for imminent danger to life; returns the emergency's id.

    Raises Conflict (nothing waits), Refused ('channels.emergency-not-ours', 'channels.emergency-not-accepted',
    'channels.emergency-no-danger' where the matter itself is urgent for another reason or for none, another desk's or another agency's).
    """
    now_ms, rule = context.clock(), channel_rules().emergency
    if not rule.allowed:
        raise Refused("channels.emergency-not-ruled")
    identifier = new_id(now_ms)
    with transaction.atomic():
        found = held_for(matter, officer=officer, context=context)
        require_ours(found, context)
        pairs = {(row.partner, row.channel) for row in waiting(matter=matter)}
        for partner, channel in pairs:
            if standings(partner)[Channel(channel)].announced == State.SUSPENDED:
                raise Refused("channels.emergency-not-ours", partner=partner)
            if not accepts_emergency(partner):
                raise Refused("channels.emergency-not-accepted", partner=partner)
        if is_danger(found[0][0]) is False:
            raise Refused("channels.emergency-no-danger")
        hidden = hide(words, thing=identifier, keys=context.keys)
        last, _ = found[-1]
        partner, channel = min(pairs)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO channels_emergency (id, statement, matter, partner, channel, officer, at_ms, due_ms, verdict, reviewer, "
                "reviewed_ms, commitment, concealed) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', '', NULL, %s, %s)",
                (
                    identifier, last.id, matter, partner, channel, officer.number, now_ms, now_ms + rule.review_hours * _HOUR_MS,
                    hidden.commitment, hidden.concealed,
                ),
            )  # fmt: skip
            cursor.executemany(
                "UPDATE exchange_outbox SET held = %s, by_hand = %s WHERE statement = %s AND peer = %s AND held = %s",
                [(False, False, one.id, peer, True) for one, peer in found],
            )
        for one, peer in found:
            end_waits(peer, [one.id], how="emergency", now_ms=now_ms, officer=officer.number)
        log_access(
            [
                Access(
                    operation=Operation.DISCLOSURE, officer=officer.number, thing=last.id, purpose=LIFE, justification=words.value,
                    recipients=tuple(sorted({partner for partner, _ in pairs})), time_ms=now_ms,
                )
            ],
            keys=context.keys,
        )  # fmt: skip
        reach("channels.pass.before-commit")
    reach("channels.pass.after-commit")
    return identifier


def review(identifier: bytes, verdict: str, words: Text | None, *, officer: ActingOfficer, context: Context) -> None:
    """A supervisor (or a decider) judges an emergency, never the one who let it pass. Raises Refused, Conflict (judged already), BadInput."""
    code_list("emergency_verdicts").require(verdict)
    if code_list("emergency_verdicts").text_required(verdict) and words is None:
        raise BadInput("channels.words-needed")
    if str(Role.SUPERVISOR) not in roles_held(officer.number) and not decider_post(officer):
        raise Refused("channels.not-reviewer", officer=officer.number)
    now_ms = context.clock()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_emergency SET verdict = %s, reviewer = %s, reviewed_ms = %s "
            "WHERE id = %s AND reviewed_ms IS NULL AND officer <> %s RETURNING statement, partner",
            (verdict, officer.number, now_ms, identifier, officer.number),
        )
        row = cursor.fetchone()
        if row is None:
            cursor.execute("SELECT reviewed_ms FROM channels_emergency WHERE id = %s", (identifier,))
            known = cursor.fetchone()
            if known is not None and known[0] is None:
                raise Refused("channels.not-reviewer", officer=officer.number)
            raise Conflict("channels.decision-closed")
        log_access(
            [
                Access(
                    operation=Operation.CONSULTATION, officer=officer.number, thing=bytes(row[0]), purpose=verdict,
                    justification=words.value if words else "", time_ms=now_ms,
                )
            ],
            keys=context.keys,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreviewed:
    """An emergency that nobody has judged yet, due at ``due_ms``."""

    id: bytes
    matter: bytes
    partner: str
    channel: str
    officer: str
    at_ms: int
    due_ms: int


def unreviewed() -> list[Unreviewed]:
    """The emergencies that wait for their review, the first due first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, matter, partner, channel, officer, at_ms, due_ms FROM channels_emergency WHERE reviewed_ms IS NULL ORDER BY due_ms, id"
        )
        return [
            Unreviewed(
                id=bytes(row[0]),
                matter=bytes(row[1]),
                partner=row[2],
                channel=row[3],
                officer=row[4],
                at_ms=row[5],
                due_ms=row[6],
            )
            for row in cursor.fetchall()
        ]


def emergency_words(identifier: bytes, *, keys: KeyStore) -> Text | None:
    """Why something was let pass, in the words of who did it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT commitment, concealed FROM channels_emergency WHERE id = %s", (identifier,))
        row = cursor.fetchone()
    if row is None:
        return None
    return shown(identifier, Hidden(*(None if value is None else bytes(value) for value in row)), keys=keys)
