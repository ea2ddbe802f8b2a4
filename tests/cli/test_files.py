"""``tansiq file``: in and out again, byte for byte, in slices; what is not accepted, and what may not leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.files import a_text, put_in
from support.node import Nodes
from support.pictures import exif, jpeg
from tansiq.node.home import Home, load_home
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage


def test_a_file_goes_in_and_comes_out_again(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    es = node("es.cgi")
    file, out = tmp_path / "pasaporte.jpg", tmp_path / "out.jpg"
    file.write_bytes(jpeg(length=6_000_000, tells=exif()))
    made = terminal.json("file", "add", file, home=es, officer="ES-4017")
    assert (made["media"], made["size"], made["tells"]) == (
        "image/jpeg",
        file.stat().st_size,
        ["device", "location"],
    )
    got = terminal.json("file", "get", made["id"], "--out", out, home=es, officer="ES-4017")
    assert got["name"] == "pasaporte.jpg"
    assert out.read_bytes() == file.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    assert terminal("file", "get", made["id"], "--out", out, home=es, officer="ES-4017") == 5
    assert terminal.code == "cli.file-exists"
    other = tmp_path / "other.jpg"
    assert terminal("file", "get", made["id"], "--out", other, home=es, officer="ES-1001") == 4
    assert not other.exists()


@pytest.mark.parametrize(
    ("data", "exit_code", "code"),
    [(b"", 2, "cases.file-empty"), (b"PK\x03\x04" + bytes(9), 3, "cases.file-not-accepted"), (jpeg()[:-2], 2, "cases.file-cut-off")],
)  # fmt: skip
def test_what_is_not_accepted_is_told(
    node: Nodes, terminal: Any, tmp_path: Path, data: bytes, exit_code: int, code: str
) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(data)
    assert terminal("file", "add", file, home=node("es.cgi"), officer="ES-4017") == exit_code
    assert terminal.code == code
    assert terminal("file", "add", tmp_path / "none", home=node("es.cgi"), officer="ES-4017") == 4


def test_what_broke_off_goes_on(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    from tansiq.cases.files import add_slice, begin_upload

    es = node("es.cgi")
    data = a_text(700_000)
    file = tmp_path / "nota.txt"
    file.write_bytes(data)
    upload = begin_upload(
        name="nota.txt", size=len(data), context=es.context, officer="ES-4017", purpose="purpose.investigation"
    )
    with file.open("rb") as stream:
        add_slice(upload, _Short(stream.read(300_000)), offset=0, context=es.context, officer="ES-4017")
    made = terminal.json("file", "add", file, "--resume", id_text(upload), home=es, officer="ES-4017")
    assert made["size"] == len(data)
    assert put_in(es, data) != upload


class _Short:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1, /) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


def test_the_configuration_says_how_large_a_file_may_be(tmp_path: Path) -> None:
    home = Home(path=tmp_path, agency="es.cgi", largest_file=5_000, clearance="class.secret")
    (tmp_path / "node.toml").write_text(home.to_toml(), encoding="utf-8")
    read = load_home(tmp_path)
    assert (read.largest_file, read.clearance) == (5_000, "class.secret")
    plain = Home(path=tmp_path, agency="es.cgi").to_toml()
    assert "largest_file" not in plain and "clearance" not in plain
