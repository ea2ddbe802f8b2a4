"""Padmé lengths and the filling: known values, its limits as properties, and what must not be taken for padded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.protocol.padding import pad, padded_length, unpad

# Worked by hand from algorithm 1 of the paper; those up to 129 also stand in independent implementations' tests.
KNOWN = {
    0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 7: 7, 8: 8, 9: 10, 15: 16, 16: 16, 17: 18, 31: 32, 33: 36, 65: 72, 79: 80, 86: 88,
    100: 104, 128: 128, 129: 144, 257: 272, 1_000: 1_024, 1_025: 1_088, 65_537: 67_584, 1_000_000: 1_015_808,
    2**32 + 1: 2**32 + 2**26,
}  # fmt: skip


@pytest.mark.parametrize(("n", "length"), KNOWN.items())
def test_known_lengths(n: int, length: int) -> None:
    assert padded_length(n) == length


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(BadInput):
        padded_length(-1)


def test_lengths_up_to_a_megabyte_cost_at_most_twelve_per_cent() -> None:
    previous = 0
    for n in (*range(1, 20_000), *range(20_000, 1_100_000, 97)):
        length = padded_length(n)
        assert n <= length <= n * 1.12
        assert length >= previous, "a longer content never shows as a shorter one"
        assert padded_length(length) == length
        previous = length


@given(st.integers(min_value=1, max_value=2**60))
@settings(max_examples=300, deadline=None)
def test_a_length_shows_few_bits(n: int) -> None:
    length = padded_length(n)
    assert n <= length <= n * 112 // 100
    shown = (length // (length & -length)).bit_length()
    assert shown <= (n.bit_length() - 1).bit_length() + 1


@given(st.binary(max_size=3_000))
@settings(max_examples=200, deadline=None)
def test_padding_comes_off_again(data: bytes) -> None:
    padded = pad(data)
    assert unpad(padded) == data
    assert len(padded) == padded_length(len(data) + 1)
    assert padded == data + b"\x80" + bytes(len(padded) - len(data) - 1)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80" * 9, bytes(9), b"\x80\x00\x00", b"\x00\x80"])
def test_data_that_look_like_padding_are_kept(data: bytes) -> None:
    assert unpad(pad(data)) == data


def test_the_filling_is_iso_7816() -> None:
    assert pad(b"madrid-rabat") == b"madrid-rabat\x80\x00"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00", bytes(16), b"abc", b"abc\x00", b"abcdefgh\x80", b"abcdefgh\x80\x00\x00", b"abc\x80\x00\x01",
        b"abc\x80\x01", b"abc\x00\x80\x00\x00\x00\x00\x00\x00", pad(bytes(200)) + b"\x00", pad(bytes(200))[:-1],
        pad(bytes(200))[:-1] + b"\x01", pad(pad(bytes(200)))[:-1],
    ],
)  # fmt: skip
def test_what_is_not_padded_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        unpad(data)
    assert caught.value.code == "padding.wrong"
    assert all(caught.value.advice(language).do for language in ("ar", "es", "fr", "en"))


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_whatever_is_taken_off_goes_on_the_same_way(data: bytes) -> None:
    try:
        content = unpad(data)
    except BadInput:
        return
    assert pad(content) == data


@given(st.binary(max_size=300), st.integers(min_value=1, max_value=300))
@settings(max_examples=150, deadline=None)
def test_one_content_has_one_padded_form(content: bytes, more: int) -> None:
    with pytest.raises(BadInput):
        unpad(pad(content) + bytes(more))
