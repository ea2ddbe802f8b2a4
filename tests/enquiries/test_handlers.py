"""What arrives is believed only as a whole: an officer's signature, the law, the docket, and that it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection

from support.matters import PERSON, an_answer, an_enquiry, an_item, no_hit
from support.node import PASSPHRASE, Nodes, carry
from support.two import Two
from tansiq.cases.erasure import erase_item
from tansiq.cases.queries import items_of
from tansiq.directory.services import publish_own, take_directory
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.enquiries.services import answer_enquiry
from tansiq.exchange.drafts import Draft, OfficerAct
from tansiq.exchange.services import send
from tansiq.journal.access import read_access
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.policy.answer import Answer
from tansiq.policy.enquiry import Enquiry
from tansiq.protocol.directory import make_directory
from tansiq.protocol.docket import Docket
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage
Codes = Callable[[], list[str]]
Rows = Callable[[], dict[str, int]]
NOTHING = {"enquiries_enquiry": 0, "enquiries_reply": 0, "enquiries_match": 0, "cases_item": 0}


# ------------------------------------------------------------------------------------------------------ requests


def test_a_request_arrives_with_its_item_its_deadline_and_its_proposals(
    registered: Two, set_aside: Codes, rows: Rows
) -> None:
    two = registered
    two.ma.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM registers_entry")
        (before,) = cursor.fetchone()
    two.clock.advance(minutes=2)
    two.arrived()
    assert set_aside() == []
    assert rows() == {"enquiries_enquiry": 1, "enquiries_reply": 0, "enquiries_match": 1, "cases_item": 1}
    (listed,) = list_enquiries(context=two.ma.context, posts=two.ma.officer().posts)
    assert (listed["state"], listed["direction"], listed["matches"]) == ("received", "in", 1)
    logged = [(told["operation"], told["officer"]) for _, told in read_access(two.ma.context.keys) if told]
    assert logged[-2:] == [("collection", "node"), ("combination", "node")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM registers_entry")
        assert cursor.fetchone() == (before,), "a register learns nothing from what it is asked"


def test_no_name_and_no_word_of_a_request_stands_in_clear(registered: Two) -> None:
    two = registered
    two.arrived()
    shown = []
    with connection.cursor() as cursor:
        for table in ("enquiries_enquiry", "enquiries_match", "cases_item", "exchange_statement"):
            cursor.execute(f"SELECT * FROM {table}")
            shown += [bytes(v) if isinstance(v, memoryview) else v for row in cursor.fetchall() for v in row]
    whole = b" ".join(v if isinstance(v, bytes) else str(v).encode() for v in shown)
    for secret in ("Mojtar", "Benal", "Nador", "QX 000000", "intervino", "Moktar"):
        assert secret.encode() not in whole


def test_several_at_once_are_taken_together_and_in_effect_once(two: Two, set_aside: Codes, rows: Rows) -> None:
    for _ in range(5):
        two.ask()
    two.carry()
    two.carry()
    two.ma.use()
    assert set_aside() == []
    assert rows()["enquiries_enquiry"] == 5


def spoilt(draft: Draft, **docket: object) -> Draft:
    return replace(draft, docket=replace(draft.docket, **docket))  # type: ignore[arg-type]


def lawless(two: Two) -> Draft:
    return two.draft(replace(an_enquiry(), law=None))


def an_intruder(two: Two) -> OfficerAct:
    return OfficerAct("ES-4017", two.es.post(), "enquiry.request", SigningKey.generate())


BAD_REQUESTS: dict[str, tuple[str, Callable[[Two], Draft]]] = {
    "no law at all": ("policy.law", lawless),
    "nothing in it": ("policy.law", lambda two: two.draft(Enquiry())),
    "no category of the person": (
        "policy.law",
        lambda two: two.draft(an_enquiry(subject=replace(PERSON, category=None))),
    ),
    "no officer's signature": ("enquiries.no-act", lambda two: replace(two.draft(), act=None)),
    "signed by a key that nobody certified": (
        "enquiries.unknown-officer-key",
        lambda two: two.draft(act=an_intruder(two)),
    ),
    "signed by an officer of another desk": (
        "enquiries.officer-not-in-post",
        lambda two: two.draft(act=two.es.officer("ES-1001").acting("enquiry.request", post=two.es.post("head"))),
    ),
    "signed in the name of a desk of which one is no member": (
        "enquiries.officer-not-in-post",
        lambda two: two.draft(
            act=OfficerAct("ES-1001", two.es.post(), "enquiry.request", two.es.officer("ES-1001").signer)
        ),
    ),
    "signed with a colleague's number": (
        "enquiries.unknown-officer-key",
        lambda two: two.draft(
            act=OfficerAct("ES-4017", two.es.post(), "enquiry.request", two.es.officer("ES-1001").signer)
        ),
    ),
    "signed as another act": (
        "enquiries.other-act",
        lambda two: two.draft(act=two.es.officer().acting("enquiry.answer", post=two.es.post())),
    ),
    "a docket with a later deadline": (
        "enquiries.docket-differs",
        lambda two: spoilt(two.draft(), deadline_class="urgent-direct"),
    ),
    "a docket with another crime": ("enquiries.docket-differs", lambda two: spoilt(two.draft(), field="offence.drugs")),
    "a docket that hides the handling": ("enquiries.docket-differs", lambda two: spoilt(two.draft(), handling=())),
    "a docket with a lower classification": (
        "enquiries.docket-differs",
        lambda two: spoilt(two.draft(), classification="class.none"),
    ),
    "another part first": (
        "enquiries.part-missing",
        lambda two: replace(two.draft(), parts=[Part("note", {}), *two.draft().parts]),
    ),
    "a body of other types": (
        "policy.field-type",
        lambda two: replace(two.draft(), parts=[Part("enquiry.request", {"sought": 5})]),
    ),
    "something that must be obeyed and is not known": (
        "policy.newer-version",
        lambda two: replace(
            two.draft(), parts=[Part("enquiry.request", {**two.draft().parts[0].content, "!embargo": 1})]
        ),
    ),
    "nobody of ours addressed": (
        "channels.not-for-us",
        lambda two: spoilt(two.draft(), addressees=(two.es.post("head"),)),
    ),
    "a body that is closed to us": (
        "enquiries.body-closed",
        lambda two: replace(two.draft(), readers=[replace(two.reader(two.ma.post()), docket_only=True)]),
    ),
}


@pytest.mark.parametrize("name", sorted(BAD_REQUESTS))
def test_a_bad_request_is_set_aside_with_its_reason_and_nothing_of_it_is_used(
    registered: Two, set_aside: Codes, rows: Rows, name: str
) -> None:
    code, make = BAD_REQUESTS[name]
    registered.say(make(registered))
    assert set_aside() == [code]
    assert rows() == NOTHING


def test_a_bad_one_among_good_ones_is_set_aside_alone(two: Two, set_aside: Codes, rows: Rows) -> None:
    two.ask()
    send(lawless(two), context=two.es.context)
    two.ask()
    two.carry()
    two.ma.use()
    assert set_aside() == ["policy.law"]
    assert rows()["enquiries_enquiry"] == 2


def test_a_partners_newer_code_is_taken_and_shown_as_it_is(two: Two, set_aside: Codes) -> None:
    matter = two.draft(replace(an_enquiry(), sought=("sought.identity", "sought.of-tomorrow")))
    two.say(matter)
    assert set_aside() == []
    (listed,) = list_enquiries(context=two.ma.context, posts=two.ma.officer().posts)
    assert listed["sought"] == ["sought.identity", "sought.of-tomorrow"]


@pytest.mark.parametrize("channel", ["direct", "liaison"])
def test_a_channel_of_persons_between_desks_is_refused(two: Two, set_aside: Codes, rows: Rows, channel: str) -> None:
    """Our desk could neither answer nor refuse it, and the embassy's office would be passed over."""
    draft, to = two.draft(), two.ma.post()
    docket = replace(draft.docket, channel=channel, route=(two.es.post(), to), addressees=(to,), copies=())
    two.say(replace(draft, docket=docket, readers=[two.reader(to)], handovers=()))
    assert (set_aside(), rows()) == (["channels.not-their-channel"], NOTHING)


