"""What the pages of this room share: who reads, the things named in an address, what went wrong in the reader's language.

Invariant: what an address names and its reader may not know of is answered like what never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.cases.exits import reader_of
from tansiq.errors import Error, NotFound, TooMuch
from tansiq.exchange.context import Context
from tansiq.policy.handling import Reader
from tansiq.web.access import Role
from tansiq.web.forms import Form
from tansiq.web.visitor import Request

__all__ = ["AT_A_DESK", "Person", "form_page", "node_of", "person_of", "reading", "thing_of", "told"]

AT_A_DESK: Final = (Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU)


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks, with all the posts in which that person works or stands in now."""

    number: str
    posts: tuple[str, ...]


def node_of(request: Request) -> Context:
    """The node at work."""
    return cast(Context, request.node)


def person_of(request: Request) -> Person:
    """Who looks at this page."""
    return Person(request.visitor.number, tuple(request.visitor.posts))


def reading(request: Request) -> Reader:
    """Who looks at this page, as an exit wants it."""
    return reader_of(person_of(request), context=node_of(request))


def thing_of(named: str) -> bytes:
    """The identifier in an address. Raises NotFound for what is none."""
    digits = named.replace("-", "")
    try:
        identifier = bytes.fromhex(digits)
    except ValueError:
        identifier = b""
    if len(identifier) != 16 or digits != identifier.hex():
        raise NotFound("cases.unknown-case")
    return identifier


def told(error: Error, language: str) -> str:
    """What went wrong and what to do, in one line."""
    advice = error.advice(language)
    return " ".join(part for part in (advice.what, advice.do) if part)


def form_page(
    request: Request, template: str, form: Form, error: Error | None = None, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A page with a form, and what was wrong with it above it."""
    if error is not None:
        form = form.faulted({}, [told(error, request.language)])
    status = 200 if not form.faulty else 413 if isinstance(error, TooMuch) else 422
    return render(request, template, {"form": form, **(context or {})}, status=status)
