"""Django's name for this room."""

from django.apps import AppConfig


class KeyStoreConfig(AppConfig):
    """The key store's tables."""

    name = "tansiq.keystore"
    label = "keystore"
