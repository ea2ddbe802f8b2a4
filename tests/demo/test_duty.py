"""The duty roster of the demonstration: on every desk there is somebody, now and at any hour of the week."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import tomllib
from dataclasses import replace
from zoneinfo import ZoneInfo

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of accounts are imported by this module

from support.node import Clock, Nodes, clock, node  # noqa: E402
from tansiq.accounts.opened import opened  # noqa: E402
from tansiq.accounts.posts import members_of  # noqa: E402
from tansiq.accounts.roster import gaps, on_duty, turns  # noqa: E402
from tansiq.demo.cast import CAST, Member  # noqa: E402
from tansiq.demo.duty import fill_roster  # noqa: E402
from tansiq.directory.queries import own_directory  # noqa: E402

__all__ = ["clock", "node"]

HOUR, ZONE = 3_600_000, "Africa/Casablanca"
SHORTEST = 13 * 12 * HOUR
"""Fourteen turns of twelve hours, of the first of which nearly all may be over."""


@pytest.mark.parametrize("member", CAST, ids=[one.agency for one in CAST])
def test_every_desk_of_the_cast_has_somebody_who_may_be_on_duty(member: Member) -> None:
    profile = tomllib.loads(member.profile.read_text(encoding="utf-8"))
    staffed = {post for officer in profile["officers"] for post in officer["posts"]}
    assert {post["name"] for post in profile["posts"]} == staffed
    assert "head" in {person.role for person in member.people}


@pytest.mark.storage
@pytest.mark.parametrize("hour", [0, 7, 8, 19, 20, 23])
def test_somebody_is_on_duty_at_every_desk_round_the_clock(node: Nodes, clock: Clock, hour: int) -> None:
    node("es.cgi")
    today = dt.datetime.fromtimestamp(clock() / 1000, ZoneInfo(ZONE)).replace(hour=hour, minute=59)
    now_ms = clock.advance(ms=int(today.timestamp() * 1000) - clock())
    found = own_directory()
    more = [
        replace(one, posts=(*one.posts, "es.cgi/counter-terrorism"))
        for one in found.officers
        if one.number == "ES-1001"
    ]
    directory = replace(found, officers=(*(one for one in found.officers if one.number != "ES-1001"), *more))
    assert {len(members_of(post.id, directory)) for post in directory.posts} == {1, 2}
    fill_roster(directory=directory, zone=ZONE, by="ES-1001", node=opened())
    for post in directory.posts:
        members = members_of(post.id, directory)
        assert len(on_duty(post.id, now_ms)) == 1
        shown = turns(post.id, from_ms=now_ms, until_ms=now_ms + SHORTEST)
        assert gaps(shown, from_ms=now_ms, until_ms=now_ms + SHORTEST) == []
        assert {one.number for one in shown} == set(members)
        if len(members) > 1:
            begun = {dt.datetime.fromtimestamp(one.from_ms / 1000, ZoneInfo(ZONE)).hour for one in shown}
            assert begun == {8, 20}
            assert all(first.number != second.number for first, second in itertools.pairwise(shown))
