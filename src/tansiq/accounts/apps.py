"""Django's name for this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The tables of accounts."""

    name = "tansiq.accounts"
    label = "accounts"
