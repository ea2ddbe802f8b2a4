"""Django's name for this room."""

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    """The tables of registers."""

    name = "tansiq.registers"
    label = "registers"
