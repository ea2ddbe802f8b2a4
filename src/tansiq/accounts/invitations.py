"""Invitations: a code that is shown once lets one person make the own account and keys.

Invariant: the code lies here as a keyed hash, works once and ends by itself. What it makes is an account that can sign in; whether its keys are
believed the offline identity decides, which certifies them in the next directory document (`waiting`). Until then the account is marked, whether
the invitation brought keys or not: what the directory lists for the number belongs to whom it was certified for.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from tansiq.accounts.attempts import Kind, begin, succeeded
from tansiq.accounts.events import What, note
from tansiq.accounts.factors import remove_factors
from tansiq.accounts.models import Account, Invitation, WaitingKey
from tansiq.accounts.opened import Opened
from tansiq.accounts.passphrases import check_passphrase
from tansiq.accounts.roles import ON_COMMAND_LINE_ONLY, check_roles, roles_of
from tansiq.accounts.services import create_account
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.keystore.officers import OfficerKey, put_officer_keys, set_keys_aside
from tansiq.protocol.directory import Directory, Use
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.web.access import Role

__all__ = ["Invited", "Waiting", "accept", "invite", "is_waiting", "open_invitations", "waiting", "withdraw"]

_DAYS_MS: Final = 7 * 86_400_000
_SIGNS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS: Final = 5
_EACH: Final = 4
_EYES_ONLY: Final = frozenset({Role.HEAD, Role.LIAISON})
_LONGEST_NUMBER: Final = 32


@dataclass(frozen=True, slots=True)
class Waiting:
    """Keys of one officer that wait for certification, with the posts of the invitation and the custodians (service numbers)."""

    number: str
    posts: tuple[str, ...]
    recovery: tuple[str, ...]
    keys: tuple[WaitingKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Who is invited: service number, posts and roles, custodians of the eyes-only key, the language of the first page."""

    number: str
    posts: tuple[str, ...]
    roles: tuple[str, ...]
    recovery: tuple[str, ...] = ()
    language: str = "en"


def _hash(number: str, code: str, node: Opened) -> bytes:
    plain = "".join(sign for sign in code.upper() if sign in _SIGNS)
    return node.keyed("invitation", f"{number.casefold()} {plain}")


def _is_number(number: str) -> bool:
    shaped = number.replace("-", "").replace(".", "").replace("_", "")
    return 0 < len(number) <= _LONGEST_NUMBER and shaped.isascii() and shaped.isalnum()


def invite(invited: Invited, *, by: str, directory: Directory, node: Opened, on_page: bool = False) -> str:
    """Invites somebody; returns the code, which is shown nowhere again. A second invitation takes the place of the first.

    Roles that need no key take no posts. An account that was ended is made anew: for who lost the passphrase. ``on_page``: an
    administrator invites, who may not make readers without the offline identity.
    Raises BadInput, Conflict (there is an account), NotFound (no such post) or Refused (also a listed number without a post).
    """
    number, posts = invited.number, invited.posts
    if not _is_number(number):
        raise BadInput("accounts.wrong-number")
    column = check_roles(invited.roles)
    held = roles_of(column)
    if on_page and held & ON_COMMAND_LINE_ONLY:
        raise Refused("accounts.command-line-only")
    known = {post.id for post in directory.posts}
    for post in posts:
        if post not in known:
            raise NotFound("directory.unknown-post", post=post)
    if not posts and held - ON_COMMAND_LINE_ONLY - {Role.ADMINISTRATOR}:
        raise BadInput("accounts.no-post")
    account = Account.objects.filter(number__iexact=number).first()
    if account is not None and (account.is_active or account.number != number):
        raise Conflict("accounts.account-exists", officer=number)
    listed = any(officer.number == number for officer in directory.officers)
    if account is None and listed:
        raise Conflict("node.officer-exists", officer=number)
    if listed and not posts:
        raise Refused("accounts.listed-needs-post", officer=number)
    plain = "".join(secrets.choice(_SIGNS) for _ in range(_GROUPS * _EACH))
    values = {
        "code": _hash(number, plain, node), "posts": " ".join(posts), "roles": column, "eyes_only": bool(held & _EYES_ONLY),
        "recovery": " ".join(invited.recovery), "language": invited.language, "made_ms": node.clock(), "made_by": by,
        "ends_ms": node.clock() + _DAYS_MS, "used_ms": 0,
    }  # fmt: skip
    with transaction.atomic():
        Invitation.objects.update_or_create(number=number, defaults=values)
        note(What.INVITED, number, by=by, now_ms=node.clock())
    return "-".join(plain[at : at + _EACH] for at in range(0, len(plain), _EACH))