def test_the_same_matter_twice_is_set_aside(two: Two, set_aside: Codes, rows: Rows) -> None:
    draft = two.draft()
    two.say(draft)
    two.say(draft)
    assert set_aside() == ["enquiries.matter-known"]
    assert rows()["enquiries_enquiry"] == 1


def test_our_own_matter_can_not_be_taken_by_a_partner(two: Two, set_aside: Codes) -> None:
    """Rabat, asked in a matter, asks Madrid under the same matter."""
    matter = two.arrived()
    way = {"sender": two.ma.post(), "route": (two.ma.post(), two.es.post()), "addressees": (two.es.post(),)}
    draft = spoilt(two.draft(an_enquiry("MA-2210")), matter=matter, **way)
    act = two.ma.officer().acting("enquiry.request", post=two.ma.post())
    draft = replace(draft, readers=[two.reader(two.es.post())], act=act, handovers=())
    send(draft, context=two.ma.use())
    two.carry()
    assert set_aside() == ["enquiries.matter-known"]


# ------------------------------------------------------------------------------------------------------ officers' keys


def republish(two: Two, *, number: str, **changes: object) -> None:
    """Madrid publishes a directory with other keys, or other ``posts``, for one officer; Rabat takes it and is bound."""
    two.es.use()
    now = two.es.context.directory
    keys = tuple(
        replace(key, **{k: v for k, v in changes.items() if k != "posts"})  # type: ignore[arg-type]
        if key.owner == number
        else key
        for key in now.keys
    )
    officers = tuple(
        replace(one, posts=changes["posts"]) if one.number == number and "posts" in changes else one  # type: ignore[arg-type]
        for one in now.officers
    )
    following = replace(
        now,
        number=now.number + 1,
        time_ms=two.clock(),
        previous=now.digest,
        keys=keys,
        officers=officers,
        encoded=b"",
        signature=None,
    )
    signed = make_directory(following, identity=two.es.identity)
    publish_own(signed, now_ms=two.clock())
    two.ma.use()
    take_directory(signed.encoded, now_ms=two.clock())


