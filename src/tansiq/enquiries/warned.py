"""What is known of the persons asked about that the writer should read before anything leaves: rooms above say it.

Invariant: a seam alone: this room knows no other by name. What a room says has been decided for this reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tansiq.policy.subjects import Subject
from tansiq.web.visitor import Request

__all__ = ["Caution", "cautions_about", "register_cautions"]


@dataclass(frozen=True, slots=True)
class Caution:
    """Words in the reader's language, where more of it stands ('' nowhere) and the key of the text of what leads there."""

    words: str
    url: str = ""
    action: str = ""


Source = Callable[[Sequence[Subject], Request], Sequence[Caution]]
_sources: dict[str, Source] = {}


def register_cautions(name: str, source: Source) -> None:
    """Lets a room say what it knows of those asked about; again, it takes the place of the one that has this name."""
    _sources[name] = source


def cautions_about(subjects: Sequence[Subject], request: Request) -> list[Caution]:
    """What all rooms have to say of them."""
    return [caution for source in _sources.values() for caution in source(subjects, request)]
