"""Django's name for this room."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """The tables of journal."""

    name = "tansiq.journal"
    label = "journal"
