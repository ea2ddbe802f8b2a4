"""Deciding how a channel stands with a partner: alone or by two persons, for oneself or announced.

Invariant: a decider is a member of a post in a role that the agency named. A decision is in force in the commit in which the last
person who is wanted agreed; its announcement is that person's signed act, in a service statement, in the same commit. What one
side decides needs nobody on the other side.

    service.channel-state    how a channel stands from now on by our word; why; from when until when; who decided
    service.emergency        whether we take what concerns imminent danger to life on a channel that you suspended
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from django.db import connection, transaction

from tansiq.channels import holding
from tansiq.channels.officers import ActingOfficer, post_in_role
from tansiq.channels.queries import OURS, DecisionRow, decision, words_of
from tansiq.channels.rules import rules
from tansiq.channels.settling import Settled, settle
from tansiq.channels.words import hide
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.intake import require_confirmed
from tansiq.exchange.service import SERVICE_CHANNEL, node_key
from tansiq.exchange.services import send
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import EmergencyWord, StateWord
from tansiq.policy.codes import code_list
from tansiq.policy.plain import Record
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part

__all__ = [
    "EMERGENCY",
    "STATE",
    "Decided",
    "accept_emergency",
    "agree",
    "check_period",
    "decide",
    "decider_post",
    "decline",
]

STATE, EMERGENCY = "service.channel-state", "service.emergency"
Decided = tuple[bytes, Settled | None]
"""The decision, and what came of it; None while a second person has to agree."""


def decider_post(officer: ActingOfficer) -> str:
    """The post in which ``officer`` decides on channels; '' when in none."""
    return post_in_role(officer.posts, rules().deciders, own_directory())


def _require_decider(officer: ActingOfficer) -> str:
    post = decider_post(officer)
    if not post:
        raise Refused("channels.not-a-decider", officer=officer.number)
    return post


def check_period(from_ms: int, until_ms: int | None) -> None:
    """Raises BadInput('channels.already-over') for an end that does not come after the beginning."""
    if until_ms is not None and until_ms <= from_ms:
        raise BadInput("channels.already-over")


def _check(word: StateWord, *, now_ms: int) -> None:
    code_list("channel_states").require(word.state)
    code_list("channel_state_reasons").require(word.reason)
    if word.channel not in tuple(Channel):
        raise BadInput("policy.unknown-code", list="channels", value=word.channel)
    if code_list("channel_state_reasons").text_required(word.reason) and word.words is None:
        raise BadInput("channels.words-needed")
    if word.until_ms is not None and word.until_ms <= now_ms:
        raise BadInput("channels.already-over")


def decide(partner: str, word: StateWord, *, announce: bool, officer: ActingOfficer, context: Context) -> Decided:
    """Decides how a channel with ``partner`` stands: in force at once, or a proposal where a second person is wanted.

    ``announce``: the partner is told. Raises Refused ('channels.not-a-decider', an unconfirmed partner), NotFound (no
    such partner, nothing can be sealed to its node) and BadInput.
    """
    _require_decider(officer)
    require_confirmed(partner)
    now_ms = context.clock()
    _check(word, now_ms=now_ms)
    identifier = new_id(now_ms)
    with transaction.atomic():
        hidden = hide(word.words, thing=identifier, keys=context.keys)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO channels_decision (id, partner, channel, side, state, reason, from_ms, until_ms, officer, decided_ms, second, "
                "taken_ms, refused_ms, announce, statement, commitment, concealed) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', NULL, NULL, %s, NULL, %s, %s)",
                (
                    identifier, partner, word.channel, OURS, word.state, word.reason, max(word.from_ms, now_ms), word.until_ms,
                    officer.number, now_ms, announce, hidden.commitment, hidden.concealed,
                ),
            )  # fmt: skip
        if rules().two_persons:
            return identifier, None
        return identifier, _take(_waiting(identifier), officer=officer, context=context)


def _waiting(identifier: bytes) -> DecisionRow:
    """Our own proposal. Raises NotFound, Conflict when it is taken or refused."""
    row = decision(identifier, locked=True)
    if row is None or row.side != OURS:
        raise NotFound("channels.unknown-decision")
    if not row.open:
        raise Conflict("channels.decision-closed")
    return row


def agree(identifier: bytes, *, officer: ActingOfficer, context: Context) -> Settled:
    """A second decider agrees to a proposal: it is in force. Raises Refused (no decider, or the one who decided), NotFound, Conflict."""
    _require_decider(officer)
    with transaction.atomic():
        row = _waiting(identifier)
        if row.word.officer == officer.number:
            raise Refused("channels.same-person", officer=officer.number)
        return _take(row, officer=officer, context=context)


def decline(identifier: bytes, *, officer: ActingOfficer, context: Context) -> None:
    """A decider, also the one who proposed it, ends a proposal without effect. Raises as `agree`."""
    _require_decider(officer)
    with transaction.atomic(), connection.cursor() as cursor:
        _waiting(identifier)
        cursor.execute(
            "UPDATE channels_decision SET refused_ms = %s, second = %s WHERE id = %s",
            (context.clock(), officer.number, identifier),
        )


def _take(row: DecisionRow, *, officer: ActingOfficer, context: Context) -> Settled:
    """A decision takes effect, in the caller's transaction; ``officer`` is the last who agreed."""
    holding.lock()
    now_ms = context.clock()
    second = officer.number if officer.number != row.word.officer else ""
    statement = None
    if row.announce:
        said = replace(row.word, words=words_of(row, keys=context.keys), second=second or None)
        statement = _announce(row.partner, STATE, said, officer=officer, context=context)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MAX(taken_ms) FROM channels_decision WHERE partner = %s AND channel = %s AND side = %s",
            (row.partner, row.word.channel, OURS),
        )
        taken_ms = max(now_ms, (cursor.fetchone()[0] or 0) + 1)  # of two in one moment the later is the last word
        cursor.execute(
            "UPDATE channels_decision SET taken_ms = %s, second = %s, statement = %s WHERE id = %s",
            (taken_ms, second, statement, row.id),
        )
    return settle(row.partner, Channel(row.word.channel), context=context)


