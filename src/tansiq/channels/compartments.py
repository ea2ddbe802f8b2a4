"""Whether somebody at a desk may read the body of what passes it, comes to it or is said there: a room above knows the compartments.

Invariant: this room asks, and imports none of them; a desk of which nobody knows compartments has none. Every rule must say yes, for
every field of what is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from tansiq.policy.ways import state_of
from tansiq.protocol.docket import agency_of

__all__ = [
    "RowRule", "Rule", "ServiceRule", "desks_seen", "reads_between", "reads_body", "register_compartments", "sees_between", "service_at",
]  # fmt: skip

Rule: TypeAlias = Callable[[str, str, str, str], bool]
"""The desk, the officer's service number, the service whose matter it is, the field → whether the officer may read it there."""
RowRule: TypeAlias = Callable[[str, str, str], bool]
"""The desk, the officer's service number, the service whose matter it is → whether the officer may know of it there."""
ServiceRule: TypeAlias = Callable[[str, str], str]
"""The desk, the officer's service number → the service to which the officer belongs there; '' where the desk has no compartments."""
_rules: list[Rule] = []
_row_rules: list[RowRule] = []
_service_rules: list[ServiceRule] = []


def register_compartments(*, bodies: Rule, rows: RowRule, services: ServiceRule) -> None:
    """Adds rules for bodies and for rows, and who belongs to which service; the same twice is there once."""
    if bodies not in _rules:
        _rules.append(bodies)
    if rows not in _row_rules:
        _row_rules.append(rows)
    if services not in _service_rules:
        _service_rules.append(services)


def service_at(post: str, officer: str, ends: Sequence[str]) -> str:
    """Whose matter something between ``ends`` is to ``officer`` at the desk ``post``: of the other end in that desk's state; where there is
    none, of the desk's own agency if it is an end, else of the first end. What comes to the desk or is said there is its own agency's people's too.
    """
    near = next((end for end in ends if end and end != post and state_of(end) == state_of(post)), "")
    own = agency_of(post)
    if post in ends and (not near or own in {rule(post, officer) for rule in _service_rules}):
        return own
    return agency_of(near or ends[0])


def reads_body(post: str, officer: str, *, ends: Sequence[str], fields: Iterable[str]) -> bool:
    """Whether ``officer`` may read, at the desk ``post``, what was said between ``ends`` and concerns all these ``fields``."""
    if not _rules:
        return True
    service = service_at(post, officer, ends)
    asked = {field for field in fields if field} or {""}
    return all(reads_between(post, officer, service=service, field=field) for field in asked)


def reads_between(post: str, officer: str, *, service: str, field: str) -> bool:
    """Whether ``officer`` may read, at the desk ``post`` that it passes, what is ``service``'s in ``field``."""
    return all(rule(post, officer, service, field) for rule in _rules)


def sees_between(post: str, officer: str, *, sender: str, addressee: str) -> bool:
    """Whether ``officer`` may know, at the desk ``post``, that something went from ``sender`` to ``addressee``."""
    if not _row_rules:
        return True
    service = service_at(post, officer, (sender, addressee))
    return all(rule(post, officer, service) for rule in _row_rules)


def desks_seen(posts: Sequence[str], officer: str) -> tuple[str, ...]:
    """Of an officer's desks those at which the officer may know of what is the desk's own agency's."""
    return tuple(post for post in posts if sees_between(post, officer, sender=post, addressee=""))
