"""Notices in the shape of the public notices service: read with tolerance, written as it writes them.

Invariant: what is there is read, what is absent or null is absent, and what can't be read is left out and named, never guessed;
only an ``entity_id`` must be there. A date that is known in part stays so. The service's own words have no stated language, so
they are kept as of no language (``und``, BCP 47). Shapes as in INTERPOL's ``/notices/v1`` (``red``, ``yellow``, ``un``).

>>> date_from("1984/03/00"), date_to(PartialDate(year=1984, month=3))
(PartialDate(year=1984, month=3, day=None, until_year=None, circa=False), '1984/03')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tansiq.errors import BadInput, Error
from tansiq.policy.notice import Appearance, Notice, Warrant
from tansiq.policy.subjects import Name, Place, Subject
from tansiq.policy.values import PartialDate, Text

__all__ = ["PUBLIC_COLOURS", "LeftOut", "PublicNotice", "date_from", "date_to", "public_items", "read_public", "read_public_list",
           "write_public", "write_public_list"]  # fmt: skip

PUBLIC_COLOURS: Final = {"red": "notice.red", "yellow": "notice.yellow", "un": "notice.un"}
"""What the service shows, by the word in its addresses."""
_CATEGORIES: Final = {"notice.red": "category.wanted", "notice.yellow": "category.missing"}
_ENTITY: Final = re.compile(r"[0-9]{4}[/-][0-9]{1,9}", re.ASCII)
_DATE: Final = re.compile(r"([0-9]{4})(?:[/-]([0-9]{1,2}))?(?:[/-]([0-9]{1,2}))?", re.ASCII)
_MOST: Final = 10_000
_LONGEST: Final = 16_000
_UNSTATED: Final = "und"
_SPOKEN: Final = {
    "ARA": "ar", "DUT": "nl", "ENG": "en", "FRE": "fr", "GER": "de", "ITA": "it", "POR": "pt", "RUS": "ru", "SPA": "es", "TUR": "tr",
    "CAT": "ca", "BAQ": "eu", "GLG": "gl", "ZGH": "zgh",
}  # fmt: skip
"""The service's codes (ISO 639-2/B) and ours; any other of three letters is taken as it is."""
_WRITTEN: Final = {ours: theirs for theirs, ours in _SPOKEN.items()}
_SCRIPTS: Final = {"ARABIC": "Arab", "LATIN": "Latn", "CYRILLIC": "Cyrl", "HEBREW": "Hebr", "TIFINAGH": "Tfng"}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field of the service that could not be read: which notice, which field."""

    entity_id: str
    field: str


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A notice as the service shows it, and what of it could not be read."""

    entity_id: str
    notice: Notice
    left_out: tuple[LeftOut, ...] = ()


def date_from(said: object) -> PartialDate | None:
    """A date as far as it is known; parts that are zero are not. Raises BadInput for what is no date."""
    found = _DATE.fullmatch(said.strip()) if isinstance(said, str) else None
    if found is None:
        raise BadInput("policy.field-malformed", field="date")
    year, month, day = (int(part) if part and int(part) else None for part in found.groups())
    return None if year is None else PartialDate(year=year, month=month, day=day if month else None)


def date_to(date: PartialDate) -> str:
    """A date as the service writes it, as far as it is known."""
    parts = [f"{date.year:04}"] + [f"{part:02}" for part in (date.month, date.day) if part is not None]
    return "/".join(parts)


def _script_of(name: str) -> str:
    first = next((letter for letter in name if letter.isalpha()), " ")
    return _SCRIPTS.get(unicodedata.name(first, "").partition(" ")[0], "Zyyy")


