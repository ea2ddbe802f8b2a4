"""Records travel and come back the same; anything else is refused and nothing but BadInput is raised."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.policy.answer import Answer, IncomingCheck, Item, Refusal
from tansiq.policy.conditions import Conditions
from tansiq.policy.deadlines import Delay
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.plain import Code, Flag, Line, Many, Matching, One, Prose, Record, Shape, Whole, slots_of
from tansiq.policy.subjects import Identifier, Name, Place, Subject
from tansiq.policy.values import Attestation, PartialDate, Text

TRAVELLING: list[type[Record]] = [Enquiry, Item, Answer, Refusal, IncomingCheck, Conditions, Subject, Delay]
CHARACTERS = st.characters(
    exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="\u202a\u202b\u202c\u202d\u202e"
)


def words(most: int) -> st.SearchStrategy[str]:
    return st.text(CHARACTERS, max_size=min(most, 24) - 1).map(lambda text: f"س{text}")


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    """Values that a field of this shape may hold."""
    match shape:
        case Code():
            return st.text("aZ09", min_size=1, max_size=6).map(lambda text: f"{text}.{text[0]}")
        case Prose(most) | Line(most):
            return words(most)
        case Matching(pattern, most):
            return st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= most)
        case Whole(least, most):
            return st.integers(least, most)
        case Flag():
            return st.booleans()
        case One(kind):
            return records(kind)
        case Many(each, most):
            return st.lists(values_of(each), max_size=min(most, 2)).map(tuple)
    raise AssertionError(shape)


def records(kind: type[Record]) -> st.SearchStrategy[Any]:
    """Records of a class, every field filled or absent as its shape and default allow."""
    if kind is PartialDate:
        return partial_dates()
    fields = {
        slot.name: values_of(slot.shape) if not slot.nullable else st.none() | values_of(slot.shape)
        for slot in slots_of(kind)
    }
    if kind is Place:
        fields["country"] = st.just("MA")
    return st.builds(kind, **fields)


def partial_dates() -> st.SearchStrategy[PartialDate]:
    years = st.integers(1800, 2100)
    return st.one_of(
        st.builds(PartialDate, year=years, circa=st.booleans()),
        st.builds(PartialDate, year=years, month=st.integers(1, 12)),
        st.builds(PartialDate, year=years, month=st.integers(1, 12), day=st.integers(1, 28)),
        st.builds(lambda year, more: PartialDate(year=year, until_year=year + more), years, st.integers(1, 60)),
    )


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=8)
    | st.text(max_size=8)
    | st.just("x" * 20_000)
    | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=6) | st.integers() | st.sampled_from(["names", "law"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", TRAVELLING, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_a_record_comes_back_the_same_through_cbor(kind: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(kind))
    assert kind.from_plain(cbor2.loads(cbor2.dumps(record.to_plain()))) == record


def read(kind: type[Record], plain: object) -> Record | BadInput:
    """What ``from_plain`` makes of it; any other error than BadInput fails the test."""
    try:
        return kind.from_plain(plain)
    except BadInput as error:
        return error


def keeps_the_limits(found: Record | BadInput) -> None:
    """A refusal that repeats nothing of the content, or a record that travels like any other."""
    if isinstance(found, BadInput):
        assert found.code.startswith("policy.")
        assert set(found.values) <= {"field", "most"}
    else:
        assert type(found).from_plain(cbor2.loads(cbor2.dumps(found.to_plain()))) == found


@pytest.mark.parametrize("kind", TRAVELLING, ids=lambda kind: kind.__name__)
@given(plain=JUNK)
def test_junk_is_refused_or_makes_a_record_that_keeps_the_limits(kind: type[Record], plain: object) -> None:
    keeps_the_limits(read(kind, plain))


def paths(plain: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside ``plain``."""
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [here] + [path for key, value in inside for path in paths(value, (*here, key))]


def replaced(plain: Any, path: tuple[Any, ...], value: object) -> Any:
    """``plain`` with another value at ``path``."""
    if not path:
        return value
    copy = plain.copy()
    copy[path[0]] = replaced(plain[path[0]], path[1:], value)
    return copy


@given(data=st.data(), junk=JUNK)
def test_another_value_anywhere_in_an_enquiry_is_refused_or_keeps_the_limits(
    enquiry: Enquiry, data: st.DataObject, junk: object
) -> None:
    plain = enquiry.to_plain()
    path = data.draw(st.sampled_from(paths(plain)))
    keeps_the_limits(read(Enquiry, replaced(plain, path, junk)))


@given(record=records(Conditions), key=st.text(max_size=8).filter(lambda key: key[:1] != "!"), value=JUNK)
def test_what_a_newer_version_adds_is_ignored_unless_it_must_be_obeyed(
    record: Conditions, key: str, value: object
) -> None:
    known = record.to_plain()
    plain = {key: value, **known} if key in known else {f"{key}-later": value, **known}
    assert Conditions.from_plain(plain) == record
    with pytest.raises(BadInput) as caught:
        Conditions.from_plain({**plain, "!embargo": 7})
    assert caught.value.code == "policy.newer-version"


