"""Django's name for this room."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The tables of cases."""

    name = "tansiq.cases"
    label = "cases"
