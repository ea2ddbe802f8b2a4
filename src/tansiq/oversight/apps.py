"""Django's name for this room; it keeps nothing of its own and has pages."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """The pages of oversight."""

    name = "tansiq.oversight"
    label = "oversight"
