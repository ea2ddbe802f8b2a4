"""Invitations: one code, one person, one use; keys that wait until the offline identity certifies them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command

from support.browsing import Browser
from support.node import PASSPHRASE, Clock, Node
from tansiq.accounts.invitations import Invited, accept, invite, is_waiting, open_invitations, waiting, withdraw
from tansiq.accounts.models import Account, Invitation, WaitingKey
from tansiq.accounts.opened import Opened
from tansiq.accounts.services import account_of, create_account, end_account, resume_account, set_roles
from tansiq.channels.approvals import ask_approval, decide_approval, open_approvals, roles_held
from tansiq.directory.queries import own_directory
from tansiq.errors import Conflict, Error, NotFound, Refused
from tansiq.keystore.officers import has_officer, open_officer_keys
from tansiq.node import certifying
from tansiq.node.certifying import certify
from tansiq.node.officers import sign_in
from tansiq.policy.channel_matter import Channel, Matter
from tansiq.protocol.directory import Use

pytestmark = pytest.mark.storage

NEW = "ES-4019"
ADMINISTRATOR = "ES-0007"
WORDS = "cuatro palabras sin relación"
DESK = "es.cgi/counter-terrorism"
HERE = "127.0.0.1"


def invited(es: Opened, **more: Any) -> str:
    values = {"number": NEW, "posts": (DESK,), "roles": ("officer",)} | more
    return invite(Invited(**values), by=ADMINISTRATOR, directory=own_directory(), node=es)


def taken(es: Opened, code: str, *, number: str = NEW, passphrase: str = WORDS) -> Account:
    return accept(number, code, passphrase, address=HERE, language="es", node=es)


def code_of(error: pytest.ExceptionInfo[Error]) -> str:
    return error.value.code


def test_an_invitation_makes_the_account_and_keys_that_wait(es: Opened, madrid: Node) -> None:
    code = invited(es)
    assert re.fullmatch(r"([A-Z2-9]{4}-){4}[A-Z2-9]{4}", code)
    account = taken(es, f" {code.lower().replace('-', ' ')} ", number="es-4019")
    assert (account.number, account.roles, account.language) == (NEW, "officer", "es")
    (one,) = waiting()
    assert (one.number, one.posts, [key.use for key in one.keys]) == (NEW, (DESK,), ["officer.sign"])
    with pytest.raises(Refused) as caught:
        sign_in(NEW, WORDS, context=madrid.context)
    assert code_of(caught) == "node.officer-not-certified"


def test_the_offline_identity_certifies_and_then_the_officer_signs(es: Opened, madrid: Node, clock: Clock) -> None:
    taken(es, invited(es))
    made = certify(NEW, identity=madrid.identity, now_ms=clock())
    assert (made.document, made.officers) == (2, (NEW,))
    clock.advance(minutes=1)
    assert sign_in(NEW, WORDS, context=madrid.context).posts == (DESK,)
    assert waiting() == []
    with pytest.raises(Conflict):
        certify(identity=madrid.identity, now_ms=clock())
    with pytest.raises(NotFound):
        certify(NEW, identity=madrid.identity, now_ms=clock())


def test_heads_and_liaison_officers_get_a_reading_key_of_their_own(es: Opened, madrid: Node, clock: Clock) -> None:
    taken(es, invited(es, roles=("liaison",), posts=(DESK,)))
    assert {key.use for key in waiting()[0].keys} == {str(Use.OFFICER_SIGNS), str(Use.OFFICER_OPENS)}
    assert len(open_officer_keys(NEW, WORDS)) == 2
    certify(identity=madrid.identity, now_ms=clock())
    assert own_directory().current(Use.OFFICER_OPENS, NEW, clock())[0].recovery == ()


def test_a_custodian_that_does_not_exist_stops_the_certification(es: Opened, madrid: Node, clock: Clock) -> None:
    taken(es, invited(es, roles=("head",), recovery=("ES-9999",)))
    with pytest.raises(NotFound) as caught:
        certify(identity=madrid.identity, now_ms=clock())
    assert code_of(caught) == "node.no-custodian"
    assert own_directory().number == 1
    assert waiting()


def test_it_works_once_and_for_seven_days(es: Opened, clock: Clock) -> None:
    code = invited(es)
    taken(es, code)
    answers = set()
    for number, typed in ((NEW, code), ("ES-9999", code), (NEW, "AAAA-AAAA-AAAA-AAAA-AAAA")):
        with pytest.raises(Refused) as caught:
            taken(es, typed, number=number)
        answers.add((code_of(caught), str(caught.value.values)))
    late = invited(es, number="ES-4020")
    clock.advance(days=8)
    with pytest.raises(Refused) as caught:
        taken(es, late, number="ES-4020")
    answers.add((code_of(caught), str(caught.value.values)))
    assert answers == {("accounts.wrong-invitation", "{}")}
    assert Account.objects.filter(number="ES-4020").count() == 0


def test_a_second_invitation_takes_the_place_of_the_first_and_one_can_be_withdrawn(es: Opened) -> None:
    first, second = invited(es), invited(es)
    with pytest.raises(Refused):
        taken(es, first)
    assert [one.number for one in open_invitations(node=es)] == [NEW]
    withdraw(NEW, by=ADMINISTRATOR, node=es)
    with pytest.raises(Refused):
        taken(es, second)
    with pytest.raises(NotFound):
        withdraw(NEW, by=ADMINISTRATOR, node=es)


def test_the_code_is_guessed_no_better_than_a_passphrase(es: Opened) -> None:
    code = invited(es)
    for _ in range(5):
        with pytest.raises(Refused):
            taken(es, "AAAA")
    with pytest.raises(Error) as caught:
        taken(es, code)
    assert code_of(caught) == "accounts.locked"


def test_what_is_hung_on_a_number_gives_no_more_guesses(es: Opened) -> None:
    code = invited(es)
    for suffix in ("", "\x00", "\x00a", "\x00b"):
        with pytest.raises(Refused):
            taken(es, code, number=f"{NEW}{suffix}" if suffix else NEW.replace("9", "8"))
    for written in (NEW, NEW.lower(), f" {NEW}", f"{NEW} ", NEW):
        with pytest.raises(Refused):
            taken(es, "AAAA", number=written)
    with pytest.raises(Error) as caught:
        taken(es, code)
    assert code_of(caught) == "accounts.locked"


def test_the_code_lies_nowhere(es: Opened) -> None:
    code = invited(es)
    kept = bytes(Invitation.objects.get(number=NEW).code)
    assert len(kept) == 32
    assert code.replace("-", "").encode() not in kept


def test_a_weak_passphrase_leaves_the_invitation_as_it_was(es: Opened) -> None:
    code = invited(es)
    with pytest.raises(Refused) as caught:
        taken(es, code, passphrase="short")
    assert code_of(caught) == "keystore.short-passphrase"
    assert taken(es, code).number == NEW


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"number": "not a number"}, "accounts.wrong-number"),
        ({"number": ""}, "accounts.wrong-number"),
        ({"number": "ES-4017"}, "accounts.account-exists"),
        ({"posts": ("es.cgi/nowhere",)}, "directory.unknown-post"),
        ({"posts": ()}, "accounts.no-post"),
        ({"roles": ()}, "accounts.no-role"),
        ({"roles": ("administrator", "officer")}, "accounts.administrator-alone"),
    ],
)
def test_who_can_not_be_invited(es: Opened, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Error) as caught:
        invited(es, **more)
    assert code_of(caught) == code
    assert not Invitation.objects.exists()


def test_an_administrator_can_make_no_reader_that_needs_no_certificate(es: Opened) -> None:
    for role in ("auditor", "data-protection"):
        with pytest.raises(Refused) as caught:
            invite(
                Invited(number=NEW, posts=(), roles=(role,)),
                by=ADMINISTRATOR,
                directory=own_directory(),
                node=es,
                on_page=True,
            )
        assert code_of(caught) == "accounts.command-line-only"
    assert invited(es, roles=("auditor",), posts=())


def test_who_lost_the_passphrase_is_invited_again_and_the_old_key_is_revoked(
    browser: Browser, es: Opened, madrid: Node, clock: Clock
) -> None:
    officer = "ES-4017"
    browser.sign_in(officer, clock=clock)
    before = own_directory().current(Use.OFFICER_SIGNS, officer, clock())[0]
    end_account(officer, by=ADMINISTRATOR, node=es)
    account = taken(es, invited(es, number=officer), number=officer)
    assert account.is_active
    assert open_officer_keys(officer, WORDS)
    person = Browser()
    person.passphrase(officer, WORDS)
    assert person.set_up(clock=clock)["Location"] == "/account/"
    assert person.get("/roster/").status_code == 404, "the listing of the number is not theirs before the certificate"
    assert open_officer_keys(f"{officer}~", PASSPHRASE), "and nothing is destroyed before it"
    certify(officer, identity=madrid.identity, now_ms=clock())
    clock.advance(minutes=1)
    assert person.get("/roster/").status_code == 200
    assert own_directory().certified(before.key.identifier, Use.OFFICER_SIGNS).revoked_ms
    assert sign_in(officer, WORDS, context=madrid.context).posts == (DESK,)
    assert not has_officer(f"{officer}~")


def test_who_used_an_invitation_approves_nothing_as_the_head_whose_number_it_is(
    es: Opened, madrid: Node, clock: Clock
) -> None:
    """The role of data protection needs no listing, and so opens the page of approvals before the certificate."""
    head = "ES-1001"
    assert "head" in roles_held(head)
    end_account(head, by=ADMINISTRATOR, node=es)
    posts = next(one.posts for one in own_directory().officers if one.number == head)
    taken(es, invited(es, number=head, posts=posts, roles=("head", "data-protection")), number=head)
    ask_approval(
        Matter(kind="enquiry.request"), Channel.EMBASSY, "ma.dgst", roles=("head",), officer="ES-4017", post=DESK, now_ms=clock()
    )  # fmt: skip
    [asked] = open_approvals({"head"}, number=head, now_ms=clock())
    with pytest.raises(Refused) as caught:
        decide_approval(asked.id, approve=True, number=head, now_ms=clock())
    assert code_of(caught) == "channels.not-approver"
    assert roles_held(head) == {"data-protection"}
    certify(head, identity=madrid.identity, now_ms=clock())
    assert roles_held(head) == {"data-protection", "head"}


def test_a_listed_number_is_never_invited_without_a_post(browser: Browser, es: Opened, clock: Clock) -> None:
    officer = "ES-4017"
    create_account(ADMINISTRATOR, WORDS, roles=["administrator"], now_ms=clock())
    browser.sign_in(ADMINISTRATOR, WORDS, clock=clock)
    assert browser.post(f"/members/{officer}/", {"act": "end"}).status_code == 302
    form = {"number": officer, "roles": ["administrator"], "language": "es", "recovery": ""}
    answer = browser.post("/members/invite/", form)
    assert answer.status_code == 422
    assert "listed in the directory" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_an_administrator_who_remakes_an_account_has_nothing_of_its_listing(
    browser: Browser, es: Opened, madrid: Node, clock: Clock
) -> None:
    """Keys or no keys, roles, an end and a resumption: only the offline identity's word gives the listing back."""
    officer = "ES-4017"
    browser.sign_in(officer, clock=clock)
    assert browser.get("/roster/").status_code == 200
    end_account(officer, by=ADMINISTRATOR, node=es)
    invited(es, number=officer)
    code = "AAAA-BBBB-CCCC-DDDD-EEEE"
    Invitation.objects.filter(number=officer).update(  # as an earlier version made it, and as it lies in its database
        code=es.keyed("invitation", f"{officer.casefold()} {code.replace('-', '')}"), posts="", roles="administrator"
    )
    taken(es, code, number=officer)
    assert waiting() == []
    person = Browser()
    person.passphrase(officer, WORDS)
    person.set_up(clock=clock)
    set_roles(officer, ["officer", "head"], by=ADMINISTRATOR, node=es)
    assert person.get("/roster/").status_code == 404
    end_account(officer, by=ADMINISTRATOR, node=es)
    resume_account(officer, by=ADMINISTRATOR, node=es)
    again = Browser()
    again.secret = person.secret
    again.sign_in(officer, WORDS, clock=clock)
    assert again.get("/account/").status_code == 200
    assert again.get("/roster/").status_code == 404
    with pytest.raises(NotFound):
        certify(officer, identity=madrid.identity, now_ms=clock())
    end_account(officer, by=ADMINISTRATOR, node=es)
    taken(es, invited(es, number=officer), number=officer)
    last = Browser()
    last.passphrase(officer, WORDS)
    last.set_up(clock=clock)
    assert last.get("/roster/").status_code == 404
    certify(officer, identity=madrid.identity, now_ms=clock())
    clock.advance(minutes=1)
    assert last.get("/roster/").status_code == 200


