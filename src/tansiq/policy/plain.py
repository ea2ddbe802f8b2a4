"""Records of the policy as plain values of CBOR, and back.

Invariant: ``T.from_plain(x.to_plain()) == x`` for every record, and whatever else ``from_plain`` is given, it makes a
record that keeps every limit or raises BadInput. What came by the wire and what a person typed pass the same checks,
since a record checks itself when it is made.

Unknown keys are ignored, so that a newer version may add what this one can do without; an unknown key that begins with
``!`` is refused ('policy.newer-version'), so that it may also add what must not be overlooked, such as a restriction.
An absent value is left out, never written as null. A code needs only its shape here, whether its list has it is
a question of law (``law``): so a partner's newer code arrives, is shown and is answered, not thrown away.

A field names its shape beside its type: ``purpose: Annotated[str | None, Code("purposes")] = None``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol, Self, TypeAlias, get_type_hints

from tansiq.errors import BadInput
from tansiq.policy.codes import CODE

__all__ = [
    "Code",
    "Flag",
    "Line",
    "Many",
    "Matching",
    "One",
    "Plain",
    "Prose",
    "Record",
    "Shape",
    "Slot",
    "Whole",
    "slots_of",
]

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain]"

_FORBIDDEN: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ud800-\udfff\ufffe\uffff"
"""Control characters, lone surrogates, and the two overrides of direction, which make a text read as another."""
_NOT_IN_PROSE: Final = re.compile(f"[{_FORBIDDEN}]")
_NOT_IN_A_LINE: Final = re.compile(f"[\t\n\u202a-\u202c{_FORBIDDEN}]")
_LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")
_MOST_PASSED: Final = 1024


class Shape(Protocol):
    """What a field may hold."""

    def check(self, value: object, field: str) -> None:
        """Raises BadInput naming ``field`` unless ``value`` keeps type and limits."""


def _text(value: object, field: str, most: int) -> str:
    if type(value) is not str:
        raise BadInput("policy.field-type", field=field)
    if len(value) > most:
        raise BadInput("policy.field-too-long", field=field, most=most)
    return value


@lru_cache(maxsize=4096)
def _is_code(value: str) -> bool:
    return CODE.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the list ``name``; here only its shape is judged."""

    name: str

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if type(value) is not str or len(value) > 64 or not _is_code(value):
            _text(value, field, 64)
            raise BadInput("policy.field-malformed", field=field)


@dataclass(frozen=True, slots=True)
class Prose:
    """Words of a person, in lines ended by LF: at least one letter or digit, no control characters."""

    most: int

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if type(value) is str and len(value) <= self.most and value[:1].isalnum() and value.isprintable():
            return  # as most are
        text = _text(value, field, self.most)
        if _NOT_IN_PROSE.search(text) or not _LETTER_OR_DIGIT.search(text):
            raise BadInput("policy.field-malformed", field=field)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a name, a number; as prose, but without line ends, tabs and marks that embed a direction."""

    most: int

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if type(value) is str and len(value) <= self.most and value[:1].isalnum() and value.isprintable():
            return  # as most are
        text = _text(value, field, self.most)
        if _NOT_IN_A_LINE.search(text) or not _LETTER_OR_DIGIT.search(text):
            raise BadInput("policy.field-malformed", field=field)


@dataclass(frozen=True, slots=True)
class Matching:
    """A short text that matches ``pattern`` as a whole: a language tag, a country, a reference. ``few``: as a code, it is one of few."""

    pattern: re.Pattern[str]
    most: int = 96
    few: bool = False

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if type(value) is not str or len(value) > self.most or not self.pattern.fullmatch(value):
            _text(value, field, self.most)
            raise BadInput("policy.field-malformed", field=field)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``least`` to ``most``, both included."""

    least: int
    most: int

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if type(value) is not int:
            raise BadInput("policy.field-type", field=field)
        if not self.least <= value <= self.most:
            raise BadInput("policy.field-malformed", field=field)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if type(value) is not bool:
            raise BadInput("policy.field-type", field=field)


@dataclass(frozen=True, slots=True)
class One:
    """One record of another class."""

    kind: type[Record]

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if not isinstance(value, self.kind):
            raise BadInput("policy.field-type", field=field)


@dataclass(frozen=True, slots=True)
class Many:
    """Up to ``most`` values of one shape, as a tuple; an empty tuple is the same as an absent field."""

    each: Code | Line | Matching | One
    most: int

    def check(self, value: object, field: str) -> None:
        """See `Shape`."""
        if not isinstance(value, tuple):
            raise BadInput("policy.field-type", field=field)
        if len(value) > self.most:
            raise BadInput("policy.field-too-long", field=field, most=self.most)
        for item in value:
            self.each.check(item, field)


_Check: TypeAlias = Callable[[Any, str], None]
_Read: TypeAlias = Callable[[object], object]


class Slot(NamedTuple):
    """One field of a record: its name, the label that errors show, its shape, and how it is written and read."""

    name: str
    label: str
    shape: Shape
    required: bool
    nullable: bool
    write: Callable[[Any], Plain] | None
    read: _Read | None

    @property
    def inner(self) -> Shape:
        """The shape of one value: of each, where the field holds many."""
        return self.shape.each if isinstance(self.shape, Many) else self.shape


def _write_record(value: Record) -> Plain:
    return value.to_plain()


def _write_records(values: tuple[Record, ...]) -> Plain:
    return [value.to_plain() for value in values]


