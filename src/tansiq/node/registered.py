"""The acts of the running node, by name: what the command line, a page or a program may ask of it.

Invariant: an act takes and returns plain values fit for JSON, and decides nothing: it reads its arguments and calls a capability.
Names say the room and the deed: ``enquiry.send``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tansiq.node import (
    acts_advice,
    acts_between,
    acts_channels,
    acts_courier,
    acts_direct,
    acts_directory,
    acts_enquiries,
    acts_evidence,
    acts_exchange,
    acts_files,
    acts_health,
    acts_liaison,
    acts_notices,
    acts_office,
    acts_reports,
    acts_times,
)
from tansiq.node.acts import Act, register_act

__all__ = ["register_acts"]

_ACTS: Final[Mapping[str, Act]] = {
    **acts_advice.ADVICE,
    **acts_channels.CHANNELS,
    **acts_courier.COURIER,
    **acts_times.TIMES,
    **acts_direct.DIRECT,
    "directory.confirm": acts_directory.confirm,
    "directory.export": acts_directory.export,
    "directory.fingerprint": acts_directory.show_fingerprint,
    "directory.import": acts_directory.take,
    "directory.list": acts_directory.list_all,
    "enquiry.answer": acts_enquiries.answer,
    **acts_between.BETWEEN,
    "enquiry.check": acts_enquiries.check,
    "enquiry.decide": acts_enquiries.decide,
    "enquiry.list": acts_enquiries.list_desk,
    "enquiry.origin": acts_enquiries.origin,
    "enquiry.readers": acts_between.readers,
    "enquiry.refuse": acts_enquiries.refuse,
    "enquiry.send": acts_enquiries.send,
    "enquiry.show": acts_enquiries.show,
    "enquiry.summaries": acts_enquiries.all_summaries,
    "enquiry.translate": acts_between.translated,
    "evidence.export": acts_evidence.export,
    "exchange.quarantine": acts_exchange.quarantine,
    "exchange.retry": acts_exchange.retry_one,
    "exchange.status": acts_exchange.status,
    **acts_files.FILES,
    **acts_liaison.LIAISON,
    **acts_office.OFFICE,
    **acts_notices.NOTICES,
    **acts_reports.REPORTS,
    "node.health": acts_health.health,
    "register.import": acts_enquiries.import_list,
    "register.list": acts_enquiries.list_registers,
}


def register_acts() -> None:
    """Registers every act; again does nothing."""
    for name, act in _ACTS.items():
        register_act(name, act)
