"""What this room registers with those below: the register's feed, the reminder, and who reads what passes an office."""

from __future__ import annotations

from tansiq.channels.compartments import register_compartments
from tansiq.office.compartments import reads, sees, service_of
from tansiq.office.feeding import register_feed
from tansiq.office.reminding import register_reminders

__all__ = ["register_kinds"]


def register_kinds() -> None:
    """Registers all of it; again does nothing new."""
    register_feed()
    register_compartments(bodies=reads, rows=sees, services=service_of)
    register_reminders()
