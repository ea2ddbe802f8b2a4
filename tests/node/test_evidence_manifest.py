"""The manifest of an evidence file: it says what its members are and nothing else, whoever signs it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.exhibits import ES, Story, archive, refused, signed_again, story, tell
from tansiq.errors import Error, NotProven
from tansiq.node.evidence import verify_archive
from tansiq.node.evidence_manifest import MANIFEST, SIGNATURE, pack
from tansiq.node.evidence_zip import read_zip, write_zip
from tansiq.protocol.cose import sign1

__all__ = ["archive", "story"]


def first(manifest: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = manifest["statements"][0]
    return out


MANIFESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "an unknown field": lambda manifest: manifest.update(note="believe me"),
    "another format": lambda manifest: manifest.update(format="tansiq-evidence-2"),
    "a truth for a number": lambda manifest: first(manifest)["hops"][0]["envelope"].update(index=False),
    "a fraction": lambda manifest: manifest.update(exported_ms=1.0),
    "a number below zero": lambda manifest: manifest.update(exported_ms=-1),
    "a number too large": lambda manifest: manifest.update(exported_ms=1 << 63),
    "a text for a list": lambda manifest: manifest.update(statements="none"),
    "a list for a map": lambda manifest: manifest.update(directory=[]),
    "a name for a list of names": lambda manifest: manifest["directory"].update({ES: f"directory/{ES}-1.cose"}),
    "hexadecimal in capitals": lambda manifest: first(manifest).update(
        parts_root=first(manifest)["parts_root"].upper()
    ),
    "no hexadecimal": lambda manifest: first(manifest)["hops"][0].update(entry="zz"),
    "another time than was signed": lambda manifest: first(manifest).update(time="2020-01-01T00:00:00.000Z"),
    "a direction that is none": lambda manifest: first(manifest)["hops"][0]["receipt"].update(direction=3),
    "a statement twice": lambda manifest: manifest["statements"].append(first(manifest)),
    "statements out of order": lambda manifest: manifest["statements"].reverse(),
    "a document twice": lambda manifest: manifest["directory"][ES].append(f"directory/{ES}-1.cose"),
    "a file of another sort": lambda manifest: first(manifest).update(file="README.md"),
    "a receipt that is no head": lambda manifest: first(manifest)["hops"][0]["receipt"].update(file="README.md"),
    "a file in two places": lambda manifest: first(manifest)["parts"][1].update(
        disclosed=first(manifest)["parts"][0]["disclosed"]
    ),
    "a name on the way out": lambda manifest: first(manifest).update(file="../" + first(manifest)["file"]),
    "a place outside": lambda manifest: first(manifest)["hops"][0]["envelope"].update(index=7),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_manifest_that_says_anything_else_is_refused_even_signed(
    story: Story, archive: bytes, change: Callable[[dict[str, Any]], object]
) -> None:
    members = read_zip(archive)
    manifest = json.loads(members[MANIFEST])
    change(manifest)
    refused(signed_again(story, members, json.dumps(manifest, indent=1).encode() + b"\n"), story.pins)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"exported_ms": ' + b"9" * 5_000 + b"}",
        b'{"directory": NaN}',
    ],
    ids=lambda encoded: repr(encoded[:16]),
)
def test_a_manifest_that_is_none_is_refused(story: Story, archive: bytes, encoded: bytes) -> None:
    refused(signed_again(story, read_zip(archive), encoded), story.pins)


@pytest.mark.parametrize("space", [b" ", b"\n"])
def test_a_manifest_written_otherwise_is_refused_even_signed(story: Story, archive: bytes, space: bytes) -> None:
    members = read_zip(archive)
    refused(signed_again(story, members, members[MANIFEST] + space), story.pins)
    twice_said = members[MANIFEST].replace(b'"exporter":', b'"exporter": "es.cgi",\n "exporter":', 1)
    refused(signed_again(story, members, twice_said), story.pins)


def test_no_member_is_read_twice(story: Story, archive: bytes) -> None:
    """A manifest that names one large member a thousand times would let a reader hash it a thousand times."""
    members = read_zip(archive)
    manifest = json.loads(members[MANIFEST])
    name = next(name for name in members if name.startswith("disclosed/"))
    members[name] = bytes(1_000_000)
    part = {"sha256": "00" * 32, "commitment": "00" * 32, "length": 1, "disclosed": name}
    first(manifest)["parts"] = [part] * 3_000
    wrong = signed_again(story, members, json.dumps(manifest, indent=1).encode() + b"\n")
    before = time.process_time()
    assert refused(wrong, story.pins).code == "evidence.other-manifest"
    assert time.process_time() - before < 1


def test_a_signature_of_another_kind_is_not_the_exporters(story: Story, archive: bytes) -> None:
    members = read_zip(archive)
    members[SIGNATURE] = sign1(members[MANIFEST], kind="journal-head", signer=story.es.node_key, detached=True)
    assert refused(write_zip(members), story.pins).values["file"] == SIGNATURE


@given(st.data())
def test_whatever_is_changed_in_a_member_only_our_errors_come(data: st.DataObject) -> None:
    story = STORY
    members = dict(MEMBERS)
    name = data.draw(st.sampled_from(sorted(members)))
    blob = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(blob) - 1))
        blob[at] = data.draw(st.integers(0, 255))
    members[name] = bytes(blob)
    if name != MANIFEST and members[name] != MEMBERS[name]:
        old, new = (hashlib.sha256(one).hexdigest().encode() for one in (MEMBERS[name], members[name]))
        members[MANIFEST] = members[MANIFEST].replace(old, new)
    archive = signed_again(story, members, members[MANIFEST])
    try:
        verify_archive(archive, pinned=story.pins)
    except Error as error:
        assert isinstance(error, NotProven)  # noqa: PT017 (both outcomes are fine, another error is not)


STORY = tell()
MEMBERS = {**pack(STORY.evidence, readme=b"# read me\n"), SIGNATURE: b""}
