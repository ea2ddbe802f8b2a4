"""Who will see what: what is shown before sending is who can open what was sent, key by key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.node import Node
from support.two import Two
from tansiq.enquiries.correspondence import prepare_word
from tansiq.enquiries.sight import PartSight, Seer, readers_in, readers_of, readers_of_request
from tansiq.errors import Error, NotFound
from tansiq.exchange.drafts import Draft, Reader, compose
from tansiq.exchange.readers import officer_readers
from tansiq.policy.correspondence import ClarificationRequest
from tansiq.policy.values import Text
from tansiq.protocol.directory import Use
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.wraps import ContentKeys, open_own, open_wrap

pytestmark = pytest.mark.storage


def opened_by(two: Two, draft: Draft, says: Node) -> dict[tuple[str, str], bool]:
    """Who opens the wraps that were really made: (kind, who) → the body too."""
    says.use()
    composed = compose(draft, context=says.context, now_ms=two.clock())
    digest = composed.made.statement.digest
    found: dict[tuple[str, str], bool] = {}
    for peer, wraps in composed.wraps.items():
        reading = two.ma if peer == "ma.dgst" else two.es
        for wrap in wraps:
            for opening in reading.context.opening.values():
                try:
                    keys = open_wrap(wrap, reader=opening.key, statement_digest=digest)
                except Error:  # another key, or the own copy
                    continue
                assert isinstance(keys, ContentKeys)
                found["key", opening.owner] = bool(keys.parts)
            if wrap.reader in says.context.owns:
                own = open_own(wrap, secrets_by_id=says.context.owns, statement_digest=digest)
                found["own", says.agency] = bool(own.parts)
    return found


def shown(sight: list[PartSight], place: int) -> dict[str, bool]:
    """The desks shown for a part, and whether they open it."""
    (part,) = [one for one in sight if one.place == place]
    return {seer.who: seer.opens for seer in part.seers if seer.kind in {"post", "office", "node"}}


def test_what_is_shown_of_a_request_is_who_can_open_it(two: Two) -> None:
    draft = two.draft()
    sight = readers_of(draft, context=two.es.context)
    can = opened_by(two, draft, two.es)
    theirs = {who: opens for (kind, who), opens in can.items() if kind == "key"}
    assert (
        theirs
        == {who: opens for who, opens in shown(sight, 0).items() if who.startswith("ma.")}
        == {two.ma.post(): True}
    )
    assert can["own", "es.cgi"], "we keep what we said; our desk and our office read it here"
    assert {who for who in shown(sight, 0) if who.startswith("es.")} == {two.es.post(), two.office}
    assert [part.kind for part in sight] == ["docket", "enquiry.request", "act"]


def test_a_reader_of_the_docket_alone_sees_the_envelope_of_the_rest(two: Two) -> None:
    draft = two.draft()
    docket_only = replace(two.reader(two.ma.post("head")), docket_only=True)
    draft = replace(draft, readers=[*draft.readers, docket_only])
    sight = readers_of(draft, context=two.es.context)
    theirs = {who: opens for (kind, who), opens in opened_by(two, draft, two.es).items() if kind == "key"}
    assert theirs == {two.ma.post(): True, two.ma.post("head"): False}
    assert {who: opens for who, opens in shown(sight, 0).items() if who.startswith("ma.")} == theirs
    assert shown(sight, -1)[two.ma.post("head")] is True


def test_the_answer_goes_to_the_desk_and_to_its_office(two: Two) -> None:
    matter = two.arrived()
    context, officer = two.ma.context, two.ma.officer()
    sight = readers_in(matter, context=context, officer=officer, kinds=["enquiry.answer", "item"])
    assert shown(sight, 1) == {two.es.post(): True, two.office: True, two.ma.post(): True}
    kinds = {seer.who: seer.kind for seer in sight[0].seers if seer.kind != "operator"}
    assert kinds == {two.es.post(): "post", two.office: "office", two.ma.post(): "post"}
    question = ClarificationRequest(points=("clarify.facts",), question=Text("fr", "Quand ?"))
    draft = prepare_word(matter, question, context=context, officer=officer).draft
    theirs = {who: opens for (kind, who), opens in opened_by(two, draft, two.ma).items() if kind == "key"}
    assert theirs == {
        who: opens for who, opens in shown(readers_of(draft, context=two.ma.use()), 0).items() if who.startswith("es.")
    }


def test_an_operator_opens_what_the_node_opens_and_not_what_is_for_an_officers_eyes(two: Two) -> None:
    draft = two.draft()
    sight = readers_of(draft, context=two.es.context)
    assert Seer("ma.dgst", "operator", "ma.dgst", opens=True) in sight[1].seers
    eyes = officer_readers("ma.dgst", "MA-1001", peer="ma.dgst", now_ms=two.clock()) if has_reading_key(two) else []
    only = replace(draft, readers=[*eyes, Reader("ma.dgst", two.reader(two.ma.post()).key, docket_only=True)])
    sealed = readers_of(only, context=two.es.context)
    assert Seer("ma.dgst", "operator", "ma.dgst", opens=False) in sealed[1].seers
    assert Seer("ma.dgst", "operator", "ma.dgst", opens=True) in sealed[0].seers
    if eyes:
        assert Seer("ma.dgst", "officer", "MA-1001", opens=True) in sealed[1].seers


def has_reading_key(two: Two) -> bool:
    two.es.use()
    from tansiq.directory.queries import current_directory

    return bool(current_directory("ma.dgst").current(Use.OFFICER_OPENS, "MA-1001", two.clock()))


def test_a_key_that_no_directory_names_is_shown_as_unknown(two: Two) -> None:
    draft = two.draft()
    stranger = Reader("ma.dgst", SealingKey.generate().public)
    sight = readers_of(replace(draft, readers=[*draft.readers, stranger]), context=two.es.context)
    assert Seer("ma.dgst", "unknown", "ma.dgst", opens=True) in sight[1].seers


def test_before_anything_is_written_the_way_alone_tells(two: Two) -> None:
    context = two.es.use()
    sight = readers_of_request(
        context=context, from_post=two.es.post(), to_post=two.ma.post(), via_office_post=two.office
    )
    assert sight == readers_of(two.draft(), context=context)


def test_only_the_own_desk_is_shown_it(two: Two) -> None:
    matter = two.arrived()
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        readers_in(matter, context=two.ma.context, officer=two.ma.officer("MA-1001"), kinds=["enquiry.answer"])
