"""Madrid and Rabat that have met, an enquiry answered, and those who watch over Rabat's node, each with a browser."""

from __future__ import annotations

import os
from dataclasses import dataclass

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by these tests

from django.conf import settings  # noqa: E402

from support.browsing import Browser  # noqa: E402
from support.matters import an_answer, an_item  # noqa: E402
from support.node import Clock, Nodes, clock, node  # noqa: E402
from support.two import Two  # noqa: E402
from tansiq.accounts.services import create_account  # noqa: E402
from tansiq.enquiries.services import answer_enquiry  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402

__all__ = ["Watched", "clock", "node"]

WORDS = "عشرة مسامير في علبة من نحاس"
NUMBERS = {"data-protection": "MA-0008", "auditor": "MA-0009", "administrator": "MA-0007"}


@dataclass(slots=True)
class Watched:
    """Rabat's node, bound, with the matter that it answered."""

    two: Two
    matter: bytes
    clock: Clock

    @property
    def reference(self) -> str:
        return id_text(self.matter)

    def browser(self, role: str) -> Browser:
        """Somebody of this one role, signed in."""
        found = Browser()
        if role == "officer":
            found.sign_in("MA-2210", clock=self.clock)
            return found
        create_account(NUMBERS[role], WORDS, roles=[role], now_ms=self.clock())
        found.sign_in(NUMBERS[role], WORDS, clock=self.clock)
        return found


@pytest.fixture
def watched(node: Nodes, clock: Clock) -> Watched:
    two = Two(node("es.cgi"), node("ma.dgst"), clock)
    matter = two.arrived()
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer(), items=[an_item()])
    bind_site(two.ma.home)
    settings.ALLOWED_HOSTS = ["testserver"]
    return Watched(two, matter, clock)