def withdraw(number: str, *, by: str, node: Opened) -> None:
    """Takes an invitation back. Raises NotFound."""
    with transaction.atomic():
        deleted, _ = Invitation.objects.filter(number=number, used_ms=0).delete()
        if not deleted:
            raise NotFound("accounts.no-invitation", officer=number)
        note(What.INVITATION_ENDED, number, by=by, now_ms=node.clock())


def open_invitations(*, node: Opened) -> list[Invitation]:
    """Invitations that may still be used, the first to end first."""
    return list(Invitation.objects.filter(used_ms=0, ends_ms__gt=node.clock()).order_by("ends_ms"))


def accept(number: str, code: str, passphrase: str, *, address: str, language: str, node: Opened) -> Account:
    """Uses an invitation: makes the account, and the officer's keys where there are posts; returns the account.

    Raises Refused (no such invitation, used, ended, wrong code: all the same; or a weak passphrase) or TooMuch (locked).
    """
    found = Invitation.objects.filter(number__iexact=number.strip()).first() if _is_number(number.strip()) else None
    named = number.strip() if found is None else found.number
    who = {Kind.ADDRESS: address, Kind.INVITATION: named}
    begin(who, node=node)
    kept = bytes(found.code) if found is not None else bytes(32)
    right = hmac.compare_digest(kept, _hash(named, code, node))
    if found is None or not right or found.used_ms or found.ends_ms <= node.clock():
        raise Refused("accounts.wrong-invitation")
    succeeded(who, node=node)
    check_passphrase(passphrase, number=found.number)
    made = _new_keys(found) if found.posts else []
    with transaction.atomic():
        if not Invitation.objects.filter(pk=found.pk, used_ms=0).update(used_ms=node.clock()):
            raise Refused("accounts.wrong-invitation")
        account = _account(found, passphrase, language, node)
        account.uncertified = True
        account.save(update_fields=["uncertified"])
        for key, public in made:
            WaitingKey.objects.create(
                identifier=key.identifier, number=found.number, use=key.use, public=public, made_ms=node.clock()
            )
        note(What.INVITATION_USED, found.number, now_ms=node.clock())
        if made:
            # The key store's commit comes first. Older keys are erased when the new ones are certified, not before: an invitation
            # that somebody else used must destroy nothing.
            set_keys_aside(found.number)
            put_officer_keys(found.number, [key for key, _ in made], passphrase)
    return account


def _account(invitation: Invitation, passphrase: str, language: str, node: Opened) -> Account:
    """The account that this invitation makes, or the ended one that it opens anew. Raises Refused."""
    ended = Account.objects.filter(number=invitation.number).first()
    if ended is None:
        return create_account(
            invitation.number, passphrase, roles=invitation.roles.split(), language=language, by=invitation.made_by, now_ms=node.clock()
        )  # fmt: skip
    if ended.is_active:
        raise Refused("accounts.wrong-invitation")
    remove_factors(ended)
    ended.roles, ended.language, ended.family = invitation.roles, language, secrets.token_bytes(16)
    ended.is_active = True
    ended.set_password(passphrase)
    ended.save()
    WaitingKey.objects.filter(number=ended.number).delete()
    note(What.ACCOUNT_RESUMED, ended.number, by=invitation.made_by, now_ms=node.clock())
    return ended


def is_waiting(account: Account) -> bool:
    """Whether an invitation made this account and its certification is still to come, or keys of its number wait.

    Then nothing that the directory lists for the number counts, for it may be somebody else.
    """
    return account.uncertified or WaitingKey.objects.filter(number=account.number).exists()


def _new_keys(invitation: Invitation) -> list[tuple[OfficerKey, bytes]]:
    """The keys that this invitation brings, each with its public half."""
    signing = SigningKey.generate()
    made = [(OfficerKey(signing.identifier, str(Use.OFFICER_SIGNS), signing.private), signing.public.public)]
    if invitation.eyes_only:
        reading = SealingKey.generate()
        made.append((OfficerKey(reading.identifier, str(Use.OFFICER_OPENS), reading.private), reading.public.public))
    return made


def waiting(number: str = "") -> list[Waiting]:
    """Keys that wait for certification, of one officer or of all."""
    rows = WaitingKey.objects.filter(number=number) if number else WaitingKey.objects.all()
    by_number: dict[str, list[WaitingKey]] = {}
    for row in rows.order_by("number", "use"):
        by_number.setdefault(row.number, []).append(row)
    invitations = Invitation.objects.in_bulk(list(by_number))
    return [
        Waiting(one, tuple(invitations[one].posts.split()), tuple(invitations[one].recovery.split()), tuple(keys))
        for one, keys in by_number.items()
        if one in invitations
    ]
