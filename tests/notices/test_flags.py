"""The failure of 2004: a man is sought whom the neighbour holds. Whoever asks about him is told, by two nodes."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock, patch

import pytest
from django.db import connection

from support.bureaux import Board
from support.matters import PERSON, an_enquiry
from support.node import Clock, Nodes, carry
from support.noticed import WANTED, a_declaration, a_notice, an_answer, cancelled
from support.two import Two
from support.ways import ES, MA, World
from tansiq.cases.queries import items_of
from tansiq.errors import BadInput, Refused
from tansiq.exchange.queries import quarantined
from tansiq.notices import declared
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, executed, send_diffusion
from tansiq.notices.declared import Direction, declaration_rows, end_declarations, expire_declarations
from tansiq.notices.declaring import declare, end_declaration
from tansiq.notices.flagging import FlagRow, Told, flag_rows, warnings_for
from tansiq.notices.legal import publish
from tansiq.policy.subjects import Name, Subject
from tansiq.policy.values import PartialDate
from tansiq.protocol.ids import new_id

pytestmark = pytest.mark.storage

ASKED = Subject(
    kind="subject.person",
    names=(Name("مختار بنعلي الاختراع", "Arab"),),
    births=(PartialDate(year=1984, month=3),),
    nationalities=("MA",),
    sex="M",
    category="category.suspect",
)
SOMEBODY_ELSE = Subject(
    kind="subject.person", names=(Name("Wilhelmina Oosterhuis", "Latn"),), category="category.suspect",
    births=(PartialDate(year=1951),),
)  # fmt: skip


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    return Two(node("es.cgi"), node("ma.dgst"), clock)


def held(two: Two, *, to: bool = True) -> bytes:
    """Rabat holds somebody, and tells Madrid unless ``to`` is False."""
    matter = declare(
        a_declaration("MA-2210", subject=PERSON), to=[two.es.post()] if to else [], officer=two.ma.officer(),
        from_post=two.ma.post(), context=two.ma.use(),
    )  # fmt: skip
    two.carry()
    return matter


def flags(two: Two, which: str) -> list[FlagRow]:
    node = two.es if which == "es" else two.ma
    node.use()
    assert [one.code for one in quarantined()] == []
    return flag_rows("1 = 1 ORDER BY at_ms", ())


def test_who_writes_about_somebody_who_was_declared_is_told_before_anything_is_sent(two: Two) -> None:
    held(two)
    context = two.es.use()
    (warned,) = warnings_for([SOMEBODY_ELSE, ASKED], context=context)
    assert (warned.place, warned.declaration.agency, warned.declaration.status) == (1, "ma.dgst", "status.held")
    assert warned.score > 0.9
    assert warned.reasons
    context = two.ma.use()
    assert [one.declaration.agency for one in warnings_for([ASKED], context=context)] == ["ma.dgst"]


def test_who_asks_all_the_same_is_told_by_the_service_that_declared_it(two: Two) -> None:
    matter = held(two)
    asked = two.ask(an_enquiry(subject=PERSON))
    two.carry()
    (flag,) = flags(two, "es")
    assert (flag.direction, flag.agency, flag.matter, flag.status) == (Told.IN, "ma.dgst", asked, "status.held")
    assert flag.post == two.es.post()
    (declared,) = declaration_rows("matter = %s", (matter,))
    assert flag.declaration == declared.statement
    (told,) = flags(two, "ma")
    assert (told.direction, told.agency, told.declaration) == (Told.OUT, "es.cgi", flag.declaration)


def test_who_was_not_told_learns_nothing_and_our_own_desk_is_asked(two: Two) -> None:
    held(two, to=False)
    two.ask(an_enquiry(subject=PERSON))
    two.carry()
    assert flags(two, "es") == []
    (flag,) = flags(two, "ma")
    assert (flag.direction, flag.post, flag.agency) == (Told.DESK, two.ma.post(), "es.cgi")


def test_a_machine_is_not_sure_of_a_name_alone_so_a_person_is_asked(two: Two) -> None:
    held(two)
    vague = replace(PERSON, names=PERSON.names[:1], births=(), identifiers=(), nationalities=(), sex=None, places=())
    two.ask(an_enquiry(subject=replace(vague, names=(Name("Mojtar Benali", "Latn"),))))
    two.carry()
    assert flags(two, "es") == []
    assert {flag.direction for flag in flags(two, "ma")} <= {Told.DESK}


def test_about_somebody_else_nothing_is_said(two: Two) -> None:
    held(two)
    two.ask(an_enquiry(subject=SOMEBODY_ELSE))
    two.carry()
    assert (flags(two, "es"), flags(two, "ma")) == ([], [])


def test_who_was_released_is_flagged_no_more(two: Two) -> None:
    matter = held(two)
    two.clock.advance(days=2)
    end_declaration(
        matter, a_declaration("MA-2210", subject=PERSON, status="status.released"), to=[two.es.post()],
        officer=two.ma.officer(), context=two.ma.use(),
    )  # fmt: skip
    two.carry()
    assert warnings_for([PERSON], context=two.es.use()) == []
    two.ask(an_enquiry(subject=PERSON))
    two.carry()
    assert (flags(two, "es"), flags(two, "ma")) == ([], [])
    two.es.use()
    assert [row.ended_ms is not None for row in declaration_rows("1 = 1", ())] == [True]


def test_who_else_was_told_in_the_matter_replaces_nobodys_declaration(node: Nodes, clock: Clock) -> None:
    world = World.of(node)
    es, matter = world["es.cgi"], new_id(clock())
    with patch("tansiq.notices.declaring._maker", Mock(make=lambda _: matter)):
        for agency, post, number, subject in (
            ("ma.dgst", MA, "MA-2210", PERSON), ("ma.ncb", "ma.ncb/bureau", "MA-5100", SOMEBODY_ELSE)
        ):  # fmt: skip
            one = world[agency]
            declare(
                a_declaration(number, subject=subject), to=[ES], officer=one.officer(number), from_post=post,
                context=one.use(), channel="interpol",
            )  # fmt: skip
    world.carry()
    es.use()
    assert {row.agency for row in declaration_rows("matter = %s", (matter,))} == {"ma.dgst", "ma.ncb"}
    assert [one.declaration.agency for one in warnings_for([ASKED], context=es.context)] == ["ma.dgst"]


def test_what_is_no_declaration_is_refused(two: Two) -> None:
    def refused(**changes: object) -> str:
        values: dict[str, object] = {
            "to": [two.es.post()], "officer": two.ma.officer(), "from_post": two.ma.post(), "context": two.ma.use(),
        }  # fmt: skip
        body = changes.pop("body", a_declaration("MA-2210", subject=PERSON))
        with pytest.raises((Refused, BadInput)) as caught:
            declare(body, **values | changes)  # type: ignore[arg-type]
        return caught.value.code

    assert refused(body=a_declaration("MA-2210", status="status.released")) == "notices.not-a-declaration"
    assert refused(from_post=two.ma.post("head")) == "notices.not-your-desk"
    assert refused(body=replace(a_declaration("MA-2210"), law=None)) == "policy.law"
    assert refused(body=a_declaration("ES-4017")) == "enquiries.not-attested-here"
    assert declaration_rows("1 = 1", ()) == []


def released(two: Two, matter: bytes) -> None:
    """Rabat says that the person was released."""
    body = a_declaration("MA-2210", subject=PERSON, status="status.released")
    end_declaration(matter, body, to=[two.es.post()], officer=two.ma.officer(), context=two.ma.use())
    two.carry()
    two.es.use()


def test_what_one_service_declares_within_a_year_is_bounded_and_can_always_be_ended(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared, "MOST_A_YEAR", 2)
    matter, *_ = [held(two) for _ in range(3)]
    two.es.use()
    assert [one.code for one in quarantined()] == ["notices.too-many-declarations"]
    assert len(declaration_rows("1 = 1", ())) == 2
    released(two, matter)
    held(two)
    two.es.use()
    assert len(declaration_rows("1 = 1", ())) == 2, "what was declared and ended counts too"
    assert len(declaration_rows("ended_ms IS NULL", ())) == 1
    two.clock.advance(days=366)
    held(two)
    two.es.use()
    assert len(declaration_rows("1 = 1", ())) == 3


def test_an_end_is_taken_once_for_each_declaration(two: Two) -> None:
    matter = held(two)
    for _ in range(2):
        two.ma.use()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE notices_declaration SET ended_ms = NULL")
        released(two, matter)
    assert [one.code for one in quarantined()] == ["notices.said-ended"]
    assert len(items_of(matter)) == 2


def test_a_flag_that_points_to_nothing_is_set_aside(two: Two) -> None:
    """Whoever invents a declaration to learn what we asked, or to frighten us off, is refused."""
    from tansiq.exchange.drafts import Draft
    from tansiq.exchange.services import send
    from tansiq.policy.notice import StatusFlag
    from tansiq.protocol.docket import Docket
    from tansiq.protocol.ids import id_text, new_id
    from tansiq.protocol.parts import Part

    asked = two.ask(an_enquiry(subject=PERSON))
    carry(two.es, two.ma)
    from tansiq.enquiries.rows import enquiry_rows

    two.es.use()
    request = enquiry_rows("matter = %s", (asked,))[0].request
    two.ma.use()
    body = StatusFlag(declaration=id_text(new_id(two.clock())), status="status.held")
    docket = Docket(
        kind="person.flag", channel="embassy", matter=asked, sender=two.ma.post(), answers=request, follows=(request,),
        route=(two.ma.post(), two.office, two.es.post()), addressees=(two.es.post(),),
    )  # fmt: skip
    send(
        Draft(docket=docket, parts=[Part("person.flag", dict(body.to_plain()))], readers=[two.reader(two.es.post())]),
        context=two.ma.context,
    )
    carry(two.ma, two.es)
    two.es.use()
    assert [one.code for one in quarantined()] == ["notices.flag-unfounded"]
    assert flag_rows("1 = 1", ()) == []


def test_who_answers_that_somebody_was_arrested_has_declared_it_to_the_source_and_both_are_flagged(
    board: Board,
) -> None:
    """The wanted person's notice itself makes the declaration; nobody has to think of it."""
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    context = board.es.use()
    (warned,) = warnings_for([WANTED], context=context)
    assert (warned.declaration.agency, warned.declaration.status) == ("ma.ncb", "status.held")
    executed(matter, officer=board.es.officer(), context=context, body=cancelled())
    board.carry()
    assert warnings_for([WANTED], context=board.es.use()), "what was found outlives the notice"
    again = send_diffusion(a_notice(), to=["ma.ncb"], context=board.es.context, officer=board.es.officer())
    board.carry()
    board.es.use()
    assert [one.code for one in quarantined()] == []
    (flag,) = flag_rows("1 = 1", ())
    assert (flag.direction, flag.matter, flag.status) == (Told.IN, again, "status.held")
    board.ma.use()
    (told,) = flag_rows("1 = 1", ())
    assert (told.direction, told.declaration) == (Told.OUT, flag.declaration)
    (row,) = declaration_rows("1 = 1", ())
    end_declaration(
        row.matter, a_declaration("MA-5001", subject=PERSON, status="status.released"), to=["es.ncb/bureau"],
        officer=board.ma.officer(), context=board.ma.context, channel="interpol",
    )  # fmt: skip
    board.carry()
    for node in (board.es, board.ma):
        assert warnings_for([WANTED], context=node.use()) == []


def test_a_declaration_of_one_member_outlives_the_end_of_anothers(board: Board) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    for _ in range(2):
        answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    context = board.es.use()
    first, second = declaration_rows("direction = %s ORDER BY statement", (int(Direction.IN),))
    end_declarations([first], context=context)
    assert [one.declaration.statement for one in warnings_for([WANTED], context=context)] == [second.statement]
    end_declarations([second], context=context)
    assert warnings_for([WANTED], context=context) == []


def test_nobody_stays_declared_for_ever(two: Two) -> None:
    held(two)
    two.clock.advance(days=364)
    assert expire_declarations(context=two.es.use()) == 0
    two.clock.advance(days=2)
    assert expire_declarations(context=two.es.use()) == 1
    assert expire_declarations(context=two.ma.use()) == 1
    assert expire_declarations(context=two.ma.context) == 0
    assert warnings_for([PERSON], context=two.es.use()) == []
