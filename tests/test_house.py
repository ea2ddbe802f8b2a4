"""The habits of the house hold: sizes, docstrings, the pure core, documents that tell the truth, no network.

Style, types and the order of the rooms have tools of their own (``make check``); here stands what no tool knows.
"""

from __future__ import annotations

import ast
import dataclasses
import doctest
import importlib
import json
import re
import socket
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.network import NetworkRefused, is_local
from support.source import HOUSE, PACKAGE, Module, calls, files, modules
from tansiq.node.home import Home

LONG = 400
REASON = f"Longer than {LONG} lines because"
PURE = ("tansiq.protocol", "tansiq.policy", "tansiq.names", "tansiq.errors", "tansiq.texts")
MAKEFILE = (HOUSE / "Makefile").read_text(encoding="utf-8")
DOCUMENTS = [path for path in files() if path.suffix == ".md"]
PINNED = sorted((HOUSE / "requirements").glob("*.txt"))


def by_name(module: Module) -> str:
    return module.name


def by_path(path: Path) -> str:
    return str(path.relative_to(HOUSE))


# ---------------------------------------------------------------------------------------------------- the modules


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_a_module_says_what_it_is_for_and_stays_short(module: Module) -> None:
    if module.is_migration or not module.text.strip():
        return
    assert module.docstring, f"{module.path} has no docstring"
    lines = module.text.count("\n")
    reason = " ".join(module.docstring.split())
    assert lines <= LONG or REASON in reason, f"{module.path} has {lines} lines: split it, or say '{REASON} …'"


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_every_time_from_outside_is_read_as_a_moment(module: Module) -> None:
    """A number that fits a column may be no moment that a calendar can write (`Fields.moment`)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.keyword) and (node.arg or "").endswith("_ms"):
            read = [
                one.func.attr
                for one in ast.walk(node.value)
                if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
            ]
            assert "integer" not in read, f"{module.path}:{node.value.lineno} reads {node.arg} as any number"


def test_most_modules_are_small() -> None:
    sizes = [module.text.count("\n") for module in modules() if module.text.strip() and not module.is_migration]
    assert statistics.median(sizes) <= 150, f"the median module has {statistics.median(sizes)} lines"


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_what_a_module_offers_is_listed_and_sorted(module: Module) -> None:
    listed = [
        node.value
        for node in module.tree.body
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == "__all__" for at in node.targets)
    ]
    defines = any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
        for node in module.tree.body
    )
    django_finds_it = module.is_migration or module.path.name in {"apps.py", "models.py", "settings.py", "urls.py"}
    assert listed or not defines or django_finds_it, f"{module.path} has no __all__"
    for value in listed:
        names = ast.literal_eval(value)
        assert len(names) == len(set(names)), f"{module.path}: twice in __all__"
        assert names == sorted(names, key=isort_order), f"{module.path}: __all__ is not sorted (make fmt does it)"


def isort_order(name: str) -> tuple[int, list[tuple[int, int | str]]]:
    """Constants, classes, functions; within them natural order: the order that ruff's RUF022 writes."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]


def examples() -> Iterator[Module]:
    for module in modules():
        if module.name.startswith(PURE) and ">>> " in module.text:
            yield module


@pytest.mark.parametrize("module", list(examples()), ids=by_name)
def test_the_examples_in_the_pure_core_are_true(module: Module) -> None:
    result = doctest.testmod(importlib.import_module(module.name), optionflags=doctest.ELLIPSIS)
    assert result.attempted, f"{module.name}: the examples were not found"
    assert not result.failed, f"{module.name}: {result.failed} examples are wrong"


# ---------------------------------------------------------------------------------------------------- the pure core

CLOCKS = frozenset({"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"})
FILE_WORDS = frozenset({"open", "mkdir", "write_bytes", "unlink", "print", "input"})
CHANCE = frozenset({"token_bytes", "token_hex", "randbelow", "randbits", "urandom", "SystemRandom", "uuid4"})


@pytest.mark.parametrize("module", [module for module in modules() if module.name.startswith(PURE)], ids=by_name)
def test_the_pure_core_reads_no_clock_and_no_file(module: Module) -> None:
    """Imports are import-linter's matter; this finds what arrives through an innocent import."""
    for call in calls(module.tree, CLOCKS):
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in {"datetime", "date", "time", "dt"}:
            pytest.fail(f"{module.path}:{call.lineno} reads a clock: {ast.unparse(call)}")
    for call in calls(module.tree, FILE_WORDS):
        plain = isinstance(call.func, ast.Name)
        if plain or ast.unparse(call.func).split(".")[0] in {"Path", "os", "io"}:
            pytest.fail(f"{module.path}:{call.lineno} does input or output: {ast.unparse(call)}")


