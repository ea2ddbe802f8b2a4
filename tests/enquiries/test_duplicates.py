"""Two subjects that may be one: by a number, or by a name of each and whatever else is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.matters import PERSON
from tansiq.enquiries.duplicates import alike_in
from tansiq.policy.subjects import Identifier, Name, Subject
from tansiq.policy.values import PartialDate


def subject(name: str, born: int = 0, **more: object) -> Subject:
    births = (PartialDate(year=born),) if born else ()
    script = "Latn" if name[0] < "\u0500" else "Arab"
    bare = replace(PERSON, names=(Name(name, script),), births=births, identifiers=(), nationalities=(), sex=None)
    return replace(bare, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (subject("Jaled Cherkaui"), subject("خالد الشرقاوي"), True),
        (subject("Mojtar Benalí el Invento"), subject("مختار بنعلي"), True),
        (subject("Mohamed Benali", 1984), subject("Mohammed Ben Ali", 1984), True),
        (subject("Mohamed Benali", 1984), subject("Mohammed Ben Ali", 1951), False),
        (subject("Karim Alami", sex="M"), subject("Karima Alami", sex="F"), False),
        (subject("Hassan Alami"), subject("Karim Alami"), False),
        (subject("Mohamed Benali"), subject("Wilhelmina Oosterhuis"), False),
        (replace(subject("X1"), kind="subject.vehicle"), replace(subject("X1"), kind="subject.phone"), False),
    ],
)
def test_two_subjects_are_one_by_all_that_is_known(one: Subject, other: Subject, same: bool) -> None:
    assert alike_in([one, other]) == ([(0, 1)] if same else [])
    assert alike_in([other, one]) == ([(0, 1)] if same else [])


def test_a_shared_number_is_enough() -> None:
    number = (Identifier(type="id.passport", number="QX 000000"),)
    three = [
        subject("Hassan Alami", identifiers=number),
        subject("Rachid Zebdi"),
        subject("Karim Tazi", identifiers=number),
    ]
    assert alike_in(three) == [(0, 2)]
