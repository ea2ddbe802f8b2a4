"""What arrives for this capability."""


def register_kinds() -> None:
    """Registers the kinds of this room."""
