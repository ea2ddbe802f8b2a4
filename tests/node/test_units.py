"""The units of systemd: filled, accepted by systemd's own check, and as tight as they say; the node runs under what they forbid."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pair import Pair, make_pair
from tansiq.errors import BadInput
from tansiq.node.units import UNITS, units

PROGRAM = Path("/usr/local/lib/tansiq/bin/tansiq")
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")


def written(folder: Path, program: Path = PROGRAM) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, text in units(program).items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in UNITS]


def test_nothing_is_left_to_be_filled() -> None:
    made = units(PROGRAM, account="node", keep_days=7)
    assert set(made) == set(UNITS)
    for text in made.values():
        assert not re.search(r"\{\w+\}", text)
    service = made["tansiq@.service"]
    assert f"ExecStart={PROGRAM} run /var/lib/tansiq/%i\n" in service
    assert "User=node\n" in service
    assert "LoadCredential=tansiq-unlock:/etc/tansiq/%i.unlock\n" in service
    assert "-mtime +7 " in made["tansiq-backup@.service"]


@pytest.mark.parametrize(
    ("program", "wanted"), [(PROGRAM, "yes"), (Path("/home/somebody/tansiq/.venv/bin/tansiq"), "read-only")]
)
def test_a_program_in_a_home_directory_can_be_read(program: Path, wanted: str) -> None:
    assert f"ProtectHome={wanted}\n" in units(program)["tansiq@.service"]


@pytest.mark.parametrize(
    ("program", "account"),
    [(Path("/a b/tansiq"), "tansiq"), (Path("/a%i/tansiq"), "tansiq"), (PROGRAM, "a\nExecStart=/x"), (PROGRAM, "")],
)
def test_what_would_have_to_be_quoted_is_refused(program: Path, account: str) -> None:
    with pytest.raises(BadInput):
        units(program, account=account)


@analyze
def test_systemd_finds_nothing_to_say(tmp_path: Path) -> None:
    files = written(tmp_path / "units", Path("/bin/true"))
    named = [file.rename(file.with_name(file.name.replace("@.", "@madrid."))) for file in files]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, named)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    ours = [line for line in checked.stderr.splitlines() if "tansiq" in line]
    assert not ours, ours


@analyze
def test_systemd_rates_the_node_as_well_protected(tmp_path: Path) -> None:
    service = written(tmp_path / "units")[0]
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(service)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", rated.stdout)
    assert found, rated.stderr
    assert float(found[1]) <= 2.0


@analyze
def test_the_backup_is_named_by_its_day(tmp_path: Path) -> None:
    """systemd's own signs are escaped, so that the shell sees its dollar and its percent."""
    line = next(line for line in units(PROGRAM)["tansiq-backup@.service"].splitlines() if "backup --home" in line)
    shell = (
        line.removeprefix("ExecStart=/bin/sh -c '")
        .removesuffix("'")
        .replace("$$", "$")
        .replace("%%", "%")
        .replace("%i", "madrid")
    )
    program = tmp_path / "tansiq"
    program.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    said = subprocess.run(
        ["/bin/sh", "-c", shell.replace(str(PROGRAM), str(program))], capture_output=True, text=True, check=True
    ).stdout
    assert re.fullmatch(
        r"backup --home /var/lib/tansiq/madrid --out /var/backups/tansiq/madrid-\d{4}-\d\d-\d\d\.backup\n", said
    )


PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, REFUSE_EXEC_GAIN = 38, 65, 1


def deny_writable_code() -> None:
    """What MemoryDenyWriteExecute and NoNewPrivileges do, for this process and what it starts."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)


def denied() -> bool:
    """Whether this kernel can deny it."""
    child = os.fork()
    if child == 0:
        os._exit(0 if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = make_pair(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.crash
def test_nodes_exchange_without_ever_making_code_writable(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    if not denied():
        pytest.skip("this kernel cannot deny writable code to a process by itself")
    start = subprocess.Popen

    def tight(*arguments: object, **options: object) -> object:
        return start(*arguments, preexec_fn=deny_writable_code, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("support.pair.subprocess.Popen", tight)
    speak = pair.folder / "speak"
    speak.touch()
    pair.start(TEST_SPEAK=str(speak))
    from support.crash import end_and_check

    end_and_check(pair, least=20)
