"""Opening a node: Django for its home, its key store, and the context that its verbs need.

Invariant: one home per process at a time; `bind` is called before any table is touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import django
from django.conf import settings
from django.db import connections

from tansiq.errors import Conflict
from tansiq.exchange.context import Context, system_clock
from tansiq.keystore.store import open_key_store
from tansiq.node.databases import databases_for
from tansiq.node.home import Home, find_unlock_secret
from tansiq.policy.reminding import Steps

__all__ = ["bind", "open_node", "register_capabilities"]


def bind(home: Home) -> None:
    """Makes Django use the databases of ``home``; again, with another home, only after closing what was open."""
    if not settings.configured:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
        django.setup()
    connections.close_all()
    databases = databases_for(home)
    for alias, values in databases.items():
        connections.databases[alias] = values
    connections.settings = connections.configure_settings(connections.databases)
    # Django has no public way to forget a connection.
    opened = getattr(connections, "_connections")  # noqa: B009
    for alias in databases:
        if hasattr(opened, alias):
            delattr(opened, alias)


def register_capabilities() -> None:
    """Lets every capability register the kinds that it handles, and the acts that may be asked of it."""
    from tansiq.channels import handlers as channels  # noqa: PLC0415 (only after Django is bound)
    from tansiq.channels.history import register_spans  # noqa: PLC0415
    from tansiq.channels.holding import CLOSED  # noqa: PLC0415
    from tansiq.channels.relaying import register_ways  # noqa: PLC0415
    from tansiq.enquiries import handlers as enquiries  # noqa: PLC0415
    from tansiq.enquiries.interrupted import register_interrupted  # noqa: PLC0415
    from tansiq.enquiries.spans import spans_of  # noqa: PLC0415
    from tansiq.exchange import service  # noqa: PLC0415
    from tansiq.exchange.holding import set_holder  # noqa: PLC0415
    from tansiq.node.callings import register_roster  # noqa: PLC0415
    from tansiq.node.header import register_header  # noqa: PLC0415
    from tansiq.node.registered import register_acts  # noqa: PLC0415
    from tansiq.notices import handlers as notices  # noqa: PLC0415
    from tansiq.notices.interrupted import register_interrupted_notices  # noqa: PLC0415
    from tansiq.office import handlers as office  # noqa: PLC0415
    from tansiq.relations import handlers as relations  # noqa: PLC0415

    service.register_kinds()
    channels.register_kinds()
    register_ways()
    set_holder(CLOSED)
    enquiries.register_kinds()
    notices.register_kinds()
    register_spans(spans_of)
    register_interrupted()
    register_interrupted_notices()
    relations.register_kinds()
    office.register_kinds()
    register_roster()
    register_acts()
    register_header()


def open_node(home: Home, *, secret: bytes | None = None, clock: Callable[[], int] = system_clock) -> Context:
    """The opened node of ``home``; ``secret`` opens its key store (found as `find_unlock_secret` says when None).

    Raises what finding and opening raise: no home, no secret, another secret, databases of another agency than the configuration says.
    """
    bind(home)
    from tansiq.channels.houserules import HouseRules, set_house_rules  # noqa: PLC0415 (only after Django is bound)
    from tansiq.channels.profile import load_rules, set_channel_rules  # noqa: PLC0415
    from tansiq.channels.rules import Rules, set_rules  # noqa: PLC0415
    from tansiq.enquiries.terms import Terms, set_terms  # noqa: PLC0415
    from tansiq.node.sessions import open_sessions  # noqa: PLC0415
    from tansiq.relations.direct_ending import set_direct_days  # noqa: PLC0415

    keys = open_key_store(find_unlock_secret(home) if secret is None else secret)
    register_capabilities()
    steps = Steps(before=home.remind_before, after=home.remind_after, most_hours=home.remind_most_hours)
    set_terms(Terms(no_hit_days=home.no_hit_days, steps=steps))
    set_direct_days(home.direct_days)
    set_channel_rules(load_rules(home.path))
    set_house_rules(
        HouseRules(bureau=home.bureau, hub=home.hub, offices=dict(home.offices), direct_copies=home.direct_copies)
    )
    set_rules(Rules(two_persons=home.channel_two_persons, deciders=home.channel_deciders))
    loaded = Context.load(keys, clock=clock)
    if loaded.agency != home.agency:
        raise Conflict("node.other-agency", home=str(home.path), agency=home.agency, found=loaded.agency)
    context = replace(
        loaded,
        largest_file=home.largest_file,
        clearance=home.clearance,
        names_file=str(home.names_index),
        population=home.population,
    )
    open_sessions(home, context)
    return context
