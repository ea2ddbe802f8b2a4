"""Django's name for this room."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """The tables of directory."""

    name = "tansiq.directory"
    label = "directory"
