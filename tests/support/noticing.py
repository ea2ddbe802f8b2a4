"""A bureau's officer, the hub's legal desk and a member at the pages of notices: what each writes into the forms; invented.

    with desks.madrid as browser:
        page = laid(browser, RED)                     # written, previewed, on the desk

Invariant: everything goes through the pages; what these forms hold is complete in law, and a test that wants something lacking takes
a field away.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from support.browsing import Browser
from support.bureaux import Board
from support.node import Node
from support.writing import LAW, compose, hidden, messages
from tansiq.node.site import bind_site

__all__ = [
    "ANSWER", "CHECKED", "DECLARED", "RED", "YELLOW", "Desks", "Side", "answered", "checked", "desks_of", "laid", "published",
    "sent", "shown",
]  # fmt: skip

_LAW: Final = {name: value for name, value in LAW.items() if "neutrality" not in name} | {
    "law.legal_basis": "law.interpol"
}
_HANDLING: Final = {"conditions.codes": ["H1"], "conditions.classification": "class.restricted"}
RED: Final[dict[str, Any]] = {
    "colour": "notice.red",
    "reference": "OCN-2026-118",
    "subjects.0.kind": "subject.person",
    "subjects.0.category": "category.wanted",
    "subjects.0.sex": "M",
    "subjects.0.names.0.value": "Mojtar Benalí el Invento",
    "subjects.0.names.0.script": "Latn",
    "subjects.0.names.0.role": "name.full",
    "subjects.0.births.0": "1984-03-09",
    "subjects.0.nationalities.0": "Marruecos",
    "appearance.height_cm": "178",
    "appearance.eyes": "BRO",
    "appearance.speaks": ["ar", "es"],
    "warrants.0.country": "España",
    "warrants.0.authority": "Juzgado Central de Instrucción inventado",
    "warrants.0.reference": "DP 118/2026",
    "warrants.0.issued": "2026-06-02",
    "warrants.0.punishable_months": "144",
    "warrants.0.charge": "Pertenencia a organización terrorista inventada.",
    "warrants.0.charge.language": "es",
    "facts": "Salió de Algeciras el día en que se dictó la orden.",
    "facts.language": "es",
    "caution": "Puede ir armado.",
    "caution.language": "es",
    "event_place.role": "place.last-seen",
    "actions": ["action.locate", "action.arrest"],
    **_LAW,
    **_HANDLING,
}
YELLOW: Final[dict[str, Any]] = {
    "colour": "notice.yellow",
    "subjects.0.kind": "subject.person",
    "subjects.0.category": "category.missing",
    "subjects.0.sex": "F",
    "subjects.0.names.0.value": "سلمى المخترعة",
    "subjects.0.names.0.script": "Arab",
    "subjects.0.names.0.role": "name.full",
    "subjects.0.births.0": "2004-05-11",
    "subjects.0.nationalities.0": "المغرب",
    "event_date": "2026-09-03",
    "event_place.role": "place.last-seen",
    "event_place.name": "طنجة",
    "event_place.country": "MA",
    "facts": "غادرت بيتها ولم تعد.",
    "facts.language": "ar",
    "actions": ["action.locate", "action.protect"],
    **{name: value for name, value in _LAW.items() if name != "law.offence"},
    "law.purpose": "purpose.missing-person",
    **_HANDLING,
}
CHECKED: Final[dict[str, str]] = {
    "article_2": "yes", "political": "no", "military": "no", "religious": "no", "racial": "no",
}  # fmt: skip
_SWORN: Final = {name: value for name, value in LAW.items() if "neutrality" in name}
ANSWER: Final[dict[str, Any]] = {
    "result": "result.arrested",
    "on": "2026-11-27",
    "place.role": "place.other",
    "place.name": "Tanger",
    "place.country": "MA",
    "authority": "Police judiciaire inventée",
    "confirmed": "on",
    **_LAW,
    **_SWORN,
    **_HANDLING,
}
DECLARED: Final[dict[str, Any]] = {
    "status": "status.held",
    "since": "2026-11-20",
    "place.role": "place.other",
    "place.name": "Salé",
    "place.country": "MA",
    "authority": "Établissement pénitentiaire inventé",
    **{name: value for name, value in RED.items() if name.startswith("subjects.")},
    **_LAW,
    **_SWORN,
    **_HANDLING,
}


@dataclass(slots=True)
class Side:
    """A node and a browser of somebody there; entering it binds the node."""

    node: Node
    browser: Browser

    def __enter__(self) -> Browser:
        self.node.use()
        bind_site(self.node.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        return self.browser

    def __exit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Desks:
    """Madrid's bureau, Rabat's, and the hub's legal desk."""

    board: Board
    madrid: Side
    rabat: Side
    hub: Side


