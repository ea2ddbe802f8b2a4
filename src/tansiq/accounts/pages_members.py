"""Who may sign in: accounts, rights, invitations, locks. The administrator's pages; no content of any matter stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.http import Http404, HttpResponse
from django.shortcuts import render

from tansiq.accounts.answering import form_page, redirect
from tansiq.accounts.attempts import lift, locks
from tansiq.accounts.clearances import set_clearance
from tansiq.accounts.events import events_of
from tansiq.accounts.eyes_only import key_state, key_states
from tansiq.accounts.factors import has_factor, with_factor
from tansiq.accounts.invitations import Invited, invite, open_invitations, withdraw
from tansiq.accounts.models import Account
from tansiq.accounts.opened import opened
from tansiq.accounts.roles import ON_COMMAND_LINE_ONLY, roles_of
from tansiq.accounts.services import (
    account_of,
    end_account,
    lift_locks,
    reset_factor,
    resume_account,
    set_roles,
)
from tansiq.directory.officers import officer_names
from tansiq.directory.queries import own_directory
from tansiq.errors import Error, Refused
from tansiq.policy.codes import code_list
from tansiq.texts import LANGUAGES
from tansiq.web.access import Role, page
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.languages import NAMES
from tansiq.web.visitor import Request

__all__ = ["invitations_end", "invite_member", "lift_lock", "member", "members"]

_ON_PAGE: Final = tuple(code for code in code_list("roles") if code not in ON_COMMAND_LINE_ONLY)


@dataclass(frozen=True, slots=True)
class Member:
    """An account as the list shows it."""

    account: Account
    name: str
    roles: tuple[str, ...]
    key: str
    factor: bool


def _members() -> list[Member]:
    names = officer_names(keys=opened().keys)
    states = key_states(at_ms=opened().clock())
    secured = with_factor()
    return [
        Member(
            one, names.get(one.number, ""), tuple(one.roles.split()), states.get(one.number, "none"), one.pk in secured
        )
        for one in Account.objects.order_by("number")
    ]


@page(Role.ADMINISTRATOR)
def members(request: Request) -> HttpResponse:
    """All accounts, open invitations, what is locked."""
    context = {
        "members": _members(),
        "invitations": open_invitations(node=opened()),
        "locks": [(one.key.hex(), one) for one in locks(node=opened())],
    }
    return render(request, "accounts/members.html", context)


def _roles_field(value: tuple[str, ...], language: str) -> Field:
    known = choices_of("roles", language, only=[*_ON_PAGE, *(code for code in value if code in ON_COMMAND_LINE_ONLY)])
    return Field(
        name="roles",
        label="accounts.field.roles",
        help="accounts.help.roles",
        kind="ticks",
        required=True,
        value=value,
        choices=known,
    )


def _clearance_form(value: str, language: str) -> Form:
    return Form(
        (
            Field(
                name="clearance",
                label="accounts.field.clearance",
                help="accounts.help.clearance",
                kind="select",
                value=value,
                choices=choices_of("classification", language),
                size="middle",
            ),
        )
    )


def _acts() -> Mapping[str, Callable[[str, str], None]]:
    node = opened()
    return {
        "end": lambda number, by: end_account(number, by=by, node=node),
        "resume": lambda number, by: resume_account(number, by=by, node=node),
        "reset-factor": lambda number, by: reset_factor(number, by=by, node=node),
        "lift": lambda number, by: lift_locks(number, by=by, node=node),
    }


@page(Role.ADMINISTRATOR, methods=("GET", "POST"))
def member(request: Request, number: str) -> HttpResponse:
    """One account: its rights, and what may be done with it."""
    account = account_of(number)
    form = Form((_roles_field(tuple(account.roles.split()), request.language),))
    clearance = _clearance_form(account.clearance, request.language)
    error: Error | None = None
    if request.method == "POST":
        act = str(request.POST.get("act", ""))
        try:
            if act == "roles":
                form = form.bound(request.POST, language=request.language).checked(request.language)
                if not form.faulty:
                    wanted = form["roles"].value
                    if roles_of(" ".join(wanted)) & ON_COMMAND_LINE_ONLY - roles_of(account.roles):
                        raise Refused("accounts.command-line-only")
                    set_roles(number, wanted, by=request.visitor.number, node=opened())
                    return redirect("member", number=number)
            elif act == "clearance":
                clearance = clearance.bound(request.POST, language=request.language).checked(request.language)
                if not clearance.faulty:
                    set_clearance(number, clearance["clearance"].value, by=request.visitor.number, node=opened())
                    return redirect("member", number=number)
            elif act in _acts():
                _acts()[act](number, request.visitor.number)
                return redirect("member", number=number)
            else:
                raise Http404
        except Error as raised:
            error = raised
    context = {
        "member": account,
        "name": officer_names(keys=opened().keys).get(number, ""),
        "key": key_state(number, language=request.language, at_ms=opened().clock()),
        "factor": has_factor(account),
        "events": [happened for _, happened in events_of(number, limit=20)],
        "oneself": number == request.visitor.number,
        "clearance": clearance,
    }
    answer = form_page(request, "accounts/member.html", form, error, context)
    if clearance.faulty:
        answer.status_code = 422
    return answer


def _invite_form(language: str) -> Form:
    directory = own_directory()
    posts = tuple(
        (post.id, post.names.get(language) or next(iter(post.names.values()), post.id)) for post in directory.posts
    )
    return Form(
        (
            Field(name="number", label="accounts.field.number", required=True, longest=32, size="middle"),
            _roles_field((), language),
            Field(
                name="posts", label="accounts.field.posts", help="accounts.help.posts", kind="ticks", value=(), choices=posts
            ),
            Field(
                name="recovery", label="accounts.field.recovery", help="accounts.help.recovery", longest=200, size="middle"
            ),
            Field(
                name="language", label="accounts.field.language", kind="select", required=True, size="middle", value=language,
                choices=tuple((code, NAMES[code]) for code in LANGUAGES),
            ),
        )
    )  # fmt: skip


@page(Role.ADMINISTRATOR, methods=("GET", "POST"))
def invite_member(request: Request) -> HttpResponse:
    """Inviting somebody; the code is shown once, on the page that answers."""
    form = _invite_form(request.language)
    if request.method != "POST":
        return form_page(request, "accounts/invite.html", form)
    form = form.bound(request.POST, language=request.language).checked(request.language)
    if form.faulty:
        return form_page(request, "accounts/invite.html", form)
    values = form.values
    invited = Invited(
        number=values["number"],
        posts=tuple(values["posts"]),
        roles=tuple(values["roles"]),
        recovery=tuple(values["recovery"].replace(",", " ").split()),
        language=values["language"],
    )
    try:
        code = invite(invited, by=request.visitor.number, directory=own_directory(), node=opened(), on_page=True)
    except Error as error:
        return form_page(request, "accounts/invite.html", form, error)
    return render(request, "accounts/invited.html", {"number": invited.number, "invitation": code})


@page(Role.ADMINISTRATOR, methods=("POST",))
def invitations_end(request: Request, number: str) -> HttpResponse:
    """Takes an invitation back."""
    withdraw(number, by=request.visitor.number, node=opened())
    return redirect("members")


@page(Role.ADMINISTRATOR, methods=("POST",))
def lift_lock(request: Request, key: str) -> HttpResponse:
    """Lifts a lock before its time."""
    try:
        found = lift(bytes.fromhex(key), by=request.visitor.number, node=opened())
    except ValueError as error:
        raise Http404 from error
    if not found:
        raise Http404
    return redirect("members")
