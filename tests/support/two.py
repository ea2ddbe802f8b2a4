"""Madrid and Rabat at work together in one test: an enquiry said, delivered and dispatched in a line.

Invariant: what an honest node says goes through the services; what no honest node says is made of a `Two.draft` that a
test spoils and then says (`Two.say`), signed by the real node and a real officer, so that the other side has nothing
but the content to refuse it by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from support.matters import an_enquiry
from support.node import Clock, Node, carry
from tansiq.channels.ways import find
from tansiq.directory.queries import sealing_key_of
from tansiq.enquiries.drafts import request_draft
from tansiq.enquiries.services import send_enquiry
from tansiq.exchange.drafts import Draft, OfficerAct, Reader
from tansiq.exchange.services import send
from tansiq.policy.enquiry import Enquiry
from tansiq.protocol.ids import new_id
from tansiq.protocol.statement import Statement

__all__ = ["Two"]


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
        way = find("embassy", self.es.post(), self.ma.post(), via=self.office, context=context, now_ms=context.clock())
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
