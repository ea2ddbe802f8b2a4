"""Officers are told that something waits: once, without content, however long the mail server is away."""

from __future__ import annotations

import json
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from support.node import Clock, Node, Nodes
from tansiq.enquiries.notices import Call
from tansiq.errors import BadInput, Refused, Unavailable
from tansiq.node import notify
from tansiq.node.home import Home, load_home
from tansiq.node.notify import MOST_A_MINUTE, QUIET_MS, Notices, read_standing, transport_of
from tansiq.node.notify_command import Command, command_of
from tansiq.node.notify_mail import Message

DESK = "es.cgi/counter-terrorism"
pytestmark = pytest.mark.storage


class Way:
    """A transport that remembers, and fails when it is told to."""

    needs_address = False

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.error: Exception | None = None

    def send(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.told.append(message)


@pytest.fixture
def es(node: Nodes) -> Node:
    made = node("es.cgi")
    made.use()
    return made


@pytest.fixture
def way() -> Way:
    return Way()


@pytest.fixture
def notices(es: Node, way: Way, clock: Clock) -> Notices:
    return Notices(es.home, way, clock=clock)


def call(clock: Clock, *officers: str, code: str = "notice.arrived", post: str = DESK, urgent: bool = False) -> Call:
    return Call(post, code, officers or ("ES-4017",), urgent, clock.now_ms)


def test_the_message_says_that_a_matter_waits_and_nothing_else(notices: Notices, way: Way, clock: Clock) -> None:
    notices.notify([call(clock)])
    notices.round()
    [told] = way.told
    assert told == Message("ES-4017", "", told.language, DESK, "notice.arrived", told.words)
    assert told.words in {
        "A matter waits on desk Unidad antiterrorista.",
        "Un asunto espera en la mesa Unidad antiterrorista.",
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ar", "مسألة تنتظر في مكتب Unidad antiterrorista."),
        ("fr", "Une affaire attend au bureau Unidad antiterrorista."),
    ],
)
def test_it_is_told_in_the_officers_language(
    notices: Notices, way: Way, clock: Clock, language: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET language = %s WHERE number = 'ES-4017'", (language,))
        if not cursor.rowcount:
            monkeypatch.setattr(notify, "_language", lambda officer, otherwise: language)
    notices.notify([call(clock)])
    notices.round()
    assert way.told[0].words == words


def test_whatever_comes_meanwhile_is_told_once(notices: Notices, way: Way, clock: Clock) -> None:
    for code in ("notice.arrived", "notice.soon", "notice.arrived"):
        notices.notify([call(clock, "ES-4017", "ES-1001", code=code)])
    notices.round()
    assert sorted(message.officer for message in way.told) == ["ES-1001", "ES-4017"]
    notices.round()
    assert len(way.told) == 2


def test_nobody_is_told_of_one_desk_again_for_a_while_but_is_afterwards(
    notices: Notices, way: Way, clock: Clock
) -> None:
    notices.notify([call(clock)])
    notices.round()
    clock.advance(minutes=1)
    notices.notify([call(clock), call(clock, post="es.cgi/head")])
    assert notices.round() <= 60
    assert [message.post for message in way.told] == [DESK, "es.cgi/head"]
    clock.advance(ms=QUIET_MS)
    notices.round()
    assert [message.post for message in way.told] == [DESK, "es.cgi/head", DESK]


def test_what_is_urgent_waits_less_and_goes_first(notices: Notices, way: Way, clock: Clock) -> None:
    notices.notify([call(clock)])
    notices.round()
    clock.advance(minutes=4)
    notices.notify([call(clock)])
    notices.round()
    assert len(way.told) == 1
    notices.notify([call(clock, urgent=True), call(clock, post="es.cgi/head")])
    notices.round()
    assert [message.post for message in way.told] == [DESK, DESK, "es.cgi/head"]


def test_a_flood_leaves_slowly(notices: Notices, way: Way, clock: Clock) -> None:
    notices.notify([call(clock, post=f"es.cgi/desk-{number}") for number in range(MOST_A_MINUTE + 5)])
    assert notices.round() == 5.0
    assert len(way.told) == MOST_A_MINUTE
    clock.advance(minutes=1)
    notices.round()
    assert len(way.told) == MOST_A_MINUTE + 5


def test_a_server_that_is_away_gets_everything_once_when_it_is_back(notices: Notices, way: Way, clock: Clock) -> None:
    way.error = Unavailable("node.notice-failed", reason="TimeoutError")
    notices.notify([call(clock)])
    pauses = []
    for _ in range(12):
        notices.round()
        [waiting] = notices.standing.waiting
        pauses.append(waiting.next_ms - clock.now_ms)
        clock.now_ms = waiting.next_ms
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (30_000, 3_600_000)
    assert (notices.standing.reason, notices.standing.succeeded_ms) == ("node.notice-failed", 0)
    way.error = None
    notices.round()
    assert len(way.told) == 1
    assert not notices.standing.waiting
    assert notices.standing.succeeded_ms == clock.now_ms


def test_after_a_day_it_is_given_up(notices: Notices, way: Way, clock: Clock) -> None:
    way.error = Unavailable("node.notice-failed", reason="TimeoutError")
    notices.notify([call(clock)])
    notices.round()
    clock.advance(days=1)
    notices.round()
    assert not notices.standing.waiting


def test_an_address_that_nobody_knows_is_given_up_at_once_and_holds_up_nobody(
    notices: Notices, way: Way, clock: Clock
) -> None:
    refused = {"ES-4017"}
    accept = way.send

    def send(message: Message) -> None:
        if message.officer in refused:
            raise Refused("node.notice-refused", reply=550)
        accept(message)

    way.send = send  # type: ignore[method-assign]
    notices.notify([call(clock, "ES-4017", "ES-1001")])
    notices.round()
    assert [message.officer for message in way.told] == ["ES-1001"]
    assert not notices.standing.waiting
    assert notices.standing.reason == "node.notice-refused"


def test_a_dead_server_is_not_tried_for_every_officer(notices: Notices, way: Way, clock: Clock) -> None:
    tries = []

    def send(message: Message) -> None:
        tries.append(message.officer)
        raise Unavailable("node.notice-failed", reason="TimeoutError")

    way.send = send  # type: ignore[method-assign]
    notices.notify([call(clock, *(f"ES-{number}" for number in range(50)))])
    assert notices.round() == 30.0
    assert len(tries) == 3


def test_a_restart_forgets_nothing_and_the_file_holds_codes_alone(
    notices: Notices, es: Node, way: Way, clock: Clock
) -> None:
    notices.notify([call(clock, "ES-4017", "ES-1001")])
    file = es.home.data / "notices.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert {key for one in kept["waiting"] for key in one} == {
        "officer",
        "post",
        "code",
        "urgent",
        "since_ms",
        "next_ms",
        "tries",
    }
    again = Notices(es.home, way, clock=clock)
    again.round()
    assert len(way.told) == 2
    Notices(es.home, way, clock=clock).round()
    assert len(way.told) == 2


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"waiting": 3}', '{"waiting": [{"officer": "x"}]}', '{"waiting": [], "unknown": 1}']
)
def test_a_file_that_cannot_be_read_is_begun_anew(es: Node, way: Way, clock: Clock, content: str) -> None:
    (es.home.data / "notices.json").write_text(content, encoding="utf-8")
    made = Notices(es.home, way, clock=clock)
    made.notify([call(clock)])
    made.round()
    assert len(way.told) == 1


