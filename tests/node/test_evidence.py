"""Evidence files: verified offline with pins alone, by foreign software too, and by whoever follows their README."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cbor2
import pytest

from peer import seeded
from support import foreign
from support.exhibits import ES, LIES, MA, Lie, Story, archive, refused, signed_again, story, with_member
from support.judge import JUDGE
from tansiq.errors import BadInput, Conflict, NotFound, TooMuch, Unavailable
from tansiq.node import evidence as files
from tansiq.node.evidence_manifest import MANIFEST, SIGNATURE
from tansiq.node.evidence_zip import MAX_EVIDENCE_BYTES, read_zip, write_zip
from tansiq.protocol.evidence import Evidence
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.words import fingerprint_words
from tansiq.texts import LANGUAGES

__all__ = ["archive", "story"]


# ---------------------------------------------------------------------------------------------------- foreign software


@pytest.mark.parametrize("verifier", [foreign.cwt_verifies, foreign.openssl_verifies])
def test_foreign_software_proves_the_same(story: Story, archive: bytes, verifier: foreign.Verifier) -> None:
    if verifier is foreign.openssl_verifies and foreign.OPENSSL is None:
        pytest.skip("OpenSSL's command line is not installed")
    facts = foreign.verify(archive, story.pins, verifier=verifier)
    ours = files.verify_archive(archive, pinned=story.pins).findings
    for what in ("receipt", "witness"):
        assert sum(fact.startswith(what) for fact in facts) == sum(one.what == what for one in ours) == 3
    assert f"{MA} said {story.answered.statement.id.hex()}" in {fact.replace("-", "") for fact in facts}


def altered_members(archive: bytes) -> dict[str, bytes]:
    """For every member: the archive with one bit of it changed, and the manifest and checksums put right again."""
    members = read_zip(archive)
    out = {}
    for name, data in members.items():
        wrong = {**members, name: data[:-2] + bytes((data[-2] ^ 1,)) + data[-1:]}
        old, new = (hashlib.sha256(one).hexdigest().encode() for one in (data, wrong[name]))
        if name != MANIFEST:
            wrong[MANIFEST] = wrong[MANIFEST].replace(old, new)
        out[name] = write_zip(wrong)
    return out


def foreign_refuses(archive: bytes, story: Story) -> bool:
    try:
        foreign.verify(archive, story.pins)
    except foreign.Refused:
        return True
    return False


def test_what_was_altered_with_care_is_refused_here_and_by_foreign_software(story: Story, archive: bytes) -> None:
    for name, wrong in altered_members(archive).items():
        refused(wrong, story.pins)
        assert foreign_refuses(wrong, story), name


# ---------------------------------------------------------------------------------------------------- the pins


def test_an_agency_without_a_pin_proves_nothing(story: Story, archive: bytes) -> None:
    for agency in (ES, MA):
        pins = {other: pin for other, pin in story.pins.items() if other != agency}
        error = refused(archive, pins)
        assert (error.code, error.values) == ("evidence.no-pin", {"agency": agency})


@pytest.mark.parametrize("pin", [seeded("another identity"), b"", b"\0" * 16])
def test_another_identity_is_refused(story: Story, archive: bytes, pin: bytes) -> None:
    assert refused(archive, {**story.pins, MA: pin}).code == "evidence.other-identity"
    assert refused(archive, {**story.pins, MA: story.pins[ES]}).code == "evidence.other-identity"
    assert refused(archive, {**story.pins, MA: story.pins[MA][:15]}).code == "evidence.other-identity"
    with pytest.raises(foreign.Refused):
        foreign.verify(archive, {**story.pins, MA: pin})


@pytest.mark.parametrize("language", LANGUAGES)
def test_pins_are_words_digits_or_a_directory_file(story: Story, archive: bytes, tmp_path: Path, language: str) -> None:
    document = tmp_path / "rabat=.directory"
    document.write_bytes(story.ma.directory.encoded)
    words = " ".join(fingerprint_words(story.pins[ES], language))
    pins = files.parse_pins([f"{ES}={words}", str(document)])
    assert files.verify_archive(archive, pinned=pins).identities == story.pins
    typed: dict[str, bytes | str] = {
        ES: story.pins[ES].hex(":"),
        MA: "-".join(fingerprint_words(story.pins[MA], language)),
    }
    assert files.verify_archive(archive, pinned=typed).identities == story.pins
    other = " ".join(fingerprint_words(seeded("another identity"), language))
    assert refused(archive, {**story.pins, MA: other}).code == "evidence.other-identity"


@pytest.mark.parametrize(
    "typed",
    [["es.cgi"], ["es.cgi="], ["es.cgi=00"], ["es.cgi=not a fingerprint"], ["no such file"], ["a=" + "0" * 64] * 2],
)
def test_a_pin_that_is_none_is_refused(typed: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        files.parse_pins(typed)
    assert caught.value.code == "evidence.wrong-pin"


# ---------------------------------------------------------------------------------------------------- files


def test_verifying_needs_no_database_and_no_framework(story: Story, archive: bytes, tmp_path: Path) -> None:
    file = tmp_path / "evidence.zip"
    file.write_bytes(archive)
    pins = {agency: pin.hex() for agency, pin in story.pins.items()}
    program = f"""
