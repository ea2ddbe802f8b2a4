"""Madrid and Rabat, once for all tests of this folder: two real nodes of the demonstration that have met, and browsers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from support.desks import Desk, a_browser
from support.travelling import five_nodes
from support.workshop import quick_stage
from tansiq.demo.stage import Node, Stage
from tansiq.demo.story import Story
from tansiq.demo.telling import Teller

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright's loop runs in this thread; no test here touches a database


@pytest.fixture(scope="session")
def scene() -> Iterator[Story]:
    """Two nodes that run and have met; both have the invented register."""
    with quick_stage() as made:
        story = Story(made, Teller("en", quiet=True))
        made.make()
        made.start()
        story.meet()
        story.import_lists(None)
        story.import_at_madrid()
        yield story


@pytest.fixture(scope="session")
def made(scene: Story) -> Stage:
    return scene.stage


@pytest.fixture(scope="session")
def es(scene: Story) -> Node:
    return scene.madrid


@pytest.fixture(scope="session")
def ma(scene: Story) -> Node:
    return scene.rabat


@pytest.fixture(scope="session")
def road() -> Iterator[Stage]:
    """Five nodes that have met, for what goes by INTERPOL's network."""
    with five_nodes() as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with a_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def known() -> dict[str, Desk]:
    """The desks that are open, by service number."""
    return {}


@pytest.fixture(autouse=True)
def nothing_failed(known: dict[str, Desk]) -> Iterator[None]:
    """No test leaves a page behind on which something failed, was loaded from elsewhere, or can't be used by everybody."""
    yield
    told = [f"{number} {failure}" for number, desk in known.items() for failure in desk.told()]
    assert not told, "\n".join(told)


@pytest.fixture(scope="session")
def desks(browser: Browser, es: Node, ma: Node, known: dict[str, Desk]) -> Iterator[Callable[[str], Desk]]:
    """Somebody's desk by service number, signed in once for all tests."""

    def desk(number: str) -> Desk:
        if number not in known:
            known[number] = Desk(browser, es if number.startswith("ES") else ma, number).sign_in()
        return known[number]

    yield desk
    for one in known.values():
        one.close()


@pytest.fixture
def madrid(desks: Callable[[str], Desk]) -> Desk:
    """Begoña's desk."""
    return desks("ES-4017")


@pytest.fixture
def rabat(desks: Callable[[str], Desk]) -> Desk:
    """Younes' desk."""
    return desks("MA-2210")