def test_a_revoked_officers_key_is_believed_before_and_not_after(two: Two, set_aside: Codes, rows: Rows) -> None:
    two.arrived()
    two.clock.advance(hours=1)
    revoked_ms = two.clock()
    two.clock.advance(hours=1)
    republish(two, number="ES-4017", revoked_ms=revoked_ms, reason="lost")
    two.arrived()
    assert set_aside() == ["enquiries.officer-key-not-believed"]
    assert rows()["enquiries_enquiry"] == 1


def test_what_was_signed_before_the_revocation_and_comes_after_it_is_believed(
    two: Two, set_aside: Codes, rows: Rows
) -> None:
    two.ask()
    two.clock.advance(days=3)
    republish(two, number="ES-4017", revoked_ms=two.clock() - 3_600_000, reason="lost")
    two.carry()
    two.ma.use()
    assert set_aside() == []
    assert rows()["enquiries_enquiry"] == 1


def test_an_officer_who_has_left_the_desk_no_longer_signs_for_it(two: Two, set_aside: Codes) -> None:
    republish(two, number="ES-4017", posts=(two.es.post("head"),))
    two.arrived()
    assert set_aside() == ["enquiries.officer-not-in-post"]


# ------------------------------------------------------------------------------------------------------ replies


def reply(two: Two, matter: bytes, answers: bytes, **more: object) -> Draft:
    """Rabat's answer as a draft, to be spoilt; Rabat is bound."""
    two.ma.use()
    route = (two.ma.post(), two.office, two.es.post())
    docket = Docket(
        kind="enquiry.answer",
        channel="embassy",
        matter=matter,
        sender=two.ma.post(),
        route=route,
        addressees=(two.es.post(),),
        field="offence.terrorism",
        answers=answers,
        follows=(answers,),
        deadline_class="normal",
    )
    act = two.ma.officer().acting("enquiry.answer", post=two.ma.post())
    readers = [two.reader(two.es.post())]
    draft = Draft(docket=docket, parts=[Part("enquiry.answer", dict(no_hit().to_plain()))], readers=readers, act=act)
    return replace(draft, **more)  # type: ignore[arg-type]


def request_of(matter: bytes) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT request FROM enquiries_enquiry WHERE matter = %s", (matter,))
        return bytes(cursor.fetchone()[0])


