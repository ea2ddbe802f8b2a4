"""The one encoding: what is read can be read in one way only, and nothing hostile costs more than a look."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput, Error, TooMuch
from tansiq.policy.plain import Whole
from tansiq.policy.values import MOMENT
from tansiq.protocol.cbor import Fields, bstr, decode, decode_own, encode, is_moment
from tansiq.protocol.limits import MAX_CBOR_DEPTH, MAX_CBOR_ITEMS, MAX_TIME_MS

SCALARS = (
    st.integers(-(1 << 64), (1 << 64) - 1) | st.binary(max_size=300) | st.text(max_size=80) | st.booleans() | st.none()
)
KEYS = st.integers(-(1 << 64), (1 << 64) - 1) | st.text(max_size=8) | st.binary(max_size=8)
PLAINS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(PLAINS)
def test_what_is_written_is_read_again_and_any_cbor_library_reads_it(value: Any) -> None:
    written = encode(value)
    assert decode(written) == value
    assert cbor2.loads(written) == value


@given(st.binary(max_size=60) | PLAINS.map(encode).flatmap(lambda data: st.just(data) | damaged(data)))
def test_whatever_comes_is_either_refused_or_written_again_byte_for_byte(data: bytes) -> None:
    try:
        value = decode(data)
    except (BadInput, TooMuch):
        return
    assert encode(value) == data


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """``data`` with one byte changed, or cut off."""
    at = st.integers(0, max(0, len(data) - 1))
    changed = st.tuples(at, st.integers(0, 255)).map(lambda hit: data[: hit[0]] + bytes((hit[1],)) + data[hit[0] + 1 :])
    return changed | at.map(lambda end: data[:end])


REFUSED = {
    "nothing": ("", "protocol.truncated"),
    "an integer without its byte": ("18", "protocol.truncated"),
    "a string that is shorter than it says": ("4301", "protocol.truncated"),
    "an array that lacks an item": ("8201", "protocol.truncated"),
    "a map that lacks a value": ("a101", "protocol.truncated"),
    "a small integer in two bytes": ("1817", "protocol.not-shortest"),
    "a byte's integer in two": ("1900ff", "protocol.not-shortest"),
    "two bytes' integer in four": ("1a0000ffff", "protocol.not-shortest"),
    "four bytes' integer in eight": ("1b00000000ffffffff", "protocol.not-shortest"),
    "a negative integer too long": ("3817", "protocol.not-shortest"),
    "a string's length too long": ("580161", "protocol.not-shortest"),
    "an array's length too long": ("980101", "protocol.not-shortest"),
    "a map's length too long": ("b8010101", "protocol.not-shortest"),
    "a key twice": ("a201000100", "protocol.key-twice"),
    "a key twice, deep inside": ("81a10ba2616100616101", "protocol.key-twice"),
    "a key twice, before text that is no UTF-8": ("82a20100010062c328", "protocol.not-plain"),
    "a tag": ("c1181e", "protocol.not-plain"),
    "a big number's tag": ("c24101", "protocol.not-plain"),
    "a shared reference": ("d81c8101", "protocol.not-plain"),
    "half a float": ("f93c00", "protocol.not-plain"),
    "a float": ("fa3f800000", "protocol.not-plain"),
    "a double": ("fb3ff0000000000000", "protocol.not-plain"),
    "undefined": ("f7", "protocol.not-plain"),
    "a simple value": ("e0", "protocol.not-plain"),
    "a simple value in a byte": ("f8ff", "protocol.not-plain"),
    "a break": ("ff", "protocol.not-plain"),
    "an indefinite string": ("5f4101ff", "protocol.not-plain"),
    "an indefinite text": ("7f6161ff", "protocol.not-plain"),
    "an indefinite array": ("9f01ff", "protocol.not-plain"),
    "an indefinite map": ("bf0101ff", "protocol.not-plain"),
    "a reserved length": ("1c", "protocol.not-plain"),
    "text that is no UTF-8": ("62c328", "protocol.not-plain"),
    "a surrogate in text": ("63eda080", "protocol.not-plain"),
    "an array as a key": ("a1810102", "protocol.not-plain"),
    "a map as a key": ("a1a002", "protocol.not-plain"),
    "true as a key, which Python takes for 1": ("a1f501", "protocol.not-plain"),
    "null as a key": ("a1f601", "protocol.not-plain"),
    "something left over": ("0000", "protocol.trailing-bytes"),
    "a string of 2^63 bytes": ("5b8000000000000000", "protocol.truncated"),
    "an array of 2^64 - 1 items": ("9bffffffffffffffff00", "protocol.truncated"),
    "a map of 2^63 pairs": ("bb8000000000000000", "protocol.truncated"),
    "a text of 4 GiB": ("7affffffff61", "protocol.truncated"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_is_refused(data: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode(bytes.fromhex(data))
    assert caught.value.code == code


def test_what_is_kept_and_was_damaged_is_refused() -> None:
    for damaged_in_store in ("62c328", "a201000100", "9f01ff", "8201", "", "81" * 500 + "00"):
        with pytest.raises(BadInput) as caught:
            decode_own(bytes.fromhex(damaged_in_store))
        assert caught.value.code == "protocol.not-plain"


def test_a_machine_without_memory_does_not_call_the_data_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_memory(*_: object, **__: object) -> None:
        raise cbor2.CBORDecodeError("error decoding byte string") from MemoryError()

    monkeypatch.setattr(cbor2, "loads", without_memory)
    with pytest.raises(MemoryError):
        decode(b"\x41x")


def test_what_could_not_be_written_leaves_nothing_behind() -> None:
    with pytest.raises(cbor2.CBOREncodeError):
        encode([1, {2: object()}])
    assert encode([1, 2]) == b"\x82\x01\x02"


def test_threads_write_and_read_side_by_side() -> None:
    values: list[Any] = [{place: [b"x" * place, "é" * place]} for place in range(40)]

    def again(value: Any) -> bool:
        return all(decode(encode(value)) == value for _ in range(50))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(again, values))


@pytest.mark.parametrize(
    "claim", ["5b00000000ffffffff", "7b00000000ffffffff", "9b00000000ffffffff", "bb00000000ffffffff"]
)
@pytest.mark.parametrize("read", [decode, decode_own])
def test_a_length_that_is_only_claimed_takes_no_memory(read: Any, claim: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadInput):
            read(bytes.fromhex(claim))
        assert tracemalloc.get_traced_memory()[1] < 1 << 18
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("open_head", [b"\x81", b"\xa1\x00"], ids=["arrays", "maps"])
def test_depth_ends_at_the_limit(open_head: bytes) -> None:
    assert decode(open_head * MAX_CBOR_DEPTH + b"\x00") is not None
    for depth in (MAX_CBOR_DEPTH + 1, 100_000):
        with pytest.raises(TooMuch) as caught:
            decode(open_head * depth + b"\x00")
        assert caught.value.code == "protocol.too-deep"


def test_containers_side_by_side_are_not_depth() -> None:
    assert decode(encode([[[]], {}, {1: [{}]}] * 50)) == [[[]], {}, {1: [{}]}] * 50


def test_the_count_of_values_ends_at_the_limit() -> None:
    assert len(decode(encode([0] * (MAX_CBOR_ITEMS - 1)))) == MAX_CBOR_ITEMS - 1
    with pytest.raises(TooMuch) as caught:
        decode(encode([0] * MAX_CBOR_ITEMS))
    assert caught.value.code == "protocol.too-many-items"
    with pytest.raises(TooMuch):
        decode(encode({key: key for key in range(50)}), items=100)
    assert decode(encode({key: key for key in range(50)}), items=101)[49] == 49


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_a_byte_string_is_written_as_the_library_writes_it(size: int) -> None:
    assert bstr(b"x" * size) == cbor2.dumps(b"x" * size)


# ---------------------------------------------------------------------------------------------------- fields

KNOWN = frozenset((0, 1, -5))


def test_a_positive_key_that_is_not_known_is_passed_over() -> None:
    assert Fields({0: 7, 99: "later"}, what="thing", known=KNOWN).integer(0) == 7
    assert Fields({0: 7}, what="thing", known=frozenset()).integer(0) == 7


@pytest.mark.parametrize("value", [3, 5])
def test_what_is_just_within_its_limits_is_taken(value: int) -> None:
    def fields(held: Any) -> Fields:
        return Fields({0: held}, what="thing", known=KNOWN)

    assert fields(value).integer(0, least=3, most=5) == value
    assert fields("x" * value).text(0, most=value) == "x" * value
    assert fields([1] * value).items(0, most=value) == [1] * value
    assert fields(["x" * value]).texts(0, most=1, length=value) == ("x" * value,)
    assert fields(b"x" * value).octets(0, most=value) == b"x" * value
    assert fields((1 << 63) - 1).integer(0) == (1 << 63) - 1
    assert fields(MAX_TIME_MS).moment(0) == MAX_TIME_MS


def test_a_moment_leaves_room_in_the_calendar_for_a_zone_and_a_deadline() -> None:
    latest = datetime.fromtimestamp(MAX_TIME_MS / 1000, UTC)
    assert latest + timedelta(days=4 * 365) < datetime.max.replace(tzinfo=UTC)
    assert latest.astimezone(timezone(timedelta(hours=14))) == latest
    assert Whole(0, MAX_TIME_MS) == MOMENT, "the moments in bodies, which are judged elsewhere, end with the same"
    assert is_moment(MAX_TIME_MS)
    assert not any(map(is_moment, (MAX_TIME_MS + 1, -1, True, 1.0, "1", None)))


def test_a_negative_key_that_is_not_known_asks_for_a_newer_version() -> None:
    with pytest.raises(BadInput) as caught:
        Fields({0: 7, -1: "must"}, what="thing", known=KNOWN)
    assert (caught.value.code, caught.value.values) == ("protocol.newer-version", {"what": "thing", "field": -1})
    assert Fields({-5: 1}, what="thing", known=KNOWN).integer(-5) == 1


@pytest.mark.parametrize("value", [[], 0, b"", "x", None, {"a": 1}, {b"a": 1}], ids=repr)
def test_only_a_map_with_integer_keys_has_fields(value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        Fields(value, what="thing", known=KNOWN)
    assert caught.value.code == "protocol.wrong-field"


OF_ANOTHER_TYPE: list[tuple[Any, Any]] = [
    (lambda fields: fields.integer(0), ["1", b"1", True, -1, 1 << 63, None, [1]]),
    (lambda fields: fields.integer(0, least=3, most=5), [2, 6]),
    (lambda fields: fields.moment(0), ["1", True, -1, MAX_TIME_MS + 1, 1 << 63, None]),
    (lambda fields: fields.octets(0), ["1", 1, None, bytearray(b"1")]),
    (lambda fields: fields.octets(0, size=2), [b"", b"1", b"123"]),
    (lambda fields: fields.octets(0, most=2), [b"123"]),
    (lambda fields: fields.text(0), [b"1", 1, "x" * 257]),
    (lambda fields: fields.items(0, most=1), [(), {}, "x", [1, 2]]),
    (lambda fields: fields.texts(0, most=2, length=3), [["x", 1], ["long"], ["a", "b", "c"], "abc"]),
    (lambda fields: fields.octet_strings(0, most=2, size=1), [[b"1", b"12"], ["x"], [b"1"] * 3]),
    (lambda fields: fields.octet_strings(0, most=2), [[1], [None]]),
    (lambda fields: fields.mapping(0), [[], 1, None]),
    (lambda fields: fields.true(0), [0, 1, "true", None]),
]


@pytest.mark.parametrize(("read", "values"), OF_ANOTHER_TYPE)
def test_a_field_of_another_type_or_size_is_refused(read: Any, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(Error) as caught:
            read(Fields({0: value}, what="thing", known=KNOWN))
        assert (caught.value.code, caught.value.values["field"]) == ("protocol.wrong-field", 0)


def test_a_field_that_is_missing_is_refused_but_for_a_truth() -> None:
    fields = Fields({}, what="thing", known=KNOWN)
    assert not fields.has(0)
    assert fields.true(0) is False
    for read in (fields.integer, fields.octets, fields.text, fields.mapping):
        with pytest.raises(BadInput):
            read(0)