def _reader(shape: Shape, label: str) -> _Read | None:
    """How a value of ``shape`` is read and checked; None: it is checked, and taken as it is."""
    if isinstance(shape, One):
        return shape.kind.from_plain
    if isinstance(shape, Many):
        each, check, most = _reader(shape.each, label), shape.each.check, shape.most

        def read(plain: object) -> object:
            if type(plain) is not list and type(plain) is not tuple:
                raise BadInput("policy.field-type", field=label)
            if len(plain) > most:
                raise BadInput("policy.field-too-long", field=label, most=most)
            if each is not None:
                return tuple([each(item) for item in plain])
            for item in plain:
                check(item, label)
            return tuple(plain)

        return read
    return None


def _writer(shape: Shape) -> Callable[[Any], Plain] | None:
    """How a value of ``shape`` is written; None: as it is."""
    if isinstance(shape, One):
        return _write_record
    if isinstance(shape, Many):
        return _write_records if isinstance(shape.each, One) else list
    return None


_KNOWN: Final[dict[type[Record], tuple[Slot, ...]]] = {}


def slots_of(kind: type[Record]) -> tuple[Slot, ...]:
    """The fields of ``kind`` in their order; read from its annotations once."""
    if kind in _KNOWN:
        return _KNOWN[kind]
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in fields(kind):  # type: ignore[arg-type]  # every record is a dataclass
        shape: Shape = hints[field.name].__metadata__[0]
        label = f"{kind.__name__.lower()}.{field.name}"
        required, nullable = field.default is MISSING, field.default is None
        found.append(Slot(field.name, label, shape, required, nullable, _writer(shape), _reader(shape, label)))
    return _KNOWN.setdefault(kind, tuple(found))


class _Plan(NamedTuple):
    """What reading, checking and writing records of one class needs, worked out once, for a request holds two dozen."""

    values: Callable[[Record], tuple[Any, ...]]
    checks: tuple[tuple[_Check, str, bool], ...]
    writers: tuple[tuple[str, Callable[[Any], Plain] | None], ...]
    readers: tuple[tuple[str, str, set[str] | None, _Check, _Read | None, object, Callable[[Any, Any], None]], ...]
    """Name, label, the codes that have passed (None: it holds none), how it is checked or else read and checked, what is there when it is
    absent, and how it is put in.
    """


_PLANS: Final[dict[type[Record], _Plan]] = {}


def _passed(shape: Shape) -> set[str] | None:
    """Where codes that have passed are remembered: the same few stand in most records. Nothing else is, for it may be a person's."""
    return set() if isinstance(shape, Code) or (isinstance(shape, Matching) and shape.few) else None


def _plan(kind: type[Record]) -> _Plan:
    slots = slots_of(kind)
    names = [slot.name for slot in slots]
    plan = _Plan(
        values=attrgetter(*names) if len(names) > 1 else lambda record: (getattr(record, names[0]),),
        checks=tuple((slot.shape.check, slot.label, slot.nullable) for slot in slots),
        writers=tuple((slot.name, slot.write) for slot in slots),
        readers=tuple(
            (
                slot.name,
                slot.label,
                _passed(slot.shape),
                slot.shape.check,
                slot.read,
                field.default,
                getattr(kind, slot.name).__set__,
            )
            for slot, field in zip(slots, fields(kind), strict=True)  # type: ignore[arg-type]  # as above
        ),
    )
    return _PLANS.setdefault(kind, plan)


class Record:
    """Base of all records: frozen dataclasses whose fields carry a shape."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Checks every field. Raises BadInput."""
        plan = _PLANS.get(type(self)) or _plan(type(self))
        for value, (check, label, nullable) in zip(plan.values(self), plan.checks, strict=True):
            if value is not None:
                check(value, label)
            elif not nullable:
                raise BadInput("policy.field-missing", field=label)
        self._verify()

    def _verify(self) -> None:
        """What the fields must keep together; a record that has such a rule overrides it. Raises BadInput."""

    def to_plain(self) -> dict[str, Plain]:
        """This record as a map of plain values; what is absent is left out."""
        out: dict[str, Plain] = {}
        plan = _PLANS.get(type(self)) or _plan(type(self))
        for value, (name, write) in zip(plan.values(self), plan.writers, strict=True):
            if value is None or (type(value) is tuple and not value):
                continue
            out[name] = value if write is None else write(value)
        return out

    @classmethod
    def from_plain(cls, plain: object) -> Self:
        """A record from a map of plain values.

        Raises BadInput: anything but such a map; a field lacking, of the wrong type, beyond its limit; a newer '!' key.
        """
        if not isinstance(plain, dict):
            raise BadInput("policy.field-type", field=cls.__name__.lower())
        plan = _PLANS.get(cls) or _plan(cls)
        record, left = object.__new__(cls), len(plain)
        for name, label, passed, check, read, default, put in plan.readers:
            if name not in plain:
                if default is MISSING:
                    raise BadInput("policy.field-missing", field=label)
                put(record, default)
                continue
            left -= 1
            value = plain[name]
            if read is not None and value is not None:
                put(record, read(value))
                continue
            if type(value) is not str or passed is None or value not in passed:
                if value is None:
                    raise BadInput("policy.field-type", field=label)
                check(value, label)
                if passed is not None and len(passed) < _MOST_PASSED:
                    passed.add(value)
            put(record, value)
        if left and any(isinstance(key, str) and key.startswith("!") for key in plain):
            raise BadInput("policy.newer-version", field=cls.__name__.lower())
        record._verify()
        return record
