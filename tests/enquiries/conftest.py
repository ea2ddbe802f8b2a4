"""Nodes of two agencies for the tests of this room."""

from __future__ import annotations

from support.node import clock, node

__all__ = ["clock", "node"]
