"""The bodies of notices and of words about them, as far as they are here and open.

Invariant: what does not open, or was erased, is None; nobody is asked here whether it may be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from tansiq.cases.contents import StoredStatement, open_statements
from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.notices.kinds import DIFFUSION, NOTICE, UPDATE
from tansiq.policy.notice import Notice
from tansiq.policy.plain import Record

__all__ = ["body_of", "notices_in"]

R = TypeVar("R", bound=Record)
_NOTICES = (NOTICE, UPDATE, DIFFUSION)


def body_of(stored: StoredStatement | None, kinds: Sequence[str], record: type[R]) -> R | None:
    """The record in the first part of one of ``kinds``."""
    if stored is None:
        return None
    part = next((part for kind in kinds if (part := stored.part(kind)) is not None), None)
    try:
        return None if part is None else record.from_plain(part.content)
    except Error:
        return None


def notices_in(statements: Sequence[bytes], *, context: Context) -> Mapping[bytes, Notice]:
    """Those of ``statements`` in which a notice can be read."""
    found = {
        statement: body_of(stored, _NOTICES, Notice)
        for statement, stored in open_statements(statements, keys=context.keys).items()
    }
    return {statement: notice for statement, notice in found.items() if notice is not None}
