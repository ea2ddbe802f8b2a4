"""What stands in the header of every page: the agency's name and the reader's desk, from our own directory document.

Invariant: only what a partner may read of us anyway; who is not signed in sees the agency alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from tansiq.directory.queries import own_directory
from tansiq.web.moments import place_of
from tansiq.web.registry import HEADER, Header
from tansiq.web.visitor import Request

__all__ = ["header", "mark_of", "register_header"]

_SMALL = 3
"""Words up to this length are articles and prepositions."""


def _named(names: Mapping[str, str], language: str, otherwise: str) -> str:
    return names.get(language) or names.get("en") or next(iter(names.values()), otherwise)


def mark_of(name: str) -> str:
    """One or two letters for an agency: the first ones of its words that are no small words; one letter in Arabic."""
    words = [word.removeprefix("ال") for word in name.replace("'", " ").replace("’", " ").split()]
    letters = [word[0].upper() for word in words if len(word) > _SMALL] or [name[:1].upper()]
    return letters[0] if letters[0] > "ɏ" else "".join(letters[:2])


def header(request: Request) -> Header:
    """The header for ``request``. Raises NotFound before the node has a directory document."""
    directory = own_directory()
    agency = _named(directory.names, request.language, directory.agency)
    posts = {post.id: post for post in directory.posts}
    own = [_named(posts[one].names, request.language, one) for one in request.visitor.posts if one in posts]
    place = place_of(request.visitor.zone, request.language)
    return Header(agency=agency, post=" · ".join(own[:2]), mark=mark_of(agency), place=place)


def register_header() -> None:
    """Puts it into the frame."""
    HEADER.register("node", header)
