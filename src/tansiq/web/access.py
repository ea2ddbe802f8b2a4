"""Who may open a page. Every view says it, with `page`; one that does not is never run.

Invariant: the rule stands on the view and is judged before it runs, by `middleware.AccessMiddleware`. Who may not open a
page gets the answer of a page that does not exist, so that nobody learns by trying what there is; who is not signed in
is led to the sign-in. The administrator has no role that shows content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from tansiq.web.visitor import Visitor

__all__ = ["ANYONE", "SIGNED_IN", "Access", "Role", "access_of", "page"]


class Role(StrEnum):
    """What somebody does here; the labels stand in the code list ``roles``."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    HEAD = "head"
    LIAISON = "liaison"
    BUREAU = "bureau"
    DATA_PROTECTION = "data-protection"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Open(StrEnum):
    """A page that asks for no role."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in"


ANYONE: Final = Open.ANYONE
"""Also who is not signed in: the sign-in pages, the choice of language, errors."""
SIGNED_IN: Final = Open.SIGNED_IN
"""Whoever is signed in, whatever the role: one's own account, notifications."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rule of one view: which roles (any of them), by which methods."""

    roles: frozenset[Role]
    open: Open | None
    methods: tuple[str, ...]

    def permits(self, visitor: Visitor) -> bool:
        """Whether ``visitor`` may open the page."""
        if self.open is Open.ANYONE:
            return True
        if not visitor.number:
            return False
        return self.open is Open.SIGNED_IN or bool(self.roles & visitor.roles)


_View = TypeVar("_View", bound=Callable[..., object])


def page(*who: Role | Open, methods: tuple[str, ...] = ("GET",)) -> Callable[[_View], _View]:
    """The rule of a view: ``@page(Role.OFFICER, Role.HEAD, methods=("GET", "POST"))`` or ``@page(ANYONE)``.

    HEAD goes with GET. Raises ValueError when nobody is named (a defect).
    """
    opened = next((one for one in (ANYONE, SIGNED_IN) if one in who), None)
    if not who:
        raise ValueError("a page says who may open it")
    allowed = tuple(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
    rule = Access(frozenset(one for one in who if isinstance(one, Role)), opened, allowed)

    def mark(view: _View) -> _View:
        setattr(view, "access", rule)  # noqa: B010 (a function has no declared attributes)
        return view

    return mark


def access_of(view: object) -> Access | None:
    """The rule of a view, None when it has none and so can't be run."""
    found = getattr(view, "access", None)
    return found if isinstance(found, Access) else None