def test_an_answer_to_something_that_was_never_asked(two: Two, set_aside: Codes, rows: Rows) -> None:
    matter = two.arrived()
    request = request_of(matter)
    send(reply(two, b"never asked this", request), context=two.ma.context)
    two.carry()
    assert set_aside() == ["enquiries.never-asked"]
    assert rows()["enquiries_reply"] == 0
    assert show_enquiry(matter, context=two.es.context, officer=two.es.officer())["state"] == "received"


def test_an_answer_to_another_statement_than_the_request(two: Two, set_aside: Codes) -> None:
    first, second = two.ask(), two.ask()
    two.carry()
    two.ma.use()
    send(reply(two, first, request_of(second)), context=two.ma.context)
    two.carry()
    assert set_aside() == ["enquiries.answers-another"]


def test_a_second_answer_is_set_aside_and_the_first_counts(two: Two, set_aside: Codes, rows: Rows) -> None:
    matter = two.arrived()
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer(), items=[an_item()])
    send(reply(two, matter, request_of(matter)), context=two.ma.context)
    two.carry()
    assert set_aside() == ["enquiries.answered-before"]
    assert rows()["enquiries_reply"] == 1
    assert show_enquiry(matter, context=two.es.context, officer=two.es.officer())["outcome"] == "answer.full"


def test_two_answers_that_come_in_one_parcel_are_judged_one_after_the_other(
    two: Two, set_aside: Codes, rows: Rows
) -> None:
    matter = two.arrived()
    for _ in range(2):
        send(reply(two, matter, request_of(matter)), context=two.ma.context)
    two.carry()
    assert set_aside() == ["enquiries.answered-before"]
    assert rows()["enquiries_reply"] == 1


def test_an_answer_by_another_agency_than_was_asked_is_set_aside(
    node: Nodes, two: Two, set_aside: Codes, rows: Rows
) -> None:
    posts, officers = [NewPost("desk", "desk")], [NewOfficer("FR-1", ("desk",), PASSPHRASE)]
    fr = node.new("fr.dgsi", posts=posts, officers=officers)
    node.meet(two.es, fr)
    matter = two.arrived()
    request = request_of(matter)
    draft = reply(two, matter, request)
    way = {"sender": fr.post("desk"), "route": (fr.post("desk"), two.es.post())}
    act = fr.officer("FR-1").acting("enquiry.answer", post=fr.post("desk"))
    send(replace(spoilt(draft, **way), act=act), context=fr.use())
    carry(two.es, fr)
    two.es.use()
    assert set_aside() == ["enquiries.other-agency"]
    assert rows()["enquiries_reply"] == 0


def by_the_heads(two: Two, matter: bytes, request: bytes) -> Draft:
    """Signed by Rabat's head at the head's desk, for Madrid's head; readers to match."""
    heads = (two.ma.post("head"), two.es.post("head"))
    draft = spoilt(
        reply(two, matter, request), sender=heads[0], route=(heads[0], two.office, heads[1]), addressees=heads[1:]
    )
    act = two.ma.officer("MA-1001").acting("enquiry.answer", post=heads[0])
    return replace(draft, act=act, readers=[two.reader(heads[1])])


def closed_between_heads(two: Two, matter: bytes, request: bytes) -> Draft:
    """On the channel of heads, sealed to nobody and signed by no officer."""
    draft = by_the_heads(two, matter, request)
    (sender, _, addressee), [reader] = draft.docket.route, draft.readers
    return replace(
        spoilt(draft, channel="direct", route=(sender, addressee)),
        act=None,
        readers=[replace(reader, docket_only=True)],
    )


