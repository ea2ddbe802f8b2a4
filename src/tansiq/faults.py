"""Named points of no return, at every boundary between two commits.

Invariant: in production a point does nothing. The crash tests install a hook (`install`) that kills the process
there, and prove that every point of `POINTS` is reached; a point that is not listed is refused by a test.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["POINTS", "install", "reach"]

POINTS = frozenset(
    {
        "keystore.contents.before-commit",
        "keystore.contents.after-commit",
        "keystore.erase.before-commit",
        "keystore.erase.after-commit",
        "send.keys-kept",
        "send.before-commit",
        "send.after-commit",
        "relay.wraps-kept",
        "relay.before-commit",
        "relay.after-commit",
        "release.before-commit",
        "release.after-commit",
        "delivery.before-request",
        "delivery.after-answer",
        "door.wraps-kept",
        "door.before-commit",
        "door.after-commit",
        "receipts.before-commit",
        "receipts.after-commit",
        "dispatch.keys-kept",
        "dispatch.before-commit",
        "dispatch.after-commit",
        "retry.before-commit",
        "retry.after-commit",
        "files.chunk.before-commit",
        "files.chunk.after-commit",
        "files.finish.keys-kept",
        "files.finish.before-commit",
        "files.finish.after-commit",
        "files.before-request",
        "files.after-answer",
        "files.take.before-commit",
        "files.take.after-commit",
        "files.given",
        "backup.before-rename",
        "backup.after-rename",
        "restore.loaded",
        "restore.before-commit",
        "restore.after-commit",
        "channels.settle.before-commit",
        "channels.settle.after-commit",
        "channels.pass.before-commit",
        "channels.pass.after-commit",
        "courier.made",
        "courier.taken",
        "mirror.before-rename",
        "mirror.after-rename",
        "office.fold.before-commit",
        "office.fold.after-commit",
    }
)

_hook: Callable[[str], None] | None = None


def install(hook: Callable[[str], None] | None) -> None:
    """Sets what happens at every point; only tests call this."""
    global _hook  # noqa: PLW0603 (one hook per process is the point)
    _hook = hook


def reach(point: str) -> None:
    """Marks that the process is at ``point``."""
    if _hook is not None:
        _hook(point)
