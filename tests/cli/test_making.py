"""Making a node: what is asked, what is refused, and that nothing half-made stays behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tansiq.node.home import load_home

OFFICERS = "ES-4017 a passphrase for the desk\nES-3300 a passphrase for the office\n"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def init(
    folder: Path, descriptor: Any, *words: object, officers: str = OFFICERS, identity: str = "identity words here"
) -> list[object]:
    made: list[object] = ["init", folder / "home", "--agency", "es.cgi", "--unlock-file", folder / "es.unlock"]
    made += ["--identity", folder / "es.identity", "--identity-passphrase-fd", descriptor(identity)]
    if officers:
        made += ["--officer-passphrases-fd", descriptor(officers)]
    return [*made, *words]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "place"
    made.mkdir()
    return made


def test_a_node_is_made_with_its_secrets_outside(folder: Path, terminal: Any, descriptor: Any) -> None:
    made = terminal.json(
        *init(folder, descriptor, "--listen", "127.0.0.1:9000", "--address", "https://es.example:9000")
    )
    assert made["addresses"] == ["https://es.example:9000"]
    assert made["officers"] == ["ES-4017", "ES-3300"]
    home = load_home(folder / "home")
    assert (home.agency, home.listen) == ("es.cgi", "127.0.0.1:9000")
    assert Path(home.unlock_file) == folder / "es.unlock"
    assert left(folder) == ["es.identity", "es.unlock", "home"]
    for secret in ("es.identity", "es.unlock"):
        assert (folder / secret).stat().st_mode & 0o777 == 0o600
    assert (folder / "home").stat().st_mode & 0o777 == 0o700
    assert len((folder / "es.unlock").read_text().strip()) == 64

    before = (folder / "home" / "node.toml").read_bytes()
    assert terminal(*init(folder, descriptor)) == 5
    assert terminal.code == "node.home-exists"
    assert (folder / "home" / "node.toml").read_bytes() == before
    assert left(folder) == ["es.identity", "es.unlock", "home"]


REFUSED = (
    (["--agency", "Madrid"], 2, ""),
    (["--listen", "nonsense"], 2, "cli.wrong-listen"),
    (["--listen", "127.0.0.1:70000"], 2, "cli.wrong-listen"),
    (["--pages", "foo"], 2, "cli.wrong-listen"),
    (["--address", "ftp://x"], 2, "cli.wrong-address"),
    (["--address", "http://es.example:9000"], 2, "cli.wrong-address"),
    (["--address", "https://u:p@h:99999/../x y"], 2, "cli.wrong-address"),
    (["--pages-address", "foo"], 2, "cli.wrong-address"),
    (["--mirror", "{}/home/data"], 3, "node.mirror-inside-home"),
    (["--home", "{}/elsewhere"], 2, "cli.two-homes"),
    (["--database", "postgresql:///one"], 2, "cli.two-databases"),
    (["--database", "postgresql:///one", "--keys-database", "postgresql:///one"], 2, "cli.two-databases"),
    (["--profile", "ma.dgst"], 2, "cli.other-profile"),
    (["--profile", "nonsense"], 4, "cli.no-profile"),
    (["--unlock-file", "{}/home/unlock"], 3, "node.unlock-inside-home"),
    (["--identity", "{}/home/identity"], 3, "cli.identity-inside-home"),
    (["--identity", "{}/nowhere/identity"], 4, "cli.no-folder"),
    (["--unlock-file", "{}/nowhere/unlock"], 4, "cli.no-folder"),
)


@pytest.mark.parametrize(("words", "exit_code", "code"), REFUSED)
def test_what_is_refused_leaves_nothing_behind(
    words: list[str], exit_code: int, code: str, folder: Path, terminal: Any, descriptor: Any
) -> None:
    assert terminal(*init(folder, descriptor, *(word.format(folder) for word in words))) == exit_code, terminal.err
    assert not code or terminal.code == code
    assert left(folder) == []


def test_secrets_that_are_too_short_or_missing_make_no_node(folder: Path, terminal: Any, descriptor: Any) -> None:
    assert terminal(*init(folder, descriptor, officers="ES-4017 a passphrase for the desk\n")) == 2
    assert terminal.code == "cli.passphrase-missing"
    assert terminal(*init(folder, descriptor, officers="ES-4017 short\nES-3300 short\n")) == 3
    assert terminal.code == "keystore.short-passphrase"
    assert left(folder) == []
    (folder / "es.unlock").write_text("guessed")
    assert terminal(*init(folder, descriptor)) == 2
    assert terminal.code == "cli.short-unlock"
    assert left(folder) == ["es.unlock"]
    assert (folder / "es.unlock").read_text() == "guessed"


def test_an_identity_key_wants_a_passphrase_that_cannot_be_guessed(
    folder: Path, terminal: Any, descriptor: Any
) -> None:
    assert terminal(*init(folder, descriptor, "--no-officers", officers="", identity="x")) == 2
    assert terminal.code == "cli.short-identity"
    assert left(folder) == []


def test_the_option_that_is_wrong_is_named(folder: Path, terminal: Any, descriptor: Any) -> None:
    terminal(*init(folder, descriptor, "--pages", "foo"))
    assert "--pages" in terminal.err
    assert "--listen" not in terminal.err


def test_a_place_where_no_home_can_be_is_told(folder: Path, terminal: Any, descriptor: Any) -> None:
    words = init(folder, descriptor, "--no-officers", officers="")
    (folder / "letter").write_text("kept")
    words[1] = folder / "letter"
    assert terminal(*words) == 5
    assert terminal.code == "node.home-not-a-folder"
    assert (folder / "letter").read_text() == "kept"
    words = init(folder, descriptor, "--no-officers", officers="")
    words[1] = Path("/proc/home")
    assert terminal(*words) == 6
    assert terminal.code == "node.disk"
    long = folder / ("f" * 100)
    words = init(folder, descriptor, "--no-officers", officers="")
    words[1] = long / "home"
    long.mkdir()
    assert terminal(*words) == 2
    assert terminal.code == "node.socket-path-too-long"
    assert list(long.iterdir()) == []
    assert left(folder) == sorted([long.name, "letter"])


def test_an_identity_that_is_there_is_used_and_never_replaced(folder: Path, terminal: Any, descriptor: Any) -> None:
    first = terminal.json(*init(folder, descriptor, "--no-officers", officers=""))
    key = (folder / "es.identity").read_bytes()
    second = init(folder, descriptor, "--no-officers", officers="")
    second[1] = folder / "second"
    assert terminal.json(*second)["fingerprint"] == first["fingerprint"]
    assert (folder / "es.identity").read_bytes() == key
    third = init(folder, descriptor, "--no-officers", officers="", identity="another passphrase")
    third[1] = folder / "third"
    assert terminal(*third) == 3
    assert terminal.code == "keystore.wrong-passphrase"
    assert left(folder) == ["es.identity", "es.unlock", "home", "second"]


def test_a_node_that_pulls_has_no_address(
    folder: Path, terminal: Any, descriptor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TANSIQ_UNLOCK_FILE")
    made = terminal.json(*init(folder, descriptor, "--pulls", "--no-officers", "--profile", "general", officers=""))
    assert made["addresses"] == []
    known = terminal.json("directory", "list", "--home", folder / "home")
    assert known[0]["pulls"] is True
    assert {post["role"] for post in known[0]["posts"]} == {"head", "desk", "office", "bureau"}