def test_who_used_another_invitation_meanwhile_is_not_certified_with_the_first(
    es: Opened, madrid: Node, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(es, invited(es))
    first = waiting(NEW)
    end_account(NEW, by=ADMINISTRATOR, node=es)
    taken(es, invited(es))
    monkeypatch.setattr(certifying, "waiting", lambda _number: first)
    certify(NEW, identity=madrid.identity, now_ms=clock())
    assert is_waiting(account_of(NEW))
    assert [one.number for one in waiting()] == [NEW]


def test_an_upgrade_marks_who_used_an_invitation_that_brought_no_keys(es: Opened, clock: Clock) -> None:
    for number, posts in (("ES-4100", ""), ("ES-4101", DESK), ("ES-4102", "")):
        create_account(number, WORDS, roles=["officer"], now_ms=clock())
        used = 0 if number == "ES-4102" else clock()
        Invitation.objects.create(
            number=number, code=b"", posts=posts, made_ms=0, made_by=ADMINISTRATOR, ends_ms=1, used_ms=used
        )
    create_account("ES-4103", WORDS, roles=["officer"], now_ms=clock())
    WaitingKey.objects.create(identifier=b"k" * 32, number="ES-4103", use="officer.sign", public=b"", made_ms=0)
    for to in ("0002", "0003"):
        call_command("migrate", "accounts", to, database="default", verbosity=0, interactive=False)
    marked = set(Account.objects.filter(uncertified=True).values_list("number", flat=True))
    assert marked == {"ES-4100", "ES-4103"}


def test_the_whole_way_on_the_pages(browser: Browser, es: Opened, madrid: Node, clock: Clock) -> None:
    create_account(ADMINISTRATOR, WORDS, roles=["administrator"], now_ms=clock())
    browser.sign_in(ADMINISTRATOR, WORDS, clock=clock)
    answer = browser.post(
        "/members/invite/",
        {"number": NEW, "roles": ["officer"], "posts": [DESK], "language": "es", "recovery": ""},
    )
    found = re.search(r'id="invitation">([A-Z0-9-]{24})<', answer.content.decode())
    assert found is not None
    person = Browser(language="es")
    form = {"number": NEW, "code": found[1], "passphrase": WORDS, "again": WORDS}
    assert person.post("/invitation/", form | {"again": "otra cosa distinta"}).status_code == 422
    assert person.post("/invitation/", form)["Location"] == "/set-up/"
    assert person.set_up(clock=clock)["Location"] == "/account/"
    page = person.get("/account/").content.decode()
    assert "espera la certificación" in page
    assert person.get("/roster/").status_code == 404
    assert "espera certificación" not in browser.get("/members/").content.decode()
    certify(identity=madrid.identity, now_ms=clock())
    clock.advance(minutes=1)
    page = person.get("/account/").content.decode()
    assert "espera la certificación" not in page
    assert person.get("/roster/").status_code == 200
    assert account_of(NEW).language == "es"
