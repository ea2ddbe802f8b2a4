"""Django's name for this room."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """The tables of channels."""

    name = "tansiq.channels"
    label = "channels"
