"""What a page gets of its node: the officer whose key is open in the session and certified now, or nobody."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from support.node import PASSPHRASE, Node, Nodes
from tansiq.accounts.session_keys import keep_keys, keys_of
from tansiq.directory.queries import own_directory
from tansiq.directory.services import publish_own
from tansiq.keystore.officers import open_officer_keys
from tansiq.node.visiting import officer_of, served
from tansiq.protocol.directory import Use, make_directory

pytestmark = pytest.mark.storage

OFFICER = "ES-4017"


def request(number: str, *, keys: str = "") -> Any:
    """A page's request by ``number``, with the keys of ``keys`` open."""
    session: dict[str, Any] = {}
    if keys:
        keep_keys(session, open_officer_keys(keys, PASSPHRASE))  # type: ignore[arg-type]
    return SimpleNamespace(visitor=SimpleNamespace(number=number), session=session)


def revoke(es: Node, number: str) -> None:
    current = own_directory()
    now_ms = es.context.clock()
    keys = tuple(
        replace(key, revoked_ms=now_ms, reason="lost") if (key.use, key.owner) == (Use.OFFICER_SIGNS, number) else key
        for key in current.keys
    )
    following = replace(
        current, number=current.number + 1, time_ms=now_ms, previous=current.digest, keys=keys, encoded=b"", signature=None
    )  # fmt: skip
    publish_own(make_directory(following, identity=es.identity), now_ms=now_ms)


def test_the_open_key_makes_the_officer(node: Nodes) -> None:
    es = node("es.cgi")
    asked = request(OFFICER, keys=OFFICER)
    assert keys_of(asked.session) == tuple(open_officer_keys(OFFICER, PASSPHRASE))
    officer = officer_of(asked, es.context)
    assert officer is not None
    assert (officer.number, officer.posts) == (OFFICER, (es.post(),))
    assert officer.signer.identifier == es.officer(OFFICER).signer.identifier
    assert served() is es.context


def test_nobody_without_a_visitor_a_key_or_a_certificate(node: Nodes) -> None:
    es = node("es.cgi")
    assert officer_of(request("", keys=OFFICER), es.context) is None
    assert officer_of(request(OFFICER), es.context) is None
    assert officer_of(request("ES-3300", keys=OFFICER), es.context) is None
    asked = request(OFFICER, keys=OFFICER)
    assert officer_of(asked, es.context) is not None
    revoke(es, OFFICER)
    assert officer_of(asked, es.context) is None


def test_the_node_that_was_opened_last_is_the_one_that_is_shown(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    assert served() is ma.context
    es.use()
    assert served() is es.context
