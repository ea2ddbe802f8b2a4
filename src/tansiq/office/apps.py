"""Django's name for this room."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """The tables of the office."""

    name = "tansiq.office"
    label = "office"