BAD_REPLIES: dict[str, tuple[str, Callable[[Two, bytes, bytes], Draft]]] = {
    "another desk's, to another desk of ours": ("enquiries.other-desk", by_the_heads),
    "another desk's, to the one that asked too": (
        "enquiries.other-desk",
        lambda two, matter, request: spoilt(
            by_the_heads(two, matter, request), addressees=(two.es.post("head"), two.es.post())
        ),
    ),
    "closed, from head to head": ("enquiries.other-desk", closed_between_heads),
    "past the embassy's office": (
        "enquiries.other-way",
        lambda two, matter, request: spoilt(reply(two, matter, request), route=(two.ma.post(), two.es.post())),
    ),
    "closed to the desk that asked": (
        "enquiries.body-closed",
        lambda two, matter, request: replace(
            reply(two, matter, request), readers=[replace(two.reader(two.es.post()), docket_only=True)]
        ),
    ),
    "no officer's signature": ("enquiries.no-act", lambda two, matter, request: reply(two, matter, request, act=None)),
    "signed by nobody we know": (
        "enquiries.unknown-officer-key",
        lambda two, matter, request: reply(
            two, matter, request, act=OfficerAct("MA-2210", two.ma.post(), "enquiry.answer", SigningKey.generate())
        ),
    ),
    "signed for another desk": (
        "enquiries.officer-not-in-post",
        lambda two, matter, request: reply(
            two, matter, request, act=two.ma.officer("MA-1001").acting("enquiry.answer", post=two.ma.post("head"))
        ),
    ),
    "an answer that says nothing": (
        "policy.law",
        lambda two, matter, request: reply(
            two, matter, request, parts=[Part("enquiry.answer", dict(Answer().to_plain()))]
        ),
    ),
    "items without a legal basis": (
        "policy.law",
        lambda two, matter, request: reply(
            two,
            matter,
            request,
            parts=[
                Part("enquiry.answer", {"outcome": "answer.full"}),
                Part("item", dict(an_item().to_plain())),
            ],
        ),
    ),
    "items without a basis": (
        "policy.law",
        lambda two, matter, request: reply(
            two,
            matter,
            request,
            parts=[
                Part("enquiry.answer", dict(an_answer().to_plain())),
                Part("item", dict(replace(an_item(), basis=None).to_plain())),
            ],
        ),
    ),
    "a refusal in an answer's clothes": (
        "enquiries.part-missing",
        lambda two, matter, request: reply(two, matter, request, parts=[Part("enquiry.refusal", {})]),
    ),
    "a partial refusal that calls itself whole": (
        "enquiries.docket-differs",
        lambda two, matter, request: replace(
            spoilt(reply(two, matter, request), kind="enquiry.refusal"),
            parts=[
                Part(
                    "enquiry.refusal",
                    {
                        "grounds": ["refusal.judicial"],
                        "reasons": {"language": "fr", "value": "Refus inventé."},
                        "partial": True,
                    },
                )
            ],
            act=two.ma.officer().acting("enquiry.refusal", post=two.ma.post()),
        ),
    ),
}


@pytest.mark.parametrize("name", sorted(BAD_REPLIES))
def test_a_bad_reply_is_set_aside_and_the_enquiry_stays_open(two: Two, set_aside: Codes, rows: Rows, name: str) -> None:
    code, make = BAD_REPLIES[name]
    matter = two.arrived()
    send(make(two, matter, request_of(matter)), context=two.ma.context)
    two.carry()
    assert set_aside() == [code]
    assert rows() == {"enquiries_enquiry": 1, "enquiries_reply": 0, "enquiries_match": 0, "cases_item": 1}
    assert show_enquiry(matter, context=two.es.context, officer=two.es.officer())["state"] == "received"
    answer_enquiry(matter, context=two.ma.use(), officer=two.ma.officer(), answer=no_hit())
    two.carry()
    assert show_enquiry(matter, context=two.es.context, officer=two.es.officer())["state"] == "answered"


# ------------------------------------------------------------------------------------------------------ what is derived


def test_when_a_request_is_erased_so_is_whom_it_was_about(registered: Two, rows: Rows) -> None:
    two = registered
    matter, other = two.ask(), two.ask(case=b"shared case ref.")
    two.carry()
    two.ma.use()
    assert rows()["enquiries_match"] == 2
    erase_item(items_of(matter)[0].id, context=two.ma.context, ordered_by="MA-1001")
    assert rows()["enquiries_match"] == 1
    shown = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())
    assert (shown["request"]["content"], shown["matches"], shown["sought"]) == (
        None,
        [],
        ["sought.identity", "sought.whereabouts"],
    )
    erase_item(items_of(b"shared case ref.")[0].id, context=two.ma.context, ordered_by="MA-1001")
    assert rows()["enquiries_match"] == 0
    assert show_enquiry(other, context=two.ma.context, officer=two.ma.officer())["state"] == "received"