@pytest.mark.parametrize("module", [module for module in modules() if module.name.startswith(PURE)], ids=by_name)
def test_the_pure_core_says_where_it_draws_from_chance(module: Module) -> None:
    if any(calls(module.tree, CHANCE)):
        documented = [module.docstring] + [
            ast.get_docstring(node) or ""
            for node in ast.walk(module.tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert any("secrets" in text for text in documented), f"{module.path} draws from chance and does not say so"


# ---------------------------------------------------------------------------------------------------- the files

FORBIDDEN = {
    "a package registry's address": re.compile(
        r"\b(?:pypi|pythonhosted|npmjs|rubygems|crates)[.](?:org|com|io)\b|\b(?:deb|security)[.]debian[.]org\b"
    ),
    "an option that names an index": re.compile(r"(?<!no-emit)-(?:-extra)?-index-url\b|(?<!no-emit)-[-]find-links\b"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|root|opt|Users)/\w"),
    "a mark of unfinished work": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
}


@pytest.mark.parametrize("path", [path for path in files() if path.suffix not in {".svg", ".xml"}], ids=by_path)
def test_a_file_holds_nothing_that_is_nobodys_business(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for what, pattern in FORBIDDEN.items():
            assert not pattern.search(line), f"{by_path(path)}:{number} holds {what}: {line.strip()[:80]}"


def test_no_file_hides_direction_marks() -> None:
    hidden = re.compile("[\u202a-\u202e\u2066-\u2069]")
    for path in files():
        if path.suffix in {".py", ".toml", ".sh", ".yml"}:
            assert not hidden.search(path.read_text(encoding="utf-8")), f"{by_path(path)} hides a direction mark"


def test_a_test_that_may_be_skipped_says_why() -> None:
    names = frozenset({"skip", "skipif", "xfail", "importorskip"})
    for path in sorted((HOUSE / "tests").rglob("*.py")):
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), names):
            if not ast.unparse(call.func).startswith("pytest."):
                continue
            told = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
            if ast.unparse(call.func) == "pytest.skip":
                told += call.args
            assert told, f"{by_path(path)}:{call.lineno} skips without a reason"


# ---------------------------------------------------------------------------------------------------- the requirements


@pytest.mark.parametrize("path", PINNED, ids=by_path)
def test_every_requirement_is_pinned_by_hash_and_names_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    for block in re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE):
        assert re.match(r"[A-Za-z0-9._-]+==\S+ ", block), f"{path.name}: {block.splitlines()[0]}"
        assert "--hash=sha256:" in block, f"{path.name}: {block.splitlines()[0]} has no hash"


def test_one_package_has_one_version_but_for_the_one_that_the_judge_stands_apart_for() -> None:
    versions: dict[str, set[str]] = {}
    for path in PINNED:
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            versions.setdefault(name.lower(), set()).add(version)
    assert {name for name, found in versions.items() if len(found) > 1} == {"cbor2"}


def test_what_the_package_needs_is_what_is_pinned() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = (HOUSE / "requirements" / "run.in").read_text(encoding="utf-8").splitlines()
    assert sorted(project["dependencies"]) == sorted(line for line in asked if line and not line.startswith("#"))


# ---------------------------------------------------------------------------------------------------- the documents


def commands(text: str, program: str) -> set[tuple[str, ...]]:
    """What a document tells people to type: the words after ``program`` up to the first option or placeholder."""
    spans = re.findall(r"`([^`\n]+)`", text)
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        spans += block.replace("\\\n", " ").splitlines()
    found = set()
    for span in spans:
        match = re.match(rf"^\s*(?:\$ )?(?:\.venv/bin/)?{program}((?: [a-z][a-z|-]*(?![\w./:=@]))+)", span)
        if match:
            found |= {tuple(way) for way in alternatives(match[1].split())}
    return found


def alternatives(words: list[str]) -> Iterator[list[str]]:
    """``directory export|import`` means two commands."""
    if not words:
        yield []
        return
    for rest in alternatives(words[1:]):
        for word in words[0].split("|"):
            yield [word, *rest]


