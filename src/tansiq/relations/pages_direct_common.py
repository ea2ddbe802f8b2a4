"""What the pages of the direct channel share: who sits at it now, and the two sides in words.

Invariant: these pages are there for the head of service and for whoever stands in by the head's own word, while it holds. To
everybody else of the house, whatever the role, each of them answers like a page that never was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import Http404

from tansiq.channels.available import head_of as head_desk_of
from tansiq.directory.queries import partners
from tansiq.enquiries.pages_common import Named
from tansiq.errors import Error
from tansiq.relations.direct_persons import deputies_of, head_of, require_may_act
from tansiq.relations.direct_saying import head_desk
from tansiq.relations.officers import KeyOfficer
from tansiq.relations.pages_common import Looker, looker
from tansiq.web.visitor import Request

__all__ = ["Partner", "Sitting", "partners_here", "reader_of", "sits_here", "sitting"]


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody at our head's desk: the head, or who stands in now. ``head``: whether it is the head."""

    person: Looker
    post: str
    head: bool


def _sitting(request: Request) -> Sitting | None:
    person = looker(request)
    try:
        post = head_desk(person.posts)
        require_may_act(post, person.number, request.now_ms)
    except Error:
        return None
    return Sitting(replace(person, posts=(post,)), post, person.number == head_of(post))


def sits_here(request: Request) -> bool:
    """Whether the reader is our head of service, or stands in now."""
    return bool(request.visitor.posts) and _sitting(request) is not None


def sitting(request: Request) -> Sitting:
    """Who reads this page. Raises Http404 for whoever is neither the head nor stands in now."""
    found = _sitting(request)
    if found is None:
        raise Http404
    return found


def reader_of(request: Request, here: Sitting) -> KeyOfficer:
    """Who opens: with the own keys where they are open, so that reading can be signed for; else who only sees that it is closed."""
    return request.officer if request.officer is not None else here.person


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner with a head's desk: the head's service number and those who stand in now ('' and () where nobody is published)."""

    agency: str
    post: str
    name: str
    head: str
    deputies: tuple[str, ...] = ()


def partners_here(named: Named, at_ms: int) -> list[Partner]:
    """The heads of service to whom one can write: of partners whose words were compared."""
    found = []
    for one in partners():
        post = "" if one.is_self or not one.confirmed_ms else head_desk_of(one.agency)
        if not post:
            continue
        try:
            head = head_of(post)
        except Error:
            continue
        found.append(Partner(one.agency, post, named.place(post), head, tuple(deputies_of(post, at_ms))))
    return found
