"""What the exits know of an item: the conditions of every kind of content that has some."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields, is_dataclass, replace

import pytest

from support.files import a_text, put_in
from support.liaison import CASE, Posted, a_message, posted_in
from support.matters import CONDITIONS, an_answer, an_enquiry, an_item
from support.node import PASSPHRASE, Node, Nodes, carry
from tansiq import policy
from tansiq.cases import registry
from tansiq.cases.casework import NewCase, add_post, link_matter, open_case
from tansiq.cases.exits import _CONDITIONS, reader_of, take_out, visible
from tansiq.cases.files_sending import attach_file
from tansiq.cases.queries import items_of
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import NotFound, Refused
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Use
from tansiq.policy.plain import Record
from tansiq.policy.values import Text
from tansiq.relations.liaison import Seat

HOST, BORDER = "MA-2210", "MA-7000"
TO_NOBODY_ELSE = Conditions(
    codes=("H3",), words=Text("es", "Solo para quien pregunta."), classification="class.restricted"
)
"""What its originator wants to be asked about before it is copied."""


@pytest.fixture
def posted(node: Nodes) -> Posted:
    return posted_in(node)


def _records(base: type) -> set[type]:
    return {base} | {one for child in base.__subclasses__() for one in _records(child)}


def test_every_record_with_conditions_is_known_to_the_exits() -> None:
    """A kind that is forgotten here would be weighed by its docket alone, which knows no recipients and no purposes."""
    for module in pkgutil.walk_packages(policy.__path__, "tansiq.policy."):
        importlib.import_module(module.name)
    bearing = {
        (one.__module__, one.__qualname__)  # with slots a dataclass is made twice
        for one in _records(Record)
        if one.__module__.startswith("tansiq.")
        and is_dataclass(one)
        and any(column.name == "conditions" for column in fields(one))
    }
    assert {(one.__module__, one.__qualname__) for one in _CONDITIONS.values()} == bearing


@pytest.mark.storage
def test_a_liaison_message_keeps_its_recipients_at_the_exits(posted: Posted) -> None:
    """What the channel's page hides from an officer, the case hides too."""
    named = replace(CONDITIONS, recipients=("MA-9999",))
    posted.say("ES-6100", Seat.COUNTERPART, replace(a_message("ES-6100", "Solo para MA-9999."), conditions=named))
    posted.carry()
    assert posted.words(HOST) == []
    context = posted.ma.use()
    reader = reader_of(posted.ma.officer(HOST), context=context)
    [item] = items_of(CASE)
    assert visible([item], reader, context=context) == []
    with pytest.raises(NotFound, match=r"cases\.unknown-item"):
        take_out([item.id], Use.VIEW, reader, context=context)


@pytest.mark.storage
def test_a_liaison_message_for_another_purpose_is_asked_for_at_the_exits(posted: Posted) -> None:
    posted.say("ES-6100", Seat.COUNTERPART)
    posted.carry()
    context = posted.ma.use()
    reader = reader_of(posted.ma.officer(HOST), context=context)
    [item] = items_of(CASE)
    assert visible([item], reader, context=context) == [item]
    other = replace(reader, purpose="purpose.prevention")
    with pytest.raises((NotFound, Refused)):
        take_out([item.id], Use.VIEW, other, context=context)


@pytest.fixture
def two_desks(node: Nodes) -> tuple[Node, Node]:
    """Madrid, and Rabat with a second desk."""
    madrid = (
        NewPost("counter-terrorism", "desk", {"es": "Unidad"}, ("es", "fr", "ar")),
        NewPost("embassy-office", "office", {"es": "Consejería"}, ("es", "fr", "ar")),
    )
    rabat = tuple(NewPost(name, "desk", {"ar": name}, ("ar", "fr", "es")) for name in ("counter-terrorism", "border"))
    es = node.new(
        "es.cgi", posts=madrid, officers=(NewOfficer("ES-4017", ("counter-terrorism",), PASSPHRASE),)
    )  # fmt: skip
    ma = node.new(
        "ma.dgst", posts=rabat,
        officers=(NewOfficer(HOST, ("counter-terrorism",), PASSPHRASE), NewOfficer(BORDER, ("border",), PASSPHRASE)),
    )  # fmt: skip
    node.meet(es, ma)
    return es, ma


