"""The full enquiry as a measurement sends it: the demonstration's, about another person and another telephone each time.

Invariant: what `enquiries.services.send_enquiries` does for an officer is measured as it is: signed by the officer, asked of the law, stored
as an item, logged, signed and sealed by the node; the other node asks the law again, stores it and looks into its register, which is
the demonstration's. Only the deadline is not an urgent one, so that bulk goes by the lane for bulk.
"""

from __future__ import annotations

import io
import itertools
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

from tansiq.exchange.context import Context
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.policy.enquiry import Enquiry

__all__ = ["DESK", "OFFICE", "OFFICERS", "POSTS", "EnquiryDesk", "import_register"]

DESK: Final = "desk"
OFFICE: Final = "embassy-office"
_OFFICER: Final = "BENCH-1"
_PASSPHRASE: Final = "a measurement's passphrase"  # noqa: S105 (of an officer who lives as long as the measurement)
_READ: Final = ("es", "fr", "ar")
POSTS: Final = (NewPost(DESK, "desk", languages=_READ), NewPost(OFFICE, "office", languages=_READ))
OFFICERS: Final = (NewOfficer(_OFFICER, (DESK,), _PASSPHRASE),)
_URGENT: Final = ("urgency_ground", "urgency_reason")
_GIVEN: Final = (
    "Abdelcrim",
    "Mohamed",
    "Jalid",
    "Nuredin",
    "Rachid",
    "Yusef",
    "Hamza",
    "Driss",
    "Said",
    "Omar",
    "Bilal",
)
_FAMILY: Final = (
    "Chauni Zaglul",
    "Benali",
    "Charkaui",
    "Buazati",
    "Lamrabet",
    "Serguini",
    "Aitufela",
    "Hamdaui",
    "Zerhuni",
)


def _written() -> Iterator[dict[str, Any]]:
    """The draft of the demonstration, made out for one invented person after another."""
    told = tomllib.loads(resources.files("tansiq.demo").joinpath("enquiry.toml").read_text(encoding="utf-8"))
    draft = {key: value for key, value in told.items() if key not in {"to", "via", *_URGENT}}
    draft["deadline_class"] = "normal"
    subject = draft["subjects"][0]
    names = itertools.cycle(itertools.product(_GIVEN, _FAMILY))
    for number, (given, family) in enumerate(names):
        name = {**subject["names"][0], "value": f"{given} {family}"}
        telephone = {**subject["identifiers"][0], "number": f"+34 600 {number:06d}"}
        yield {**draft, "subjects": [{**subject, "names": [name, *subject["names"][1:]], "identifiers": [telephone]}]}


class EnquiryDesk:
    """An officer's desk on the node of ``context`` that asks the desk of ``peer``."""

    def __init__(self, context: Context, peer: str) -> None:
        from tansiq.node.officers import sign_in  # noqa: PLC0415 (only after Django is bound)

        self._context = context
        self._officer = sign_in(_OFFICER, _PASSPHRASE, context=context)
        self._peer = peer
        self._drafts = _written()

    def requests(self, count: int) -> list[Enquiry]:
        """The next ``count`` requests, read as from an officer's draft."""
        from tansiq.enquiries.reading import request_from  # noqa: PLC0415 (only after Django is bound)
        from tansiq.node.written import written  # noqa: PLC0415

        now_ms = self._context.clock()
        drafts = [written(draft, Enquiry) for draft in itertools.islice(self._drafts, count)]
        return [request_from(draft, officer=self._officer.number, now_ms=now_ms) for draft in drafts]

    def send(self, requests: list[Enquiry]) -> None:
        """Sends ``requests`` in one commit."""
        from tansiq.enquiries.services import send_enquiries  # noqa: PLC0415 (only after Django is bound)

        own = self._context.agency
        send_enquiries(
            requests,
            context=self._context,
            officer=self._officer,
            from_post=f"{own}/{DESK}",
            to_post=f"{self._peer}/{DESK}",
            via_office_post=f"{own}/{OFFICE}",
        )


def import_register(context: Context) -> int:
    """Imports the demonstration's register; returns how many persons it has."""
    from tansiq.registers.services import import_un_list  # noqa: PLC0415 (only after Django is bound)

    register = io.BytesIO(resources.files("tansiq.demo").joinpath("register.xml").read_bytes())
    return int(import_un_list(register, context=context, officer=_OFFICER)["persons"])
