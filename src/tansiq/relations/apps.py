"""Django's name for this room."""

from django.apps import AppConfig


class RelationsConfig(AppConfig):
    """The tables of relations."""

    name = "tansiq.relations"
    label = "relations"
