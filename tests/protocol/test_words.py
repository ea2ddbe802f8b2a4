"""The words of fingerprints: what the list promises, and that nothing but the right sixteen words is taken."""

import hashlib
import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.errors import BadInput, Error, TooMuch
from tansiq.protocol.words import LENGTH, fingerprint_words, fold, same_fingerprint, vocabulary, words_to_bytes

LANGUAGES = ("ar", "es", "fr", "en")
FROZEN = "7719c57cb9fa92d7466f7583edef9f35d6fbd0e249d450fd4b80db86297b04af"
DIGEST = hashlib.sha256(b"an identity key").digest()
LETTERS = {
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى",
    "es": "abcdefghijklmnopqrstuvwxyzáéíóúüñ",
    "fr": "abcdefghijklmnopqrstuvwxyzàâçéèêëîïôûùœ",
    "en": "abcdefghijklmnopqrstuvwxyz",
}
# How a word is heard, coarsely: sounds that a language or a bad line does not tell apart are written alike.
SOUNDS = {
    "ar": [
        ("[صث]", "س"), ("ط", "ت"), ("ض", "د"), ("[ظذ]", "ز"), ("ق", "ك"), ("ح", "ه"), ("غ", "خ"), ("ع", "ا"),
        ("ه$", ""),
    ],
    "es": [
        ("ch", "C"), ("qu", "k"), ("gu(?=[ei])", "G"), ("c(?=[ei])|z|x", "s"), ("c", "k"), ("v", "b"), ("ll", "y"),
        ("g(?=[ei])", "j"), ("G", "g"), ("h", ""),
    ],
    "fr": [
        ("ain|ein|in(?![aeiou])|im(?![aeioum])", "I"), ("[ae][nm](?![aeiounm])", "A"), ("o[nm](?![aeiounm])", "O"),
        ("oeu", "e"), ("eau|au", "o"), ("oi", "Wa"), ("ou", "W"), ("ai|ei", "e"), ("ph", "f"), ("ch", "S"),
        ("qu", "k"),
        ("gn", "N"), ("g(?=[ei])", "j"), ("c(?=[ei])", "s"), ("c", "k"), ("h", ""), ("y", "i"), ("z", "s"),
        ("e?[sxtdp]?$", ""),
    ],
    "en": [
        ("^kn", "n"), ("^wr", "r"), ("mb$", "m"), ("t?ch", "C"), ("sh", "S"), ("ph", "f"), ("ck", "k"), ("gh", ""),
        ("c(?=[eiy])|z", "s"), ("c|q", "k"), ("g(?=[ei])", "j"), ("e$", ""), ("ee|ea|ie|ei|y$", "I"),
        ("oo|ew|ou|ow", "U"),
        ("ai|ay", "A"),
    ],
}  # fmt: skip
# What an Arabic word looks like without its dots.
BARE = str.maketrans("تثنيخجذزشضظغق", "ببببححدرسصطعف")


def heard(word: str, language: str) -> str:
    for pattern, sound in SOUNDS[language]:
        word = re.sub(pattern, sound, word)
    return re.sub(r"(.)\1", r"\1", word)


def nearly(word: str) -> Iterator[str]:
    """``word`` with one letter unknown, one left out, or two neighbours exchanged."""
    for at in range(len(word)):
        yield f"{word[:at]}?{word[at + 1 :]}"
        yield word[:at] + word[at + 1 :]
    for at, (one, next_one) in enumerate(itertools.pairwise(word)):
        if one != next_one:
            yield word[:at] + next_one + one + word[at + 2 :]


def doubles(keys: list[str]) -> set[str]:
    return {key for key in keys if keys.count(key) > 1}


def test_the_list_is_frozen() -> None:
    table = "\n".join(" ".join(row) for row in zip(*(vocabulary(language) for language in LANGUAGES), strict=True))
    assert hashlib.sha256(table.encode()).hexdigest() == FROZEN


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_256_short_plain_words(language: str) -> None:
    words = vocabulary(language)
    assert len(words) == 256
    for word in words:
        assert 3 <= len(fold(word)) <= 11, word
        assert set(word) <= set(LETTERS[language]), word


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_words_of_a_language_are_taken_for_each_other(language: str) -> None:
    words = [fold(word) for word in vocabulary(language)]
    assert doubles(words) == set()
    assert doubles([word[:4] for word in words]) == set()
    assert doubles([heard(word, language) for word in words]) == set()
    for one, other in itertools.permutations(words, 2):
        assert not one.startswith(other)
    close = [variant for word in words for variant in sorted(set(nearly(word)))]
    assert doubles([variant for variant in close if "?" in variant]) == set(), "one letter replaced"
    assert set(close) & set(words) == set(), "one letter left out, or two exchanged"


def test_no_two_arabic_words_differ_in_their_dots_only() -> None:
    assert doubles([fold(word).translate(BARE) for word in vocabulary("ar")]) == set()


def test_a_word_means_the_same_thing_wherever_it_occurs() -> None:
    places: dict[str, int] = {}
    for language in LANGUAGES:
        for place, word in enumerate(vocabulary(language)):
            assert places.setdefault(fold(word), place) == place, word


