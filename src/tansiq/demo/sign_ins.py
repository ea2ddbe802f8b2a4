"""Prepares the sign-ins of a demonstration's node: accounts without a post, second factors, preferences, the duty roster.

Invariant: only for the invented people of the cast, at a node that was made for the demonstration and does not run yet. A real node has no
such way: there everybody sets up the own second factor.

    python -m tansiq.demo.sign_ins HOME
"""

from __future__ import annotations

import sys

from tansiq.demo.cast import CAST, FELLOWS, Member
from tansiq.node.home import load_home
from tansiq.node.opening import open_node

__all__ = ["prepare"]

_EARLIER_MS = 90_000
"""The factor is set up with a code of a moment ago, for a code is good for once and somebody may sign in at once."""


def prepare(path: str) -> None:
    """Makes everybody of the cast able to sign in at the node in ``path``. Raises what making accounts raises."""
    home = load_home(path)
    context = open_node(home)
    from tansiq.accounts import factors, services  # noqa: PLC0415 (only after Django is bound)
    from tansiq.accounts.opened import opened  # noqa: PLC0415
    from tansiq.demo.duty import fill_roster  # noqa: PLC0415
    from tansiq.directory.queries import own_directory  # noqa: PLC0415

    member: Member = next(one for one in (*CAST, *FELLOWS) if one.agency == home.agency)
    now_ms = context.clock()
    for person in member.people:
        if person.apart:
            services.create_account(person.number, person.passphrase, roles=[person.role], by="demo", now_ms=now_ms)
        account = services.account_of(person.number)
        services.set_preferences(account, language=member.language, zone=member.zone, calendar="gregorian")
        then_ms = now_ms - _EARLIER_MS
        codes = factors.set_factor(
            account, person.factor, factors.code_now(person.factor, now_ms=then_ms), now_ms=then_ms
        )
        factors.drill(account, codes[0], now_ms=now_ms)
    heads = [person.number for person in member.people if person.role == "head"]
    fill_roster(directory=own_directory(), zone=member.zone, by=next(iter(heads), member.officer), node=opened())


if __name__ == "__main__":
    prepare(sys.argv[1])
