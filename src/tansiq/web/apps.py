"""Django's name for this room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The page frame; it has no tables."""

    name = "tansiq.web"
    label = "web"
