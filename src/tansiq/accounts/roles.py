"""Who may hold which roles.

Invariant: least rights. The administrator sees no content, so an account holds that role alone. A role that shows content takes effect only
while the directory document lists the service number, which the offline identity signs: an administrator of the running node can make
accounts, but no readers. The supervisor from outside and the data protection officer need no key, so an administrator can't give
these two; whoever holds the node's own account gives them on the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tansiq.errors import BadInput, Refused
from tansiq.policy.codes import code_list
from tansiq.protocol.directory import Directory
from tansiq.web.access import Role

__all__ = ["ON_COMMAND_LINE_ONLY", "check_roles", "effective_roles", "roles_for_posts", "roles_of"]

ON_COMMAND_LINE_ONLY: Final = frozenset({Role.AUDITOR, Role.DATA_PROTECTION})
"""Roles that read without being listed in the directory document."""
_WITHOUT_LISTING: Final = ON_COMMAND_LINE_ONLY | {Role.ADMINISTRATOR}
_BY_POST: Final = {"head": Role.HEAD, "bureau": Role.BUREAU, "liaison": Role.LIAISON}


def roles_of(column: str) -> frozenset[Role]:
    """The roles in a column; what this version does not know is passed over."""
    return frozenset(Role(code) for code in column.split() if code in set(Role))


def check_roles(roles: Iterable[str]) -> str:
    """The column for these roles, in the order of the code list. Raises BadInput (unknown, none) or Refused (they exclude each other)."""
    known = code_list("roles")
    wanted = {known.require(one) for one in roles}
    if not wanted:
        raise BadInput("accounts.no-role")
    if Role.ADMINISTRATOR in wanted and len(wanted) > 1:
        raise Refused("accounts.administrator-alone")
    return " ".join(code for code in known if code in wanted)


def effective_roles(number: str, column: str, directory: Directory) -> frozenset[Role]:
    """The roles that have effect now."""
    held = roles_of(column)
    if any(officer.number == number for officer in directory.officers):
        return held
    return held & _WITHOUT_LISTING


def roles_for_posts(roles: Iterable[str]) -> tuple[Role, ...]:
    """The roles that go with posts of these roles (codes of the directory), when nobody says otherwise."""
    return tuple(sorted({_BY_POST.get(role, Role.OFFICER) for role in roles}))
