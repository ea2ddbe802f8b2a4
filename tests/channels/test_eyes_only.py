"""What is for an officer's own eyes: it works by its docket, opens for its owner, is judged when it opens, and is gone again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.leaks import Needles, files_below, rows_of_postgresql
from support.matters import FACTS, PERSON, an_answer, an_enquiry, an_item, no_hit, refusal
from support.node import SECRET, Nodes
from support.ways import HEADS, LIAISON, MA, World
from tansiq.cases.erasure import erase_due
from tansiq.channels.ways import find
from tansiq.enquiries.correspondence import announce_delay, ask_clarification, clarify, withdraw
from tansiq.enquiries.drafts import request_draft
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.rows import enquiry_rows
from tansiq.enquiries.services import answer_enquiry, refuse_enquiry
from tansiq.errors import BadInput, Error, NotFound, Refused
from tansiq.exchange.drafts import Draft
from tansiq.exchange.eyes_only import entrust, is_closed, open_with, owners_of
from tansiq.exchange.kept import KEPT_DAYS, drop_old_wraps
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.recovery import recover
from tansiq.exchange.restoring import serve_restore
from tansiq.exchange.services import send
from tansiq.node.backup import backup
from tansiq.node.fsck import fsck
from tansiq.node.restore import restore
from tansiq.policy.correspondence import Clarification, ClarificationRequest, DelayNotice, Withdrawal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket
from tansiq.protocol.ids import new_id
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage

UNOPENED, UNUSABLE = ["enquiries.page.unopened"], ["enquiries.page.unusable"]


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


@pytest.fixture
def asked(world: World) -> tuple[World, bytes]:
    """Madrid's head has asked Rabat's; Rabat is bound."""
    matter = world.ask("direct")
    world.carry()
    world["ma.dgst"].use()
    return world, matter


def seen(world: World, agency: str, matter: bytes, number: str, *, posts: tuple[str, ...] = ()) -> dict[str, Any]:
    one = world[agency]
    officer = replace(one.officer(number), posts=posts) if posts else one.officer(number)
    return show_enquiry(matter, context=one.use(), officer=officer)


def the_request(world: World, agency: str) -> bytes:
    ((statement,),) = world.rows(agency, "SELECT request FROM enquiries_enquiry")
    return bytes(statement)


# ------------------------------------------------------------------------------------------------ who opens it


def test_until_its_owner_comes_the_docket_works_and_the_body_waits(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    (row,) = list_enquiries(context=world["ma.dgst"].context, posts=[HEADS[1]])
    assert (row["state"], row["field"], row["deadline_class"], row["sought"]) == (
        "received", "offence.terrorism", "normal", [],
    )  # fmt: skip
    assert row["deadline"]
    statement = the_request(world, "ma.dgst")
    assert is_closed([statement], context=world["ma.dgst"].context) == {statement}
    assert owners_of(statement, "ma.dgst", context=world["ma.dgst"].context) == ["MA-1001"]
    stand_in = seen(world, "ma.dgst", matter, "MA-2210", posts=(HEADS[1],))
    assert stand_in["request"]["content"] is None
    assert stand_in["request"]["withheld"] == UNOPENED
    assert stand_in["matches"] == [], "nothing of it was looked up"
    head = seen(world, "ma.dgst", matter, "MA-1001")
    assert head["request"]["content"]["facts"]["value"] == FACTS
    assert head["request"]["withheld"] == []


def test_the_sender_reads_its_own_copy_with_its_own_key_alone(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    assert seen(world, "es.cgi", matter, "ES-1001")["request"]["content"]["facts"]["value"] == FACTS
    assert seen(world, "es.cgi", matter, "ES-4017", posts=(HEADS[0],))["request"]["withheld"] == UNOPENED


def test_both_custodians_together_open_it_and_neither_alone(asked: tuple[World, bytes]) -> None:
    world, _ = asked
    ma = world["ma.dgst"]
    statement, context = the_request(world, "ma.dgst"), ma.use()
    one, two = (ma.officer(number).recovery for number in ("MA-2201", "MA-2202"))
    for keys in (one, two, (SealingKey.generate(),), ()):
        with pytest.raises(NotFound, match=r"exchange\.not-your-eyes"):
            open_with(statement, keys, context=context)
    assert open_with(statement, (*one, *two), context=context).part("enquiry.request")


def test_an_owner_lets_a_successor_read_and_the_peer_need_not_know(asked: tuple[World, bytes]) -> None:
    world, _ = asked
    ma = world["ma.dgst"]
    statement, context, successor = the_request(world, "ma.dgst"), ma.use(), SealingKey.generate()
    with pytest.raises(NotFound, match=r"exchange\.not-your-eyes"):
        entrust(statement, (successor,), to=successor.public, context=context)
    entrust(statement, ma.officer("MA-1001").reading, to=successor.public, context=context)
    assert open_with(statement, (successor,), context=context).body_open
    assert fsck(context).findings == ()


def test_what_nobody_sent_is_not_opened(world: World) -> None:
    with pytest.raises(NotFound, match=r"exchange\.unknown-statement"):
        open_with(bytes(16), (), context=world["es.cgi"].use())


def test_nothing_of_the_body_lies_readable_or_indexed_on_either_node(asked: tuple[World, bytes]) -> None:
    """The names, numbers and words, in every encoding, in all that a node keeps."""
    world, matter = asked
    for agency, number in (("ma.dgst", "MA-1001"), ("es.cgi", "ES-1001")):
        seen(world, agency, matter, number)
    needles = Needles.of(
        names=[*(name.value for name in PERSON.names), *(one.number for one in PERSON.identifiers)], texts=[FACTS]
    )
    for agency in ("es.cgi", "ma.dgst"):
        one = world[agency]
        kept = files_below(one.home.path)
        if one.home.on_postgresql:
            kept = rows_of_postgresql(one.home.database) | rows_of_postgresql(one.home.keys_database)
        assert {name: found for name, data in kept.items() if (found := needles.found_in(data))} == {}
        rows = world.rows(agency, "SELECT sought, purpose, outcome FROM enquiries_enquiry")
        assert rows == [("", "", "")]
        assert world.rows(agency, "SELECT category, purpose FROM cases_item") == [("", "")]


# ------------------------------------------------------------------------------------------------ what is said in it


def test_a_whole_conversation_between_two_heads(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    es, ma = world["es.cgi"], world["ma.dgst"]
    question = ClarificationRequest(points=("clarify.facts",), question=Text("fr", "Quand ?"))
    ask_clarification(matter, question, context=ma.use(), officer=ma.officer("MA-1001"))
    world.carry()
    shown = seen(world, "es.cgi", matter, "ES-1001")
    assert (shown["state"], shown["words"][0]["content"]["question"]["value"]) == ("clarification", "Quand ?")
    world.clock.advance(hours=2)
    clarify(matter, Clarification(words=Text("es", "En marzo.")), context=es.use(), officer=es.officer("ES-1001"))
    world.carry()
    world.answer(matter, an_answer("MA-1001"), items=[an_item()], number="MA-1001")
    world.carry()
    for agency, number in (("es.cgi", "ES-1001"), ("ma.dgst", "MA-1001")):
        shown = seen(world, agency, matter, number)
        assert shown["state"] == "answered"
        assert [word["content"] is not None for word in shown["words"]] == [True, True, True]
        assert shown["replies"][0]["items"][0]["content"]["words"]["value"]
        world[agency].use()
        note_receipts()
        assert world.rows(agency, "SELECT outcome, grounds, items FROM enquiries_reply") == [("", "", 0)] * 3
    (here,) = world.rows("es.cgi", "SELECT deadline_ms FROM enquiries_enquiry")
    (there,) = world.rows("ma.dgst", "SELECT deadline_ms FROM enquiries_enquiry")
    assert here == there, "both clocks stood still as long"
    assert world.faults() == {}


def test_a_refusal_and_a_withdrawal_end_it_on_both_sides(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    ma, es = world["ma.dgst"], world["es.cgi"]
    refuse_enquiry(matter, context=ma.use(), officer=ma.officer("MA-1001"), refusal=refusal())
    other = world.ask("direct")
    world.carry()
    withdraw(other, Withdrawal(reason="withdrawal.obtained"), context=es.use(), officer=es.officer("ES-1001"))
    world.carry()
    for agency in ("es.cgi", "ma.dgst"):
        world[agency].use()
        states = {row.matter: row.state for row in enquiry_rows("1 = 1", ())}
        assert states == {matter: "refused", other: "withdrawn"}


def test_what_the_other_clock_could_not_read_is_not_said_so(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    ma = world["ma.dgst"]
    context, officer = ma.use(), ma.officer("MA-1001")
    with pytest.raises(Refused, match=r"enquiries\.not-for-own-eyes"):
        answer_enquiry(
            matter,
            context=context,
            officer=officer,
            answer=an_answer("MA-1001", outcome="answer.partial"),
            items=[an_item()],
        )
    notice = DelayNotice(
        ground="delay.judicial", until_ms=world.clock() + 10 * 86_400_000, reason=Text("fr", "Le juge.")
    )
    with pytest.raises(Refused, match=r"enquiries\.not-for-own-eyes"):
        announce_delay(matter, notice, context=context, officer=officer)


def test_whoever_has_no_key_of_ones_own_says_nothing_there(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    ma = world["ma.dgst"]
    officer = replace(ma.officer("MA-2210"), posts=(HEADS[1],))
    with pytest.raises(Error) as told:
        answer_enquiry(matter, context=ma.use(), officer=officer, answer=no_hit())
    assert told.value.code == "exchange.no-reading-key"


def test_of_several_who_might_be_meant_one_is_named(world: World) -> None:
    from tansiq.node.creation import NewOfficer, add_officer

    ma = world["ma.dgst"]
    ma.use()
    add_officer(
        NewOfficer("MA-1002", ("head",), "an invented passphrase", eyes_only=True),
        identity=ma.identity,
        now_ms=world.clock.advance(minutes=2),
    )
    from tansiq.exchange.service import tell_directory

    tell_directory(context=ma.context)
    world.carry()
    with pytest.raises(BadInput, match=r"channels\.which-person"):
        world.ask("direct")
    matter = world.ask("direct", persons={HEADS[1]: "MA-1001"})
    world.carry()
    assert seen(world, "ma.dgst", matter, "MA-1001")["request"]["content"]
    assert owners_of(the_request(world, "ma.dgst"), "ma.dgst", context=ma.use()) == ["MA-1001"]


# ------------------------------------------------------------------------------------------------ judged when it opens


def a_closed(world: World, request: Enquiry | None = None, *, number: str = "ES-1001", **docket: Any) -> bytes:
    """A request of Madrid's node to Rabat's head that its own services would not say; returns its matter."""
    es = world["es.cgi"]
    context = es.use()
    way = find("direct", *HEADS, context=context, now_ms=context.clock())
    act = replace(es.officer(number), posts=(HEADS[0],)).acting("enquiry.request", post=HEADS[0])
    matter = new_id(context.clock())
    draft = request_draft(request or an_enquiry("ES-1001"), matter=matter, case=b"", way=way, act=act)
    send(replace(draft, docket=replace(draft.docket, **docket)), context=context)
    world.carry()
    assert world.faults() == {}
    return matter


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (Enquiry(deadline_class="normal"), {}),
        (None, {"deadline_class": "urgent-direct"}),
        (None, {"number": "ES-4017"}),
    ],
    ids=["unlawful", "another docket", "signed by somebody who is no head"],
)
def test_what_opens_and_does_not_hold_is_not_shown(
    world: World, request_: Enquiry | None, more: dict[str, Any]
) -> None:
    matter = a_closed(world, request_, **more)
    shown = seen(world, "ma.dgst", matter, "MA-1001")
    assert shown["request"]["content"] is None
    assert shown["request"]["withheld"] == UNUSABLE


def test_the_conditions_inside_bind_its_reader_too(world: World) -> None:
    request = an_enquiry("ES-1001")
    conditions = replace(request.conditions, classification="class.secret") if request.conditions else None
    matter = world.ask("direct", replace(request, conditions=conditions))
    world.carry()
    assert seen(world, "ma.dgst", matter, "MA-1001")["request"]["withheld"] == ["policy.use.not-cleared"]


def test_a_body_that_is_closed_at_a_desk_is_refused_as_before(world: World) -> None:
    es = world["es.cgi"]
    context = es.use()
    way = find("embassy", "es.cgi/counter-terrorism", MA, context=context, now_ms=context.clock())
    act = es.officer("ES-4017").acting("enquiry.request", post="es.cgi/counter-terrorism")
    draft = request_draft(an_enquiry(), matter=new_id(context.clock()), case=b"", way=way, act=act)
    send(replace(draft, readers=[replace(one, docket_only=True) for one in draft.readers]), context=context)
    world.carry()
    assert world.faults() == {"ma.dgst": ["enquiries.body-closed"]}


# ------------------------------------------------------------------------------------------------ how long


def test_its_wraps_are_kept_as_long_as_only_they_open_it(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    world.clock.advance(days=KEPT_DAYS + 1)
    for agency, number in (("ma.dgst", "MA-1001"), ("es.cgi", "ES-1001")):
        drop_old_wraps(context=world[agency].use())
        assert seen(world, agency, matter, number)["request"]["content"]


def test_what_was_asked_for_nothing_ends_and_no_key_opens_it_any_more(asked: tuple[World, bytes]) -> None:
    world, matter = asked
    world.answer(matter, no_hit(), number="MA-1001")
    world.carry()
    world.clock.advance(days=31)
    ma = world["ma.dgst"]
    assert erase_due(context=ma.use()) == 1
    shown = seen(world, "ma.dgst", matter, "MA-1001")
    assert (shown["request"]["content"], shown["request"]["withheld"]) == (None, [])
    with pytest.raises(NotFound):
        open_with(the_request(world, "ma.dgst"), ma.officer("MA-1001").reading, context=ma.use())
    assert seen(world, "es.cgi", matter, "ES-1001")["request"]["content"], "the sender's own copy is the sender's"
    assert fsck(ma.use()).findings == ()


@pytest.mark.parametrize("agency", ["es.cgi", "ma.dgst"])
@pytest.mark.parametrize("erased", [False, True], ids=["kept", "erased since"])
def test_after_a_restore_it_opens_as_before_and_what_ended_stays_ended(
    world: World, tmp_path: Path, agency: str, *, erased: bool
) -> None:
    one, peer = world[agency], world["ma.dgst" if agency == "es.cgi" else "es.cgi"]
    backup(one.home, tmp_path / "backup", context=one.use())
    world.clock.advance(hours=1)
    matter = world.ask("direct")
    world.carry()
    world.answer(matter, no_hit(), number="MA-1001")
    world.carry()
    if erased:
        world.clock.advance(days=31)
        assert erase_due(context=world["ma.dgst"].use()) == 1
    one.use()
    restore(one.home, tmp_path / "backup", keys=None, secret=SECRET, replace=True)
    one.reopen()

    def serve(question: bytes) -> bytes:
        answer = serve_restore(one.agency, question, context=peer.use())
        one.use()
        return answer

    recover(peer.agency, serve, context=one.context)
    for _ in range(4):
        world.carry()
        settle_own(context=one.use())
    number = "ES-1001" if agency == "es.cgi" else "MA-1001"
    shown = seen(world, agency, matter, number)
    assert shown["state"] == "answered"
    assert (shown["request"]["content"] is None) == erased, (
        "what was lost with the backup only the peer had, and it is over"
    )
    assert world.faults() == {}
    assert shown["replies"][0]["content"]["outcome"] == "answer.no-hit"


def test_what_is_sealed_to_nobody_changes_nothing(asked: tuple[World, bytes]) -> None:
    """A docket alone is no answer: where nobody could ever open the body, the enquiry stays open for the honest one."""
    world, matter = asked
    es, ma = world["es.cgi"], world["ma.dgst"]
    request = the_request(world, "ma.dgst")
    context = ma.use()
    way = find("direct", HEADS[1], HEADS[0], context=context, now_ms=context.clock(), persons={HEADS[1]: "MA-1001"})
    docket = Docket(
        kind="enquiry.answer", channel="direct", matter=matter, sender=HEADS[1], route=way.route, addressees=(HEADS[0],),
        field="offence.terrorism", answers=request, follows=(request,), deadline_class="normal",
    )  # fmt: skip
    part = Part("enquiry.answer", dict(no_hit().to_plain()))
    act = ma.officer("MA-1001").acting("enquiry.answer", post=HEADS[1])
    readers = [one for one in way.readers if one.docket_only]
    send(Draft(docket=docket, parts=[part], readers=readers, own=way.own, act=act), context=context)
    world.carry()
    assert [fault.split()[0] for fault in world.faults()["es.cgi"]] == ["enquiries.body-closed"]
    es.use()
    assert [row.is_open for row in enquiry_rows("matter = %s", (matter,))] == [True]
    world.answer(matter, no_hit(), number="MA-1001")
    world.carry()
    assert seen(world, "es.cgi", matter, "ES-1001")["replies"][0]["content"]["outcome"] == "answer.no-hit"


# ------------------------------------------------------------------------------------------------ the liaison officer's


def test_a_desk_answers_a_liaison_officer_who_alone_reads_it(world: World) -> None:
    matter = world.ask("liaison")
    world.carry()
    world.answer(matter, an_answer(), items=[an_item()])
    world.carry()
    assert seen(world, "es.cgi", matter, "ES-6100")["replies"][0]["items"][0]["content"]
    desk = seen(world, "es.cgi", matter, "ES-4017", posts=(LIAISON,))
    assert desk["replies"][0]["withheld"] == UNOPENED
    there = seen(world, "ma.dgst", matter, "MA-2210")
    assert there["request"]["content"], "the host's desk reads as desks do"
    with pytest.raises(Refused, match=r"enquiries\.not-for-own-eyes"):
        world.answer(world_asked(world), an_answer(outcome="answer.partial"), items=[an_item()])


def world_asked(world: World) -> bytes:
    matter = world.ask("liaison")
    world.carry()
    return matter
