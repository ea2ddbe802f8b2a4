"""The verbs of accounts: make, give rights, prove a passphrase, change it, end; one transaction each.

Invariant: for an unknown service number and for a wrong passphrase the same is done and the same is said: one derivation of a password hash, one
refusal. What a passphrase opens (the officer's keys) is returned to the caller and kept nowhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction

from tansiq.accounts import factors
from tansiq.accounts.attempts import Kind, begin, forget, succeeded
from tansiq.accounts.events import What, note
from tansiq.accounts.models import Account
from tansiq.accounts.opened import Opened
from tansiq.accounts.passphrases import check_passphrase
from tansiq.accounts.roles import check_roles
from tansiq.accounts.sessions import family_hash
from tansiq.accounts.zones import known_zones
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.keystore.officers import OfficerKey, has_officer, open_officer_keys, reseal_officer_keys
from tansiq.keystore.sessions import drop_family
from tansiq.texts import LANGUAGES

__all__ = [
    "CALENDARS", "Proved", "account_of", "change_passphrase", "create_account", "end_account", "end_sessions", "lift_locks",
    "open_keys", "prove", "reset_factor", "resume_account", "set_preferences", "set_roles",
]  # fmt: skip

CALENDARS: Final = ("gregorian", "hijri")


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose passphrase it was, and the keys that it opened (none, when the officer has none or they have another one)."""

    account: Account
    keys: tuple[OfficerKey, ...] = field(repr=False)


def account_of(number: str) -> Account:
    """The account of a service number. Raises NotFound."""
    found = Account.objects.filter(number=number).first()
    if found is None:
        raise NotFound("accounts.no-account", officer=number)
    return found


def create_account(
    number: str,
    passphrase: str,
    *,
    roles: Iterable[str],
    language: str = "en",
    zone: str = "UTC",
    by: str = "",
    now_ms: int,
) -> Account:
    """Makes an account. Raises Conflict (there is one), BadInput or Refused (roles, passphrase)."""
    check_passphrase(passphrase, number=number)
    column = check_roles(roles)
    with transaction.atomic():
        if Account.objects.filter(number__iexact=number).exists():
            raise Conflict("accounts.account-exists", officer=number)
        made = Account(
            number=number,
            roles=column,
            language=language if language in LANGUAGES else "en",
            zone=zone if zone in known_zones() else "UTC",
            family=secrets.token_bytes(16),
            created_ms=now_ms,
        )
        made.set_password(passphrase)
        made.save()
        note(What.ACCOUNT_MADE, number, by=by, now_ms=now_ms)
    return made


def open_keys(number: str, passphrase: str) -> tuple[OfficerKey, ...]:
    """The officer's keys; none when there are none or they are sealed under another passphrase."""
    try:
        return tuple(open_officer_keys(number, passphrase))
    except (NotFound, Refused):
        return ()


def _named(number: str) -> Account | None:
    """The account whose number this is, in capital or small letters; never one that the database alone takes for it.

    A database ends a comparison at NUL, or takes a dotless i for an i: each way to write a number would have a lock of its own.
    """
    typed = number.strip()
    if not typed.isprintable():
        return None
    found = Account.objects.filter(number__iexact=typed).first()
    return found if found is not None and found.number.casefold() == typed.casefold() else None


def prove(number: str, passphrase: str, *, address: str, node: Opened) -> Proved:
    """Whose passphrase this is. Raises Refused (unknown, wrong, ended: all the same) or TooMuch (locked)."""
    account = _named(number)
    who = {Kind.ADDRESS: address, Kind.ACCOUNT: number if account is None else account.number}
    locking = begin(who, node=node)
    if account is None:
        make_password(passphrase)  # takes as long as comparing would
    right = account is not None and account.check_password(passphrase)
    if account is None or not right or not account.is_active:
        if account is not None and Kind.ACCOUNT in locking:
            with transaction.atomic():
                note(What.LOCKED, account.number, by="node", now_ms=node.clock())
        raise Refused("accounts.wrong-credentials")
    succeeded(who, node=node)
    return Proved(account, open_keys(account.number, passphrase))


def set_roles(number: str, roles: Iterable[str], *, by: str, node: Opened) -> None:
    """Gives an account these roles and no others. Raises NotFound, BadInput or Refused."""
    column = check_roles(roles)
    with transaction.atomic():
        if not Account.objects.filter(number=number).update(roles=column):
            raise NotFound("accounts.no-account", officer=number)
        note(What.ROLES_SET, number, by=by, now_ms=node.clock())


def end_sessions(account: Account, *, but: bytes = b"") -> int:
    """Ends the account's sessions, except the one whose row is ``but``; returns how many."""
    return drop_family(family_hash(bytes(account.family)), but=but)


def end_account(number: str, *, by: str, node: Opened) -> None:
    """Lets nobody sign in with this account any more and ends its sessions. Raises NotFound, or Refused for one's own."""
    if number == by:
        raise Refused("accounts.not-oneself")
    account = account_of(number)
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(is_active=False)
        note(What.ACCOUNT_ENDED, number, by=by, now_ms=node.clock())
    end_sessions(account)


def resume_account(number: str, *, by: str, node: Opened) -> None:
    """Lets an ended account sign in again. Raises NotFound."""
    account = account_of(number)
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(is_active=True)
        note(What.ACCOUNT_RESUMED, number, by=by, now_ms=node.clock())


def reset_factor(number: str, *, by: str, node: Opened) -> None:
    """Takes the second factor away, for somebody who lost it, and ends the sessions: the next sign-in sets up a new one."""
    account = account_of(number)
    with transaction.atomic():
        factors.remove_factors(account)
        note(What.FACTOR_RESET, number, by=by, now_ms=node.clock())
    end_sessions(account)


def lift_locks(number: str, *, by: str, node: Opened) -> None:
    """Lifts what failures have locked of this account. Raises NotFound."""
    account_of(number)
    for kind in (Kind.ACCOUNT, Kind.FACTOR, Kind.INVITATION):
        forget(kind, number, node=node)
    with transaction.atomic():
        note(What.LOCK_LIFTED, number, by=by, now_ms=node.clock())


def change_passphrase(
    account: Account, old: str, new: str, *, key_passphrase: str = "", node: Opened
) -> tuple[OfficerKey, ...]:
    """Sets a new passphrase for the sign-in and for the officer's keys; returns the opened keys.

    ``key_passphrase`` is what the keys are sealed under when that is not the old one. Raises Refused: the old one is wrong, the
    new one is weak, or the keys have yet another. The keys change first: after a crash in between the old passphrase still
    signs in, and the page asks for that of the keys.
    """
    who = {Kind.ACCOUNT: account.number}
    begin(who, node=node)
    if not account.check_password(old):
        raise Refused("accounts.wrong-passphrase")
    succeeded(who, node=node)
    check_passphrase(new, number=account.number)
    if has_officer(account.number):
        reseal_officer_keys(account.number, key_passphrase or old, new)
    with transaction.atomic():
        account.set_password(new)
        account.save(update_fields=["password"])
        note(What.PASSPHRASE_SET, account.number, now_ms=node.clock())
    return open_keys(account.number, new)


def set_preferences(account: Account, *, language: str, zone: str, calendar: str) -> None:
    """Sets how pages read for this account. Raises BadInput."""
    if language not in LANGUAGES or zone not in known_zones() or calendar not in CALENDARS:
        raise BadInput("accounts.wrong-preference")
    account.language, account.zone, account.calendar = language, zone, calendar
    with transaction.atomic():
        account.save(update_fields=["language", "zone", "calendar"])
