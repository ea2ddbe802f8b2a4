"""Django's name for this room."""

from django.apps import AppConfig


class EnquiriesConfig(AppConfig):
    """The tables of enquiries."""

    name = "tansiq.enquiries"
    label = "enquiries"
