"""The duty roster and the substitutes of one's posts: everybody of a post sees them, its supervisors and heads write them.

Invariant: a substitute reads a post's matters, so only supervisors and heads whom the directory lists in that post name one, never
the administrator, and nobody names oneself. Turns of duty show nobody anything: heads and the administrator write those of every post.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from tansiq.accounts.answering import form_page, redirect
from tansiq.accounts.opened import opened
from tansiq.accounts.posts import (
    StandIn,
    end_substitution,
    members_of,
    named_posts,
    set_substitute,
    substitutes,
    substitutions,
)
from tansiq.accounts.roster import Turn, drop_turn, escalation, gaps, next_on_duty, on_duty, set_turn, turns
from tansiq.directory.officers import officer_names
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, Error
from tansiq.protocol.directory import Directory
from tansiq.web.access import Role, page
from tansiq.web.forms import Field, Form
from tansiq.web.visitor import Request

__all__ = ["drop", "end", "roster", "substitute_list"]

_DAYS: Final = 7
_DAY_MS: Final = 86_400_000
_SEE: Final = (Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU, Role.ADMINISTRATOR)
_WRITE: Final = frozenset({Role.SUPERVISOR, Role.HEAD, Role.ADMINISTRATOR})
_NAME: Final = frozenset({Role.SUPERVISOR, Role.HEAD})


@dataclass(frozen=True, slots=True)
class PostRoster:
    """One post: who is on duty, who is next, its turns of the next days, hours that nobody has, who is told in which order."""

    post: str
    name: str
    now: tuple[str, ...]
    following: Turn | None
    turns: list[Turn]
    gaps: list[tuple[int, int]]
    order: tuple[str, ...]


def _posts(request: Request, directory: Directory) -> tuple[str, ...]:
    """The posts whose roster the visitor sees: the own ones, all for the administrator and the heads."""
    if request.visitor.roles & {Role.ADMINISTRATOR, Role.HEAD}:
        return tuple(post.id for post in directory.posts)
    return request.visitor.posts


def _decides_in(request: Request, directory: Directory) -> tuple[str, ...]:
    """The posts whose substitutes the visitor names and ends: those in which the directory lists a supervisor or head."""
    if not request.visitor.roles & _NAME:
        return ()
    return tuple(post for post in request.visitor.posts if post in _signs_in(request.visitor.number, directory))


def _may_write(request: Request) -> bool:
    return bool(request.visitor.roles & _WRITE)


def _people(numbers: Sequence[str]) -> tuple[tuple[str, str], ...]:
    names = officer_names(keys=opened().keys)
    return tuple((number, f"{number} {names.get(number, '')}".strip()) for number in numbers)


def _moment(day: str, hour: str, zone: str) -> int:
    """A day and an hour on the visitor's clock, in UTC milliseconds. Raises BadInput."""
    try:
        at = datetime.fromisoformat(f"{day}T{hour or '00:00'}").replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise BadInput("accounts.wrong-time") from error
    return int(at.timestamp() * 1000)


def _period(request: Request, *, start: tuple[str, str]) -> tuple[Field, ...]:
    return (
        Field(name="from", label="accounts.field.from-day", kind="date", required=True, size="short", value=start[0]),
        Field(
            name="from-hour",
            label="accounts.field.from-hour",
            help="accounts.help.hour",
            required=True,
            size="short",
            value=start[1],
        ),
        Field(name="until", label="accounts.field.until-day", kind="date", required=True, size="short"),
        Field(
            name="until-hour",
            label="accounts.field.until-hour",
            help="accounts.help.hour",
            required=True,
            size="short",
            value=start[1],
        ),
    )


def _start(request: Request) -> tuple[str, str]:
    at = datetime.fromtimestamp(opened().clock() / 1000, ZoneInfo(request.visitor.zone)) + timedelta(hours=1)
    return at.date().isoformat(), f"{at.hour:02d}:00"


def _form(request: Request, posts: Sequence[str], directory: Directory, **people: tuple[str, Sequence[str]]) -> Form:
    """A post, who in it (field → its label and who may be chosen), and from when until when."""
    post = Field(
        name="post", label="accounts.field.post", kind="select", required=True, size="middle",
        value=posts[0] if len(posts) == 1 else "", choices=named_posts(posts, directory, request.language),
    )  # fmt: skip
    chosen = (
        Field(name=name, label=label, kind="select", required=True, size="middle", choices=_people(numbers))
        for name, (label, numbers) in people.items()
    )
    return Form((post, *chosen, *_period(request, start=_start(request))))


def _members(posts: Sequence[str], directory: Directory) -> list[str]:
    return list(dict.fromkeys(number for post in posts for number in members_of(post, directory)))