def test_a_restriction_that_must_be_obeyed_is_found_at_any_depth(enquiry: Enquiry) -> None:
    plain = cast("dict[str, Any]", enquiry.to_plain())
    plain["subjects"][0]["names"][1]["!only-orally"] = True
    with pytest.raises(BadInput) as caught:
        Enquiry.from_plain(plain)
    assert (caught.value.code, caught.value.values) == ("policy.newer-version", {"field": "name"})


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Text("es", ""), "policy.field-malformed"),
        (lambda: Text("es", " \n\t "), "policy.field-malformed"),
        (lambda: Text("es", "\u200b\u200f"), "policy.field-malformed"),
        (lambda: Text("es", "a\x00b"), "policy.field-malformed"),
        (lambda: Text("es", "a\r\nb"), "policy.field-malformed"),
        (lambda: Text("es", "invoice\u202egpj.exe"), "policy.field-malformed"),
        (lambda: Text("es", "a\ud800"), "policy.field-malformed"),
        (lambda: Text("es", "a" * 16_001), "policy.field-too-long"),
        (lambda: Text("", "hola"), "policy.field-malformed"),
        (lambda: Text("español", "hola"), "policy.field-malformed"),
        (lambda: Text("ES", "hola"), "policy.field-malformed"),
        (lambda: Text("es\n", "hola"), "policy.field-malformed"),
        (lambda: Text(cast("Any", None), "hola"), "policy.field-missing"),
        (lambda: Text("es", cast("Any", b"hola")), "policy.field-type"),
        (lambda: Name("a\nb", "Latn"), "policy.field-malformed"),
        (lambda: Name("a\tb", "Latn"), "policy.field-malformed"),
        (lambda: Name("a\u202bb", "Arab"), "policy.field-malformed"),
        (lambda: Name("-", "Latn"), "policy.field-malformed"),
        (lambda: Name("a", "Latn."), "policy.field-malformed"),
        (lambda: Place(role="place.birth"), "policy.field-missing"),
        (lambda: Place(role="place.birth", country="ma"), "policy.field-malformed"),
        (lambda: Place(role="place.birth", country="MAR"), "policy.field-too-long"),
        (lambda: Identifier(type="id.phone", number="x" * 65), "policy.field-too-long"),
        (lambda: Subject(kind="subject.person", names=cast("Any", [])), "policy.field-type"),
        (lambda: Subject(kind="subject.person", names=cast("Any", ("Mohamed",))), "policy.field-type"),
        (lambda: Subject(kind="subject.person", names=cast("Any", None)), "policy.field-missing"),
        (lambda: Subject(kind="subject.person", nationalities=("MA",) * 9), "policy.field-too-long"),
        (lambda: Attestation(answer=cast("Any", 1), officer="es.cgi/1", at_ms=0), "policy.field-type"),
        (lambda: Attestation(answer=True, officer="El jefe", at_ms=0), "policy.field-malformed"),
        (lambda: Attestation(answer=True, officer="es.cgi/1", at_ms=-1), "policy.field-malformed"),
        (lambda: Attestation(answer=True, officer="es.cgi/1", at_ms=cast("Any", True)), "policy.field-type"),
    ],
)
def test_what_a_person_types_passes_the_same_checks(make: Any, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        make()
    assert caught.value.code == code


@pytest.mark.parametrize("value", ["حي السلام،\nزنقة ٤", "Línea 1\n\tLínea 2", "Ya\u200cya", "مرجع \u200f(٣)", "٤"])
def test_what_officers_really_write_is_accepted(value: str) -> None:
    assert Text("ar", value).value == value


def test_a_missing_field_and_an_explicit_null_are_refused() -> None:
    with pytest.raises(BadInput) as caught:
        Text.from_plain({"language": "es"})
    assert (caught.value.code, caught.value.values) == ("policy.field-missing", {"field": "text.value"})
    for field in ("facts", "availability", "subjects"):
        with pytest.raises(BadInput) as caught:
            Enquiry.from_plain({field: None})
        assert (caught.value.code, caught.value.values) == ("policy.field-type", {"field": f"enquiry.{field}"})


def test_too_many_records_are_refused_before_any_is_made() -> None:
    with pytest.raises(BadInput) as caught:
        Subject.from_plain({"kind": "subject.person", "names": [7] * 65})
    assert (caught.value.code, caught.value.values["most"]) == ("policy.field-too-long", 64)


def test_what_is_absent_takes_no_room(enquiry: Enquiry) -> None:
    assert Enquiry().to_plain() == {}
    assert "question" not in enquiry.to_plain()
    assert len(cbor2.dumps(enquiry.to_plain())) < 2_200


def test_a_record_cannot_be_changed(enquiry: Enquiry) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        enquiry.facts = None  # type: ignore[misc]
    assert hash(enquiry) == hash(Enquiry.from_plain(enquiry.to_plain()))
