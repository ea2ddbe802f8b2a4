"""Up to which classification an officer may read, when it is another than the node's configuration says for all.

Invariant: nobody sets the own clearance; each change stands among the events of the account. What is above a reader's
clearance is not there for that reader (`cases.exits`), from the next page on.
"""

from __future__ import annotations

from django.db import connection, transaction

from tansiq.accounts.events import What, note
from tansiq.accounts.opened import Opened
from tansiq.errors import NotFound, Refused
from tansiq.policy.codes import code_list

__all__ = ["given_clearance", "set_clearance"]


def given_clearance(number: str) -> str:
    """The clearance (a code of the classification) that was given to an officer; '' when none was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clearance FROM accounts_account WHERE number = %s", (number,))
        row = cursor.fetchone()
    return "" if row is None else str(row[0])


def set_clearance(number: str, clearance: str, *, by: str, node: Opened) -> None:
    """Gives an officer a clearance of their own, or takes it away (''). Raises NotFound, BadInput, or Refused for one's own."""
    from tansiq.accounts.models import Account  # noqa: PLC0415 (a model is there once Django is; the exits ask here before)

    if number == by:
        raise Refused("accounts.own-clearance")
    code = code_list("classification").require(clearance) if clearance else ""
    with transaction.atomic():
        if not Account.objects.filter(number=number).update(clearance=code):
            raise NotFound("accounts.no-account", officer=number)
        note(What.CLEARANCE_SET, number, by=by, now_ms=node.clock())
