"""Identifiers: RFC 9562's vector, one text each, sorted by time, and nothing else taken for one."""

import itertools
import threading
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.protocol.ids import IdMaker, id_text, id_time, new_id, parse_id

# RFC 9562, appendix A.6: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
VECTOR_MS = 0x017F22E279B0
VECTOR_RANDOM = bytes.fromhex("0CC318C4DC0C0C07398F")
VECTOR = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
MOMENTS = st.integers(min_value=0, max_value=2**48 - 1)


def test_the_vector_of_the_rfc() -> None:
    made = new_id(VECTOR_MS, VECTOR_RANDOM)
    assert id_text(made) == VECTOR
    assert parse_id(VECTOR) == parse_id(made) == made
    assert id_time(made) == VECTOR_MS == 1_645_557_742_000


@given(now=MOMENTS, drawn=st.binary(min_size=10, max_size=10))
@settings(max_examples=200, deadline=None)
def test_python_reads_what_we_write(now: int, drawn: bytes) -> None:
    made = new_id(now, drawn)
    other = uuid.UUID(bytes=made)
    assert (other.version, other.variant, str(other)) == (7, uuid.RFC_4122, id_text(made))
    assert other.int >> 80 == id_time(made) == now
    assert parse_id(str(other)) == made


@given(first=MOMENTS, second=MOMENTS)
@settings(max_examples=100, deadline=None)
def test_identifiers_sort_by_time(first: int, second: int) -> None:
    if first != second:
        assert (new_id(first) < new_id(second)) == (first < second)
        assert (id_text(new_id(first)) < id_text(new_id(second))) == (first < second)


def test_all_74_free_bits_are_drawn() -> None:
    drawn = [int.from_bytes(new_id(0), "big") for _ in range(200)]
    varied = 0
    for number in drawn:
        varied |= number ^ drawn[0]
    assert varied == 0x0FFF_3FFF_FFFF_FFFF_FFFF
    assert len(set(drawn)) == 200


@pytest.mark.parametrize("now", [-1, 2**48, 10**30])
def test_a_time_out_of_range_is_refused(now: int) -> None:
    for make in (new_id, IdMaker().make):
        with pytest.raises(BadInput) as caught:
            make(now)
        assert caught.value.code == "ids.wrong-time"


@pytest.mark.parametrize("random", [b"", bytes(9), bytes(11)])
def test_too_few_or_many_random_bytes_are_refused(random: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        new_id(0, random)
    assert caught.value.code == "ids.wrong-random"
    assert all(str(len(random)) in caught.value.advice(language).what for language in ("ar", "es", "fr", "en"))


@pytest.mark.parametrize(
    "wrong",
    [
        "", VECTOR.upper(), VECTOR[:-1], VECTOR + "0", " " + VECTOR, VECTOR + "\n", "{" + VECTOR + "}",
        "urn:uuid:" + VECTOR,
        VECTOR.replace("-", ""), VECTOR.replace("-", " "), VECTOR.replace("-", "_"),
        "017f22e279b0--7cc3-98c4-dc0c0c07398f", "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c0739 f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398٣",
        "０17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-8cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-58c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0" * 1_000_000, b"", bytes(16), b"\xff" * 16, parse_id(VECTOR)[:15], parse_id(VECTOR) + b"\x00",
        VECTOR.encode(),
        uuid.UUID("919108f7-52d1-4320-9bac-f847db4148a8").bytes,
    ],
)  # fmt: skip
def test_anything_else_is_no_identifier(wrong: str | bytes) -> None:
    with pytest.raises(BadInput) as caught:
        parse_id(wrong)
    assert caught.value.code == "ids.wrong"
    assert all(caught.value.advice(language).means for language in ("ar", "es", "fr", "en"))


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9a-fA-F\- ]{36}", fullmatch=True), st.binary(max_size=20)))
@settings(max_examples=300, deadline=None)
def test_what_is_read_is_written_the_same(text: str | bytes) -> None:
    try:
        read = parse_id(text)
    except BadInput:
        return
    assert text in (read, id_text(read))


@pytest.mark.parametrize("wrong", [b"", bytes(15), bytes(17)])
def test_text_and_time_need_sixteen_bytes(wrong: bytes) -> None:
    for reader in (id_text, id_time):
        with pytest.raises(BadInput):
            reader(wrong)


@given(st.lists(st.integers(min_value=1_000, max_value=1_005), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_maker_only_ever_grows_whatever_the_clock_does(moments: list[int]) -> None:
    maker = IdMaker()
    made = [maker.make(now) for now in moments]
    assert all(one < next_one for one, next_one in itertools.pairwise(made))
    assert [parse_id(one) for one in made] == made
    latest = [max(moments[: at + 1]) for at in range(len(moments))]
    assert [id_time(one) for one in made] == latest


def test_a_maker_that_comes_to_its_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tansiq.protocol.ids.secrets.token_bytes", lambda size: b"\xff" * size)
    maker = IdMaker()
    assert id_time(maker.make(5)) == 5
    assert id_time(maker.make(5)) == 6, "a full random part carries into the time"
    with pytest.raises(BadInput):
        [maker.make(2**48 - 1) for _ in range(2)]


def test_a_maker_is_shared_by_threads() -> None:
    maker, made = IdMaker(), []

    def work() -> None:
        mine = [maker.make(1) for _ in range(2_000)]
        assert mine == sorted(mine)
        made.extend(mine)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def test_an_identifier_costs_next_to_nothing() -> None:
    best = min(_seconds() for _ in range(5))
    assert best < 20e-6, "measured at about a microsecond; this bound only catches a blunder"


def _seconds() -> float:
    began = time.thread_time()  # other work on the machine costs this thread nothing
    for _ in range(2_000):
        new_id(VECTOR_MS)
    return (time.thread_time() - began) / 2_000