def told(program: str) -> dict[tuple[str, ...], list[str]]:
    """Every command that the documents tell, with where they tell it."""
    out: dict[tuple[str, ...], list[str]] = {}
    for path in DOCUMENTS:
        for words in commands(path.read_text(encoding="utf-8"), program):
            out.setdefault(words, []).append(by_path(path))
    return out


def test_every_make_target_that_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert {"setup", "demo", "test"} <= targets
    for words, where in told("make").items():
        assert words[0] in targets, f"make {words[0]} does not exist ({', '.join(where)})"


ASK_FOR_HELP = """
import json, sys
from tansiq.cli.main import run

unknown = []
for words in json.load(sys.stdin):
    sys.argv = ["tansiq", *words, "--help"]
    try:
        run()
    except SystemExit as left:
        if left.code:
            unknown.append(words)
print(json.dumps(unknown), file=sys.stderr)
"""


def test_every_command_that_is_told_exists() -> None:
    documented = told("tansiq")
    assert documented, "the documents tell no command"
    asked = subprocess.run(
        [sys.executable, "-c", ASK_FOR_HELP],
        input=json.dumps(sorted(documented)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    unknown = [tuple(words) for words in json.loads(asked.stderr.splitlines()[-1])]
    assert not unknown, "\n".join(f"tansiq {' '.join(words)} ({', '.join(documented[words])})" for words in unknown)


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_path)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        goal = (path.parent / name).resolve() if name else path
        assert goal.exists(), f"{by_path(path)} links to {target}"
        if anchor and goal.suffix == ".md":
            assert anchor in anchors(goal), f"{by_path(path)}: no heading for {target}"


def anchors(path: Path) -> set[str]:
    """The anchors that a viewer of Markdown makes of the headings of ``path``."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_setting_is_told() -> None:
    told = (HOUSE / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    named = {
        key for row in told.splitlines() if row.startswith("| `") for key in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert named == {field.name for field in dataclasses.fields(Home)} - {"path"}


def test_every_decision_has_its_place_in_the_list_and_its_four_parts() -> None:
    folder = HOUSE / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(path for path in folder.glob("[0-9]*.md"))
    numbers = [path.name[:4] for path in records]
    assert len(numbers) == len(set(numbers)), "two decisions have one number"
    for record in records:
        assert f"({record.name})" in index, f"docs/adr/README.md does not list {record.name}"
        headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
        for part in ("Context", "Decision", "Consequences"):
            assert part in headings, f"{record.name} has no part '{part}'"


def test_every_threat_names_a_test_that_exists() -> None:
    model = (HOUSE / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")
    rows = [row for row in re.findall(r"^\| (.+) \|$", model, re.MULTILINE) if not row.startswith("who does what")]
    assert rows, "the threat model has no rows"
    bare = []
    for row in rows:
        who, _, _, shown = (cell.strip() for cell in row.split("|"))  # what a reader of the page sees: four columns
        named = re.findall(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`", shown)
        if not named:
            bare.append(who)
        for file, function in named:
            assert (HOUSE / file).exists(), f"the threat model names {file}"
            found = f"def {function}(" in (HOUSE / file).read_text(encoding="utf-8")
            assert found or not function, f"the threat model names {file}::{function}"
    assert not bare, "rows of the threat model without a test:\n" + "\n".join(bare)


# ---------------------------------------------------------------------------------------------------- the network


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "0.0.0.0"])
def test_tests_reach_no_other_machine(address: str, network_refusals: list[str]) -> None:
    with socket.socket() as door:
        door.settimeout(0.2)
        with pytest.raises(NetworkRefused):
            door.connect((address, 9))
        with pytest.raises(NetworkRefused):
            door.bind((address, 0))
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("example.org", 80)
    assert len(network_refusals) == 3
    network_refusals.clear()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "es-cgi.localhost", b"localhost", None])
def test_names_of_this_machine(host: str | bytes | None) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "128.0.0.1", "localhost.example", "fe80::1%lo", "2130706433", 7])
def test_names_of_other_machines_and_of_all(host: object) -> None:
    assert not is_local(host)


def test_tests_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address, timeout=2) as caller, server.accept()[0] as answered:
            caller.sendall(b"?")
            assert answered.recv(1) == b"?"


def test_the_package_lies_where_these_tests_look() -> None:
    assert Path(importlib.import_module("tansiq").__file__ or "").resolve().parent == PACKAGE
