"""Accounts: the passphrase that opens, the same answer for everything else, locks that hold, what lies at rest."""

from __future__ import annotations

import pytest
from django.db import connection

from support.node import PASSPHRASE, Clock, Nodes
from tansiq.accounts import attempts
from tansiq.accounts.attempts import Kind
from tansiq.accounts.contacts import contact_of, set_contact
from tansiq.accounts.events import events_of
from tansiq.accounts.models import Account, Contact
from tansiq.accounts.opened import Opened, opened
from tansiq.accounts.services import (
    account_of,
    change_passphrase,
    create_account,
    end_account,
    lift_locks,
    prove,
    resume_account,
    set_preferences,
    set_roles,
)
from tansiq.errors import BadInput, Conflict, Error, NotFound, Refused, TooMuch
from tansiq.keystore.officers import open_officer_keys
from tansiq.protocol.directory import Use

pytestmark = pytest.mark.storage

OFFICER = "ES-4017"
HERE = "127.0.0.1"
OTHER = "another invented passphrase"


@pytest.fixture
def account(es: Opened) -> Account:
    return account_of(OFFICER)


def refused(number: str, passphrase: str, node: Opened, address: str = HERE) -> Error:
    with pytest.raises((Refused, TooMuch)) as caught:
        prove(number, passphrase, address=address, node=node)
    return caught.value


def test_the_passphrase_proves_who_it_is_and_opens_the_keys(account: Account, es: Opened) -> None:
    proved = prove(" es-4017 ", PASSPHRASE, address=HERE, node=es)
    assert proved.account == account
    assert [key.use for key in proved.keys] == [str(Use.OFFICER_SIGNS)]
    assert account.password.startswith("scrypt$")
    assert PASSPHRASE not in account.password


def test_unknown_wrong_and_ended_are_answered_alike(account: Account, es: Opened) -> None:
    end_account("ES-1001", by=OFFICER, node=es)
    told = {
        (type(error), error.code, str(error.values))
        for error in (
            refused("ES-0000", PASSPHRASE, es),
            refused(OFFICER, "a wrong passphrase", es),
            refused("ES-1001", PASSPHRASE, es),
            refused("", "", es),
        )
    }
    assert told == {(Refused, "accounts.wrong-credentials", "{}")}


@pytest.mark.parametrize("number", [OFFICER, "ES-0000"])
def test_too_many_failures_lock_a_known_and_an_unknown_number_alike(
    account: Account, es: Opened, clock: Clock, number: str
) -> None:
    for _ in range(5):
        assert refused(number, "a wrong passphrase", es).code == "accounts.wrong-credentials"
    locked = refused(number, PASSPHRASE, es)
    assert (locked.code, locked.values) == ("accounts.locked", {"minutes": 1})
    clock.advance(seconds=61)
    refused(number, "a wrong passphrase", es)
    assert refused(number, "a wrong passphrase", es).values == {"minutes": 2}


def test_a_lock_holds_over_a_restart_and_ends_by_time_or_by_an_administrator(
    account: Account, node: Nodes, es: Opened, clock: Clock
) -> None:
    for _ in range(5):
        refused(OFFICER, "a wrong passphrase", es)
    node._made[-1].reopen()
    assert refused(OFFICER, PASSPHRASE, opened()).code == "accounts.locked"
    assert [one.kind for one in attempts.locks(node=es)] == ["account"]
    lift_locks(OFFICER, by="ES-0001", node=es)
    assert prove(OFFICER, PASSPHRASE, address=HERE, node=es).account.number == OFFICER
    assert [happened.what for _, happened in events_of(OFFICER)][:2] == ["lock.lifted", "lock.set"]
    for _ in range(5):
        refused(OFFICER, "a wrong passphrase", es)
    clock.advance(minutes=2)
    assert prove(OFFICER, PASSPHRASE, address=HERE, node=es).account.number == OFFICER