def _turn_form(request: Request, posts: Sequence[str], directory: Directory) -> Form:
    standing = [number for post in posts for number in substitutes(post, at_ms=opened().clock())]
    people = list(dict.fromkeys([*_members(posts, directory), *standing]))
    return _form(request, posts, directory, number=("accounts.field.officer", people))


def _substitute_form(request: Request, posts: Sequence[str], directory: Directory) -> Form:
    return _form(
        request,
        posts,
        directory,
        absent=("accounts.field.absent", _members(posts, directory)),
        number=("accounts.field.substitute", [officer.number for officer in directory.officers]),
    )


def _written(
    request: Request, form: Form, store: Callable[[Mapping[str, Any], int, int], None]
) -> tuple[Form, Error | None, bool]:
    """The form as it was posted, and, when nothing is wrong with it, stored: what went wrong, and whether it is done."""
    form = form.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form, None, False
    values, zone = form.values, request.visitor.zone
    try:
        from_ms, until_ms = (_moment(values[day], values[f"{day}-hour"], zone) for day in ("from", "until"))
        store(values, from_ms, until_ms)
    except Error as raised:
        return form, raised, False
    return form, None, True


@page(*_SEE, methods=("GET", "POST"))
def roster(request: Request) -> HttpResponse:
    """Who is on duty, round the clock."""
    directory = own_directory()
    posts = _posts(request, directory)
    writes = _may_write(request)
    form = _turn_form(request, posts, directory) if writes else Form(())
    error: Error | None = None

    def store(values: Mapping[str, Any], from_ms: int, until_ms: int) -> None:
        set_turn(
            values["post"], values["number"], from_ms=from_ms, until_ms=until_ms, by=request.visitor.number,
            directory=directory, node=opened(),
        )  # fmt: skip

    if request.method == "POST" and writes:
        form, error, done = _written(request, form, store)
        if done:
            return redirect("roster")
    now_ms = opened().clock()
    until_ms = now_ms + _DAYS * _DAY_MS
    shown = []
    for post, name in named_posts(posts, directory, request.language):
        found = turns(post, from_ms=now_ms, until_ms=until_ms)
        shown.append(
            PostRoster(
                post,
                name,
                on_duty(post, now_ms),
                next_on_duty(post, now_ms),
                found,
                gaps(found, from_ms=now_ms, until_ms=until_ms),
                escalation(post, now_ms),
            )
        )
    context = {"posts": shown, "writes": writes, "names": officer_names(keys=opened().keys), "days": _DAYS}
    return form_page(request, "accounts/roster.html", form, error, context)


@page(Role.SUPERVISOR, Role.HEAD, Role.ADMINISTRATOR, methods=("POST",))
def drop(request: Request, identifier: int) -> HttpResponse:
    """Takes a turn away."""
    drop_turn(identifier, posts=_posts(request, own_directory()), node=opened())
    return redirect("roster")


@page(*_SEE, methods=("GET", "POST"))
def substitute_list(request: Request) -> HttpResponse:
    """Who stands in for whom."""
    directory = own_directory()
    posts, own = _posts(request, directory), _decides_in(request, directory)
    form = _substitute_form(request, own, directory) if own else Form(())
    error: Error | None = None

    def store(values: Mapping[str, Any], from_ms: int, until_ms: int) -> None:
        set_substitute(
            values["post"], absent=values["absent"], number=values["number"], from_ms=from_ms, until_ms=until_ms,
            by=request.visitor.number, directory=directory, node=opened(),
        )  # fmt: skip

    if request.method == "POST" and own:
        form, error, done = _written(request, form, store)
        if done:
            return redirect("substitutes")
    labels = dict(named_posts([post.id for post in directory.posts], directory, request.language))
    found: list[tuple[StandIn, str, bool]] = [
        (one, labels.get(one.post, one.post), one.post in _signs_in(one.number, directory))
        for one in substitutions(posts, at_ms=opened().clock())
    ]
    context = {"found": found, "own": own, "names": officer_names(keys=opened().keys)}
    return form_page(request, "accounts/substitutes.html", form, error, context)


def _signs_in(number: str, directory: Directory) -> tuple[str, ...]:
    """The posts in which ``number`` may sign."""
    return next((officer.posts for officer in directory.officers if officer.number == number), ())


@page(Role.SUPERVISOR, Role.HEAD, methods=("POST",))
def end(request: Request, identifier: int) -> HttpResponse:
    """Ends a substitution now."""
    own = _decides_in(request, own_directory())
    end_substitution(identifier, by=request.visitor.number, posts=own, node=opened())
    return redirect("substitutes")
