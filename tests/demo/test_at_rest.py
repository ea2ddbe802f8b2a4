"""Nothing readable lies at rest: no name, no address, no free text, no officer, no passphrase, wherever the whole demonstration left something,
in any of its channels and on any of its nodes.

The nodes are searched while they run (databases, write-ahead logs, temporary files, logs), a backup that was made meanwhile is, and so is
everything again after the nodes were killed. The evidence file is left out: it discloses, and is meant to.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support import postgres
from support.leaks import Needles, files_below, planted, rows_of_postgresql, rows_of_sqlite, unpacked_backup
from support.visit import Visit
from tansiq.demo import scene_waiting
from tansiq.demo.cast import CAST, FELLOWS
from tansiq.demo.play import scenes_of
from tansiq.demo.scene import Scenery
from tansiq.demo.stage import Stage, stage
from tansiq.demo.story import Story
from tansiq.demo.telling import Teller

pytestmark = pytest.mark.storage

DEMO = resources.files("tansiq.demo")
PUBLIC = {
    "Madrid",
    "Rabat",
    "Tánger",
    "طنجة",
    "Casablanca",
    "Valletta",
    "demonstration",
    "Demonstration",
}  # in directory documents, code lists, zones
LISTED = (
    "FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME", "NAME_ORIGINAL_SCRIPT", "ALIAS_NAME", "CITY", "STREET", "NUMBER",
)  # fmt: skip
NAMES = frozenset({"value", "name", "number", "contacts"})
CONTACT = "aviso.guardia@correo-inventado.example"
UNFINISHED = "Las barcas de Punta Europa volvieron de noche sin luces y sin pescado"
CODE = re.compile(r"[a-z]+\.[a-z-]+")
TEXTS = frozenset(
    {"facts", "reasons_held", "link", "urgency_reason", "necessity", "reference", "reason", "note", "words", "title", "summary",
     "authority", "caution", "charge", "marks"}
)  # fmt: skip


def texts_in(plain: Any, *, keys: frozenset[str]) -> Iterator[str]:
    """The values under ``keys``, at any depth: what a person wrote, and no codes."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            if isinstance(value, str) and key in keys:
                yield value
            else:
                yield from texts_in(value, keys=keys)
    elif isinstance(plain, list):
        for value in plain:
            yield from texts_in(value, keys=keys)


def drafts() -> list[Any]:
    """What is asked and answered, what is said in every scene and what is left waiting: all channels have their words in it."""
    files = [DEMO / "enquiry.toml", DEMO / "answer.toml", *(DEMO / "scenes").iterdir(), *(DEMO / "waiting").iterdir()]
    return [tomllib.loads(file.read_text("utf-8")) for file in files]


def register() -> ET.Element:
    return ET.fromstring(DEMO.joinpath("register.xml").read_text("utf-8"))


def names_of_the_story() -> set[str]:
    """Every subject's name, address and number, every officer's name and passphrase."""
    found = {name for draft in drafts() for name in texts_in(draft, keys=NAMES) if not name.endswith(".")}
    found |= {node.text for tag in LISTED for node in register().iter(tag) if node.text}
    found.add(CONTACT)
    for member in (*CAST, *FELLOWS):
        found |= {member.identity_passphrase, *member.passphrases.values()}
        found |= {person.factor for person in member.people}
        found |= {officer["name"] for officer in tomllib.loads(member.profile.read_text("utf-8"))["officers"]}
    return {name for name in found if name not in PUBLIC}


def texts_of_the_story() -> set[str]:
    """Every free text."""
    found = {words for draft in drafts() for words in texts_in(draft, keys=TEXTS | NAMES) if words.endswith(".")} | {
        UNFINISHED
    }
    found |= {words for draft in drafts() for words in texts_in(draft, keys=TEXTS) if not CODE.fullmatch(words)}
    return found | {node.text for node in register().iter("COMMENTS1") if node.text}


@pytest.fixture(scope="module")
def needles() -> Needles:
    return Needles.of(names=names_of_the_story(), texts=texts_of_the_story())


@dataclass
class Rest:
    """What the story left, by where it lies."""

    places: dict[str, bytes] = field(default_factory=dict)
    databases: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)


def _wal_files(folder: Path, first: str, last: str) -> dict[str, bytes]:
    return {
        f"pg_wal/{path.name}": path.read_bytes()
        for path in sorted((folder / "pg_wal").glob("0*"))
        if first <= path.name <= last
    }