@pytest.mark.parametrize("written", ["{}\x00{}", "{}\x00", "\x00{}", "{}\x1f{}", "{}\u200b{}"])
def test_a_number_with_something_unseen_in_it_is_nobodys(account: Account, es: Opened, written: str) -> None:
    """A database that ends a comparison at NUL would let each way to write a number have a lock of its own."""
    assert refused(written.format(OFFICER, 1), PASSPHRASE, es).code == "accounts.wrong-credentials"


def test_however_a_number_is_written_it_has_one_lock(es: Opened, clock: Clock) -> None:
    create_account("MS-1", PASSPHRASE, roles=["administrator"], now_ms=clock())
    for written in ("MS-1", "ms-1", " Ms-1", "mS-1 ", "m\u017f-1"):
        if written.isascii():
            refused(written, "a wrong passphrase", es)
        else:  # one database takes the long s for an s, the other does not: no account, or the account's own lock
            assert refused(written, "a wrong passphrase", es).code == "accounts.wrong-credentials"
    refused("ms-1", "a wrong passphrase", es)
    assert refused("MS-1", PASSPHRASE, es).code == "accounts.locked"
    assert refused("m\u017f-1", PASSPHRASE, es).code in {"accounts.locked", "accounts.wrong-credentials"}
    create_account("MI-1", PASSPHRASE, roles=["administrator"], now_ms=clock())
    assert refused("m\u0131-1", PASSPHRASE, es, "192.0.2.1").code == "accounts.wrong-credentials", "a dotless i is no i"


def test_an_address_that_tries_many_numbers_is_locked_and_others_are_not(account: Account, es: Opened) -> None:
    for at in range(25):
        refused(f"ES-{at}", "a wrong passphrase", es, "192.0.2.7")
    assert refused(OFFICER, PASSPHRASE, es, "192.0.2.7").code == "accounts.locked"
    assert prove(OFFICER, PASSPHRASE, address="192.0.2.8", node=es).account.number == OFFICER


def test_a_success_does_not_wash_an_address_clean(account: Account, es: Opened) -> None:
    for at in range(24):
        refused(f"ES-{at}", "a wrong passphrase", es)
    prove(OFFICER, PASSPHRASE, address=HERE, node=es)
    refused("ES-24", "a wrong passphrase", es)
    assert refused("ES-25", "a wrong passphrase", es).code == "accounts.locked"


def test_attempts_at_once_are_counted_one_by_one(es: Opened) -> None:
    who = {Kind.ACCOUNT: OFFICER}
    locking = [attempts.begin(who, node=es) for _ in range(5)]
    assert locking == [[], [], [], [], [Kind.ACCOUNT]]
    with pytest.raises(TooMuch):
        attempts.begin(who, node=es)


def test_failures_are_forgotten_after_a_quiet_day(es: Opened, clock: Clock) -> None:
    attempts.begin({Kind.ACCOUNT: OFFICER}, node=es)
    assert attempts.sweep_attempts(now_ms=clock()) == 0
    clock.advance(hours=25)
    assert attempts.sweep_attempts(now_ms=clock()) == 1


@pytest.mark.parametrize(
    ("passphrase", "code"),
    [
        ("short", "keystore.short-passphrase"),
        ("aaaaaaaaaaaaaaaa", "accounts.weak-passphrase"),
        ("my own es-4017 words", "accounts.weak-passphrase"),
        ("x" * 200 + "abcdefg" * 20, "accounts.long-passphrase"),
    ],
)
def test_a_weak_passphrase_makes_no_account(es: Opened, passphrase: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        create_account("ES-5555", passphrase.replace("es-4017", "es-5555"), roles=["officer"], now_ms=es.clock())
    assert caught.value.code == code
    assert not Account.objects.filter(number="ES-5555").exists()


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        ([], "accounts.no-role"),
        (["king"], "policy.unknown-code"),
        (["administrator", "officer"], "accounts.administrator-alone"),
    ],
)
def test_roles_that_nobody_may_hold(es: Opened, roles: list[str], code: str) -> None:
    with pytest.raises(Error) as caught:
        create_account("ES-5555", PASSPHRASE, roles=roles, now_ms=es.clock())
    assert caught.value.code == code


