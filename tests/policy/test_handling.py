"""The one decision: refused by default, only narrowed by conditions, the originator's own posts always served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput, Refused
from tansiq.policy.answer import IncomingCheck
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Decision, Held, Permission, Reader, Use, check_use, decide, parse_table
from tansiq.policy.values import Attestation, Text
from tansiq.texts import LANGUAGES

NOW = 1_000
CLEAN = IncomingCheck(answer="obtained.no-sign", officer="es.cgi/1", at_ms=0)
DOUBT = replace(CLEAN, answer="obtained.doubt", reason=Text("es", "Procede de un interrogatorio."))
DECIDED = replace(DOUBT, decision=Attestation(answer=True, officer="es.cgi/9", at_ms=0))
ITEM = Held(
    originator="ma.dgst",
    origin_posts=frozenset({"ma.dgst/counter-terrorism"}),
    addressees=frozenset({"es.cgi/counter-terrorism", "es.cgi/embassy"}),
    purpose="purpose.investigation",
    conditions=Conditions(codes=("H0",), classification="class.confidential"),
    incoming=CLEAN,
)
READER = Reader(
    agency="es.cgi",
    officer="es.cgi/40172",
    posts=frozenset({"es.cgi/counter-terrorism"}),
    clearance="class.secret",
    purpose="purpose.investigation",
)
AUTHOR = Reader(
    agency="ma.dgst",
    officer="ma.dgst/7",
    posts=frozenset({"ma.dgst/counter-terrorism"}),
    clearance="class.none",
    purpose="",
)
COLLEAGUE = replace(AUTHOR, clearance="class.secret", purpose="purpose.investigation")


def with_conditions(item: Held, **changes: Any) -> Held:
    return replace(item, conditions=replace(item.conditions, **changes))


def asked(use: Use, item: Held = ITEM, reader: Reader = READER, *, target: str = "fr.dgsi") -> Decision:
    return decide(use, item, reader, at_ms=NOW, target=target if use is Use.FORWARD else "")


TABLE = {
    "H0": {Use.VIEW, Use.COPY, Use.PRINT, Use.EXPORT, Use.PROGRAM},
    "H1": {Use.VIEW, Use.COPY, Use.PRINT, Use.EXPORT, Use.PROGRAM},
    "H2": {Use.VIEW, Use.COPY},
    "H3": {Use.VIEW},
}


@pytest.mark.parametrize("code", TABLE)
@pytest.mark.parametrize("use", Use)
def test_the_handling_code_says_what_needs_asking(code: str, use: Use) -> None:
    item = with_conditions(ITEM, codes=(code,))
    expected = Decision(allowed=True, reasons=("policy.use.within-conditions",))
    if use not in TABLE[code]:
        expected = Decision(allowed=False, reasons=("policy.use.ask-originator",))
    assert asked(use, item) == expected
    assert asked(use, with_conditions(ITEM, codes=("H0", code))) == expected


@pytest.mark.parametrize("codes", [(), ("H9",), ("H0", "H9")])
@pytest.mark.parametrize("use", Use)
def test_without_a_known_code_everything_needs_asking(codes: tuple[str, ...], use: Use) -> None:
    assert asked(use, with_conditions(ITEM, codes=codes)).reasons == ("policy.use.ask-originator",)


REFUSED: list[tuple[str, Held, Reader, str]] = [
    ("another post", ITEM, replace(READER, posts=frozenset({"es.cgi/drugs"})), "not-addressed"),
    ("no post", ITEM, replace(READER, posts=frozenset()), "not-addressed"),
    ("another agency", ITEM, replace(READER, agency="es.gc", posts=frozenset({"es.gc/ct"})), "not-addressed"),
    ("a colleague of the originator", ITEM, replace(COLLEAGUE, posts=frozenset({"ma.dgst/archive"})), "not-addressed"),
    ("a post of that name elsewhere", ITEM, replace(COLLEAGUE, agency="es.cgi"), "not-addressed"),
    ("others are named", with_conditions(ITEM, recipients=("es.cgi/embassy", "es.cgi/1")), READER, "not-named"),
    ("too low", with_conditions(ITEM, classification="class.top-secret"), READER, "not-cleared"),
    ("no classification", with_conditions(ITEM, classification=None), READER, "not-cleared"),
    ("odd classification", with_conditions(ITEM, classification="class.cosmic"), READER, "not-cleared"),
    ("odd clearance", ITEM, replace(READER, clearance="class.cosmic"), "not-cleared"),
    ("expired now", with_conditions(ITEM, expires_at_ms=NOW), READER, "expired"),
    ("expired before", with_conditions(ITEM, expires_at_ms=NOW - 1), READER, "expired"),
    ("another purpose", ITEM, replace(READER, purpose="purpose.prosecution"), "other-purpose"),
    ("no purpose", ITEM, replace(READER, purpose=""), "other-purpose"),
    ("no purpose on either side", replace(ITEM, purpose=""), replace(READER, purpose=""), "other-purpose"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "reader", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("use", TABLE["H0"])
def test_what_stands_against_a_use_is_named(item: Held, reader: Reader, reason: str, use: Use) -> None:
    found = asked(use, item, reader)
    assert not found.allowed
    assert f"policy.use.{reason}" in found.reasons
    permissions = tuple(Permission(use=one) for one in Use)
    assert not asked(use, replace(item, permissions=permissions), reader).allowed, "a permission lifts only the asking"


ALLOWED: list[tuple[str, Held, Reader]] = [
    ("named by post", with_conditions(ITEM, recipients=("es.cgi/counter-terrorism",)), READER),
    ("named by service number", with_conditions(ITEM, recipients=("es.cgi/40172",)), READER),
    ("just cleared", ITEM, replace(READER, clearance="class.confidential")),
    ("not yet expired", with_conditions(ITEM, expires_at_ms=NOW + 1), READER),
    ("a purpose that was added", with_conditions(ITEM, other_purposes=("purpose.prosecution",)),
     replace(READER, purpose="purpose.prosecution")),
    ("one of several posts", ITEM, replace(READER, posts=READER.posts | {"es.cgi/drugs"})),
]  # fmt: skip


@pytest.mark.parametrize(("item", "reader"), [row[1:] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_who_keeps_every_condition_may_read(item: Held, reader: Reader) -> None:
    assert asked(Use.VIEW, item, reader).allowed


def test_a_refusal_names_everything_at_once() -> None:
    item = with_conditions(ITEM, codes=("H3",), recipients=("es.cgi/embassy",), expires_at_ms=1)
    reader = replace(READER, posts=frozenset(), clearance="class.none", purpose="")
    found = decide(Use.FORWARD, replace(item, incoming=None), reader, at_ms=NOW)
    assert found.reasons == (
        "policy.use.not-addressed",
        "policy.use.not-named",
        "policy.use.not-cleared",
        "policy.use.expired",
        "policy.use.other-purpose",
        "policy.use.no-target",
        "policy.use.ask-originator",
        "policy.law.incoming-unanswered",
    )
    for language in LANGUAGES:
        assert len(set(found.sentences(language))) == len(found.reasons)


@pytest.mark.parametrize(
    ("permission", "target", "allowed"),
    [
        (Permission(use=Use.FORWARD, target="fr.dgsi"), "fr.dgsi", True),
        (Permission(use=Use.FORWARD, target="fr.dgsi", until_ms=NOW + 1), "fr.dgsi", True),
        (Permission(use=Use.FORWARD, target="fr.dgsi", until_ms=NOW), "fr.dgsi", False),
        (Permission(use=Use.FORWARD, target="fr.dgsi"), "pt.pj", False),
        (Permission(use=Use.FORWARD, target="fr.dgsi"), "", False),
        (Permission(use=Use.FORWARD), "", False),
        (Permission(use=Use.COPY, target="fr.dgsi"), "fr.dgsi", False),
    ],
)
def test_another_agency_gets_it_only_with_consent_to_that_agency(
    *, permission: Permission, target: str, allowed: bool
) -> None:
    found = decide(Use.FORWARD, replace(ITEM, permissions=(permission,)), READER, at_ms=NOW, target=target)
    assert found.allowed is allowed
    assert found.reasons == ("policy.use.consented",) if allowed else "policy.use.consented" not in found.reasons


@pytest.mark.parametrize(
    ("incoming", "uses", "court"),
    [(None, False, False), (CLEAN, True, True), (DOUBT, False, False), (DECIDED, True, False),
     (replace(DECIDED, answer="obtained.yes"), False, False)],
    ids=["unanswered", "clean", "doubt", "decided", "yes"],
)  # fmt: skip
def test_what_came_in_may_be_read_but_not_used_before_the_question_is_answered(
    *, incoming: IncomingCheck | None, uses: bool, court: bool
) -> None:
    item = replace(ITEM, incoming=incoming, permissions=(Permission(use=Use.COURT),))
    assert asked(Use.VIEW, item).allowed
    assert asked(Use.COPY, item).allowed is uses
    assert asked(Use.PROGRAM, item).allowed is uses
    assert asked(Use.COURT, item).allowed is court


def test_a_colleague_to_whom_ones_own_agencys_item_was_handed_is_not_asked_how_it_was_obtained() -> None:
    item = replace(ITEM, incoming=None, addressees=frozenset({"ma.dgst/archive"}))
    reader = replace(READER, agency="ma.dgst", posts=frozenset({"ma.dgst/archive"}))
    assert asked(Use.COPY, item, reader).allowed


def test_check_use_raises_what_decide_refuses() -> None:
    check_use(Use.VIEW, ITEM, READER, at_ms=NOW)
    with pytest.raises(Refused) as caught:
        check_use(Use.COURT, ITEM, READER, at_ms=NOW)
    assert caught.value.values == {"use": "court", "count": 1, "reasons": "policy.use.ask-originator"}
    assert caught.value.http_status == 403


# ---------------------------------------------------------------------------------------------------- properties

POSTS = st.frozensets(
    st.sampled_from(["es.cgi/counter-terrorism", "es.cgi/embassy", "es.cgi/drugs", "ma.dgst/archive"])
)
PURPOSES = st.sampled_from(["purpose.investigation", "purpose.prosecution", "purpose.prevention", ""])
CLASSES = st.sampled_from([*code_list("classification"), "class.cosmic"])
CODES = st.lists(st.sampled_from(["H0", "H1", "H2", "H3", "H9"]), max_size=3).map(tuple)
NAMED = st.sampled_from(["es.cgi/embassy", "es.cgi/counter-terrorism", "es.cgi/40172"])
CHECKS = st.sampled_from([None, CLEAN, DOUBT, DECIDED])

CONDITIONS = st.builds(
    Conditions,
    codes=CODES,
    classification=st.none() | CLASSES,
    recipients=st.lists(NAMED, max_size=2).map(tuple),
    other_purposes=st.lists(st.sampled_from(["purpose.prosecution", "purpose.prevention"]), max_size=2).map(tuple),
    expires_at_ms=st.none() | st.integers(0, 2 * NOW),
)  # fmt: skip
PERMISSIONS = st.lists(
    st.builds(
        Permission,
        use=st.sampled_from(Use),
        target=st.sampled_from(["", "fr.dgsi"]),
        until_ms=st.none() | st.integers(0, 2 * NOW),
    ),
    max_size=4,
).map(tuple)
ITEMS = st.builds(
    Held,
    originator=st.just("ma.dgst"),
    origin_posts=st.just(ITEM.origin_posts),
    addressees=POSTS,
    purpose=PURPOSES,
    conditions=CONDITIONS,
    permissions=PERMISSIONS,
    incoming=CHECKS,
)
READERS = st.builds(
    Reader,
    agency=st.sampled_from(["es.cgi", "ma.dgst"]),
    officer=st.sampled_from(["es.cgi/40172", "es.cgi/1"]),
    posts=POSTS,
    clearance=CLASSES,
    purpose=PURPOSES,
)


def known(item: Held) -> bool:
    """Whether its classification is one that somebody may be cleared for: of any other, the highest is no narrowing."""
    return item.conditions.classification in code_list("classification")


NARROWER: list[Callable[[Held], Held]] = [
    lambda item: with_conditions(item, codes=item.conditions.codes and (*item.conditions.codes, "H3")),
    lambda item: with_conditions(item, codes=item.conditions.codes and (*item.conditions.codes, "H2")),
    lambda item: with_conditions(item, codes=()),
    lambda item: with_conditions(item, classification="class.top-secret" if known(item) else None),
    lambda item: with_conditions(item, classification=None),
    lambda item: with_conditions(item, recipients=item.conditions.recipients[:1] or ("es.cgi/1",)),
    lambda item: with_conditions(item, other_purposes=item.conditions.other_purposes[1:]),
    lambda item: with_conditions(item, expires_at_ms=min(NOW // 2, item.conditions.expires_at_ms or NOW)),
    lambda item: replace(item, addressees=frozenset(sorted(item.addressees)[1:])),
    lambda item: replace(item, permissions=item.permissions[1:]),
    lambda item: replace(item, incoming=None),
]


def friendly(item: Held, reader: Reader) -> tuple[Held, Reader]:
    """The same with fewer obstacles, so that many decisions are a yes and a narrowing has something to take away."""
    purpose, posts = "purpose.investigation", frozenset({"es.cgi/embassy"})
    return (
        replace(item, addressees=item.addressees | posts, purpose=purpose),
        replace(reader, posts=reader.posts | posts, clearance="class.top-secret", purpose=purpose),
    )


@given(item=ITEMS, reader=READERS, use=st.sampled_from(Use), ease=st.booleans(), narrower=st.sampled_from(NARROWER))
def test_a_further_restriction_never_allows_more(
    *, item: Held, reader: Reader, use: Use, ease: bool, narrower: Callable[[Held], Held]
) -> None:
    if ease:
        item, reader = friendly(item, reader)
    if asked(use, narrower(item), reader).allowed:
        assert asked(use, item, reader).allowed


@given(item=ITEMS, reader=READERS, use=st.sampled_from(Use), now=st.integers(0, 2 * NOW), later=st.integers(0, NOW))
def test_time_alone_never_allows_more(item: Held, reader: Reader, use: Use, now: int, later: int) -> None:
    item, reader = friendly(item, reader)
    if decide(use, item, reader, at_ms=now + later, target="fr.dgsi").allowed:
        assert decide(use, item, reader, at_ms=now, target="fr.dgsi").allowed


@given(item=ITEMS, use=st.sampled_from(Use))
def test_the_originators_own_post_may_always(item: Held, use: Use) -> None:
    assert asked(use, item, AUTHOR) == Decision(allowed=True, reasons=("policy.use.originator",))


@given(item=ITEMS, reader=READERS, use=st.sampled_from(Use), ease=st.booleans())
def test_who_may_do_anything_may_read_it(*, item: Held, reader: Reader, use: Use, ease: bool) -> None:
    if ease:
        item, reader = friendly(item, reader)
    if asked(use, replace(item, permissions=()), reader).allowed:
        assert asked(Use.VIEW, item, reader).allowed


@given(item=ITEMS, reader=READERS, use=st.sampled_from(Use))
def test_a_decision_always_says_why(item: Held, reader: Reader, use: Use) -> None:
    found = asked(use, item, reader)
    assert found.reasons
    assert all(found.sentences(language) for language in LANGUAGES)


# ---------------------------------------------------------------------------------------------------- the table


def row(**uses: str) -> str:
    return "".join(f'{use} = "{uses.get(use, "ask")}"\n' for use in Use)


WHOLE = "".join(f"[{code}]\n{row(view='yes')}" for code in code_list("handling"))


def test_an_agency_reads_its_own_table() -> None:
    assert parse_table(WHOLE) == {code: frozenset({Use.VIEW}) for code in code_list("handling")}


def test_the_rows_of_the_table_grow_stricter() -> None:
    rows = [set(TABLE[code]) for code in code_list("handling")]
    assert all(later <= earlier for earlier, later in pairwise(rows))


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("[H0", "TOML"),
        ("", "H0"),
        (WHOLE.replace("[H3]", "[H4]"), "H3"),
        (WHOLE.replace('court = "ask"', 'court = "never"'), "H0"),
        (WHOLE.replace('court = "ask"\n', ""), "H0"),
        (WHOLE + "[H4]\n" + row(), "?"),
    ],
)
def test_a_broken_table_is_refused_where_it_is_broken(text: str, entry: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_table(text)
    assert (caught.value.code, caught.value.values["entry"]) == ("policy.handling-table", entry)
