"""A liaison officer's channel: who reads what, what passes the officer by the officer's act alone, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.liaison import CASE, Posted, a_message
from support.node import Node
from tansiq.cases.queries import items_of
from tansiq.enquiries.routes import handovers_of
from tansiq.errors import BadInput, Conflict, Error, NotFound, Refused
from tansiq.exchange.eyes_only import is_closed
from tansiq.journal.access import read_access
from tansiq.node.officers import SignedIn
from tansiq.policy.accreditation_course import Move
from tansiq.policy.conditions import Conditions
from tansiq.protocol.docket import agency_of
from tansiq.relations.liaison import Seat, word_of, words_on
from tansiq.relations.liaison_saying import say

pytestmark = pytest.mark.storage

OFFICER, DESK, HOST = "ES-6100", "ES-4017", "MA-2210"


def closed_at(node: Node, statement: bytes) -> bool:
    """Whether all keys of this node together leave the body closed."""
    return is_closed([statement], context=node.use()) == {statement}


def test_the_officer_and_the_host_speak_and_nobody_else_reads(posted: Posted) -> None:
    first = posted.say(OFFICER, Seat.COUNTERPART, words="Ha llegado a Tánger.")
    posted.carry()
    assert posted.words(HOST) == ["Ha llegado a Tánger."]
    second = posted.say(HOST, Seat.OFFICER, a_message(HOST, "شوهد في الناظور.", language="ar"))
    posted.carry()
    assert posted.words(OFFICER) == ["Ha llegado a Tánger.", "شوهد في الناظور."]
    for statement in (first, second):
        assert closed_at(posted.es, statement), "the officer's own node opens neither"
        assert not closed_at(posted.ma, statement)
    assert posted.words(DESK) == [], "the desk at home is told nothing until the officer hands on"
    posted.ma.use()
    with pytest.raises(NotFound, match="unknown-channel"):
        posted.read("MA-1001")
    for stranger in ("ES-1001", "ES-3300", "ES-6200"):
        with pytest.raises(NotFound, match="unknown-channel"):
            posted.read(stranger)


def test_the_officer_without_the_own_key_sees_that_something_is_there(posted: Posted) -> None:
    posted.say(HOST, Seat.OFFICER, a_message(HOST, "شوهد في الناظور.", language="ar"))
    posted.carry()
    signed = posted.es.officer(OFFICER)
    closed = SignedIn(signed.number, signed.posts, signed.signer)
    from tansiq.relations.liaison_reading import read_channel

    (one,) = read_channel(posted.matter, context=posted.es.use(), officer=closed).words
    assert (one.message, one.fault) == (None, "relations.unopened")


def test_what_the_desk_says_to_the_host_waits_for_the_officer(posted: Posted) -> None:
    made = posted.say(DESK, Seat.COUNTERPART, words="Preguntamos por su vehículo.")
    posted.carry()
    assert posted.words(HOST) == []
    assert posted.words(DESK) == posted.words(OFFICER) == ["Preguntamos por su vehículo."]
    posted.clock.advance(hours=3)
    posted.hand_on(made)
    posted.carry()
    assert posted.words(HOST) == ["Preguntamos por su vehículo."]
    posted.ma.use()
    (hop,) = handovers_of([made])[made]
    assert (hop.post, hop.handed_ms - hop.taken_ms) == (posted.es.post("liaison-tangier"), 3 * 3_600_000)
    with pytest.raises(Conflict, match="handed-already"):
        posted.hand_on(made)


def test_what_the_host_says_to_the_desk_is_the_desks_when_the_officer_hands_it_on(posted: Posted) -> None:
    made = posted.say(HOST, Seat.DESK, a_message(HOST, "الجواب عن المركبة.", language="ar"))
    posted.carry()
    assert closed_at(posted.es, made)
    assert posted.words(DESK) == [None], "the desk sees that it waits with the officer"
    assert [one.row.waits for one in posted.read(DESK).words] == [True]
    posted.hand_on(made)
    assert not closed_at(posted.es, made)
    assert posted.words(DESK) == posted.words(OFFICER) == ["الجواب عن المركبة."]
    posted.es.use()
    assert [item.kind for item in items_of(CASE) if item.statement == made] == ["liaison.message"]


def test_the_officer_may_hand_the_desk_what_was_said_to_the_officer_alone(posted: Posted) -> None:
    heard = posted.say(HOST, Seat.OFFICER, a_message(HOST, "لكم وحدكم.", language="ar"))
    told = posted.say(OFFICER, Seat.COUNTERPART, words="Recibido.")
    posted.carry()
    assert posted.words(DESK) == []
    posted.hand_on(heard)
    posted.hand_on(told)
    assert posted.words(DESK) == ["لكم وحدكم.", "Recibido."]
    with pytest.raises(NotFound):
        posted.hand_on(heard, by=DESK)


def test_desk_and_officer_speak_at_home_without_a_word_over_the_border(posted: Posted) -> None:
    posted.say(DESK, Seat.OFFICER, words="Pregunte por la matrícula.")
    posted.say(OFFICER, Seat.DESK, words="Mañana.")
    posted.carry()
    assert posted.words(OFFICER) == posted.words(DESK) == ["Pregunte por la matrícula.", "Mañana."]
    assert posted.words(HOST) == []
    posted.say(OFFICER, Seat.COUNTERPART, words="¿Y la matrícula?")
    posted.carry()
    assert posted.words(HOST) == ["¿Y la matrícula?"], "what never crossed is waited for by nobody"


def test_what_the_law_wants_is_asked_and_nothing_is_stored(posted: Posted) -> None:
    whole = a_message(OFFICER)
    for wrong, code in (
        (replace(whole, law=None), "policy.law"),
        (replace(whole, personal=None), "policy.law"),
        (replace(whole, conditions=None), "policy.law"),
        (a_message(OFFICER, "Es klingt fremd.", language="de"), "policy.law"),
        (a_message("MA-2210"), "enquiries.not-attested-here"),
    ):
        with pytest.raises(Refused) as raised:
            posted.say(OFFICER, Seat.COUNTERPART, wrong)
        assert raised.value.code == code
    assert words_on([posted.matter]) == []


def test_a_basis_is_stated_once_and_referred_to_by_the_same_service_alone(posted: Posted) -> None:
    first = posted.say(OFFICER, Seat.COUNTERPART, words="Con su base.")
    posted.carry()
    later = replace(a_message(OFFICER, "Por la misma base."), law=None, law_of=first.hex())
    posted.say(OFFICER, Seat.COUNTERPART, later)
    posted.carry()
    assert posted.words(HOST) == ["Con su base.", "Por la misma base."]
    with pytest.raises(Refused, match=r"policy\.law"):
        posted.say(HOST, Seat.OFFICER, replace(a_message(HOST, "لا.", language="ar"), law=None, law_of=first.hex()))
    with pytest.raises(Refused, match=r"policy\.law"):
        posted.say(DESK, Seat.OFFICER, replace(later, words=a_message(DESK).words)), "the desk cannot open it"


def test_without_personal_data_it_is_no_item_and_still_said(posted: Posted) -> None:
    posted.say(OFFICER, Seat.COUNTERPART, a_message(OFFICER, "Reunión el jueves.", personal=False))
    posted.carry()
    assert posted.words(HOST) == ["Reunión el jueves."]
    assert items_of(CASE) == []


def test_who_is_not_cleared_does_not_see_that_it_is_there(posted: Posted) -> None:
    secret = replace(a_message(OFFICER), conditions=Conditions(codes=("H1",), classification="class.secret"))
    posted.say(OFFICER, Seat.COUNTERPART, secret)
    posted.carry()
    assert posted.words(HOST) == []
    assert posted.words(OFFICER) == ["Vuelve el martes."]


@pytest.mark.parametrize(
    ("by", "to"), [(OFFICER, Seat.OFFICER), (HOST, Seat.COUNTERPART), (DESK, Seat.DESK)]
)  # fmt: skip
def test_nobody_writes_to_the_own_seat(posted: Posted, by: str, to: Seat) -> None:
    with pytest.raises(BadInput, match="wrong-way"):
        posted.say(by, to)


# ---------------------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("end", "code"),
    [("expired", "relations.expired"), ("suspended", "relations.suspended"), ("withdrawn", "relations.withdrawn")],
)
def test_after_the_end_nothing_is_said_and_the_officer_reads_no_more(posted: Posted, end: str, code: str) -> None:
    made = posted.say(DESK, Seat.COUNTERPART)
    posted.say(OFFICER, Seat.COUNTERPART)
    posted.carry()
    if end == "expired":
        posted.clock.advance(days=366)
    else:
        move = Move.SUSPEND if end == "suspended" else Move.WITHDRAW
        posted.decide("ES-1001", move, reason="accreditation.illness")
    posted.carry()
    for by, to in ((OFFICER, Seat.COUNTERPART), (DESK, Seat.OFFICER), (HOST, Seat.OFFICER)):
        with pytest.raises(Refused) as raised:
            posted.say(by, to)
        assert raised.value.code == code
    with pytest.raises(Refused) as raised:
        posted.hand_on(made)
    assert raised.value.code == code
    assert posted.words(HOST) == ["Vuelve el martes."]
    if end == "suspended":
        assert len(posted.words(OFFICER)) == 2
    else:
        with pytest.raises(Refused, match=r"relations\.ended"):
            posted.read(OFFICER)


def test_what_was_said_before_its_sender_could_know_of_the_end_is_not_lost(
    posted: Posted, set_aside: Callable[[], list[str]]
) -> None:
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.illness")
    posted.clock.advance(minutes=5)
    made = posted.say(HOST, Seat.DESK, a_message(HOST, "قبل أن نعلم.", language="ar"))
    posted.carry()
    assert set_aside() == []
    assert word_of(made).late
    assert [one.row.late for one in posted.read(DESK).words] == [True]


def test_what_is_said_knowingly_after_the_end_is_refused(posted: Posted, set_aside: Callable[[], list[str]]) -> None:
    """A node of the host that has forgotten the end: its words are quarantined with the reason."""
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.illness")
    posted.carry()
    from django.db import connection

    posted.ma.use()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_accreditation SET state = 'in-force'")
    posted.clock.advance(minutes=5)
    posted.say(HOST, Seat.DESK, a_message(HOST, "بعد النهاية.", language="ar"))
    posted.carry()
    assert set_aside() == ["relations.withdrawn"]
    assert words_on([posted.matter]) == []


# ---------------------------------------------------------------------------------------------------- what is logged


def test_saying_reading_and_handing_on_are_logged(posted: Posted) -> None:
    made = posted.say(HOST, Seat.DESK, a_message(HOST, "الجواب.", language="ar"))
    posted.carry()
    posted.read(OFFICER)
    posted.hand_on(made)
    logged = [
        (one["operation"], one["officer"])
        for _, one in read_access(posted.es.use().keys)
        if one is not None and one["thing"] == posted.matter
    ]
    assert logged == [("collection", "node"), ("consultation", OFFICER), ("disclosure", OFFICER)]
    assert word_of(made).handed_by == OFFICER


def test_a_read_message_is_read_once(posted: Posted) -> None:
    made = posted.say(OFFICER, Seat.COUNTERPART)
    posted.carry()
    posted.ma.use()
    assert word_of(made).read_ms is None
    posted.read(HOST)
    first = word_of(made).read_ms
    posted.clock.advance(hours=1)
    posted.read(HOST)
    assert word_of(made).read_ms == first == posted.clock() - 3_600_000


def test_all_addresses_in_rows_are_posts_and_nothing_said_stands_in_them(posted: Posted) -> None:
    posted.say(OFFICER, Seat.COUNTERPART, words="Nadie lea esto en la base de datos.")
    posted.carry()
    for node in (posted.es, posted.ma):
        node.use()
        assert words_on([posted.matter])
        for one in words_on([posted.matter]):
            assert {agency_of(one.sender), agency_of(one.addressee)} == {"es.cgi", "ma.dgst"}
            assert "Nadie" not in repr(one)


def test_an_unknown_channel_is_answered_like_one_of_others(posted: Posted) -> None:
    officer = posted.es.officer(OFFICER)
    for matter in (bytes(16), posted.matter):
        with pytest.raises(Error) as raised:
            say(
                matter,
                a_message("ES-1001"),
                to=Seat.DESK,
                context=posted.es.use(),
                officer=posted.es.officer("ES-1001"),
            )
        assert raised.value.code == "relations.unknown-channel"
    assert officer.reading
