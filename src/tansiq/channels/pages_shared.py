"""What the pages of channel states share: who may look, who acts, names, moments that a person enters, what went wrong.

Invariant: who looks sees codes, times and service numbers; who acts does it with the own open key. What an address names and
its reader may not know of is answered like what never was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.channels.officers import ActingOfficer, post_in_role
from tansiq.channels.pages_approvals import agency_name
from tansiq.channels.rules import rules
from tansiq.directory.queries import own_directory, partners
from tansiq.errors import BadInput, Error, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.policy.channel_matter import Channel
from tansiq.policy.codes import code_list
from tansiq.web.access import Role
from tansiq.web.forms import Field, Form
from tansiq.web.visitor import Request

__all__ = [
    "AT_A_DESK", "LOOKS", "TONES", "acting", "agency_name", "channel_label", "decides", "form_page", "in_words", "met", "moment_of", "named_channel",
    "node_of", "period", "reviews", "told",
]  # fmt: skip

AT_A_DESK: Final = (Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU)
LOOKS: Final = (*AT_A_DESK, Role.DATA_PROTECTION, Role.AUDITOR)
TONES: Final = {"open": "", "strained": "due", "suspended": "late"}


def node_of(request: Request) -> Context:
    """The node at work."""
    return cast(Context, request.node)


def acting(request: Request) -> ActingOfficer:
    """Who acts. Raises Refused when the own key is not open."""
    officer = cast("ActingOfficer | None", request.officer)
    if officer is None:
        raise Refused("channels.key-closed")
    return officer


def decides(request: Request) -> bool:
    """Whether the visitor decides on channels."""
    return bool(post_in_role(request.visitor.posts, rules().deciders, own_directory()))


def reviews(request: Request) -> bool:
    """Whether the visitor reviews emergencies."""
    return Role.SUPERVISOR in request.visitor.roles or decides(request)


def met() -> list[str]:
    """The partners whose words were compared."""
    return [one.agency for one in partners() if not one.is_self and one.confirmed_ms]


def named_channel(partner: str, channel: str) -> Channel:
    """The channel that an address names. Raises NotFound for what is none, and for nobody whom we have met."""
    if partner not in met() or channel not in tuple(Channel):
        raise NotFound("directory.unknown-agency", agency=partner[:64])
    return Channel(channel)


def channel_label(channel: str, language: str) -> str:
    """The name of a channel."""
    return code_list("channels").label(channel, language)


_NAMED: Final = {"channel": "channels", "recommended": "channels", "roles": "roles"}


def in_words(error: Error, language: str) -> Error:
    """The same error with the names of channels and roles in place of their codes, for who reads it on a page."""
    named = dict(error.values)
    for name, listed in _NAMED.items():
        codes = str(named.get(name, "")).split(", ")
        if all(code in code_list(listed) for code in codes):
            named[name] = " · ".join(code_list(listed).label(code, language) for code in codes)
    return type(error)(error.code, **named)


def told(error: Error, language: str) -> str:
    """What went wrong and what to do, in one line."""
    advice = in_words(error, language).advice(language)
    return " ".join(part for part in (advice.what, advice.do) if part)


def form_page(
    request: Request, template: str, form: Form, error: Error | None = None, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A page with a form, and what was wrong with it above it."""
    if error is not None:
        form = form.faulted({}, [told(error, request.language)])
    return render(request, template, {"form": form, **(context or {})}, status=422 if form.faulty else 200)


def period(name: str, label: str, hour: str, *, help_key: str = "") -> tuple[Field, Field]:
    """A day and an hour, both of which may be left out."""
    return (
        Field(name=name, label=label, kind="date", size="short", help=help_key),
        Field(name=f"{name}-hour", label=hour, help="accounts.help.hour", size="short", longest=5),
    )


def moment_of(form: Form, name: str, zone: str) -> int | None:
    """A day and an hour on the visitor's clock, in UTC milliseconds; None where no day is given. Raises BadInput."""
    day, hour = str(form.values[name]), str(form.values[f"{name}-hour"])
    if not day:
        return None
    try:
        at = dt.datetime.fromisoformat(f"{day}T{hour or '00:00'}").replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise BadInput("accounts.wrong-time") from error
    return int(at.timestamp() * 1000)