import sys, pathlib
from tansiq.node.evidence import verify_evidence
report = verify_evidence(pathlib.Path({str(file)!r}), pinned={pins!r})
assert len(report.findings) > 10
assert not {{"django", "aiohttp", "asyncio", "sqlite3"}} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_file_that_cannot_be_read_or_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        files.verify_evidence(tmp_path / "none.zip", pinned={})
    huge = tmp_path / "huge.zip"
    with huge.open("wb") as stream:
        stream.truncate(MAX_EVIDENCE_BYTES + 1)
    with pytest.raises(TooMuch):
        files.verify_evidence(huge, pinned={})


def test_more_members_than_a_file_may_have_are_not_written(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MEMBERS", 5)
    with pytest.raises(TooMuch):
        story.archive()


def test_a_file_is_the_owners_alone_and_never_overwritten(archive: bytes, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    files._write(out, archive)
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict):
        files._write(out, b"")
    assert out.read_bytes() == archive
    with pytest.raises(Unavailable):
        files._write(tmp_path / "none" / "evidence.zip", archive)


def test_a_disk_that_is_full_leaves_no_half_of_a_file(
    archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable):
        files._write(tmp_path / "evidence.zip", archive)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------------------- the README


def steps(readme: str) -> list[str]:
    """The commands that the README tells people to type."""
    return re.findall(r"^```bash\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)


def follow(archive: bytes, folder: Path, readme: str = "") -> subprocess.CompletedProcess[str]:
    """Unpacks the archive and does what its README says (or ``readme``), in one shell."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder / "evidence")
    script = "set -e -o pipefail\n" + "\n".join(steps(readme or opened_readme(archive)))
    path = f"{JUDGE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False
    )


def opened_readme(archive: bytes) -> str:
    return read_zip(archive)["README.md"].decode()


needs_openssl = pytest.mark.skipif(foreign.OPENSSL is None, reason="OpenSSL's command line is not installed")


@needs_openssl
def test_the_readme_in_the_file_tells_the_truth(story: Story, archive: bytes, tmp_path: Path) -> None:
    done = follow(archive, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for agency, pin in story.pins.items():
        assert f"{agency} has the identity key {pin.hex()}" in done.stdout
        for language in LANGUAGES:
            assert f"{agency}: {' '.join(fingerprint_words(pin, language))}" in done.stdout
    for told in (
        "all files are those of the manifest",
        "all signatures hold",
        "receipt by ma.dgst holds",
        "NO receipt",
        "witness by ma.dgst holds",
        "¿Lo conocen?",
        "es.cgi sent",
        "'sender': 'es.cgi/",
        "officer 4711 for es.cgi/",
    ):
        assert told in done.stdout  # fmt: skip
    assert "DOUBT" not in done.stdout
    for finding in files.verify_archive(archive, pinned=story.pins).findings[1:]:
        assert utc_text(finding.time_ms) in done.stdout, finding.what


def not_proven(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether who followed the README was told so, and not by an error of a program."""
    return done.returncode != 0 and "NOT PROVEN: " in done.stdout + done.stderr


@needs_openssl
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_who_follows_the_readme_finds_the_lie(story: Story, tmp_path: Path, lie: Lie) -> None:
    done = follow(story.archive(lie(story)), tmp_path)
    assert not_proven(done), done.stdout + done.stderr


KINDS = ("directory/", "statements/", "envelopes/", "receipts/", "witness/", "disclosed/", SIGNATURE)


@needs_openssl
@pytest.mark.parametrize("kind", KINDS)
def test_who_follows_the_readme_finds_one_bit_that_was_changed_with_care(
    story: Story, archive: bytes, tmp_path: Path, kind: str
) -> None:
    members = read_zip(archive)
    name = next(name for name in members if name.startswith(kind))
    data = members[name]
    wrong = data[:-2] + bytes((data[-2] ^ 1,)) + data[-1:]
    altered = write_zip({**members, name: wrong}) if name == SIGNATURE else with_member(story, members, name, wrong)
    done = follow(altered, tmp_path)
    assert not_proven(done), done.stdout + done.stderr


@needs_openssl
def test_who_follows_the_readme_finds_a_size_that_no_signature_covers(
    story: Story, archive: bytes, tmp_path: Path
) -> None:
    """RFC 9942 leaves the size of the tree unsigned; the leaf's way to the root can hold for another one."""
    members = read_zip(archive)
    name = next(name for name in members if name.startswith("receipts/"))
    protected, proofs, _, signature = cbor2.loads(members[name]).value
    size, index, path = cbor2.loads(proofs[396][-1][0])
    proof = cbor2.dumps([size + 1, index, path])
    receipt = cbor2.dumps(cbor2.CBORTag(18, [protected, {396: {-1: [proof]}}, None, signature]))
    lie = with_member(story, members, name, receipt)
    assert refused(lie, story.pins).values["reason"] == "protocol.wrong-receipt-size"
    done = follow(lie, tmp_path)
    assert not_proven(done), done.stdout + done.stderr


@needs_openssl
def test_who_follows_the_readme_reads_what_was_signed_and_not_what_the_exporter_says_of_it(
    story: Story, archive: bytes, tmp_path: Path
) -> None:
    members = read_zip(archive)
    lie = re.sub(
        rb'"(time|released|signed|exported)": "[^"]*"', rb'"\1": "1999-01-01T00:00:00.000Z"', members[MANIFEST]
    )
    lie = re.sub(rb'"number": \d+', b'"number": 99', lie)
    done = follow(signed_again(story, members, lie), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1999" not in done.stdout
    assert "as number 99" not in done.stdout
    refused(signed_again(story, members, lie), story.pins)


@needs_openssl
@pytest.mark.parametrize("name", ["cbor2.py", "json.py", "extra.txt"])
def test_who_follows_the_readme_runs_nothing_of_the_archive(
    story: Story, archive: bytes, tmp_path: Path, name: str
) -> None:
    code = f"open({str(tmp_path / 'ran')!r}, 'w')".encode()
    done = follow(write_zip({**read_zip(archive), name: code}), tmp_path)
    assert not_proven(done), done.stdout + done.stderr
    assert not (tmp_path / "ran").exists()


def test_the_readme_names_the_versions_with_which_it_is_followed_here() -> None:
    pinned = (Path(__file__).parents[2] / "requirements" / "judge.txt").read_text(encoding="utf-8")
    named = re.findall(r"(?<= )[\w-]+==[\w.]+", opened_readme(EMPTY))
    assert len(named) == 3
    assert set(named) <= set(re.findall(r"^[\w-]+==[\w.]+", pinned, re.MULTILINE))


EMPTY = files.to_archive(Evidence(ES, 1, (), ()), signer=SigningKey.generate())


def test_the_readme_speaks_to_everybody() -> None:
    readme = opened_readme(EMPTY)
    for language in ("العربية", "Español", "Français"):
        [told] = re.findall(rf"^\*\*{language}\.\*\*.*", readme, re.MULTILINE)
        assert "`tansiq verify evidence.zip --pin AGENCY=FINGERPRINT`" in told
    assert len(steps(readme)) >= 6