def test_a_disk_that_takes_nothing_holds_up_nobody(
    notices: Notices, es: Node, way: Way, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(notify, "_write_standing", full)
    notices.notify([call(clock)])
    notices.round()
    assert len(way.told) == 1


def test_who_gave_no_address_gets_no_mail(
    notices: Notices, way: Way, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = {"ES-1001": "head@interior.example"}
    monkeypatch.setattr(notify, "contact_of", lambda number: addresses.get(number, ""))
    way.needs_address = True
    notices.notify([call(clock, "ES-4017", "ES-1001")])
    notices.round()
    assert [(message.officer, message.address) for message in way.told] == [("ES-1001", "head@interior.example")]
    assert not notices.standing.waiting


def test_without_a_way_nothing_is_kept(es: Node, clock: Clock) -> None:
    made = Notices(es.home, None, clock=clock)
    made.notify([call(clock)])
    made.round()
    assert read_standing(es.home).waiting == ()


# ---------------------------------------------------------------------------------------------------- the command

MESSAGE = Message(
    "ES-4017",
    "officer@interior.example",
    "es",
    DESK,
    "notice.due",
    "Un asunto espera en la mesa Unidad antiterrorista.",
)


def script(tmp_path: Path, body: str) -> tuple[str, ...]:
    file = tmp_path / "told.py"
    file.write_text(body, encoding="utf-8")
    return (sys.executable, "-S", "-E", str(file), str(tmp_path / "told.json"))


def test_a_command_reads_codes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", "/nobody/sees/this")
    words = script(
        tmp_path, "import os, sys\nopen(sys.argv[1], 'w').write(sys.stdin.read() + repr(dict(os.environ)))\n"
    )
    Command((*words, "; touch nothing"), "es.cgi").send(MESSAGE)
    told, _, environment = (tmp_path / "told.json").read_text(encoding="utf-8").partition("\n")
    assert json.loads(told) == {
        "version": 1, "event": "matter-waits", "agency": "es.cgi", "officer": "ES-4017", "post": DESK, "code": "notice.due", "language": "es",
    }  # fmt: skip
    assert "TANSIQ" not in environment
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "words", [("/nowhere/at-all",), ("/bin/false",), (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")]
)
def test_a_command_that_fails_is_tried_again(words: tuple[str, ...]) -> None:
    with pytest.raises(Unavailable):
        Command(words, "es.cgi").send(MESSAGE)


def test_a_command_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    words = script(
        tmp_path,
        "import os, sys, time\nchild = os.fork()\nif child:\n    open(sys.argv[1], 'w').write(f'{child} ')\ntime.sleep(600)\n",
    )
    told = tmp_path / "told.json"
    seconds, child = 1.0, ""
    while not child.endswith(" "):  # where other work runs, it may be ended before it has begun
        started = time.monotonic()
        with pytest.raises(Unavailable, match="timeout"):
            Command(words, "es.cgi", seconds=seconds).send(MESSAGE)
        assert time.monotonic() - started < 50 + seconds
        child = told.read_text(encoding="utf-8") if told.exists() else ""
        seconds *= 2
        assert seconds < 100
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and alive(int(child)):
        time.sleep(0.05)
    assert not alive(int(child))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_that_reads_nothing_is_well(tmp_path: Path) -> None:
    Command(("/bin/true",), "es.cgi").send(MESSAGE)
    assert Path("/bin/true").exists()


# ---------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, None),
        ({"mail": "smtps://mail.interior.example", "mail_from": "tansiq@interior.example"}, "Mail"),
        ({"notify_command": ("/usr/bin/true",)}, "Command"),
        ({"notify_command": ("/usr/bin/true",), "mail": "smtps://mail.interior.example"}, "Command"),
    ],
)
def test_the_home_says_how(tmp_path: Path, values: dict[str, object], kind: str | None) -> None:
    found = transport_of(Home(path=tmp_path, agency="es.cgi", **values))  # type: ignore[arg-type]
    assert (type(found).__name__ if found else None) == kind


@pytest.mark.parametrize("words", [("true",), ("./true",), ("",), ("/bin/true", "a\0b")])
def test_a_command_that_is_none_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        command_of(Home(path=tmp_path, agency="es.cgi", notify_command=words))


def test_the_configuration_keeps_all_of_it(es: Node) -> None:
    settings = replace(es.home, remind_before=0.5, remind_after=0.2, remind_most_hours=48, clock_seconds=2.5, population=40_000_000, names_file="/srv/names.index", metrics="127.0.0.1:9464", mail="smtps://mail.interior.example", mail_from="tansiq@interior.example",
        mail_credentials="/etc/tansiq/mail", mail_authority="/etc/ssl/own.pem", notify_command=("/usr/local/bin/pager", "--to", 'a "b"'))  # fmt: skip
    (es.home.path / "node.toml").write_text(settings.to_toml(), encoding="utf-8")
    assert load_home(es.home.path) == replace(settings, path=es.home.path.resolve())


@pytest.mark.parametrize(
    "line",
    [
        'notify_command = "/bin/true"',
        "notify_command = [1]",
        "metrics = 9464",
        "mail = true",
        "population = 0",
        "population = true",
        "pull_seconds = -1",
        "pull_seconds = nan",
        "session_minutes = 0",
        "session_hours = 0",
        "largest_file = 0",
        "no_hit_days = 0",
        'language = "de"',
        'clearance = "nope"',
        'listen = "nowhere"',
        'listen = "127.0.0.1:65536"',
        'pages = "127.0.0.1"',
        'pages_address = "ftp://pages.example"',
        'pages_address = "https://user:word@pages.example"',
        'pages_address = "https://pages.example/folder"',
        "clock_seconds = 0",
        "clock_seconds = 3600",
        "remind_before = 1.5",
        "remind_after = 0",
        "remind_most_hours = 0",
        "remind_most_hours = 1.5",
    ],
)
def test_a_configuration_of_another_sort_is_refused(es: Node, line: str) -> None:
    file = es.home.path / "node.toml"
    kept = [one for one in file.read_text("utf-8").splitlines() if one.split(" ")[0] != line.split(" ", maxsplit=1)[0]]
    file.write_text("\n".join([*kept, line]) + "\n", encoding="utf-8")
    with pytest.raises(BadInput):
        load_home(es.home.path)
