"""Whose key is it, and is it believed now: the directory answers for the time that it is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.node import Clock, Node, Nodes
from tansiq.directory import queries
from tansiq.directory.queries import (
    current_directory,
    documents_of,
    node_keys,
    officer_key,
    own_directory,
    partners,
    sealing_key_of,
    signing_key,
)
from tansiq.directory.services import publish_own
from tansiq.errors import NotFound, NotProven
from tansiq.protocol.directory import Certified, Directory, Use, make_directory
from tansiq.protocol.keys import SealingKey, SigningKey

pytestmark = pytest.mark.storage

MINUTE = 60_000
FROM, UNTIL, REVOKED = 10 * MINUTE, 20 * MINUTE, 15 * MINUTE
POST = "es.cgi/counter-terrorism"


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


def certified(key: SigningKey | SealingKey, **changes: object) -> Certified:
    values = {"use": Use.NODE_SIGNS, "owner": "es.cgi", "public": key.public.public, "from_ms": FROM, **changes}
    return Certified(**values)  # type: ignore[arg-type]


def published(madrid: Node, *keys: Certified) -> Directory:
    """Our next document, with these keys alone."""
    before = own_directory()
    made = make_directory(
        replace(before, number=before.number + 1, previous=before.digest, keys=keys, encoded=b"", signature=None),
        identity=madrid.identity,
    )
    publish_own(made, now_ms=1)
    return made


def test_who_is_known(madrid: Node) -> None:
    assert [(one.agency, one.is_self) for one in partners()] == [("es.cgi", True), ("ma.dgst", False)]
    assert own_directory().agency == "es.cgi"
    assert own_directory() == current_directory("es.cgi")
    assert [one.number for one in documents_of("ma.dgst")] == [1]
    assert documents_of("fr.dgsi") == []
    with pytest.raises(NotFound) as caught:
        current_directory("fr.dgsi")
    assert caught.value.code == "directory.unknown-agency"


@pytest.mark.parametrize(
    ("time_ms", "believed"),
    [
        (0, {"plain", "ending", "revoked"}),  # clocks differ: one that begins later was certified all the same
        (FROM, {"plain", "ending", "revoked"}),
        (REVOKED - 1, {"plain", "ending", "revoked"}),
        (REVOKED, {"plain", "ending"}),
        (UNTIL - 1, {"plain", "ending"}),
        (UNTIL, {"plain"}),
        (1 << 50, {"plain"}),
    ],
)
def test_node_keys_are_believed_in_their_time(madrid: Node, time_ms: int, believed: set[str]) -> None:
    keys = {name: SigningKey.generate() for name in ("plain", "ending", "revoked")}
    directory = published(
        madrid,
        certified(keys["plain"]),
        certified(keys["ending"], until_ms=UNTIL),
        certified(keys["revoked"], revoked_ms=REVOKED, reason="stolen"),
        certified(SigningKey.generate(), use=Use.OFFICER_SIGNS, owner="ES-4017"),
    )
    assert node_keys(directory, time_ms) == {keys[name].identifier: keys[name].public for name in believed}


@pytest.mark.parametrize(
    ("name", "signed_ms", "now_ms", "code"),
    [
        ("plain", FROM, UNTIL, ""),
        ("plain", 0, 0, ""),
        ("ending", UNTIL - 1, 1 << 50, ""),  # a courier's file may be a year old
        ("ending", UNTIL, UNTIL, "exchange.key-not-believed"),
        ("revoked", REVOKED - 2, REVOKED - 1, ""),
        ("revoked", REVOKED - 2, REVOKED, "exchange.key-not-believed"),  # a thief writes any time he likes
        ("revoked", REVOKED, REVOKED - 1, "exchange.key-not-believed"),
        ("officer", FROM, FROM, "exchange.unknown-key"),
        ("stranger", FROM, FROM, "exchange.unknown-key"),
        ("former", FROM, FROM, "exchange.key-not-believed"),
    ],
)
def test_a_signature_is_believed_by_when_it_was_made_and_when_it_came(
    madrid: Node, name: str, signed_ms: int, now_ms: int, code: str
) -> None:
    keys = {one: SigningKey.generate() for one in ("plain", "ending", "revoked", "officer", "stranger", "former")}
    published(madrid, certified(keys["former"]))
    directory = published(
        madrid,
        certified(keys["plain"]),
        certified(keys["ending"], until_ms=UNTIL),
        certified(keys["revoked"], revoked_ms=REVOKED, reason="stolen"),
        certified(keys["officer"], use=Use.OFFICER_SIGNS, owner="ES-4017"),
    )
    if not code:
        assert signing_key(directory, keys[name].identifier, signed_ms=signed_ms, now_ms=now_ms) == keys[name].public
        return
    with pytest.raises(NotProven) as caught:
        signing_key(directory, keys[name].identifier, signed_ms=signed_ms, now_ms=now_ms)
    assert caught.value.code == code


def test_a_post_is_sealed_to_its_newest_key_of_the_time(madrid: Node) -> None:
    old, new = SealingKey.generate(), SealingKey.generate()
    published(
        madrid,
        certified(old, use=Use.POST_OPENS, owner=POST, until_ms=UNTIL),
        certified(new, use=Use.POST_OPENS, owner=POST, from_ms=REVOKED),
        certified(SealingKey.generate(), use=Use.POST_OPENS, owner="es.cgi/head"),
        certified(SealingKey.generate(), use=Use.NODE_OPENS),
    )
    for time_ms, key in ((FROM, old), (REVOKED - 1, old), (REVOKED, new), (UNTIL, new)):
        found, public = sealing_key_of(POST, time_ms)
        assert (found.owner, public.identifier) == (POST, key.identifier), time_ms


def test_a_post_whose_key_begins_by_a_faster_clock_can_be_written_to(madrid: Node) -> None:
    key = SealingKey.generate()
    published(madrid, certified(key, use=Use.POST_OPENS, owner=POST, from_ms=REVOKED))
    assert sealing_key_of(POST, 0)[1].identifier == key.identifier


@pytest.mark.parametrize("post", ["ma.dgst/nobody", "ma.dgst/counter-terrorism-2", "es.cgi/MA-2210"])
def test_an_unknown_post(madrid: Node, clock: Clock, post: str) -> None:
    with pytest.raises(NotFound) as caught:
        sealing_key_of(post, clock.now_ms)
    assert caught.value.code == "directory.unknown-post"


def test_a_post_of_an_unknown_agency(madrid: Node, clock: Clock) -> None:
    with pytest.raises(NotFound) as caught:
        sealing_key_of("fr.dgsi/counter-terrorism", clock.now_ms)
    assert caught.value.code == "directory.unknown-agency"


@pytest.mark.parametrize("ended", [{"until_ms": UNTIL}, {"revoked_ms": UNTIL, "reason": "stolen"}])
def test_a_post_whose_keys_have_ended_can_not_be_written_to(madrid: Node, ended: dict[str, object]) -> None:
    published(madrid, certified(SealingKey.generate(), use=Use.POST_OPENS, owner=POST, **ended))
    assert sealing_key_of(POST, UNTIL - 1)
    with pytest.raises(NotFound) as caught:
        sealing_key_of(POST, UNTIL)
    assert caught.value.code == "directory.unknown-post"


def test_documents_are_kept_parsed_up_to_a_bound_and_the_latest_used_stay(madrid: Node) -> None:
    """Partners write them: as many as they like must not fill the memory."""
    keys = [certified(SealingKey.generate(), use=Use.POST_OPENS, owner=POST) for _ in range(3)]
    documents = [own_directory(), *(published(madrid, key) for key in keys)]
    sizes = [len(one.encoded) for one in documents]
    kept = queries._Kept(sum(sizes) - 1)
    first = [kept.read(one.encoded) for one in documents[:3]]
    assert kept.read(bytes(bytearray(documents[0].encoded))) is first[0], "the same bytes are read once"
    kept.read(documents[3].encoded)
    assert len(kept) == 3
    assert kept.read(documents[0].encoded) is first[0], "what was used last stays"
    assert kept.read(documents[1].encoded) is not first[1]
    nothing = queries._Kept(0)
    assert nothing.read(documents[0].encoded).directory == documents[0]
    assert len(nothing) == 0


def test_a_key_is_looked_for_in_the_latest_documents_alone(madrid: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agency that published thousands makes nobody read them all for a signature that is none."""
    monkeypatch.setattr(queries, "_LOOKED_BACK", 2)
    keys = [SigningKey.generate() for _ in range(3)]
    directory = [published(madrid, certified(key)) for key in keys][-1]
    codes = []
    for key in keys[:2]:
        with pytest.raises(NotProven) as caught:
            signing_key(directory, key.identifier, signed_ms=FROM, now_ms=FROM)
        codes.append(caught.value.code)
    assert codes == ["exchange.unknown-key", "exchange.key-not-believed"]


def test_an_officers_key_is_found_by_its_identifier(madrid: Node) -> None:
    officer, node = SigningKey.generate(), SigningKey.generate()
    directory = published(
        madrid, certified(officer, use=Use.OFFICER_SIGNS, owner="ES-4017"), certified(node, use=Use.NODE_SIGNS)
    )
    found = officer_key(directory, officer.identifier)
    assert found is not None
    assert (found.owner, found.key.identifier) == ("ES-4017", officer.identifier)
    assert officer_key(directory, node.identifier) is None
