"""The node fixture for this folder."""

from support.node import clock, node

__all__ = ["clock", "node"]
