"""The directory document: who an agency is, which keys speak for it, and who may change that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from peer import START_MS, SimulatedPeer, altered, seeded, self_made_directory
from tansiq.errors import BadInput, Error, NotFound, NotProven, TooMuch
from tansiq.policy import plain
from tansiq.protocol import directory
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.cose import sign1
from tansiq.protocol.directory import (
    Certified,
    Directory,
    Officer,
    Post,
    Use,
    fingerprint,
    make_directory,
    parse_directory,
    verify_successor,
)
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey, SealingKey, SigningKey
from tansiq.protocol.limits import MAX_DIRECTORY_BYTES, MAX_DIRECTORY_ITEMS, MAX_TIME_MS

PEER = SimulatedPeer("ma.dgst", posts=("desk", "head"), officers=("4711", "4712"), addresses=("https://ma.example",))
FIRST = PEER.directory
KEYS, POSTS, OFFICERS = 9, 10, 11


def test_a_document_travels_as_its_bytes() -> None:
    parsed = parse_directory(FIRST.encoded)
    assert parsed == FIRST
    assert [post.id for post in parsed.posts] == ["ma.dgst/desk", "ma.dgst/head"]
    assert [officer.number for officer in parsed.officers] == ["4711", "4712"]
    assert parsed.addresses == ("https://ma.example",)
    assert not parsed.pulls
    assert fingerprint(parsed.identity) == PEER.identity.identifier


def test_keys_are_found_by_identifier_and_use() -> None:
    found = FIRST.certified(PEER.node_key.identifier, Use.NODE_SIGNS)
    assert isinstance(found.key, PublicSigningKey)
    assert found.owner == "ma.dgst"
    post = FIRST.current(Use.POST_OPENS, "ma.dgst/head", START_MS + 1000)
    assert [type(one.key) for one in post] == [PublicSealingKey]
    for identifier, use in (
        (PEER.node_key.identifier, Use.OFFICER_SIGNS),  # a key is certified for one use
        (seeded("stranger"), Use.NODE_SIGNS),
    ):
        with pytest.raises(NotFound) as caught:
            FIRST.certified(identifier, use)
        assert caught.value.code == "protocol.unknown-key"


def certified(**times: int) -> Certified:
    values: dict[str, Any] = {"from_ms": 100}
    return Certified(use=Use.NODE_SIGNS, owner="ma.dgst", public=PEER.node_key.public.public, **values | times)


@pytest.mark.parametrize(
    ("times", "at", "doubt"),
    [
        ({}, 99, "early"),
        ({}, 100, ""),
        ({}, 10**15, ""),
        ({"until_ms": 200}, 199, ""),
        ({"until_ms": 200}, 200, "expired"),
        ({"revoked_ms": 150}, 149, ""),
        ({"revoked_ms": 150}, 150, "revoked"),
        ({"revoked_ms": 150, "until_ms": 200}, 300, "revoked"),
        ({"revoked_ms": 150}, 50, "early"),
    ],
)
def test_a_key_is_believed_from_when_to_when(times: dict[str, int], at: int, doubt: str) -> None:
    assert certified(**times).doubt_at(at) == doubt


def test_the_newest_believed_key_comes_first() -> None:
    peer = SimulatedPeer("es.cgi")
    old = peer.node_key
    new = peer.rotate_node_key().keys[-1]
    now_ms = peer.clock()
    current = peer.directory.current(Use.NODE_SIGNS, "es.cgi", now_ms)
    assert [one.key.identifier for one in current] == [new.key.identifier, old.identifier]
    peer.revoke(old.public, from_ms=now_ms)
    assert len(peer.directory.current(Use.NODE_SIGNS, "es.cgi", now_ms)) == 1
    # What was signed before the theft stays what it was.
    assert peer.directory.certified(old.identifier, Use.NODE_SIGNS).doubt_at(now_ms - 1) == ""


def test_a_key_must_be_one() -> None:
    with pytest.raises(BadInput) as caught:
        Certified(use=Use.POST_OPENS, owner="ma.dgst/desk", public=bytes(32), from_ms=0)
    assert caught.value.code == "protocol.wrong-key"


# ---------------------------------------------------------------------------------------------------- succession


def following(**changes: Any) -> Directory:
    """The document after `FIRST`, signed by its identity key unless told otherwise."""
    signer = changes.pop("signer", PEER.identity)
    values: dict[str, Any] = {"number": 2, "previous": FIRST.digest, "time_ms": START_MS + 5000}
    return make_directory(replace(FIRST, **values | changes), identity=signer)


STRANGER = SigningKey(seeded("stranger"))
SUCCESSORS: dict[str, tuple[dict[str, Any], str]] = {
    "the next": ({}, ""),
    "a later one": ({"number": 9, "previous": seeded("lost")}, ""),
    "the next after another": ({"previous": seeded("other")}, "protocol.broken-succession"),
    "the next after none": ({"previous": b""}, "protocol.broken-succession"),
    "the same number": ({"number": 1, "previous": b""}, "protocol.older-directory"),
    "another identity": (
        {"identity": STRANGER.public.public, "signer": STRANGER},
        "protocol.other-identity",
    ),
    "another agency": ({"agency": "ma.other", "posts": (), "keys": (), "officers": ()}, "protocol.other-identity"),
}


@pytest.mark.parametrize(("changes", "code"), SUCCESSORS.values(), ids=SUCCESSORS)
def test_who_may_follow(changes: dict[str, Any], code: str) -> None:
    new = parse_directory(following(**changes).encoded)
    if not code:
        verify_successor(FIRST, new)
        return
    with pytest.raises(NotProven) as caught:
        verify_successor(FIRST, new)
    assert caught.value.code == code


def test_the_same_document_again_follows() -> None:
    verify_successor(FIRST, parse_directory(FIRST.encoded))


def test_an_older_document_does_not_bring_a_revoked_key_back() -> None:
    peer = SimulatedPeer("es.cgi")
    old = peer.directory
    new = peer.revoke(peer.node_key.public, from_ms=peer.clock())
    verify_successor(old, new)
    with pytest.raises(NotProven) as caught:
        verify_successor(new, old)
    assert caught.value.code == "protocol.older-directory"


@pytest.mark.parametrize(
    ("claim_identity", "code"), [(True, "protocol.wrong-signature"), (False, "protocol.other-identity")]
)
def test_a_stolen_online_key_certifies_nothing(claim_identity: bool, code: str) -> None:
    with pytest.raises(NotProven) as caught:
        verify_successor(
            FIRST, parse_directory(self_made_directory(PEER, signer=PEER.node_key, claim_identity=claim_identity))
        )
    assert caught.value.code == code


def test_a_document_signed_by_another_key_than_it_names_is_refused() -> None:
    with pytest.raises(NotProven) as caught:
        following(signer=PEER.node_key)
    assert caught.value.code == "protocol.other-key"


def test_an_altered_document_is_refused() -> None:
    with pytest.raises(NotProven) as caught:
        parse_directory(altered(FIRST.encoded, payload=lambda fields: fields | {7: ["https://thief.example"]}))
    assert caught.value.code == "protocol.wrong-signature"


# ---------------------------------------------------------------------------------------------------- its fields


def payload() -> dict[int, Any]:
    assert FIRST.signature is not None
    assert FIRST.signature.payload is not None
    fields: dict[int, Any] = decode(FIRST.signature.payload)
    return fields


def signed(field: int, value: Any) -> bytes:
    return sign1(encode(payload() | {field: value}), kind="directory", signer=PEER.identity)


def key(**changes: Any) -> list[Any]:
    names = ["use", "owner", "public", "from_ms", "until_ms", "revoked_ms", "reason", "recovery"]
    return [payload()[KEYS][0] | {names.index(name): value for name, value in changes.items()}]


def post(**changes: Any) -> list[Any]:
    names = ["id", "role", "names", "languages"]
    return [payload()[POSTS][0] | {names.index(name): value for name, value in changes.items()}]


WRONG: list[tuple[int, Any, str]] = [
    (0, 0, "protocol.wrong-field"),
    (1, "not an agency", "protocol.not-an-agency"),
    (2, 0, "protocol.wrong-field"),
    (3, -1, "protocol.wrong-field"),
    (3, MAX_TIME_MS + 1, "protocol.wrong-field"),
    (4, bytes(31), "protocol.wrong-field"),
    (4, bytes(32), "protocol.wrong-key"),
    (5, bytes(5), "protocol.wrong-field"),
    (6, [], "protocol.wrong-field"),
    (6, {"en": 1}, "protocol.wrong-field"),
    (6, {1: "x"}, "protocol.wrong-field"),
    (6, {"free text": "x"}, "protocol.not-a-code"),
    (6, {"en": "x" * 201}, "protocol.wrong-field"),
    (6, {f"x{number}": "x" for number in range(17)}, "protocol.wrong-field"),
    (7, ["x"] * 9, "protocol.wrong-field"),
    (7, [1], "protocol.wrong-field"),
    (8, ["x"], "protocol.wrong-field"),
    (KEYS, key(use="free text"), "protocol.not-a-code"),
    (KEYS, key(use=1), "protocol.wrong-field"),
    (KEYS, key(owner=1), "protocol.wrong-field"),
    (KEYS, key(public=bytes(31)), "protocol.wrong-key"),
    (KEYS, key(use="post.seal", owner="ma.dgst/desk"), "protocol.wrong-key"),
    (KEYS, key(use="post.seal", owner="es.cgi/desk"), "protocol.foreign-post"),
    (KEYS, key(use="post.seal", owner="ma.dgst"), "protocol.not-a-post"),
    (KEYS, key(from_ms=-1), "protocol.wrong-field"),
    (KEYS, key(from_ms=MAX_TIME_MS + 1), "protocol.wrong-field"),
    (KEYS, key(until_ms=MAX_TIME_MS + 1), "protocol.wrong-field"),
    (KEYS, key(revoked_ms=MAX_TIME_MS + 1), "protocol.wrong-field"),
    (KEYS, key(revoked_ms="now"), "protocol.wrong-field"),
    (KEYS, key(reason=1), "protocol.wrong-field"),
    (KEYS, key(recovery=[bytes(31)]), "protocol.wrong-field"),
    (KEYS, key(recovery=[bytes(32)] * 9), "protocol.wrong-field"),
    (KEYS, [["node.sign", "ma.dgst"]], "protocol.wrong-field"),
    (POSTS, post(id="es.cgi/desk"), "protocol.foreign-post"),
    (POSTS, post(id="desk"), "protocol.not-a-post"),
    (POSTS, post(role="the head"), "protocol.not-a-code"),
    (POSTS, post(names="Desk"), "protocol.wrong-field"),
    *(
        (POSTS, post(names={"es": f"Unidad{one}ocsicnarF"}), "protocol.wrong-field")
        for one in "\0\t\n\x1b\x85\u2028\u202a\u202d\u202e"
    ),
    (6, {"ar": "\u202eecivres"}, "protocol.wrong-field"),
    (POSTS, post(languages=[1]), "protocol.wrong-field"),
    (POSTS, post(languages="en"), "protocol.wrong-field"),
    (POSTS, ["ma.dgst/desk"], "protocol.wrong-field"),
    (OFFICERS, [{0: "4711", 1: ["es.cgi/head"]}], "protocol.foreign-post"),
    (OFFICERS, [{0: "4711", 1: [1]}], "protocol.wrong-field"),
    (OFFICERS, [{0: 4711, 1: []}], "protocol.wrong-field"),
    (OFFICERS, [{0: "Captain X", 1: []}], "protocol.not-a-code"),
    (12, 1, "protocol.wrong-field"),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG, ids=range(len(WRONG)))
def test_a_field_that_is_none_is_refused_though_it_is_signed(field: int, value: Any, code: str) -> None:
    with pytest.raises(Error) as caught:
        parse_directory(signed(field, value))
    assert caught.value.code == code or (field == 4 and caught.value.code == "protocol.other-key")


def test_a_name_is_a_line_as_policy_takes_one() -> None:
    """Neither of the two rooms imports the other: what one refuses in a line the other refuses in a name."""
    everything = "".join(chr(one) for one in range(0x110000))
    assert directory._NOT_IN_A_NAME.findall(everything) == plain._NOT_IN_A_LINE.findall(everything)


def test_a_key_for_a_use_that_is_not_known_yet_is_passed_over() -> None:
    """Version 2 may certify keys of a new kind; version 1 reads the rest of the document."""
    later = {0: "node.sign-lattice", 1: "ma.dgst", 2: bytes(1952), 3: START_MS}
    parsed = parse_directory(signed(KEYS, [later, *payload()[KEYS]]))
    assert parsed.keys == FIRST.keys


def test_keys_are_of_the_sort_that_their_use_wants() -> None:
    seal = SealingKey(seeded("seal", 96)).public.public
    for use in Use:
        public = seal if use.endswith(".seal") else STRANGER.public.public
        assert Certified(use=use, owner="ma.dgst", public=public, from_ms=0).key.public == public
        with pytest.raises(BadInput):
            Certified(use=use, owner="ma.dgst", public=seal[:32] if use.endswith(".seal") else seal, from_ms=0)


def test_what_is_just_within_its_limits_is_taken() -> None:
    names = {f"x{number}": "n" * 200 for number in range(16)}
    assert parse_directory(signed(6, names)).names == names
    with pytest.raises(BadInput):  # at the limit it is judged by what it is
        parse_directory(bytes(MAX_DIRECTORY_BYTES))
    first = Certified(use=Use.NODE_SIGNS, owner="", public=PEER.node_key.public.public, from_ms=0)
    assert set(first.to_plain()) == {0, 1, 2, 3}
    assert parse_directory(following(keys=(first,)).encoded).keys == (first,)


def test_an_agency_of_five_hundred_posts_and_officers_fits() -> None:
    sealing, signing = SealingKey(seeded("seal", 96)).public.public, STRANGER.public.public
    posts = [f"ma.dgst/counter-terrorism-{number}" for number in range(500)]
    names = dict.fromkeys(("ar", "es", "fr", "en"), "A desk with a name of forty characters ..")
    codes = [f"MA-{number:05}" for number in range(500)]
    large = following(
        keys=(
            *(
                Certified(use=Use.POST_OPENS, owner=post, public=sealing, from_ms=START_MS, recovery=(bytes(32),) * 2)
                for post in posts
            ),
            *(Certified(use=Use.OFFICER_SIGNS, owner=code, public=signing, from_ms=START_MS) for code in codes),
        ),
        posts=tuple(Post(id=post, role="desk", names=names, languages=("ar", "es", "fr", "en")) for post in posts),
        officers=tuple(Officer(number=code, posts=(post, posts[0])) for code, post in zip(codes, posts, strict=True)),
    )
    assert len(large.encoded) < 870_000 < MAX_DIRECTORY_BYTES
    assert (len(large.keys), len(large.posts), len(large.officers)) == (1000, 500, 500)


def test_a_document_of_very_many_small_values_is_refused_before_they_are_made() -> None:
    with pytest.raises(TooMuch) as caught:
        parse_directory(signed(OFFICERS, [{0: "1", 1: []}] * (MAX_DIRECTORY_ITEMS // 5)))
    assert caught.value.code == "protocol.too-many-items"


def test_an_oversized_document_is_not_even_decoded() -> None:
    with pytest.raises(TooMuch) as caught:
        parse_directory(bytes(MAX_DIRECTORY_BYTES + 1))
    assert caught.value.code == "protocol.directory-too-large"


def test_a_detached_document_is_none() -> None:
    with pytest.raises(BadInput):
        parse_directory(sign1(encode(payload()), kind="directory", signer=PEER.identity, detached=True))
