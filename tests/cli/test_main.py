"""What a person sees when something is wrong: advice in the reader's language, the exit code of the error, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from django.db import DatabaseError

from tansiq import __version__
from tansiq.cli import main as program
from tansiq.cli.frame import command
from tansiq.errors import BadInput, Conflict, Error, NotFound, NotProven, Refused, TooMuch, Unavailable
from tansiq.texts import LANGUAGES, catalogue

USAGE = (
    (["nonsense"], "cli.no-such-command"),
    (["enquiry", "sned"], "cli.no-such-command"),
    (["enquiry", "list", "--nonsense"], "cli.no-such-option"),
    (["verify"], "cli.missing-argument"),
    (["backup"], "cli.missing-argument"),
    (["bench", "exchange", "--messages", "many"], "cli.wrong-argument"),
    (["bench", "exchange", "--messages", "0"], "cli.wrong-argument"),
    (["bench", "exchange", "--messages", "5", "--size", "999999999"], "bench.too-large"),
    (["bench", "exchange", "--messages", "5", "--size", "1048577"], "bench.too-large"),
    (["backup", "--out"], "cli.option-value"),
    (["backup", "--out", ""], "cli.wrong-argument"),
    (["keys", "mirror", "--to", ""], "cli.wrong-argument"),
    (["upgrade", "--backup-to", ""], "cli.wrong-argument"),
    (["fsck", "one", "two"], "cli.wrong-usage"),
    (["verify", "file"], "cli.no-pin"),
    (["enquiry", "send", "--as", "X"], "cli.no-draft"),
    (["--language", "tlh", "doctor"], "cli.no-such-language"),
)


@pytest.fixture(autouse=True)
def nobodys_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANSIQ_HOME", raising=False)
    monkeypatch.delenv("TANSIQ_LOG", raising=False)


@pytest.mark.parametrize(("arguments", "code"), USAGE)
def test_what_is_typed_wrong_is_told_and_leaves_with_2(
    arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.rstrip().endswith(f"[{code}]")
    assert len(err.strip().splitlines()) == 4
    assert "Traceback" not in err


def test_a_home_must_be_named_and_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program.main(["exchange", "status"]) == 2
    assert "[cli.no-home]" in capsys.readouterr().err
    assert program.main(["exchange", "status", "--home", str(tmp_path)]) == 4
    assert "[node.no-home]" in capsys.readouterr().err
    assert program.main(["fsck", str(tmp_path), "--home", str(tmp_path / "other")]) == 2
    assert "[cli.two-homes]" in capsys.readouterr().err
    assert program.main(["fsck", str(tmp_path), "--home", f"{tmp_path}/."]) == 4, "the same, said twice"
    monkeypatch.setenv("TANSIQ_HOME", str(tmp_path / "other"))
    assert program.main(["fsck", str(tmp_path)]) == 4, "what is typed goes before the variable"
    capsys.readouterr()
    (tmp_path / "node.toml").write_text("agency = 7\n")
    assert program.main(["fsck", str(tmp_path)]) == 2
    assert "[node.wrong-configuration]" in capsys.readouterr().err


def test_an_officers_act_needs_an_officer_and_a_passphrase(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "node.toml").write_text('agency = "es.cgi"\n')
    home = ["--home", str(tmp_path)]
    assert program.main(["enquiry", "list", *home]) == 2
    assert "[cli.no-officer]" in capsys.readouterr().err
    assert program.main(["enquiry", "list", *home, "--as", "ES-4017"]) == 2
    assert "[cli.no-passphrase]" in capsys.readouterr().err
    for descriptor in ("987", "-1"):
        assert program.main(["enquiry", "list", *home, "--as", "ES-4017", "--passphrase-fd", descriptor]) == 2
        assert "[cli.wrong-descriptor]" in capsys.readouterr().err


KINDS: tuple[tuple[type[Error], int], ...] = (
    (NotProven, 1), (BadInput, 2), (TooMuch, 2), (Refused, 3), (NotFound, 4), (Conflict, 5), (Unavailable, 6),
)  # fmt: skip


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    """A program whose command ``fail`` raises what the test puts here."""
    waiting: list[BaseException] = []
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

    def fail() -> None:
        raise waiting[0]

    def other() -> None:
        """So that there are two, and a name is needed."""

    command(app, "fail", key="doctor", examples=["tansiq fail"])(fail)
    command(app, "other", key="doctor", examples=["tansiq other"])(other)
    monkeypatch.setattr(program, "app", app)
    yield waiting


@pytest.mark.parametrize(("kind", "exit_code"), KINDS)
def test_each_kind_of_error_has_its_exit_code(
    kind: type[Error], exit_code: int, failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(kind("node.officer-needed"))
    assert program.main(["fail"]) == exit_code
    assert capsys.readouterr().err.rstrip().endswith("[node.officer-needed]")


@pytest.mark.parametrize(
    ("raised", "exit_code"),
    [
        (ValueError("Abdelcrim Chauni Zaglul"), 70),
        (KeyError("x"), 70),
        (RecursionError(), 70),
        (DatabaseError("Abdelcrim Chauni Zaglul"), 6),
        (OSError(28, "No space left on device", "/secret/name"), 6),
        (KeyboardInterrupt(), 130),
        (EOFError(), 130),
    ],
)
def test_whatever_else_happens_is_told_calmly_and_without_what_it_held(
    raised: BaseException, exit_code: int, failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(raised)
    assert program.main(["fail"]) == exit_code
    out, err = capsys.readouterr()
    assert not out
    assert "Traceback" not in err
    assert "Zaglul" not in err
    assert "secret" not in err


def test_the_traceback_comes_when_it_is_asked_for(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANSIQ_LOG", "debug")
    failing.append(ValueError("a defect"))
    assert program.main(["fail"]) == 70
    assert "ValueError: a defect" in capsys.readouterr().err


def tansiq(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tansiq.cli", *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_speaks_the_readers_language(language: str) -> None:
    ended = tansiq("--language", language, "enquiry", "list", LANG="C.UTF-8", TANSIQ_HOME="")
    assert ended.returncode == 2
    assert ended.stderr.startswith(catalogue()["cli.no-home.what"][language])


def test_the_program_says_its_version_and_ends_well() -> None:
    ended = tansiq("--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"tansiq {__version__}\n", "")


def test_a_reader_who_goes_away_is_no_defect() -> None:
    pipe = subprocess.Popen(
        [sys.executable, "-m", "tansiq.cli", "enquiry", "send", "--print-template"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with pipe:
        assert pipe.stdout is not None
        pipe.stdout.close()
        assert pipe.stderr is not None
        assert pipe.stderr.read() == b""
        assert pipe.wait(20) in {0, 141}


def through_shell(words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """What becomes of ``tansiq words`` when a shell has redirected or closed its streams."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m tansiq.cli {words}'], env=os.environ | {"TANSIQ_HOME": str(home)}, input="",
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no /dev/full")
def test_what_was_done_and_cannot_be_shown_is_said_to_be_done(tmp_path: Path) -> None:
    for words in ("--version", "enquiry send --print-template", "doctor --json"):
        ended = through_shell(f"{words} >/dev/full", tmp_path)
        assert ended.returncode == 6
        assert ended.stderr.rstrip().endswith("[cli.not-shown]")
        assert "is done and stays so" in ended.stderr
        assert len(ended.stderr.splitlines()) == 4
    both = through_shell("--version >/dev/full 2>/dev/full", tmp_path)
    assert both.returncode == 6
    wrong = through_shell("exchange status 2>/dev/full", tmp_path)
    assert wrong.returncode == 4, "the code tells it where no words can"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_input_and_no_reader(tmp_path: Path, closed: str) -> None:
    (tmp_path / "node.toml").write_text('agency = "es.cgi"\n')
    for words, code in (
        ("--version", 0),
        ("exchange status --home none", 4),
        ("enquiry list --as ES-4017", 2),
        ("directory confirm ma.dgst --as ES-4017", 2),
        ("enquiry send --as ES-4017 --file -", 2),
        ("enquiry list --as ES-4017 --passphrase-fd 0", 2),
    ):
        ended = through_shell(f"{words} {closed}", tmp_path)
        assert ended.returncode == code, (words, ended.stderr)
        assert "AttributeError" not in ended.stderr
        assert "[" in ended.stderr or code == 0 or "2>" in closed


LIGHT = """
import sys
from tansiq.cli.main import main
main(sys.argv[1:])
heavy = sorted({"django", "aiohttp", "uvicorn", "rich", "psycopg"} & set(sys.modules))
print("loaded:", heavy)
"""


@pytest.mark.parametrize(
    "words",
    [["--help"], ["enquiry", "send", "--print-template"], ["verify", "none.zip", "--pin", "es.cgi=" + "0" * 64]],
)
def test_what_needs_no_node_loads_none(words: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LIGHT, *words], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert ended.stdout.rstrip().endswith("loaded: []"), ended.stdout[-500:]