def test_one_account_a_number_whatever_its_case(account: Account, es: Opened) -> None:
    with pytest.raises(Conflict):
        create_account(OFFICER.lower(), PASSPHRASE, roles=["officer"], now_ms=es.clock())


def test_rights_change_and_accounts_end_and_resume(account: Account, es: Opened) -> None:
    set_roles(OFFICER, ["supervisor", "officer"], by="ES-0001", node=es)
    assert account_of(OFFICER).roles == "officer supervisor"
    with pytest.raises(Refused):
        end_account(OFFICER, by=OFFICER, node=es)
    end_account(OFFICER, by="ES-0001", node=es)
    assert refused(OFFICER, PASSPHRASE, es).code == "accounts.wrong-credentials"
    resume_account(OFFICER, by="ES-0001", node=es)
    assert prove(OFFICER, PASSPHRASE, address=HERE, node=es).account.number == OFFICER
    with pytest.raises(NotFound):
        set_roles("ES-0000", ["officer"], by="ES-0001", node=es)
    assert {happened.by for _, happened in events_of(OFFICER) if happened.what != "account.made"} == {"ES-0001"}


def test_a_new_passphrase_seals_the_keys_anew(account: Account, es: Opened) -> None:
    with pytest.raises(Refused) as caught:
        change_passphrase(account, "a wrong passphrase", OTHER, node=es)
    assert caught.value.code == "accounts.wrong-passphrase"
    before = open_officer_keys(OFFICER, PASSPHRASE)
    assert list(change_passphrase(account, PASSPHRASE, OTHER, node=es)) == before
    with pytest.raises(Refused):
        open_officer_keys(OFFICER, PASSPHRASE)
    assert list(prove(OFFICER, OTHER, address=HERE, node=es).keys) == before
    assert refused(OFFICER, PASSPHRASE, es).code == "accounts.wrong-credentials"


def test_keys_under_another_passphrase_stay_closed_until_it_is_given(es: Opened) -> None:
    account = account_of(OFFICER)
    account.set_password(OTHER)
    account.save()
    assert prove(OFFICER, OTHER, address=HERE, node=es).keys == ()
    with pytest.raises(Refused) as caught:
        change_passphrase(account, OTHER, "a third invented passphrase", node=es)
    assert caught.value.code == "keystore.wrong-passphrase"
    assert change_passphrase(account, OTHER, "a third invented passphrase", key_passphrase=PASSPHRASE, node=es)


def test_how_pages_read(account: Account, es: Opened) -> None:
    set_preferences(account, language="ar", zone="Africa/Casablanca", calendar="hijri")
    kept = account_of(OFFICER)
    assert (kept.language, kept.zone, kept.calendar) == ("ar", "Africa/Casablanca", "hijri")
    for wrong in ({"language": "de"}, {"zone": "Mars/Olympus"}, {"calendar": "julian"}):
        with pytest.raises(BadInput):
            set_preferences(account, **{"language": "ar", "zone": "UTC", "calendar": "hijri"} | wrong)


def test_where_to_notify_somebody_lies_sealed_and_ends_with_its_key(es: Opened) -> None:
    for address in ("primera@servicio.example", "segunda@servicio.example"):
        set_contact(OFFICER, address, node=es)
        assert contact_of(OFFICER, node=es) == address
        with connection.cursor() as cursor:
            cursor.execute("SELECT sealed FROM accounts_contact")
            (row,) = cursor.fetchall()
        assert b"servicio" not in bytes(row[0])
    for wrong in ("nobody", "a@b@c", "with blank@servicio.example", "x" * 300 + "@b"):
        with pytest.raises(BadInput):
            set_contact(OFFICER, wrong, node=es)
    es.keys.erase(bytes(Contact.objects.get().thing))
    assert contact_of(OFFICER, node=es) == ""
    set_contact(OFFICER, "", node=es)
    assert not Contact.objects.exists()