def _data_directory(addresses: list[str], first: str) -> dict[str, bytes]:
    """The files of PostgreSQL in which the nodes' databases lie, and the log of changes since the story began."""
    found: dict[str, bytes] = {}
    with psycopg.connect(addresses[0], autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        folder, last = connection.execute(
            "SELECT current_setting('data_directory'), pg_walfile_name(pg_current_wal_lsn())"
        ).fetchone() or ("", "")
        for address in addresses:
            name = address.partition("?")[0].rpartition("/")[2]
            row = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", (name,)).fetchone()
            assert row is not None
            base = Path(folder) / "base" / str(row[0])
            found |= {f"base/{name}/{path.name}": path.read_bytes() for path in base.iterdir() if path.is_file()}
    return found | _wal_files(Path(folder), first, last)


def _first_log(address: str) -> str:
    with psycopg.connect(address) as connection:
        return str((connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone() or [""])[0])


def _signed_in(made: Stage) -> Iterator[str]:
    """Everybody signs in and stays; one sets a contact address and leaves a draft behind. The cookies of the sessions."""
    for node in made.nodes[: len(CAST)]:
        for person in node.member.people[:2]:
            visit = Visit(node.home.pages, host=node.home.pages_address.removeprefix("http://"))
            visit.sign_in(person.number, person.passphrase, person.factor)
            values = {"language": "es", "zone": "Europe/Madrid", "calendar": "gregorian", "contact": CONTACT}
            assert visit.send("/account/", **values)[0] == 200
            yield visit.cookies[f"tansiq-{node.agency.replace('.', '-')}"]
        left = f"save_draft('{node.member.officer}', 'enquiry', '', {{'facts': {UNFINISHED!r}}}, version=0)"
        subprocess.run([sys.executable, "-c", LEAVE.format(home=str(node.home.path), left=left)], check=True)


LEAVE = """
from tansiq.node.home import load_home
from tansiq.node.opening import open_node
open_node(load_home({home!r}))
from tansiq.accounts.drafts import save_draft
{left}
"""


def _collect(rest: Rest, made: Stage, when: str, story: Story, first_log: str) -> None:
    left = files_below(made.folder, without=[story.evidence])
    rest.places |= {f"{when}: {name}": data for name, data in left.items()}
    if rest.databases:
        rest.places |= {f"{when}: {name}": data for name, data in _data_directory(rest.databases, first_log).items()}
        for address in rest.databases:
            name = address.partition("?")[0].rpartition("/")[2]
            rest.places |= {
                f"{when}: {name} rows of {table}": data for table, data in rows_of_postgresql(address).items()
            }
    for node in made.nodes:
        for name in ("tansiq", "keys") if node.databases is None else ():
            tables = rows_of_sqlite(node.home.data / f"{name}.sqlite")
            rest.places |= {f"{when}: {node.agency} {name} rows of {table}": data for table, data in tables.items()}


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """All that lies somewhere after the story was played: while the nodes run, and after they were killed."""
    folder = tmp_path_factory.mktemp("r")
    temporary = folder / "temporary"
    temporary.mkdir()
    databases = {}
    found = Rest()
    if postgres.wanted():
        for member in CAST:
            pair = (postgres.address_of(postgres.create_database()), postgres.address_of(postgres.create_database()))
            databases[member.agency] = pair
            found.databases += pair
    before = {name: os.environ.get(name) for name in ("TMPDIR", "SQLITE_TMPDIR")}
    os.environ |= {"TMPDIR": str(temporary), "SQLITE_TMPDIR": str(temporary)}
    try:
        with stage(folder / "stage", databases=databases, fellows=True, pages=False) as made:
            teller = Teller("es", quiet=True)
            story, scenery = Story(made, teller), Scenery(made, teller)
            first_log = _first_log(found.databases[0]) if found.databases else ""
            result = story.play(then=scenes_of(scenery))
            assert result["ok"], result
            assert all(one["ok"] for one in scenery.outcomes.values()), scenery.outcomes
            story.leave_waiting()
            scene_waiting.leave(scenery)
            found.cookies += _signed_in(made)
            for node in made.nodes:
                file = made.folder / f"{node.agency}.backup"
                ended = made.shop.run("backup", "--home", str(node.home.path), "--out", str(file))
                assert ended.returncode == 0, ended.stderr
                found.places[f"backup of {node.agency}"] = unpacked_backup(file)
            _collect(found, made, "running", story, first_log)
            for node in made.nodes:
                assert node.process is not None
                os.killpg(node.process.pid, signal.SIGKILL)
                node.process.wait(10)
            _collect(found, made, "killed", story, first_log)
            found.places |= {f"temporary: {name}": data for name, data in files_below(temporary).items()}
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    yield found
    for address in found.databases:
        postgres.drop_database(address.partition("?")[0].rpartition("/")[2])


def test_the_search_looks_for_the_persons_the_texts_the_officers_and_the_passphrases(needles: Needles) -> None:
    words = names_of_the_story()
    assert {"Abdelcrim Chauni Zaglul", "عبد الكريم الشاوني زغلول", "T6612309", "+34 600 000 417"} <= words
    assert {"Begoña Arizmendi Luzuriaga", "يونس بنشقرون الودغيري", "cuatro gaviotas sobre el faro viejo"} <= words
    assert any(text.startswith("El 9 de febrero, en el registro") for text in texts_of_the_story())
    assert len(words) > 200
    assert len(needles) > 5_000


@pytest.mark.parametrize(
    "words", ["Abdelcrim Chauni Zaglul", "يونس بنشقرون الودغيري", "Calle Alcaudete 7, bajo B, Algeciras"]
)
def test_the_search_finds_what_is_planted_in_every_encoding(needles: Needles, words: str) -> None:
    for encoding, data in planted(words).items():
        assert needles.found_in(data), f"not found: {words} in {encoding}"


def test_the_search_finds_one_name_in_a_database_and_a_part_of_a_text(needles: Needles, tmp_path: Path) -> None:
    path = tmp_path / "planted.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cases (title TEXT, note BLOB)")
        connection.execute("INSERT INTO cases VALUES (?, ?)", ("expediente zaghloul", b"x" * 40_000))
    connection.close()
    assert needles.found_in(rows_of_sqlite(path)["cases"])
    assert needles.found_in(path.read_bytes())
    assert needles.found_in("…teléfonos, documentación a nombre de terceros y …".encode())
    assert not needles.found_in(os.urandom(1_000_000))