@pytest.mark.parametrize("language", LANGUAGES)
@given(digest=st.binary(min_size=16, max_size=40))
@settings(max_examples=60, deadline=None)
def test_words_and_bytes_are_one_to_one(language: str, digest: bytes) -> None:
    words = fingerprint_words(digest, language)
    assert words_to_bytes(words, language) == digest[:LENGTH]
    assert words_to_bytes(" ".join(words), language) == digest[:LENGTH]


def test_madrid_reads_spanish_and_rabat_follows_in_arabic() -> None:
    digest = bytes(range(200, 216))
    read, followed = fingerprint_words(digest, "es"), fingerprint_words(digest, "ar")
    assert read[:8] == ("espinaca", "esponja", "cuchara", "estadio", "sello", "estrella", "acero", "tormenta")
    assert followed[:8] == ("سبانخ", "إسفنجة", "ملعقة", "ملعب", "طابع", "نجمة", "فولاذ", "عاصفة")
    assert words_to_bytes(read, "es") == words_to_bytes(followed, "ar") == digest


def test_only_the_first_sixteen_bytes_count() -> None:
    assert fingerprint_words(DIGEST, "fr") == fingerprint_words(DIGEST[:16] + bytes(16), "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_changed_byte_is_noticed(language: str) -> None:
    words = fingerprint_words(DIGEST, language)
    assert same_fingerprint(words, language, DIGEST)
    for at in range(LENGTH):
        other = bytearray(DIGEST)
        other[at] ^= 1
        assert not same_fingerprint(words, language, bytes(other))
    assert not same_fingerprint(words[1:] + words[:1], language, DIGEST)


@pytest.mark.parametrize(
    ("language", "typed", "word"),
    [
        ("es", "JAZMIN", "jazmín"), ("es", "Muneca", "muñeca"), ("es", "  ruisen\u0303or ", "ruiseñor"),
        ("es", "lapiz", None),
        ("fr", "OEUF", "œuf"), ("fr", "Hérisson", "hérisson"), ("fr", "foret", "forêt"), ("fr", "canoe", "canoë"),
        ("ar", "ابره", "إبرة"), ("ar", "أَخْطَبُوط", "أخطبوط"), ("ar", "مستشفي", "مستشفى"), ("ar", "قـــصر", "قصر"),
        ("ar", "مراة", "مرآة"), ("ar", "لولوه", "لؤلؤة"), ("ar", "\u200fشمس\u200f", "شمس"), ("en", "Hoopoe", "hoopoe"),
    ],
)  # fmt: skip
def test_case_accents_and_hamza_may_be_missing(language: str, typed: str, word: str | None) -> None:
    words = [typed, *fingerprint_words(DIGEST, language)[1:]]
    if word is None:
        with pytest.raises(BadInput) as caught:
            words_to_bytes(words, language)
        assert caught.value.code == "words.unknown"
    else:
        assert words_to_bytes(words, language)[0] == vocabulary(language).index(word)


def test_a_line_may_be_separated_as_people_do() -> None:
    words = fingerprint_words(DIGEST, "ar")
    for separator in (" ", "، ", " - ", ",", "\n", "\u00a0"):
        assert same_fingerprint(separator.join(words), "ar", DIGEST)


GOOD = fingerprint_words(DIGEST, "en")


@pytest.mark.parametrize(
    ("words", "language", "kind", "code"),
    [
        ([*GOOD[:15], "submarine"], "en", BadInput, "words.unknown"),
        ([*GOOD[:15], ""], "en", BadInput, "words.unknown"),
        ([*GOOD[:15], GOOD[15] + "s"], "en", BadInput, "words.unknown"),
        ([*GOOD[:15], GOOD[15] * 10_000], "en", BadInput, "words.unknown"),
        ([*GOOD[:15], "\ufdfa" * 32], "en", BadInput, "words.unknown"),
        (GOOD, "es", BadInput, "words.unknown"),
        (GOOD[:15], "en", BadInput, "words.count"),
        ([*GOOD, GOOD[0]], "en", BadInput, "words.count"),
        ("", "en", BadInput, "words.count"),
        ([], "en", BadInput, "words.count"),
        (GOOD, "de", BadInput, "words.language"),
        (GOOD, "", BadInput, "words.language"),
        (" ".join(GOOD) + " " * 1_024 + "more", "en", TooMuch, "words.too-long"),
        (itertools.repeat(GOOD[0]), "en", TooMuch, "words.too-long"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(words: list[str], language: str, kind: type[Error], code: str) -> None:
    with pytest.raises(kind) as caught:
        same_fingerprint(words, language, DIGEST)
    assert caught.value.code == code
    for reader in LANGUAGES:
        told = caught.value.advice(reader)
        assert all((told.what, told.means, told.do))
        assert "{" not in str(told)


def test_the_error_shows_letters_of_the_word_and_no_more() -> None:
    with pytest.raises(BadInput) as caught:
        words_to_bytes(["{x}\u202e1234<b>secretsecretsecret"], "en")
    assert caught.value.values["word"] == "xbsecretsecretse"


@pytest.mark.parametrize("digest", [b"", bytes(15)])
def test_a_short_digest_is_no_fingerprint(digest: bytes) -> None:
    for attempt in (lambda: fingerprint_words(digest, "ar"), lambda: same_fingerprint(GOOD, "en", digest)):
        with pytest.raises(BadInput) as caught:
            attempt()
        assert caught.value.code == "words.short"
