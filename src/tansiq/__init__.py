"""Tansiq: security services of different countries coordinate lawfully, each on its own node."""

__version__ = "0.1.0"
