"""What stands in an item's row: codes alone, the strictest reading, never a word of the content."""

from __future__ import annotations

from dataclasses import astuple, replace

from hypothesis import given
from hypothesis import strategies as st

from support.matters import CONDITIONS, FACTS, PERSON, an_enquiry, an_item
from tansiq.cases.items import ITEM, NewItem, Whence, evaluated_item, plain_item
from tansiq.policy.conditions import Conditions
from tansiq.policy.subjects import SpecialData
from tansiq.policy.values import Text

WHENCE = Whence(
    case=b"c" * 16, statement=b"s" * 16, place=2, sender="ma.dgst", received_ms=5, purpose="purpose.investigation"
)


def words(item: NewItem) -> str:
    return " ".join(value for value in astuple(item) if isinstance(value, str))


def test_an_item_is_described_by_its_codes() -> None:
    item = evaluated_item(an_item(), WHENCE)
    assert (item.source, item.information, item.basis) == ("B", "2", "basis.fact")
    assert (item.kind, item.originator, item.place) == (ITEM, "ma.dgst", 2)
    assert (item.handling, item.classification) == ("H1 H2", "class.restricted")
    assert item.category == "category.suspect"
    assert item.purpose == "purpose.investigation"


def test_no_word_of_the_content_stands_in_the_row() -> None:
    request = plain_item(WHENCE, "enquiry.request", subjects=an_enquiry().subjects, conditions=CONDITIONS)
    for item in (evaluated_item(an_item(), WHENCE), request):
        for secret in ("Mojtar", "Nador", "الناظور", "QX 000000", FACTS[:20]):
            assert secret not in words(item)


def test_what_nobody_assessed_is_x4() -> None:
    item = evaluated_item(replace(an_item(), source=None, information=None), WHENCE)
    assert (item.source, item.information) == ("X", "4")


def test_the_sender_is_the_originator_unless_the_item_names_another() -> None:
    assert evaluated_item(replace(an_item(), originator=None), WHENCE).originator == "ma.dgst"
    assert evaluated_item(an_item(originator="fr.dgsi"), WHENCE).originator == "fr.dgsi"


def test_special_data_and_protected_persons_are_flagged_wherever_they_stand() -> None:
    special = SpecialData(category="special.health", reason=Text("es", "Necesario para identificarle."))
    plain = evaluated_item(an_item(), WHENCE)
    assert (plain.special, plain.protected) == (False, False)
    assert evaluated_item(replace(an_item(), special=(special,)), WHENCE).special
    ill = replace(PERSON, special=(special,))
    assert evaluated_item(replace(an_item(), subjects=(ill,)), WHENCE).special
    minor = replace(PERSON, protected=("protected.minor",))
    assert plain_item(WHENCE, "enquiry.request", subjects=(PERSON, minor)).protected


def test_the_providers_ends_are_kept() -> None:
    bounds = Conditions(codes=("H0",), expires_at_ms=70, erase_by_ms=90)
    item = evaluated_item(replace(an_item(), conditions=bounds), WHENCE)
    assert (item.expires_ms, item.erase_ms) == (70, 90)


@given(st.lists(st.from_regex(r"category\.[a-z]{1,50}", fullmatch=True), max_size=16))
def test_codes_fit_their_column_and_none_is_cut_in_two(categories: list[str]) -> None:
    subjects = [replace(PERSON, category=category) for category in categories]
    shown = plain_item(WHENCE, "enquiry.request", subjects=subjects).category
    assert len(shown) <= 256
    assert shown.split() == list(dict.fromkeys(categories))[: len(shown.split())]
