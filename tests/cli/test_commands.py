"""The commands as people use them, on real homes: what they print, what they write, how they leave."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from support.node import SECRET, Nodes, carry
from tansiq.cli.main import main
from tansiq.journal.access import read_access
from tansiq.node.home import load_home
from tansiq.node.identity import write_identity
from tansiq.protocol.words import fingerprint_words

pytestmark = pytest.mark.storage

DEMO = resources.files("tansiq.demo")
TO = ("--to", "ma.dgst/counter-terrorism", "--via", "es.cgi/embassy-office")


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """An enquiry as an officer wrote it."""
    file = tmp_path / "enquiry.toml"
    file.write_text(DEMO.joinpath("enquiry.toml").read_text("utf-8"), encoding="utf-8")
    return file


# ---------------------------------------------------------------------------------------------------- the directory


def test_two_agencies_meet_by_files_and_words(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    es, ma = node("es.cgi", met=False), node("ma.dgst", met=False)
    file = tmp_path / "ma.directory"
    exported = terminal.json("directory", "export", "--out", file, home=ma)
    assert file.stat().st_size > 1_000
    assert exported["agency"] == "ma.dgst"

    taken = terminal.json("directory", "import", file, home=es)
    assert taken["fingerprint"] == exported["fingerprint"]
    assert not taken["confirmed"]
    assert taken["words"]["ar"] == list(fingerprint_words(bytes.fromhex(taken["fingerprint"]), "ar"))
    assert not terminal.json("directory", "fingerprint", "ma.dgst", home=es)["confirmed"]

    wrong = " ".join(reversed(taken["words"]["ar"]))
    assert terminal("directory", "confirm", "ma.dgst", "--words", wrong, home=es, officer="ES-4017") == 1
    assert terminal.code == "directory.other-words"
    assert (
        terminal("directory", "confirm", "ma.dgst", "--words", "tres tristes tigres", home=es, officer="ES-4017") == 2
    )
    for language in ("ar", "es", "fr", "en"):
        words = "-".join(taken["words"][language])
        assert terminal.json("directory", "confirm", "ma.dgst", "--words", words, home=es, officer="ES-4017")[
            "confirmed"
        ]
    known = {one["agency"]: one for one in terminal.json("directory", "list", home=es)}
    assert known["ma.dgst"]["confirmed"]
    assert known["es.cgi"]["own"]
    assert {post["post"] for post in known["ma.dgst"]["posts"]} >= {"ma.dgst/head", "ma.dgst/counter-terrorism"}


def test_a_document_goes_to_the_standard_output_when_a_dash_says_so(
    node: Nodes, terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    es = node("es.cgi", met=False)
    assert terminal("directory", "export", "--out", tmp_path / "es.directory", home=es) == 0
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--out", "-"]):
        with io.BytesIO() as out, monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8", write_through=True))
            assert main(["directory", "export", *words, "--home", str(es.home.path)]) == 0
            assert out.getvalue() == (tmp_path / "es.directory").read_bytes()
    assert not (tmp_path / "-").exists()
    assert terminal("directory", "export", "--out", "-", "--json", home=es) == 2, "one of the two, not both"


def test_a_document_is_never_written_over_and_nonsense_is_not_taken(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    es = node("es.cgi", met=False)
    file = tmp_path / "es.directory"
    assert terminal("directory", "export", "--out", file, home=es) == 0
    before = file.read_bytes()
    assert terminal("directory", "export", "--out", file, home=es) == 5
    assert terminal.code == "cli.file-exists"
    assert file.read_bytes() == before
    assert terminal("directory", "import", file, home=es) == 5
    assert terminal.code == "directory.own-agency"
    for name, content in (("empty", b""), ("random", bytes(range(256))), ("cut", before[:-7]), ("long", before * 600)):
        (tmp_path / name).write_bytes(content)
        assert terminal("directory", "import", tmp_path / name, home=es) in {1, 2}, name
    assert terminal("directory", "import", tmp_path / "nowhere", home=es) == 4
    assert terminal("directory", "fingerprint", "fr.dgsi", home=es) == 4
    assert terminal.code == "directory.unknown-agency"


def test_an_officer_is_added_with_the_identity_key_and_a_concealed_name(
    node: Nodes, terminal: Any, tmp_path: Path, descriptor: Any
) -> None:
    es = node("es.cgi")
    identity = tmp_path / "es.identity"
    write_identity(identity, es.identity, "identity words here")
    words = [
        "officer",
        "add",
        "ES-5555",
        "--post",
        "counter-terrorism",
        "--identity",
        identity,
        "--name",
        "Íñigo Zabalbeascoa",
    ]
    first = [
        *words,
        "--identity-passphrase-fd",
        descriptor("identity words here"),
        "--passphrase-fd",
        descriptor("a passphrase of mine"),
    ]
    assert terminal.json(*first, home=es) == {
        "officer": "ES-5555",
        "posts": ["es.cgi/counter-terrorism"],
        "document": 2,
        "told": 1,
    }
    assert terminal("enquiry", "list", home=es, officer="ES-5555", passphrase="a passphrase of mine") == 0
    assert terminal("enquiry", "list", home=es, officer="ES-5555", passphrase="not that one at all") == 3
    assert terminal.code == "keystore.wrong-passphrase"
    own = terminal.json("directory", "list", home=es)[0]
    assert {"number": "ES-5555", "posts": ["es.cgi/counter-terrorism"], "name": "Íñigo Zabalbeascoa"} in own["officers"]

    again = [
        *words,
        "--identity-passphrase-fd",
        descriptor("identity words here"),
        "--passphrase-fd",
        descriptor("a passphrase of mine"),
    ]
    assert terminal(*again, home=es) == 5
    assert terminal.code == "node.officer-exists"
    other = [
        *words,
        "--identity-passphrase-fd",
        descriptor("other words"),
        "--passphrase-fd",
        descriptor("a passphrase of mine"),
    ]
    assert terminal(*other, home=es) == 3
    assert terminal.code == "keystore.wrong-passphrase"


# ---------------------------------------------------------------------------------------------------- enquiries


def test_an_enquiry_from_the_file_to_the_answer(node: Nodes, terminal: Any, draft: Path, tmp_path: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    register = tmp_path / "register.xml"
    register.write_bytes(DEMO.joinpath("register.xml").read_bytes())
    report = terminal.json("import", "un-list", register, "--register", "demo", home=ma, officer="MA-2210")
    assert (report["persons"], report["changed"]) == (42, True)
    assert terminal.json("import", "un-list", register, "--register", "demo", home=ma)["changed"] is False
    assert [one["register"] for one in terminal.json("import", "list", home=ma)] == ["demo"]
    desk = "ma.dgst/counter-terrorism"
    for said, posts in ((desk, [desk]), ("every", [])):
        again = terminal.json("import", "un-list", register, "--register", "demo", "--post", said, home=ma)
        assert (again["changed"], again["unchanged"]) == (True, report["entries"])
        assert [one["posts"] for one in terminal.json("import", "list", home=ma)] == [posts]
    assert terminal("import", "un-list", register, "--post", "ma.dgst/nobody", home=ma) == 4
    assert terminal.code == "registers.unknown-post"

    assert terminal("enquiry", "send", "--file", draft, *TO, "--check", home=es, officer="ES-4017") == 0
    assert terminal.json("enquiry", "list", home=es, officer="ES-4017") == []
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    (sent,) = terminal.json("enquiry", "list", home=es, officer="ES-4017")
    assert (sent["id"], sent["state"], sent["direction"], sent["received_at"]) == (enquiry, "sent", "out", None)
    es.use()
    carry(es, ma)

    (come,) = terminal.json("enquiry", "list", "--direction", "in", home=ma, officer="MA-2210")
    assert (come["id"], come["matches"], come["clock"]) == (enquiry, 1, "running")
    assert terminal.json("enquiry", "list", "--direction", "out", home=ma, officer="MA-2210") == []
    shown = terminal.json("enquiry", "show", enquiry, "--justification", "diligencias", home=ma, officer="MA-2210")
    assert [stop["post"] for stop in shown["route"]] == [
        "es.cgi/counter-terrorism",
        "es.cgi/embassy-office",
        "ma.dgst/counter-terrorism",
    ]
    match = shown["matches"][0]
    assert terminal("enquiry", "decide", enquiry, match["entry"], "--same", home=ma, officer="MA-2210") == 0
    assert terminal("enquiry", "show", enquiry, home=ma, officer="MA-2210") == 0
    assert match["name"] in terminal.out
    assert "Zaglul" in match["name"] or "Zaghloul" in match["name"] or "زغلول" in match["name"]
    assert "عبد" not in terminal.err

    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(tomllib.loads(DEMO.joinpath("answer.toml").read_text("utf-8"))), encoding="utf-8")
    assert terminal("enquiry", "answer", enquiry, "--file", answer, home=ma, officer="MA-2210") == 0
    assert terminal("enquiry", "answer", enquiry, "--file", answer, home=ma, officer="MA-2210") == 5
    assert terminal.code == "enquiries.closed"
    es.use()
    carry(es, ma)

    answered = terminal.json("enquiry", "show", enquiry, home=es, officer="ES-4017")
    assert (answered["state"], answered["outcome"]) == ("answered", "answer.full")
    assert [item["evaluation"] for item in answered["replies"][0]["items"]] == ["A1", "B2"]
    assert terminal("enquiry", "show", enquiry, home=es, officer="ES-4017") == 0
    assert "باب سبتة" in " ".join(terminal.out.split())


def test_the_law_says_no_with_every_fault_and_nothing_leaves(node: Nodes, terminal: Any, draft: Path) -> None:
    es = node("es.cgi")
    written = (
        draft.read_text("utf-8")
        .replace('necessity = """', 'was_necessity = """')
        .replace("political = false", "political = true")
    )
    draft.write_text(written.replace("was_necessity", "legal_reference"), encoding="utf-8")
    assert terminal("enquiry", "send", "--file", draft, *TO, "--check", "--json", home=es, officer="ES-4017") == 1
    faults = {fault["code"] for fault in json.loads(terminal.out)}
    assert {"policy.law.necessity-missing", "policy.law.political"} <= faults
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") == 3
    assert terminal.code == "policy.law"
    assert "law.necessity" in terminal.err
    assert "law.neutrality.political" in terminal.err
    assert "Directive (EU) 2023/977" in terminal.err
    assert terminal.json("enquiry", "list", home=es, officer="ES-4017") == []


def test_looking_whether_it_may_be_sent_sees_the_language_too(node: Nodes, terminal: Any, draft: Path) -> None:
    es = node("es.cgi")
    draft.write_text(draft.read_text("utf-8").replace('language = "es"', 'language = "de"'), encoding="utf-8")
    assert terminal("enquiry", "send", "--file", draft, *TO, "--check", "--json", home=es, officer="ES-4017") == 1
    assert {fault["code"] for fault in json.loads(terminal.out)} == {"policy.law.language-not-read"}
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") == 3


@pytest.mark.parametrize(
    ("before", "after", "exit_code", "code"),
    [
        ('availability = "available.direct"', 'availablity = "available.direct"', 2, "node.unknown-field"),
        ('births = ["1979/1981"]', 'births = ["about 1980"]', 2, "node.wrong-date"),
        ('births = ["1979/1981"]', 'births = ["1981/1979"]', 2, "policy.date-impossible"),
        ("political = false", 'political = "no"', 2, "policy.field-type"),
        ('kind = "subject.person"', 'kind = "subject.person"\nkind = "subject.person"', 2, "cli.wrong-draft"),
        ('sought = ["sought.identity"', 'sought = [["sought.identity"]', 2, "policy.field-type"),
        ('language = "es"', 'language = ""', 2, "policy.field-malformed"),
    ],
)
def test_a_draft_that_is_wrong_is_told_where(
    before: str, after: str, exit_code: int, code: str, node: Nodes, terminal: Any, draft: Path
) -> None:
    es = node("es.cgi")
    written = draft.read_text("utf-8")
    assert before in written
    draft.write_text(written.replace(before, after), encoding="utf-8")
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") == exit_code
    assert terminal.code == code
    assert "Zaglul" not in terminal.err


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("political = false", 'political = "no"', "Correct the field;"),
        ('nationalities = ["MA"]', 'nationalities = ["XXXX"]', "Shorten it to what is allowed;"),
        ('availability = "available.direct"', 'availability = "available.foo"', ""),
    ],
)
def test_what_one_wrote_oneself_is_told_to_be_corrected_here(
    before: str, after: str, told: str, node: Nodes, terminal: Any, draft: Path
) -> None:
    es = node("es.cgi")
    written = draft.read_text("utf-8")
    assert before in written
    draft.write_text(written.replace(before, after), encoding="utf-8")
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") in {2, 3}
    assert told in terminal.err
    for blamed in ("sending agency", "the other node", "partner's newer"):
        assert blamed not in terminal.err


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("--to", "ma.dgst/nobody"), 4, "directory.unknown-post"),
        (("--to", "fr.dgsi/desk", "--via", "es.cgi/embassy-office"), 4, "directory.unknown-agency"),
        (("--to", "Rabat"), 2, ""),
        (("--to", "ma.dgst/counter-terrorism", "--from", "es.cgi/head"), 3, "node.not-in-post"),
        (("--to", "ma.dgst/counter-terrorism", "--via", "es.cgi/nowhere"), 4, "directory.unknown-post"),
        (("--to", "ma.dgst/counter-terrorism", "--via", "ma.dgst/head"), 2, "channels.not-between"),
        ((*TO, "--channel", "foo"), 2, "policy.no-way"),
        ((*TO, "--nature", "foo"), 2, "policy.unknown-code"),
        ((*TO, "--case", "\x01" * 9000), 2, "enquiries.wrong-id"),
        ((*TO, "--operation", "zz"), 2, "enquiries.wrong-id"),
        (("--to", "ma.dgst/counter-terrorism", "--country", "XYZ"), 2, "enquiries.wrong-country"),
        (("--to", "ma.dgst/counter-terrorism", "--deviation", "foo"), 2, "policy.unknown-code"),
        (("--to", "ma.dgst/counter-terrorism", "--case", "nonsense"), 2, "enquiries.wrong-id"),
    ],
)
@pytest.mark.parametrize("check", [(), ("--check",)])
def test_a_way_that_there_is_not(
    check: tuple[str, ...], words: tuple[str, ...], exit_code: int, code: str, node: Nodes, terminal: Any, draft: Path
) -> None:
    es = node("es.cgi")
    typed = ("enquiry", "send", "--file", draft, *words, *check)
    assert terminal(*typed, home=es, officer="ES-4017") == exit_code, terminal.err
    assert not code or terminal.code == code


def test_what_is_on_another_desk_is_not_there(node: Nodes, terminal: Any, draft: Path) -> None:
    es = node("es.cgi")
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    assert len(terminal.json("enquiry", "list", home=es, officer="ES-3300")) == 1
    assert terminal.json("enquiry", "list", home=es, officer="ES-1001") == []
    for command in (["show", enquiry], ["origin", enquiry, "--obtained", "no-sign"]):
        assert terminal("enquiry", *command, home=es, officer="ES-1001") == 4
        assert terminal.code == "enquiries.unknown"
    assert terminal("enquiry", "show", "nonsense", home=es, officer="ES-4017") == 2
    assert terminal.code == "enquiries.wrong-id"
    assert terminal("enquiry", "list", home=es, officer="ES-0000") == 4
    assert terminal.code == "keystore.no-officer"


def test_a_refusal_has_coded_grounds_and_reasons(node: Nodes, terminal: Any, draft: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    es.use()
    carry(es, ma)
    assert (
        terminal(
            "enquiry",
            "refuse",
            enquiry,
            "--ground",
            "refusal.mood",
            "--reasons",
            "Motif inventé.",
            home=ma,
            officer="MA-2210",
        )
        == 3
    )
    assert terminal("enquiry", "refuse", enquiry, "--ground", "refusal.not-available", home=ma, officer="MA-2210") == 3
    assert terminal.code == "policy.law"
    words = ["enquiry", "refuse", enquiry, "--ground", "refusal.not-available", "--reasons", "Motif inventé."]
    assert terminal(*words, home=ma, officer="MA-2210") == 0
    ma.use()
    carry(ma, es)
    shown = terminal.json("enquiry", "show", enquiry, home=es, officer="ES-4017")
    assert (shown["state"], shown["replies"][0]["grounds"]) == ("refused", ["refusal.not-available"])


# ---------------------------------------------------------------------------------------------------- proof and upkeep


def test_evidence_discloses_only_what_an_officer_may_and_verifies_elsewhere(
    node: Nodes, terminal: Any, draft: Path, tmp_path: Path
) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    es.use()
    carry(es, ma)
    answer = tmp_path / "answer.toml"
    answer.write_text(DEMO.joinpath("answer.toml").read_text("utf-8"), encoding="utf-8")
    assert terminal("enquiry", "answer", enquiry, "--file", answer, home=ma, officer="MA-2210") == 0
    es.use()
    carry(es, ma)
    proof = tmp_path / "proof.zip"
    everything = [
        "evidence",
        "export",
        "--out",
        proof,
        "--enquiry",
        enquiry,
        "--disclose",
        "request",
        "--disclose",
        "answer",
    ]

    assert terminal(*everything, home=es) == 2
    assert terminal.code == "cli.no-officer"
    assert terminal(*everything, home=es, officer="ES-4017") == 3
    assert terminal.code == "policy.use"
    assert not proof.exists()
    assert terminal("enquiry", "origin", enquiry, "--obtained", "doubt", home=es, officer="ES-4017") == 3
    assert terminal("enquiry", "origin", enquiry, "--obtained", "no-sign", home=es, officer="ES-4017") == 0
    assert terminal(*everything, "--use", "court", home=es, officer="ES-4017") == 3
    made = terminal.json(*everything, home=es, officer="ES-4017")
    assert (made["statements"], made["disclosed"]) == (2, 8)
    assert proof.stat().st_mode & 0o777 == 0o600
    assert terminal(*everything, home=es, officer="ES-4017") == 5
    assert terminal.code == "cli.file-exists"

    pins = []
    for one in (es, ma):
        document = tmp_path / f"{one.agency}.directory"
        assert terminal("directory", "export", "--out", document, home=one) == 0
        pins += ["--pin", document]
    shown = terminal.json("verify", proof, *pins)
    assert shown["verified"] is True
    assert {finding["what"] for finding in shown["findings"]} >= {"receipt", "part", "act"}
    assert terminal("verify", proof, *pins) == 0
    damaged = bytearray(proof.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.zip").write_bytes(damaged)
    assert terminal("verify", tmp_path / "damaged.zip", *pins, "--json") == 1
    assert json.loads(terminal.out)["verified"] is False
    assert terminal("verify", proof, *pins[:2]) == 1
    assert terminal("verify", tmp_path / "nowhere.zip", *pins) == 4
    assert terminal("verify", proof, "--pin", "es.cgi=nonsense") == 2


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("--purpose", "foo"), 2, "policy.unknown-code"),
        (("--ordered-by", "NOBODY"), 4, "cli.ordered-by-nobody"),
        (("--ordered-by", "MA-2210"), 4, "cli.ordered-by-nobody"),
        (("--recipient", "tribunal \u202eX"), 2, "cli.wrong-argument"),
        (("--recipient", "tribunal\nX"), 2, "cli.wrong-argument"),
        (("--recipient", ""), 2, "cli.wrong-argument"),
        (("--justification", "auto \x1b[2J"), 2, "cli.wrong-argument"),
        (("--justification", "auto \u202e12"), 2, "cli.wrong-argument"),
        (("--disclose", "foo"), 2, "node.disclose-what"),
        (("--disclose", "request:0"), 2, "node.disclose-what"),
        (("--use", "foo"), 2, "node.wrong-argument"),
    ],
)
def test_what_is_said_of_a_disclosure_has_to_fit_the_access_journal(
    words: tuple[str, ...], exit_code: int, code: str, node: Nodes, terminal: Any, draft: Path, tmp_path: Path
) -> None:
    es = node("es.cgi")
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    before = len(list(read_access(es.use().keys)))
    proof = tmp_path / "proof.zip"
    asked = ("evidence", "export", "--out", proof, "--enquiry", enquiry, "--disclose", "request", *words)
    assert terminal(*asked, home=es, officer="ES-4017") == exit_code, terminal.err
    assert terminal.code == code
    assert not proof.exists()
    assert len(list(read_access(es.use().keys))) == before


def test_what_fits_the_access_journal_stands_there(node: Nodes, terminal: Any, draft: Path, tmp_path: Path) -> None:
    es = node("es.cgi")
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    said = (
        "--purpose",
        "purpose.investigation",
        "--ordered-by",
        "ES-1001",
        "--recipient",
        "Juzgado n.º 3",
        "--justification",
        "auto de 1 de mayo",
    )
    asked = (
        "evidence",
        "export",
        "--out",
        tmp_path / "proof.zip",
        "--enquiry",
        enquiry,
        "--disclose",
        "request",
        *said,
    )
    assert terminal(*asked, home=es, officer="ES-4017") == 0, terminal.err
    last = [told for _, told in read_access(es.use().keys) if told][-1]
    assert (last["ordered_by"], list(last["recipients"])) == ("ES-1001", ["Juzgado n.º 3"])


def test_a_pin_whose_file_is_not_there_is_called_so(terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "proof.zip").write_bytes(b"")
    assert terminal("verify", tmp_path / "proof.zip", "--pin", tmp_path / "missing.directory") == 4
    assert terminal.code == "cli.no-file"
    assert "missing.directory" in terminal.err


def test_how_the_line_stands_and_nothing_is_set_aside(node: Nodes, terminal: Any, draft: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") == 0
    (line,) = terminal.json("exchange", "status", home=es)["peers"]
    assert (line["peer"], line["sent"], line["waiting"]) == ("ma.dgst", 0, 1)
    es.use()
    carry(es, ma)
    (line,) = terminal.json("exchange", "status", home=es)["peers"]
    assert (line["sent"], line["receipts"], line["waiting"], line["pending"]) == (1, 1, 0, 0)
    assert line["journal"]["size"] == 1
    assert terminal("exchange", "status", home=es) == 0
    assert terminal.json("exchange", "quarantine", home=es) == []
    assert terminal.json("exchange", "retry", home=es) == []
    assert terminal("exchange", "retry", "00" * 32, home=es) == 4
    assert terminal("exchange", "retry", "nonsense", home=es) == 2


def test_fsck_names_the_fault_and_leaves_with_1(node: Nodes, terminal: Any, draft: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") == 0
    es.use()
    carry(es, ma)
    assert terminal.json("fsck", es.home.path)["clean"] is True
    assert terminal("fsck", home=es) == 0
    es.use()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE exchange_statement SET docket = %s", (b"\0" * 64,))
    assert terminal("fsck", es.home.path, "--json") == 1
    assert json.loads(terminal.out)["findings"]
    assert terminal("fsck", es.home.path, "--first") == 1
    assert terminal.out.startswith("✗")


def test_backup_mirror_and_restore(node: Nodes, terminal: Any, draft: Path, tmp_path: Path) -> None:
    es = node("es.cgi")
    enquiry = terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]
    backup, mirror = tmp_path / "es.backup", tmp_path / "mirror"
    mirror.mkdir()
    assert terminal.json("backup", "--out", backup, home=es)["rows"] > 0
    assert terminal.json("keys", "mirror", "--to", mirror, home=es)["file"] == str(mirror / "es.cgi.keys")
    assert terminal("backup", "--out", tmp_path / "no" / "es.backup", home=es) == 4
    assert terminal("keys", "mirror", "--to", es.home.path, home=es) == 3
    assert terminal("keys", "mirror", home=es) == 2
    assert terminal("restore", backup, "--keys", mirror / "es.cgi.keys", home=es) == 5
    assert terminal.code == "node.not-empty"
    restored = terminal.json("restore", backup, "--keys", mirror / "es.cgi.keys", "--replace", home=es)
    assert restored["agency"] == "es.cgi"
    assert restored["lost"] == 0
    assert [one["id"] for one in terminal.json("enquiry", "list", home=es, officer="ES-4017")] == [enquiry]


def test_upgrade_of_what_is_new_does_nothing(node: Nodes, terminal: Any) -> None:
    es = node("es.cgi")
    assert terminal.json("upgrade", home=es) == {"backup": None, "migrated": [], "clean": True}
    assert terminal("upgrade", home=es) == 0


def test_the_doctor_tells_each_check_with_its_cure(node: Nodes, terminal: Any) -> None:
    es = node("es.cgi")
    code = terminal("doctor", "--json", home=es)
    checks = json.loads(terminal.out)
    assert code == (1 if any(check["state"] == "fail" for check in checks) else 0)
    assert all(check["cure"] or check["state"] == "ok" for check in checks)
    assert len(checks) > 4
    terminal("doctor", home=es)
    assert len(terminal.out.splitlines()) >= len(checks)


def alone(*words: object, unlock: str = "") -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, where nothing is imported or bound yet."""
    return subprocess.run(
        [sys.executable, "-m", "tansiq.cli", *map(str, words)],
        env=os.environ | ({"TANSIQ_UNLOCK_FILE": unlock} if unlock else {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_upkeep_works_in_a_process_of_its_own(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    home = node("es.cgi").home.path
    backup, keys = tmp_path / "es.backup", tmp_path / "es.keys"
    for words in (
        ["backup", "--out", backup, "--home", home],
        ["keys", "mirror", "--to", keys, "--home", home],
        ["upgrade", "--home", home],
        ["fsck", home],
        ["exchange", "status", "--home", home],
    ):
        ended = alone(*words)
        assert (ended.returncode, ended.stderr) == (0, ""), words
    ended = alone("doctor", "--home", home, "--json")
    assert not ended.stderr
    assert {check["name"] for check in json.loads(ended.stdout)} >= {
        "home",
        "disk",
        "database",
        "key-store",
        "clock",
        "backup",
    }


def test_a_home_that_is_lost_comes_back_from_backup_and_mirror(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    es = node("es.cgi")
    if es.home.on_postgresql:
        pytest.skip(reason="on PostgreSQL a home that is lost leaves its databases, which are not empty")
    backup, keys, unlock, home = (tmp_path / name for name in ("es.backup", "es.keys", "es.unlock", "again"))
    unlock.write_bytes(SECRET)
    assert terminal("backup", "--out", backup, home=es) == 0
    assert terminal("keys", "mirror", "--to", keys, home=es) == 0
    es.use()
    ended = alone("restore", backup, "--keys", keys, "--home", home, "--unlock-file", unlock, "--json")
    assert ended.returncode == 0, ended.stderr
    assert load_home(home).unlock_file == str(unlock)
    ended = alone("fsck", home, "--json")
    assert ended.returncode == 0, ended.stderr
    assert alone("restore", backup, "--keys", keys, "--home", home).returncode == 5
    backup.write_bytes(backup.read_bytes()[:-20])
    assert alone(
        "restore", backup, "--keys", keys, "--home", tmp_path / "third", "--unlock-file", unlock
    ).returncode in {1, 2}
    assert not (tmp_path / "third" / "data" / "tansiq.sqlite").exists()