def test_a_short_word_is_found_as_it_is_written_and_not_where_chance_writes_it() -> None:
    """So many short needles, in whatever mixture of cases, are found in a hundred megabytes of sealed bytes once in two hundred runs."""
    short = Needles.of(names=["sellos"])
    for written in (b"sellos", b"SELLOS", b"Sellos", b"eHNlbGxvc3l6"):
        assert short.found_in(b"\x00" + written + b"\xff"), written
    for chance in (b"sElLoS", b"SellOS", b"sELLOS"):
        assert not short.found_in(b"\x00" + chance + b"\xff"), chance


def test_everything_that_was_left_is_looked_at(rest: Rest) -> None:
    names = "\n".join(rest.places)
    for place in ("es.cgi.log", "ma.dgst.log", "node.toml", "backup of es.cgi", "backup of ma.dgst", "es.cgi.unlock"):
        assert place in names, place
    if rest.databases:
        assert "base/" in names
        assert "pg_wal/" in names
        assert "rows of exchange_statement" in names
    else:
        for place in (
            "tansiq.sqlite",
            "keys.sqlite",
            "tansiq.sqlite-wal",
            "rows of registers_entry",
            "rows of keystore_secret",
        ):
            assert place in names, place
    assert sum(map(len, rest.places.values())) > 2_000_000


def test_nothing_readable_lies_at_rest(rest: Rest, needles: Needles) -> None:
    seen: set[int] = set()
    readable = []
    for place, data in rest.places.items():
        if (known := hash(data)) in seen:
            continue
        seen.add(known)
        readable += [f"{place}: {words}" for words in sorted(needles.found_in(data))]
    assert not readable, "\n".join(readable[:40])


def test_no_session_lies_at_rest_that_opens_without_its_cookie(rest: Rest) -> None:
    assert len(rest.cookies) == len(set(rest.cookies)) == 4
    for place, data in rest.places.items():
        for needle in (*(cookie.encode() for cookie in rest.cookies), b"_auth_user_hash", b'"keys":[['):
            assert needle not in data, place
    sessions = [data for place, data in rest.places.items() if place.endswith("rows of keystore_session")]
    assert sum(len(data) > 500 for data in sessions) >= 4, "both nodes' sessions, while they run and after"