@pytest.mark.storage
@pytest.mark.parametrize(("conditions", "seen"), [(CONDITIONS, True), (TO_NOBODY_ELSE, False)])
def test_what_comes_into_a_matter_of_a_case_is_for_its_other_posts_if_it_may_be_copied(
    two_desks: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch, conditions: Conditions, *, seen: bool
) -> None:
    es, ma = two_desks
    monkeypatch.setattr(registry, "_matters", [lambda *_: True])
    context, officer = ma.use(), ma.officer(HOST)
    matter = send_enquiry(
        an_enquiry(HOST), context=context, officer=officer, from_post=ma.post(), to_post=es.post(),
        via_office_post=es.post("embassy-office"),
    )  # fmt: skip
    case = open_case(
        NewCase(title=Text("fr", "Barques"), posts=(ma.post(), ma.post("border"))), context=context, officer=officer
    )
    link_matter(case, matter, context=context, officer=officer)
    carry(ma, es)
    item = replace(
        an_item(originator="es.cgi"), words=Text("es", "Información inventada."), conditions=conditions
    )  # fmt: skip
    answer_enquiry(
        matter, answer=an_answer("ES-4017"), items=[item], context=es.use(), officer=es.officer("ES-4017")
    )  # fmt: skip
    carry(es, ma)
    context = ma.use()
    [given] = [one for one in items_of(matter) if one.kind == "item"]
    for number, sees in ((HOST, True), (BORDER, seen)):
        reader = reader_of(ma.officer(number), context=context)
        assert bool(visible([given], reader, context=context)) is sees, number


@pytest.mark.storage
def test_no_desk_is_added_to_a_case_with_what_may_not_be_copied(two_desks: tuple[Node, Node]) -> None:
    es, ma = two_desks
    context, officer = ma.use(), ma.officer(HOST)
    case = open_case(NewCase(title=Text("fr", "Barques")), context=context, officer=officer)
    add_post(case, ma.post("border"), context=context, officer=officer)
    other = open_case(NewCase(title=Text("fr", "Voitures")), context=context, officer=officer)
    asking = replace(an_enquiry(), conditions=TO_NOBODY_ELSE)
    send_enquiry(
        asking, context=es.use(), officer=es.officer("ES-4017"), from_post=es.post(), to_post=ma.post(),
        via_office_post=es.post("embassy-office"), case=other,
    )  # fmt: skip
    carry(es, ma)
    context = ma.use()
    with pytest.raises(Refused, match=r"policy\.use.*ask-originator"):
        add_post(other, ma.post("border"), context=context, officer=officer)
    reader = reader_of(ma.officer(BORDER), context=context)
    assert visible(items_of(other), reader, context=context) == []


@pytest.mark.storage
def test_no_file_of_another_desks_case_is_sent_or_taken_into_another_item(two_desks: tuple[Node, Node]) -> None:
    es, ma = two_desks
    ma.use()
    case = open_case(NewCase(title=Text("fr", "Secret")), context=ma.context, officer=ma.officer(HOST))
    item = put_in(ma, a_text(200), case=case, officer=HOST)

    def send(number: str, post: str) -> bytes:
        return send_enquiry(
            an_enquiry(number), context=ma.use(), officer=ma.officer(number), from_post=ma.post(post), to_post=es.post(),
            via_office_post=es.post("embassy-office"), files=[(item, 0)],
        )  # fmt: skip

    with pytest.raises(NotFound, match=r"cases\.unknown-item"):
        send(BORDER, "border")
    with pytest.raises(NotFound, match=r"cases\.unknown-item"):
        attach_file(item, item, context=ma.context, officer=BORDER)
    matter = send(HOST, "counter-terrorism")
    assert "file" in {one.kind for one in items_of(matter)}
