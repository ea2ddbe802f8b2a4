"""Requests about to leave: all that is asked of them before anything is stored, the same for sending and for looking.

Invariant: nothing is stored here. The way is found first, then law, agreements and languages are asked, and the choice of the
channel last, for a matter that the law does not let leave goes by no channel.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from tansiq.cases.files_sending import OwnFile, SentFile, with_files
from tansiq.channels.agreed import agreed_faults, check_agreed
from tansiq.channels.ways import Way, find
from tansiq.directory.queries import own_directory
from tansiq.enquiries.accredited import require_accredited
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.closed import refuse_closed
from tansiq.enquiries.drafts import REQUEST, URGENT_CLASSES, request_draft
from tansiq.enquiries.going import carried_by
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.weighing import Choosing, Weighed, Weighing, matter_of
from tansiq.enquiries.wording import check_wording, languages_read, wording_faults
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.policy.channel_matter import Channel
from tansiq.policy.correspondence import Translation
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.faults import Faults
from tansiq.policy.law import check_enquiry, law_faults
from tansiq.protocol.docket import agency_of, check_post
from tansiq.protocol.ids import IdMaker

__all__ = ["CAUTIOUS", "Leaving", "Ready"]

_maker = IdMaker()
_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
CAUTIOUS: Final = Weighing()
"""Of a matter of which nothing else is said: operational, and sensitive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Requests that may leave: their way and its choice, and for each its matter, draft, choice, translations and files."""

    way: Way
    choosing: Choosing
    matters: list[bytes]
    drafts: list[Draft]
    weighed: list[Weighed]
    translations: Sequence[Sequence[Translation]]
    sent_files: list[list[SentFile]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Who asks whom, from desk to desk, by which way; the words are those of `enquiries.services.send_enquiries`."""

    context: Context
    officer: ActingOfficer
    from_post: str
    to_post: str
    via_office_post: str = ""
    channel: str = "embassy"
    persons: Mapping[str, str] = field(default_factory=lambda: _NOBODY)
    weighing: Weighing = CAUTIOUS
    case: bytes = b""

    @property
    def partner(self) -> str:
        """The agency that is asked."""
        return agency_of(self.to_post)

    def ready(
        self,
        requests: Sequence[Enquiry],
        *,
        translations: Sequence[Sequence[Translation]] = (),
        files: Sequence[Sequence[OwnFile]] = (),
    ) -> Ready:
        """What is to be stored and sent of ``requests``. Raises as `enquiries.services.send_enquiries`."""
        self._check_desks()
        now_ms, own = self.context.clock(), own_directory()
        act = self.officer.acting(REQUEST, post=self.from_post)
        way = self._way(requests, now_ms)
        if way.between_persons:
            refuse_closed(files=files)
        today = _today(now_ms)
        for request in requests:
            check_enquiry(request, today=today)
            check_attested(request.law, request.subjects, own)
        check_agreed((request.law for request in requests), self.partner, at_ms=now_ms)
        choosing = self._choosing()
        weighed = [self._weighed(choosing, request) for request in requests]
        for field_ in {one.matter.field for one in weighed}:
            require_accredited(
                self.channel, way.route, partner=self.partner, field=field_, case=self.case, context=self.context
            )
        matters = [_maker.make(now_ms) for _ in requests]
        languages, attached = languages_read(self.to_post), translations or [()] * len(requests)
        drafts = [
            request_draft(request, matter=matter, case=self.case, way=way, act=act, translations=given)
            for request, matter, given in zip(requests, matters, attached, strict=True)
        ]
        for request, draft, given in zip(requests, drafts, attached, strict=True):
            check_wording(
                request,
                languages=languages,
                urgent=request.deadline_class in URGENT_CLASSES,
                translations=given,
                own=own,
                tags=None if given else draft.docket.languages,
            )
        going = [
            with_files(draft, own_files, context=self.context, officer=self.officer.number)
            for draft, own_files in zip(drafts, files or [()] * len(drafts), strict=True)
        ]
        return Ready(
            way=way,
            choosing=choosing,
            matters=matters,
            drafts=[draft for draft, _ in going],
            weighed=weighed,
            translations=attached,
            sent_files=[sent for _, sent in going],
        )

    def faults(self, request: Enquiry, *, translations: Sequence[Translation] = ()) -> Faults:
        """What law, agreements and languages say to ``request``, all at once; where nothing, its channel is asked too.

        Nothing is stored. Raises as `ready`, but for what is told as a fault.
        """
        self._check_desks()
        now_ms = self.context.clock()
        self.officer.acting(REQUEST, post=self.from_post)
        self._way([request], now_ms)
        found = Faults([
            *law_faults(request, today=_today(now_ms)),
            *agreed_faults(request.law, self.partner, at_ms=now_ms),
            *wording_faults(
                request,
                languages=languages_read(self.to_post),
                urgent=request.deadline_class in URGENT_CLASSES,
                translations=translations,
            ),
        ])  # fmt: skip
        if not found:
            self.ready([request], translations=[translations])
        return found

    def _check_desks(self) -> None:
        """Raises BadInput for what is no desk, or no case."""
        for post in (self.from_post, self.to_post, *([self.via_office_post] if self.via_office_post else [])):
            check_post(post)
        if self.case and len(self.case) != 16:
            raise BadInput("enquiries.wrong-id")

    def _way(self, requests: Sequence[Enquiry], now_ms: int) -> Way:
        via = self.via_office_post
        carrying = carried_by(
            self.channel,
            [via] if via else [],
            self.partner,
            field=next((request.law.offence for request in requests if request.law), None) or "",
            case=self.case,
            context=self.context,
        )
        return find(
            self.channel, self.from_post, self.to_post, via=via, context=self.context, now_ms=now_ms,
            persons={**carrying, **self.persons, self.from_post: self.officer.number},
        )  # fmt: skip

    def _choosing(self) -> Choosing:
        return Choosing(
            context=self.context, officer=self.officer.number, posts=self.officer.posts, sender=self.from_post,
            addressee=self.to_post, via=self.via_office_post,
        )  # fmt: skip

    def _weighed(self, choosing: Choosing, request: Enquiry) -> Weighed:
        return choosing.choose(
            Channel(self.channel),
            matter_of(request, self.weighing, partner=self.partner, case=self.case),
            deviation=self.weighing.deviation,
        )


def _today(now_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
