"""What a check of law finds: every fault at once, each with its code, its field, its requirement and its source.

Invariant: a check tells all that is wrong, not only the first, so that nobody writes a request five times; and it tells
it in codes and field names, never with what stood in the field. ``row`` numbers the requirement in the project's
register of requirements, ``source`` is act and article.

>>> Fault("policy.law.facts-missing", "facts", 4, "Directive (EU) 2023/977, Article 4(5)").sentence("en")
'The facts of the case are missing.'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from tansiq.errors import Refused
from tansiq.policy.codes import CodeList
from tansiq.policy.plain import Code, Many, One, Record, slots_of
from tansiq.texts import text

__all__ = ["Fault", "Faults", "Lists", "Rule", "find", "refuse", "unknown_codes"]

Lists: TypeAlias = Callable[[str], CodeList]
"""Where a rule finds a code list by name: ``codes.code_list``, or an agency's own that extends it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One requirement that is not met. ``field`` is a path: ``law.transfer.ground``, ``subjects.0.category``."""

    code: str
    field: str
    row: int
    source: str

    def sentence(self, language: str) -> str:
        """What a person reads."""
        return text(self.code, language)


class Faults(tuple[Fault, ...]):
    """All faults of one check; as text, their codes."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(dict.fromkeys(fault.code for fault in self))


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One requirement of law: its code, the field it looks at, row and source, and when it is not met."""

    code: str
    field: str
    row: int
    source: str
    fails: Callable[[T, Lists], bool]


def find(rules: Iterable[Rule[T]], record: T, lists: Lists, path: str = "") -> list[Fault]:
    """The faults of ``record`` by ``rules``; ``path`` stands before the field, with its dot."""
    return [Fault(rule.code, path + rule.field, rule.row, rule.source) for rule in rules if rule.fails(record, lists)]


_KNOWN: Final[dict[type[Record], tuple[tuple[str, str, bool], ...]]] = {}


def _looked_at(kind: type[Record]) -> tuple[tuple[str, str, bool], ...]:
    """The fields of ``kind`` with codes (name, list, several?), or with records in which codes stand (list: '')."""
    if kind in _KNOWN:
        return _KNOWN[kind]
    found = [
        (slot.name, slot.inner.name if isinstance(slot.inner, Code) else "", isinstance(slot.shape, Many))
        for slot in slots_of(kind)
        if isinstance(slot.inner, Code) or (isinstance(slot.inner, One) and _looked_at(slot.inner.kind))
    ]
    return _KNOWN.setdefault(kind, tuple(found))


def _add_unknown(record: Record, lists: Lists, path: str, out: list[Fault]) -> None:
    for name, listed, several in _KNOWN.get(type(record)) or _looked_at(type(record)):
        value = getattr(record, name)
        if value is None or (several and not value):
            continue
        if listed:
            codes = lists(listed).entries
            if not all(map(codes.__contains__, value)) if several else value not in codes:
                out.append(Fault("policy.law.code-unknown", path + name, 4, "Directive (EU) 2023/977, Article 6(1)(b)"))
        elif several:
            for index, item in enumerate(value):
                _add_unknown(item, lists, f"{path}{name}.{index}.", out)
        else:
            _add_unknown(value, lists, f"{path}{name}.", out)


def unknown_codes(record: Record, lists: Lists, path: str = "") -> list[Fault]:
    """A fault for every code, at any depth, that its list does not have; row 4, for the request is not compliant."""
    out: list[Fault] = []
    _add_unknown(record, lists, path, out)
    return out


def refuse(faults: Faults) -> None:
    """Raises Refused('policy.law') with all ``faults`` as a value, unless there are none."""
    if faults:
        raise Refused("policy.law", count=len(faults), faults=faults)
