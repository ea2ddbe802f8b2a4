"""Django's name for this room."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The tables of exchange."""

    name = "tansiq.exchange"
    label = "exchange"
