"""Two agencies that have met, an enquiry between them, and ways to say what no honest node says."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from fixtures.unlist import listed, person
from support.matters import an_enquiry
from support.node import Clock, Node, Nodes, carry, clock, node
from tansiq.directory.queries import sealing_key_of
from tansiq.enquiries.drafts import Way, request_draft
from tansiq.enquiries.services import send_enquiry
from tansiq.exchange.drafts import Draft, OfficerAct, Reader
from tansiq.exchange.queries import quarantined
from tansiq.exchange.services import send
from tansiq.policy.enquiry import Enquiry
from tansiq.protocol.ids import new_id
from tansiq.protocol.statement import Statement
from tansiq.registers.services import import_un_list

__all__ = ["Two", "clock", "node", "two"]


@dataclass(frozen=True, slots=True)
class Two:
    """Madrid and Rabat."""

    es: Node
    ma: Node
    clock: Clock

    @property
    def office(self) -> str:
        return self.es.post("embassy-office")

    def ask(self, request: Enquiry | None = None, **more: Any) -> bytes:
        """Madrid asks Rabat; Madrid stays bound."""
        return send_enquiry(
            request or an_enquiry(),
            context=self.es.use(),
            officer=more.pop("officer", self.es.officer()),
            from_post=more.pop("from_post", self.es.post()),
            to_post=more.pop("to_post", self.ma.post()),
            via_office_post=more.pop("via_office_post", self.office),
            **more,
        )

    def arrived(self, request: Enquiry | None = None, **more: Any) -> bytes:
        """The same, delivered and dispatched; Rabat is bound."""
        matter = self.ask(request, **more)
        carry(self.es, self.ma)
        self.ma.use()
        return matter

    def carry(self) -> None:
        """Everything that waits goes to and fro; Madrid is bound afterwards."""
        carry(self.es, self.ma)

    def draft(self, request: Enquiry | None = None, *, act: OfficerAct | None = None) -> Draft:
        """A request's draft of Madrid, to be spoilt before it is said (`say`)."""
        context = self.es.use()
        way = Way.find(self.es.post(), self.office, self.ma.post(), context=context, now_ms=context.clock())
        signed = act or self.es.officer().acting("enquiry.request", post=self.es.post())
        return request_draft(request or an_enquiry(), matter=new_id(context.clock()), case=b"", way=way, act=signed)

    def say(self, draft: Draft) -> Statement:
        """Madrid's node says a draft as it is; it is delivered and dispatched; Rabat is bound."""
        statement = send(draft, context=self.es.use())
        carry(self.es, self.ma)
        self.ma.use()
        return statement

    def reader(self, post: str) -> Reader:
        """A reader of Rabat, or of Madrid for what Rabat says."""
        _, key = sealing_key_of(post, self.clock())
        return Reader(post.partition("/")[0], key)


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    es, ma = node("es.cgi"), node("ma.dgst")
    return Two(es, ma, clock)


@pytest.fixture
def registered(two: Two) -> Two:
    """Rabat has a register in which the person asked about stands, written differently."""
    context = two.ma.use()
    names = person(1, ("Moktar", "Benali", "Elinvento"), original="مختار بنعلي", aliases=[], births=[])
    other = person(2, ("Wilhelmina", "Oosterhuis"), original="", aliases=[], births=[])
    import_un_list(io.BytesIO(listed(names + other)), context=context, officer="MA-2210")
    return two


@pytest.fixture
def set_aside() -> Callable[[], list[str]]:
    """Why statements were quarantined at the node that is bound: the codes."""
    return lambda: [one.code for one in quarantined()]


@pytest.fixture
def rows() -> Callable[[], dict[str, int]]:
    """How many rows this capability has at the node that is bound."""

    def count() -> dict[str, int]:
        tables = ("enquiries_enquiry", "enquiries_reply", "enquiries_match", "cases_item")
        with connection.cursor() as cursor:
            found = {}
            for table in tables:
                cursor.execute(f"SELECT COUNT(*) FROM {table}")
                found[table] = cursor.fetchone()[0]
        return found

    return count
