"""What the rooms above show in the frame: they register, the frame asks. Each provider is called for each page.

    NAVIGATION  entries of the main navigation, with a count where somebody must act
    GROUPS      further groups beside it (the channels with a partner and their state)
    HEADER      the agency and the desk in the header
    DESK        matters that wait (rows of the desk)
    TABS        tabs of a place ('case', 'enquiry'), given the thing that is looked at
    SEARCH      what the one search box finds
    OFFERS      what may be searched besides, with a reason: a form in the page of what was found
    NOTICES     what happened meanwhile
    ALERTS      what is to be read before anything else, over a place ('desk', 'enquiry'), given the thing that is looked at
    LANGUAGE    told when a visitor chooses a language, so that it is remembered

Invariant: a name is registered once; again, it replaces (a process that opens a second node registers the same).
A provider sees the request, so it shows what its visitor may see and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from tansiq.web.access import Role
from tansiq.web.visitor import Request

__all__ = [
    "ALERTS",
    "DESK",
    "GROUPS",
    "HEADER",
    "LANGUAGE",
    "NAVIGATION",
    "NOTICES",
    "OFFERS",
    "SEARCH",
    "TABS",
    "Alert",
    "Entry",
    "Found",
    "Group",
    "GroupRow",
    "Header",
    "Notice",
    "Offer",
    "Registry",
    "Row",
    "Tab",
]

_T = TypeVar("_T")


class Registry(Generic[_T]):
    """Providers by name, in their order."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, _T]] = {}

    def register(self, name: str, provider: _T, *, order: int = 100) -> None:
        """Adds ``provider`` under ``name``, or puts it in the place of the one that has this name."""
        self._kept[name] = (order, provider)

    def __iter__(self) -> Iterator[_T]:
        for _, provider in sorted(self._kept.values(), key=lambda pair: pair[0]):
            yield provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the navigation. ``label`` is the key of a text, ``url`` the name of a page, ``roles`` who sees it;
    ``count`` how much waits there (0 shows nothing); ``shown`` whether this visitor has it, where the roles do not say it all.
    """

    label: str
    url: str
    roles: frozenset[Role]
    count: Callable[[Request], int] = lambda _: 0
    shown: Callable[[Request], bool] = lambda _: True


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A row of a group: ``label`` and ``state`` are words in the reader's language, ``sign`` a channel's code or '';
    ``tone`` 'late', 'due', 'proof' or '' colours ``state``.
    """

    label: str
    url: str = ""
    sign: str = ""
    count: int = 0
    state: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group beside the navigation, its ``heading`` in the reader's language, and where that leads ('' nowhere)."""

    heading: str
    rows: tuple[GroupRow, ...]
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header's words in the reader's language. ``mark`` one or two letters; ``place`` the town of the clock."""

    agency: str
    post: str
    mark: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A matter in a list, as `components/rail_row.html` shows it.

    ``title`` was written by the system (a text) unless ``title_language`` says in which language a person wrote it;
    ``facts`` short words, or markup of `markup`; ``sign`` the channel's code; ``handling`` the code to show as a chip ('' none); ``due_ms`` and
    ``start_ms`` the clock (None: no deadline); ``clock`` as in `policy.deadlines.ClockState`; ``term`` words under the
    deadline ('8 h · urgent').
    """

    title: str
    url: str
    title_language: str = ""
    facts: tuple[str, ...] = ()
    sign: str = ""
    handling: str = ""
    due_ms: int | None = None
    start_ms: int | None = None
    clock: str = "running"
    term: str = ""
    current: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab: ``label`` the key of a text, ``url`` an address, ``count`` 0 shows nothing."""

    label: str
    url: str
    name: str
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that the search found. ``kind`` the key of a text; ``title`` as somebody wrote it, ``detail`` ours."""

    kind: str
    title: str
    url: str
    detail: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A further search that the page of what was found offers: the ``template`` of a form that is posted, and its ``context``."""

    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that happened. ``words`` in the reader's language; ``tone`` as in `GroupRow`."""

    words: str
    url: str
    at_ms: int
    tone: str = ""
    read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What stands over a page until somebody has looked: ``words`` in the reader's language, ``url`` where more of it stands and
    ``action`` the key of the text that leads there; ``tone`` as in `GroupRow`.
    """

    words: str
    url: str
    action: str
    tone: str = "late"


NAVIGATION: Final[Registry[Entry]] = Registry()
GROUPS: Final[Registry[Callable[[Request], Group | None]]] = Registry()
HEADER: Final[Registry[Callable[[Request], Header]]] = Registry()
DESK: Final[Registry[Callable[[Request], Iterable[Row]]]] = Registry()
TABS: Final[Registry[Callable[[Request, str, Any], Iterable[Tab]]]] = Registry()
SEARCH: Final[Registry[Callable[[Request, str], Iterable[Found]]]] = Registry()
OFFERS: Final[Registry[tuple[frozenset[Role], Callable[[Request, str], Offer | None]]]] = Registry()
NOTICES: Final[Registry[Callable[[Request], Iterable[Notice]]]] = Registry()
ALERTS: Final[Registry[Callable[[Request, str, Any], Iterable[Alert]]]] = Registry()
LANGUAGE: Final[Registry[Callable[[Request, str], None]]] = Registry()
