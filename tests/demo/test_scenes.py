"""What the scenes of the demonstration came to: by channel what was sent, received, handed on and refused; and each scene's outcome."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

CHANNELS = ("interpol", "embassy", "liaison", "direct")
SCENES = ("liaison", "heads", "wanted", "missing", "held", "quarrel", "report")
BUREAUX = ["es.ncb", "ma.ncb", "mt.ncb", "sn.ncb", "int.hub"]


def test_the_four_channels_are_told(told: dict[str, Any]) -> None:
    assert tuple(told["channels"]) == CHANNELS


@pytest.mark.parametrize("channel", CHANNELS)
def test_by_each_channel_something_went_and_nothing_is_missing(told: dict[str, Any], channel: str) -> None:
    shown = told["channels"][channel]
    assert set(shown) == {"sent", "received", "handovers", "refused", "missing"}
    assert shown["received"] >= shown["sent"] >= 2
    assert shown["missing"] == []


@pytest.mark.parametrize("channel", ["interpol", "embassy", "liaison"])
def test_every_handover_has_its_desk_and_its_times(told: dict[str, Any], channel: str) -> None:
    handovers = told["channels"][channel]["handovers"]
    assert handovers
    for one in handovers:
        taken, handed = (dt.datetime.fromisoformat(one[name]) for name in ("taken_at", "handed_on_at"))
        assert taken <= handed
        assert "/" in one["desk"]


def test_nobody_stands_between_two_heads(told: dict[str, Any]) -> None:
    assert told["channels"]["direct"]["handovers"] == []


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("interpol", "hub.judicial-basis"),
        ("interpol", "channels.refused"),
        ("liaison", "policy.law.basis-other-field"),
        ("liaison", "relations.withdrawn"),
        ("liaison", "relations.ended"),
        ("direct", "relations.unknown-thread"),
        ("direct", "channels.refused"),
    ],
)
def test_what_is_refused_is_told_by_its_code(told: dict[str, Any], channel: str, code: str) -> None:
    assert told["channels"][channel]["refused"][code] == 1


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_was_played_whole(told: dict[str, Any], scene: str) -> None:
    assert told["scenes"][scene]["ok"] is True, told["scenes"][scene]


def test_the_office_node_in_rabat_passed_matters_on(told: dict[str, Any]) -> None:
    desks = [one["desk"] for one in told["channels"]["embassy"]["handovers"]]
    assert {"es.rabat/office", "es.cgi/embassy-office"} <= set(desks)
    assert told["scenes"]["report"]["flow_seen_by_office"]["embassy"] >= 1


def test_the_liaison_officers_words_reach_the_successor_to_the_last(told: dict[str, Any]) -> None:
    scene = told["scenes"]["liaison"]
    assert set(scene["cases"]) == {"terrorism", "migration", "smuggling"}
    assert scene["read_by_successor"] == scene["read_by_officer"] == 7
    assert scene["sealed_words_handed_over"] == 6


def test_the_wanted_mans_notice_reaches_all_and_is_withdrawn_everywhere(told: dict[str, Any]) -> None:
    scene = told["scenes"]["wanted"]
    assert scene["published_at"] == scene["withdrawn_at"] == BUREAUX
    assert scene["answers"] == ["result.hit", "result.arrested"]


def test_the_missing_woman_is_found_and_her_notice_ends_everywhere(told: dict[str, Any]) -> None:
    assert told["scenes"]["missing"]["found_by"] == "sn.ncb"
    assert told["scenes"]["missing"]["ended_at"] == BUREAUX


def test_who_asks_about_somebody_held_is_warned_before_and_after(told: dict[str, Any]) -> None:
    scene = told["scenes"]["held"]
    assert [one["status"] for one in scene["warned_before_sending"]] == ["status.held"]
    assert [one["status"] for one in scene["flagged_on_arrival"]] == ["status.held"]


def test_heads_read_and_answer_and_one_hands_down(told: dict[str, Any]) -> None:
    scene = told["scenes"]["heads"]
    assert (scene["messages"], scene["read"], scene["handed_down_to"]) == (2, True, "es.cgi/counter-terrorism")


def test_the_quarrel_loses_nothing(told: dict[str, Any]) -> None:
    scene = told["scenes"]["quarrel"]
    assert scene["hidden_from_partner"] is True
    assert scene["ended"] == {"courier": 1, "released": 1, "rerouted": 1}
    assert scene["arrived_in_order"] == ["rerouted", "carried", "waited"]
    assert scene["arrived_once"] is True
    assert scene["gap"]["whole"] is True
    assert (scene["gap"]["waited"], scene["gap"]["missing"], scene["gap"]["pending"]) == (3, 0, 0)
    states = {one["id"]: one["state"] for one in told["enquiries"]}
    assert {states[matter] for matter in scene["matters"].values()} == {"answered"}