@dataclass(slots=True)
class _Reading:
    """One notice being read: what can't be is noted and left out."""

    plain: Mapping[str, Any]
    entity_id: str
    left_out: list[LeftOut] = field(default_factory=list)

    def one(self, name: str, make: Callable[[Any], Any]) -> Any:
        """What ``make`` makes of a field; None where it is absent or can't be read."""
        value = self.plain.get(name)
        if value is None or value in ("", []):
            return None
        try:
            return make(value)
        except (Error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            self.left_out.append(LeftOut(self.entity_id, name))
            return None

    def many(self, name: str, make: Callable[[Any], Any]) -> tuple[Any, ...]:
        """The same of each value of a list (or of one that stands alone); those that can't be read are left out."""
        value = self.plain.get(name)
        values = value if isinstance(value, list) else [] if value is None or value == "" else [value]
        out = []
        for one in values:
            if one is None or one == "":
                continue
            try:
                out.append(make(one))
            except (Error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                self.left_out.append(LeftOut(self.entity_id, name))
        return tuple(dict.fromkeys(out))

    def names(self) -> Iterator[Name]:
        """Every name that it gives."""
        for key, role in (
            ("name", "name.family"), ("forename", "name.given"), ("birth_name", "name.previous"),
        ):  # fmt: skip
            if (found := self.one(key, partial(_name, role=role))) is not None:
                yield found
        for parent in ("father", "mother"):
            given, family = (self.one(f"{parent}_{part}", str.strip) for part in ("forename", "name"))
            whole = " ".join(part for part in (given, family) if part)
            if whole:
                yield _name(whole, f"name.{parent}")
        yield from self.many("aliases", _alias)


def _name(said: str, role: str) -> Name:
    words = " ".join(said.split())
    return Name(words, _script_of(words), role)


def _alias(said: Any) -> Name:
    if isinstance(said, Mapping):
        said = " ".join(str(part) for part in (said.get("forename"), said.get("name")) if part)
    return _name(said, "name.alias")


def _text(said: Any) -> Text:
    return Text(_UNSTATED, said.replace("\r\n", "\n").strip())


def _country(said: Any) -> str:
    code = said.strip().upper()
    Place(role="place.other", country=code)  # its shape is judged there
    return str(code)


def _number(said: Any) -> float:
    if isinstance(said, bool):
        raise TypeError
    return float(said)


def _height(said: Any) -> int:
    metres = _number(said)
    made = round(metres * 100 if metres < 3 else metres)
    return Appearance(height_cm=made).height_cm or 0


def _weight(said: Any) -> int:
    return Appearance(weight_kg=round(_number(said))).weight_kg or 0


def _code(said: Any) -> str:
    return Appearance(eyes=(said.strip().upper(),)).eyes[0]


def _spoken(said: Any) -> str:
    code = said.strip().upper()
    tag = _SPOKEN.get(code, code.lower())
    return Appearance(speaks=(tag,)).speaks[0]


def _warrant(said: Any) -> Warrant:
    if not isinstance(said, Mapping):
        raise TypeError
    reading = _Reading(said, "")
    made = Warrant(
        country=reading.one("issuing_country_id", _country),
        charge=reading.one("charge", _text),
        charge_translation=reading.one("charge_translation", _text),
    )
    if reading.left_out or made == Warrant():
        raise ValueError
    return made


def _place(reading: _Reading, *, role: str, name: str, country: str) -> Place | None:
    where, state = reading.one(name, lambda said: " ".join(said.split())), reading.one(country, _country)
    try:
        return Place(role=role, name=where, script=_script_of(where) if where else None, country=state)
    except Error:
        return None


def read_public(plain: object, *, colour: str) -> PublicNotice:
    """A notice of the service. Raises BadInput('policy.public-notice') for what is none: no object, no ``entity_id``."""
    entity = plain.get("entity_id") if isinstance(plain, Mapping) else None
    if not isinstance(plain, Mapping) or not isinstance(entity, str) or not _ENTITY.fullmatch(entity.strip()):
        raise BadInput("policy.public-notice")
    reading = _Reading(plain, entity.strip().replace("-", "/"))
    birth = _place(reading, role="place.birth", name="place_of_birth", country="country_of_birth_id")
    born = reading.one("date_of_birth", date_from)
    appearance = Appearance(
        height_cm=reading.one("height", lambda said: _height(said) if _number(said) else None),
        weight_kg=reading.one("weight", lambda said: _weight(said) if _number(said) else None),
        eyes=reading.many("eyes_colors_id", _code)[:4],
        hair=reading.many("hairs_id", _code)[:4],
        speaks=reading.many("languages_spoken_ids", _spoken)[:16],
        marks=reading.one("distinguishing_marks", _text),
    )
    subject = Subject(
        kind="subject.person",
        names=tuple(reading.names())[:64],
        births=(born,) if born is not None else (),
        nationalities=reading.many("nationalities", _country)[:8],
        sex=reading.one("sex_id", lambda said: {"F": "F", "M": "M", "U": "U"}[said.strip().upper()]),
        places=(birth,) if birth is not None else (),
        category=_CATEGORIES.get(colour),
    )
    notice = Notice(
        colour=colour,
        subjects=(subject,),
        appearance=appearance if appearance != Appearance() else None,
        warrants=reading.many("arrest_warrants", _warrant)[:8],
        event_date=reading.one("date_of_event", date_from),
        event_place=_place(reading, role="place.last-seen", name="place", country="country"),
        facts=reading.one("summary", _text),
        un_reference=reading.one("un_reference", lambda said: Notice(un_reference=said.strip()).un_reference),
        public=True,
    )
    return PublicNotice(reading.entity_id, notice, tuple(reading.left_out))


def public_items(plain: object) -> list[object]:
    """What an answer of the service holds, unread: a list of it, one notice, or several.

    Raises BadInput('policy.public-notice') for what is none of these, and for more than 10,000.
    """
    found: object = plain
    if isinstance(plain, Mapping) and isinstance(plain.get("_embedded"), Mapping):
        found = plain["_embedded"].get("notices")
    elif isinstance(plain, Mapping) and "entity_id" in plain:
        found = [plain]
    if found is None:
        found = []
    if not isinstance(found, list) or len(found) > _MOST:
        raise BadInput("policy.public-notice")
    return found


def read_public_list(plain: object, *, colour: str) -> list[PublicNotice]:
    """The notices of an answer of the service. Raises as `public_items` and `read_public`."""
    return [read_public(one, colour=colour) for one in public_items(plain)]


# ---------------------------------------------------------------------------------------------------- and back


def _of(names: Sequence[Name], role: str) -> str | None:
    return next((name.value for name in names if name.role == role), None)


def _address(colour: str, entity_id: str) -> str:
    word = next((word for word, code in PUBLIC_COLOURS.items() if code == colour), colour.rpartition(".")[2])
    return f"/notices/v1/{word}/{entity_id.replace('/', '-')}"


def _short(one: PublicNotice) -> dict[str, Any]:
    subject = next((subject for subject in one.notice.subjects if subject.is_person), None)
    names = subject.names if subject is not None else ()
    family = _of(names, "name.family") or _of(names, "name.full")
    births = subject.births if subject is not None else ()
    return {
        "entity_id": one.entity_id,
        "name": family,
        "forename": _of(names, "name.given"),
        "date_of_birth": date_to(births[0]) if births else None,
        "nationalities": list(subject.nationalities) or None if subject is not None else None,
        "_links": {"self": {"href": _address(one.notice.colour or "", one.entity_id)}},
    }


def _said(text: Text | None) -> str | None:
    return None if text is None else text.value


def write_public(one: PublicNotice) -> dict[str, Any]:
    """A notice as the service shows it: what it has no field for is left out, what is not known is null."""
    notice = one.notice
    subject = next((subject for subject in notice.subjects if subject.is_person), None) or Subject(
        kind="subject.person"
    )
    seen = notice.appearance or Appearance()
    born = next((place for place in subject.places if place.role == "place.birth"), None)
    out = _short(one) | {
        "sex_id": subject.sex if subject.sex in {"F", "M", "U"} else None,
        "place_of_birth": born.name if born is not None else None,
        "country_of_birth_id": born.country if born is not None else None,
        "height": None if seen.height_cm is None else seen.height_cm / 100,
        "weight": seen.weight_kg,
        "eyes_colors_id": list(seen.eyes) or None,
        "hairs_id": list(seen.hair) or None,
        "languages_spoken_ids": [_WRITTEN.get(tag, tag.upper()) for tag in seen.speaks] or None,
        "distinguishing_marks": _said(seen.marks),
    }
    if notice.colour in {"notice.red", None}:
        out["arrest_warrants"] = [
            {
                "issuing_country_id": warrant.country,
                "charge": _said(warrant.charge),
                "charge_translation": _said(warrant.charge_translation),
            }
            for warrant in notice.warrants
        ]
    if notice.colour == "notice.yellow":
        where = notice.event_place
        out |= {
            "date_of_event": None if notice.event_date is None else date_to(notice.event_date),
            "place": where.name if where is not None else None,
            "country": where.country if where is not None else None,
            "birth_name": _of(subject.names, "name.previous"),
        }
    if notice.colour == "notice.un":
        out |= {"un_reference": notice.un_reference, "summary": _said(notice.facts)}
    return out


def write_public_list(found: Sequence[PublicNotice]) -> dict[str, Any]:
    """Several notices as a list of the service."""
    return {
        "total": len(found),
        "query": {"page": 1, "resultPerPage": len(found)},
        "_embedded": {"notices": [_short(one) for one in found]},
        "_links": {},
    }
