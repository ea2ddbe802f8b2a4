"""Django's name for this room."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The tables of notices."""

    name = "tansiq.notices"
    label = "notices"