def accept_emergency(partner: str, *, accepts: bool, officer: ActingOfficer, context: Context) -> None:
    """Declares to ``partner`` whether we take what concerns imminent danger to life on a channel that it suspended.

    Raises as `decide`.
    """
    _require_decider(officer)
    require_confirmed(partner)
    with transaction.atomic(), connection.cursor() as cursor:
        word = EmergencyWord(accepts=accepts, officer=officer.number)
        statement = _announce(partner, EMERGENCY, word, officer=officer, context=context)
        cursor.execute(
            "INSERT INTO channels_acceptance (partner, side, accepts, officer, at_ms, statement) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (partner, side) DO UPDATE SET accepts = excluded.accepts, officer = excluded.officer, "
            "at_ms = excluded.at_ms, statement = excluded.statement",
            (partner, OURS, accepts, officer.number, context.clock(), statement),
        )


def _announce(partner: str, kind: str, word: Record, *, officer: ActingOfficer, context: Context) -> bytes:
    """Says it to the partner's node in a service statement that the officer signs; returns the statement's id."""
    post = _require_decider(officer)
    docket = Docket(
        kind=kind,
        channel=SERVICE_CHANNEL,
        matter=secrets.token_bytes(16),
        sender=post,
        route=(post, f"{partner}/node"),
        addressees=(f"{partner}/node",),
    )
    draft = Draft(
        docket=docket,
        parts=[Part(kind, dict(word.to_plain()))],
        readers=[Reader(partner, node_key(partner, now_ms=context.clock()))],
        lane=Lane.URGENT,
        act=officer.acting(kind, post=post),
    )
    return send(draft, context=context).id