def _signed_in(board: Board, node: Node, number: str, language: str) -> Side:
    side = Side(node, Browser(language=language))
    with side as browser:
        browser.sign_in(number, clock=board.clock)
        browser.post("/choose/", {"language": language, "next": "/"})
    return side


def desks_of(board: Board) -> Desks:
    """All three signed in."""
    return Desks(
        board,
        _signed_in(board, board.es, "ES-5001", "es"),
        _signed_in(board, board.ma, "MA-5001", "ar"),
        _signed_in(board, board.hub, "IX-0001", "en"),
    )


def laid(browser: Browser, data: dict[str, Any], *, what: str = "notice", path: str = "") -> str:
    """A notice that was written and previewed and lies on the desk: its page."""
    answer = compose(browser, data, path=path or browser.get(f"/interpol/new/{what}/")["Location"])
    assert answer.status_code == 302, messages(answer)
    preview = browser.get(answer["Location"])
    assert preview.status_code == 200, preview.content.decode()[:2000]
    done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
    assert done.status_code == 302, done.content.decode()[:3000]
    return str(done["Location"])


def checked(browser: Browser, page: str, *, purpose: str = "rpd.wanted", **answers: str) -> Any:
    """The answer to the check of what lies on the desk."""
    version = hidden(browser.get(page), "version")
    return browser.post(f"{page}check/", {**CHECKED, "rpd_purpose": purpose, "version": version, **answers})


def sent(
    browser: Browser, data: dict[str, Any], *, what: str = "notice", purpose: str = "rpd.wanted", **to: Any
) -> str:
    """A notice that was written, checked and sent: its page."""
    page = laid(browser, data, what=what)
    answer = checked(browser, page, purpose=purpose)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    done = browser.post(f"{page}send/", {"version": hidden(browser.get(page), "version"), **to})
    assert done.status_code == 302, done.content.decode()[:4000]
    return str(done["Location"])


def published(
    desks: Desks, data: dict[str, Any], *, page: str = "", until: str = "", purpose: str = "rpd.wanted", **to: Any
) -> str:
    """A notice that the hub has published and the members have: Madrid's of ``data``, or what was asked for at ``page``."""
    if not page:
        with desks.madrid as browser:
            page = sent(browser, data, purpose=purpose, **to)
    desks.board.carry()
    with desks.hub as browser:
        longest = _field(browser.get(f"{page}say/publication/"), "until_ms")
        done = browser.post(f"{page}say/publication/", {"lawful": "yes", "until_ms": until or longest})
        assert done.status_code == 302, done.content.decode()[:3000]
    desks.board.carry()
    return page


def answered(desks: Desks, page: str, data: dict[str, Any], *, by: Side | None = None) -> None:
    """A member's answer that was written, previewed, signed and delivered; Rabat's unless another is named."""
    with by or desks.rabat as browser:
        answer = compose(browser, data, path=f"{page}answer/")
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        assert preview.status_code == 200, preview.content.decode()[:2000]
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert (done.status_code, done["Location"]) == (302, page), done.content.decode()[:3000]
    desks.board.carry()


def shown(browser: Browser, path: str) -> str:
    """A page that opens, as it is read."""
    answer = browser.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return html.unescape(answer.content.decode())


def _field(answer: Any, name: str) -> str:
    """What stands in a field of a form."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', answer.content.decode())
    assert found is not None, name
    return found[1]
